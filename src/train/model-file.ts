// A trained model from one file, `model.safetensors`: weights and configuration are all that is needed to use it.

import type { RuntimeOptions } from '../runtime/index.ts'
import { type ConfigOf, familyOf, type ModelName, type ModelOf } from './families.ts'
import { resolveConfig } from './resolve.ts'
import { readSafetensors } from './safetensors.ts'
import { readModel } from './weights.ts'

export interface ModelFile<M extends ModelName> {
  config: ConfigOf<M>
  model: ModelOf<M>
  /** Steps that it was trained for. */
  step: number
  /** The version of Coppice that wrote it. */
  coppice: string
}

/**
 * Opens what `modelFile` wrote, in Node and in browsers: `await loadModel(new Uint8Array(await response.arrayBuffer()))`.
 *
 * @param file  how errors call it
 * @throws where the bytes are no such file, or hold a model of another family than is wanted
 */
export async function loadModel<M extends ModelName = 'ddn'>(
  bytes: Uint8Array,
  {
    model: wanted = 'ddn' as M,
    file = 'the model',
    ...runtime
  }: RuntimeOptions & { model?: M; file?: string } = {},
): Promise<ModelOf<M>> {
  const { config, model } = await openModelFile(bytes, file, runtime)
  const found = config.network.model
  if (found === wanted) return model as ModelOf<M>
  await model.close()
  throw new Error(`${file} holds a model of the family ${found}, not ${wanted}`)
}

/** The same with everything that the file tells, of whatever family. */
export async function openModelFile(
  bytes: Uint8Array,
  file: string,
  runtime: RuntimeOptions = {},
): Promise<ModelFile<ModelName>> {
  const { metadata } = readSafetensors(bytes, file)
  if (metadata.format !== 'coppice-model-1')
    throw new Error(`${file}: its format is ${metadata.format ?? 'not given'}, not coppice-model-1`)
  let config: ConfigOf<ModelName>
  try {
    config = resolveConfig(JSON.parse(metadata.config)) as ConfigOf<ModelName>
  } catch (error) {
    throw new Error(`${file}: its configuration: ${(error as Error).message}`)
  }
  const family = familyOf<ModelName>(config)
  const { average, step } = readModel(bytes, family.layout(config.network), file)
  const model = await family.open(config.network, average, runtime)
  return { config, model, step, coppice: metadata.coppice ?? 'unknown' }
}
