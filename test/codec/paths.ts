/** Priors and paths to code, and the interval of a path in whole numbers of any length. */

import { cumulated, TOTAL } from '../../src/codec/arithmetic.ts'
import type { Prior } from '../../src/codes/prior.ts'
import { random } from '../../src/data/rng.ts'

/** A prior whose probabilities at a node are drawn by the seed and the codes before it; the larger `skew`, the less even. */
export function drawnPrior(K: readonly number[], seed: number, skew = 4): Prior {
  return {
    name: 'drawn',
    K,
    walk() {
      const path: number[] = []
      return {
        probabilities() {
          const rng = random(seed, path.join())
          const p = Float64Array.from({ length: K[path.length] }, () => rng.next() ** skew)
          const sum = p.reduce((a, b) => a + b, 0)
          return sum > 0 ? p.map(value => value / sum) : p.fill(1 / p.length)
        },
        take: code => {
          path.push(code)
        },
      }
    },
  }
}

/** −Σ log₂ of a path's probabilities as the coder counts them, f / TOTAL. */
export function idealBits(prior: Prior, codes: ArrayLike<number>): number {
  const walk = prior.walk()
  let bits = 0
  for (let l = 0; l < codes.length; l++) {
    const upTo = cumulated(prior, walk.probabilities())
    bits -= Math.log2((upTo[codes[l] + 1] - upTo[codes[l]]) / TOTAL)
    walk.take(codes[l])
  }
  return bits
}

/**
 * The string of a path, found the long way: the interval is kept whole, in units of 2^−(32 + doublings), and then the
 * shortest strings are tried one after the other, the lowest first.
 */
export function slowString(prior: Prior, codes: ArrayLike<number>): string {
  const [whole, half, quarter] = [2n ** 32n, 2n ** 31n, 2n ** 30n]
  let [low, width, window, unit] = [0n, whole, 0n, whole]
  const walk = prior.walk()
  for (let l = 0; l < codes.length; l++) {
    const upTo = cumulated(prior, walk.probabilities())
    const edge = (k: number) => low + (width * BigInt(upTo[k])) / BigInt(TOTAL)
    const [from, to] = [edge(codes[l]), edge(codes[l] + 1)]
    ;[low, width] = [from, to - from]
    for (;;) {
      const end = low + width
      if (end <= window + half) window += 0n
      else if (low >= window + half) window += half
      else if (low >= window + quarter && end <= window + half + quarter) window += quarter
      else break
      ;[low, width, window, unit] = [2n * low, 2n * width, 2n * window, 2n * unit]
    }
    walk.take(codes[l])
  }
  for (let n = 0n; ; n++) {
    const step = unit >> n
    const first = (low + step - 1n) / step
    if ((first + 1n) * step <= low + width) return n === 0n ? '' : first.toString(2).padStart(Number(n), '0')
  }
}
