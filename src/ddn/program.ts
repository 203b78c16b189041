// The programs that a network is used by: the training step, evaluation, encoding and decoding.

import {
  add,
  cast,
  concat,
  type Dim,
  greaterOrEqual,
  input,
  int64,
  mul,
  reduceMean,
  reshape,
  slice,
  sub,
  type Tensor,
  unsqueeze,
  where,
} from '../graph/index.ts'
import type { AdamSettings } from '../nn/adam.ts'
import { Layout } from '../nn/parameters.ts'
import { trainingProgram, weightsOf } from '../nn/training-program.ts'
import type { Program } from '../runtime/index.ts'
import { conditionOf, conditionShape } from './condition.ts'
import { type DdnConfig, layersOf } from './config.ts'
import { nearest } from './layer.ts'
import { forward, type Selector } from './network.ts'

/** Where the parameters of a network stand in its vector. */
export function layoutOf(config: DdnConfig): Layout {
  return Layout.of(parameters => {
    const codes = codesInput(config, 1)
    forward(config, {
      parameters,
      select: given(codes),
      target: null,
      batch: codes,
      condition: conditionInput(config, 1),
    })
  })
}

/** A judge of images [N, c, s, s] that gradients can flow through: their rewards [N], and how much they weigh. */
export interface Reward {
  of: (images: Tensor) => Tensor
  /** The loss is that of the data minus weight · the mean reward. */
  weight: number
}

/**
 * One training step on images [N, c, s, s] in [−1, 1]. Inputs: `images`; `forced` [N, L] int64, an index that a
 * layer must take or −1 for the nearest (chain dropout); the scalars of the optimiser; and what `trainingCondition`
 * needs. Outputs: `losses` [L]; `nearest` [N, L] int32, what was nearest, forced or not; `norm`, the gradient's length.
 *
 * With a reward, images are also made of the input `drawn` [N, L] int32, codes, under the same condition: each is
 * differentiable in every parameter along its path. The output `reward` is their mean reward.
 */
export function trainingStep(
  config: DdnConfig,
  layout: Layout,
  batch: number,
  settings: AdamSettings,
  reward?: Reward,
): Program {
  return trainingProgram(layout, settings, parameters => {
    const images = imagesInput(config, batch)
    const forced = input('forced', [batch, layersOf(config).length], 'int64')
    const found: Tensor[] = []
    const select: Selector = (spec, candidates, target) => {
      const best = nearest(candidates, target!)
      found.push(best)
      const order = column(forced, spec.index)
      return where(greaterOrEqual(order, int64([0], [])), order, best)
    }
    const condition = trainingCondition(config, images)
    const layers = forward(config, { parameters, select, target: images, batch: images, condition })
    const weights = lossWeights(config)
    const loss = layers.map(({ loss }, i) => mul(loss!, weights[i])).reduce((a, b) => add(a, b))
    const outputs = { losses: stack(layers.map(({ loss }) => loss!)), nearest: columns(found) }
    if (!reward) return { loss, outputs }
    const codes = input('drawn', [batch, layers.length], 'int32')
    const drawn = forward(config, { parameters, select: given(codes), target: null, batch: codes, condition })
    const mean = reduceMean(reward.of(drawn[drawn.length - 1].image))
    return { loss: sub(loss, mul(mean, reward.weight)), outputs: { ...outputs, reward: mean } }
  })
}

/**
 * The condition in a training step. Inputs: `condition` [N, classes, 1, 1], one-hot; or `mixing` [N, 3, 1, 1], weights
 * of the channels with sum 1; or `threshold` [N, 1, 1, 1]; low-res images follow from the images.
 */
function trainingCondition(config: DdnConfig, images: Tensor): Tensor | null {
  const n = images.shape[0]
  switch (config.condition?.kind) {
    case undefined:
      return null
    case 'class':
      return conditionInput(config, n)
    case 'grey':
      return conditionOf(config.condition, images, { mixing: input('mixing', [n, 3, 1, 1]) })
    case 'edges':
      return conditionOf(config.condition, images, { threshold: input('threshold', [n, 1, 1, 1]) })
    default:
      return conditionOf(config.condition!, images)
  }
}

