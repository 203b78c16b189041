// Paths as strings of bits, as short as a prior makes them likely: binary arithmetic coding.
//
// Source: Witten, Neal, Cleary, "Arithmetic coding for data compression", Communications of the ACM 30 (6), 1987.
// A path is an interval of width Π p(k_l) in [0, 1); its string is the shortest binary fraction such that whatever
// follows it stays inside. So a string needs no end mark: who decodes L codes knows the interval, and with it the string.

import type { Prior } from '../codes/prior.ts'
import { checkPath } from '../codes/tree.ts'
import { type BitWriter, bitAt } from './bits.ts'

/**
 * The frequencies of a layer's codes add up to this. An interval is at most 2³² wide, so their products are whole
 * numbers up to 2⁵³, which are exact; and 65,536 codes of frequency 1 take no more than 3 % of it.
 */
export const TOTAL = 2 ** 21

/** Where a string of bits breaks off, or could not come from `encodePath`. */
export class CodeError extends Error {
  override name = 'CodeError'
}

/**
 * Writes the string of a path: at most 2 bits more than −Σ log₂ (f / TOTAL), and exactly Σ log₂ K where all codes are
 * alike and every K is a power of two. Codes of path l in 0 … K_l − 1.
 *
 * @returns its length in bits
 */
export function encodePath(prior: Prior, codes: ArrayLike<number>, out: BitWriter): number {
  if (codes.length !== prior.K.length)
    throw new Error(`${codes.length} codes are no path of ${prior.K.length} layers`)
  checkPath(prior.K, codes)
  const start = out.length
  const interval = new Interval()
  // A doubling about the middle says only that the next bit is followed by as many of its opposite.
  const write = (bit: number, pending: number) => {
    out.push(bit)
    for (let i = 0; i < pending; i++) out.push(1 - bit)
  }
  const walk = prior.walk()
  for (let l = 0; l < codes.length; l++) {
    const upTo = cumulated(prior, walk.probabilities())
    interval.narrow(upTo[codes[l]], upTo[codes[l] + 1])
    interval.double((cut, pending) => {
      if (cut !== QUARTER) write(cut ? 1 : 0, pending)
    })
    walk.take(codes[l])
  }
  for (const [i, bit] of interval.ending().entries()) write(bit, i === 0 ? interval.pending : 0)
  return out.length - start
}

/**
 * Reads the path whose string begins at bit `at`, and how long that string is.
 *
 * @param end  of the bits; default that of the bytes
 * @throws CodeError where the string goes on beyond the end, or is not the one that `encodePath` writes
 */
export function decodePath(
  prior: Prior,
  bytes: Uint8Array,
  at: number,
  end = 8 * bytes.length,
): { codes: Int32Array; length: number } {
  const { codes, interval } = certain(prior, bytes, at, end - at)
  const ending = interval.ending()
  const length = interval.shifts + ending.length
  if (codes.length < prior.K.length || length > end - at)
    throw new CodeError(
      `its bits run out after ${codes.length} of ${prior.K.length} codes of a path that begins at bit ${at}`,
    )
  const { shifts, pending } = interval
  for (let i = shifts - pending; i < length; i++) {
    const after = i - (shifts - pending)
    const due = after === 0 ? ending[0] : after <= pending ? 1 - ending[0] : ending[after - pending]
    if (bitAt(bytes, at + i) !== due)
      throw new CodeError(`bit ${at + i} cannot end the string of the path that begins at bit ${at}`)
  }
  return { codes, length }
}

/**
 * The first codes of a path, of whose string only the first `count` bits are known: as many as these fix. No bits fix
 * none, the whole string all of them. Bits beyond the path's own are not looked at.
 */
export function decodePrefix(prior: Prior, bytes: Uint8Array, at: number, count: number): Int32Array {
  return certain(prior, bytes, at, Math.min(count, 8 * bytes.length - at)).codes
}

/**
 * Whole frequencies of codes [K], each from 1, in sum TOTAL, added up: upTo[k] is the sum of those before k [K + 1].
 * f = 1 + ⌊p·(TOTAL − K)⌋, and what is left goes to the likeliest: −log₂ (f / TOTAL) is at most −log₂ (1 − K / TOTAL)
 * above −log₂ p. Made of + − × and ⌊⌋, so the same on every machine.
 */
