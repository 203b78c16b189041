// The worker that draws what a run's network draws, as far as it has been trained.

import { transfer } from 'comlink'
import type { DdnModel, Told } from '../../ddn/model.ts'
import { openModelFile } from '../../train/model-file.ts'
import { type Sheet, sheetOf } from './grow-sheet.ts'
import { addressOf } from './models.ts'

/** One batch of the network: fewer would take as long. */
export const DRAWN = 32

export interface Ask {
  /** The page's own address. */
  page: string
  /** The run's name. */
  run: string
  seed: number
  /** Draws also what was drawn last. */
  anew: boolean
}

export interface Drawn {
  /** Null where the network draws nothing by itself; `note` says why. */
  sheet: Sheet | null
  /** Steps that the network has been trained for. */
  step: number
  note: string
}

interface Held {
  run: string
  /** The server's name for what the file holds; null where it gives none. */
  tag: string | null
  network: { model: DdnModel; step: number } | { error: Error }
  /** The seed that was drawn with. */
  seed: number | null
}

let held: Held | null = null

export const api = {
  /**
   * Images of the network as it is now; null where they are those that were drawn last, unless `anew`. The file is
   * not sent again where it is still the same.
   *
   * @throws where there is no file, or none of a network that can draw: again at every call, until the file is another
   */
  async draw({ page, run, seed, anew }: Ask): Promise<Drawn | null> {
    const bytes = await fetchNew(page, run)
    if (bytes) {
      const before = held
      held = {
        run,
        tag: bytes.tag,
        network: await networkIn(bytes.content, addressOf(`run:${run}`, 'model')),
        seed: null,
      }
      if (before && 'model' in before.network) await before.network.model.close()
    }
    const { network, seed: last } = held!
    if ('error' in network) throw network.error
    if (last === seed && !anew) return null
    const { model, step } = network
    const told = toldOf(model)
    held!.seed = seed
    if (typeof told === 'string') return { sheet: null, step, note: told }
    const { images } = await model.sample({ count: DRAWN, seed, ...(told && { condition: told }) })
    const { channels, size } = model.config
    const sheet = sheetOf(images, { channels, size, columns: 8 })
    const note = told ? 'The network is told a class: every image here is told the next one.' : ''
    return transfer({ sheet, step, note }, [sheet.data.buffer])
  },
}

/** The bytes of a run's weights; null where they are those that are held. */
async function fetchNew(
  page: string,
  run: string,
): Promise<{ content: Uint8Array; tag: string | null } | null> {
  const same = held?.run === run ? held.tag : null
  const address = addressOf(`run:${run}`, 'model')
  const headers = same ? { 'If-None-Match': same } : undefined
  const response = await fetch(new URL(address, page), { headers }).catch(() => null)
  if (!response) throw new Error(`${address} could not be fetched: is the studio still running?`)
  if (response.status === 304) return null
  if (response.status === 404) throw new Error('the weights of this run are not there any more')
  if (!response.ok) throw new Error(`${address}: the server answered ${response.status}`)
  const tag = response.headers.get('ETag')
  // A server that heeds no tag in questions may still give one in its answers.
  if (tag !== null && tag === same) {
    await response.body?.cancel()
    return null
  }
  return { content: new Uint8Array(await response.arrayBuffer()), tag }
}

async function networkIn(bytes: Uint8Array, file: string): Promise<Held['network']> {
  try {
    // As in the other rooms: every graphics processor would round in its own way.
    const { model, config, step } = await openModelFile(bytes, file, { device: 'wasm' })
    if (config.network.model === 'ddn') return { model: model as DdnModel, step }
    await model.close()
    return {
      error: new Error(`${file} holds a model of the family ${config.network.model}, which draws nothing`),
    }
  } catch (error) {
    return { error: error as Error }
  }
}

/** What the images are told: nothing, each the next class; or, as a sentence, why they cannot be told it. */
function toldOf({ config: { condition } }: DdnModel): Told | null | string {
  if (!condition) return null
  if (condition.kind !== 'class')
    return `This network is told ${condition.kind} of every picture, so it draws none by itself. Steer it with a picture.`
  const classes = condition.classes ?? 1
  return { labels: Int32Array.from({ length: DRAWN }, (_, i) => i % classes) }
}
