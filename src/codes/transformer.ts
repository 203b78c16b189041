// The transformer over codes as a prior: the network of transformer-network.ts in plain arithmetic, one code at a time,
// in the same bits on every machine.

import type { Layout } from '../nn/parameters.ts'
import { exp, softmax } from './deterministic-math.ts'
import type { Prior } from './prior.ts'
import { EPSILON, type TransformerConfig, transformerLayout } from './transformer-network.ts'

export { type TransformerConfig, transformerLayout, transformerSchema } from './transformer-network.ts'

/**
 * What all candidates of a layer share evenly, whatever the network says: so the code that it thinks impossible costs
 * 12 + log₂ K bits, and all others 0.0004.
 */
const EVEN = 2 ** -12

/**
 * p = (1 − ε) softmax(logits) + ε / K. Sums are float64 and in one fixed order; the only functions are √ and the
 * exponential of deterministic-math.ts.
 *
 * @param weights  in the order of `transformerLayout(config)`
 */
export function transformerPrior(config: TransformerConfig, weights: Float32Array): Prior {
  const { K } = config
  const network = new Network(config, weights)
  return {
    name: 'transformer',
    K,
    walk() {
      const path = network.begin()
      let here: Float64Array | null = null
      return {
        probabilities() {
          if (!here) {
            here = path.logits()
            softmax(here)
            for (let k = 0; k < here.length; k++) here[k] = here[k] * (1 - EVEN) + EVEN / here.length
          }
          return here
        },
        take(code) {
          path.take(code)
          here = null
        },
      }
    },
  }
}

/** The logits [N][L][K_l] of paths [N, L], each given the codes before it: what `transformerPrior` begins with. */
export function transformerLogits(
  config: TransformerConfig,
  weights: Float32Array,
  codes: Int32Array,
): Float64Array[][] {
  const network = new Network(config, weights)
  const L = config.K.length
  return Array.from({ length: codes.length / L }, (_, i) => {
    const path = network.begin()
    return config.K.map((_, l) => {
      const logits = path.logits()
      path.take(codes[i * L + l])
      return logits
    })
  })
}

/** W x + b; W [to, from], row by row. */
interface Linear {
  weight: Float64Array
  bias: Float64Array
}

/** γ and β. */
interface Norm {
  weight: Float64Array
  bias: Float64Array
}

interface Block {
  norm0: Norm
  attentionIn: Linear
  attentionOut: Linear
  norm1: Norm
  perceptronIn: Linear
  perceptronOut: Linear
}

class Network {
  readonly blocks: Block[]
  readonly norm: Norm
  readonly start: Float64Array
  /** [L, D] */
  readonly layers: Float64Array
  /** [Σ K_l, D] over all layers but the last, and [Σ K_l, D] over all. */
  readonly codes: Float64Array
  readonly candidates: Linear
  /** Row of a layer's first candidate in both tables. */
  readonly rows: number[]

  constructor(
    readonly config: TransformerConfig,
    weights: Float32Array,
  ) {
    const layout: Layout = transformerLayout(config)
    if (weights.length !== layout.size)
      throw new Error(`the transformer has ${layout.size} weights, not ${weights.length}`)
    if (weights.some(value => !Number.isFinite(value)))
      throw new Error('a weight of the transformer is no number')
    const { K, blocks } = config
    const read = (name: string) => Float64Array.from(layout.slice(weights, name))
    const pair = (name: string) => ({ weight: read(`${name}.weight`), bias: read(`${name}.bias`) })
    // The graph multiplies from the left: x W.
    const turned = (name: string) => {
      const { weight, bias } = pair(name)
      return { weight: transposed(weight, bias.length), bias }
    }
    this.blocks = Array.from({ length: blocks }, (_, i) => ({
      norm0: pair(`block${i}.norm0`),
      attentionIn: turned(`block${i}.attention.in`),
      attentionOut: turned(`block${i}.attention.out`),
      norm1: pair(`block${i}.norm1`),
      perceptronIn: turned(`block${i}.perceptron.in`),
      perceptronOut: turned(`block${i}.perceptron.out`),
    }))
    this.norm = pair('norm')
    this.start = read('start')
    this.layers = read('layers')
    this.codes = K.length > 1 ? read('codes') : new Float64Array()
    this.candidates = pair('candidates')
    this.rows = K.map((_, l) => K.slice(0, l).reduce((a, b) => a + b, 0))
  }

  begin(): Path {
    return new Path(this)
  }
}

/** On the way down: the keys and values of the layers so far. */
class Path {
  /** Codes taken, and how many layers the blocks have seen. */
  private readonly taken: number[] = []
  private seen = 0
  /** Keys and values of each block, [L, D] each. */
  private readonly keys: Float64Array[]
  private readonly values: Float64Array[]
  /** What the last block made of the last layer seen, [D]. */
  private readonly x: Float64Array

