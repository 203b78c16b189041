// Strokes of a pointer, as text that fits into an address and as a density that the points of Grow can learn.

import { bins } from '../../ddn/density-targets.ts'

/** Points in [0, 1]², x and y, y pointing down. */
export type Stroke = readonly (readonly [x: number, y: number])[]

/** Points that a drawing holds at most: its text stays below 3,000 characters. */
export const mostPoints = 1400

/** One character per coordinate, in the order of their value: 64 places along each side. */
const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Bins from the middle of a stroke to its edge. */
const RADIUS = 1.6

/**
 * Strokes as text: two characters per point, a dot between strokes. Points of the same place in a row count once, and
 * those beyond `mostPoints` are left out.
 */
export function writeStrokes(strokes: readonly Stroke[]): string {
  let left = mostPoints
  const written = strokes.map(stroke => {
    const places: string[] = []
    for (const point of stroke) {
      const place = point.map(v => digits[place64(v)]).join('')
      if (place === places.at(-1)) continue
      if (left-- <= 0) break
      places.push(place)
    }
    return places.join('')
  })
  return written.filter(stroke => stroke !== '').join('.')
}

/** The strokes of such a text, each point in the middle of its place; what is no point is left out. */
export function readStrokes(text: string): Stroke[] {
  const strokes = text.split('.').map(part => {
    const values = Array.from(part, character => digits.indexOf(character)).filter(value => value >= 0)
    return Array.from(
      { length: values.length >> 1 },
      (_, i) => [(values[2 * i] + 0.5) / 64, (values[2 * i + 1] + 0.5) / 64] as const,
    )
  })
  return strokes.filter(stroke => stroke.length > 0)
}

/** Points of a drawing, over all its strokes. */
export function countPoints(text: string): number {
  return readStrokes(text).reduce((sum, stroke) => sum + stroke.length, 0)
}

/**
 * The density of a drawing, [100·100] masses: how much of each bin lies under a round brush that follows the strokes.
 * An empty drawing is even everywhere.
 */
export function drawnMasses(text: string): Float64Array {
  const masses = new Float64Array(bins * bins)
  const strokes = readStrokes(text)
  if (strokes.length === 0) return masses.fill(1)
  for (const stroke of strokes)
    stroke.forEach(([x, y], i) => {
      const [fromX, fromY] = stroke[Math.max(0, i - 1)]
      brush(masses, [bins * fromX, bins * fromY], [bins * x, bins * y])
    })
  return masses
}

/** Covers the bins around a line: 1 inside the radius, falling to 0 within half a bin on each side of it. */
function brush(masses: Float64Array, a: [number, number], b: [number, number]) {
  const reach = RADIUS + 1
  const range = (i: 0 | 1) =>
    [
      Math.max(0, Math.floor(Math.min(a[i], b[i]) - reach)),
      Math.min(bins - 1, Math.ceil(Math.max(a[i], b[i]) + reach)),
    ] as const
  const [left, right] = range(0)
  const [top, bottom] = range(1)
  for (let y = top; y <= bottom; y++)
    for (let x = left; x <= right; x++) {
      const cover = Math.min(1, Math.max(0, RADIUS + 0.5 - distance([x + 0.5, y + 0.5], a, b)))
      masses[y * bins + x] = Math.max(masses[y * bins + x], cover)
    }
}

/** From a point to the line between a and b. */
function distance([x, y]: [number, number], a: [number, number], b: [number, number]): number {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]]
  const length = dx * dx + dy * dy
  const along = length > 0 ? Math.min(1, Math.max(0, ((x - a[0]) * dx + (y - a[1]) * dy) / length)) : 0
  return Math.hypot(x - a[0] - along * dx, y - a[1] - along * dy)
}

/** 0 … 63 */
function place64(v: number): number {
  return Math.min(63, Math.max(0, Math.floor(v * 64)))
}
