// The priors of a run's codes, in Node: made of the codes of its training images, or trained and kept beside the model.

import { fingerprintOf, hex } from '../ddn/fingerprint.ts'
import { type CodedOptions, codedData } from './coded-data.ts'
import { readFileIfAny, writeAtomic } from './files.ts'
import { countedPrior, evenPrior, type NamedPrior, type PriorName, trainedPrior } from './named-prior.ts'
import { priorFile, readPrior, type TransformerFile } from './prior-file.ts'
import type { FolderRun } from './run.ts'

export { type NamedPrior, type PriorName, priorNames } from './named-prior.ts'

/** A prior of a run, by its name. The transformer must have been trained: `coppice prior`. */
export async function priorOf(
  run: FolderRun<'ddn'>,
  name: PriorName,
  options: CodedOptions = {},
): Promise<NamedPrior> {
  const K = run.model.layers.map(layer => layer.K)
  if (name === 'none') return evenPrior(K)
  if (name === 'transformer') return trained(run, options)
  const { train } = await codedData(run, options)
  return countedPrior(name, K, train)
}

/** Keeps a transformer beside the model. Returns its path. */
export async function keepPrior(
  run: FolderRun<'ddn'>,
  file: Omit<TransformerFile, 'model'>,
): Promise<string> {
  const path = run.beside('prior.safetensors')
  await writeAtomic(path, priorFile({ ...file, model: hex(await fingerprintOf(run.model)) }))
  return path
}

async function trained(run: FolderRun<'ddn'>, options: CodedOptions): Promise<NamedPrior> {
  const path = run.beside('prior.safetensors')
  const bytes = await readFileIfAny(path)
  const name = run.file ?? run.dir
  if (!bytes) throw new Error(`there is no ${path} yet; train it with: coppice prior ${name}`)
  const file = readPrior(bytes, path)
  if (file.model !== hex(await fingerprintOf(run.model)))
    throw new Error(`${path} is of other weights; train it anew with: coppice prior ${name}`)
  return trainedPrior(file, (await codedData(run, options)).train)
}
