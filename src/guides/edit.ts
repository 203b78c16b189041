// Guided generation: an unconditional network, steered while it chooses.

import { random } from '../data/rng.ts'
import type { LayerSpec } from '../ddn/config.ts'
import type { Conditional, DdnModel } from '../ddn/model.ts'
import { compile, type Feed, type Step } from '../runtime/index.ts'
import { errorsBy, scoresFed } from './asking.ts'
import { conditionBy, noiseFor, type Outputs, only, piecesFed, wantedBy } from './feeds.ts'
import { keyOf, type PieceShapes, type Plan, type PlanOptions, planOf, valuesFor } from './plan.ts'
import { guidedProgram, pieceShapes } from './program.ts'

export interface EditOptions extends PlanOptions, Conditional {
  /** Called with the share that is done, in [0, 1]. */
  onProgress?: (share: number) => void
  /**
   * Called after every choice with the images so far, from coarse to fine; the network stops at every layer for it, and
   * goes on when what it returns is there.
   */
  onLayer?: (seen: LayerImages) => void | Promise<void>
  /** Ends with its reason after the layer that is under way. */
  signal?: AbortSignal
}

/** Results on their way. */
export interface LayerImages {
  /** [n, c, s, s] with s = `layer.size`; of several prefixes (`beam`) the first. */
  images: Float32Array
  layer: LayerSpec
  /** Which result the first of them becomes: there is a call for every batch of results. */
  first: number
}

export interface Edited {
  /** [count, c, s, s] */
  images: Float32Array
  /** [count, L] */
  codes: Int32Array
  /** What is left to wish for: the mean of the guides' errors by their weights, [count]; at best 0. */
  errors: Float32Array
  /** The same for every guide on its own. */
  parts: readonly { name: string; weight: number; errors: Float32Array }[]
}

/**
 * Generates `count` images that a guide likes: at every layer it scores the K candidates, and one is picked. Linear guides
 * run inside the network; for black boxes it stops at every layer. No gradients, no training.
 * Source: zero-shot conditional generation, arXiv 2401.00036, section 4.3.
 */
export async function edit(model: DdnModel, options: EditOptions): Promise<Edited> {
  const editor = new Editor(model)
  try {
    return await editor.edit(options)
  } finally {
    await editor.close()
  }
}

/** Plans whose programs stay open. */
const KEPT = 3

/**
 * `edit` again and again: programs stay open, and serve every edit that differs from an earlier one in nothing but seed,
 * pictures, masks and weights of guides. One edit at a time; others wait for it.
 */
export class Editor {
  /** By the plan's key, the latest last: a program for every piece, once it was needed. */
  private readonly kept = new Map<string, Map<string, Step>>()
  private readonly pieces: readonly PieceShapes[]
  private queue: Promise<unknown> = Promise.resolve()
  private closed = false

  constructor(readonly model: DdnModel) {
    this.pieces = pieceShapes(model.config)
  }

  /** As the function of that name. */
  edit(options: EditOptions): Promise<Edited> {
    const edited = this.queue.then(() => this.run(options))
    this.queue = edited.catch(() => {})
    return edited
  }

  /** Gives back what the engine holds, once the last edit has ended. */
  async close(): Promise<void> {
    this.closed = true
    await this.queue
    for (const key of [...this.kept.keys()]) await this.drop(key)
  }

