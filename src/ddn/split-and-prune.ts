/**
 * Split-and-Prune: the bookkeeping that keeps the K nodes of a layer equally used, whatever a node is
 * (an image of a network's layer, a point of the 2-D experiment).
 *
 * Gradient descent moves only the nearest node, so it leaves dead nodes (never nearest) and density shift (a node
 * that stands for more than 1/K of the data). Each layer therefore counts how often each node was nearest, and now
 * and then splits the most-used node in two, over the place of the least-used, which is pruned.
 *
 * This file holds counts and decides; the caller copies node `split`'s weights (and optimiser moments, and
 * averages) over node `prune`'s.
 */

/**
 * When to fire. With c_k the counts, λ = Σc/K their mean, s = argmax c and p = argmin c:
 *
 * - `paper`: c_s > 2λ or c_p < λ/2. Cumulative counts; the split node's count is halved between the two and the
 *   pruned node's is dropped. (Yang, ICLR 2025, arXiv 2401.00036, Split-and-Prune.)
 * - `reference`: 2·|c_s/2 − λ| + c_p < c_s − c_p (the split lowers the total variation to the uniform distribution)
 *   or c_p < λ/2. Cumulative counts. Among nodes of count 0, p is the one with the largest accumulated loss. The
 *   pruned node's count is handed to its neighbours in proportion to how often each was second nearest where it was
 *   nearest, then the split node's count is halved between the two. (The author's published code.)
 * - `decayed`: the first test of `reference` (which is c_s − c_p > λ, where c_p < λ) on exponentially decayed counts,
 *   and only when p is under-used beyond chance. With V = λ·Σw²/Σw the variance of a weighted Poisson count (λ for
 *   fresh counts, about λ/2 once they decay steadily), n₀ the number of nodes of count 0, E = K·e^(−λ²/V) the number
 *   that chance explains, and z = `caution`: c_p < λ − z·√V, or c_p = 0 and n₀ > E + z·√E. The second finds dead
 *   nodes early, while none of them is certain by itself. No margin is asked of s: when p is surely under-used, an
 *   average node is worth splitting. The split node's count is halved between the two and the pruned node's is
 *   dropped. (Ours; docs/density.md has the measurements.)
 * - `none`: counts, never fires.
 */
export type SplitRule = 'paper' | 'reference' | 'decayed' | 'none'

export interface SplitAndPruneOptions {
  /** Default `'decayed'`. */
  rule?: SplitRule
  /** `decayed` only: observed samples after which a count weighs half. Default 20·K. */
  halfLife?: number
  /** Observed samples before the first event. Default 0. */
  warmup?: number
  /** `decayed` only: the margin z in standard deviations, 0 or more. Default 2. */
  caution?: number
}

/** What `save()` returns: plain numbers and arrays, safe for JSON, from which `restore` goes on exactly. */
export interface SplitAndPruneState {
  K: number
  rule: SplitRule
  halfLife: number
  warmup: number
  caution: number
  counts: number[]
  seen: number
  weight: number
  sum: number
  squares: number
  left: number
  losses: number[]
  /** Non-zero entries of the second-nearest table, as index i·K + j and value in turn. */
  seconds: number[]
}

export interface SplitEvent {
  split: number
  prune: number
}

const rules: readonly SplitRule[] = ['paper', 'reference', 'decayed', 'none']

/** Counts and rule of one layer of K nodes. */
export class SplitAndPrune {
  readonly K: number
  readonly rule: SplitRule
  readonly halfLife: number
  readonly warmup: number
  readonly caution: number
  /**
   * [K] how often each node was nearest, as the rule sees it. Under `decayed`, in units between one and two of the
   * latest sample's weight: shares are meaningful, absolute values are not.
   */
  readonly counts: Float64Array
  /** Samples observed since the start. */
  seen = 0

  /** `decayed`: weight of the next sample, in [1, 2). Growing it instead of shrinking K counts keeps observe O(batch). */
  private weight = 1
  /** `decayed`: Σw and Σw² over all the samples observed. */
  private sum = 0
  private squares = 0
  /** Events left until the next observation: no rule may fire for ever on the same evidence. */
  private left: number
  /** `reference`: accumulated loss of each node, and how often j was second where i was nearest, at i·K + j. */
  private readonly losses: Float64Array
  private seconds: Float32Array | null = null

