// The training loop of any family, one step at a time: what a run folder, a page and a test drive alike.

import type { Images } from '../data/dataset.ts'
import { batches, random, type Sampler } from '../data/rng.ts'
import { adamRate } from '../nn/adam.ts'
import type { Evaluation, RowCopy, StepOutcome } from '../nn/learner.ts'
import type { Layout } from '../nn/parameters.ts'
import { compile, type Feed, type RuntimeOptions, type Step } from '../runtime/index.ts'
import { imagesOf } from './config.ts'
import { type ConfigOf, familyOf, type LearnerOf, type ModelName } from './families.ts'
import { Streams, type StreamsState } from './streams.ts'

/** What a step tells: what it did on its batch, and how far the training is. */
export interface StepReport extends StepOutcome {
  /** From 1. */
  step: number
  /** Images seen so far. */
  images: number
  /** Seconds of training so far, over all sessions. */
  seconds: number
  /** Share of the budget used, in [0, 1]. */
  progress: number
  /** Length of the gradient before clipping. */
  norm: number
  /** Adam's learning rate. */
  rate: number
  /** Rows copied after this step: where a node was split and another pruned, from the one over the other. */
  copies: RowCopy[]
}

/** Everything a resumed run needs beside the vectors, safe for JSON. */
export interface TrainerState {
  step: number
  seconds: number
  sampler: number[]
  streams: StreamsState
  /** What the family's learner keeps. */
  learner: unknown
}

/** The vectors of a run, each in the layout's order. */
export const VECTORS = ['parameters', 'moment1', 'moment2', 'average'] as const
export type Vectors = Record<(typeof VECTORS)[number], Float32Array>

/** A step whose loss is no number: the state before it is intact. */
export class DivergenceError extends Error {
  /** @param what  what is no number: `the loss of layer 3` */
  constructor(
    readonly step: number,
    readonly what: string,
    value: number,
  ) {
    super(
      `step ${step}: ${what} is ${value}; the weights before it are kept. Try a smaller rate or clipNorm.`,
    )
    this.name = 'DivergenceError'
  }
}

/** A batch, made ahead; with the states before it, for a checkpoint in between. */
interface Batch {
  feeds: Record<string, Feed>
  sampler: number[]
  streams: StreamsState
}

/** What a training begins with, where it does not begin anew. */
export interface Start<M extends ModelName> {
  /** In the layout's order. */
  weights: Float32Array
  /** Instead of the family's own. */
  learner: LearnerOf<M>
}

export class Trainer<M extends ModelName = ModelName> {
  readonly layout: Layout
  step = 0
  /** Seconds spent in steps. */
  seconds = 0
  /** Numbers of the images that are trained on. */
  private readonly numbers: Int32Array
  private readonly streams: Streams
  private readonly sampler: Sampler
  private upcoming: Batch | null = null

  private constructor(
    /**
     * Read anew in every step: its rate, and of a DDN `growth.chainDropout`, `growth.until` and `growth.perStep`, may
     * be changed between steps, as a page's sliders do. A batch made ahead keeps the indices it was drawn with.
     */
    readonly config: ConfigOf<M>,
    /** What the family does in a step, and keeps beside the vectors. */
    readonly learner: LearnerOf<M>,
    private readonly images: Images,
    private readonly program: Step,
  ) {
    const { seed, optimiser, part } = config
    this.layout = learner.layout
    this.streams = new Streams(seed)
    this.numbers = imagesOf(part, images.count)
    this.sampler = batches(this.numbers.length, optimiser.batch, random(seed, 'batches'))
  }

  /** A trainer at step 0, on images [count, c, s, s] of the network's size; from fresh weights, or from `start`. */
  static async create<M extends ModelName>(
    config: ConfigOf<M>,
    images: Images,
    runtime: RuntimeOptions = {},
    start?: Start<M>,
  ): Promise<Trainer<M>> {
    const { network } = config
    if (images.size !== network.size || images.channels !== network.channels)
      throw new Error(
        `the images are ${images.channels}×${images.size}×${images.size}, the network's ${network.channels}×${network.size}×${network.size}`,
      )
    const learner = start?.learner ?? familyOf(config).learner(config, runtime)
    const program = await compile(learner.program, runtime)
    const trainer = new Trainer<M>(config, learner, images, program)
    const initial = start?.weights ?? learner.layout.initialise(random(config.seed, 'weights'))
    await program.write('parameters', initial)
    await program.write('average', initial)
    return trainer
  }

