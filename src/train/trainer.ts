// The training loop of a DDN, one step at a time: what a run folder, a page and a test drive alike.

import type { Images } from '../data/dataset.ts'
import { toFloat } from '../data/dataset.ts'
import { batches, type Rng, random, type Sampler } from '../data/rng.ts'
import { type CandidateTable, type LayerSpec, layersOf, tablesOf } from '../ddn/config.ts'
import { encoder, layoutOf, lossWeights, trainingStep } from '../ddn/program.ts'
import { SplitAndPrune, type SplitAndPruneState, usage } from '../ddn/split-and-prune.ts'
import { adamRate } from '../nn/adam.ts'
import type { Layout } from '../nn/parameters.ts'
import { compile, type RuntimeOptions, type Step } from '../runtime/index.ts'
import type { TrainConfig } from './config.ts'

/** What a step tells. */
export interface StepReport {
  /** From 1. */
  step: number
  /** Images seen so far. */
  images: number
  /** Seconds of training so far, over all sessions. */
  seconds: number
  /** Share of the budget used, in [0, 1]. */
  progress: number
  /** Weighted mean of the layers' losses. */
  loss: number
  /** J of every layer. */
  losses: Float32Array
  /** Length of the gradient before clipping. */
  norm: number
  /** Adam's learning rate. */
  rate: number
  /** Nodes split and pruned after this step. */
  events: { layer: number; split: number; prune: number }[]
}

/** How well images are reconstructed by the averaged weights, choosing the nearest at every layer. */
export interface Evaluation {
  /** Mean squared error of the last layer, pixels in [−1, 1]. */
  mse: number
  /** The same for every layer at its own size. */
  losses: number[]
  count: number
}

/** Everything a resumed run needs beside the vectors, safe for JSON. */
export interface TrainerState {
  step: number
  seconds: number
  sampler: number[]
  dropout: number[]
  growth: SplitAndPruneState[]
}

/** The vectors of a run, each in the layout's order. */
export const VECTORS = ['parameters', 'moment1', 'moment2', 'average'] as const
export type Vectors = Record<(typeof VECTORS)[number], Float32Array>

/** A step whose loss is no number: the state before it is intact. */
export class DivergenceError extends Error {
  constructor(
    readonly step: number,
    readonly layer: number | null,
    detail: string,
    what = layer === null ? 'the gradient' : `the loss of layer ${layer}`,
  ) {
    super(
      `step ${step}: ${what} is ${detail}; the weights before it are kept. Try a smaller rate or clipNorm.`,
    )
    this.name = 'DivergenceError'
  }
}

export class Trainer {
  readonly layers: readonly LayerSpec[]
  readonly layout: Layout
  step = 0
  /** Seconds spent in steps. */
  seconds = 0
  /** The sets of candidates, and the counts of each. */
  readonly tables: readonly CandidateTable[]
  readonly growth: SplitAndPrune[]
  private readonly dropout: Rng
  private readonly sampler: Sampler
  private readonly shares: number[]
  private upcoming: { images: Float32Array; sampler: number[] } | null = null
  /** Encoders of the averaged weights, by their batch. */
  private readonly evaluators = new Map<number, Step>()

  private constructor(
    readonly config: TrainConfig,
    private readonly images: Images,
    private readonly program: Step,
    layout: Layout,
    private readonly runtime: RuntimeOptions,
  ) {
    this.layout = layout
    this.layers = layersOf(config.network)
    this.shares = lossWeights(config.network)
    this.dropout = random(config.seed, 'chain dropout')
    this.sampler = batches(images.count, config.optimiser.batch, random(config.seed, 'batches'))
    this.tables = tablesOf(config.network)
    this.growth = this.tables.map(
      ({ K }) => new SplitAndPrune(K, { rule: config.growth.rule, halfLife: config.growth.halfLife * K }),
    )
  }

