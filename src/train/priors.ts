// The priors of a run's codes, in Node: made of the codes of its training images, or trained and kept beside the model.

import { countsPrior } from '../codes/counts.ts'
import { markovPrior } from '../codes/markov.ts'
import { type Prior, uniformPrior } from '../codes/prior.ts'
import { bytesOf, fingerprint, fingerprintOf, hex } from '../ddn/fingerprint.ts'
import { type CodedOptions, codedData } from './coded-data.ts'
import { readFileIfAny, writeAtomic } from './files.ts'
import { priorFile, readPrior, type TransformerFile } from './prior-file.ts'
import type { FolderRun } from './run.ts'

/** Even; counts of contexts; one code after the other; a transformer. */
export const priorNames = ['none', 'counts', 'markov', 'transformer'] as const

export type PriorName = (typeof priorNames)[number]

export interface NamedPrior {
  prior: Prior
  /** 8 bytes: what was compressed with one prior is read with that one alone. */
  fingerprint: Uint8Array
}

/** A prior of a run, by its name. The transformer must have been trained: `coppice prior`. */
export async function priorOf(
  run: FolderRun<'ddn'>,
  name: PriorName,
  options: CodedOptions = {},
): Promise<NamedPrior> {
  const K = run.model.layers.map(layer => layer.K)
  if (name === 'none') return { prior: uniformPrior(K), fingerprint: await named(name, []) }
  if (name === 'transformer') return trained(run)
  const { train } = await codedData(run, options)
  const prior = name === 'counts' ? countsPrior(K, train) : markovPrior(K, train)
  return { prior, fingerprint: await named(name, [bytesOf(Int32Array.from(K)), bytesOf(train)]) }
}

/** Keeps a transformer beside the model. Returns its path. */
export async function keepPrior(
  run: FolderRun<'ddn'>,
  { config, weights }: Omit<TransformerFile, 'model'>,
): Promise<string> {
  const path = run.beside('prior.safetensors')
  await writeAtomic(path, priorFile({ config, weights, model: hex(await fingerprintOf(run.model)) }))
  return path
}

async function trained(run: FolderRun<'ddn'>): Promise<NamedPrior> {
  const path = run.beside('prior.safetensors')
  const bytes = await readFileIfAny(path)
  const name = run.file ?? run.dir
  if (!bytes) throw new Error(`there is no ${path} yet; train it with: coppice prior ${name}`)
  const { prior, config, weights, model } = readPrior(bytes, path)
  if (model !== hex(await fingerprintOf(run.model)))
    throw new Error(`${path} is of other weights; train it anew with: coppice prior ${name}`)
  const parts = [new TextEncoder().encode(JSON.stringify(config)), bytesOf(weights)]
  return { prior, fingerprint: await named('transformer', parts) }
}

const named = (name: PriorName, parts: readonly Uint8Array[]) =>
  fingerprint([new TextEncoder().encode(name), ...parts])
