// How the transformer over codes is trained: its steps, and when it is at its best.

import { batches, permutation, random } from '../data/rng.ts'
import { type AdamSettings, adamRate } from '../nn/adam.ts'
import type { Layout } from '../nn/parameters.ts'
import { compile, type Feed, type RuntimeOptions, type Step } from '../runtime/index.ts'
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
  /** Adam's learning rate at its peak. Default 0.002. */
  rate?: number
  /** Chance of a value to be left out in training. Default 0.1. */
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
}

/**
 * Trains a transformer on paths [N, L] by Adam with warm-up and a cosine down to 0, and gives the averaged weights that
 * were best on the tenth of the paths that is held out. It begins where every layer has the code's own frequencies.
 */
export async function trainTransformer(
  K: readonly number[],
  codes: Int32Array,
  options: TransformerOptions = {},
): Promise<TrainedTransformer> {
  const { seed = 0, batch = 128, rate = 2e-3, dropout = 0.1, heldOut = 0.1, runtime = {}, onStep } = options
  const { width, blocks, heads } = options
  const config = transformerSchema.parse({ K: [...K], width, blocks, heads })
  const L = K.length
  const [held, trained] = divide(codes, L, heldOut, seed)
  const layout = transformerLayout(config)
  const step = await compile(transformerStep(config, layout, { batch, dropout, optimiser: ADAM }), runtime)
  const nats = await compile(transformerNats(config, layout, { batch: AT_ONCE }), runtime)
  try {
    const initial = initialWeights(config, layout, trained, seed)
    await step.write('parameters', initial)
    await step.write('average', initial)
    const sampler = batches(trained.length / L, batch, random(seed, 'batches'))
    const chance = random(seed, 'dropout')
    const budget = budgetOf(options)
    const started = performance.now()
    const seconds = () => (performance.now() - started) / 1000
    const look = async (weights: Float32Array) => bitsOf(nats, weights, held, L)
    let best = { weights: initial, bits: await look(initial), step: 0 }
    let [progress, looks, worse] = [0, 0, 0]
    for (let t = 1; progress < 1 && worse < PATIENCE; t++) {
      const learning = rate * Math.min(1, t / WARM_UP) * 0.5 * (1 + Math.cos(Math.PI * progress))
      const scaled = adamRate(learning, t, ADAM)
      const averageDecay = Math.min(AVERAGE_DECAY, (1 + t) / (10 + t))
      const rows = Array.from(sampler.next(), row => trained.subarray(row * L, (row + 1) * L))
      const feeds: Record<string, Feed> = {
        codes: { data: Int32Array.from(rows.flatMap(row => [...row])), shape: [batch, L] },
        rate: { data: Float32Array.of(scaled.rate), shape: [] },
        epsilon: { data: Float32Array.of(scaled.epsilon), shape: [] },
        averageDecay: { data: Float32Array.of(averageDecay), shape: [] },
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
    return { config, ...best }
  } finally {
    await step.close()
    await nats.close()
  }
}

const ADAM: AdamSettings = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, clipNorm: 1 }
const AVERAGE_DECAY = 0.998

/** Steps until the learning rate is at its peak. */
const WARM_UP = 100

/** How often the held-out paths are looked at, and after how many looks in vain there is no more to hope for. */
const LOOKS = 30
const PATIENCE = 8

/** Held-out paths at a time, and at most. */
const AT_ONCE = 256
const MOST_HELD_OUT = 2048

/** The paths that are held out, and the others; drawn by the seed. */
function divide(codes: Int32Array, L: number, share: number, seed: number): [Int32Array, Int32Array] {
  const count = codes.length / L
  if (!(share > 0 && share < 1)) throw new Error(`invalid heldOut: ${share}; give a share between 0 and 1`)
  const held = Math.min(MOST_HELD_OUT, Math.max(1, Math.round(share * count)))
  if (!Number.isInteger(count) || count < 2)
    throw new Error(`${codes.length} codes are not two or more paths of ${L}: there is nothing to train on`)
  const order = permutation(count, random(seed, 'held out'))
  const rows = (numbers: Int32Array) => {
    const part = new Int32Array(numbers.length * L)
    numbers.forEach((row, i) => {
      part.set(codes.subarray(row * L, (row + 1) * L), i * L)
    })
    return part
  }
  return [rows(order.subarray(0, held)), rows(order.subarray(held))]
}

/** Fresh weights, but that every candidate's bias is the logarithm of its share (one more of each, that none is 0). */
function initialWeights(
  config: TransformerConfig,
  layout: Layout,
  codes: Int32Array,
  seed: number,
): Float32Array {
  const { K } = config
  const L = K.length
  const weights = layout.initialise(random(seed, 'weights'))
  const bias = layout.slice(weights, 'candidates.bias')
  let start = 0
  K.forEach((k, l) => {
    const own = new Float64Array(k).fill(1)
    for (let i = l; i < codes.length; i += L) own[codes[i]]++
    own.forEach((n, code) => {
      bias[start + code] = Math.log((n * k) / (codes.length / L + k))
    })
    start += k
  })
  return weights
}

/** Bits per path. The last few paths fill their batch by being there twice, and count once. */
async function bitsOf(nats: Step, weights: Float32Array, codes: Int32Array, L: number): Promise<number> {
  await nats.write('parameters', weights)
  const count = codes.length / L
  let sum = 0
  for (let from = 0; from < count; from += AT_ONCE) {
    const data = Int32Array.from({ length: AT_ONCE * L }, (_, i) => codes[(from * L + i) % codes.length])
    const outputs = await nats.run({ codes: { data, shape: [AT_ONCE, L] } })
    for (let l = 0; l < L; l++)
      for (let i = 0; i < Math.min(AT_ONCE, count - from); i++) sum += outputs.nats[l * AT_ONCE + i] as number
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
