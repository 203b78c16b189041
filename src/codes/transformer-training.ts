// How the transformer over codes is trained: its steps, and when it is at its best.

import { batches, permutation, random } from '../data/rng.ts'
import { type AdamSettings, adamRate } from '../nn/adam.ts'
import type { Layout } from '../nn/parameters.ts'
import { compile, type Feed, type RuntimeOptions, type Step } from '../runtime/index.ts'
import { countPaths } from './contexts.ts'
import { countsPrior, fitCounts } from './counts.ts'
import { fitShares } from './mixture.ts'
import { transformerPrior } from './transformer.ts'
import {
  type TransformerConfig,
  transformerLayout,
  transformerNats,
  transformerSchema,
  transformerStep,
} from './transformer-network.ts'

export interface TransformerOptions {
  /** Of the first weights, the batches, what is dropped and what is held out. Default 0. */
  seed?: number
  /** How long at most: by the clock, or in steps, which give the same weights again. Default: 3 minutes. */
  minutes?: number
  steps?: number
  /** Of the network: see `transformerSchema`. */
  width?: number
  blocks?: number
  heads?: number
  /** Paths of a step. Default 128. */
  batch?: number
  /** Adam's learning rate at its peak. Default 0.003. */
  rate?: number
  /** Chance of a value to be left out in training. Default 0.15. */
  dropout?: number
  /** Share of the paths that are not trained on, and by which the best weights are found. Default 0.1. */
  heldOut?: number
  /** Called after every step. */
  onStep?: (report: TransformerReport) => void
  runtime?: RuntimeOptions
}

/** What a step did, and how far the training is. */
export interface TransformerReport {
  /** From 1. */
  step: number
  seconds: number
  /** Share of the budget used, in [0, 1]. */
  progress: number
  /** Bits per path of the batch, with the weights before the step and what was dropped. */
  bits: number
  /** Bits per path held out, where this step was followed by looking. */
  heldOutBits?: number
}

export interface TrainedTransformer {
  config: TransformerConfig
  /** In the order of `transformerLayout(config)`: the averaged weights at their best. */
  weights: Float32Array
  /** Bits per path held out under these weights. */
  bits: number
  /** The step after which they stood so. */
  step: number
  /** For every layer the shares of transformer and counts in a mixture of both, by the paths held out. */
  shares: number[][]
}

/**
 * Trains a transformer on paths [N, L] by Adam with warm-up and a cosine down to 0, and gives the averaged weights that
 * were best on the paths that are held out, a tenth. It begins where every layer has its marginal.
 *
 * Few paths are better remembered than generalised: `mixedPrior([transformerPrior(config, weights), countsPrior(K, codes)],
 * shares)` is at every layer about as good as the better of both, where the paths can be kept.
 */
export async function trainTransformer(
  K: readonly number[],
  codes: Int32Array,
  options: TransformerOptions = {},
): Promise<TrainedTransformer> {
  const { seed = 0, batch = 128, rate = 3e-3, dropout = 0.15, heldOut = 0.1, runtime = {}, onStep } = options
  const { width, blocks, heads } = options
  const config = transformerSchema.parse({ K: [...K], width, blocks, heads })
  const L = K.length
  const budget = budgetOf(options)
  const [held, trained] = divide(K, codes, heldOut, seed)
  const layout = transformerLayout(config)
  const step = await compile(transformerStep(config, layout, { batch, dropout, optimiser: ADAM }), runtime)
  const atOnce = Math.min(AT_ONCE, held.length / L)
  const nats = await compile(transformerNats(config, layout, { batch: atOnce }), runtime)
  try {
    const initial = initialWeights(config, layout, trained, seed)
    await step.write('parameters', initial)
    await step.write('average', initial)
    const sampler = batches(trained.length / L, batch, random(seed, 'batches'))
    const chance = random(seed, 'dropout')
    const started = performance.now()
    const seconds = () => (performance.now() - started) / 1000
    const look = async (weights: Float32Array) => bitsOf(nats, atOnce, weights, held, L)
    let best = { weights: initial, bits: await look(initial), step: 0 }
    let [progress, looks, worse] = [0, 0, 0]
    for (let t = 1; progress < 1 && worse < PATIENCE; t++) {
      const feeds: Record<string, Feed> = {
        codes: { data: rowsOf(trained, L, sampler.next()), shape: [batch, L] },
        ...scheduled(rate, t, progress),
      }
      if (dropout > 0) feeds.seed = { data: BigInt64Array.of(BigInt(chance.int(2 ** 32)) << 8n), shape: [] }
      const { loss } = await step.run(feeds)
      const report: TransformerReport = {
        step: t,
        seconds: seconds(),
        progress: budget(t, seconds()),
        bits: ((loss[0] as number) * L) / Math.LN2,
      }
      if (!Number.isFinite(report.bits))
        throw new Error(`step ${t}: the loss is ${loss[0]}; try a smaller rate`)
      progress = report.progress
      if (progress >= (looks + 1) / LOOKS) {
        looks = Math.floor(progress * LOOKS)
        const weights = (await step.read('average')).slice()
        report.heldOutBits = await look(weights)
        worse++
        if (report.heldOutBits < best.bits) {
          best = { weights, bits: report.heldOutBits, step: t }
          worse = 0
        }
      }
      onStep?.(report)
    }
    const priors = [transformerPrior(config, best.weights), countsPrior(K, trained)]
    return { config, ...best, shares: fitShares(priors, held.subarray(0, MOST_SHARED * L)) }
  } finally {
    await step.close()
    await nats.close()
  }
}