  private async run(options: EditOptions): Promise<Edited> {
    if (this.closed) throw new Error('this editor is closed')
    const { model } = this
    const { count = 1, seed = 0, onProgress, onLayer, signal } = options
    const plan = planOf(model, options, this.pieces)
    const wanted = plan.parts.map(({ guide }) =>
      guide.kind === 'linear' ? wantedBy(guide, plan, count) : null,
    )
    const told = await conditionBy(model, options, count)
    const key = keyOf(plan)
    const values = valuesFor(plan)
    const L = plan.layers.length
    const cuts = cutsOf(plan, onLayer !== undefined)
    const rng = random(seed, 'guide')
    const images = new Float32Array(count * model.imageLength)
    const codes = new Int32Array(count * L)
    const errors = plan.parts.map(() => new Float32Array(count))
    for (let first = 0; first < count; first += plan.batch) {
      const n = Math.min(plan.batch, count - first)
      const feeds: Record<string, Feed> = { ...values, ...noiseFor(plan, n, rng), ...told(first, plan.batch) }
      wanted.forEach((rows, g) => {
        if (rows) feeds[`wanted${g}`] = rows(first, plan.batch)
      })
      const choices: Choices[] = []
      let outputs: Outputs = {}
      for (let i = 0; i + 1 < cuts.length; i++) {
        signal?.throwIfAborted()
        const [from, to] = [cuts[i], cuts[i + 1]]
        const given: Record<string, Feed> = from < 0 ? feeds : { ...feeds, ...piecesFed(plan, from, outputs) }
        if (from >= 0) Object.assign(given, await scoresFed(plan, from, outputs, first, n))
        outputs = await this.piece(key, plan, from, to, given)
        for (let l = Math.max(from, 0); l < to; l++)
          choices[l] = {
            index: outputs[`index${l}`] as Int32Array,
            parent: outputs[`parent${l}`] as Int32Array,
          }
        onProgress?.((first + (n * (i + 1)) / (cuts.length - 1)) / count)
        if (onLayer && to > 0) {
          const rows = (to < L ? outputs[`level${to - 1}`] : outputs.image) as Float32Array
          await onLayer({ images: firstRows(rows, plan, to, n), layer: plan.layers[to - 1], first })
        }
      }
      const made = outputs.image as Float32Array
      images.set(made.subarray(0, n * model.imageLength), first * model.imageLength)
      for (let row = 0; row < n; row++) codes.set(trace(choices, row), (first + row) * L)
      for (const [g, { guide }] of plan.parts.entries()) {
        const found =
          guide.kind === 'linear'
            ? (outputs[`error${g}`] as Float32Array)
            : await errorsBy(guide, plan, made, first, n)
        errors[g].set(Array.from(found).slice(0, n), first)
      }
    }
    const parts = plan.parts.map(({ guide, weight }, g) => ({ name: guide.name, weight, errors: errors[g] }))
    return { images, codes, errors: weightedMean(parts, count), parts }
  }

  /** Runs one program of a plan, opened when it is first needed. */
  private async piece(
    key: string,
    plan: Plan,
    from: number,
    to: number,
    feeds: Record<string, Feed>,
  ): Promise<Outputs> {
    const steps = this.kept.get(key) ?? new Map<string, Step>()
    this.kept.delete(key)
    this.kept.set(key, steps)
    for (const old of [...this.kept.keys()].slice(0, -KEPT)) await this.drop(old)
    const name = `${from}:${to}`
    const step = steps.get(name) ?? (await compile(guidedProgram(plan, from, to), this.model.runtime))
    steps.set(name, step)
    try {
      return (await step.run(only(feeds, step.inputNames))) as Outputs
    } catch (error) {
      // On WebGPU a program that failed cannot run again.
      await this.drop(key)
      throw error
    }
  }

  private async drop(key: string): Promise<void> {
    const steps = this.kept.get(key)
    this.kept.delete(key)
    for (const step of steps?.values() ?? []) await step.close()
  }
}

/** What was chosen at a layer, and of which row before it. */
interface Choices {
  index: Int32Array
  parent: Int32Array
}

/** Where the network is cut: at every layer for black boxes, after every choice for those who watch, else nowhere. */
function cutsOf({ parts, layers }: Plan, watched: boolean): number[] {
  const L = layers.length
  if (parts.some(({ guide }) => guide.kind === 'black-box'))
    return Array.from({ length: L + 2 }, (_, i) => i - 1)
  return watched ? [-1, ...Array.from({ length: L }, (_, i) => i + 1)] : [-1, L]
}

/** Of the images after the choice before `layer` the first of each of n results. */
function firstRows(images: Float32Array, { batch, widths }: Plan, layer: number, n: number): Float32Array {
  const width = widths[layer]
  const each = images.length / (batch * width)
  const first = new Float32Array(n * each)
  for (let i = 0; i < n; i++) first.set(images.subarray(i * width * each, (i * width + 1) * each), i * each)
  return first
}

/** Codes of a final row: back through the rows that it came from. */
function trace(choices: readonly Choices[], row: number): Int32Array {
  const codes = new Int32Array(choices.length)
  for (let l = choices.length - 1; l >= 0; l--) {
    codes[l] = choices[l].index[row]
    row = choices[l].parent[row]
  }
  return codes
}

function weightedMean(parts: Edited['parts'], count: number): Float32Array {
  const total = parts.reduce((sum, { weight }) => sum + weight, 0)
  const mean = new Float32Array(count)
  for (const { weight, errors } of parts)
    for (let i = 0; i < count; i++) mean[i] += (weight / total) * errors[i]
  return mean
}
