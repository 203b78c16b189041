// `prior.safetensors`: a transformer that knows how a network's codes follow one another.

import { z } from 'zod'
import type { Shares } from '../codes/mixture.ts'
import { type TransformerConfig, transformerLayout, transformerSchema } from '../codes/transformer.ts'
import { VERSION } from '../version.ts'
import { readSafetensors, type StoredTensor, writeSafetensors } from './safetensors.ts'

export interface TransformerFile {
  config: TransformerConfig
  weights: Float32Array
  /** For every layer the shares of the transformer and of the counts of the training images: see mixture.ts. */
  shares: Shares
  /** Fingerprint of the network whose codes it learned, hexadecimal. */
  model: string
}

const FORMAT = 'coppice-prior-1'

/** The file, in half precision: what is read back is what it predicts with, everywhere. */
export function priorFile({ config, weights, shares, model }: TransformerFile): Uint8Array {
  const layout = transformerLayout(config)
  const tensors = new Map<string, StoredTensor>()
  for (const { name, shape } of layout.specs)
    tensors.set(name, { dtype: 'F16', shape, data: layout.slice(weights, name) })
  return writeSafetensors(tensors, {
    format: FORMAT,
    coppice: VERSION,
    model,
    config: JSON.stringify(config),
    shares: JSON.stringify(shares),
  })
}

/**
 * Reads what `priorFile` wrote, in Node and in browsers.
 *
 * @param file  how errors call it
 */
export function readPrior(bytes: Uint8Array, file = 'the prior'): TransformerFile {
  const { tensors, metadata } = readSafetensors(bytes, file)
  if (metadata.format !== FORMAT)
    throw new Error(`${file}: its format is ${metadata.format ?? 'not given'}, not ${FORMAT}`)
  let config: TransformerConfig
  let shares: Shares
  try {
    config = transformerSchema.parse(JSON.parse(metadata.config))
    const share = z.number().min(0).max(1)
    shares = z
      .array(z.tuple([share, share]))
      .length(config.K.length)
      .parse(JSON.parse(metadata.shares))
  } catch {
    throw new Error(`${file}: its configuration is missing or broken`)
  }
  const layout = transformerLayout(config)
  const weights = new Float32Array(layout.size)
  for (const { name, shape } of layout.specs) {
    const tensor = tensors.get(name)
    if (!(tensor?.data instanceof Float32Array) || String(tensor.shape) !== String(shape))
      throw new Error(`${file}: ${name} is missing; these are not the weights of this prior`)
    layout.slice(weights, name).set(tensor.data)
  }
  return { config, weights, shares, model: metadata.model ?? '' }
}
