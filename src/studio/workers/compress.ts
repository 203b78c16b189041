// The worker of the room Compress: holds the network, its priors, and the file that is open.

import { transfer } from 'comlink'
import type { DdnFile } from '../../codec/container.ts'
import { checkUnconditional } from '../../codec/encode.ts'
import { addTile, type FloatPicture, tileGrid } from '../../codec/tiles.ts'
import { type Images, toFloat } from '../../data/dataset.ts'
import { DdnModel } from '../../ddn/model.ts'
import { toByte } from '../../report/grid.ts'
import { encodePng } from '../../report/png.ts'
import type { NamedPrior, PriorName } from '../../train/named-prior.ts'
import { VERSION } from '../../version.ts'
import type { Coded, Counted } from './compress-coded.ts'
import { type CodingOptions, codedOf, codesOf, tilingOf } from './compress-coding.ts'
import { countBits, fileOf } from './compress-count.ts'
import { type FileFacts, type FileImage, openDdn, PAGE, pageOf, survey } from './compress-files.ts'
import { comparePeers, type Peer } from './compress-peers.ts'
import { fitted, inverted, type Taken, tiled, toValues } from './compress-pictures.ts'
import { priorFor } from './compress-priors.ts'
import { dataFor, examplesOf } from './examples.ts'
import { fetchBytes, fetchNetwork, type Network } from './models.ts'

export interface ModelFacts {
  name: string
  /** What it learned from. */
  data: string
  channels: 1 | 3
  size: number
  /** Candidates of each layer, and the width of its image. */
  K: number[]
  sides: number[]
  weights: number
}

export interface Fitting {
  fit: 'whole' | 'tiles'
  invert: boolean
}

export interface CountedFile extends Counted {
  file: Uint8Array
  headerBytes: number
}

export interface OpenedFile extends FileFacts {
  /** What is damaged, in sentences. */
  notes: string[]
  /** Images that can be read. */
  left: number
  /** Images that stand in the strip at a time. */
  page: number
}

/** A picture of the strip, and a small one of it where that is soon made. */
export type FileThumb = FileImage & { picture: FloatPicture | null }

/** One picture is looked at, mostly of one tile. */
const BATCH = 4

/** Pictures of no more tiles than this are shown in the strip. */
const THUMB_TILES = 4

/** As for pictures on the command line. */
const MAX_BYTES = 2 ** 26

/** A picture with a longer side is made smaller by the canvas first. */
const MAX_SIDE = 2048

export class Compress {
  private page = ''
  private tell: (notice: string) => void = () => {}
  private held: { name: string; network: Promise<Network> } | null = null
  private readonly priors = new Map<PriorName, Promise<NamedPrior>>()
  /** By the data set that they are of. */
  private readonly examples = new Map<string, Promise<Images | null>>()
  private file: { file: DdnFile; prior: NamedPrior } | null = null
  private comparing = new AbortController()

  /** Says which address files are fetched relative to, and who hears what the engine has to say. */
  from(page: string, onNotice: (notice: string) => void): void {
    this.page = page
    this.tell = onNotice
  }

  async open(name: string): Promise<ModelFacts> {
    const { model, data } = await this.network(name)
    const { channels, size } = model.config
    return {
      name,
      data,
      channels,
      size,
      K: model.layers.map(layer => layer.K),
      sides: model.layers.map(layer => layer.size),
      weights: model.weights.length,
    }
  }

