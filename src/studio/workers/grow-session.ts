// A training that is watched: a trainer, and programs that show what the network draws and rebuilds meanwhile.

import { type Dataset, toFloat } from '../../data/dataset.ts'
import { random } from '../../data/rng.ts'
import { bitsOf, layersOf } from '../../ddn/config.ts'
import { DdnLearner } from '../../ddn/learner.ts'
import { DdnModel } from '../../ddn/model.ts'
import { decoder, encoder } from '../../ddn/program.ts'
import type { RowCopy } from '../../nn/learner.ts'
import { compile, type RuntimeOptions, type Step } from '../../runtime/index.ts'
import { exportDdn } from '../../train/export-ddn.ts'
import type { ConfigOf } from '../../train/families.ts'
import { Run } from '../../train/train.ts'
import { type StepReport, Trainer } from '../../train/trainer.ts'
import { modelFile } from '../../train/weights.ts'
import { type GrowRun, writeRun } from './grow-file.ts'
import { adjust, type GrowSettings } from './grow-network.ts'

/** Images drawn of fixed codes, and images rebuilt that the network does not learn from. */
export const DRAWN = 24
export const REBUILT = 8
/** Held-out images that the error is measured on. */
const MEASURED = 32

export interface Shown {
  /** [DRAWN, c, s, s] in [−1, 1] */
  drawn: Float32Array
  /** [R, c, s, s] of the first R held-out images, R ≤ REBUILT */
  rebuilt: Float32Array
  /** Mean squared error on the held-out images. */
  heldOut: number
}

/** How often each node was the nearest, lately. */
export interface Use {
  /** Nodes of each layer. */
  K: number[]
  /** Share of each node times K, layer after layer: 1 is fair. */
  shares: Float32Array
  /** Sum over the layers of the nodes that are hardly used. */
  dead: number
}

/** A node that was split in two, the second over a node that was pruned. */
export interface Split {
  layer: number
  split: number
  pruned: number
}

/** What is trained, in numbers. */
export interface Facts {
  layers: number
  bits: number
  parameters: number
  batch: number
  engine: { name: string; device: string; threads: number }
}

export class GrowSession {
  private constructor(
    private readonly trainer: Trainer<'ddn'>,
    private readonly data: Dataset,
    /** Whether the images are the visitor's own. */
    private readonly own: boolean,
    private readonly encode: Step,
    private readonly decode: Step,
    private readonly runtime: RuntimeOptions,
    private readonly codes: Int32Array,
  ) {}

  /** A training from step 0, from fresh weights or given ones. */
  static async begin(
    config: ConfigOf<'ddn'>,
    data: Dataset,
    own: boolean,
    runtime: RuntimeOptions,
    weights?: Float32Array,
  ): Promise<GrowSession> {
    const start = weights && { weights, learner: new DdnLearner(config, runtime) }
    const trainer = await Trainer.create<'ddn'>(config, data.train, runtime, start)
    const opened: { close(): Promise<void> }[] = [trainer]
    try {
      const { network } = config
      const encode = await compile(encoder(network, trainer.layout, { batch: held(data) }), runtime)
      opened.push(encode)
      const decode = await compile(
        decoder(network, trainer.layout, { batch: DRAWN + Math.min(REBUILT, held(data)) }),
        runtime,
      )
      return new GrowSession(trainer, data, own, encode, decode, runtime, fixedCodes(config))
    } catch (error) {
      for (const one of opened) await one.close()
      throw error
    }
  }

  /** Goes on with a saved run. */
  static async resume(run: GrowRun, data: Dataset, runtime: RuntimeOptions): Promise<GrowSession> {
    const session = await GrowSession.begin(run.config, data, run.pictures !== null, runtime)
    try {
      await session.trainer.restore(run.state, run.vectors)
    } catch (error) {
      await session.close()
      throw error
    }
    return session
  }

  get config(): ConfigOf<'ddn'> {
    return this.trainer.config
  }

  get step(): number {
    return this.trainer.step
  }

