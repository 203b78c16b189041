// Priors of a model, fetched with it: counted from the codes of its training images, or trained and kept beside it.

import { fingerprintOf, hex } from '../../ddn/fingerprint.ts'
import type { DdnModel } from '../../ddn/model.ts'
import { readCodes } from '../../train/codes-file.ts'
import {
  countedPrior,
  evenPrior,
  type NamedPrior,
  type PriorName,
  trainedPrior,
} from '../../train/named-prior.ts'
import { readPrior } from '../../train/prior-file.ts'
import { addressOf } from './models.ts'

/**
 * @param name  of the model, as the page has it
 * @param fetched  gives the bytes at an address, and throws where there are none
 */
export async function priorFor(
  model: DdnModel,
  name: string,
  prior: PriorName,
  fetched: (address: string) => Promise<Uint8Array>,
): Promise<NamedPrior> {
  const K = model.layers.map(layer => layer.K)
  if (prior === 'none') return evenPrior(K)
  const own = hex(await fingerprintOf(model))
  const run = name.startsWith('run:') ? name.slice(4) : name
  const missing = (error: Error) => {
    throw new Error(`the prior ${prior} is not there (${error.message}); make it with: coppice prior ${run}`)
  }
  const codes = addressOf(name, 'codes')
  const { train, model: made } = readCodes(await fetched(codes).catch(missing), K, codes)
  checkOwn(made, own, codes)
  if (prior !== 'transformer') return countedPrior(prior, K, train)
  const address = addressOf(name, 'prior')
  const read = readPrior(await fetched(address).catch(missing), address)
  checkOwn(read.model, own, address)
  return trainedPrior(read, train)
}

function checkOwn(made: string, own: string, address: string): void {
  if (made !== own) throw new Error(`${address} is of the network ${made}, and this one is ${own}`)
}
