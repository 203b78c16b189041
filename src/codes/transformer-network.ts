// The transformer over codes as a graph: what it is made of, its logits, and the program that trains it.

import { z } from 'zod'
import {
  add,
  cast,
  concat,
  constant,
  expand,
  gather,
  greaterOrEqual,
  input,
  int64,
  layerNorm,
  matmul,
  mul,
  pick,
  randomUniform,
  reduceLogSumExp,
  reduceSum,
  reshape,
  scalar,
  silu,
  slice,
  softmax,
  split,
  sub,
  type Tensor,
  transpose,
} from '../graph/index.ts'
import type { AdamSettings } from '../nn/adam.ts'
import { Layout, type Parameters } from '../nn/parameters.ts'
import { trainingProgram, weightsOf } from '../nn/training-program.ts'
import type { Program } from '../runtime/index.ts'

export const transformerSchema = z
  .strictObject({
    /** Candidates of each layer. */
    K: z.array(z.number().int().min(1).max(65536)).min(1).max(4096),
    /** Length D of the vectors. */
    width: z.number().int().min(1).max(4096).default(64),
    /** Of attention and perceptron. */
    blocks: z.number().int().min(0).max(64).default(2),
    /** Heads of the attention; they share the width evenly. */
    heads: z.number().int().min(1).max(256).default(4),
  })
  .refine(({ width, heads }) => width % heads === 0, 'width must be a multiple of heads')

export type TransformerConfig = z.output<typeof transformerSchema>

/** Units of a perceptron's hidden layer per unit of width. */
export const HIDDEN = 4

/** What is added under the root of a normalisation. */
export const EPSILON = 1e-5

/** Small rows turn fast: at Adam's steps of about the learning rate, rows of length 1 would hardly move in a short run. */
const QUIET = { normal: 0.02 }

/** Where the parameters stand in the vector, by name. */
export function transformerLayout(config: TransformerConfig): Layout {
  return Layout.of(parameters => logitsOf(codesInput(config, 1), config, parameters))
}

/**
 * One training step on `codes` [N, L] int32, with `seed` (int64 scalar) for what is dropped: the cross-entropy in nats,
 * the mean over paths and layers. Outputs: `loss`.
 */
export function transformerStep(
  config: TransformerConfig,
  layout: Layout,
  { batch, dropout, optimiser }: { batch: number; dropout: number; optimiser: AdamSettings },
): Program {
  return trainingProgram(layout, optimiser, parameters => {
    const codes = codesInput(config, batch)
    const logits = logitsOf(codes, config, parameters, dropping(dropout))
    const loss = mul(reduceSum(natsOf(logits, codes, config)), 1 / (batch * config.K.length))
    return { loss, outputs: { loss } }
  })
}

/** The state `parameters` or `values`; input `codes` [batch, L] int32; output `nats` [L, batch]: −ln p of every code. */
export function transformerNats(
  config: TransformerConfig,
  layout: Layout,
  { batch, values }: { batch: number; values?: Float32Array },
): Program {
  const { parameters, state } = weightsOf(layout, values)
  const codes = codesInput(config, batch)
  return { outputs: { nats: natsOf(logitsOf(codes, config, parameters), codes, config) }, state }
}

/**
 * The logits of every code given those before it, of codes [N, L] int32: a vector for the code of the layer before
 * (at the first layer, one of its own) and one for the layer; blocks x + attention(norm(x)), then x + perceptron(norm(x)),
 * in which a layer sees itself and those before it; a table of candidates per layer against the last norm.
 * Layers next to each other with the same K come together: [layers, N, K].
 * Source: Vaswani et al., arXiv 1706.03762; norms before the branches as in Xiong et al., arXiv 2002.04745.
 */
