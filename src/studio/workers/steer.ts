// The worker of the room Steer.

import { transfer } from 'comlink'
import { toFloat } from '../../data/dataset.ts'
import { layersOf } from '../../ddn/config.ts'
import type { DdnModel } from '../../ddn/model.ts'
import { parseJson } from '../../guides/explain.ts'
import { openJudge } from '../../guides/judge.ts'
import { parseJudgeSpec } from '../../guides/judge-spec.ts'
import { fitPictures } from '../../guides/pictures.ts'
import { grid } from '../../report/grid.ts'
import { decodePngText, encodePng } from '../../report/png.ts'
import { readCodes } from '../../train/codes-file.ts'
import type { JudgeFacts } from '../page/rooms/steer/form.ts'
import { breath } from './breath.ts'
import { chooseExamples, examplesOf } from './examples.ts'
import { addressOf, fetchBytes, fetchNetwork } from './models.ts'
import { factsOf, OwnFiles, shippedJudges } from './steer-judges.ts'
import { exampleCodes, imageOf, pictureText } from './steer-pictures.ts'
import {
  GuideError,
  RESULTS,
  type SeenLayer,
  type Steered,
  Steering,
  type SteerRequest,
} from './steer-session.ts'

/** What the page is told of a network. */
export interface NetworkFacts {
  channels: 1 | 3
  size: number
  /** The sizes of its layers' images. */
  layers: number[]
  /** What it is told beside the guides; null: nothing. */
  condition: string | null
  /** Of a condition by class. */
  classes: number
  /** [n, c, s, s] */
  examples: Float32Array
}

/** Errors cross to the page with nothing but their message: so what else is known of them is said beside them. */
export type Answer = { steered: Steered } | { stopped: true } | { error: string; guide: number | null }

/** What became of files that were brought. */
export type Brought =
  | { picture: string }
  /** The query string of a picture that this studio made. */
  | { recipe: string }
  /** Guides, as `coppice edit --guides` reads them. */
  | { guides: string }
  /** A judge that can be asked now. */
  | { judge: JudgeFacts }
  /** What else is needed. */
  | { lacks: string }

const EXAMPLES = 10

let page = ''
let opened: Promise<Steering> | null = null
let running: AbortController | null = null
const files = new OwnFiles(name => fetchBytes(page, `models/${encodeURIComponent(name)}`))

export const api = {
  /** Opens a network in place of the one before, with a few images for it. */
  async open(at: string, name: string, onNotice: (notice: string) => void): Promise<NetworkFacts> {
    page = at
    running?.abort()
    const before = opened
    const opening = openNetwork(name, onNotice, before)
    opened = opening.then(({ steering }) => steering)
    opened.catch(() => {})
    return (await opening).facts
  },

  /** The judges of the package and those that were brought. */
  async judges(at: string): Promise<JudgeFacts[]> {
    page = at
    const known = shippedJudges.map(async name =>
      factsOf(name, parseJudgeSpec(parseJson(await files.read(name), name), name)),
    )
    const found = await Promise.allSettled(known)
    return found.flatMap(one => (one.status === 'fulfilled' ? [one.value] : []))
  },

  /** The picture that a text of the address means. */
  async picture(text: string): Promise<Float32Array> {
    const image = (await current()).picture(text)
    return transfer(image, [image.buffer])
  },

  /** Light for dark. */
  async inverted(text: string): Promise<string> {
    const steering = await current()
    return pictureText(
      steering.picture(text).map(value => -value),
      steering.model.config,
    )
  },

  /** A result as a picture of its own. */
  async adopted(result: number): Promise<string> {
    const { latest, model } = await current()
    const length = model.imageLength
    return pictureText(latest!.subarray(result * length, (result + 1) * length), model.config)
  },

  /** Sixteen results for what the address says. A run that is under way ends. */
  async run(request: SteerRequest, onLayer: (seen: SeenLayer) => void): Promise<Answer> {
    running?.abort()
    const control = new AbortController()
    running = control
    try {
      const steering = await current()
      const steered = await steering.run(
        request,
        async seen => {
          onLayer(transfer(seen, [seen.images.buffer]))
          await breath()
        },
        control.signal,
      )
      return { steered }
    } catch (error) {
      if (control.signal.aborted) return { stopped: true }
      return { error: (error as Error).message, guide: error instanceof GuideError ? error.guide : null }
    }
  },

  stop(): void {
    running?.abort()
  },

  /** What a file is that somebody brought, taken in. */
  async bring(file: File): Promise<Brought> {
    const { name } = file
    if (/\.(onnx|json)$/i.test(name)) return bringJudge(name, new Uint8Array(await file.arrayBuffer()))
    if (name.toLowerCase().endsWith('.png')) {
      const recipe = recipeIn(new Uint8Array(await file.arrayBuffer()))
      if (recipe !== null) return { recipe }
    }
    const { config } = (await current()).model
    return { picture: pictureText(imageOf(await pixelsOf(file, config.size), config), config) }
  },

  /** The latest results as one PNG file that says how they were made. */
  async png(query: string): Promise<Uint8Array> {
    const { latest, model } = await current()
    if (!latest) throw new Error('there are no results yet')
    const { channels, size } = model.config
    const scale = Math.max(1, Math.floor(128 / size))
    const picture = grid(latest, { count: RESULTS, channels, size, scale, gap: 2 * scale })
    return encodePng(picture, { studio: query })
  },
}

