// Models in a worker: fetched from the studio's own server when they are first needed, and kept.

import type { DdnModel, RuntimeOptions } from '../../browser.ts'
import { openModelFile } from '../../train/model-file.ts'

/** Where the files of a model are, relative to the page: `digits` is one that comes with Coppice, `run:NAME` a run. */
export function addressOf(model: string, file: 'model' | 'codes' | 'prior'): string {
  if (model.startsWith('run:')) return `api/runs/${encodeURIComponent(model.slice(4))}/${file}.safetensors`
  return `models/${encodeURIComponent(model)}${file === 'model' ? '' : `.${file}`}.safetensors`
}

/**
 * The bytes at an address relative to the page.
 *
 * @param missing  what is said where there is nothing
 */
export async function fetchBytes(
  page: string,
  address: string,
  missing = `there is no ${address}`,
): Promise<Uint8Array> {
  const response = await fetch(new URL(address, page)).catch(() => null)
  if (!response) throw new Error(`${address} could not be fetched: is the studio still running?`)
  if (!response.ok)
    throw new Error(response.status === 404 ? missing : `${address}: the server answered ${response.status}`)
  return new Uint8Array(await response.arrayBuffer())
}

/** A network's file. */
export function fetchWeights(page: string, name: string): Promise<Uint8Array> {
  const missing = `there is no network called ${name} here: choose one under Network`
  return fetchBytes(page, addressOf(name, 'model'), missing)
}

export interface Network {
  /** Compiled when it is first used. */
  model: DdnModel
  /** What it learned from, as for `coppice train`. */
  data: string
}

export async function fetchNetwork(page: string, name: string, runtime: RuntimeOptions): Promise<Network> {
  const address = addressOf(name, 'model')
  const { config, model } = await openModelFile(await fetchWeights(page, name), address, runtime)
  if (config.network.model === 'ddn') return { model: model as DdnModel, data: config.data }
  await model.close()
  throw new Error(`${address} holds a model of the family ${config.network.model}, not ddn`)
}