export function cumulated(prior: Pick<Prior, 'name'>, p: Float64Array): Uint32Array {
  const K = p.length
  const upTo = new Uint32Array(K + 1)
  let likeliest = 0
  let sum = 0
  for (let k = 0; k < K; k++) {
    if (!(p[k] >= 0 && p[k] <= 1))
      throw new Error(`the prior ${prior.name} gives the probability ${p[k]} to code ${k}`)
    if (p[k] > p[likeliest]) likeliest = k
    sum += p[k]
    upTo[k + 1] = upTo[k] + 1 + Math.floor(p[k] * (TOTAL - K))
  }
  const left = TOTAL - upTo[K]
  if (Math.abs(sum - 1) > 1e-9)
    throw new Error(`the probabilities of the prior ${prior.name} add up to ${sum}, not to 1`)
  for (let k = likeliest; left > 0 && k < K; k++) upTo[k + 1] += left
  return upTo
}

const WHOLE = 2 ** 32
const HALF = 2 ** 31
const QUARTER = 2 ** 30

/** What is left of [0, 1), in units of 2⁻³² after so many doublings: low … high, both within. */
class Interval {
  low = 0
  high = WHOLE - 1
  /** Doublings so far. */
  shifts = 0
  /** The last of them that went about the middle: their bits hang on the next one. */
  pending = 0

  /** Where the part of [0, TOTAL) that ends before `upTo` ends. */
  edge(upTo: number): number {
    return this.low + Math.floor(((this.high - this.low + 1) * upTo) / TOTAL)
  }

  narrow(from: number, to: number): void {
    const low = this.edge(from)
    this.high = this.edge(to) - 1
    this.low = low
  }

  /**
   * Doubles while that is certain to lose nothing, until more than a quarter is left; so every frequency keeps a width.
   *
   * @param onDouble  what was cut off below (0, HALF: a bit is known; QUARTER: about the middle), and how many
   *   doublings about the middle came before
   */
  double(onDouble: (cut: number, pending: number) => void): void {
    for (;;) {
      const { low, high, pending } = this
      const cut =
        high < HALF ? 0 : low >= HALF ? HALF : low >= QUARTER && high < HALF + QUARTER ? QUARTER : null
      if (cut === null) return
      this.low = 2 * (low - cut)
      this.high = 2 * (high - cut) + 1
      this.shifts++
      this.pending = cut === QUARTER ? pending + 1 : 0
      onDouble(cut, pending)
    }
  }

  /**
   * The fewest bits after those that are known, such that whatever follows stays inside: here low < HALF ≤ high, and
   * [low, high] reaches below the second quarter or beyond the third, or else it could have been doubled.
   */
  ending(): readonly number[] {
    const { low, high, pending } = this
    if (low === 0) return high === WHOLE - 1 && pending === 0 ? [] : [0]
    if (high === WHOLE - 1) return [1]
    return low <= QUARTER ? [0, 1] : [1, 0]
  }
}

/** The codes that are the same whatever follows the first `known` bits, and the interval after them. */
function certain(prior: Prior, bytes: Uint8Array, at: number, known: number) {
  const codes = new Int32Array(prior.K.length)
  const interval = new Interval()
  // The next 32 bits: where they are not known, all zeros and all ones.
  let [low, high] = [0, 0]
  let read = 0
  const shift = (cut: number) => {
    const bit = read < known ? bitAt(bytes, at + read) : null
    low = 2 * (low - cut) + (bit ?? 0)
    high = 2 * (high - cut) + (bit ?? 1)
    read++
  }
  while (read < 32) shift(0)
  const walk = prior.walk()
  for (let l = 0; l < codes.length; l++) {
    const upTo = cumulated(prior, walk.probabilities())
    const code = find(interval, upTo, low)
    if (high >= interval.edge(upTo[code + 1])) return { codes: codes.slice(0, l), interval }
    codes[l] = code
    interval.narrow(upTo[code], upTo[code + 1])
    interval.double(shift)
    walk.take(code)
  }
  return { codes, interval }
}

/** The code in whose part of the interval a value lies, by halving. */
function find(interval: Interval, upTo: Uint32Array, value: number): number {
  let [low, high] = [0, upTo.length - 1]
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if (interval.edge(upTo[middle]) <= value) low = middle
    else high = middle
  }
  return low
}
