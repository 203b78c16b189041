// Labels as networks take them: checked, and one-hot.

import type { Dataset, Images } from '../data/dataset.ts'
import type { Feed } from '../runtime/index.ts'

/**
 * The labels of some images as rows [n, classes] with a 1 at the label, in the shape [n, classes, …ones].
 *
 * @throws where an image has no label, or one that is none of the classes
 */
export function oneHot(images: Images, indices: ArrayLike<number>, classes: number, ones = 0): Feed {
  const data = new Float32Array(indices.length * classes)
  for (let i = 0; i < indices.length; i++) data[i * classes + labelOf(images, indices[i], classes)] = 1
  return { data, shape: [indices.length, classes, ...new Array<number>(ones).fill(1)] }
}

/** The label of an image, from 0 to classes − 1; throws where it has none, or another. */
export function labelOf({ labels }: Images, index: number, classes: number): number {
  const label = labels?.[index] ?? -1
  if (label < 0) throw new Error(`image ${index} has no label`)
  if (label >= classes)
    throw new Error(`image ${index} has the label ${label}, but there are only ${classes} classes`)
  return label
}

/**
 * The names of a data set's classes, label by label: those given, or its own, or the labels themselves where they have
 * no names.
 *
 * @param purpose  what needs them, for the error: `a classifier`
 * @throws where images have no labels, labels have no class, or there are fewer than two classes
 */
export function classesOf(data: Dataset, purpose: string, given?: readonly string[]): string[] {
  const { name, train, test } = data
  if (!train.labels)
    throw new Error(
      `${name}: the images have no labels, which ${purpose} needs; put those of each class into a folder of their own, or give an IDX file with labels`,
    )
  let most = 0
  for (const [side, { labels, count }] of Object.entries({ training: train, test })) {
    const missing = labels ? labels.reduce((sum, label) => sum + Number(label < 0), 0) : count
    if (missing > 0)
      throw new Error(`${name}: ${missing} of the ${count} ${side} images have no label; leave them out`)
    most = labels?.reduce((a, b) => Math.max(a, b), most) ?? most
  }
  const names = given ?? data.classes ?? Array.from({ length: most + 1 }, (_, label) => String(label))
  if (most >= names.length)
    throw new Error(
      `${name}: there are labels up to ${most}, but only ${names.length} classes: ${names.join(', ')}`,
    )
  if (names.length < 2)
    throw new Error(`${name}: all images are of one class, ${names[0]}; ${purpose} needs at least two`)
  return [...names]
}
