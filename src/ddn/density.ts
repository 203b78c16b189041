/**
 * The paper's 2-D experiment: K nodes in the unit square learn a density from its samples, by gradient descent on the
 * nearest node and Split-and-Prune; typed arrays only, no graph (ICLR 2025, arXiv 2401.00036, 2-D density estimation).
 */

import { type Rng, random } from '../data/rng.ts'
import { bins, density } from './density-targets.ts'
import { SplitAndPrune, type SplitRule } from './split-and-prune.ts'

/** A density of one's own. */
export interface OwnDensity {
  name: string
  /** [100·100] masses of the bins, laid out as `density(name)` gives them: finite, not negative, of any sum above 0. */
  masses: ArrayLike<number>
}

export interface DensityRunOptions {
  /** Name of the target: spiral, blurs, qr, words, gaussian or uniform; or a density of one's own. */
  target: string | OwnDensity
  /** K. Default 2000. */
  nodes?: number
  /** Samples per step. Default 40. */
  batch?: number
  /** Default 0. */
  seed?: number
  /** false: gradient descent alone. Default true. */
  splitAndPrune?: boolean
  /** Default 'decayed'; see `SplitRule`. */
  rule?: SplitRule
  /** Split-and-Prune events after a step, at most. Default: one per 500 nodes under 'decayed', else 1 as published. */
  events?: number
  /** Share of the way to its sample that the nearest node moves, in (0, 1]. Default 0.4. */
  rate?: number
}

export interface DensityStep {
  /** Steps done, from 1. */
  step: number
  /** [2·K] x and y of each node in turn: the run's own array, which the next step changes. */
  nodes: Float32Array
  /** [100·100] the target, as `density(name)` gives it. */
  density: Float64Array
  /** Nodes split in this step, in order, and the nodes pruned for them. */
  split: number[]
  prune: number[]
}

export interface DensityOptions extends DensityRunOptions {
  /** Default 1800. */
  steps?: number
  /** Share of the steps, the last ones, in which the rate falls geometrically to `finalRate`. Default 0.5. */
  settle?: number
  /** Default 0.05. */
  finalRate?: number
  /** Also run gradient descent alone, from the same nodes on the same samples. Default false. */
  compare?: boolean
  onStep?: (step: DensityStep) => void
}

export interface DensityResult {
  /** [2·K] x and y of each node in turn, in [0, 1]. */
  nodes: Float32Array
  /** KL(histogram of the nodes ‖ density) in nats; see `klDivergence`. */
  kl: number
  /** The same of K real samples, mean of ten draws. */
  klReal: number
  /** With `compare`: the same of gradient descent alone. */
  klWithoutSplit?: number
  /** Split-and-Prune events in all. */
  events: number
}

/** Runs the experiment from start to end; the same options give the same result, bit for bit. */
export function densityExperiment(options: DensityOptions): DensityResult {
  const { steps = 1800, rate = 0.4, settle = 0.5, finalRate = 0.05, compare = false, onStep } = options
  count('steps', steps)
  share('finalRate', finalRate)
  if (!(settle >= 0 && settle <= 1)) throw new RangeError(`settle is a share of the steps, 0 to 1: ${settle}`)
  const run = new DensityRun(options)
  let events = 0
  for (let i = 0; i < steps; i++) {
    const settled = settle > 0 ? Math.max(0, 1 - (steps - i) / (settle * steps)) : 0
    run.rate = rate * (finalRate / rate) ** settled
    const done = run.step()
    events += done.split.length
    onStep?.(done)
  }
  const klReal = realKl(run.density, run.nodes.length / 2, options.seed)
  const result: DensityResult = { nodes: run.nodes, kl: run.kl(), klReal, events }
  if (compare) {
    const alone = { ...options, splitAndPrune: false, compare: false, onStep: undefined }
    result.klWithoutSplit = densityExperiment(alone).kl
  }
  return result
}

/**
 * The experiment step by step, for a page to drive. The nodes start uniform in the unit square, as the author's script
 * starts them, so that most lie where the target has no mass: those are dead until Split-and-Prune fetches them.
 *
 * One step draws `batch` samples, finds each one's nearest node by L1 distance, all from the same positions, then
 * moves these in turn: node ← node + rate·(sample − node). Split-and-Prune comes after that.
 */
