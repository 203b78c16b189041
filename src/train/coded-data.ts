// The codes of a run's own data, in Node: made once, kept beside the model.

import { type Dataset, type Images, subset, toFloat } from '../data/dataset.ts'
import { loadDataset } from '../data/load.ts'
import { fingerprintOf, hex } from '../ddn/fingerprint.ts'
import type { DdnModel } from '../ddn/model.ts'
import { toldOf } from '../eval/told.ts'
import { type CodedData, codesFile, readCodes } from './codes-file.ts'
import { imagesOf } from './config.ts'
import { readFileIfAny, writeAtomic } from './files.ts'
import type { FolderRun } from './run.ts'

export interface CodedOptions {
  /** Told what is done that takes a while, and what could not be kept. */
  onNote?: (note: string) => void
  /** Images encoded, of how many. */
  onProgress?: (done: number, total: number) => void
}

/**
 * The codes of the images that a run was trained on and is tested on, in the data's order: read from
 * `codes.safetensors` beside the model, or made, and kept there, where that is missing or of other weights.
 */
export async function codedData(
  run: FolderRun<'ddn'>,
  { onNote = () => {}, onProgress }: CodedOptions = {},
): Promise<CodedData> {
  const { model, config } = run
  const path = run.beside('codes.safetensors')
  const fingerprint = await fingerprintOf(model)
  const K = model.layers.map(layer => layer.K)
  const bytes = await readFileIfAny(path)
  if (bytes) {
    const found = readCodes(bytes, K, path)
    if (found.model === hex(fingerprint)) return found
    onNote(`${path} is of other weights; it is made anew`)
  }
  const { channels, size } = config.network
  const dataset = await loadDataset(config.data, { size, channels })
  const { train, test } = trainedOn(run, dataset)
  const total = train.count + test.count
  onNote(`encoding the ${total} images of ${config.data} once; their codes are kept in ${path}`)
  const coded = {
    K,
    train: await codesOf(model, train, done => onProgress?.(done, total)),
    test: await codesOf(model, test, done => onProgress?.(train.count + done, total)),
    trainLabels: train.labels ?? null,
    testLabels: test.labels ?? null,
  }
  await writeAtomic(path, codesFile(coded, { model: fingerprint, source: config.data })).catch(error =>
    onNote(`the codes could not be kept: ${(error as Error).message}`),
  )
  return coded
}

/** The images that a run was trained on, which may be one half of the data's, and those that it is tested on. */
export function trainedOn(
  { config }: FolderRun<'ddn'>,
  { train, test }: Dataset,
): Pick<Dataset, 'train' | 'test'> {
  return { train: config.part === 'all' ? train : subset(train, imagesOf(config.part, train.count)), test }
}

/** Codes [N, L] of images, so many at a time that memory stays small. */
export async function codesOf(
  model: DdnModel,
  images: Images,
  onProgress?: (done: number) => void,
): Promise<Int32Array> {
  const L = model.layers.length
  const codes = new Int32Array(images.count * L)
  const at = 512
  for (let from = 0; from < images.count; from += at) {
    const indices = Int32Array.from({ length: Math.min(at, images.count - from) }, (_, i) => from + i)
    codes.set(await model.encode(toFloat(images, indices), toldOf(model, images, indices)), from * L)
    onProgress?.(from + indices.length)
  }
  return codes
}
