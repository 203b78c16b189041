// Codes weighed by how often they followed the same codes before: counts of ever longer contexts, each smoothed by the
// one below it.

import { Contexts, type Range } from './contexts.ts'
import type { Prior } from './prior.ts'

/** How the counts of one length of context bend to those of the shorter one. */
export interface Smoothing {
  /** d in [0, 1): taken off the count of every code that was seen. */
  discount: number
  /** s > 0: paths that the shorter context is worth. */
  strength: number
}

/** For every layer the smoothing of contexts of 0, 1, 2, … codes; the list ends where longer ones no longer help. */
export type CountsFit = readonly (readonly Smoothing[])[]

export interface CountsOptions {
  /** Longest context, in codes. Default: all of them. */
  longest?: number
}

/**
 * With n paths in the context of the last m codes, n_k of them going on with k, and T different codes among these,
 *
 *   p_m(k) = (max(n_k − d, 0) + (s + d T) p_{m−1}(k)) / (n + s)
 *
 * from p_{−1} = 1 / K on; the last p is that of the longest context in which there is a path. This is the mean of a
 * Pitman-Yor process where every customer of a dish sits at one table, or interpolated absolute discounting with a
 * strength. Source: Teh, "A hierarchical Bayesian language model based on Pitman-Yor processes", 2006, section 4.
 *
 * @param codes  the paths that are counted [N, L]
 * @param fit  from `fitCounts` of the same codes
 */
export function countsPrior(
  K: readonly number[],
  codes: Int32Array,
  fit: CountsFit = fitCounts(K, codes),
  name = 'counts',
): Prior {
  checkFit(K, fit)
  const contexts = new Contexts(K, codes)
  const kept = K.map(() => new Map<number, Followers>())
  /** What follows in a context; counted once where that takes long. */
  const followers = (layer: number, m: number, range: Range): Followers => {
    if (range.to - range.from < WORTH_KEEPING) return count(contexts, layer, range)
    const key = m * contexts.count + range.from
    let found = kept[layer].get(key)
    if (!found) {
      found = count(contexts, layer, range)
      kept[layer].set(key, found)
    }
    return found
  }
  const distribution = (path: ArrayLike<number>, layer: number): Float64Array => {
    const p = new Float64Array(K[layer]).fill(1 / K[layer])
    let range = contexts.whole
    for (let m = 0; m < fit[layer].length; m++) {
      if (m > 0) range = contexts.longer(layer, range, m - 1, path[layer - m])
      if (range.from === range.to) break
      const { codes: seen, counts } = followers(layer, m, range)
      const { discount, strength } = fit[layer][m]
      const n = range.to - range.from
      const rest = (strength + discount * seen.length) / (n + strength)
      for (let k = 0; k < p.length; k++) p[k] *= rest
      for (let i = 0; i < seen.length; i++) p[seen[i]] += (counts[i] - discount) / (n + strength)
    }
    return p
  }
  return {
    name,
    K,
    walk() {
      const path: number[] = []
      let here: Float64Array | null = null
      return {
        probabilities() {
          here ??= distribution(path, path.length)
          return here
        },
        take(code) {
          path.push(code)
          here = null
        },
      }
    },
  }
}

/**
 * The smoothing under which each path is likeliest by the counts of all others, chosen from a grid, one length of context
 * after another, until three in a row do not help. Likelihoods are products kept by powers of two, so that the choice is the same on every machine.
 */
export function fitCounts(
  K: readonly number[],
  codes: Int32Array,
  { longest = Infinity }: CountsOptions = {},
): CountsFit {
  const contexts = new Contexts(K, codes)
  const stride = Math.ceil((contexts.count * K.length) / SAMPLES)
  return K.map((_, layer) => fitLayer(contexts, layer, Math.min(longest, layer), stride))
}

/** How often each code follows. */
interface Followers {
  codes: Int32Array
  counts: Int32Array
}

/** Contexts of so many paths are counted once. */
const WORTH_KEEPING = 256

/** Choices that a fit looks at, over all layers. */
const SAMPLES = 2 ** 17

const DISCOUNTS = [0, 0.25, 0.5, 0.75, 0.9]
const STRENGTHS = Array.from({ length: 9 }, (_, i) => 4 ** (i - 1))

/** Where a context does not help by itself. */
const SCARCELY: Smoothing = { discount: 0, strength: STRENGTHS[STRENGTHS.length - 1] }

/** Codes by which a context is made longer without any gain until no gain is hoped for: two may only help together. */
const IN_VAIN = 3

