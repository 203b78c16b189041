// `codes.safetensors`: the codes of a network's own data, from which its tree is counted and its priors are made.

import { hex } from '../ddn/fingerprint.ts'
import { VERSION } from '../version.ts'
import { readSafetensors, type StoredTensor, writeSafetensors } from './safetensors.ts'

/** The codes of the images that a network was trained on, and of those that it was not. */
export interface CodedData {
  /** Candidates of each layer. */
  K: readonly number[]
  /** [N, L] */
  train: Int32Array
  /** [M, L] */
  test: Int32Array
  /** Where the data have labels: [N] and [M], −1 where one is unknown. */
  trainLabels: Int32Array | null
  testLabels: Int32Array | null
}

const FORMAT = 'coppice-codes-1'

/** The file: codes as U16, labels as I16. The same codes give the same bytes. */
export function codesFile(
  data: CodedData,
  { model, source }: { model: Uint8Array; source: string },
): Uint8Array {
  const L = data.K.length
  const tensors = new Map<string, StoredTensor>()
  for (const side of ['train', 'test'] as const) {
    const codes = data[side]
    const labels = data[`${side}Labels`]
    tensors.set(side, { dtype: 'U16', shape: [codes.length / L, L], data: Uint16Array.from(codes) })
    if (labels)
      tensors.set(`${side}Labels`, { dtype: 'I16', shape: [labels.length], data: Int16Array.from(labels) })
  }
  const metadata = {
    format: FORMAT,
    coppice: VERSION,
    model: hex(model),
    data: source,
    K: JSON.stringify(data.K),
  }
  return writeSafetensors(tensors, metadata)
}

/**
 * Reads what `codesFile` wrote, in Node and in browsers.
 *
 * @param wanted  candidates of each layer of the network that the codes must be of
 * @param file  how errors call it
 * @returns the codes, and the fingerprint (hexadecimal) of the network that made them
 */
export function readCodes(
  bytes: Uint8Array,
  wanted: readonly number[],
  file = 'the codes',
): CodedData & { model: string; source: string } {
  const { tensors, metadata } = readSafetensors(bytes, file)
  if (metadata.format !== FORMAT)
    throw new Error(`${file}: its format is ${metadata.format ?? 'not given'}, not ${FORMAT}`)
  if (metadata.K !== JSON.stringify(wanted))
    throw new Error(`${file}: codes of a network with K = ${metadata.K}, not of this one`)
  const codesOf = (name: string): Int32Array => {
    const tensor = tensors.get(name)
    if (!(tensor?.data instanceof Uint16Array) || tensor.shape[1] !== wanted.length)
      throw new Error(`${file}: the codes ${name} are missing`)
    const codes = Int32Array.from(tensor.data)
    const bad = codes.findIndex((code, i) => code >= wanted[i % wanted.length])
    if (bad >= 0)
      throw new Error(`${file}: ${name} has the code ${codes[bad]} at layer ${bad % wanted.length}`)
    return codes
  }
  const labelsOf = (name: string, count: number): Int32Array | null => {
    const data = tensors.get(name)?.data
    return data instanceof Int16Array && data.length === count ? Int32Array.from(data) : null
  }
  const train = codesOf('train')
  const test = codesOf('test')
  return {
    K: wanted,
    train,
    test,
    trainLabels: labelsOf('trainLabels', train.length / wanted.length),
    testLabels: labelsOf('testLabels', test.length / wanted.length),
    model: metadata.model ?? '',
    source: metadata.data ?? '',
  }
}