  constructor(private readonly network: Network) {
    const { K, width, blocks } = network.config
    const cache = () => Array.from({ length: blocks }, () => new Float64Array(K.length * width))
    this.keys = cache()
    this.values = cache()
    this.x = new Float64Array(width)
  }

  take(code: number) {
    this.taken.push(code)
  }

  /** Of the next layer, [K_l], a fresh array. */
  logits(): Float64Array {
    const { config, norm, candidates, rows } = this.network
    const l = this.taken.length
    while (this.seen <= l) this.advance()
    const last = normalised(this.x, norm)
    return linear(last, candidates, rows[l], config.K[l])
  }

  /** One more layer through all blocks. */
  private advance() {
    const { x, network } = this
    const { config, blocks, start, layers, codes, rows } = network
    const { width } = config
    const l = this.seen++
    const [table, row] = l === 0 ? [start, 0] : [codes, rows[l - 1] + this.taken[l - 1]]
    for (let i = 0; i < width; i++) x[i] = table[row * width + i] + layers[l * width + i]
    blocks.forEach((block, b) => {
      const all = linear(normalised(x, block.norm0), block.attentionIn)
      this.keys[b].set(all.subarray(width, 2 * width), l * width)
      this.values[b].set(all.subarray(2 * width), l * width)
      addTo(x, linear(this.attention(b, all, l), block.attentionOut))
      const hidden = linear(normalised(x, block.norm1), block.perceptronIn)
      for (let i = 0; i < hidden.length; i++) hidden[i] /= 1 + exp(-hidden[i])
      addTo(x, linear(hidden, block.perceptronOut))
    })
  }

  /** Of the query [D] at layer l, all heads side by side. */
  private attention(b: number, query: Float64Array, l: number): Float64Array {
    const { width, heads } = this.network.config
    const [keys, values] = [this.keys[b], this.values[b]]
    const each = width / heads
    const scale = 1 / Math.sqrt(each)
    const seen = new Float64Array(width)
    const scores = new Float64Array(l + 1)
    for (let h = 0; h < width; h += each) {
      for (let j = 0; j <= l; j++) {
        let product = 0
        for (let i = h; i < h + each; i++) product += query[i] * keys[j * width + i]
        scores[j] = product * scale
      }
      softmax(scores)
      for (let j = 0; j <= l; j++)
        for (let i = h; i < h + each; i++) seen[i] += scores[j] * values[j * width + i]
    }
    return seen
  }
}

/** γ (x − μ) / √(σ² + ε) + β */
function normalised(x: Float64Array, { weight, bias }: Norm): Float64Array {
  let sum = 0
  for (let i = 0; i < x.length; i++) sum += x[i]
  const mean = sum / x.length
  let squares = 0
  for (let i = 0; i < x.length; i++) squares += (x[i] - mean) * (x[i] - mean)
  const scale = 1 / Math.sqrt(squares / x.length + EPSILON)
  const y = new Float64Array(x.length)
  for (let i = 0; i < x.length; i++) y[i] = (x[i] - mean) * scale * weight[i] + bias[i]
  return y
}

/**
 * W x + b for rows `first` to `first + count` of W. Each is a plain sum from left to right, whatever stands beside it:
 * that four go at once is for speed alone.
 */
function linear(x: Float64Array, { weight, bias }: Linear, first = 0, count = bias.length): Float64Array {
  const from = x.length
  const y = bias.slice(first, first + count)
  let row = 0
  for (; row + 4 <= count; row += 4) {
    const at0 = (first + row) * from
    const [at1, at2, at3] = [at0 + from, at0 + 2 * from, at0 + 3 * from]
    let [s0, s1, s2, s3] = [y[row], y[row + 1], y[row + 2], y[row + 3]]
    for (let i = 0; i < from; i++) {
      const value = x[i]
      s0 += value * weight[at0 + i]
      s1 += value * weight[at1 + i]
      s2 += value * weight[at2 + i]
      s3 += value * weight[at3 + i]
    }
    y[row] = s0
    y[row + 1] = s1
    y[row + 2] = s2
    y[row + 3] = s3
  }
  for (; row < count; row++) {
    const at = (first + row) * from
    for (let i = 0; i < from; i++) y[row] += x[i] * weight[at + i]
  }
  return y
}

/** [columns, rows] of [rows, columns]. */
function transposed(x: Float64Array, columns: number): Float64Array {
  const rows = x.length / columns
  return x.map((_, i) => x[(i % rows) * columns + Math.floor(i / rows)])
}

function addTo(x: Float64Array, y: Float64Array) {
  for (let i = 0; i < x.length; i++) x[i] += y[i]
}
