// The functions between two choices, rivals with the same signature: features in, features out.

import {
  add,
  areaPool,
  concat,
  conv2d,
  groupNorm,
  matmul,
  mul,
  reshape,
  silu,
  type Tensor,
  upsampleNearest,
} from '../graph/index.ts'
import { he, type Parameters } from '../nn/parameters.ts'

export interface BlockOptions {
  /** Prefix of the parameters' names. */
  name: string
  parameters: Parameters
  /** Channels that come out. */
  width: number
  /** The grid grows by this power of two before the block. */
  upsample: number
  groups: number
  bias: boolean
}

export type Block = (features: Tensor, options: BlockOptions) => Tensor

/** Halves the variance of a sum of two. */
const HALF_VARIANCE = Math.SQRT1_2
/** A branch starts (almost) silent, as in the paper. */
const SILENT = 1e-5

/**
 * The paper's block: √½ (skip(x) + conv₁(SiLU(norm(conv₀(up(SiLU(norm(x)))))))), 3×3 convolutions; the skip is
 * a 1×1 convolution where the size or the width changes. Source: DDN, arXiv 2401.00036; Karras et al., arXiv
 * 2206.00364.
 */
export const residual: Block = (x, { name, parameters, width, upsample, groups, bias }) => {
  const inner = x.shape[1] as number
  const conv = (t: Tensor, part: string, kernel: number, gain: number) => {
    const from = t.shape[1] as number
    const weight = parameters(`${name}.${part}.weight`, [width, from, kernel, kernel], {
      normal: gain / Math.sqrt(from * kernel * kernel),
    })
    const y = conv2d(t, weight)
    return bias
      ? add(y, reshape(parameters(`${name}.${part}.bias`, [width], { value: 0 }), [width, 1, 1]))
      : y
  }
  let h = silu(norm(x, `${name}.norm0`, parameters, groups))
  h = conv(upsampleNearest(h, upsample), 'conv0', 3, 1)
  h = conv(silu(norm(h, `${name}.norm1`, parameters, groups)), 'conv1', 3, SILENT)
  const skip = upsampleNearest(x, upsample)
  const kept = upsample > 1 || inner !== width ? conv(skip, 'skip', 1, 1) : skip
  return mul(add(kept, h), HALF_VARIANCE)
}

/**
 * A block of matrix products only, cheap on a CPU and as wide as the image in one step: with u = norm(x),
 *   x + W₂ SiLU(W₁ (u + u M) + b), M [T, T] mixing the T positions and W₁, W₂ the channels.
 * In the spirit of Tolstikhin et al., MLP-Mixer, arXiv 2105.01601.
 */
export const mixer: Block = (x, { name, parameters, width, upsample, groups }) => {
  let skip = upsampleNearest(x, upsample)
  if (skip.shape[1] !== width) {
    const from = skip.shape[1] as number
    skip = conv2d(
      skip,
      parameters(`${name}.skip.weight`, [width, from, 1, 1], { normal: 1 / Math.sqrt(from) }),
    )
  }
  const [n, , grid] = skip.shape as [number, number, number]
  const tokens = grid * grid
  const hidden = 2 * width
  const u = reshape(norm(skip, `${name}.norm`, parameters, groups), [n, width, tokens])
  const mix = parameters(`${name}.mix.weight`, [tokens, tokens], { normal: 1 / Math.sqrt(tokens) })
  const mixed = tokens === 1 ? u : add(u, matmul(u, mix))
  const into = parameters(`${name}.in.weight`, [hidden, width], he(width))
  const offset = parameters(`${name}.in.bias`, [hidden, 1], { value: 0 })
  const out = parameters(`${name}.out.weight`, [width, hidden], { normal: SILENT })
  const h = matmul(out, silu(add(matmul(into, mixed), offset)))
  return add(skip, reshape(h, skip.shape))
}

export interface UnetOptions extends Omit<BlockOptions, 'width' | 'upsample'> {
  /** Channels from the whole image down, halving the size each time. */
  widths: readonly number[]
  /** Residual blocks per level on each way. */
  blocks: number
}

/**
 * A U-Net of residual blocks: down by averaging, up by repeating, the features of the same size joined on the way
 * up. [N, c, s, s] → [N, widths[0], s, s]. Source: Ronneberger et al., arXiv 1505.04597.
 */
export function unet(x: Tensor, { widths, blocks: count, name, ...options }: UnetOptions): Tensor {
  const level = (t: Tensor, way: string, i: number) => {
    for (let j = 0; j < count; j++)
      t = residual(t, { ...options, name: `${name}.${way}${i}.${j}`, width: widths[i], upsample: 1 })
    return t
  }
  const from = x.shape[1] as number
  const weight = options.parameters(`${name}.stem.weight`, [widths[0], from, 1, 1], {
    normal: 1 / Math.sqrt(from),
  })
  const bias = reshape(options.parameters(`${name}.stem.bias`, [widths[0]], { value: 1 }), [widths[0], 1, 1])
  let h = add(conv2d(x, weight), bias)
  const joined: Tensor[] = []
  widths.forEach((_, i) => {
    h = level(i ? areaPool(h, 2) : h, 'down', i)
    joined.push(h)
  })
  for (let i = widths.length - 2; i >= 0; i--) h = level(concat([upsampleNearest(h), joined[i]], 1), 'up', i)
  return h
}

function norm(x: Tensor, name: string, parameters: Parameters, groups: number): Tensor {
  const channels = x.shape[1] as number
  const gamma = parameters(`${name}.weight`, [channels], { value: 1 })
  const beta = parameters(`${name}.bias`, [channels], { value: 0 })
  return groupNorm(x, Math.min(groups, channels), gamma, beta)
}

export const blocks: Readonly<Record<'residual' | 'mixer', Block>> = { residual, mixer }
