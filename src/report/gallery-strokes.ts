// The brush strokes of a gallery: an overlay that it paints itself.

import { encode } from 'fast-png'
import type { RgbaPicture } from '../guides/index.ts'

interface Stroke {
  /** Ends of its middle line, from 0 to 1: to the right, and down. */
  from: readonly [u: number, v: number]
  to: readonly [u: number, v: number]
  /** From the middle line to the edge. */
  radius: number
  colour: readonly [red: number, green: number, blue: number]
}

const strokes: Record<1 | 3, readonly Stroke[]> = {
  /** A white stroke, with black beside it and below: what a 4 and a 6 have in common. */
  1: [
    { from: [0.32, 0.25], to: [0.32, 0.45], radius: 0.035, colour: [255, 255, 255] },
    { from: [0.5, 0.2], to: [0.5, 0.3], radius: 0.07, colour: [0, 0, 0] },
    { from: [0.3, 0.75], to: [0.3, 0.85], radius: 0.08, colour: [0, 0, 0] },
  ],
  /** Blue above and green below. */
  3: [
    { from: [0.1, 0.12], to: [0.9, 0.12], radius: 0.12, colour: [60, 120, 220] },
    { from: [0.1, 0.88], to: [0.9, 0.88], radius: 0.12, colour: [70, 160, 60] },
  ],
}

/** Side of the overlay; a network of any size takes it. */
const SIDE = 64

/** Strokes for a network that paints so many channels: paint where they are, transparent elsewhere. */
export function strokesOverlay(channels: 1 | 3): RgbaPicture {
  const data = new Uint8Array(4 * SIDE * SIDE)
  for (const { from, to, radius, colour } of strokes[channels])
    for (let i = 0; i < SIDE * SIDE; i++) {
      const [u, v] = [((i % SIDE) + 0.5) / SIDE, (Math.floor(i / SIDE) + 0.5) / SIDE]
      if (distance([u, v], from, to) < radius) data.set([...colour, 255], 4 * i)
    }
  return { width: SIDE, height: SIDE, data }
}

/** An overlay as a PNG file. */
export function overlayPng({ width, height, data }: RgbaPicture): Uint8Array {
  return encode({ width, height, data, channels: 4 })
}

/** From a point to a line segment. */
function distance(
  [u, v]: readonly [number, number],
  [u0, v0]: readonly [number, number],
  [u1, v1]: readonly [number, number],
): number {
  const [du, dv] = [u1 - u0, v1 - v0]
  const along = ((u - u0) * du + (v - v0) * dv) / (du * du + dv * dv)
  const t = Math.min(1, Math.max(0, along))
  return Math.hypot(u - u0 - t * du, v - v0 - t * dv)
}