function fitLayer(contexts: Contexts, layer: number, longest: number, stride: number): Smoothing[] {
  const p = new Float64Array(Math.ceil(contexts.count / stride)).fill(1 / contexts.K[layer])
  const fit: Smoothing[] = []
  let ranges = [contexts.whole]
  let helped = 0
  for (let m = 0; m <= Math.min(longest, helped + IN_VAIN); m++) {
    if (m > 0) ranges = ranges.flatMap(range => contexts.allLonger(layer, range, m - 1))
    // A path alone in its context says nothing of the next one.
    ranges = ranges.filter(({ from, to }) => to - from > 1)
    const samples = samplesOf(contexts, layer, ranges, stride)
    const best = bestSmoothing(samples, p)
    if (best) helped = m
    fit.push(best ?? SCARCELY)
    for (const sample of samples) p[sample.number] = smoothed(sample, fit[m], p)
  }
  // The marginal is always there, however even it is.
  return fit.slice(0, helped + 1)
}

/** A path, and what the others in its context say of it. */
interface Sample {
  number: number
  /** How many others there are, at least one, */
  n: number
  /** how many of them go on as it does, */
  same: number
  /** and in how many ways they go on. */
  different: number
}

function samplesOf(contexts: Contexts, layer: number, ranges: readonly Range[], stride: number): Sample[] {
  const samples: Sample[] = []
  const tally = new Int32Array(contexts.K[layer])
  for (const { from, to } of ranges) {
    let different = 0
    for (let place = from; place < to; place++)
      if (tally[contexts.code(layer, place, layer)]++ === 0) different++
    for (let place = from; place < to; place++) {
      const row = contexts.row(layer, place)
      if (row % stride) continue
      const same = tally[contexts.code(layer, place, layer)] - 1
      samples.push({
        number: row / stride,
        n: to - from - 1,
        same,
        different: same > 0 ? different : different - 1,
      })
    }
    for (let place = from; place < to; place++) tally[contexts.code(layer, place, layer)] = 0
  }
  return samples
}

/** p_m of a path by the others in its context. */
function smoothed(
  { number, n, same, different }: Sample,
  { discount, strength }: Smoothing,
  below: Float64Array,
) {
  const counted = same > 0 ? same - discount : 0
  return (counted + (strength + discount * different) * below[number]) / (n + strength)
}

/** The one under which the samples are likeliest; null where they are as likely without their context. */
function bestSmoothing(samples: readonly Sample[], below: Float64Array): Smoothing | null {
  let best: Smoothing | null = null
  let likelihood = product(samples, sample => below[sample.number])
  for (const discount of DISCOUNTS)
    for (const strength of STRENGTHS) {
      const smoothing = { discount, strength }
      const candidate = product(samples, sample => smoothed(sample, smoothing, below))
      if (!isAbove(candidate, likelihood)) continue
      likelihood = candidate
      best = smoothing
    }
  return best
}

/** value · 2^(−512 · scale) with value in (2^−512, 1]: a product of many small numbers, without logarithms. */
interface Product {
  value: number
  scale: number
}

function product(samples: readonly Sample[], factor: (sample: Sample) => number): Product {
  let [value, scale] = [1, 0]
  for (const sample of samples) {
    value *= factor(sample)
    if (value <= 2 ** -512) {
      value *= 2 ** 512
      scale++
    }
  }
  return { value, scale }
}

function isAbove(a: Product, b: Product): boolean {
  return a.scale === b.scale ? a.value > b.value : a.scale < b.scale
}

/** The codes that follow in a context, in ascending order, and how often. */
function count(contexts: Contexts, layer: number, { from, to }: Range): Followers {
  const tally = new Int32Array(contexts.K[layer])
  for (let place = from; place < to; place++) tally[contexts.code(layer, place, layer)]++
  const codes: number[] = []
  tally.forEach((n, code) => {
    if (n > 0) codes.push(code)
  })
  return { codes: Int32Array.from(codes), counts: Int32Array.from(codes, code => tally[code]) }
}

function checkFit(K: readonly number[], fit: CountsFit) {
  if (fit.length !== K.length)
    throw new Error(`the counts were fitted for ${fit.length} layers, not ${K.length}`)
  fit.forEach((layer, l) => {
    const bad = layer.find(({ discount, strength }) => !(discount >= 0 && discount < 1 && strength > 0))
    if (bad) throw new Error(`layer ${l}: ${JSON.stringify(bad)} is no smoothing of counts`)
    if (layer.length < 1 || layer.length > l + 1)
      throw new Error(
        `layer ${l}: smoothing for ${layer.length} contexts; there are those of 0 to ${l} codes`,
      )
  })
}
