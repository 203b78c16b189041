// Training images moved a little: turned, scaled and shifted, each by chances of its own.

import type { Images } from '../../data/dataset.ts'
import type { Rng } from '../../data/rng.ts'
import type { Augmentation } from './config.ts'

/**
 * The chosen images, [n, c, s, s] float32 in [−1, 1], each turned by up to ±`rotation` degrees around its centre,
 * enlarged by 1 ± `scaling` and shifted by up to ±`shift` pixels along each axis, all drawn evenly. Pixels are
 * interpolated bilinearly; beyond the border lies the border. Four numbers are drawn per image.
 */
export function augmented(
  images: Images,
  indices: ArrayLike<number>,
  { shift, rotation, scaling }: Augmentation,
  rng: Rng,
): Float32Array {
  const { channels, size, pixels } = images
  const out = new Float32Array(indices.length * channels * size * size)
  const centre = (size - 1) / 2
  const even = (most: number) => most * (2 * rng.next() - 1)
  for (let n = 0; n < indices.length; n++) {
    const angle = (even(rotation) * Math.PI) / 180
    const scale = 1 / (1 + even(scaling))
    const [dx, dy] = [even(shift), even(shift)]
    const [cos, sin] = [scale * Math.cos(angle), scale * Math.sin(angle)]
    const from = indices[n] * channels * size * size
    let to = n * channels * size * size
    for (let c = 0; c < channels; c++) {
      const plane = from + c * size * size
      for (let y = 0; y < size; y++)
        for (let x = 0; x < size; x++) {
          const [u, v] = [x - centre - dx, y - centre - dy]
          const px = clamp(cos * u - sin * v + centre, size - 1)
          const py = clamp(sin * u + cos * v + centre, size - 1)
          const [x0, y0] = [Math.floor(px), Math.floor(py)]
          const [fx, fy] = [px - x0, py - y0]
          const a = plane + y0 * size + x0
          const right = x0 < size - 1 ? 1 : 0
          const below = y0 < size - 1 ? size : 0
          const top = pixels[a] + fx * (pixels[a + right] - pixels[a])
          const bottom = pixels[a + below] + fx * (pixels[a + below + right] - pixels[a + below])
          out[to++] = (top + fy * (bottom - top)) / 127.5 - 1
        }
    }
  }
  return out
}

function clamp(value: number, most: number): number {
  return value < 0 ? 0 : value > most ? most : value
}