export class DensityRun {
  /** [2·K] x and y of each node in turn, in [0, 1], y pointing down. */
  readonly nodes: Float32Array
  readonly splitAndPrune: SplitAndPrune
  /** May be changed between steps. */
  rate: number
  /** Whether nodes are split and pruned, where the rule does so. May be changed between steps: the counts go on. */
  splits = true
  /** Steps done. */
  steps = 0
  private goal: DensityTarget
  private readonly maxEvents: number
  private readonly rng: Rng
  private readonly samples: Float32Array
  private readonly nearest: Int32Array
  /** What only the reference rule asks for: the second nearest of each sample, the summed distance of each node. */
  private readonly extra: { second: Int32Array; losses: Float64Array } | null

  constructor(options: DensityRunOptions) {
    const { target, nodes: K = 2000, batch = 40, seed = 0, splitAndPrune = true, rate = 0.4 } = options
    const rule = splitAndPrune ? (options.rule ?? 'decayed') : 'none'
    const events = options.events ?? (rule === 'decayed' ? Math.ceil(K / 500) : 1)
    count('nodes', K)
    count('batch', batch)
    count('events', events)
    share('rate', rate)
    this.goal = prepare(target)
    this.rate = rate
    this.maxEvents = events
    this.splitAndPrune = new SplitAndPrune(K, { rule })
    this.nodes = new Float32Array(2 * K)
    const start = random(seed, 'density nodes')
    for (let i = 0; i < 2 * K; i++) this.nodes[i] = start.next()
    this.rng = random(seed, 'density samples')
    this.samples = new Float32Array(2 * batch)
    this.nearest = new Int32Array(batch)
    this.extra = rule === 'reference' ? { second: new Int32Array(batch), losses: new Float64Array(K) } : null
  }

  get target(): string {
    return this.goal.name
  }

  get density(): Float64Array {
    return this.goal.density
  }

  /** Another density from the next step on; nodes and counts go on as they are. */
  setTarget(target: string | OwnDensity): void {
    this.goal = prepare(target)
  }

  step(): DensityStep {
    const { nodes, samples, nearest, rate, extra, splitAndPrune } = this
    drawSamples(this.goal, this.rng, samples)
    if (extra) this.findNearestTwo(extra.second, extra.losses)
    else this.findNearest()
    for (let i = 0; i < nearest.length; i++) {
      const at = 2 * nearest[i]
      nodes[at] += rate * (samples[2 * i] - nodes[at])
      nodes[at + 1] += rate * (samples[2 * i + 1] - nodes[at + 1])
    }

    splitAndPrune.observe(nearest, extra?.second, undefined, extra?.losses)
    const split: number[] = []
    const prune: number[] = []
    while (this.splits && split.length < this.maxEvents) {
      const event = splitAndPrune.event()
      if (!event) break
      nodes.copyWithin(2 * event.prune, 2 * event.split, 2 * event.split + 2)
      split.push(event.split)
      prune.push(event.prune)
    }
    return { step: ++this.steps, nodes, density: this.density, split, prune }
  }

  /** KL(histogram of the nodes ‖ density) in nats, now. */
  kl(): number {
    return klDivergence(histogram(this.nodes), this.density)
  }

  private findNearest(): void {
    const { nodes, samples, nearest } = this
    for (let i = 0; i < nearest.length; i++) {
      const x = samples[2 * i]
      const y = samples[2 * i + 1]
      let best = 0
      let least = Infinity
      for (let at = 0; at < nodes.length; at += 2) {
        const distance = Math.abs(nodes[at] - x) + Math.abs(nodes[at + 1] - y)
        if (distance < least) {
          least = distance
          best = at
        }
      }
      nearest[i] = best / 2
    }
  }

  private findNearestTwo(second: Int32Array, losses: Float64Array): void {
    const { nodes, samples, nearest } = this
    losses.fill(0)
    for (let i = 0; i < nearest.length; i++) {
      const x = samples[2 * i]
      const y = samples[2 * i + 1]
      let best = 0
      let next = 0
      let least = Infinity
      let nextLeast = Infinity
      for (let at = 0; at < nodes.length; at += 2) {
        const distance = Math.abs(nodes[at] - x) + Math.abs(nodes[at + 1] - y)
        losses[at / 2] += distance
        if (distance < least) {
          nextLeast = least
          next = best
          least = distance
          best = at
        } else if (distance < nextLeast) {
          nextLeast = distance
          next = at
        }
      }
      nearest[i] = best / 2
      second[i] = next / 2
    }
  }
}

