// PNG files as pixels with transparency: masks and brush strokes, in Node and in browsers.

import { decode } from 'fast-png'

/**
 * Pixels row by row: data[(y·width + x)·4 + c], red, green, blue and alpha in 0 … 255. A page's `ImageData`
 * is one.
 */
export interface RgbaPicture {
  width: number
  height: number
  data: Uint8Array | Uint8ClampedArray
}

/** Any kind of PNG: grey, RGB or palette, of 1 to 16 bits, opaque where it does not say otherwise. */
export function decodeRgba(bytes: Uint8Array, what: string): RgbaPicture {
  const { width, height, depth, channels, data, palette, transparency } = decodePng(bytes, what)
  const rgba = new Uint8Array(4 * width * height)
  const sample = sampler(data, width * channels, depth)
  const scale = 255 / (2 ** depth - 1)
  for (let y = 0, to = 0; y < height; y++)
    for (let x = 0; x < width; x++, to += 4) {
      const at = x * channels
      const first = sample(y, at)
      if (palette) {
        const colour = palette[first] ?? []
        for (let c = 0; c < 4; c++) rgba[to + c] = colour[c] ?? (c === 3 ? 255 : 0)
        continue
      }
      let cut = transparency !== undefined && transparency.length > 0
      for (let c = 0; c < 3; c++) {
        const value = channels < 3 ? first : sample(y, at + c)
        rgba[to + c] = Math.round(value * scale)
        cut &&= value === transparency![channels < 3 ? 0 : c]
      }
      const alpha = channels % 2 === 0 ? sample(y, at + channels - 1) * scale : cut ? 0 : 255
      rgba[to + 3] = Math.round(alpha)
    }
  return { width, height, data: rgba }
}

/**
 * Sample i of row y; fast-png leaves those of fewer than 8 bits packed, each row beginning with a whole byte.
 */
function sampler(data: ArrayLike<number>, perRow: number, depth: number): (y: number, i: number) => number {
  if (depth >= 8) return (y, i) => data[y * perRow + i]
  const bytes = Math.ceil((perRow * depth) / 8)
  const mask = 2 ** depth - 1
  return (y, i) => (data[y * bytes + ((i * depth) >> 3)] >> (8 - depth - ((i * depth) & 7))) & mask
}

function decodePng(bytes: Uint8Array, what: string) {
  try {
    return decode(bytes)
  } catch (cause) {
    throw new Error(`${what} is not a whole PNG file: ${(cause as Error).message}`, { cause })
  }
}
