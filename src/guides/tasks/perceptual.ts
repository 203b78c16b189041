// Tasks that are not linear in the image: absolute differences, and edges. Black boxes that graphs compute.

import { LUMINANCE, steepness } from '../../ddn/condition.ts'
import {
  abs,
  constant,
  mul,
  reduceMean,
  reduceSum,
  slice,
  square,
  sub,
  type Tensor,
} from '../../graph/index.ts'
import { type Comparison, type CompiledOptions, compared } from '../compiled.ts'
import type { BlackBoxGuide } from '../guide.ts'
import type { Pictures } from '../pictures.ts'

type Options = Omit<CompiledOptions, 'size'>

/**
 * The picture itself, by the mean of |x − picture| over all pixels and channels: few large errors cost less
 * than many small ones. A layer's images are compared at their own size, with the picture's area averages.
 */
export function reconstructL1(pictures: Pictures, options: Options = {}): BlackBoxGuide {
  return compared('reconstruct-l1', pictures, absoluteDifference, options)
}

const absoluteDifference: Comparison = {
  features: images => images,
  distance: (images, wanted) => reduceMean(abs(sub(images, wanted)), [1, 2, 3]),
}

/**
 * The picture's edges: the mean squared difference of |∇x|, the length of Sobel's gradient of the luminance,
 * per pixel inside the border. Candidates are seen at the picture's size, for small layers have no edges of
 * their own. The sign of an edge does not count, so a negative is as good. (Weak on its own, as in the
 * reference: nothing says what lies between the edges.)
 */
export function edges(pictures: Pictures, options: Options = {}): BlackBoxGuide {
  if (pictures.size < 3)
    throw new Error(`edges: images of ${pictures.size}×${pictures.size} have none; 3×3 is the least`)
  return compared('edges', pictures, sobel, { ...options, size: pictures.size })
}

const sobel: Comparison = {
  features: images => inside(steepness(grey(images))),
  distance: (edges, wanted) => reduceMean(square(sub(edges, wanted)), [1, 2, 3]),
}

/** Rec. 601 luminance [n, 1, H, W]. */
export function grey(images: Tensor): Tensor {
  if (images.shape[1] === 1) return images
  return reduceSum(mul(images, constant(Float32Array.from(LUMINANCE), [1, 3, 1, 1])), [1], true)
}

/** All but the border, where a gradient would be of what lies outside. */
function inside(images: Tensor): Tensor {
  const [, , height, width] = images.shape as number[]
  return slice(slice(images, 2, 1, height - 1), 3, 1, width - 1)
}