  /** What computes, and where. */
  get engine(): { name: string; device: string; threads: number } {
    const { engine, device, threads } = this.program
    return { name: engine, device, threads }
  }

  /** Images that are trained on. */
  get imageCount(): number {
    return this.numbers.length
  }

  /** Share of the budget used. */
  get progress(): number {
    const { budget } = this.config
    return Math.min(1, 'steps' in budget ? this.step / budget.steps : this.seconds / (60 * budget.minutes))
  }

  get done(): boolean {
    return this.progress >= 1
  }

  /** One step: forward, backward, Adam, then what the family adds. Throws `DivergenceError` and keeps the state. */
  async advance(): Promise<StepReport> {
    const started = performance.now()
    const { optimiser } = this.config
    const step = this.step + 1
    const progress = this.progress
    const rate = optimiser.rate * schedule(step, progress, optimiser)
    const scaled = adamRate(rate, step, optimiser)
    const averageDecay = Math.min(optimiser.averageDecay, (1 + step) / (10 + step))
    const { feeds } = this.upcoming ?? this.prepare()
    let outcome = null as StepOutcome | null
    let problem = null as DivergenceError | null
    const running = this.program.run(
      {
        ...feeds,
        rate: { data: new Float32Array([scaled.rate]), shape: [] },
        epsilon: { data: new Float32Array([scaled.epsilon]), shape: [] },
        averageDecay: { data: new Float32Array([averageDecay]), shape: [] },
      },
      outputs => {
        outcome = this.learner.read(outputs)
        problem = this.divergence(step, outcome.losses, outputs.norm[0] as number)
        return problem === null
      },
    )
    try {
      this.upcoming = this.prepare()
    } finally {
      await running
    }
    const outputs = await running
    if (problem) throw problem
    const copies = this.learner.after?.(outputs, progress) ?? []
    if (copies.length) await this.copy(copies)
    this.step = step
    this.seconds += (performance.now() - started) / 1000
    return {
      step,
      images: step * optimiser.batch,
      seconds: this.seconds,
      progress: this.progress,
      ...outcome!,
      norm: outputs.norm[0] as number,
      rate,
      copies,
    }
  }

  /** How well the averaged weights do on the first `count` images. */
  async evaluate(images: Images, count = images.count): Promise<Evaluation> {
    return this.learner.evaluate(await this.program.read('average'), images, Math.min(count, images.count))
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
      streams: this.upcoming?.streams ?? this.streams.state(),
      learner: this.learner.state(),
    }
  }

  /** Goes on where `state` and `vectors` were taken. */
  async restore(state: TrainerState, vectors: Vectors) {
    for (const name of VECTORS) await this.program.write(name, vectors[name])
    this.step = state.step
    this.seconds = state.seconds
    this.sampler.restore(state.sampler)
    this.streams.restore(state.streams)
    this.learner.restore(state.learner)
    this.upcoming = null
  }

  async close() {
    await this.program.close()
    await this.learner.close()
  }

  /** The next batch, made while a step runs. */
  private prepare(): Batch {
    const [sampler, streams] = [this.sampler.state(), this.streams.state()]
    const indices = this.sampler.next().map(i => this.numbers[i])
    return { feeds: this.learner.feeds(this.images, indices, this.streams.for), sampler, streams }
  }

  private divergence(step: number, losses: Float32Array, norm: number): DivergenceError | null {
    const part = losses.findIndex(loss => !Number.isFinite(loss))
    if (part >= 0) return new DivergenceError(step, `the ${this.learner.parts[part]}`, losses[part])
    return Number.isFinite(norm) ? null : new DivergenceError(step, 'the gradient', norm)
  }

  /** Weights, moments and averages alike: a copy learns on as the original would have. */
  private async copy(copies: readonly RowCopy[]) {
    for (const name of VECTORS) {
      const vector = await this.program.read(name)
      for (const { parameter, from, to } of copies) this.layout.copyRow(vector, parameter, from, to)
      await this.program.write(name, vector)
    }
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
