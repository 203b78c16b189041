// Pictures to a `.ddn` file: cut into tiles, turned into codes by a network, and the codes into bits by a prior.

import { uniformPrior } from '../codes/prior.ts'
import { fingerprintOf } from '../ddn/fingerprint.ts'
import type { DdnModel } from '../ddn/model.ts'
import { edit } from '../guides/edit.ts'
import { reconstruct } from '../guides/tasks/linear.ts'
import { encodePath } from './arithmetic.ts'
import { BitWriter } from './bits.ts'
import { type CodedPrior, writeDdn } from './container.ts'
import type { SizeRun } from './header.ts'
import { addTile, cutTile, defaultOverlap, type FloatPicture, type Tiling, tileGrid } from './tiles.ts'

/** A picture, and what it is called: a relative path with `/`. Either all pictures of a file have names, or none has. */
export interface NamedPicture extends FloatPicture {
  name?: string
}

export interface EncodeOptions {
  /** What the codes' bits are counted by, made for this network; default: every code takes log₂ K. */
  prior?: CodedPrior
  /** Paths kept while codes are chosen; default 1: the nearest candidate at every layer. More find nearer images. */
  beam?: number
  /** Pixels that neighbouring tiles share, up to half of a tile; default a quarter. */
  overlap?: number
  /** Images that are read, and lost, together; default 256. */
  blockImages?: number
  /** Called with the number of pictures that are done. */
  onProgress?: (images: number) => void
  /** Ends with its reason before the next tiles. */
  signal?: AbortSignal
}

export interface Encoded {
  /** The file. */
  bytes: Uint8Array
  /** How many of them come before the codes. */
  headerBytes: number
  /** The tiles of all pictures. */
  tiles: number
  /** Codes of every picture: [tiles, L], its tiles row by row. */
  codes: Int32Array[]
  /** Bits of every picture's codes. Their sum and less than a byte for each block are the file, but for its header. */
  bits: number[]
  /** Bits of all codes without a prior: tiles · Σ log₂ K. */
  rawBits: number
  /** Mean squared error of every picture, over its own pixels in [−1, 1]. */
  mse: number[]
}

/** Tiles at a time: a guided search is compiled anew for each lot. */
const LOT = 256

/**
 * Encodes pictures, each [c, height, width] float32 in [−1, 1] with the channels of the network. With a beam every tile
 * keeps the better of two paths, the beam's and the nearest candidates'; both have L codes, and without a prior the
 * same bits.
 *
 * @throws where the network is a conditional one, a picture is not of its channels, or the prior is another network's
 */
export async function encodeImages(
  model: DdnModel,
  pictures: Iterable<NamedPicture> | AsyncIterable<NamedPicture>,
  options: EncodeOptions = {},
): Promise<Encoded> {
  const { beam = 1, blockImages = 256, onProgress, signal } = options
  const tiling = tilingOf(model, options.overlap)
  const prior = priorFor(model, options.prior)
  if (!Number.isInteger(beam) || beam < 1)
    throw new Error(`invalid beam: ${beam}; give a whole number from 1`)
  if (!Number.isInteger(blockImages) || blockImages < 1 || blockImages > 65536)
    throw new Error(`invalid blockImages: ${blockImages}; give a whole number from 1 to 65536`)
  const L = model.layers.length
  const length = model.imageLength
  const sizes: SizeRun[] = []
  const names: string[] = []
  const blocks: BitWriter[] = []
  const result = { codes: [] as Int32Array[], bits: [] as number[], mse: [] as number[] }

  /** A picture is done: its bits go to the last block. */
  const finish = ({ picture, made, codes }: Pending) => {
    if (result.codes.length % blockImages === 0) blocks.push(new BitWriter())
    const block = blocks[blocks.length - 1]
    let bits = 0
    for (let at = 0; at < codes.length; at += L)
      bits += encodePath(prior.prior, codes.subarray(at, at + L), block)
    result.codes.push(codes)
    result.bits.push(bits)
    result.mse.push(distance(picture.data, made.data))
    onProgress?.(result.codes.length)
  }

  const lot = new Float32Array(LOT * length)
  let places: { pending: Pending; tile: number }[] = []
  const flush = async () => {
    if (places.length === 0) return
    signal?.throwIfAborted()
    const tiles = lot.subarray(0, places.length * length)
    const { codes, images } = await pathsOf(model, tiles, beam, signal)
    places.forEach(({ pending, tile }, i) => {
      pending.codes.set(codes.subarray(i * L, (i + 1) * L), tile * L)
      addTile(pending.made, tiling, tile, images.subarray(i * length, (i + 1) * length))
      if (tile === pending.tiles - 1) finish(pending)
    })
    places = []
  }

  let count = 0
  for await (const picture of pictures) {
    check(picture, count, tiling)
    const { width, height, name } = picture
    const last = sizes[sizes.length - 1]
    if (last?.width === width && last.height === height) last.count++
    else sizes.push({ count: 1, width, height })
    if (name !== undefined) names.push(name)
    if (names.length !== 0 && names.length !== count + 1)
      throw new Error(`picture ${count} has ${name === undefined ? 'no' : 'a'} name; name all or none`)
    const { count: tiles } = tileGrid(width, height, tiling)
    const made = { width, height, data: new Float32Array(picture.data.length) }
    const pending = { picture, made, tiles, codes: new Int32Array(tiles * L) }
    for (let tile = 0; tile < tiles; tile++) {
      cutTile(picture, tiling, tile, lot.subarray(places.length * length))
      places.push({ pending, tile })
      if (places.length === LOT) await flush()
    }
    count++
  }
  await flush()
  if (count === 0) throw new Error('there are no pictures to encode')

  const tiles = result.codes.reduce((sum, codes) => sum + codes.length / L, 0)
  const payloads = blocks.map(block => block.bytes())
  const bytes = writeDdn(
    {
      model: await fingerprintOf(model),
      prior: { name: prior.prior.name, fingerprint: prior.fingerprint },
      K: prior.prior.K,
      channels: model.config.channels,
      size: tiling.size,
      overlap: tiling.overlap,
      blockImages,
      sizes,
      ...(names.length > 0 && { names }),
    },
    payloads,
  )
  const headerBytes = payloads.reduce((left, payload) => left - payload.length, bytes.length)
  return { bytes, headerBytes, tiles, rawBits: tiles * model.bits, ...result }
}

