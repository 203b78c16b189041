// What is timed: the preset `tiny` on digits, the same in Node and in a page's worker.

import { toFloat } from '../../src/data/dataset.ts'
import { DdnModel } from '../../src/ddn/model.ts'
import { presets } from '../../src/ddn/presets.ts'
import type { RuntimeOptions } from '../../src/runtime/index.ts'
import { readSheet } from '../../src/studio/sheet.ts'
import { resolveConfig } from '../../src/train/resolve.ts'
import { Trainer } from '../../src/train/trainer.ts'

const { network, optimiser, growth } = presets.tiny

/** Network, batch size, growth and seed; the budget ends no run. */
export const config = resolveConfig<'ddn'>({
  network: { ...network, model: 'ddn' },
  optimiser,
  growth,
  data: 'digits',
  budget: { steps: 1e9 },
  seed: 0,
})

/** Images per step, and per forward pass. */
export const batch = config.optimiser.batch

export interface Timed {
  /** Of every step. */
  milliseconds: number[]
  /** Of the last step. */
  loss: number
}

/** A forward pass: the codes [N, L] of N images [N, 1, 32, 32]. */
export interface Encoded {
  milliseconds: number[]
  codes: Int32Array
}

export class Subject {
  private model: DdnModel | null = null

  private constructor(
    private readonly trainer: Trainer<'ddn'>,
    /** The first held-out ones, [batch, 1, 32, 32] in [−1, 1]. */
    private readonly images: Float32Array,
    private readonly runtime: RuntimeOptions,
  ) {}

  /** @param sheet  the bytes of the studio's `data/digits.png` */
  static async open(sheet: Uint8Array, runtime: RuntimeOptions): Promise<Subject> {
    const { train, test } = readSheet(sheet)
    const first = Array.from({ length: batch }, (_, i) => i)
    return new Subject(await Trainer.create(config, train, runtime), toFloat(test, first), runtime)
  }

  get engine(): string {
    const { name, device, threads } = this.trainer.engine
    return `${name}, ${device}, ${threads} threads`
  }

  /** Training steps as a run does them: feeds, step, Split-and-Prune. */
  async train(steps: number): Promise<Timed> {
    const milliseconds: number[] = []
    let loss = Number.NaN
    for (let i = 0; i < steps; i++) {
      const started = performance.now()
      ;({ loss } = await this.trainer.advance())
      milliseconds.push(performance.now() - started)
    }
    return { milliseconds, loss }
  }

  /** Keeps the present weights for `encode`, and gives them with the images that it encodes. */
  async freeze(): Promise<{ weights: Float32Array; images: Float32Array }> {
    const weights = (await this.trainer.vectors()).parameters.slice()
    await this.model?.close()
    this.model = await DdnModel.open(config.network, weights, this.runtime)
    return { weights, images: this.images }
  }

  /** Forward passes of one batch with the frozen weights. */
  async encode(times: number): Promise<Encoded> {
    if (!this.model) throw new Error('freeze the weights first')
    const milliseconds: number[] = []
    let codes: Int32Array = new Int32Array()
    for (let i = 0; i < times; i++) {
      const started = performance.now()
      codes = await this.model.encode(this.images)
      milliseconds.push(performance.now() - started)
    }
    return { milliseconds, codes }
  }

  async close() {
    await this.model?.close()
    await this.trainer.close()
  }
}
