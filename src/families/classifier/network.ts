// A small convolutional classifier: images to logits. Its programs: the training step and inference.

import {
  add,
  areaPool,
  argMax,
  cast,
  conv2d,
  type Dim,
  equal,
  groupNorm,
  input,
  logSoftmax,
  matmul,
  mul,
  neg,
  reduceMean,
  reduceSum,
  reshape,
  silu,
  softmax,
  type Tensor,
  toPatches,
} from '../../graph/index.ts'
import type { AdamSettings } from '../../nn/adam.ts'
import { he, Layout, type Parameters } from '../../nn/parameters.ts'
import { trainingProgram, weightsOf } from '../../nn/training-program.ts'
import type { Program } from '../../runtime/index.ts'
import { type ClassifierConfig, lastGrid } from './config.ts'

/** A residual branch starts almost silent. */
const SILENT = 1e-2

/**
 * Logits [N, classes] of images [N, c, s, s] in [−1, 1]: patches → 3×3 convolution → stages, each half the grid of the
 * one before (by averaging) → one linear layer on all that the last stage sees.
 *
 * A `plain` block is SiLU(norm(conv(x))), a `residual` one x + conv(SiLU(norm(conv(SiLU(norm(x)))))), with 3×3
 * convolutions and group normalisation. Source of the latter: He et al., arXiv 1603.05027.
 */
export function logitsOf(images: Tensor, config: ClassifierConfig, parameters: Parameters): Tensor {
  const { patch, widths, depth, block, groups } = config
  const conv = (x: Tensor, name: string, width: number, kernel = 3, gain = 1) => {
    const from = x.shape[1] as number
    const init = { normal: gain / Math.sqrt(from * kernel * kernel) }
    return conv2d(x, parameters(`${name}.weight`, [width, from, kernel, kernel], init))
  }
  const activated = (x: Tensor, name: string) => {
    const channels = x.shape[1] as number
    const gamma = parameters(`${name}.weight`, [channels], { value: 1 })
    const beta = parameters(`${name}.bias`, [channels], { value: 0 })
    return silu(groupNorm(x, Math.min(groups, channels), gamma, beta))
  }
  let h = toPatches(images, patch)
  if (block === 'residual') h = conv(h, 'stem', widths[0])
  widths.forEach((width, stage) => {
    if (stage > 0) h = areaPool(h, 2)
    if (block === 'residual' && h.shape[1] !== width) h = conv(h, `stage${stage}.widen`, width, 1)
    for (let i = 0; i < depth; i++) {
      const name = `stage${stage}.${i}`
      if (block === 'plain') h = activated(conv(h, `${name}.conv`, width), `${name}.norm`)
      else {
        const inner = conv(activated(h, `${name}.norm0`), `${name}.conv0`, width)
        h = add(h, conv(activated(inner, `${name}.norm1`), `${name}.conv1`, width, 3, SILENT))
      }
    }
  })
  if (block === 'residual') h = activated(h, 'norm')
  const features = widths[widths.length - 1] * lastGrid(config) ** 2
  const count = classCount(config)
  const weight = parameters('out.weight', [features, count], he(features))
  return add(
    matmul(reshape(h, [h.shape[0], features]), weight),
    parameters('out.bias', [count], { value: 0 }),
  )
}

/** Where the parameters stand in the vector. */
export function classifierLayout(config: ClassifierConfig): Layout {
  return Layout.of(parameters => logitsOf(imagesInput(config, 1), config, parameters))
}

/**
 * One training step on `images` [N, c, s, s] with `labels` [N, classes], one-hot. The loss is the cross-entropy
 * against the smoothed labels, −(1/N) Σ_n Σ_k ((1 − ε) y_nk + ε/K) ln p_nk with ε = `labelSmoothing`.
 * Outputs: `loss`; `crossEntropy`, the same with ε = 0; `accuracy`, the share of the images whose largest logit is that of the label.
 * Source of the smoothing: Szegedy et al., arXiv 1512.00567, section 7.
 */
export function classifierStep(
  config: ClassifierConfig,
  layout: Layout,
  batch: number,
  settings: AdamSettings,
): Program {
  const images = imagesInput(config, batch)
  const labels = input('labels', [batch, classCount(config)])
  return trainingProgram(layout, settings, parameters => {
    const logits = logitsOf(images, config, parameters)
    const logProbabilities = logSoftmax(logits)
    const crossEntropy = neg(reduceMean(reduceSum(mul(labels, logProbabilities), [1])))
    const even = neg(reduceMean(logProbabilities))
    const { labelSmoothing } = config
    const loss = add(mul(crossEntropy, 1 - labelSmoothing), mul(even, labelSmoothing))
    const right = cast(equal(argMax(logits, 1), argMax(labels, 1)), 'float32')
    return { loss, outputs: { loss, crossEntropy, accuracy: reduceMean(right) } }
  })
}

/**
 * Images to classes: input `images` [N, c, s, s]; outputs `logits` and `probabilities`, both [N, classes]. The weights
 * are `values`, or the state `parameters`.
 */
export function classifierInference(
  config: ClassifierConfig,
  layout: Layout,
  { batch, values }: { batch: Dim; values?: Float32Array },
): Program {
  const { parameters, state } = weightsOf(layout, values)
  const logits = logitsOf(imagesInput(config, batch), config, parameters)
  return { outputs: { logits, probabilities: softmax(logits) }, state }
}

function imagesInput({ channels, size }: ClassifierConfig, batch: Dim): Tensor {
  return input('images', [batch, channels, size, size])
}

/** How many classes there are; throws where the data have not been asked yet. */
export function classCount({ classes }: ClassifierConfig): number {
  if (!classes) throw new Error('network.classes is missing: it comes from the data, or name the classes')
  return classes.length
}
