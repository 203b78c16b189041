// Images side by side as the pixels of a canvas, with clear gaps between them.

import { toByte } from '../../report/grid.ts'

export interface Sheet {
  width: number
  height: number
  /** Red, green, blue and alpha: what `ImageData` takes. */
  data: Uint8ClampedArray<ArrayBuffer>
}

export interface SheetShape {
  channels: 1 | 3
  size: number
  columns: number
}

/** Clear pixels between two images. */
const GAP = 1

/** @param images  [n, c, s, s] in [−1, 1] */
export function sheetOf(images: Float32Array, shape: SheetShape): Sheet {
  return lay(images, shape, toByte)
}

/** @param pixels  [n, c, s, s] bytes */
export function sheetOfBytes(pixels: Uint8Array, shape: SheetShape): Sheet {
  return lay(pixels, shape, byte => byte)
}

function lay(
  values: ArrayLike<number>,
  { channels, size, columns }: SheetShape,
  byte: (value: number) => number,
): Sheet {
  const plane = size * size
  const count = values.length / (channels * plane)
  const across = Math.min(columns, count)
  const width = across * (size + GAP) - GAP
  const height = Math.ceil(count / columns) * (size + GAP) - GAP
  const data = new Uint8ClampedArray(4 * width * height)
  for (let n = 0; n < count; n++) {
    const left = (n % columns) * (size + GAP)
    const top = Math.floor(n / columns) * (size + GAP)
    for (let i = 0; i < plane; i++) {
      const at = 4 * ((top + Math.floor(i / size)) * width + left + (i % size))
      for (let c = 0; c < 3; c++)
        data[at + c] = byte(values[n * channels * plane + (c % channels) * plane + i])
      data[at + 3] = 255
    }
  }
  return { width, height, data }
}
