// What a conditional network is told of the images of a data set.

import { type Images, toFloat } from '../data/dataset.ts'
import type { Conditional, DdnModel } from '../ddn/model.ts'

/** Their labels, or the images to take it from; nothing where the network has no condition. */
export function toldOf(model: DdnModel, images: Images, indices: ArrayLike<number>): Conditional {
  const { condition } = model.config
  if (!condition) return {}
  if (condition.kind !== 'class') return { condition: { images: toFloat(images, indices) } }
  if (!images.labels) throw new Error('this network is told a class, and these images have no labels')
  return { condition: { labels: Array.from(indices, index => images.labels![index]) } }
}