/** The prior that is given, for the network's layers; or that of even codes. */
export function priorFor(model: DdnModel, given?: CodedPrior): CodedPrior {
  const K = model.layers.map(layer => layer.K)
  if (!given) return { prior: uniformPrior(K), fingerprint: new Uint8Array(0) }
  if (given.prior.K.length !== K.length || given.prior.K.some((k, l) => k !== K[l]))
    throw new Error(
      `the prior ${given.prior.name} is of other layers than the network's; fit one to its codes`,
    )
  return given
}

/** Throws where a network is told more than its codes hold. */
export function checkUnconditional({ config }: DdnModel): void {
  if (config.condition)
    throw new Error(
      `this network is told ${config.condition.kind} besides its codes, which a .ddn file does not hold; use a network without a condition`,
    )
}

/** A picture whose tiles are on their way. */
interface Pending {
  picture: FloatPicture
  made: FloatPicture
  tiles: number
  codes: Int32Array
}

function tilingOf(model: DdnModel, overlap = defaultOverlap(model.config.size)): Tiling {
  checkUnconditional(model)
  const { channels, size } = model.config
  if (!Number.isInteger(overlap) || overlap < 0 || overlap > size / 2)
    throw new Error(`invalid overlap: ${overlap}; give a whole number from 0 to ${Math.floor(size / 2)}`)
  return { channels, size, overlap }
}

/** Codes [n, L] of tiles [n, c, s, s], and the images that they stand for. */
async function pathsOf(model: DdnModel, tiles: Float32Array, beam: number, signal?: AbortSignal) {
  const codes = await model.encode(tiles)
  const images = await model.decode(codes)
  if (beam === 1) return { codes, images }
  const { channels, size } = model.config
  const length = model.imageLength
  const L = model.layers.length
  const count = tiles.length / length
  const guide = reconstruct({ images: tiles, channels, size })
  const found = await edit(model, { guide, count, beam, signal })
  for (let i = 0; i < count; i++) {
    const part = (values: Float32Array) => values.subarray(i * length, (i + 1) * length)
    // A prefix that is better for now can crowd out the one that would have been best.
    if (distance(part(found.images), part(tiles)) >= distance(part(images), part(tiles))) continue
    codes.set(found.codes.subarray(i * L, (i + 1) * L), i * L)
    part(images).set(part(found.images))
  }
  return { codes, images }
}

/** Mean squared error. */
function distance(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2
  return sum / a.length
}

function check({ width, height, data }: FloatPicture, index: number, { channels }: Tiling): void {
  for (const [name, value] of Object.entries({ width, height }))
    if (!Number.isInteger(value) || value < 1)
      throw new Error(`picture ${index}: invalid ${name}: ${value}; give a positive integer`)
  const expected = channels * height * width
  if (data.length !== expected)
    throw new Error(
      `picture ${index}: ${channels}×${height}×${width} are ${expected} values, not ${data.length}`,
    )
}
