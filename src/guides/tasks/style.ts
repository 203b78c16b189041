// Style: which features occur together, wherever in the image they are.

import { random } from '../../data/rng.ts'
import { LUMINANCE } from '../../ddn/condition.ts'
import {
  add,
  areaPool,
  concat,
  constant,
  conv2d,
  div,
  matmul,
  maximum,
  mul,
  neg,
  reduceSumSquare,
  relu,
  reshape,
  split,
  sub,
  type Tensor,
} from '../../graph/index.ts'
import { type CompiledOptions, compared } from '../compiled.ts'
import type { BlackBoxGuide } from '../guide.ts'
import type { Pictures } from '../pictures.ts'

/**
 * The style of a picture, by no network that has learned to see: Gram matrices (Gatys et al., arXiv
 * 1505.07376) of what fixed filters find, at up to three scales. The first layer is Gabor filters of the
 * luminance, in both signs, and the blurred channels; the second is 32 random 3×3 filters, the same ones
 * always. Random filters are enough for texture and colour (Ustyuzhaninov et al., arXiv 1606.00021) and blind
 * to things: this is texture more than manner. A judge with features sees more: `judgedStyle`.
 *
 * distance = the mean over scales and layers of ‖G − G*‖² / ‖G*‖²: 0 for the same, 1 for a black image.
 */
export function style(pictures: Pictures, options: Omit<CompiledOptions, 'size'> = {}): BlackBoxGuide {
  const { size, channels } = pictures
  if (size < SMALLEST)
    throw new Error(`style: images of ${size}×${size} are too small; ${SMALLEST}×${SMALLEST} is the least`)
  const sizes = [size, size / 2, size / 4].filter(side => Number.isInteger(side) && side >= SMALLEST)
  const bank = filterBank(channels)
  const lengths = sizes.flatMap(() => bank.widths.map(width => width * width))
  const features = (images: Tensor) =>
    concat(
      sizes.flatMap(side => bank.layers(areaPool(images, size / side)).map(gram)),
      1,
    )
  const distance = (grams: Tensor, wanted: Tensor) => relativeDistance(grams, wanted, lengths)
  return compared('style', pictures, { features, distance }, { ...options, size })
}

/** G = F Fᵀ / (H W) of features F [n, C, H, W]: [n, C·C]. */
export function gram(features: Tensor): Tensor {
  const [n, channels, height, width] = features.shape as number[]
  const flat = reshape(features, [n, channels, height * width])
  const product = matmul(flat, flat, { transposeB: true, alpha: 1 / (height * width) })
  return reshape(product, [n, channels * channels])
}

/**
 * The mean over blocks of ‖a − b‖² / ‖b‖²: a [n, D] and b [n or 1, D], D cut into blocks of these lengths →
 * [n].
 */
export function relativeDistance(a: Tensor, b: Tensor, lengths: readonly number[]): Tensor {
  const wanted = split(b, lengths, 1)
  return split(a, lengths, 1)
    .map((block, i) => {
      // Features of nothing at all have no length to compare with.
      const norm = maximum(reduceSumSquare(wanted[i], [1]), 1e-12)
      return div(reduceSumSquare(sub(block, wanted[i]), [1]), mul(norm, lengths.length))
    })
    .reduce((sum, part) => add(sum, part))
}

/** The smallest images that a 5×5 and then a 3×3 filter leave something of. */
const SMALLEST = 8
const ORIENTATIONS = 4
const RANDOM_FILTERS = 32
/** What brings the filters' answers to the size of the blurred colours. */
const GABOR_GAIN = 4

/** Two layers of features of images [n, channels, H, W], and how many maps each has. */
function filterBank(channels: number): { widths: readonly number[]; layers(images: Tensor): Tensor[] } {
  const gabors = 2 * ORIENTATIONS
  const first = 2 * gabors + channels
  const kernels = constant(firstKernels(channels), [gabors + channels, channels, 5, 5])
  const rng = random(0, 'style')
  const spread = Math.sqrt(2 / (9 * first))
  const randomKernels = Float32Array.from({ length: RANDOM_FILTERS * first * 9 }, () => spread * rng.normal())
  return {
    widths: [first, RANDOM_FILTERS],
    layers(images) {
      const [waves, colours] = split(conv2d(images, kernels, { padding: 0 }), [gabors, channels], 1)
      const found = relu(concat([waves, neg(waves), mul(add(colours, 1), 0.5)], 1))
      const weights = constant(randomKernels, [RANDOM_FILTERS, first, 3, 3])
      return [found, relu(conv2d(found, weights, { padding: 0 }))]
    },
  }
}

/**
 * [2·orientations + channels, channels, 5, 5]: even and odd Gabor filters of the luminance, then a blur per
 * channel.
 */
function firstKernels(channels: number): Float32Array {
  const luminance = channels === 1 ? [1] : LUMINANCE
  const gaussian = window5((x, y) => Math.exp(-(x * x + y * y) / (2 * 1.25 ** 2)))
  const kernels: number[][] = []
  for (let i = 0; i < ORIENTATIONS; i++) {
    const angle = (Math.PI * i) / ORIENTATIONS
    // A wavelength of four pixels.
    const phase = window5((x, y) => (Math.PI / 2) * (x * Math.cos(angle) + y * Math.sin(angle)))
    for (const wave of [Math.cos, Math.sin]) {
      const values = phase.map((value, j) => gaussian[j] * wave(value))
      const mean = values.reduce((sum, value) => sum + value) / values.length
      const balanced = normalised(values.map(value => value - mean))
      kernels.push(luminance.flatMap(weight => balanced.map(value => GABOR_GAIN * weight * value)))
    }
  }
  const blur = normalised(gaussian)
  const none = blur.map(() => 0)
  for (let c = 0; c < channels; c++) kernels.push(luminance.flatMap((_, i) => (i === c ? blur : none)))
  return Float32Array.from(kernels.flat())
}

function window5(value: (x: number, y: number) => number): number[] {
  return Array.from({ length: 25 }, (_, i) => value((i % 5) - 2, Math.floor(i / 5) - 2))
}

/** Σ |w| = 1. */
function normalised(values: readonly number[]): number[] {
  const norm = values.reduce((sum, value) => sum + Math.abs(value), 0)
  return values.map(value => value / norm)
}
