// New paths from old ones: the way from one image to another, and other details for the same idea.

import { random } from '../data/rng.ts'
import { complete, type Prior } from './prior.ts'
import { checkPath } from './tree.ts'

/**
 * Which codes change first on the way from one path to another. `fine`: from the last to the first, so that details
 * change before the shape does, and the shape jumps at the end. `coarse`: from the first to the last: the other's
 * shape at once, under the own details, which then become the other's.
 */
export type ChangeOrder = 'coarse' | 'fine'

/**
 * The way from path a [L] to path b [L]: after m steps the first m codes that differ, in the order given, are b's.
 *
 * @returns [D + 1, L], D being the number of codes in which they differ: a first, b last, a step changes one code
 */
export function interpolate(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  order: ChangeOrder = 'coarse',
): Int32Array {
  const L = a.length
  if (b.length !== L) throw new Error(`paths of ${L} and of ${b.length} codes have no way between them`)
  const differing = Array.from({ length: L }, (_, l) => l).filter(l => a[l] !== b[l])
  if (order === 'fine') differing.reverse()
  const paths = new Int32Array((differing.length + 1) * L)
  for (let m = 0; m <= differing.length; m++) paths.set(Array.from(a), m * L)
  differing.forEach((layer, step) => {
    for (let m = step + 1; m <= differing.length; m++) paths[m * L + layer] = b[layer]
  })
  return paths
}

export interface MutateOptions {
  /** Codes that are kept: the first so many, 0 … L. */
  depth: number
  count: number
  /** Default 0. */
  seed?: number
  /** As for `drawCodes`; default 1. */
  temperature?: number
}

/**
 * The same idea with other details: the first `depth` codes of a path [L] kept, the rest drawn from a prior given these.
 * With `uniformPrior` every way on is as likely. The first paths of a seed are the same for any count.
 *
 * @returns [count, L]
 */
export function mutate(
  prior: Prior,
  path: ArrayLike<number>,
  { depth, count, seed = 0, temperature = 1 }: MutateOptions,
): Int32Array {
  const L = prior.K.length
  checkPath(prior.K, path)
  if (path.length !== L) throw new Error(`a path of ${path.length} codes is not whole: it takes ${L}`)
  if (!(Number.isInteger(depth) && depth >= 0 && depth <= L))
    throw new Error(`invalid depth: ${depth}; give how many of ${L} codes are kept`)
  if (!(Number.isInteger(count) && count >= 1))
    throw new Error(`invalid count: ${count}; give a positive integer`)
  const rng = random(seed, 'mutation')
  const paths = new Int32Array(count * L)
  for (let i = 0; i < count; i++) {
    const own = paths.subarray(i * L, (i + 1) * L)
    own.set(Array.from(path))
    complete(prior, own, depth, rng, temperature)
  }
  return paths
}