  constructor(K: number, options: SplitAndPruneOptions = {}) {
    const { rule = 'decayed', halfLife = 20 * K, warmup = 0, caution = 2 } = options
    if (!Number.isInteger(K) || K < 1)
      throw new RangeError(`a layer needs a whole number of nodes, at least 1: ${K}`)
    if (!rules.includes(rule))
      throw new RangeError(`unknown split rule '${rule}': use one of ${rules.join(', ')}`)
    if (!(halfLife >= 1)) throw new RangeError(`halfLife is a number of samples, at least 1: ${halfLife}`)
    if (!(warmup >= 0)) throw new RangeError(`warmup is a number of samples, 0 or more: ${warmup}`)
    if (!(caution >= 0))
      throw new RangeError(`caution is a number of standard deviations, 0 or more: ${caution}`)
    this.K = K
    this.rule = rule
    this.halfLife = halfLife
    this.warmup = warmup
    this.caution = caution
    this.counts = new Float64Array(K)
    this.losses = new Float64Array(rule === 'reference' ? K : 0)
    this.left = K
  }

  /**
   * Counts a batch. O(batch); only `reference` reads more than `nearest`.
   *
   * @param nearest [B] index of the nearest node of each sample, in 0 … K−1
   * @param second [B] index of the second nearest, for handing a pruned node's count to its neighbours
   * @param error [B] the error of the nearest node, added to that node's accumulated loss; nodes never nearest get
   *   none of it, so between them only `losses` can tell, and without it the first is pruned
   * @param losses [K] the summed error of *every* node over the batch: the author's accumulated loss
   */
  observe(
    nearest: ArrayLike<number>,
    second?: ArrayLike<number>,
    error?: ArrayLike<number>,
    losses?: ArrayLike<number>,
  ): void {
    const { K, counts, rule } = this
    const B = nearest.length
    for (let i = 0; i < B; i++) {
      const k = nearest[i]
      if (!(k >= 0 && k < K)) throw new RangeError(`nearest[${i}] is ${k}, not a node of 0 … ${K - 1}`)
    }
    const w = rule === 'decayed' ? this.weight : 1
    for (let i = 0; i < B; i++) counts[nearest[i]] += w
    this.seen += B
    this.left = K

    if (rule === 'decayed') {
      this.sum += B * w
      this.squares += B * w * w
      // Beyond 2^1000 older samples weigh nothing, and the weight would overflow.
      this.weight *= 2 ** Math.min(B / this.halfLife, 1000)
      while (this.weight >= 2) this.halve()
    } else if (rule === 'reference') {
      if (second) {
        this.seconds ??= new Float32Array(K * K)
        for (let i = 0; i < B; i++) this.seconds[nearest[i] * K + second[i]] += 1
      }
      if (losses) for (let k = 0; k < K; k++) this.losses[k] += losses[k]
      else if (error) for (let i = 0; i < B; i++) this.losses[nearest[i]] += error[i]
    }
  }

  /**
   * At most one event, with the counts already updated; null when the rule does not fire. O(K). Calling it until it
   * is null takes every event that fires; that ends after at most K, which is all that a batch can call for.
   */
  event(): SplitEvent | null {
    const { K, counts, rule } = this
    if (rule === 'none' || K < 2 || this.left < 1 || this.seen < this.warmup) return null
    let s = 0
    let p = 0
    let total = 0
    for (let k = 0; k < K; k++) {
      const c = counts[k]
      if (c > counts[s]) s = k
      if (c < counts[p]) p = k
      total += c
    }
    if (s === p || total === 0) return null
    const mean = total / K
    if (!this.fires(counts[s], counts[p], mean)) return null

    if (rule === 'reference') {
      if (counts[p] === 0) p = this.worstUnused(p)
      this.handOver(s, p)
    }
    counts[s] = counts[p] = counts[s] / 2
    this.left--
    return { split: s, prune: p }
  }

  /** JSON-safe state; `SplitAndPrune.restore(state)` goes on exactly as this one would. */
  save(): SplitAndPruneState {
    const { K, rule, halfLife, warmup, caution, seen, weight, sum, squares, left } = this
    const seconds: number[] = []
    this.seconds?.forEach((value, at) => {
      if (value !== 0) seconds.push(at, value)
    })
    const counts = Array.from(this.counts)
    const losses = Array.from(this.losses)
    return { K, rule, halfLife, warmup, caution, counts, seen, weight, sum, squares, left, losses, seconds }
  }

