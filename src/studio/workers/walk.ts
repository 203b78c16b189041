// The worker of the room Walk: holds a network and the paths of its images, and paints nodes.

import { transfer } from 'comlink'
import { CodeTree, loadModel } from '../../browser.ts'
import { countsPrior } from '../../codes/counts.ts'
import { type Prior, uniformPrior } from '../../codes/prior.ts'
import { mutate } from '../../codes/variations.ts'
import { fingerprintOf, hex } from '../../ddn/fingerprint.ts'
import type { DdnModel, Told } from '../../ddn/model.ts'
import { decodePngText, encodePng } from '../../report/png.ts'
import { readCodes } from '../../train/codes-file.ts'
import { fitted, toValues } from './compress-pictures.ts'
import { addressOf, fetchBytes, fetchWeights } from './models.ts'
import { atlasOf, pixelsOf } from './walk-atlas.ts'
import { type Counted, type Family, familyOf, ordered } from './walk-family.ts'
import { NodePictures } from './walk-painter.ts'

/** What the page is told of a network. */
export interface TreeFacts {
  channels: 1 | 3
  size: number
  /** Candidates of each layer. */
  K: number[]
  /** Training images that were counted; null where none were. */
  count: number | null
  /** Why not, and what else is to be said, in sentences. */
  notes: string[]
  /** The root's picture. */
  root: ImageBitmap
}

/** A node's children with their pictures. */
export interface Opening {
  family: Family
  atlas: ImageBitmap
  tile: number
}

/** A picture's own way down. */
export interface Way {
  /** Of every node above the last one. */
  families: Family[]
  /** Of every node below the root. */
  pictures: ImageBitmap[]
}

export interface Encoded {
  path: number[]
  /** As the network was shown it, and as its codes give it back. */
  shown: ImageBitmap
  /** Mean squared difference of the two. */
  error: number
  notes: string[]
}

export interface Fresh {
  paths: number[][]
  pictures: ImageBitmap[]
}

/** What a dropped file is: a picture that this studio made says how. */
export type Brought = { recipe: string } | { encoded: Encoded }

/** As large as one that a phone takes. */
const MAX_BYTES = 2 ** 26

interface Held {
  pictures: NodePictures
  counted: Counted
  told: Told | null
  prior: Promise<Prior> | null
}

let page = ''
let held: Promise<Held> | null = null