export function logitsOf(
  codes: Tensor,
  config: TransformerConfig,
  parameters: Parameters,
  drop: (x: Tensor) => Tensor = x => x,
): Tensor[] {
  const { K, width, blocks, heads } = config
  const [n, L] = codes.shape as [number, number]
  const linear = (x: Tensor, name: string, to: number) => {
    const from = x.shape[x.rank - 1] as number
    const weight = parameters(`${name}.weight`, [from, to], { normal: 1 / Math.sqrt(from) })
    return add(matmul(x, weight), parameters(`${name}.bias`, [to], { value: 0 }))
  }
  const norm = (x: Tensor, name: string) =>
    layerNorm(
      x,
      parameters(`${name}.weight`, [width], { value: 1 }),
      parameters(`${name}.bias`, [width], { value: 0 }),
      EPSILON,
    )
  const attention = (x: Tensor, name: string) => {
    const each = width / heads
    const apart = reshape(linear(x, `${name}.in`, 3 * width), [n, L, 3, heads, each])
    const [query, key, value] = split(transpose(apart, [2, 0, 3, 1, 4]), [1, 1, 1], 0).map(part =>
      reshape(part, [n, heads, L, each]),
    )
    const scores = matmul(query, key, { transposeB: true, alpha: 1 / Math.sqrt(each) })
    const seen = matmul(softmax(add(scores, future(L))), value)
    return linear(reshape(transpose(seen, [0, 2, 1, 3]), [n, L, width]), `${name}.out`, width)
  }

  let x = drop(add(before(codes, config, parameters), parameters('layers', [L, width], QUIET)))
  for (let i = 0; i < blocks; i++) {
    x = add(x, drop(attention(norm(x, `block${i}.norm0`), `block${i}.attention`)))
    const hidden = silu(linear(norm(x, `block${i}.norm1`), `block${i}.perceptron.in`, HIDDEN * width))
    x = add(x, drop(linear(hidden, `block${i}.perceptron.out`, width)))
  }
  const last = transpose(drop(norm(x, 'norm')), [1, 0, 2]) // [L, N, D]
  const rows = K.reduce((a, b) => a + b)
  const table = parameters('candidates.weight', [rows, width], QUIET)
  const bias = parameters('candidates.bias', [rows], { value: 0 })
  const groups = groupsOf(K)
  const sizes = groups.map(({ layers, K }) => layers * K)
  const tables = split(table, sizes, 0)
  const biases = split(bias, sizes, 0)
  const parts = split(
    last,
    groups.map(({ layers }) => layers),
    0,
  )
  return groups.map(({ layers, K }, i) =>
    add(
      matmul(parts[i], reshape(tables[i], [layers, K, width]), { transposeB: true }),
      reshape(biases[i], [layers, 1, K]),
    ),
  )
}

/** The vectors [N, L, D] of the codes before each layer. */
function before(codes: Tensor, { K, width }: TransformerConfig, parameters: Parameters): Tensor {
  const [n, L] = codes.shape as [number, number]
  const start = expand(reshape(parameters('start', [width], QUIET), [1, 1, width]), [n, 1, width])
  if (L === 1) return start
  const starts = K.map((_, l) => K.slice(0, l).reduce((a, b) => a + b, 0))
  const table = parameters('codes', [starts[L - 1], width], QUIET)
  const rows = add(slice(cast(codes, 'int64'), 1, 0, L - 1), int64(starts.slice(0, -1), [1, L - 1]))
  return concat([start, gather(table, rows)], 1)
}

/** −ln softmax(logits)[code], [L, N]. */
function natsOf(logits: readonly Tensor[], codes: Tensor, { K }: TransformerConfig): Tensor {
  const targets = split(
    cast(transpose(codes, [1, 0]), 'int64'),
    groupsOf(K).map(({ layers }) => layers),
    0,
  )
  const nats = logits.map((part, i) =>
    sub(reduceLogSumExp(part, [2]), reshape(pick(part, targets[i]), targets[i].shape)),
  )
  return concat(nats, 0)
}

/** Layers next to each other that have the same number of candidates. */
function groupsOf(K: readonly number[]): { K: number; layers: number }[] {
  const groups: { K: number; layers: number }[] = []
  for (const k of K) {
    const last = groups[groups.length - 1]
    if (last?.K === k) last.layers++
    else groups.push({ K: k, layers: 1 })
  }
  return groups
}

/** [L, L], added to the scores: 0 for what a layer sees, and e^−1e9 is 0 for the layers after it. */
function future(L: number): Tensor {
  return constant(
    Float32Array.from({ length: L * L }, (_, i) => (i % L > Math.floor(i / L) ? -1e9 : 0)),
    [L, L],
  )
}

/** Values set to 0 by chance, the others made larger by as much. Source: Srivastava et al., JMLR 15, 2014. */
function dropping(share: number): (x: Tensor) => Tensor {
  if (share === 0) return x => x
  const seed = input('seed', [], 'int64')
  let place = 0
  return x => {
    const uniform = randomUniform(add(seed, scalar(place++, 'int64')), x.shape as number[])
    return mul(x, mul(cast(greaterOrEqual(uniform, share), 'float32'), 1 / (1 - share)))
  }
}

function codesInput({ K }: TransformerConfig, batch: number): Tensor {
  return input('codes', [batch, K.length], 'int32')
}
