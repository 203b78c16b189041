// Several guides' scores as one, and how much each layer heeds them.

import { add, cast, div, mul, reduceMean, sqrt, square, sub, type Tensor, topK } from '../graph/index.ts'
import type { BlackBoxGuide, CombinedGuide, Guide, LinearGuide, WeightedGuide } from './guide.ts'

/** The guides that a guide is made of: itself, or its parts. */
export function partsOf(guide: Guide): readonly WeightedGuide[] {
  return guide.kind === 'combined' ? guide.parts : [{ guide, weight: 1 }]
}

/** Several guides as one: each has a say of its weight. Source of ranks: the reference code's multi-guidance. */
export function combine(
  parts: readonly (WeightedGuide | LinearGuide | BlackBoxGuide)[],
  by: 'ranks' | 'scores' = 'ranks',
): CombinedGuide {
  const weighted = parts.map(part => ('guide' in part ? part : { guide: part, weight: 1 }))
  if (weighted.length === 0) throw new Error('combine: no guides are given')
  for (const { guide, weight } of weighted)
    if (!(Number.isFinite(weight) && weight >= 0))
      throw new Error(`combine: the weight of ${guide.name} is ${weight}; give a number from 0`)
  if (weighted.every(({ weight }) => weight === 0)) throw new Error('combine: all weights are 0')
  return { kind: 'combined', name: weighted.map(({ guide }) => guide.name).join(' + '), parts: weighted, by }
}

/** A list of factors stretched over the layers: linear between its members. */
export function overLayers(factors: readonly number[] | undefined, layer: number, layers: number): number {
  if (!factors?.length) return 1
  const at = layers > 1 ? (layer / (layers - 1)) * (factors.length - 1) : factors.length - 1
  const low = Math.floor(at)
  const high = Math.min(low + 1, factors.length - 1)
  return factors[low] + (at - low) * (factors[high] - factors[low])
}

/** Scores [N, M] of every part, and its say, a scalar, if it has one → one score [N, M]; null where nobody has a say. */
export function combined(
  scores: readonly Tensor[],
  weights: readonly (Tensor | null)[],
  by: 'ranks' | 'scores',
): Tensor | null {
  const heard = scores.filter((_, i) => weights[i])
  const says = weights.filter(weight => weight !== null)
  if (heard.length === 0) return null
  if (scores.length === 1) return heard[0]
  const alike = by === 'ranks' ? ranks : standardised
  return heard.map((x, i) => mul(alike(x), says[i])).reduce((a, b) => add(a, b))
}

/** The place of every score in its row, from 0 for the lowest to 1 for the highest. */
export function ranks(scores: Tensor): Tensor {
  const count = scores.shape[1] as number
  const ascending = topK(scores, count, false).indices
  // The inverse of a permutation is what sorts it.
  return div(cast(topK(cast(ascending, 'float32'), count, false).indices, 'float32'), Math.max(1, count - 1))
}

/** Every row to mean 0 and standard deviation 1. */
export function standardised(scores: Tensor): Tensor {
  const centred = sub(scores, reduceMean(scores, [1], true))
  return div(centred, add(sqrt(reduceMean(square(centred), [1], true)), 1e-12))
}
