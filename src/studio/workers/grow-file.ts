// A run of the room Grow as one file: the state of its training, its configuration, and its pictures where they are the visitor's.

import { concatenate } from '../../data/bytes.ts'
import type { Dataset, Images } from '../../data/dataset.ts'
import type { ConfigOf } from '../../train/families.ts'
import { resolveConfig } from '../../train/resolve.ts'
import { readSafetensors, type StoredTensor, writeSafetensors } from '../../train/safetensors.ts'
import type { TrainerState, Vectors } from '../../train/trainer.ts'
import { readState, stateFile } from '../../train/weights.ts'

export interface GrowRun {
  config: ConfigOf<'ddn'>
  state: TrainerState
  vectors: Vectors
  /** Null: the digits, which every studio has. */
  pictures: Dataset | null
}

const SIDES = ['train', 'test'] as const

/** A `state.safetensors` with the configuration beside the state, and own pictures as U8 tensors. */
export function writeRun({ config, state, vectors, pictures }: GrowRun): Uint8Array {
  const { tensors, metadata } = readSafetensors(concatenate(stateFile(state, vectors)), 'the state')
  const all = new Map<string, StoredTensor>(tensors)
  for (const side of pictures ? SIDES : []) {
    const { count, channels, size, pixels } = pictures![side]
    all.set(side, { dtype: 'U8', shape: [count, channels, size, size], data: pixels })
  }
  return writeSafetensors(all, { ...metadata, config: JSON.stringify(config) })
}

/** @throws where the bytes are no such file, in a sentence that names it */
export function readRun(bytes: Uint8Array, file: string): GrowRun {
  const { state, vectors } = readState(bytes, file)
  const { tensors, metadata } = readSafetensors(bytes, file)
  const config = configOf(metadata.config, file)
  if (!tensors.has('train')) return { config, state, vectors, pictures: null }
  const [train, test] = SIDES.map(side => imagesOf(tensors.get(side), `${file}: ${side}`))
  const { channels, size } = train
  return { config, state, vectors, pictures: { name: config.data, channels, size, train, test, skipped: [] } }
}

function configOf(text: string | undefined, file: string): ConfigOf<'ddn'> {
  if (!text) throw new Error(`${file} has no configuration: it is not a run that this room saved`)
  let config: ReturnType<typeof resolveConfig>
  try {
    config = resolveConfig(JSON.parse(text))
  } catch (error) {
    throw new Error(`${file}: its configuration: ${(error as Error).message}`)
  }
  if (config.network.model !== 'ddn')
    throw new Error(`${file} is a run of the family ${config.network.model}`)
  return config as ConfigOf<'ddn'>
}

function imagesOf(tensor: StoredTensor | undefined, what: string): Images {
  const [count, channels, size, width] = tensor?.shape ?? []
  if (!(tensor?.data instanceof Uint8Array) || size !== width || (channels !== 1 && channels !== 3) || !count)
    throw new Error(`${what}: the pictures are missing, or not square ones of bytes`)
  return { count, channels, size, pixels: tensor.data }
}
