// What a network can be told before it begins: a class, or a part of what the image will be.

import { z } from 'zod'
import {
  add,
  areaPool,
  cast,
  constant,
  conv2d,
  greater,
  mul,
  pad,
  reduceSum,
  slice,
  sqrt,
  square,
  sub,
  type Tensor,
} from '../graph/index.ts'

export const conditionSchema = z.discriminatedUnion('kind', [
  /** A label, as one of so many: those of the data where it is not said. */
  z.strictObject({ kind: z.literal('class'), classes: z.number().int().min(2).max(65536).optional() }),
  /** The image without its colours: a mean of the channels, in training with random weights. */
  z.strictObject({ kind: z.literal('grey') }),
  /** Where the image changes: 1 on edges, −1 elsewhere; in training above a random threshold. */
  z.strictObject({ kind: z.literal('edges') }),
  /** The image area-averaged to a smaller size. */
  z.strictObject({ kind: z.literal('low-res'), size: z.number().int().min(1).max(128) }),
])

export type Condition = z.output<typeof conditionSchema>

/** The condition of one image: [channels, size, size], a class one-hot as [classes, 1, 1]. */
export function conditionShape(
  condition: Condition,
  { channels, size }: { channels: number; size: number },
): [channels: number, height: number, width: number] {
  if (condition.kind === 'class') return [classCount(condition), 1, 1]
  if (condition.kind === 'low-res') return [channels, condition.size, condition.size]
  return [1, size, size]
}

/** How many classes a network is told one of. */
export function classCount({ classes }: Condition & { kind: 'class' }): number {
  if (classes === undefined)
    throw new Error('condition: say how many classes there are; the data would tell it')
  return classes
}

/** The weights of red, green and blue in the luminance. Source: ITU-R BT.601. */
export const LUMINANCE = [0.299, 0.587, 0.114] as const

/** Steepness of an edge, in pixel values over the distance of two pixels, where no threshold is drawn. */
export const EDGE_THRESHOLD = 0.4

/** What training draws for every image, a column each: the weights of the channels, or the threshold. */
export interface Drawn {
  /** [N, 3, 1, 1], sum 1. */
  mixing?: Tensor
  /** [N, 1, 1, 1] */
  threshold?: Tensor
}

/** The condition that images [N, c, s, s] in [−1, 1] are an example of; of a class, only their labels know. */
export function conditionOf(condition: Condition, images: Tensor, { mixing, threshold }: Drawn = {}): Tensor {
  const [, channels, size] = images.shape as [number, number, number]
  switch (condition.kind) {
    case 'class':
      throw new Error('conditionOf: the class of an image is known by its label alone')
    case 'low-res':
      return areaPool(images, size / condition.size)
    case 'grey':
      return mixed(images, mixing ?? constant(Float32Array.from(LUMINANCE), [1, 3, 1, 1]))
    case 'edges': {
      const grey =
        channels === 1 ? images : mixed(images, constant(Float32Array.from(LUMINANCE), [1, 3, 1, 1]))
      const above = greater(
        steepness(grey),
        threshold ?? constant(Float32Array.of(EDGE_THRESHOLD), [1, 1, 1, 1]),
      )
      return sub(mul(cast(above, 'float32'), 2), 1)
    }
  }
}

function mixed(images: Tensor, weights: Tensor): Tensor {
  return reduceSum(mul(images, weights), [1], true)
}

/**
 * The length of the gradient by Sobel's operator over 8: the change of a value per pixel. [N, 1, s, s] → [N, 1, s, s],
 * 0 on the border.
 */
export function steepness(grey: Tensor): Tensor {
  const kernels = Float32Array.from([-1, 0, 1, -2, 0, 2, -1, 0, 1, -1, -2, -1, 0, 0, 0, 1, 2, 1], v => v / 8)
  const both = conv2d(grey, constant(kernels, [2, 1, 3, 3]), { padding: 0 }) // [N, 2, s − 2, s − 2]
  const squares = add(square(slice(both, 1, 0, 1)), square(slice(both, 1, 1, 2)))
  return pad(sqrt(squares), [
    [0, 0],
    [0, 0],
    [1, 1],
    [1, 1],
  ])
}
