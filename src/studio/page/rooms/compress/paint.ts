// Values of a picture onto a canvas.

import type { FloatPicture } from '../../../../codec/tiles.ts'
import { toByte } from '../../../../report/grid.ts'

export function paint(canvas: HTMLCanvasElement, { width, height, data }: FloatPicture): void {
  const area = width * height
  const channels = data.length / area
  const image = new ImageData(width, height)
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = toByte(data[(c % channels) * area + i])
    image.data[4 * i + 3] = 255
  }
  // To set a size clears a canvas, also to the size that it has.
  if (canvas.width !== width) canvas.width = width
  if (canvas.height !== height) canvas.height = height
  canvas.getContext('2d')!.putImageData(image, 0, 0)
}
