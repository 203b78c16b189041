/** Animated GIF of the 2-D density experiment: the nodes on the left, the density they learn on the right. */

import * as gifenc from 'gifenc'
import { histogram, klDivergence } from '../ddn/density.ts'
import { bins, drawText } from '../ddn/density-targets.ts'

export interface DensityGifOptions {
  /** In order; copy the nodes, which a run goes on changing. */
  frames: { step: number; nodes: Float32Array }[]
  /** [100·100] the target. */
  density: Float64Array
  /** Name of the target, for the caption. */
  target: string
  /** KL of as many real samples, for the caption. */
  klReal?: number
  /** Side of a panel in pixels, a multiple of 100 being sharpest. Default 300. */
  panel?: number
}

/** Milliseconds: every frame, the first (the untrained nodes), the last (the result). */
const delays = { each: 80, first: 600, last: 3500 }
const margin = 14
const header = 34
const footer = 30

/** Shades of a panel: from the background through teal to near white. Then one colour of text, and transparency. */
const shades = 48
const stops = [
  [0x10, 0x15, 0x1c],
  [0x12, 0x45, 0x4f],
  [0x1f, 0x9e, 0x89],
  [0xa5, 0xdb, 0x6e],
  [0xfd, 0xfb, 0xe2],
]
const text = shades
const dim = shades + 1
const page = shades + 2
const unchanged = shades + 3

/** Which of 1 … steps to keep as frames: at most `count`, at growing intervals, the last included. */
export function frameSteps(steps: number, count = 50): number[] {
  const kept = new Set<number>()
  for (let i = 1; i <= count; i++) kept.add(Math.max(1, Math.round(steps * (i / count) ** 1.5)))
  return [...kept]
}

/** The GIF file, repeating for ever, its last frame held for 3.5 s. */
export function densityGif(options: DensityGifOptions): Uint8Array {
  const { frames, density, target, klReal, panel = 300 } = options
  if (frames.length === 0) throw new Error('an animation needs at least one frame')
  if (!(Number.isInteger(panel) && panel >= 200)) {
    throw new RangeError(`panel is a side in whole pixels, at least 200: ${panel}`)
  }
  const width = 3 * margin + 2 * panel
  const height = header + panel + footer
  const right = 2 * margin + panel
  const still = { pixels: new Uint8Array(width * height).fill(page), width }
  write(still, `${frames[0].nodes.length / 2} nodes`, margin, 10, text)
  write(still, `target: ${target}`, right, 10, text)
  fillPanel(still, right, panel, targetShades(density, panel))

  if (klReal !== undefined) {
    write(still, `real samples: KL ${klReal.toFixed(2)}`, right, header + panel + 9, dim)
  }

  // Named exports under a bundler, the default's properties under Node.
  const GIFEncoder = gifenc.default.GIFEncoder ?? gifenc.GIFEncoder
  const gif = GIFEncoder()
  let before: Uint8Array | null = null
  frames.forEach(({ step, nodes }, i) => {
    const canvas = { pixels: still.pixels.slice(), width }
    fillPanel(canvas, margin, panel, nodeShades(nodes, panel))
    const kl = klDivergence(histogram(nodes), density)
    write(canvas, `step ${step}  KL ${kl.toFixed(2)}`, margin, header + panel + 9, dim)
    const delay = i === frames.length - 1 ? delays.last : i === 0 ? delays.first : delays.each
    if (!before)
      gif.writeFrame(canvas.pixels, width, height, { palette: palette(), delay, repeat: 0, dispose: 1 })
    else {
      // Pixels that stay as they were are left transparent: long runs of one value compress well.
      const changed = canvas.pixels.map((value, at) => (value === before?.[at] ? unchanged : value))
      gif.writeFrame(changed, width, height, {
        delay,
        transparent: true,
        transparentIndex: unchanged,
        dispose: 1,
      })
    }
    before = canvas.pixels
  })
  gif.finish()
  return gif.bytes()
}

interface Canvas {
  pixels: Uint8Array
  width: number
}

function fillPanel({ pixels, width }: Canvas, left: number, panel: number, values: Uint8Array): void {
  for (let y = 0; y < panel; y++) {
    pixels.set(values.subarray(y * panel, (y + 1) * panel), (header + y) * width + left)
  }
}

/** The density as shades, its largest value brightest; the square root shows faint parts. */
function targetShades(density: Float64Array, panel: number): Uint8Array {
  const largest = density.reduce((a, b) => Math.max(a, b), 0)
  const shade = (x: number, y: number) =>
    Math.sqrt(density[Math.floor((y * bins) / panel) * bins + Math.floor((x * bins) / panel)] / largest)
  return Uint8Array.from({ length: panel * panel }, (_, i) =>
    Math.round(0.8 * (shades - 1) * shade(i % panel, Math.floor(i / panel))),
  )
}

/** Each node as a small soft dot; where dots overlap they add up and saturate. */
function nodeShades(nodes: Float32Array, panel: number): Uint8Array {
  const light = new Float32Array(panel * panel)
  const radius = Math.max(1, panel / 300)
  const reach = Math.ceil(2.5 * radius)
  for (let i = 0; i < nodes.length; i += 2) {
    const x = nodes[i] * panel
    const y = nodes[i + 1] * panel
    for (let v = Math.max(0, Math.floor(y) - reach); v <= Math.min(panel - 1, Math.floor(y) + reach); v++) {
      for (let u = Math.max(0, Math.floor(x) - reach); u <= Math.min(panel - 1, Math.floor(x) + reach); u++) {
        const distance = (u + 0.5 - x) ** 2 + (v + 0.5 - y) ** 2
        light[v * panel + u] += Math.exp(-distance / (radius * radius))
      }
    }
  }
  return Uint8Array.from(light, value => Math.round((shades - 1) * (1 - Math.exp(-value))))
}

/** A line of text in letters 14 pixels high, from its left and top. */
function write({ pixels, width }: Canvas, line: string, left: number, top: number, colour: number): void {
  drawText(line, (x, y) => {
    for (let v = 0; v < 2; v++) {
      const at = (top + 2 * y + v) * width + left + 2 * x
      pixels.fill(colour, at, at + 2)
    }
  })
}

function palette(): number[][] {
  const colours = Array.from({ length: shades }, (_, i) => {
    const at = (i / (shades - 1)) * (stops.length - 1)
    const from = Math.min(stops.length - 2, Math.floor(at))
    return stops[from].map((value, c) => Math.round(value + (stops[from + 1][c] - value) * (at - from)))
  })
  return [...colours, [0xe8, 0xea, 0xed], [0x9a, 0xa4, 0xae], [0x08, 0x0b, 0x10], [0, 0, 0]]
}