/** The condition of images [N, c, s, s]: input `images`, output `condition`. */
export function conditioner(config: DdnConfig, batch: Dim): Program {
  const images = imagesInput(config, batch)
  return { outputs: { condition: conditionOf(config.condition!, images) } }
}

/** Shares of the layers' losses in the whole: even, or growing geometrically towards the last. Sum 1. */
export function lossWeights(config: DdnConfig): number[] {
  const count = layersOf(config).length
  const raw = Array.from({ length: count }, (_, i) => config.lossGrowth ** (count > 1 ? i / (count - 1) : 1))
  const sum = raw.reduce((a, b) => a + b)
  return raw.map(weight => weight / sum)
}

export interface InferenceOptions {
  /** Images at a time; a name leaves it open. */
  batch?: Dim
  /** Values of the parameters, written into the model; absent: the state `parameters`. */
  values?: Float32Array
}

/**
 * Images to codes: input `images` [N, c, s, s], and `condition` where the network has one; outputs `codes` [N, L] int32
 * and `losses` [L].
 */
export function encoder(config: DdnConfig, layout: Layout, options: InferenceOptions = {}): Program {
  const images = imagesInput(config, options.batch ?? 'N')
  const { parameters, state } = weightsOf(layout, options.values)
  const select: Selector = (_, candidates, target) => nearest(candidates, target!)
  const condition = conditionInput(config, images.shape[0])
  const layers = forward(config, { parameters, select, target: images, batch: images, condition })
  return {
    outputs: { codes: columns(layers.map(l => l.index)), losses: stack(layers.map(l => l.loss!)) },
    state,
  }
}

/**
 * Codes to images: input `codes` [N, L] int32, and `condition` where the network has one; output `image` [N, c, s, s],
 * or with `levels` the image of every layer, `level0` … at its own size.
 */
export function decoder(
  config: DdnConfig,
  layout: Layout,
  options: InferenceOptions & { levels?: boolean } = {},
): Program {
  const codes = codesInput(config, options.batch ?? 'N')
  const { parameters, state } = weightsOf(layout, options.values)
  const condition = conditionInput(config, codes.shape[0])
  const layers = forward(config, { parameters, select: given(codes), target: null, batch: codes, condition })
  const outputs: Record<string, Tensor> = {}
  if (options.levels) for (const { spec, image } of layers) outputs[`level${spec.index}`] = image
  else outputs.image = layers[layers.length - 1].image
  return { outputs, state }
}

/** Takes every layer's index from codes [N, L]. */
function given(codes: Tensor): Selector {
  return spec => cast(column(codes, spec.index), 'int64')
}

function imagesInput(config: DdnConfig, batch: Dim): Tensor {
  return input('images', [batch, config.channels, config.size, config.size])
}

/** `condition`, or null where the network has none. */
export function conditionInput(config: DdnConfig, batch: Dim): Tensor | null {
  return config.condition ? input('condition', [batch, ...conditionShape(config.condition, config)]) : null
}

function codesInput(config: DdnConfig, batch: Dim): Tensor {
  return input('codes', [batch, layersOf(config).length], 'int32')
}

function column(x: Tensor, i: number): Tensor {
  return reshape(slice(x, 1, i, i + 1), [x.shape[0]])
}

/** [N] each → [N, L], as int32: small enough for every host language. */
function columns(indices: readonly Tensor[]): Tensor {
  return cast(
    concat(
      indices.map(index => unsqueeze(index, 1)),
      1,
    ),
    'int32',
  )
}

function stack(scalars: readonly Tensor[]): Tensor {
  return concat(
    scalars.map(x => reshape(x, [1])),
    0,
  )
}
