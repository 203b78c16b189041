// The pictures of a network's nodes: of path k_1 … k_d what layer d makes of them, and no layer after it is computed.

import { conditionShape } from '../../ddn/condition.ts'
import type { DdnModel, Told } from '../../ddn/model.ts'
import { decoder } from '../../ddn/program.ts'
import { compile, type Feed, type Step } from '../../runtime/index.ts'

/** Paths at a time. */
export const BATCH = 32

/** Compiled depths that are kept. */
const KEPT = 6

export class NodePictures {
  private readonly steps = new Map<number, Promise<Step>>()
  private queue: Promise<unknown> = Promise.resolve()

  /** @param told  what a conditional network is told of all pictures */
  constructor(
    readonly model: DdnModel,
    private readonly told: Told | null = null,
  ) {}

  /** The pictures [N, c, s_d, s_d] of nodes that are all d ≥ 1 deep. */
  async nodes(paths: readonly (readonly number[])[]): Promise<Float32Array> {
    const depth = paths[0].length
    const run = () => this.run(depth, paths)
    const done = this.queue.then(run, run)
    this.queue = done.catch(() => {})
    return done
  }

  /**
   * What stands for the root. A network begins with mid grey, which shows nothing: this is the mean of all children of
   * the root, each as often as images take it, or all alike.
   *
   * @param shares  [K_1]
   */
  async root(shares: ArrayLike<number>): Promise<Float32Array> {
    const codes = Array.from({ length: shares.length }, (_, code) => code).filter(code => shares[code] > 0)
    const children = await this.nodes(codes.map(code => [code]))
    const total = codes.reduce((sum, code) => sum + shares[code], 0)
    const mean = new Float32Array(children.length / codes.length)
    for (let i = 0; i < children.length; i++)
      mean[i % mean.length] += (shares[codes[Math.floor(i / mean.length)]] / total) * children[i]
    return mean
  }

  async close(): Promise<void> {
    await this.queue.catch(() => {})
    for (const step of this.steps.values()) await (await step.catch(() => null))?.close()
    this.steps.clear()
    await this.model.close()
  }

  private async run(depth: number, paths: readonly (readonly number[])[]): Promise<Float32Array> {
    const { model } = this
    const L = model.layers.length
    const length = model.config.channels * model.layers[depth - 1].size ** 2
    const images = new Float32Array(paths.length * length)
    const step = await this.step(depth)
    const condition = await this.condition()
    for (let from = 0; from < paths.length; from += BATCH) {
      const some = paths.slice(from, from + BATCH)
      const codes = new Int32Array(BATCH * L)
      some.forEach((path, row) => {
        codes.set(path, row * L)
      })
      const { image } = await step.run({ codes: { data: codes, shape: [BATCH, L] }, ...condition })
      images.set((image as Float32Array).subarray(0, some.length * length), from * length)
    }
    return images
  }

  private async condition(): Promise<Readonly<Record<string, Feed>>> {
    const { config } = this.model
    if (!config.condition || !this.told) return {}
    const values = await this.model.condition(this.told, 1)
    const data = new Float32Array(BATCH * values.length)
    for (let row = 0; row < BATCH; row++) data.set(values, row * values.length)
    return { condition: { data, shape: [BATCH, ...conditionShape(config.condition, config)] } }
  }

  private async step(depth: number): Promise<Step> {
    let step = this.steps.get(depth)
    this.steps.delete(depth)
    if (!step) {
      const { config, layout, weights, runtime } = this.model
      const { outputs, state } = decoder(config, layout, { batch: BATCH, levels: true, values: weights })
      // What is not asked for is not computed.
      step = compile({ outputs: { image: outputs[`level${depth - 1}`] }, state }, runtime)
    }
    // The last of the map is the one that was used last.
    this.steps.set(depth, step)
    if (this.steps.size > KEPT) {
      const [oldest, unused] = this.steps.entries().next().value!
      this.steps.delete(oldest)
      await (await unused.catch(() => null))?.close()
    }
    return step
  }
}
