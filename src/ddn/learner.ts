// How a DDN learns: what a step is fed, Split-and-Prune after it, and how well the weights rebuild images.

import { z } from 'zod'
import type { Images } from '../data/dataset.ts'
import type { AdamSettings } from '../nn/adam.ts'
import {
  type Chance,
  type Evaluation,
  imagesFeed,
  type Learner,
  type Outputs,
  type RowCopy,
  type StepOutcome,
  type Usage,
} from '../nn/learner.ts'
import type { Layout } from '../nn/parameters.ts'
import { compile, type Feed, type Program, type RuntimeOptions, type Step } from '../runtime/index.ts'
import { ConditionOf, trainingCondition } from './condition-feeds.ts'
import { type CandidateTable, type DdnConfig, type LayerSpec, layersOf, tablesOf } from './config.ts'
import { encoder, layoutOf, lossWeights, type Reward, trainingStep } from './program.ts'
import { SplitAndPrune, type SplitAndPruneState, usage } from './split-and-prune.ts'

export const growthSchema = z.strictObject({
  /** Chance of a layer to take random indices for a whole batch. */
  chainDropout: z.number().min(0).max(1).default(0.05),
  /**
   * When a node is split and another pruned: see split-and-prune.ts. A training step tells which node was nearest and
   * not which came second, so here `reference` hands a pruned node's count to all others evenly.
   */
  rule: z.enum(['paper', 'reference', 'decayed', 'none']).default('decayed'),
  /** Samples per node after which a count weighs half (`decayed`). */
  halfLife: z.number().positive().default(20),
  /** Share of the budget after which no node is split any more, so that the last ones can settle. */
  until: z.number().min(0).max(1).default(0.9),
  /** Events per layer and step. */
  perStep: z.number().int().min(1).default(1),
})

export interface DdnLearnerSettings {
  network: DdnConfig
  growth: z.output<typeof growthSchema>
  optimiser: AdamSettings & { batch: number }
}

export class DdnLearner implements Learner {
  readonly layers: readonly LayerSpec[]
  readonly layout: Layout
  readonly program: Program
  readonly parts: readonly string[]
  /** The sets of candidates, and the counts of each. */
  readonly tables: readonly CandidateTable[]
  readonly growth: SplitAndPrune[]
  private readonly shares: readonly number[]
  /** Encoders by their batch, and what tells a conditional network what to rebuild. */
  private readonly evaluators = new Map<number, { encode: Step; condition: ConditionOf }>()

  constructor(
    readonly settings: DdnLearnerSettings,
    private readonly runtime: RuntimeOptions = {},
    /** What images of codes drawn evenly are to please, beside the data. */
    private readonly reward?: Reward,
  ) {
    const { network, growth, optimiser } = settings
    this.layers = layersOf(network)
    this.layout = layoutOf(network)
    this.program = trainingStep(network, this.layout, optimiser.batch, optimiser, reward)
    this.parts = this.layers.map(({ index }) => `loss of layer ${index}`)
    this.shares = lossWeights(network)
    this.tables = tablesOf(network)
    this.growth = this.tables.map(
      ({ K }) => new SplitAndPrune(K, { rule: growth.rule, halfLife: growth.halfLife * K }),
    )
  }

  feeds(images: Images, indices: Int32Array, chance: Chance): Record<string, Feed> {
    return {
      images: imagesFeed(images, indices),
      forced: this.forced(indices.length, chance),
      ...trainingCondition(this.settings.network, images, indices, chance),
      ...(this.reward && { drawn: this.drawn(indices.length, chance) }),
    }
  }

  read({ losses, reward }: Outputs): StepOutcome {
    const each = losses as Float32Array
    const loss = each.reduce((sum, loss, i) => sum + loss * this.shares[i], 0)
    const mse = each[each.length - 1]
    if (!this.reward) return { loss, losses: each, metrics: { mse } }
    const mean = Number(reward[0])
    return { loss: loss - this.reward.weight * mean, losses: each, metrics: { mse, reward: mean } }
  }

