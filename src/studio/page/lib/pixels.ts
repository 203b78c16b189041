// Pictures onto a canvas, pixel for pixel: CSS makes them larger.

import type { FloatPicture } from '../../../codec/tiles.ts'
import { toByte } from '../../../report/grid.ts'

/** As networks have it, as a worker has painted it, or as a canvas has it. */
export type Paintable = FloatPicture | ImageBitmap | ImageData

/** Makes the canvas as large as the picture, and paints it. */
export function paint(canvas: HTMLCanvasElement, picture: Paintable): void {
  const { width, height } = picture
  // To set a size empties a canvas, also to the size that it has.
  if (canvas.width !== width) canvas.width = width
  if (canvas.height !== height) canvas.height = height
  const context = canvas.getContext('2d')!
  if (picture instanceof ImageBitmap) context.drawImage(picture, 0, 0)
  else context.putImageData(picture instanceof ImageData ? picture : pixelsOf(picture), 0, 0)
}

/** The pixels of values; a single plane is grey. */
export function pixelsOf({ width, height, data }: FloatPicture): ImageData {
  const area = width * height
  const channels = data.length / area
  const pixels = new ImageData(width, height)
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = toByte(data[(c % channels) * area + i])
    pixels.data[4 * i + 3] = 255
  }
  return pixels
}

/** Image number i of images [n, c, s, s]. */
export function imageAt(images: Float32Array, i: number, channels: number, size: number): FloatPicture {
  const length = channels * size * size
  return { width: size, height: size, data: images.subarray(i * length, (i + 1) * length) }
}