  /** A trainer at step 0, on images [count, c, s, s] of the network's size. */
  static async create(config: TrainConfig, images: Images, runtime: RuntimeOptions = {}): Promise<Trainer> {
    const { network, optimiser } = config
    if (images.size !== network.size || images.channels !== network.channels)
      throw new Error(
        `the images are ${images.channels}×${images.size}×${images.size}, the network's ${network.channels}×${network.size}×${network.size}`,
      )
    const layout = layoutOf(network)
    const program = await compile(trainingStep(network, layout, optimiser.batch, optimiser), runtime)
    const trainer = new Trainer(config, images, program, layout, runtime)
    const initial = layout.initialise(random(config.seed, 'weights'))
    await program.write('parameters', initial)
    await program.write('average', initial)
    return trainer
  }

  /** What computes, and where. */
  get engine(): { name: string; device: string; threads: number } {
    const { engine, device, threads } = this.program
    return { name: engine, device, threads }
  }

  /** Share of the budget used. */
  get progress(): number {
    const { budget } = this.config
    return Math.min(1, 'steps' in budget ? this.step / budget.steps : this.seconds / (60 * budget.minutes))
  }

  get done(): boolean {
    return this.progress >= 1
  }

  /** One step: forward, backward, Adam, then Split-and-Prune. Throws `DivergenceError` and keeps the state. */
  async advance(): Promise<StepReport> {
    const started = performance.now()
    const { optimiser, growth } = this.config
    const step = this.step + 1
    const progress = this.progress
    const rate = optimiser.rate * schedule(step, progress, optimiser)
    const scaled = adamRate(rate, step, optimiser)
    const averageDecay = Math.min(optimiser.averageDecay, (1 + step) / (10 + step))
    const batch = this.upcoming ?? this.prepare()
    const { batch: n } = optimiser
    const { size, channels } = this.config.network
    let problem: DivergenceError | null = null
    const running = this.program.run(
      {
        images: { data: batch.images, shape: [n, channels, size, size] },
        forced: { data: this.forced(n), shape: [n, this.layers.length] },
        rate: { data: new Float32Array([scaled.rate]), shape: [] },
        epsilon: { data: new Float32Array([scaled.epsilon]), shape: [] },
        averageDecay: { data: new Float32Array([averageDecay]), shape: [] },
      },
      outputs => {
        problem = divergence(step, outputs.losses as Float32Array, outputs.norm[0] as number)
        return problem === null
      },
    )
    this.upcoming = this.prepare()
    const outputs = await running
    if (problem) throw problem
    const nearest = outputs.nearest as Int32Array
    const events = progress < growth.until ? await this.splitAndPrune(nearest) : this.count(nearest)
    this.step = step
    this.seconds += (performance.now() - started) / 1000
    const losses = outputs.losses as Float32Array
    return {
      step,
      images: step * n,
      seconds: this.seconds,
      progress: this.progress,
      loss: losses.reduce((sum, loss, i) => sum + loss * this.shares[i], 0),
      losses,
      norm: outputs.norm[0] as number,
      rate,
      events,
    }
  }

  /** Reconstruction of images by the averaged weights. */
  async evaluate(images: Images, count = images.count): Promise<Evaluation> {
    const total = Math.min(count, images.count)
    const average = await this.program.read('average')
    const sums = new Float64Array(this.layers.length)
    for (let start = 0; start < total; ) {
      const n = Math.min(100, total - start)
      const step = await this.evaluator(n)
      if (start === 0 || n < 100) await step.write('parameters', average)
      const indices = Int32Array.from({ length: n }, (_, i) => start + i)
      const shape = [n, images.channels, images.size, images.size]
      const { losses } = await step.run({ images: { data: toFloat(images, indices), shape } })
      sums.forEach((sum, layer) => {
        sums[layer] = sum + Number(losses[layer]) * n
      })
      start += n
    }
    const losses = Array.from(sums, sum => sum / total)
    return { mse: losses[losses.length - 1], losses, count: total }
  }

  /** How evenly the nodes of every layer are used. */
  usage() {
    return this.tables.flatMap(({ layers }, i) => layers.map(() => usage(this.growth[i].counts)))
  }

