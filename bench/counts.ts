// How often every node is chosen on a set of images.

import type { Images } from '../src/data/dataset.ts'
import { toFloat } from '../src/data/dataset.ts'
import { DdnModel } from '../src/ddn/model.ts'
import type { Trainer } from '../src/train/trainer.ts'

/** [L][K] counts of the averaged weights' codes. */
export async function nearestCounts(trainer: Trainer<'ddn'>, images: Images): Promise<number[][]> {
  const { average } = await trainer.vectors()
  const model = await DdnModel.open(trainer.config.network, average)
  const counts = trainer.learner.layers.map(({ K }) => new Array<number>(K).fill(0))
  const indices = Int32Array.from({ length: images.count }, (_, i) => i)
  const codes = await model.encode(toFloat(images, indices))
  codes.forEach((k, i) => {
    counts[i % counts.length][k]++
  })
  await model.close()
  return counts
}