  get facts(): Facts {
    const { config, layout, engine } = this.trainer
    return {
      layers: layersOf(config.network).length,
      bits: bitsOf(config.network),
      parameters: layout.size,
      batch: config.optimiser.batch,
      engine,
    }
  }

  /** One step. Throws `DivergenceError`, and then the state is that before it. */
  advance(): Promise<StepReport> {
    return this.trainer.advance()
  }

  /** Where rows were copied. */
  splitsOf(copies: readonly RowCopy[]): Split[] {
    const { tables } = this.trainer.learner
    return copies.map(({ parameter, from, to }) => ({
      layer: tables.findIndex(({ name }) => name === parameter),
      split: from,
      pruned: to,
    }))
  }

  /** From the next step on; chain dropout from the one after it. */
  adjust(settings: GrowSettings) {
    adjust(this.trainer.config, settings)
  }

  /** What the averaged weights draw and rebuild. */
  async show(): Promise<Shown> {
    const { trainer, data, encode, decode, codes } = this
    const { average } = await trainer.vectors()
    await encode.write('parameters', average)
    await decode.write('parameters', average)
    const L = layersOf(trainer.config.network).length
    const n = held(data)
    const images = toFloat(
      data.test,
      Array.from({ length: n }, (_, i) => i),
    )
    const shape = [n, data.channels, data.size, data.size]
    const found = await encode.run({ images: { data: images, shape } })
    const R = Math.min(REBUILT, n)
    const all = new Int32Array((DRAWN + R) * L)
    all.set(codes)
    all.set((found.codes as Int32Array).subarray(0, R * L), DRAWN * L)
    const { image } = await decode.run({ codes: { data: all, shape: [DRAWN + R, L] } })
    const border = DRAWN * data.channels * data.size ** 2
    return {
      drawn: (image as Float32Array).slice(0, border),
      rebuilt: (image as Float32Array).slice(border),
      heldOut: Number(found.losses[L - 1]),
    }
  }

  get use(): Use {
    const { growth, tables } = this.trainer.learner
    const shares: number[] = []
    for (const { counts } of growth) {
      const sum = counts.reduce((a, b) => a + b, 0)
      for (const count of counts) shares.push(sum > 0 ? (count / sum) * counts.length : 0)
    }
    const dead = this.trainer.learner.usage().reduce((total, layer) => total + layer.dead, 0)
    return { K: tables.map(({ K }) => K), shares: Float32Array.from(shares), dead }
  }

  /** The run as one file: `GrowSession.resume` goes on with it as this one would. */
  async save(): Promise<Uint8Array> {
    const { trainer, data, own } = this
    const vectors = await trainer.vectors()
    return writeRun({
      config: trainer.config,
      state: trainer.state(),
      vectors,
      pictures: own ? data : null,
    })
  }

  /** `model.safetensors`: the averaged weights, for Coppice. */
  async weights(): Promise<Uint8Array> {
    const { config, layout, step } = this.trainer
    return modelFile(config, layout, (await this.trainer.vectors()).average, step)
  }

  /** Decoder, encoder and training step as ONNX, and what they need: see train/export-ddn.ts. */
  async export(name: string): Promise<Map<string, Uint8Array | string>> {
    const { config, step, seconds } = this.trainer
    const { average } = await this.trainer.vectors()
    const model = await DdnModel.open(config.network, average.slice(), this.runtime)
    return exportDdn(new Run<'ddn'>({ config, log: [], model, step, seconds }), name)
  }

  /** Gives back what the engine holds. */
  async close(): Promise<void> {
    await this.encode.close()
    await this.decode.close()
    await this.trainer.close()
  }
}

function held(data: Dataset): number {
  return Math.min(MEASURED, data.test.count)
}

/** The same for the same seed, so that one sees the same images become better. */
function fixedCodes({ network, seed }: ConfigOf<'ddn'>): Int32Array {
  const rng = random(seed, 'watched')
  const layers = layersOf(network)
  return Int32Array.from({ length: DRAWN * layers.length }, (_, i) => rng.int(layers[i % layers.length].K))
}
