// Training from a program, in Node and in browsers: a model, data and a budget in, a run out.

import type { Dataset } from '../data/dataset.ts'
import { DdnModel, type SampleOptions } from '../ddn/model.ts'
import type { RuntimeOptions } from '../runtime/index.ts'
import { VERSION } from '../version.ts'
import type { TrainConfig } from './config.ts'
import { type LogEntry, lastEvaluation, type StartEntry, type StepEntry } from './log.ts'
import { evaluate, type LoopOptions, loop } from './loop.ts'
import { type Model, resolveConfig } from './resolve.ts'
import { Trainer } from './trainer.ts'

export interface TrainOptions extends LoopOptions {
  /** The budget, one of the two; default: that of the model's preset. Minutes are minutes of training. */
  minutes?: number
  steps?: number
  /** Every random choice follows from this; default 0. */
  seed?: number
  /** Images per step, and the peak learning rate; short for `optimiser: { batch, rate }`. */
  batch?: number
  rate?: number
  /** Settings as in the schema, over those of the preset. */
  optimiser?: Record<string, unknown>
  growth?: Record<string, unknown>
  /** Test images of the evaluation at the end; default all. */
  evaluate?: number
  /** Called when the steps are done, before the evaluation at the end. */
  onFinish?: () => void
  /** Threads, device and the like. */
  runtime?: RuntimeOptions
}

/** The data of a run, or a promise of them. */
export type Data = Dataset | Promise<Dataset>

export interface RunContents {
  config: TrainConfig
  log: LogEntry[]
  model: DdnModel
  step: number
  seconds: number
}

/** A trained model with its history. Images are [N, c, s, s] float32 in [−1, 1], codes [N, L], both flat arrays. */
export class Run {
  readonly config: TrainConfig
  /** All entries, oldest first. */
  readonly log: LogEntry[]
  /** The averaged weights. */
  readonly model: DdnModel
  /** Steps done, and training seconds, when the weights were kept. */
  readonly step: number
  readonly seconds: number

  constructor({ config, log, model, step, seconds }: RunContents) {
    this.config = config
    this.log = log
    this.model = model
    this.step = step
    this.seconds = seconds
  }

  /** Images seen in training. */
  get images(): number {
    return this.step * this.config.optimiser.batch
  }

  /** Share of the budget used, in [0, 1]. */
  get progress(): number {
    return progressOf(this.config, this.step, this.seconds)
  }

  /** The loss last logged; null before the first step. */
  get loss(): number | null {
    return this.log.findLast((entry): entry is StepEntry => entry.type === 'step')?.loss ?? null
  }

  /** Mean squared error on the test images at the last evaluation; null before the first. */
  get testMse(): number | null {
    return lastEvaluation(this.log)?.testMse ?? null
  }

  /** `count` images of codes drawn evenly; the same seed gives the same images. */
  async sample(options: SampleOptions): Promise<Float32Array> {
    return (await this.model.sample(options)).images
  }

  encode(images: Float32Array): Promise<Int32Array> {
    return this.model.encode(images)
  }

  decode(codes: ArrayLike<number>): Promise<Float32Array> {
    return this.model.decode(codes)
  }

  /** The image of every layer: L arrays. */
  levels(codes: ArrayLike<number>): Promise<Float32Array[]> {
    return this.model.levels(codes)
  }

  /** decode(encode(images)) */
  reconstruct(images: Float32Array): Promise<Float32Array> {
    return this.model.reconstruct(images)
  }

  /** Gives back what the engine holds. */
  close(): Promise<void> {
    return this.model.close()
  }
}

/**
 * Trains a model on images, in memory. In Node, `train` also takes `out`, the folder that keeps the run.
 *
 * @throws ConfigError where a setting is not valid, DivergenceError where a loss is no number
 */
export async function train(model: Model, data: Data, options: TrainOptions = {}): Promise<Run> {
  const dataset = await data
  const config = configOf(model, dataset, options)
  const trainer = await Trainer.create(config, dataset.train, options.runtime)
  try {
    const log: LogEntry[] = [startEntry(trainer, dataset)]
    const end = await loop(trainer, { test: dataset.test, write: entry => log.push(entry) }, options)
    if (end === 'done') await finish(trainer, dataset, options, entry => log.push(entry))
    const { average } = await trainer.vectors()
    const trained = await DdnModel.open(config.network, average.slice(), options.runtime)
    return new Run({ config, log, model: trained, step: trainer.step, seconds: trainer.seconds })
  } finally {
    await trainer.close()
  }
}

/** The whole configuration of a model on some data; throws ConfigError. */
export function configOf(
  { network, optimiser, growth, budget }: Model,
  { name, channels }: Pick<Dataset, 'name' | 'channels'>,
  { minutes, steps, seed, batch, rate, ...options }: TrainOptions,
): TrainConfig {
  const given = steps !== undefined ? { steps } : minutes !== undefined ? { minutes } : budget
  return resolveConfig({
    network: { ...network, channels: network.channels ?? channels },
    optimiser: {
      ...optimiser,
      ...options.optimiser,
      ...(batch === undefined ? {} : { batch }),
      ...(rate === undefined ? {} : { rate }),
    },
    growth: { ...growth, ...options.growth },
    seed,
    data: name,
    budget: given,
  })
}

/** Share of the budget used, in [0, 1]. */
export function progressOf({ budget }: TrainConfig, step: number, seconds: number): number {
  return Math.min(1, 'steps' in budget ? step / budget.steps : seconds / (60 * budget.minutes))
}

/** The log's first line of a session. */
export function startEntry(trainer: Trainer, { name, train, test, skipped }: Dataset): StartEntry {
  return {
    type: 'start',
    step: trainer.step,
    time: new Date().toISOString(),
    coppice: VERSION,
    engine: trainer.engine.name,
    device: trainer.engine.device,
    threads: trainer.engine.threads,
    data: {
      name,
      train: train.count,
      test: test.count,
      skipped: skipped.length,
      ...(skipped.length ? { skippedFiles: skipped.slice(0, 20) } : {}),
    },
  }
}

/** The evaluation at the end. */
export async function finish(
  trainer: Trainer,
  { test }: Dataset,
  options: TrainOptions,
  write: (entry: LogEntry) => void,
): Promise<void> {
  options.onFinish?.()
  const evaluation = await evaluate(trainer, test, options.evaluate ?? test.count)
  write(evaluation)
  options.onEvaluation?.(evaluation)
}
