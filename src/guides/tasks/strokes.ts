// Brush strokes laid over the image: where there is paint the result has its colour, elsewhere it is free.

import type { LinearGuide } from '../guide.ts'
import { measure } from '../measure.ts'
import { type ImageShape, luminanceOf } from '../pictures.ts'
import { resizePlanes } from '../resample.ts'
import type { RgbaPicture } from '../rgba.ts'

/**
 * M x = √α x: squared errors weighted by the paint's opacity α. An overlay of any size is laid over the whole
 * image; colours are averaged with their opacity, so that transparent pixels lend none. For a grey network
 * paint counts by its luminance.
 */
export function strokes(overlay: RgbaPicture, { channels, size }: ImageShape): LinearGuide {
  const { colour, alpha } = resizeOverlay(overlay, size)
  if (!alpha.some(value => value > 0))
    throw new Error('strokes: the overlay is transparent everywhere; paint something')
  const planes = channels === 1 ? luminanceOf(colour) : colour
  const weights = alpha.map(Math.sqrt)
  const wanted = planes.map((value, i) => value * weights[i % weights.length])
  return measure([{ map: 'mask', weights }], wanted, 'strokes')
}

/** Colours [3, size, size] in [−1, 1], 0 where there is no paint, and opacities [size, size] in [0, 1]. */
export function resizeOverlay(
  { width, height, data }: RgbaPicture,
  size: number,
): { colour: Float32Array; alpha: Float32Array } {
  const area = width * height
  if (!(area > 0) || data.length !== 4 * area)
    throw new Error(`strokes: ${data.length} values are no overlay of ${width}×${height} in RGBA`)
  // Planes of α·red, α·green, α·blue and α, α in [0, 1].
  const planes = new Float32Array(4 * area)
  for (let i = 0; i < area; i++) {
    const opacity = data[4 * i + 3] / 255
    for (let c = 0; c < 3; c++) planes[c * area + i] = opacity * (data[4 * i + c] / 127.5 - 1)
    planes[3 * area + i] = opacity
  }
  const fitted = resizePlanes(planes, [height, width], [size, size])
  const alpha = fitted.slice(3 * size * size)
  const colour = fitted.subarray(0, 3 * size * size).map((value, i) => value / (alpha[i % alpha.length] || 1))
  return { colour, alpha }
}
