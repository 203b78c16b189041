// A Discrete Distribution Network: blocks and choices in turn, from coarse to fine.

import {
  add,
  areaPool,
  concat,
  constant,
  conv2d,
  fill,
  gather,
  mul,
  pad,
  reduceMean,
  repeatBatch,
  slice,
  square,
  sub,
  type Tensor,
  toPatches,
  upsampleBilinear,
  upsampleNearest,
} from '../graph/index.ts'
import type { Parameters } from '../nn/parameters.ts'
import { blocks, unet } from './blocks.ts'
import { type DdnConfig, type LayerSpec, layersOf, tablesOf } from './config.ts'
import { type Candidates, choose, paint } from './layer.ts'

/**
 * Decides the index [N] (int64) of one layer: a given code, the nearest, a random one, a guide. `target` is the
 * wanted image at the layer's size, where there is one.
 */
export type Selector = (spec: LayerSpec, candidates: Candidates, target: Tensor | null) => Tensor

export interface Layer {
  spec: LayerSpec
  /** What was chosen [N], int64. */
  index: Tensor
  /** The image chosen [N, c, s, s]; the data are in [−1, 1]. */
  image: Tensor
  /** J, the mean squared error against the target at this size, a scalar; where a target was given. */
  loss?: Tensor
}

export interface ForwardOptions {
  parameters: Parameters
  select: Selector
  /** Images [N, c, size, size] in [−1, 1] to approach, or null. */
  target: Tensor | null
  /** Any tensor whose first dimension is the batch. */
  batch: Tensor
}

/**
 * Runs the network: x*_0 = 0; layer by layer, features ← block(features, x*), x* ← the selected candidate,
 * J_l = mean (x*_l − target_l)² with target_l the target area-averaged to the layer's size.
 * Source: arXiv 2401.00036, section 3.
 */
export function forward(config: DdnConfig, { parameters, select, target, batch }: ForwardOptions): Layer[] {
  const layers: Layer[] = []
  const tables = tablesOf(config)
  let features = config.recurrent ? blank(config, batch) : startFeatures(config, parameters, batch)
  let image: Tensor | null = null
  for (const spec of layersOf(config)) {
    const name = `layer${spec.index}`
    if (image) image = grow(image, spec.size)
    features = config.recurrent
      ? unet(features, { ...config, ...config.recurrent, name: 'unet', parameters })
      : enter(config, spec, features, image, parameters)
    const { own, leak } = divide(config, features)
    const seen = spec.features ? pointwise(own, spec.features, `${name}.view`, parameters) : own
    const channels = seen.shape[1] as number
    const previous = config.residual ? image : null
    // A correction starts small, or the first images are a sum of noise.
    const spread = (previous ? 0.2 : 1) / Math.sqrt(channels)
    const table = tables[config.recurrent ? 0 : spec.index].name
    const raw = parameters(table, [spec.K, config.channels * spec.patch ** 2 * channels], {
      normal: spread / config.candidateGain,
    })
    const weights = config.candidateGain === 1 ? raw : mul(raw, config.candidateGain)
    const candidates = { weights, features: seen, patch: spec.patch, previous, channels: config.channels }
    const wanted = target && areaPool(target, config.size / spec.size)
    const index = select(spec, candidates, wanted)
    image = choose(candidates, index)
    layers.push({ spec, index, image, loss: wanted ? reduceMean(square(sub(image, wanted))) : undefined })
    const leaked = leak && paint(gather(weights, index), leak, spec.patch)
    if (config.recurrent) features = leaked ? concat([image, leaked], 1) : image
    else if (config.feedback === 'channels')
      features = addToChannels(features, toPatches(image, spec.patch), leaked)
  }
  return layers
}

/** What a recurrent network sees first: no image, and no leak. */
function blank({ channels, size, leak }: DdnConfig, batch: Tensor): Tensor {
  return repeatBatch(fill([1, channels * (leak ? 2 : 1), size, size], 0), batch)
}

/** What the first block sees: learned (`convolution`), or as in the paper fixed from −1 to 1 over the channels. */
function startFeatures(config: DdnConfig, parameters: Parameters, batch: Tensor): Tensor {
  const { grid, width } = config.stages[0]
  const shape = [1, width, grid, grid]
  if (config.feedback === 'convolution') return repeatBatch(parameters('start', shape, { normal: 1 }), batch)
  const ramp = Float32Array.from({ length: width * grid * grid }, (_, i) => {
    const channel = Math.floor(i / (grid * grid))
    return width > 1 ? (2 * channel) / (width - 1) - 1 : 0
  })
  return repeatBatch(constant(ramp, shape), batch)
}

/** One block, after a change of grid and width where a stage begins, and after hearing of the last choice. */
function enter(
  config: DdnConfig,
  spec: LayerSpec,
  features: Tensor,
  image: Tensor | null,
  parameters: Parameters,
): Tensor {
  const name = `layer${spec.index}`
  const block = blocks[config.block]
  const options = { name, parameters, width: spec.width, groups: config.groups, bias: config.bias }
  const upsample = spec.grid / (features.shape[2] as number)
  if (config.feedback === 'channels') return block(features, { ...options, upsample })
  let x = upsampleNearest(features, upsample)
  if (x.shape[1] !== spec.width) x = pointwise(x, spec.width, `${name}.project`, parameters)
  if (image) x = add(x, pointwise(toPatches(image, spec.patch), spec.width, `${name}.feedback`, parameters))
  return block(x, { ...options, upsample: 1 })
}

/** A 1×1 convolution to `width` channels. */
function pointwise(x: Tensor, width: number, name: string, parameters: Parameters): Tensor {
  const from = x.shape[1] as number
  return conv2d(x, parameters(`${name}.weight`, [width, from, 1, 1], { normal: 1 / Math.sqrt(from) }))
}

/** The features that candidates are made of, and those of the leak: halves of the channels, or all and none. */
function divide(config: DdnConfig, features: Tensor): { own: Tensor; leak: Tensor | null } {
  if (!config.leak) return { own: features, leak: null }
  const half = (features.shape[1] as number) >> 1
  return { own: slice(features, 1, 0, half), leak: slice(features, 1, half, 2 * half) }
}

/** features + choice in the first channels + leak in the last ones: additions padded with zeros. */
function addToChannels(features: Tensor, choice: Tensor, leak: Tensor | null): Tensor {
  const channels = features.shape[1] as number
  const within = (x: Tensor, before: number) =>
    pad(x, [
      [0, 0],
      [before, channels - before - (x.shape[1] as number)],
      [0, 0],
      [0, 0],
    ])
  const told = add(features, within(choice, 0))
  return leak ? add(told, within(leak, channels - (leak.shape[1] as number))) : told
}

/** The image at a layer's size: bilinear, by doubling. */
function grow(image: Tensor, size: number): Tensor {
  while ((image.shape[2] as number) < size) image = upsampleBilinear(image)
  return image
}