const ADAM: AdamSettings = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, clipNorm: 1 }
const AVERAGE_DECAY = 0.998

/** Steps until the learning rate is at its peak. */
const WARM_UP = 50

/** How often the held-out paths are looked at, and after how many looks in vain there is no more to hope for. */
const LOOKS = 30
const PATIENCE = 10

/** Held-out paths at a time, and at most. */
const AT_ONCE = 256
const MOST_HELD_OUT = 2048

/** Paths that the shares are fitted on, at most. */
const MOST_SHARED = 1000

/** What Adam is fed at step t. */
function scheduled(peak: number, t: number, progress: number): Record<string, Feed> {
  const now = peak * Math.min(1, t / WARM_UP) * 0.5 * (1 + Math.cos(Math.PI * progress))
  const { rate, epsilon } = adamRate(now, t, ADAM)
  const averageDecay = Math.min(AVERAGE_DECAY, (1 + t) / (10 + t))
  const scalar = (value: number) => ({ data: Float32Array.of(value), shape: [] })
  return { rate: scalar(rate), epsilon: scalar(epsilon), averageDecay: scalar(averageDecay) }
}

/** The paths that are held out, and the others; drawn by the seed. */
function divide(
  K: readonly number[],
  codes: Int32Array,
  share: number,
  seed: number,
): [held: Int32Array, trained: Int32Array] {
  const L = K.length
  const count = countPaths(K, codes)
  if (!(share > 0 && share < 1)) throw new Error(`invalid heldOut: ${share}; give a share between 0 and 1`)
  const held = Math.min(MOST_HELD_OUT, Math.max(1, Math.round(share * count)))
  if (held === count)
    throw new Error(`${count} paths, of which ${held} are held out: there is nothing to train on`)
  const order = permutation(count, random(seed, 'held out'))
  return [rowsOf(codes, L, order.subarray(0, held)), rowsOf(codes, L, order.subarray(held))]
}

/** The paths of these numbers, [numbers, L]. */
function rowsOf(codes: Int32Array, L: number, numbers: Int32Array): Int32Array {
  const rows = new Int32Array(numbers.length * L)
  numbers.forEach((row, i) => {
    rows.set(codes.subarray(row * L, (row + 1) * L), i * L)
  })
  return rows
}

/** Fresh weights, but that the candidates' biases are the logarithms of the marginals. */
function initialWeights(
  config: TransformerConfig,
  layout: Layout,
  codes: Int32Array,
  seed: number,
): Float32Array {
  const { K } = config
  const weights = layout.initialise(random(seed, 'weights'))
  const marginal = countsPrior(K, codes, fitCounts(K, codes, { longest: 0 })).walk()
  const shares = K.flatMap(() => {
    const own = [...marginal.probabilities()]
    marginal.take(0)
    return own.map(p => p * own.length)
  })
  layout.slice(weights, 'candidates.bias').set(shares.map(Math.log))
  return weights
}

/** Bits per path, so many at a time. The last few fill their batch by being there twice, and count once. */
async function bitsOf(
  nats: Step,
  batch: number,
  weights: Float32Array,
  codes: Int32Array,
  L: number,
): Promise<number> {
  await nats.write('parameters', weights)
  const count = codes.length / L
  let sum = 0
  for (let from = 0; from < count; from += batch) {
    const data = Int32Array.from({ length: batch * L }, (_, i) => codes[(from * L + i) % codes.length])
    const outputs = await nats.run({ codes: { data, shape: [batch, L] } })
    for (let l = 0; l < L; l++)
      for (let i = 0; i < Math.min(batch, count - from); i++) sum += outputs.nats[l * batch + i] as number
  }
  return sum / count / Math.LN2
}

/** The share of the budget that is used after so many steps and seconds. */
function budgetOf({ steps, minutes }: TransformerOptions): (step: number, seconds: number) => number {
  if (steps !== undefined && minutes !== undefined)
    throw new Error(`a budget of ${steps} steps and of ${minutes} minutes: give one of them`)
  const most = steps ?? (minutes ?? 3) * 60
  if (!(most > 0)) throw new Error(`invalid budget: ${steps ?? minutes}; give a number above 0`)
  return (step, seconds) => Math.min(1, (steps === undefined ? seconds : step) / most)
}
