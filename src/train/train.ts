// Training from a program, in Node and in browsers: a model, data and a budget in, a run out.

import type { Dataset } from '../data/dataset.ts'
import type { Conditional, DdnModel, SampleOptions } from '../ddn/model.ts'
import { type Edited, type EditOptions, edit } from '../guides/edit.ts'
import type { RuntimeOptions } from '../runtime/index.ts'
import { VERSION } from '../version.ts'
import type { ConfigInput, ConfigOf, ModelName, ModelOf, TrainConfig } from './families.ts'
import { families, familyOf } from './families.ts'
import { type LogEntry, lastEvaluation, type StartEntry, type StepEntry } from './log.ts'
import { evaluate, type LoopOptions, loop } from './loop.ts'
import { adaptConfig, type Model, type OwnSettings, resolveConfig } from './resolve.ts'
import { overlaid } from './settings.ts'
import { Trainer } from './trainer.ts'

/** How to train: what all families have, and the settings that only this one has. */
export type TrainOptions<M extends ModelName = ModelName> = CommonOptions & OwnSettings<M>

export interface CommonOptions extends LoopOptions {
  /** The budget, one of the two; default: that of the model's preset. Minutes are minutes of training. */
  minutes?: number
  steps?: number
  /** Every random choice follows from this; default 0. */
  seed?: number
  /** Which of the training images: all (default), or one half of them. */
  part?: TrainConfig['part']
  /** Images per step, and the peak learning rate; short for `optimiser: { batch, rate }`. */
  batch?: number
  rate?: number
  /** Settings as in the schema, over those of the preset. */
  optimiser?: ConfigInput<ModelName>['optimiser']
  /** Test images of the evaluation at the end; default all. */
  evaluate?: number
  /** Called when the steps are done, before the evaluation at the end. */
  onFinish?: () => void
  /** Threads, device and the like. */
  runtime?: RuntimeOptions
}

/** The data of a run, or a promise of them. */
export type Data = Dataset | Promise<Dataset>

export interface RunContents<M extends ModelName> {
  config: ConfigOf<M>
  log: LogEntry[]
  model: ModelOf<M>
  step: number
  seconds: number
}

/** A trained model with its history. Images are [N, c, s, s] float32 in [−1, 1], codes [N, L], both flat arrays. */
export class Run<M extends ModelName = 'ddn'> {
  /** What was trained: `ddn`, `classifier` … */
  readonly family: M
  readonly config: ConfigOf<M>
  /** All entries, oldest first. */
  readonly log: LogEntry[]
  /** The averaged weights, ready to use. */
  readonly model: ModelOf<M>
  /** Steps done, and training seconds, when the weights were kept. */
  readonly step: number
  readonly seconds: number