/** [100·100] share of the points ([2·n], x and y in turn, in [0, 1]) in each bin. */
export function histogram(points: ArrayLike<number>): Float64Array {
  const shares = new Float64Array(bins * bins)
  const bin = (v: number) => Math.min(bins - 1, Math.max(0, Math.floor(v * bins)))
  for (let i = 0; i < points.length; i += 2) shares[bin(points[i + 1]) * bins + bin(points[i])]++
  return shares.map(n => n / (points.length / 2))
}

/**
 * KL(p ‖ q) = Σ p·ln(p / (q + ε)) in nats over the bins where p > 0, with ε = 1e-20.
 *
 * In this direction, with p the histogram of nodes and this ε in the density, the published figures come out: a node
 * in a bin of no density costs about ln(1e20/K)/K, 0.019 for K = 2,000, so that gradient descent alone, with 50 to
 * 80 % of its nodes dead, scores 15 to 31, and K real samples about (S − 1)/2K for a density spread over S bins.
 */
export function klDivergence(p: ArrayLike<number>, q: ArrayLike<number>, epsilon = 1e-20): number {
  let sum = 0
  for (let i = 0; i < p.length; i++) if (p[i] > 0) sum += p[i] * Math.log(p[i] / (q[i] + epsilon))
  return sum
}

/** KL of the histogram of n real samples against their density: the mean of ten draws. */
export function realKl(target: Float64Array, n: number, seed = 0): number {
  const draws = 10
  const rng = random(seed, 'density real')
  const samples = new Float32Array(2 * n)
  const goal = { cumulative: cumulate(target) }
  let sum = 0
  for (let i = 0; i < draws; i++) {
    drawSamples(goal, rng, samples)
    sum += klDivergence(histogram(samples), target)
  }
  return sum / draws
}

interface DensityTarget {
  name: string
  density: Float64Array
  /** [100·100] running sum of the density. */
  cumulative: Float64Array
}

function prepare(target: string | OwnDensity): DensityTarget {
  const [name, shares] =
    typeof target === 'string' ? [target, density(target)] : [target.name, sharesOf(target)]
  return { name, density: shares, cumulative: cumulate(shares) }
}

/** A density's masses over their sum. */
function sharesOf({ name, masses }: OwnDensity): Float64Array {
  if (masses.length !== bins * bins)
    throw new RangeError(`the density ${name} has ${masses.length} bins, not ${bins} × ${bins}`)
  const shares = Float64Array.from(masses)
  const bad = shares.findIndex(mass => !(mass >= 0 && mass < Infinity))
  if (bad >= 0)
    throw new RangeError(`the density ${name} has a mass of ${shares[bad]} in bin ${bad}: give 0 or more`)
  const sum = shares.reduce((a, b) => a + b, 0)
  if (!(sum > 0 && sum < Infinity)) throw new RangeError(`the density ${name} has no mass: its sum is ${sum}`)
  return shares.map(mass => mass / sum)
}

function cumulate(values: Float64Array): Float64Array {
  let sum = 0
  return values.map(value => (sum += value))
}

/** Fills samples ([2·n], x and y in turn) from a density: a bin by its mass, a point uniform inside the bin. */
function drawSamples({ cumulative }: { cumulative: Float64Array }, rng: Rng, samples: Float32Array): void {
  const last = cumulative.length - 1
  for (let i = 0; i < samples.length; i += 2) {
    // The first bin whose running sum exceeds u; the total, not 1, because of rounding.
    const u = rng.next() * cumulative[last]
    let low = 0
    let high = last
    while (low < high) {
      const middle = (low + high) >> 1
      if (cumulative[middle] > u) high = middle
      else low = middle + 1
    }
    samples[i] = ((low % bins) + rng.next()) / bins
    samples[i + 1] = (Math.floor(low / bins) + rng.next()) / bins
  }
}

function count(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1)
    throw new RangeError(`${name} is a whole number, at least 1: ${value}`)
}

function share(name: string, value: number): void {
  if (!(value > 0 && value <= 1)) throw new RangeError(`${name} is above 0 and at most 1: ${value}`)
}
