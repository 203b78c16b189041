// Picking among scored candidates: the same for every guide, from random numbers that are fed.

import { add, log, mul, type Tensor, takeLast, topK } from '../graph/index.ts'

export type PickRule =
  /** The best. */
  | { rule: 'best' }
  /** One of the best so many, evenly. */
  | { rule: 'top'; of: number }
  /** Each with probability ∝ exp(score / temperature). */
  | { rule: 'softmax'; temperature: number }

export function checkRule(rule: PickRule): PickRule {
  if (rule.rule === 'top' && !(Number.isInteger(rule.of) && rule.of >= 1))
    throw new Error(`invalid top: ${rule.of}; give a whole number from 1`)
  if (rule.rule === 'softmax' && !(rule.temperature > 0))
    throw new Error(`invalid temperature: ${rule.temperature}; give a number above 0`)
  return rule
}

/**
 * Of how many of the best is drawn: all for strictness 0, as the rule says for 1, geometrically between. `from`
 * candidates there are, `keep` are to be kept (a beam keeps several of as many times the number).
 */
function drawnFrom(rule: PickRule, strictness: number, from: number, keep: number): number {
  const strict = Math.min(from, (rule.rule === 'top' ? rule.of : 1) * keep)
  return Math.round(strict ** strictness * from ** (1 - strictness))
}

/** How many random numbers a pick needs per image. */
export function noiseLength(rule: PickRule, strictness: number, from: number, keep: number): number {
  if (rule.rule === 'softmax') return from
  const drawn = drawnFrom(rule, strictness, from, keep)
  return drawn > keep ? drawn : 0
}

/**
 * `keep` different indices [N, keep], int64, into scores [N, M]; noise is uniform in (0, 1), [N, noiseLength]. Sampling
 * without replacement by the largest of scores plus Gumbel noise: Kool et al., arXiv 1903.06059.
 */
export function pickBy(
  rule: PickRule,
  strictness: number,
  scores: Tensor,
  keep: number,
  noise: Tensor | null,
): Tensor {
  if (!noise) return topK(scores, keep).indices
  if (rule.rule === 'softmax') {
    const gumbel = mul(log(mul(log(noise), -1)), -1)
    return topK(add(mul(scores, strictness / rule.temperature), gumbel), keep).indices
  }
  const [, from] = scores.shape as [number, number]
  const drawn = drawnFrom(rule, strictness, from, keep)
  const lot = topK(noise, keep).indices
  return drawn === from ? lot : takeLast(topK(scores, drawn).indices, lot)
}