export type SteerWorker = typeof api

/** The network, once it is open. */
function current(): Promise<Steering> {
  if (!opened) throw new Error('no network is open yet')
  return opened
}

async function openNetwork(
  name: string,
  onNotice: (notice: string) => void,
  before: Promise<Steering> | null,
): Promise<{ steering: Steering; facts: NetworkFacts }> {
  // On a graphics processor a layer's way to the page and back takes longer than computing it here, and every one
  // would round in its own way: the same link gives the same pictures.
  const { model, data } = await fetchNetwork(page, name, { device: 'wasm', onNotice })
  await before?.then(steering => steering.close()).catch(() => {})
  const { channels, size, condition } = model.config
  const examples = await heldOut(model, data).catch(() => decoded(name, model))
  return {
    steering: new Steering(model, examples, files.read),
    facts: {
      channels,
      size,
      layers: layersOf(model.config).map(layer => layer.size),
      condition: condition?.kind ?? null,
      classes: condition?.kind === 'class' ? (condition.classes ?? 0) : 0,
      examples,
    },
  }
}

/** Images of the network's data; no engine is waited for. */
async function heldOut({ config }: DdnModel, data: string): Promise<Float32Array> {
  const held = await examplesOf(page, data, config.channels)
  if (!held) throw new Error(`there are no examples of ${data}`)
  const { channels, size } = held
  const images = toFloat(held, chooseExamples(held.count, held.labels, EXAMPLES))
  return fitPictures({ images, channels, size }, config).images
}

/** Images as the network makes them: of codes of its data, or else of codes by chance. */
async function decoded(name: string, model: DdnModel): Promise<Float32Array> {
  const { condition } = model.config
  // What an image must be told of is not kept with its codes.
  if (condition && condition.kind !== 'class') return new Float32Array(model.imageLength).fill(-1)
  const K = model.layers.map(layer => layer.K)
  const address = addressOf(name, 'codes')
  const codes = await fetchBytes(page, address).catch(() => null)
  const known = codes ? exampleCodes(readCodes(codes, K, address), EXAMPLES) : model.draw({ count: EXAMPLES })
  return model.decode(known, condition && { condition: { labels: [0] } })
}

async function bringJudge(name: string, bytes: Uint8Array): Promise<Brought> {
  if (name.endsWith('.json')) {
    const json = parseJson(bytes, name)
    if (typeof json === 'object' && json && ('guides' in json || 'guide' in json))
      return { guides: JSON.stringify('guides' in json ? json : { guides: [json] }) }
  }
  const [judge] = files.add(name, bytes)
  running?.abort()
  await opened?.then(steering => steering.forget()).catch(() => {})
  if (!judge) return { lacks: files.lacking()! }
  try {
    const tried = await openJudge(judge.name, files.read, { device: 'wasm' })
    await tried.close()
  } catch (error) {
    files.remove(name)
    throw error
  }
  return { judge: factsOf(judge.name, judge.spec) }
}

/** What this studio wrote into a PNG file; null where it did not. */
function recipeIn(bytes: Uint8Array): string | null {
  try {
    return decodePngText(bytes).studio ?? null
  } catch {
    return null
  }
}

/** A picture's middle square, at the network's size. */
async function pixelsOf(file: File, size: number): Promise<Uint8ClampedArray> {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error(
      `${file.name} is no picture that this browser can read: bring a PNG, JPEG, WebP or GIF file`,
    )
  })
  const side = Math.min(bitmap.width, bitmap.height)
  const context = new OffscreenCanvas(size, size).getContext('2d')!
  context.imageSmoothingQuality = 'high'
  const [left, top] = [(bitmap.width - side) / 2, (bitmap.height - side) / 2]
  context.drawImage(bitmap, left, top, side, side, 0, 0, size, size)
  bitmap.close()
  return context.getImageData(0, 0, size, size).data
}