export const api = {
  /** Opens a network in place of the one before. */
  async open(at: string, name: string): Promise<TreeFacts> {
    page = at
    const before = held
    const opening = openTree(name, before)
    held = opening.then(({ held }) => held)
    held.catch(() => {})
    const { facts } = await opening
    return transfer(facts, [facts.root])
  },

  /** The children of nodes that are all as deep, with their pictures; each may have a guest. */
  async expand(nodes: { path: number[]; guest?: number }[]): Promise<Opening[]> {
    const { pictures, counted } = await current()
    const families = nodes.map(({ path, guest }) => familyOf(counted, path, guest))
    const paths = families.flatMap(({ path, codes }) => codes.map(code => [...path, code]))
    const images = await pictures.nodes(paths)
    const { channels } = pictures.model.config
    const { size } = pictures.model.layers[nodes[0].path.length]
    const length = channels * size * size
    let from = 0
    const openings: Opening[] = []
    for (const family of families) {
      const to = from + family.codes.length
      const { data, side, tile } = atlasOf(
        images.subarray(from * length, to * length),
        to - from,
        channels,
        size,
      )
      openings.push({ family, atlas: await createImageBitmap(new ImageData(data, side, side)), tile })
      from = to
    }
    return transfer(
      openings,
      openings.map(({ atlas }) => atlas),
    )
  },

  /** A way down from the root: who stands beside it, and its own pictures, all painted at once. */
  async way(path: number[]): Promise<Way> {
    const { pictures, counted, told } = await current()
    const families = path.map((code, depth) => familyOf(counted, path.slice(0, depth), code))
    const { model } = pictures
    const whole = new Int32Array(model.layers.length)
    whole.set(path)
    const levels = path.length ? await model.levels(whole, told ? { condition: told } : {}) : []
    const bitmaps = await Promise.all(
      path.map((_, layer) => bitmapOf(levels[layer], model.config.channels, model.layers[layer].size)),
    )
    return transfer({ families, pictures: bitmaps }, bitmaps)
  },

  /** All codes below a node, in their order. */
  async order(path: number[]): Promise<number[]> {
    return ordered((await current()).counted, path)
  },

  /** The codes of a file's picture, or how it was made, if it was made here. */
  async bring(file: File): Promise<Brought> {
    if (file.size > MAX_BYTES) throw new Error(`${file.name} is larger than 64 MB: bring a smaller picture`)
    const recipe = recipeIn(new Uint8Array(await file.arrayBuffer()))
    if (recipe !== null) return { recipe }
    const { config } = (await current()).pictures.model
    const { picture, notes } = fitted(toValues(await pixelsIn(file), config.channels), config)
    const encoded = await encode(picture.data, notes)
    return transfer({ encoded }, [encoded.shown])
  },

  /** The codes of an image [c, s, s] in [−1, 1]. */
  async encode(image: Float32Array): Promise<Encoded> {
    const encoded = await encode(image, [])
    return transfer(encoded, [encoded.shown])
  },

  /** Whole pictures that begin with the same codes, the rest drawn evenly or as training images have it. */
  async fresh(
    kept: number[],
    { seed, count, by }: { seed: number; count: number; by: 'evenly' | 'counts' },
  ): Promise<Fresh> {
    const { pictures, counted, told } = await current()
    const { model } = pictures
    const L = counted.K.length
    const path = new Int32Array(L)
    path.set(kept)
    const codes = mutate(await priorOf(by), path, { depth: kept.length, count, seed })
    const images = await model.decode(codes, told ? { condition: told } : {})
    const { channels, size } = model.config
    const length = model.imageLength
    const rows = Array.from({ length: count }, (_, i) => i)
    const bitmaps = await Promise.all(
      rows.map(i => bitmapOf(images.subarray(i * length, (i + 1) * length), channels, size)),
    )
    const paths = rows.map(i => Array.from(codes.subarray(i * L, (i + 1) * L)))
    return transfer({ paths, pictures: bitmaps }, bitmaps)
  },

  /** What is seen as a PNG file that says how to come back to it. */
  async png(pixels: Uint8ClampedArray, width: number, height: number, query: string): Promise<Uint8Array> {
    const data = new Uint8Array(width * height * 3)
    for (let i = 0; i < data.length; i++) data[i] = pixels[4 * Math.floor(i / 3) + (i % 3)]
    return encodePng({ width, height, channels: 3, data }, { studio: query })
  },
}

export type WalkWorker = typeof api

async function current(): Promise<Held> {
  if (!held) throw new Error('no network is open yet')
  return held
}

async function openTree(
  name: string,
  before: Promise<Held> | null,
): Promise<{ held: Held; facts: TreeFacts }> {
  const address = addressOf(name, 'model')
  const codesAddress = addressOf(name, 'codes')
  const notices: string[] = []
  const [bytes, codes] = await Promise.all([
    fetchWeights(page, name),
    fetchBytes(page, codesAddress).catch(() => null),
  ])
  // A few layers of small pictures: to a graphics processor and back takes longer than computing them here, and every
  // one would round in its own way.
  const model = await loadModel(bytes, {
    file: address,
    device: 'wasm',
    onNotice: notice => notices.push(notice),
  })
  await before?.then(({ pictures }) => pictures.close()).catch(() => {})
  const told = toldOf(model)
  const K = model.layers.map(layer => layer.K)
  const own = hex(await fingerprintOf(model))
  const { tree, notes } = countedBy(K, codes && { bytes: codes, address: codesAddress, own }, told !== null)
  const pictures = new NodePictures(model, told)
  const shares = new Float64Array(K[0]).fill(tree?.count ? 0 : 1)
  for (const { code, count } of tree?.children([]) ?? []) shares[code] = count
  const { channels } = model.config
  const root = await bitmapOf(await pictures.root(shares), channels, model.layers[0].size)
  return {
    held: { pictures, counted: { K, tree }, told, prior: null },
    facts: {
      channels,
      size: model.config.size,
      K,
      count: tree?.count ?? null,
      notes: [...notes, ...notices.map(sentence)],
      root,
    },
  }
}

