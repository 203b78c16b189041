// Images of a network onto a canvas.

import { toByte } from '../../../../report/grid.ts'

/** Image number i of images [n, c, s, s] in [−1, 1], as a canvas takes it. */
export function pixelsOf(images: Float32Array, i: number, channels: number, size: number): ImageData {
  const plane = size * size
  const from = i * channels * plane
  const pixels = new ImageData(size, size)
  for (let p = 0; p < plane; p++) {
    for (let c = 0; c < 3; c++)
      pixels.data[4 * p + c] = toByte(images[from + (channels === 1 ? 0 : c * plane) + p])
    pixels.data[4 * p + 3] = 255
  }
  return pixels
}

/** Draws an image into a canvas of its own size; CSS makes it larger. */
export function drawImage(
  canvas: HTMLCanvasElement,
  images: Float32Array,
  i: number,
  channels: number,
  size: number,
): void {
  // A new size empties a canvas.
  if (canvas.width !== size) canvas.width = size
  if (canvas.height !== size) canvas.height = size
  canvas.getContext('2d')!.putImageData(pixelsOf(images, i, channels, size), 0, 0)
}
