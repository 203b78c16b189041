// Codes as a chain from layer to layer: each weighed by how often it followed the one before it.

import { type CountsFit, countsPrior, fitCounts } from './counts.ts'
import type { Prior } from './prior.ts'

/**
 * p(k_l | k_1 … k_{l−1}) = p(k_l | k_{l−1}): counts of contexts of one code, which bend to the layer's own (counts.ts).
 *
 * @param codes  the paths that are counted [N, L]
 * @param fit  from `fitMarkov` of the same codes
 */
export function markovPrior(
  K: readonly number[],
  codes: Int32Array,
  fit: CountsFit = fitMarkov(K, codes),
): Prior {
  return countsPrior(K, codes, fit, 'markov')
}

/** The smoothing of the chain, by leave-one-out. */
export function fitMarkov(K: readonly number[], codes: Int32Array): CountsFit {
  return fitCounts(K, codes, { longest: 1 })
}