  /** An image that the network was not trained on: of its own data, or of what the page has in as many colours. */
  async example(name: string, seed: number): Promise<{ picture: FloatPicture; title: string }> {
    const { model, data } = await this.network(name)
    const { channels, size } = model.config
    const held = (await this.heldOut(data, channels)) ?? (await this.heldOut(dataFor(channels), channels))!
    const index = seed % held.count
    const image = { width: held.size, height: held.size, data: toFloat(held, [index]) }
    const { picture } = fitted(image, { channels, size })
    // `google/keycap_star`
    const drawn = held.names?.[index].replace(/^.*\//, '').replaceAll('_', ' ')
    return { picture, title: `A held-out ${drawn ?? held.labels![index]}` }
  }

  /** What a network takes of a picture's file. */
  async read(name: string, blob: Blob, { fit, invert }: Fitting, called: string): Promise<Taken> {
    if (blob.size > MAX_BYTES)
      throw new Error(`${called} has ${blob.size} bytes; pictures of up to ${MAX_BYTES} (64 MB) are read.`)
    const bitmap = await createImageBitmap(blob).catch(() => {
      throw new Error(
        `${called} is no picture that this browser can read. Take a PNG, JPEG, WebP or GIF file, or a .ddn file.`,
      )
    })
    const scale = Math.min(1, MAX_SIDE / Math.max(bitmap.width, bitmap.height))
    const width = Math.max(1, Math.round(bitmap.width * scale))
    const height = Math.max(1, Math.round(bitmap.height * scale))
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!
    // What is transparent becomes white.
    context.fillStyle = '#fff'
    context.fillRect(0, 0, width, height)
    context.imageSmoothingQuality = 'high'
    context.drawImage(bitmap, 0, 0, width, height)
    bitmap.close()
    const { channels, size } = (await this.model(name)).config
    const values = toValues(context.getImageData(0, 0, width, height), channels)
    const { picture, notes } = (fit === 'whole' ? fitted : tiled)(values, { channels, size })
    return { picture: invert ? inverted(picture) : picture, notes }
  }

  async code(
    name: string,
    picture: FloatPicture,
    beam: number,
    onProgress: CodingOptions['onProgress'],
  ): Promise<Coded> {
    this.comparing.abort()
    const model = await this.model(name)
    const { width, height } = picture
    const codes = await codesOf(model, picture, { beam, onProgress })
    return this.coded(await codedOf(model, { width, height, codes }))
  }

  /** The picture of codes that are known. */
  async show(name: string, picture: Pick<Coded, 'width' | 'height' | 'codes'>): Promise<Coded> {
    return this.coded(await codedOf(await this.model(name), picture))
  }

  async count(
    name: string,
    prior: PriorName,
    picture: Pick<Coded, 'width' | 'height' | 'tiling' | 'codes'>,
    onProgress: (share: number) => void,
  ): Promise<CountedFile> {
    const model = await this.model(name)
    const known = await this.prior(name, prior)
    const counted = countBits(known.prior, picture.codes, onProgress)
    const { bytes, headerBytes } = await fileOf(model, known, picture, counted)
    return { ...counted, file: bytes, headerBytes }
  }

  /** Ends without having told of all where the next picture comes. */
  async peers(picture: FloatPicture, mse: number, onPeer: (peer: Peer) => void): Promise<void> {
    this.comparing.abort()
    const { signal } = (this.comparing = new AbortController())
    await comparePeers(picture, mse, { signal, onPeer }).catch(error => {
      if (!signal.aborted) throw error
    })
  }

  async openFile(name: string, bytes: Uint8Array, called: string): Promise<OpenedFile> {
    const { file, facts, damage } = await openDdn(await this.model(name), bytes, called)
    const prior = await this.prior(name, facts.prior)
    const { notes, left } = survey(file, prior)
    if (left === 0)
      throw new Error([damage ?? `${called} is damaged: none of its images can be read.`, ...notes].join(' '))
    this.file = { file, prior }
    return { ...facts, left, page: PAGE, notes: damage ? [`${damage}.`, ...notes] : notes }
  }

  /** An image of the open file; without a number the first that can be shown. */
  async image(index: number | null): Promise<FileImage> {
    if (!this.file) throw new Error('no file is open')
    const { file, prior } = this.file
    for (let from = index ?? 0; from < file.count; from += PAGE) {
      const { images, notes } = pageOf(file, prior, from)
      const found = index === null ? images.find(({ codes }) => codes) : images[0]
      if (found?.codes) return found
      if (index !== null) throw new Error(notes[0] ?? `image ${index} is lost`)
    }
    throw new Error(`none of its images has few enough tiles to be shown here`)
  }

  /** Images of the open file from `from` on, and in sentences what is not shown of them. */
  async thumbs(name: string, from: number): Promise<{ thumbs: FileThumb[]; notes: string[] }> {
    if (!this.file) throw new Error('no file is open')
    const model = await this.model(name)
    const tiling = tilingOf(model)
    const { images, notes } = pageOf(this.file.file, this.file.prior, from)
    const small = ({ width, height, codes }: FileImage) =>
      codes !== null && tileGrid(width, height, tiling).count <= THUMB_TILES
    // Many at a time: one takes the network as long as a batch.
    const pictures = await picturesOf(model, images.filter(small))
    const thumbs = images.map(image => ({ ...image, picture: small(image) ? pictures.shift()! : null }))
    return { thumbs, notes }
  }

  /** A PNG file that says how it was made. */
  async png({ width, height, data }: FloatPicture, text: Record<string, string>): Promise<Uint8Array> {
    const area = width * height
    const channels = data.length === area ? 1 : 3
    const bytes = Uint8Array.from({ length: data.length }, (_, i) =>
      toByte(data[(i % channels) * area + Math.floor(i / channels)]),
    )
    return encodePng({ width, height, channels, data: bytes }, { Software: `coppice ${VERSION}`, ...text })
  }

  private async model(name: string): Promise<DdnModel> {
    return (await this.network(name)).model
  }

  /** The network of a name; one at a time is held. */
  private network(name: string): Promise<Network> {
    if (this.held?.name !== name) {
      this.held?.network.then(({ model }) => model.close()).catch(() => {})
      this.priors.clear()
      this.file = null
      const network = this.fetched(name)
      const held = { name, network }
      this.held = held
      // What failed is tried again the next time.
      network.catch(() => {
        if (this.held === held) this.held = null
      })
    }
    return this.held!.network
  }

  private async fetched(name: string): Promise<Network> {
    const { model, data } = await fetchNetwork(this.page, name, { onNotice: this.tell })
    checkUnconditional(model)
    const { config, weights, runtime } = model
    return { model: await DdnModel.open(config, weights, { ...runtime, batch: BATCH }), data }
  }

  private heldOut(data: string, channels: 1 | 3): Promise<Images | null> {
    let found = this.examples.get(data)
    if (!found) {
      found = examplesOf(this.page, data, channels)
      this.examples.set(data, found)
      found.catch(() => this.examples.delete(data))
    }
    return found
  }

  private async prior(name: string, wanted: PriorName): Promise<NamedPrior> {
    const model = await this.model(name)
    let found = this.priors.get(wanted)
    if (!found) {
      found = priorFor(model, name, wanted, address => fetchBytes(this.page, address))
      this.priors.set(wanted, found)
      found.catch(() => this.priors.delete(wanted))
    }
    return found
  }

  /** Handed over, not copied. */
  private coded(coded: Coded): Coded {
    return transfer(coded, [coded.levels.buffer])
  }
}

/** Pictures of all their codes. */
async function picturesOf(model: DdnModel, images: readonly FileImage[]): Promise<FloatPicture[]> {
  if (images.length === 0) return []
  const tiling = tilingOf(model)
  const length = model.imageLength
  const tiles = await model.decode(images.flatMap(({ codes }) => [...codes!]))
  let at = 0
  return images.map(({ width, height }) => {
    const picture = { width, height, data: new Float32Array(tiling.channels * width * height) }
    const { count } = tileGrid(width, height, tiling)
    for (let tile = 0; tile < count; tile++, at += length)
      addTile(picture, tiling, tile, tiles.subarray(at, at + length))
    return picture
  })
}

export const api = new Compress()
