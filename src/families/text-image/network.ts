// The two encoders: a picture and a text each become a vector of unit norm, near each other where they belong together.

import {
  add,
  areaPool,
  cast,
  concat,
  conv2d,
  type Dim,
  div,
  gather,
  greater,
  groupNorm,
  input,
  layerNorm,
  matmul,
  maximum,
  mul,
  reduceSum,
  reduceSumSquare,
  reshape,
  silu,
  slice,
  sqrt,
  type Tensor,
  toPatches,
} from '../../graph/index.ts'
import type { AdamSettings } from '../../nn/adam.ts'
import { Layout, type Parameters } from '../../nn/parameters.ts'
import { trainingProgram, weightsOf } from '../../nn/training-program.ts'
import type { Program } from '../../runtime/index.ts'
import type { TextImageConfig } from './config.ts'
import { infoNce } from './loss.ts'
import { rowsOf, type Tokenizer, tokenizerOf } from './tokenizer.ts'

/** A residual branch starts almost silent. */
const SILENT = 1e-2

/** Small rows turn fast: at Adam's steps of about the learning rate, rows of length 1 would hardly move in a short run. */
const QUIET = { normal: 0.02 }

/**
 * images [N, c, s, s] in [−1, 1] → [N, D] of unit norm: 2×2 patches → 3×3 convolution → stages of residual blocks
 * x + conv(SiLU(norm(conv(SiLU(norm(x)))))), each stage at half the grid of the one before → one linear layer on all that
 * the last stage sees.
 */
export function imageEncoder(images: Tensor, config: TextImageConfig, parameters: Parameters): Tensor {
  const { widths, depths, groups, embedding } = config
  const conv = (x: Tensor, name: string, width: number, kernel: number, gain = 1) => {
    const from = x.shape[1] as number
    const init = { normal: gain / Math.sqrt(from * kernel * kernel) }
    return conv2d(x, parameters(`image.${name}.weight`, [width, from, kernel, kernel], init))
  }
  const activated = (x: Tensor, name: string) => {
    const channels = x.shape[1] as number
    const gamma = parameters(`image.${name}.weight`, [channels], { value: 1 })
    const beta = parameters(`image.${name}.bias`, [channels], { value: 0 })
    return silu(groupNorm(x, Math.min(groups, channels), gamma, beta))
  }
  let h = conv(toPatches(images, 2), 'stem', widths[0], 3)
  widths.forEach((width, stage) => {
    if (stage > 0) h = conv(areaPool(h, 2), `stage${stage}.widen`, width, 1)
    for (let i = 0; i < depths[stage]; i++) {
      const name = `stage${stage}.${i}`
      const inner = conv(activated(h, `${name}.norm0`), `${name}.conv0`, width, 3)
      h = add(h, conv(activated(inner, `${name}.norm1`), `${name}.conv1`, width, 3, SILENT))
    }
  })
  const [n, width, grid] = h.shape as [Dim, number, number]
  const features = reshape(activated(h, 'norm'), [n, width * grid * grid])
  return unit(linear(features, 'image.out', embedding, parameters))
}

/**
 * tokens [N, W, T] int32 (see tokenizer.ts) → [N, D] of unit norm. A word is its own row of the table plus the mean
 * of its pieces' rows, a text the mean of its words; then a perceptron of two layers. A bag of words and pieces as in
 * Joulin et al., arXiv 1607.01759. A text without any token gives the vector of no words at all.
 */
export function textEncoder(tokens: Tensor, config: TextImageConfig, parameters: Parameters): Tensor {
  const { embedding, wordWidth, textHidden } = config
  const [n, count, length] = tokens.shape as [Dim, number, number]
  const table = parameters('text.table', [rowsOf(tokenizerOfNetwork(config)), wordWidth], QUIET)
  const present = cast(greater(tokens, 0), 'float32')
  const pieces = slice(present, 2, 1, length)
  const pieceShare = div(pieces, maximum(reduceSum(pieces, [2], true), 1))
  const words = cast(greater(reduceSum(present, [2], true), 0), 'float32') // [N, W, 1]
  const wordShare = div(words, maximum(reduceSum(words, [1], true), 1))
  const share = mul(concat([slice(present, 2, 0, 1), pieceShare], 2), wordShare) // [N, W, T]
  const rows = gather(table, reshape(cast(tokens, 'int64'), [n, count * length])) // [N, W·T, D′]
  const mean = reshape(matmul(reshape(share, [n, 1, count * length]), rows), [n, wordWidth])
  const gamma = parameters('text.norm.weight', [wordWidth], { value: 1 })
  const beta = parameters('text.norm.bias', [wordWidth], { value: 0 })
  const hidden = silu(linear(layerNorm(mean, gamma, beta), 'text.in', textHidden, parameters))
  return unit(linear(hidden, 'text.out', embedding, parameters))
}

