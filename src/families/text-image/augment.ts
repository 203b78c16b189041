// Training pictures changed a little in place and colour.

import type { Images } from '../../data/dataset.ts'
import type { Rng } from '../../data/rng.ts'
import { augmented } from '../classifier/augment.ts'
import type { PictureChanges } from './config.ts'

/**
 * The chosen images, [n, c, s, s] float32 in [−1, 1], each moved as `augmented` does, and then in colour: x becomes
 * x (1 ± contrast) ± tint, with a second ± tint of each channel, all drawn evenly, and is limited to [−1, 1].
 */
export function changed(
  images: Images,
  indices: ArrayLike<number>,
  changes: PictureChanges,
  rng: Rng,
): Float32Array {
  const pixels = augmented(images, indices, changes, rng)
  const area = images.size ** 2
  const even = (most: number) => most * (2 * rng.next() - 1)
  for (let at = 0; at < pixels.length; ) {
    const gain = 1 + even(changes.contrast)
    const light = even(changes.tint)
    for (let c = 0; c < images.channels; c++) {
      const offset = light + even(changes.tint)
      for (const end = at + area; at < end; at++)
        pixels[at] = Math.min(1, Math.max(-1, pixels[at] * gain + offset))
    }
  }
  return pixels
}