  static restore(state: SplitAndPruneState): SplitAndPrune {
    const { K, counts, losses, seconds } = state
    const layer = new SplitAndPrune(K, state)
    if (counts.length !== K) throw new RangeError(`saved counts have ${counts.length} entries for ${K} nodes`)
    layer.counts.set(counts)
    layer.losses.set(losses)
    layer.seen = state.seen
    layer.weight = state.weight
    layer.sum = state.sum
    layer.squares = state.squares
    layer.left = state.left
    if (seconds.length > 0) {
      layer.seconds = new Float32Array(K * K)
      for (let i = 0; i < seconds.length; i += 2) layer.seconds[seconds[i]] = seconds[i + 1]
    }
    return layer
  }

  /** The rule on the largest and least count and their mean; see `SplitRule` for the formulas. */
  private fires(most: number, least: number, mean: number): boolean {
    if (this.rule === 'paper') return most > 2 * mean || least < mean / 2
    if (this.rule === 'reference') {
      return 2 * Math.abs(most / 2 - mean) + least < most - least || least < mean / 2
    }
    if (most - least <= mean) return false
    const variance = (mean * this.squares) / this.sum
    if (least < mean - this.caution * Math.sqrt(variance)) return true
    if (least > 0) return false
    let unused = 0
    for (let k = 0; k < this.K; k++) if (this.counts[k] === 0) unused++
    const expected = this.K * Math.exp((-mean * mean) / variance)
    return unused > expected + this.caution * Math.sqrt(expected)
  }

  /** `decayed`: everything at half its scale. A power of two, so that nothing is rounded. */
  private halve(): void {
    for (let k = 0; k < this.K; k++) this.counts[k] /= 2
    this.weight /= 2
    this.sum /= 2
    this.squares /= 4
  }

  /** `reference`: among the nodes never nearest, the one with the largest accumulated loss; `first` if all tie. */
  private worstUnused(first: number): number {
    let worst = first
    for (let k = first; k < this.K; k++) {
      if (this.counts[k] === 0 && this.losses[k] > this.losses[worst]) worst = k
    }
    return worst
  }

  /**
   * `reference`: node p's count goes to the nodes that were second where p was nearest (evenly to all, if none is
   * known), and the table is brought up to date in O(K): p's row and column are forgotten, s's neighbours are shared
   * with its twin p, and each twin has the other as its second.
   */
  private handOver(s: number, p: number): void {
    const { K, counts, losses, seconds } = this
    const count = counts[p]
    counts[p] = 0
    losses[p] = losses[s]
    if (!seconds) {
      for (let k = 0; k < K; k++) if (k !== p) counts[k] += count / (K - 1)
      return
    }
    let row = 0
    let rowOfSplit = 0
    for (let k = 0; k < K; k++) {
      if (k !== p) row += seconds[p * K + k]
      rowOfSplit += seconds[s * K + k]
    }
    for (let k = 0; k < K; k++) {
      if (k !== p) counts[k] += count * (row > 0 ? seconds[p * K + k] / row : 1 / (K - 1))
    }
    for (let k = 0; k < K; k++) {
      seconds[p * K + k] = seconds[s * K + k] = 0
      seconds[k * K + p] = seconds[k * K + s] = seconds[k * K + s] / 2
    }
    seconds[s * K + s] = seconds[p * K + p] = 0
    seconds[s * K + p] = seconds[p * K + s] = rowOfSplit / 2
  }
}

/**
 * How evenly K nodes are used: entropy H = −Σ P_k log2 P_k of the shares in bits (log2 K when even), perplexity 2^H
 * (the number of evenly used nodes with that entropy), and dead nodes: those with less than a twentieth of the fair
 * share 1/K, count 0 included. Without any count: entropy 0, perplexity 1, all dead.
 */
export function usage(counts: ArrayLike<number>): { entropy: number; perplexity: number; dead: number } {
  const K = counts.length
  let total = 0
  for (let k = 0; k < K; k++) total += counts[k]
  let entropy = 0
  let dead = 0
  for (let k = 0; k < K; k++) {
    const share = total > 0 ? counts[k] / total : 0
    if (share > 0) entropy -= share * Math.log2(share)
    if (share < 0.05 / K || share === 0) dead++
  }
  return { entropy, perplexity: 2 ** entropy, dead }
}
