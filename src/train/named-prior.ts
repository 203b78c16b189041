// Priors by their names, in Node and in browsers: made of the codes of a network's training images, or read as trained.

import { countsPrior } from '../codes/counts.ts'
import { markovPrior } from '../codes/markov.ts'
import { mixedPrior } from '../codes/mixture.ts'
import { type Prior, uniformPrior } from '../codes/prior.ts'
import { transformerPrior } from '../codes/transformer.ts'
import { bytesOf, fingerprint } from '../ddn/fingerprint.ts'
import type { TransformerFile } from './prior-file.ts'

/** Even; counts of contexts; one code after the other; a transformer with the counts. */
export const priorNames = ['none', 'counts', 'markov', 'transformer'] as const

export type PriorName = (typeof priorNames)[number]

export interface NamedPrior {
  prior: Prior
  /** 8 bytes: what was compressed with one prior is read with that one alone. */
  fingerprint: Uint8Array
}

/** All codes of K_l candidates alike. */
export async function evenPrior(K: readonly number[]): Promise<NamedPrior> {
  return { prior: uniformPrior(K), fingerprint: await named('none', []) }
}

/** @param train  codes of the network's training images [N, L]: as `readCodes` gives them */
export async function countedPrior(
  name: 'counts' | 'markov',
  K: readonly number[],
  train: Int32Array,
): Promise<NamedPrior> {
  const prior = name === 'counts' ? countsPrior(K, train) : markovPrior(K, train)
  return { prior, fingerprint: await named(name, [bytesOf(Int32Array.from(K)), bytesOf(train)]) }
}

/**
 * The transformer, mixed with the counts: few codes are better remembered than generalised.
 *
 * @param file  as `readPrior` gives it
 * @param train  codes of the network's training images [N, L], which the counts are of
 */
export async function trainedPrior(
  { config, weights, shares }: Omit<TransformerFile, 'model'>,
  train: Int32Array,
): Promise<NamedPrior> {
  const { K } = config
  const priors = [transformerPrior(config, weights), countsPrior(K, train)]
  const text = new TextEncoder().encode(JSON.stringify({ config, shares }))
  return {
    prior: mixedPrior(priors, shares, 'transformer'),
    fingerprint: await named('transformer', [text, bytesOf(weights), bytesOf(train)]),
  }
}

const named = (name: PriorName, parts: readonly Uint8Array[]) =>
  fingerprint([new TextEncoder().encode(name), ...parts])
