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
  /** What the images are made for, of the shape that the configuration's condition has: see condition.ts. */
  condition?: Tensor | null
}

/**
 * Runs the network: x*_0 = 0; layer by layer, features ← block(features, x*), x* ← the selected candidate,
 * J_l = mean (x*_l − target_l)² with target_l the target area-averaged to the layer's size.
 * Source: arXiv 2401.00036, section 3.
 */
export function forward(config: DdnConfig, options: ForwardOptions): Layer[] {
  const { parameters, select, target, batch, condition = null } = options
  const layers: Layer[] = []
  let state = begin(config, parameters, batch)
  for (const spec of layersOf(config)) {
    const proposal = propose(config, spec, state, parameters, condition)
    const wanted = target && areaPool(target, config.size / spec.size)
    const index = select(spec, proposal.candidates, wanted)
    state = accept(config, spec, proposal, index)
    const image = state.image!
    layers.push({ spec, index, image, loss: wanted ? reduceMean(square(sub(image, wanted))) : undefined })
  }
  return layers
}

/** What one layer hands to the next. */
export interface State {
  /** [N, C, S, S] */
  features: Tensor
  /** The image chosen [N, c, s, s]; null before the first layer. */
  image: Tensor | null
}

/** What a layer lays on the table: the candidates, and the features that go on. */
export interface Proposal {
  candidates: Candidates
  /** All features of the block [N, C, S, S]. */
  features: Tensor
  /** The half of them that the leak is painted from, where there is one. */
  leak: Tensor | null
}

/** Before the first layer. */
export function begin(config: DdnConfig, parameters: Parameters, batch: Tensor): State {
  const features = config.recurrent ? blank(config, batch) : startFeatures(config, parameters, batch)
  return { features, image: null }
}

/** A layer's first half: features ← block(features, x*), and the candidates made of them. */
export function propose(
  config: DdnConfig,
  spec: LayerSpec,
  { features: before, image: chosen }: State,
  parameters: Parameters,
  condition: Tensor | null = null,
): Proposal {
  const name = `layer${spec.index}`
  const image = chosen && grow(chosen, spec.size)
  const features = config.recurrent
    ? unet(
        condition
          ? concat([before, upsampleNearest(condition, spec.size / (condition.shape[2] as number))], 1)
          : before,
        {
          ...config,
          ...config.recurrent,
          name: 'unet',
          parameters,
        },
      )
    : enter(config, spec, before, image, parameters, condition)
  const { own, leak } = divide(config, features)
  const view = spec.features ? pointwise(own, spec.features, `${name}.view`, parameters) : own
  return proposalOf(config, spec, parameters, {
    view,
    features,
    leak,
    previous: config.residual ? image : null,
  })
}

/** The tensors that a proposal is made of, the parameters aside: what must be kept where a network is run in parts. */
export interface ProposalParts {
  /** What the candidates are linear in [N, C, S, S]. */
  view: Tensor
  features: Tensor
  leak: Tensor | null
  previous: Tensor | null
}

export function partsOf({ candidates, features, leak }: Proposal): ProposalParts {
  return { view: candidates.features, features, leak, previous: candidates.previous }
}

export function proposalOf(
  config: DdnConfig,
  spec: LayerSpec,
  parameters: Parameters,
  { view, features, leak, previous }: ProposalParts,
): Proposal {
  const weights = candidateWeights(config, spec, parameters, view.shape[1] as number, previous !== null)
  const candidates = { weights, features: view, patch: spec.patch, previous, channels: config.channels }
  return { candidates, features, leak }
}

/** The weights [K, P·C] of a layer's candidates, on C features. */
function candidateWeights(
  config: DdnConfig,
  spec: LayerSpec,
  parameters: Parameters,
  channels: number,
  correction: boolean,
): Tensor {
  // A correction starts small, or the first images are a sum of noise.
  const spread = (correction ? 0.2 : 1) / Math.sqrt(channels)
  const table = tablesOf(config)[config.recurrent ? 0 : spec.index].name
  const raw = parameters(table, [spec.K, config.channels * spec.patch ** 2 * channels], {
    normal: spread / config.candidateGain,
  })
  return config.candidateGain === 1 ? raw : mul(raw, config.candidateGain)
}

/** A layer's second half: x* ← candidate `index` [N], told to the features that go on. */
export function accept(
  config: DdnConfig,
  spec: LayerSpec,
  { candidates, features, leak }: Proposal,
  index: Tensor,
): State {
  const image = choose(candidates, index)
  const leaked = leak && paint(gather(candidates.weights, index), leak, spec.patch)
  if (config.recurrent) return { features: leaked ? concat([image, leaked], 1) : image, image }
  if (config.feedback === 'convolution') return { features, image }
  return { features: addToChannels(features, toPatches(image, spec.patch), leaked), image }
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
  condition: Tensor | null,
): Tensor {
  const name = `layer${spec.index}`
  const block = blocks[config.block]
  const options = { name, parameters, width: spec.width, groups: config.groups, bias: config.bias }
  const upsample = spec.grid / (features.shape[2] as number)
  const told =
    condition && spec.first && pointwise(fitted(condition, spec), spec.width, `${name}.condition`, parameters)
  if (config.feedback === 'channels') {
    const x = block(features, { ...options, upsample })
    return told ? add(x, told) : x
  }
  let x = upsampleNearest(features, upsample)
  if (x.shape[1] !== spec.width) x = pointwise(x, spec.width, `${name}.project`, parameters)
  if (image) x = add(x, pointwise(toPatches(image, spec.patch), spec.width, `${name}.feedback`, parameters))
  if (told) x = add(x, told)
  return block(x, { ...options, upsample: 1 })
}

/** A condition at a stage's size, its patches as channels; that of a class [N, classes, 1, 1] as it is. */
function fitted(condition: Tensor, { size, patch }: LayerSpec): Tensor {
  const from = condition.shape[2] as number
  if (from === 1) return condition
  const resized = from > size ? areaPool(condition, from / size) : upsampleNearest(condition, size / from)
  return toPatches(resized, patch)
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
