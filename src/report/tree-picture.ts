/** A tree of codes as one picture. */

import { type Picture, toByte } from './grid.ts'
import type { ImageTree } from './tree-images.ts'
import type { Square } from './tree-layout.ts'
import { levelColour } from './tree-palette.ts'

/** Behind everything. */
export const paper = { light: [0xfb, 0xfa, 0xf7], dark: [0x14, 0x17, 0x0f] } as const
export type Background = keyof typeof paper

/** The one from which the images stand out: light behind dark images. */
export function backgroundFor({ levels }: ImageTree): Background {
  const { data } = levels[levels.length - 1]
  return data.reduce((sum, value) => sum + value, 0) > 0 ? 'dark' : 'light'
}

/**
 * Every image in its place, in a line of its level's colour; the same line goes around all that is below it. The images
 * of the deepest level stand without.
 */
export function treePicture({ layout, levels }: ImageTree, background: Background): Picture {
  const { side } = layout
  const picture: Picture = { width: side, height: side, channels: 3, data: new Uint8Array(side * side * 3) }
  fill(picture, { x: 0, y: 0, side }, paper[background])
  for (const [i, { cell, image, level, shown }] of layout.nodes.entries()) {
    const { border, from } = layout.levels[level]
    if (shown > 0) {
      fill(picture, cell, levelColour(level))
      fill(picture, grown(cell, -border), paper[background])
      fill(picture, grown(image, border), levelColour(level))
    }
    paint(picture, image, levels[level], i - from)
  }
  return picture
}

/** A square with so much more on every side. */
function grown({ x, y, side }: Square, by: number): Square {
  return { x: x - by, y: y - by, side: side + 2 * by }
}

function fill({ width, data }: Picture, { x, y, side }: Square, colour: readonly number[]): void {
  const line = Uint8Array.from({ length: 3 * side }, (_, i) => colour[i % 3])
  for (let row = y; row < y + side; row++) data.set(line, (row * width + x) * 3)
}

/** Image number `index` of a stack, each of its pixels a square. */
function paint(
  { width, data }: Picture,
  { x, y, side }: Square,
  { data: images, channels, size }: ImageTree['levels'][number],
  index: number,
): void {
  const factor = side / size
  const plane = size * size
  const line = new Uint8Array(3 * side)
  for (let v = 0; v < size; v++) {
    for (let u = 0; u < line.length; u++) {
      const pixel = v * size + Math.floor(u / 3 / factor)
      line[u] = toByte(images[(index * channels + ((u % 3) % channels)) * plane + pixel])
    }
    for (let row = 0; row < factor; row++) data.set(line, ((y + v * factor + row) * width + x) * 3)
  }
}