/** The tree of a network that is told a class is that of the first; where every image is told something of its own there is none. */
function toldOf({ config }: DdnModel): Told | null {
  const { condition } = config
  if (!condition) return null
  if (condition.kind === 'class') return { labels: [0] }
  throw new Error(
    `this network is told ${condition.kind} of every picture, so that each has a tree of its own: choose another`,
  )
}

function countedBy(
  K: number[],
  file: { bytes: Uint8Array; address: string; own: string } | null,
  conditional: boolean,
): { tree: CodeTree | null; notes: string[] } {
  const notes = conditional ? ['This network is told a class: here the first one.'] : []
  const uncounted = (why: string) => ({
    tree: null,
    notes: [...notes, `Nothing is counted, ${why}: children stand in the order of their codes.`],
  })
  if (!file) return uncounted('for the codes of its training images are not there')
  let data: ReturnType<typeof readCodes>
  try {
    data = readCodes(file.bytes, K, file.address)
  } catch (error) {
    return uncounted(`for the codes cannot be used (${(error as Error).message})`)
  }
  const { train, trainLabels, model } = data
  if (model !== file.own) return uncounted(`for ${file.address} is of another network, ${model}`)
  if (!conditional) return { tree: new CodeTree(K, train), notes }
  if (!trainLabels) return uncounted('for its training images have no labels')
  const L = K.length
  const rows = Array.from(trainLabels.keys()).filter(i => trainLabels[i] === 0)
  const own = Int32Array.from(rows.flatMap(row => Array.from(train.subarray(row * L, (row + 1) * L))))
  return { tree: new CodeTree(K, own), notes }
}

async function priorOf(by: 'evenly' | 'counts'): Promise<Prior> {
  const now = await current()
  const { K, tree } = now.counted
  if (by === 'evenly') return uniformPrior(K)
  if (!tree) throw new Error('there are no codes of training images to go by: draw evenly')
  now.prior ??= Promise.resolve().then(() => countsPrior(K, tree.codes))
  return now.prior
}

async function encode(image: Float32Array, notes: string[]): Promise<Encoded> {
  const { model } = (await current()).pictures
  const told = (await current()).told
  const options = told ? { condition: told } : {}
  const codes = await model.encode(image, options)
  const back = await model.decode(codes, options)
  const { channels, size } = model.config
  const error = image.reduce((sum, value, i) => sum + (value - back[i]) ** 2, 0) / image.length
  return { path: Array.from(codes), shown: await bitmapOf(image, channels, size), error, notes }
}

function bitmapOf(image: Float32Array, channels: number, size: number): Promise<ImageBitmap> {
  return createImageBitmap(new ImageData(pixelsOf(image, channels, size), size, size))
}

/** What this studio wrote into a PNG file; null where it did not. */
function recipeIn(bytes: Uint8Array): string | null {
  try {
    return decodePngText(bytes).studio ?? null
  } catch {
    return null
  }
}

/** A picture's pixels on white, made smaller where it is very large. */
async function pixelsIn(file: File): Promise<ImageData> {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error(
      `${file.name} is no picture that this browser can read: bring a PNG, JPEG, WebP or GIF file`,
    )
  })
  const scale = Math.min(1, 2048 / Math.max(bitmap.width, bitmap.height))
  const width = Math.max(1, Math.round(bitmap.width * scale))
  const height = Math.max(1, Math.round(bitmap.height * scale))
  const context = new OffscreenCanvas(width, height).getContext('2d')!
  context.fillStyle = '#fff'
  context.fillRect(0, 0, width, height)
  context.imageSmoothingQuality = 'high'
  context.drawImage(bitmap, 0, 0, width, height)
  bitmap.close()
  return context.getImageData(0, 0, width, height)
}

function sentence(text: string): string {
  return `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`
}