/** The tokenizer of a network; throws where the data have not been asked yet. */
export function tokenizerOfNetwork({ vocabulary }: TextImageConfig): Tokenizer {
  if (vocabulary === undefined)
    throw new Error('network.vocabulary is missing: it comes from the data, or name the words')
  return tokenizerOf(vocabulary.split(' '))
}

/** Where the parameters of both encoders and the scale of the loss stand in the vector. */
export function textImageLayout(config: TextImageConfig): Layout {
  return Layout.of(parameters => {
    imageEncoder(imagesInput(config, 1), config, parameters)
    textEncoder(tokensInput(config, 1), config, parameters)
    scaleOf(parameters)
  })
}

/**
 * One training step on `images` [N, c, s, s], their captions' `tokens` [N, W, T] int32, and `excluded` [N, N] (see
 * loss.ts). Outputs: `loss`.
 */
export function textImageStep(
  config: TextImageConfig,
  layout: Layout,
  batch: number,
  settings: AdamSettings,
): Program {
  return trainingProgram(layout, settings, parameters => {
    const images = imageEncoder(imagesInput(config, batch), config, parameters)
    const texts = textEncoder(tokensInput(config, batch), config, parameters)
    const loss = infoNce(images, texts, scaleOf(parameters), input('excluded', [batch, batch]))
    return { loss, outputs: { loss } }
  })
}

export interface EncoderOptions {
  /** Images or texts at a time; a name leaves it open. */
  batch: Dim
  /** The weights; absent: the state `parameters`. */
  values?: Float32Array
}

/** Input `images` [N, c, s, s], output `embeddings` [N, D] of unit norm. */
export function imageProgram(
  config: TextImageConfig,
  layout: Layout,
  { batch, values }: EncoderOptions,
): Program {
  const { parameters, state } = weightsOf(layout, values)
  return { outputs: { embeddings: imageEncoder(imagesInput(config, batch), config, parameters) }, state }
}

/** Input `tokens` [N, W, T] int32, output `embeddings` [N, D] of unit norm. */
export function textProgram(
  config: TextImageConfig,
  layout: Layout,
  { batch, values }: EncoderOptions,
): Program {
  const { parameters, state } = weightsOf(layout, values)
  return { outputs: { embeddings: textEncoder(tokensInput(config, batch), config, parameters) }, state }
}

function imagesInput({ channels, size }: TextImageConfig, batch: Dim): Tensor {
  return input('images', [batch, channels, size, size])
}

function tokensInput(config: TextImageConfig, batch: Dim): Tensor {
  return input('tokens', [batch, ...tokenizerOfNetwork(config).shape], 'int32')
}

/** The logarithm of the loss's scale; CLIP's starting value, ln(1 / 0.07). */
function scaleOf(parameters: Parameters): Tensor {
  return parameters('logScale', [], { value: Math.log(1 / 0.07) })
}

/** x [N, from] → x W + b [N, to] */
function linear(x: Tensor, name: string, to: number, parameters: Parameters): Tensor {
  const from = x.shape[1] as number
  const weight = parameters(`${name}.weight`, [from, to], { normal: 1 / Math.sqrt(from) })
  return add(matmul(x, weight), parameters(`${name}.bias`, [to], { value: 0 }))
}

/** x / ‖x‖ along the last axis. */
function unit(x: Tensor): Tensor {
  return div(x, sqrt(add(reduceSumSquare(x, [1], true), 1e-12)))
}
