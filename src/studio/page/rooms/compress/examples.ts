// Small drawings for networks of colour, as strokes: each seed gives one, a little different every time.

import { random } from '../../../../data/rng.ts'
import type { Colour, Stroke } from '../../lib/strokes.ts'

export interface Example {
  name: string
  strokes: Stroke[]
}

/** The example of a seed; seeds from 0 on give the drawings in turn. */
export function exampleOf(seed: number): Example {
  const { name, draw } = drawings[seed % drawings.length]
  const rng = random(seed, 'example')
  const between = (low: number, high: number) => low + (high - low) * rng.next()
  // The first of each drawing is as it was meant.
  const plain = seed < drawings.length
  const size = plain ? 1 : between(0.85, 1.08)
  const [left, top] = plain ? [0, 0] : [between(-0.05, 0.05), between(-0.05, 0.05)]
  const shade = plain
    ? ([0, 0, 0] as const)
    : ([0, 1, 2].map(() => between(-0.15, 0.15)) as unknown as Colour)
  const strokes = draw().map(({ points, width, colour }) => ({
    points: points.map(([x, y]) => [0.5 + (x - 0.5) * size + left, 0.5 + (y - 0.5) * size + top] as const),
    width: width * size,
    colour: colour.map((value, c) => Math.min(1, Math.max(0, value + shade[c]))) as unknown as Colour,
  }))
  return { name, strokes }
}

const yellow: Colour = [1, 0.8, 0.2]
const brown: Colour = [0.4, 0.28, 0.12]
const red: Colour = [0.86, 0.18, 0.25]
const green: Colour = [0.35, 0.62, 0.25]
const blue: Colour = [0.25, 0.55, 0.85]
const orange: Colour = [0.95, 0.55, 0.15]
const pale: Colour = [0.95, 0.95, 0.97]

const dot = (x: number, y: number, width: number, colour: Colour): Stroke => ({
  points: [[x, y]],
  width,
  colour,
})
const line = (colour: Colour, width: number, ...points: [number, number][]): Stroke => ({
  points,
  width,
  colour,
})

/** A part of a circle; angles in turns, from the right and downwards. */
function arc(
  colour: Colour,
  width: number,
  { x, y, radius, from, to }: { x: number; y: number; radius: number; from: number; to: number },
): Stroke {
  const points = Array.from({ length: 13 }, (_, i) => {
    const angle = 2 * Math.PI * (from + ((to - from) * i) / 12)
    return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)] as const
  })
  return { points, width, colour }
}

const drawings: { name: string; draw: () => Stroke[] }[] = [
  {
    name: 'A smile',
    draw: () => [
      dot(0.5, 0.5, 0.88, yellow),
      dot(0.35, 0.4, 0.13, brown),
      dot(0.65, 0.4, 0.13, brown),
      arc(brown, 0.07, { x: 0.5, y: 0.5, radius: 0.26, from: 0.06, to: 0.44 }),
    ],
  },
  {
    name: 'A heart',
    draw: () => [
      dot(0.32, 0.36, 0.42, red),
      dot(0.68, 0.36, 0.42, red),
      line(red, 0.3, [0.29, 0.42], [0.5, 0.7], [0.71, 0.42]),
      line(red, 0.16, [0.24, 0.52], [0.5, 0.82], [0.76, 0.52]),
      dot(0.5, 0.5, 0.3, red),
    ],
  },
  {
    name: 'A tree',
    draw: () => [
      line(brown, 0.14, [0.5, 0.6], [0.5, 0.92]),
      dot(0.5, 0.32, 0.5, green),
      dot(0.33, 0.48, 0.4, green),
      dot(0.67, 0.48, 0.4, green),
    ],
  },
  {
    name: 'A fish',
    draw: () => [
      line(blue, 0.1, [0.7, 0.5], [0.92, 0.32], [0.92, 0.68], [0.7, 0.5]),
      line(blue, 0.1, [0.86, 0.42], [0.86, 0.58]),
      line(blue, 0.42, [0.34, 0.5], [0.55, 0.5]),
      line(blue, 0.28, [0.26, 0.5], [0.68, 0.5]),
      dot(0.28, 0.44, 0.14, pale),
      dot(0.27, 0.44, 0.07, [0.1, 0.1, 0.1]),
    ],
  },
  {
    name: 'A flower',
    draw: () => [
      line(green, 0.07, [0.5, 0.55], [0.52, 0.95]),
      ...[0, 1, 2, 3, 4, 5].map(i =>
        arc(red, 0.26, { x: 0.5, y: 0.38, radius: 0.22, from: i / 6, to: i / 6 }),
      ),
      dot(0.5, 0.38, 0.24, yellow),
    ],
  },
  {
    name: 'An orange',
    draw: () => [
      dot(0.5, 0.55, 0.76, orange),
      dot(0.36, 0.42, 0.12, [1, 0.75, 0.4]),
      line(green, 0.1, [0.5, 0.2], [0.68, 0.12]),
      line(brown, 0.05, [0.5, 0.24], [0.48, 0.1]),
    ],
  },
  {
    name: 'A sun',
    draw: () => [
      ...Array.from({ length: 8 }, (_, i) => {
        const [cos, sin] = [Math.cos((i * Math.PI) / 4), Math.sin((i * Math.PI) / 4)]
        return line(orange, 0.08, [0.5 + 0.33 * cos, 0.5 + 0.33 * sin], [0.5 + 0.43 * cos, 0.5 + 0.43 * sin])
      }),
      dot(0.5, 0.5, 0.52, yellow),
    ],
  },
  {
    name: 'A traffic light',
    draw: () => [
      line([0.25, 0.27, 0.3], 0.42, [0.5, 0.26], [0.5, 0.74]),
      dot(0.5, 0.22, 0.22, red),
      dot(0.5, 0.5, 0.22, yellow),
      dot(0.5, 0.78, 0.22, green),
    ],
  },
]
