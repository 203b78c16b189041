// Lines of a round pen as pixels, the same on every machine: what is drawn here, and the examples that are.

import type { FloatPicture } from '../../../codec/tiles.ts'

/** Red, green and blue in [0, 1]. */
export type Colour = readonly [red: number, green: number, blue: number]

export interface Stroke {
  /** Corners of a line in the unit square, from the upper left; a single one is a dot. */
  points: readonly (readonly [x: number, y: number])[]
  /** Of the pen, as a share of the picture. */
  width: number
  colour: Colour
}

export const black: Colour = [0, 0, 0]
export const white: Colour = [1, 1, 1]

/** The paper on which a network with so many channels expects things: digits are white on black, emoji on white. */
export const paperOf = (channels: 1 | 3): Colour => (channels === 1 ? black : white)

/**
 * Strokes, one over the other, as a picture [c, s, s] in [−1, 1]. A pixel is covered as far as its centre is within half
 * the pen's width of the line, from half a pixel inside to half a pixel outside.
 */
export function drawStrokes(strokes: readonly Stroke[], size: number, channels: 1 | 3): FloatPicture {
  const data = new Float32Array(channels * size * size)
  const area = size * size
  const paper = paperOf(channels)
  for (let c = 0; c < channels; c++) data.fill(toneOf(paper, c, channels), c * area, (c + 1) * area)
  for (const { points, width, colour } of strokes) {
    const radius = (width * size) / 2
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++) {
        const cover = Math.min(1, Math.max(0, radius + 0.5 - distance(points, x + 0.5, y + 0.5, size)))
        if (cover === 0) continue
        for (let c = 0; c < channels; c++) {
          const i = c * area + y * size + x
          data[i] += cover * (toneOf(colour, c, channels) - data[i])
        }
      }
  }
  return { width: size, height: size, data }
}

/** From the point (x, y) to the segment from (ax, ay) to (bx, by), which may be a point. */
export function distanceToSegment(
  x: number,
  y: number,
  ax: number,
  ay: number,
  bx: number,
  by: number,
): number {
  const [dx, dy] = [bx - ax, by - ay]
  const squared = dx * dx + dy * dy
  const along = squared === 0 ? 0 : ((x - ax) * dx + (y - ay) * dy) / squared
  const t = Math.min(1, Math.max(0, along))
  return Math.hypot(x - ax - t * dx, y - ay - t * dy)
}

/** Of a colour in [−1, 1]; grey by luminance. */
function toneOf([red, green, blue]: Colour, channel: number, channels: 1 | 3): number {
  const share = channels === 1 ? 0.299 * red + 0.587 * green + 0.114 * blue : [red, green, blue][channel]
  return 2 * share - 1
}

/** From a point to a line, in pixels. */
function distance(points: Stroke['points'], x: number, y: number, size: number): number {
  let least = Infinity
  for (let i = 0; i < Math.max(1, points.length - 1); i++) {
    const [ax, ay] = [points[i][0] * size, points[i][1] * size]
    const [bx, by] = points.length > 1 ? [points[i + 1][0] * size, points[i + 1][1] * size] : [ax, ay]
    least = Math.min(least, distanceToSegment(x, y, ax, ay, bx, by))
  }
  return least
}