  /** The vectors as they stand; the buffers themselves where the device allows it. */
  async vectors(): Promise<Vectors> {
    const entries = await Promise.all(
      VECTORS.map(async name => [name, await this.program.read(name)] as const),
    )
    return Object.fromEntries(entries) as Vectors
  }

  state(): TrainerState {
    return {
      step: this.step,
      seconds: this.seconds,
      sampler: this.upcoming?.sampler ?? this.sampler.state(),
      dropout: this.dropout.state(),
      growth: this.growth.map(layer => layer.save()),
    }
  }

  /** Goes on where `state` and `vectors` were taken. */
  async restore(state: TrainerState, vectors: Vectors) {
    for (const name of VECTORS) await this.program.write(name, vectors[name])
    this.step = state.step
    this.seconds = state.seconds
    this.sampler.restore(state.sampler)
    this.dropout.restore(state.dropout)
    this.upcoming = null
    state.growth.forEach((saved, i) => {
      this.growth[i] = SplitAndPrune.restore(saved)
    })
  }

  async close() {
    await this.program.close()
    for (const step of this.evaluators.values()) await step.close()
  }

  private async evaluator(batch: number): Promise<Step> {
    const known = this.evaluators.get(batch)
    if (known) return known
    const opened = await compile(encoder(this.config.network, this.layout, { batch }), this.runtime)
    this.evaluators.set(batch, opened)
    return opened
  }

  /** The next batch, made while a step runs; with the sampler's state before it, for a checkpoint in between. */
  private prepare() {
    const sampler = this.sampler.state()
    return { images: toFloat(this.images, this.sampler.next()), sampler }
  }

  /** [n, L]: −1, or random indices for a layer that chain dropout strikes. */
  private forced(n: number): BigInt64Array {
    const forced = new BigInt64Array(n * this.layers.length).fill(-1n)
    this.layers.forEach(({ K }, layer) => {
      if (this.dropout.next() >= this.config.growth.chainDropout) return
      for (let i = 0; i < n; i++) forced[i * this.layers.length + layer] = BigInt(this.dropout.int(K))
    })
    return forced
  }

  private count(nearest: Int32Array): StepReport['events'] {
    const L = this.layers.length
    const column = new Int32Array(nearest.length / L)
    this.tables.forEach(({ layers }, table) => {
      for (const layer of layers) {
        for (let i = 0; i < column.length; i++) column[i] = nearest[i * L + layer]
        this.growth[table].observe(column)
      }
    })
    return []
  }

  /** Counts, then splits: weights, moments and averages of the split node are copied over the pruned one's. */
  private async splitAndPrune(nearest: Int32Array): Promise<StepReport['events']> {
    this.count(nearest)
    const events = this.growth.flatMap((growth, table) => {
      const fired: { table: CandidateTable; split: number; prune: number }[] = []
      for (let i = 0; i < this.config.growth.perStep; i++) {
        const event = growth.event()
        if (!event) break
        fired.push({ table: this.tables[table], ...event })
      }
      return fired
    })
    if (events.length)
      for (const name of VECTORS) {
        const vector = await this.program.read(name)
        for (const { table, split, prune } of events) {
          const rows = this.layout.slice(vector, table.name)
          const width = rows.length / table.K
          rows.copyWithin(prune * width, split * width, (split + 1) * width)
        }
        await this.program.write(name, vector)
      }
    return events.map(({ table, split, prune }) => ({ layer: table.layers[0], split, prune }))
  }
}

/** Learning rate over its peak: linear warm-up, then constant, then a cosine down to 0. */
export function schedule(
  step: number,
  progress: number,
  { warmup, decay }: { warmup: number; decay: number },
): number {
  const rise = warmup > 0 ? Math.min(1, step / warmup) : 1
  const fall = decay > 0 ? Math.max(0, (progress - (1 - decay)) / decay) : 0
  return rise * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, fall)))
}

function divergence(step: number, losses: Float32Array, norm: number): DivergenceError | null {
  const layer = losses.findIndex(loss => !Number.isFinite(loss))
  if (layer >= 0) return new DivergenceError(step, layer, String(losses[layer]))
  return Number.isFinite(norm) ? null : new DivergenceError(step, null, String(norm))
}
