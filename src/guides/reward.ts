// Judges as rewards: where all operators of a judge have gradients, it can teach a network and not only steer it.

import { gradientGaps, input, reduceMean, reshape, slice, type Tensor } from '../graph/index.ts'
import type { Judge } from './judge.ts'
import { type Label, labelIndex, logProbabilities } from './judge-guides.ts'
import type { ImageShape } from './pictures.ts'

/**
 * The reward ln p(label) [n] of images [n, C, H, W], differentiable in them.
 *
 * @throws where the judge has no such class, or operators that cannot be read or have no gradient: all of them are named
 */
export async function classReward(
  judge: Judge,
  label: Label,
  { channels, size }: ImageShape,
): Promise<(images: Tensor) => Tensor> {
  const index = labelIndex(judge, label)
  const answers = await judge.symbolic()
  const reward = (images: Tensor) => {
    const logs = logProbabilities(judge, answers(images))
    return reshape(slice(logs, 1, index, index + 1), [images.shape[0]])
  }
  const images = input('images', [1, channels, size, size])
  const gaps = gradientGaps(reduceMean(reward(images)), [images])
  if (gaps.size)
    throw new Error(
      `${judge.name} cannot teach: ${[...gaps].map(([name, count]) => `${name} (${count})`).join(', ')} of ${judge.spec.model} have no gradient here`,
    )
  return reward
}
