// How well a network's codes keep images: mean squared error and peak signal-to-noise ratio.

import { type Images, toFloat } from '../data/dataset.ts'
import type { DdnModel } from '../ddn/model.ts'
import { toldOf } from './told.ts'

export interface Reconstruction {
  /** Mean squared error over all pixels of all images, pixels in [−1, 1]. */
  mse: number
  /** 10 log₁₀ (2² / mse) in dB: the pixels reach from −1 to 1. */
  psnr: number
  /** Length of the latent of one image. */
  bits: number
  count: number
}

/**
 * decode(encode(x)) against x for the first `count` images, so many at a time that memory stays small.
 *
 * @param onBatch  gets the originals and the reconstructions [n, c, s, s], and where they begin
 */
export async function reconstructionOf(
  model: DdnModel,
  images: Images,
  count: number,
  onBatch?: (originals: Float32Array, rebuilt: Float32Array, start: number) => void,
): Promise<Reconstruction> {
  const total = Math.min(count, images.count)
  if (total === 0) throw new Error('there are no images to reconstruct')
  const at = 256
  let sum = 0
  for (let start = 0; start < total; start += at) {
    const indices = Int32Array.from({ length: Math.min(at, total - start) }, (_, i) => start + i)
    const originals = toFloat(images, indices)
    const rebuilt = await model.reconstruct(originals, toldOf(model, images, indices))
    for (let i = 0; i < originals.length; i++) sum += (originals[i] - rebuilt[i]) ** 2
    onBatch?.(originals, rebuilt, start)
  }
  const mse = sum / (total * model.imageLength)
  return { mse, psnr: psnr(mse), bits: model.bits, count: total }
}

/** Peak signal-to-noise ratio in dB where the pixels reach from −1 to 1. */
export function psnr(mse: number): number {
  return 10 * Math.log10(4 / mse)
}