  /** Counts which nodes were nearest, then splits: the split node's row is copied over the pruned one's. */
  after({ nearest }: Outputs, progress: number): RowCopy[] {
    const { until, perStep } = this.settings.growth
    this.count(nearest as Int32Array)
    if (progress >= until) return []
    return this.growth.flatMap((growth, table) => {
      const copies: RowCopy[] = []
      for (let i = 0; i < perStep; i++) {
        const event = growth.event()
        if (!event) break
        copies.push({ parameter: this.tables[table].name, from: event.split, to: event.prune })
      }
      return copies
    })
  }

  /** Reconstruction, choosing the nearest at every layer; a conditional network is told what the images show. */
  async evaluate(weights: Float32Array, images: Images, count: number): Promise<Evaluation> {
    const sums = new Float64Array(this.layers.length)
    for (let start = 0; start < count; ) {
      const n = Math.min(100, count - start)
      const { encode, condition } = await this.evaluator(n)
      if (start === 0 || n < 100) await encode.write('parameters', weights)
      const indices = Int32Array.from({ length: n }, (_, i) => start + i)
      const feed = imagesFeed(images, indices)
      const { losses } = await encode.run({ images: feed, ...(await condition.feeds(images, indices)) })
      sums.forEach((sum, layer) => {
        sums[layer] = sum + Number(losses[layer]) * n
      })
      start += n
    }
    const losses = Array.from(sums, sum => sum / count)
    return { metrics: { mse: losses[losses.length - 1] }, count, losses, usage: this.usage() }
  }

  /** How evenly the nodes of every layer are used. */
  usage(): Usage[] {
    return this.tables.flatMap(({ layers }, i) => layers.map(() => usage(this.growth[i].counts)))
  }

  state(): SplitAndPruneState[] {
    return this.growth.map(growth => growth.save())
  }

  restore(state: unknown) {
    const K = (saved: unknown) => (saved as SplitAndPruneState | null)?.K
    if (!Array.isArray(state) || String(state.map(K)) !== String(this.tables.map(table => table.K)))
      throw new Error('the counts of Split-and-Prune are missing, or of another network')
    state.forEach((saved: SplitAndPruneState, i) => {
      this.growth[i] = SplitAndPrune.restore(saved)
    })
  }

  async close() {
    for (const { encode, condition } of this.evaluators.values()) {
      await encode.close()
      await condition.close()
    }
  }

  /** [n, L]: −1, or random indices for a layer that chain dropout strikes. */
  private forced(n: number, chance: Chance): Feed {
    const dropout = chance('chain dropout')
    const L = this.layers.length
    const forced = new BigInt64Array(n * L).fill(-1n)
    this.layers.forEach(({ K }, layer) => {
      if (dropout.next() >= this.settings.growth.chainDropout) return
      for (let i = 0; i < n; i++) forced[i * L + layer] = BigInt(dropout.int(K))
    })
    return { data: forced, shape: [n, L] }
  }

  /** Codes [n, L], even. */
  private drawn(n: number, chance: Chance): Feed {
    const rng = chance('rewarded codes')
    const L = this.layers.length
    const data = Int32Array.from({ length: n * L }, (_, i) => rng.int(this.layers[i % L].K))
    return { data, shape: [n, L] }
  }

  private async evaluator(batch: number) {
    const known = this.evaluators.get(batch)
    if (known) return known
    const { network } = this.settings
    const opened = {
      encode: await compile(encoder(network, this.layout, { batch }), this.runtime),
      condition: await ConditionOf.open(network, batch, this.runtime),
    }
    this.evaluators.set(batch, opened)
    return opened
  }

  private count(nearest: Int32Array) {
    const L = this.layers.length
    const column = new Int32Array(nearest.length / L)
    this.tables.forEach(({ layers }, table) => {
      for (const layer of layers) {
        for (let i = 0; i < column.length; i++) column[i] = nearest[i * L + layer]
        this.growth[table].observe(column)
      }
    })
  }
}
