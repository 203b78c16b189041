// What a run stores, as safetensors: the model to use, and the state to go on from.

import type { Layout } from '../nn/parameters.ts'
import { VERSION } from '../version.ts'
import type { TrainConfig } from './families.ts'
import { readSafetensors, type StoredTensor, safetensorsParts, writeSafetensors } from './safetensors.ts'
import { type TrainerState, VECTORS, type Vectors } from './trainer.ts'

/**
 * `model.safetensors`: the averaged weights, one tensor per parameter, with the configuration: all that `loadModel` needs.
 * The same weights give the same bytes. In half precision (F16) it is half as large.
 */
export function modelFile(
  config: TrainConfig,
  layout: Layout,
  average: Float32Array,
  step: number,
  dtype: 'F32' | 'F16' = 'F32',
): Uint8Array {
  return writeSafetensors(...modelParts(config, layout, average, step, dtype))
}

/** The same in parts to be written one after the other, so that nothing is copied. */
export function modelFileParts(...model: Parameters<typeof modelFile>): Uint8Array[] {
  return safetensorsParts(...modelParts(...model))
}

function modelParts(
  config: TrainConfig,
  layout: Layout,
  average: Float32Array,
  step: number,
  dtype: 'F32' | 'F16' = 'F32',
): [Map<string, StoredTensor>, Record<string, string>] {
  const tensors = new Map<string, StoredTensor>()
  for (const { name, shape } of layout.specs)
    tensors.set(name, { dtype, shape, data: layout.slice(average, name) })
  const metadata = {
    format: 'coppice-model-1',
    coppice: VERSION,
    step: String(step),
    config: JSON.stringify(config),
  }
  return [tensors, metadata]
}

/** The averaged weights of a `model.safetensors`, in the layout's order, and the step they are of. */
export function readModel(
  bytes: Uint8Array,
  layout: Layout,
  file: string,
): { average: Float32Array; step: number } {
  const { tensors, metadata } = readSafetensors(bytes, file)
  const average = new Float32Array(layout.size)
  for (const { name, shape } of layout.specs) {
    const tensor = tensors.get(name)
    if (!tensor) throw new Error(`${file}: ${name} is missing; these are not the weights of this network`)
    if (String(tensor.shape) !== String(shape) || !(tensor.data instanceof Float32Array))
      throw new Error(
        `${file}: ${name} is ${tensor.dtype} [${tensor.shape}], the network's [${shape}] of floats`,
      )
    layout.slice(average, name).set(tensor.data)
  }
  return { average, step: Number(metadata.step ?? 0) }
}

/** `state.safetensors`: everything a run goes on from, in one file, for two could be of different steps. */
export function stateFile(state: TrainerState, vectors: Vectors): Uint8Array[] {
  const tensors = new Map<string, StoredTensor>()
  for (const name of VECTORS)
    tensors.set(name, { dtype: 'F32', shape: [vectors[name].length], data: vectors[name] })
  return safetensorsParts(tensors, {
    format: 'coppice-state-1',
    coppice: VERSION,
    state: JSON.stringify(state),
  })
}

export function readState(bytes: Uint8Array, file: string): { state: TrainerState; vectors: Vectors } {
  const { tensors, metadata } = readSafetensors(bytes, file)
  if (metadata.format !== 'coppice-state-1')
    throw new Error(`${file}: its format is ${metadata.format ?? 'not given'}, not coppice-state-1`)
  const vectors = {} as Vectors
  for (const name of VECTORS) {
    const data = tensors.get(name)?.data
    if (!(data instanceof Float32Array)) throw new Error(`${file}: ${name} is missing`)
    vectors[name] = data
  }
  return { state: parseState(metadata.state, file), vectors }
}

function parseState(text: string | undefined, file: string): TrainerState {
  let state: Partial<TrainerState> | null = null
  try {
    state = JSON.parse(text ?? '')
  } catch {
    // Answered below.
  }
  const numbers = (value: unknown) => Array.isArray(value) && value.every(Number.isFinite)
  const valid =
    state !== null &&
    Number.isSafeInteger(state.step) &&
    Number.isFinite(state.seconds) &&
    numbers(state.sampler) &&
    typeof state.streams === 'object' &&
    state.streams !== null &&
    Object.values(state.streams).every(numbers) &&
    'learner' in state
  if (!valid) throw new Error(`${file}: the state of the training is missing or broken`)
  return state as TrainerState
}
