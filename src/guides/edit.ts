// Guided generation: an unconditional network, steered while it chooses.

import { permutation, random } from '../data/rng.ts'
import { conditionShape } from '../ddn/condition.ts'
import type { Conditional, DdnModel } from '../ddn/model.ts'
import { compile, type Feed, type Step } from '../runtime/index.ts'
import { overLayers, partsOf } from './combine.ts'
import type { BlackBoxGuide, CandidateImages, Guide } from './guide.ts'
import { measuredShape } from './linear.ts'
import { checkRule, type PickRule } from './pick.ts'
import { beamWidths, consideredAt, guidedProgram, heeds, noiseAt, type Plan, pieceShapes } from './program.ts'

export interface EditOptions extends Conditional {
  guide: Guide
  /** How many results; default 1. */
  count?: number
  /** Every random choice follows from it; default 0. */
  seed?: number
  /** How one of the scored candidates is picked; default the best. */
  pick?: PickRule
  /** Prefixes kept of every result; default 1. The best one at the end is the result. */
  beam?: number
  /**
   * How strictly each layer heeds the guide, from 0 (any candidate) to 1, stretched over the layers: [0, 1, 1] leaves the
   * first layers free. Default 1.
   */
  strictness?: readonly number[]
  /**
   * Of every layer's candidates only so many are considered, drawn once for all results: a black box has less to see.
   * Default all.
   */
  candidates?: number
  /** Called with the share that is done, in [0, 1]. */
  onProgress?: (share: number) => void
  /** Ends with its reason after the layer that is under way. */
  signal?: AbortSignal
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
  const { count = 1, seed = 0, beam = 1, signal } = options
  if (!Number.isInteger(count) || count < 1)
    throw new Error(`invalid count: ${count}; give a whole number from 1`)
  if (!Number.isInteger(beam) || beam < 1)
    throw new Error(`invalid beam: ${beam}; give a whole number from 1`)
  const plan = planOf(model, options, count, beam)
  const wanted = plan.parts.map(({ guide }) =>
    guide.kind === 'linear' ? wantedBy(guide, plan, count) : null,
  )
  const told = await conditionBy(model, options, count)
  const L = plan.layers.length
  const cuts = plan.parts.some(({ guide }) => guide.kind === 'black-box')
    ? Array.from({ length: L + 2 }, (_, i) => i - 1)
    : [-1, L]
  const steps: Step[] = []
  try {
    for (let i = 0; i + 1 < cuts.length; i++)
      steps.push(await compile(guidedProgram(plan, cuts[i], cuts[i + 1]), model.runtime))
    const rng = random(seed, 'guide')
    const images = new Float32Array(count * model.imageLength)
    const codes = new Int32Array(count * L)
    const errors = plan.parts.map(() => new Float32Array(count))
    for (let first = 0; first < count; first += plan.batch) {
      const n = Math.min(plan.batch, count - first)
      const feeds: Record<string, Feed> = { ...noiseFor(plan, n, rng), ...told(first, plan.batch) }
      wanted.forEach((rows, g) => {
        if (rows) feeds[`wanted${g}`] = rows(first, plan.batch)
      })
      const choices: Choices[] = []
      let outputs: Outputs = {}
      for (let i = 0; i < steps.length; i++) {
        signal?.throwIfAborted()
        const step = steps[i]
        const from = cuts[i]
        const given: Record<string, Feed> = from < 0 ? feeds : { ...feeds, ...piecesFed(plan, from, outputs) }
        if (from >= 0) Object.assign(given, await scoresFed(plan, from, outputs, first, n))
        outputs = (await step.run(only(given, step.inputNames))) as Outputs
        for (let l = Math.max(from, 0); l < cuts[i + 1]; l++)
          choices[l] = {
            index: outputs[`index${l}`] as Int32Array,
            parent: outputs[`parent${l}`] as Int32Array,
          }
        options.onProgress?.((first + (n * (i + 1)) / steps.length) / count)
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
  } finally {
    for (const step of steps) await step.close()
  }
}

type Outputs = Record<string, Float32Array | Int32Array>

/** What was chosen at a layer, and of which row before it. */
interface Choices {
  index: Int32Array
  parent: Int32Array
}

/** Floats of candidates' images at a time, at most: 64 MB of them. */
const ROOM = 2 ** 24

function planOf(model: DdnModel, options: EditOptions, count: number, beam: number): Plan {
  const { guide, pick = { rule: 'best' }, strictness } = options
  const { config, layers, layout, weights } = model
  for (const factor of strictness ?? [])
    if (!(factor >= 0 && factor <= 1))
      throw new Error(`invalid strictness: ${factor}; give numbers from 0 to 1`)
  const parts = partsOf(guide)
  const shortlists = layers.map(({ K, index }) => shortlist(K, options, index))
  const considered = layers.map((_, l) => consideredAt({ layers, shortlists }, l))
  const widths = beamWidths(considered, beam)
  let batch = Math.max(1, Math.floor(32 / beam))
  if (parts.some(({ guide }) => guide.kind === 'black-box')) {
    const most = Math.max(...considered.map((k, l) => k * widths[l] * model.imageLength))
    batch = Math.max(1, Math.min(batch, Math.floor(ROOM / most)))
  }
  return {
    config,
    layout,
    values: weights,
    layers,
    parts,
    by: guide.kind === 'combined' ? guide.by : 'scores',
    rule: checkRule(pick),
    strictness: layers.map((_, l) => overLayers(strictness, l, layers.length)),
    batch: Math.min(batch, count),
    widths,
    shortlists,
    pieces: pieceShapes(config),
  }
}

/** Which of K candidates are considered; null: all. */
function shortlist(K: number, { candidates, seed = 0 }: EditOptions, layer: number): number[] | null {
  if (candidates === undefined) return null
  if (!Number.isInteger(candidates) || candidates < 1)
    throw new Error(`invalid candidates: ${candidates}; give a whole number from 1`)
  if (candidates >= K) return null
  const drawn = permutation(K, random(seed, `candidates of layer ${layer}`)).subarray(0, candidates)
  return Array.from(drawn).sort((a, b) => a - b)
}

/** What a linear guide wants, for a batch of results: one for all, or each its own. */
function wantedBy(guide: Guide & { kind: 'linear' }, { config }: Plan, count: number) {
  const shape = measuredShape(guide.measurement, config)
  const each = shape.reduce((a, b) => a * b)
  const { wanted, name } = guide
  const given = wanted.length / each
  if (given !== 1 && given !== count)
    throw new Error(
      `${name}: ${wanted.length} wanted values are neither one nor ${count} measurements of ${each}`,
    )
  const bad = wanted.findIndex(value => !Number.isFinite(value))
  if (bad >= 0) throw new Error(`${name}: wanted value ${bad} is ${wanted[bad]}`)
  return rowsOf(wanted, each, shape)
}

async function conditionBy(model: DdnModel, { condition }: EditOptions, count: number) {
  const { config } = model
  if (condition === undefined) {
    if (config.condition)
      throw new Error(
        `condition: this network is told ${config.condition.kind}; give it, as labels or images`,
      )
    return () => ({})
  }
  const values = await model.condition(condition, count)
  const shape = conditionShape(config.condition!, config)
  const rows = rowsOf(
    values,
    shape.reduce((a, b) => a * b),
    shape,
  )
  return (first: number, n: number) => ({ condition: rows(first, n) })
}

/** Rows first … first + n − 1 of values, the last one repeated beyond the end; a single row is everybody's. */
function rowsOf(values: Float32Array, each: number, shape: readonly number[]) {
  const last = values.length / each - 1
  return (first: number, n: number): Feed => {
    const data = new Float32Array(n * each)
    for (let i = 0; i < n; i++) {
      const row = Math.min(first + i, last)
      data.set(values.subarray(row * each, (row + 1) * each), i * each)
    }
    return { data, shape: [n, ...shape] }
  }
}

/** Random numbers for all choices of n results, result by result: those of the first do not depend on the count. */
function noiseFor(plan: Plan, n: number, rng: ReturnType<typeof random>): Record<string, Feed> {
  const lengths = plan.layers.map((_, l) => noiseAt(plan, l))
  const feeds = lengths.map(length => ({
    data: new Float32Array(plan.batch * length).fill(0.5),
    shape: [plan.batch, length],
  }))
  for (let row = 0; row < n; row++)
    lengths.forEach((length, l) => {
      // In (0, 1), also once it is rounded to a float32.
      for (let i = 0; i < length; i++)
        feeds[l].data[row * length + i] = (Math.floor(rng.next() * 2 ** 23) + 0.5) / 2 ** 23
    })
  return Object.fromEntries(feeds.map((feed, l) => [`noise${l}`, feed]))
}

function piecesFed({ pieces, batch, widths }: Plan, layer: number, outputs: Outputs): Record<string, Feed> {
  const fed: Record<string, Feed> = {}
  for (const [name, shape] of Object.entries(pieces[layer]))
    if (shape)
      fed[`${name}${layer}`] = { data: outputs[`${name}${layer}`], shape: [batch * widths[layer], ...shape] }
  return fed
}

/** The scores of all guides at a layer: the linear ones' as they came, the black boxes' asked for. */
async function scoresFed(
  plan: Plan,
  layer: number,
  outputs: Outputs,
  first: number,
  n: number,
): Promise<Record<string, Feed>> {
  const spec = plan.layers[layer]
  const width = plan.widths[layer]
  const rows = plan.batch * width
  const k = consideredAt(plan, layer)
  const fed: Record<string, Feed> = {}
  for (const [g, part] of plan.parts.entries()) {
    const { guide } = part
    const shape = [rows, k]
    const name = `score${g}:${layer}`
    if (guide.kind === 'linear') fed[name] = { data: outputs[name], shape }
    else if (!heeds(plan, part, layer)) fed[name] = { data: new Float32Array(rows * k), shape }
    else {
      const size = guide.size ?? spec.size
      const { channels } = plan.config
      const asked = n * width
      const data = new Float32Array(rows * k)
      const images = outputs[`images${size}`] as Float32Array
      const scores = await ask(guide, 'score', {
        images: images.subarray(0, asked * k * channels * size * size),
        shape: [asked, k, channels, size, size],
        results: Int32Array.from({ length: asked }, (_, i) => first + Math.floor(i / width)),
        layer: spec,
      })
      data.set(scores)
      fed[name] = { data, shape }
    }
  }
  return fed
}

/** What is wrong with n results by a black box. */
async function errorsBy(
  guide: BlackBoxGuide,
  { config, layers }: Plan,
  images: Float32Array,
  first: number,
  n: number,
): Promise<ArrayLike<number>> {
  const { channels, size } = config
  const seen: CandidateImages = {
    images: images.subarray(0, n * channels * size * size),
    shape: [n, 1, channels, size, size],
    results: Int32Array.from({ length: n }, (_, i) => first + i),
    layer: layers[layers.length - 1],
  }
  if (guide.error) return ask(guide, 'error', seen)
  return Float32Array.from(await ask(guide, 'score', seen), score => -score)
}

/** A black box's answer, checked: as many numbers as it was shown candidates. */
async function ask(
  guide: BlackBoxGuide,
  what: 'score' | 'error',
  candidates: CandidateImages,
): Promise<ArrayLike<number>> {
  const answer = await guide[what]!(candidates)
  const [n, k] = candidates.shape
  if (answer?.length !== n * k)
    throw new Error(
      `the guide ${guide.name} gave ${answer?.length ?? String(answer)} ${what}s for ${n} × ${k} candidates of layer ${candidates.layer.index}; give [${n}, ${k}], one for each`,
    )
  for (let i = 0; i < answer.length; i++)
    if (!Number.isFinite(answer[i]))
      throw new Error(
        `the guide ${guide.name} gave ${answer[i]} as the ${what} of candidate ${i % k} at layer ${candidates.layer.index}; it must be a number`,
      )
  return answer
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

/** The feeds that a program takes. */
function only(feeds: Record<string, Feed>, names: readonly string[]): Record<string, Feed> {
  return Object.fromEntries(names.map(name => [name, feeds[name]]))
}

function weightedMean(parts: Edited['parts'], count: number): Float32Array {
  const total = parts.reduce((sum, { weight }) => sum + weight, 0)
  const mean = new Float32Array(count)
  for (const { weight, errors } of parts)
    for (let i = 0; i < count; i++) mean[i] += (weight / total) * errors[i]
  return mean
}