  constructor({ config, log, model, step, seconds }: RunContents<M>) {
    this.family = config.network.model as M
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

  /** The family's metrics on the test images at the last evaluation; null before the first. */
  get metrics(): Record<string, number> | null {
    return lastEvaluation(this.log)?.metrics ?? null
  }

  /** Mean squared error on the test images at the last evaluation; null before the first, and where none is measured. */
  get testMse(): number | null {
    return this.metrics?.mse ?? null
  }

  /** What the model is made of, in a few words, and as facts for programs. */
  get about(): { text: string; facts: Record<string, unknown> } {
    return families[this.family].about(this.model)
  }

  /** `count` images of codes drawn evenly; the same seed gives the same images. */
  async sample(this: Run<'ddn'>, options: SampleOptions): Promise<Float32Array> {
    return (await networkOf(this).sample(options)).images
  }

  encode(this: Run<'ddn'>, images: Float32Array, options?: Conditional): Promise<Int32Array> {
    return networkOf(this).encode(images, options)
  }

  decode(this: Run<'ddn'>, codes: ArrayLike<number>, options?: Conditional): Promise<Float32Array> {
    return networkOf(this).decode(codes, options)
  }

  /** The image of every layer: L arrays. */
  levels(this: Run<'ddn'>, codes: ArrayLike<number>, options?: Conditional): Promise<Float32Array[]> {
    return networkOf(this).levels(codes, options)
  }

  /** decode(encode(images)) */
  reconstruct(this: Run<'ddn'>, images: Float32Array, options?: Conditional): Promise<Float32Array> {
    return networkOf(this).reconstruct(images, options)
  }

  /** Images that a guide likes: see guides/edit.ts. */
  edit(this: Run<'ddn'>, options: EditOptions): Promise<Edited> {
    return edit(networkOf(this), options)
  }

  /** Gives back what the engine holds. */
  close(): Promise<void> {
    return this.model.close()
  }
}

/** A run of any family; `family` tells which. */
export type AnyRun = { [M in ModelName]: Run<M> }[ModelName]

/** The network of a run that has codes; a program without types hears what it has instead. */
function networkOf(run: Run<'ddn'>): DdnModel {
  const { family, model } = run as AnyRun
  if (family !== 'ddn') throw new Error(`this run is of ${families[family].title}, which has no codes`)
  return model
}

/**
 * Trains a model on images, in memory. In Node, `train` also takes `out`, the folder that keeps the run.
 *
 * @throws ConfigError where a setting is not valid, DivergenceError where a loss is no number
 */
export async function train<M extends ModelName>(
  model: Model<M>,
  data: Data,
  options: TrainOptions<M> = {} as TrainOptions<M>,
): Promise<Run<M>> {
  const dataset = await data
  const config = configOf(model, dataset, options)
  const trainer = await Trainer.create<M>(config, dataset.train, options.runtime)
  try {
    const log: LogEntry[] = [startEntry(trainer, dataset)]
    const end = await loop(trainer, { test: dataset.test, write: entry => log.push(entry) }, options)
    if (end === 'done') await finish(trainer, dataset, options, entry => log.push(entry))
    const { average } = await trainer.vectors()
    const trained = await familyOf<M>(config).open(config.network, average.slice(), options.runtime)
    return new Run<M>({ config, log, model: trained, step: trainer.step, seconds: trainer.seconds })
  } finally {
    await trainer.close()
  }
}

/** The whole configuration of a model on some data; throws ConfigError. */
export function configOf<M extends ModelName>(
  model: Model<M>,
  data: Dataset,
  options: TrainOptions<M>,
): ConfigOf<M> {
  const { minutes, steps, seed, part, batch, rate } = options
  const { network, optimiser, budget } = model
  const own = (settings: object | undefined, key: string) =>
    (settings as Record<string, unknown> | undefined)?.[key]
  const input = {
    network: { ...network, channels: network.channels ?? data.channels },
    optimiser: {
      ...optimiser,
      ...options.optimiser,
      ...(batch === undefined ? {} : { batch }),
      ...(rate === undefined ? {} : { rate }),
    },
    ...Object.fromEntries(
      families[network.model].own.map(key => [key, overlaid(own(model.own, key), own(options, key))]),
    ),
    seed,
    data: data.name,
    part,
    budget: steps !== undefined ? { steps } : minutes !== undefined ? { minutes } : budget,
  }
  return adaptConfig<M>(resolveConfig<M>(input), data)
}

/** Share of the budget used, in [0, 1]. */
export function progressOf({ budget }: Pick<TrainConfig, 'budget'>, step: number, seconds: number): number {
  return Math.min(1, 'steps' in budget ? step / budget.steps : seconds / (60 * budget.minutes))
}

/** The log's first line of a session. */
export function startEntry(trainer: Trainer, { name, test, skipped }: Dataset): StartEntry {
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
      train: trainer.imageCount,
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
  options: CommonOptions,
  write: (entry: LogEntry) => void,
): Promise<void> {
  options.onFinish?.()
  const evaluation = await evaluate(trainer, test, options.evaluate ?? test.count)
  write(evaluation)
  options.onEvaluation?.(evaluation)
}
