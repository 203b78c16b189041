// Models of how codes follow one another, p(k_1 … k_L) = Π p(k_l | k_1 … k_{l−1}): what one needs to draw, to weigh
// and to compress them. They know the number of candidates per layer, and nothing of images.

import { random } from '../data/rng.ts'

/**
 * A distribution over paths. Its probabilities are the same bits on every machine, or what one machine compresses
 * another cannot read: they are made of integers and of + − × ÷ √ alone, which IEEE 754 fixes.
 */
export interface Prior {
  readonly name: string
  /** Candidates of each layer. */
  readonly K: readonly number[]
  /** Begins a path at the root. */
  walk(): Walk
}

/** On the way down. */
export interface Walk {
  /** p(k | the codes taken so far) of the next layer [K_l], all above 0, sum 1. Not to be written to. */
  probabilities(): Float64Array
  /** Goes down to a child. */
  take(code: number): void
}

export interface DrawOptions {
  count: number
  /** Default 0. */
  seed?: number
  /** p^(1/t), made to sum to 1: below 1 the likely become likelier, above 1 all come nearer to even. Default 1. */
  temperature?: number
}

/** All codes alike: p = 1 / K_l. */
export function uniformPrior(K: readonly number[]): Prior {
  const even = K.map(k => new Float64Array(k).fill(1 / k))
  return {
    name: 'none',
    K,
    walk() {
      let layer = 0
      return {
        probabilities: () => even[layer],
        take: () => {
          layer++
        },
      }
    },
  }
}

/** Codes [count, L] drawn from a prior. The first paths of a seed are the same for any count. */
export function drawCodes(prior: Prior, { count, seed = 0, temperature = 1 }: DrawOptions): Int32Array {
  if (!Number.isInteger(count) || count < 1)
    throw new Error(`invalid count: ${count}; give a positive integer`)
  if (!(temperature > 0 && Number.isFinite(temperature)))
    throw new Error(`invalid temperature: ${temperature}; give a number above 0`)
  const L = prior.K.length
  const rng = random(seed, 'prior')
  const codes = new Int32Array(count * L)
  for (let i = 0; i < count; i++) complete(prior, codes.subarray(i * L, (i + 1) * L), 0, rng, temperature)
  return codes
}

/** Draws the codes of a path [L] from layer `depth` on; those before it are given. */
export function complete(
  prior: Prior,
  path: Int32Array,
  depth: number,
  rng: { next(): number },
  temperature = 1,
): void {
  const walk = prior.walk()
  for (let l = 0; l < path.length; l++) {
    if (l >= depth) path[l] = drawFrom(walk.probabilities(), rng.next(), temperature)
    walk.take(path[l])
  }
}

/** −Σ log₂ p of paths [N, L]: the bits of each, and of each layer. */
export function bitsOfPaths(prior: Prior, codes: Int32Array): { images: Float64Array; layers: Float64Array } {
  const L = prior.K.length
  const images = new Float64Array(codes.length / L)
  const layers = new Float64Array(L)
  for (let i = 0; i < images.length; i++) {
    const walk = prior.walk()
    for (let l = 0; l < L; l++) {
      const code = codes[i * L + l]
      const bits = -Math.log2(walk.probabilities()[code])
      images[i] += bits
      layers[l] += bits
      walk.take(code)
    }
  }
  return { images, layers }
}

/** The index at which the running sum of p^(1/t) passes `share` in [0, 1) of the whole. */
function drawFrom(p: Float64Array, share: number, temperature: number): number {
  const weights = temperature === 1 ? p : p.map(value => value ** (1 / temperature))
  const total = weights.reduce((a, b) => a + b, 0)
  let left = share * total
  for (let k = 0; k < weights.length; k++) {
    left -= weights[k]
    if (left < 0) return k
  }
  return weights.length - 1
}
