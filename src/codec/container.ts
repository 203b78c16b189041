// A `.ddn` file: images as codes of a network, in blocks of which each can be read, and lost, by itself.
//
// The header (header.ts) comes first, then the blocks one after the other. A block is the strings of bits of its images'
// tiles (arithmetic.ts), image by image and row by row, filled up with zeros to a whole byte.

import type { Prior } from '../codes/prior.ts'
import { crc32 } from '../data/bytes.ts'
import { hex } from '../ddn/fingerprint.ts'
import { CodeError, decodePath, decodePrefix } from './arithmetic.ts'
import { bitAt } from './bits.ts'
import { DdnError, type DdnHeader, readHeader, writeHeader } from './header.ts'
import { type FloatPicture, tileGrid } from './tiles.ts'

/** A prior, and 8 bytes that tell it from others of its name. That of `none` does not matter, for K tells all. */
export interface CodedPrior {
  prior: Prior
  fingerprint: Uint8Array
}

/** The codes of an image. */
export interface ImageCodes extends Pick<FloatPicture, 'width' | 'height'> {
  /** Which image of the file, from 0. */
  index: number
  name?: string
  /** [tiles, L]; of a tile of which only some codes are known the rest are 0. */
  codes: Int32Array
  /** How many codes of every tile are known: L, unless only so many bits are read. */
  depths: Int32Array
}

/** A block that cannot be read. */
export interface DamagedBlock {
  block: number
  /** Its images, the last one included. */
  from: number
  to: number
  reason: string
}

export interface ReadOptions {
  /** Images from … to − 1; default all. */
  from?: number
  to?: number
  /** Only so many bits of every tile are made use of; default all. */
  bits?: number
  /** Leaves out the blocks that cannot be read, and tells of each, instead of throwing at the first. */
  onDamage?: (damage: DamagedBlock) => void
}

/** A file of these blocks; the header's index is made here. */
export function writeDdn(header: Omit<DdnHeader, 'blocks'>, blocks: readonly Uint8Array[]): Uint8Array {
  const index = blocks.map(block => ({ bytes: block.length, crc: crc32(block) }))
  const head = writeHeader({ ...header, blocks: index })
  const bytes = new Uint8Array(blocks.reduce((sum, block) => sum + block.length, head.length))
  bytes.set(head)
  let at = head.length
  for (const block of blocks) {
    bytes.set(block, at)
    at += block.length
  }
  return bytes
}

/** A file that has been opened: its header is read, its blocks are not before they are asked for. */
export class DdnFile {
  /** Images. */
  readonly count: number
  /** The image with which every run of sizes begins. */
  private readonly firsts: number[] = []
  /** Where every block begins, and the last one ends. */
  private readonly offsets: number[]

  private constructor(
    private readonly bytes: Uint8Array,
    readonly header: DdnHeader,
    /** Bytes before the first block. */
    readonly headerBytes: number,
    /** How errors call it. */
    readonly file: string,
  ) {
    let count = 0
    for (const run of header.sizes) {
      this.firsts.push(count)
      count += run.count
    }
    this.count = count
    this.offsets = [headerBytes]
    for (const block of header.blocks) this.offsets.push(this.offsets[this.offsets.length - 1] + block.bytes)
  }

  /**
   * @param file  how errors call it
   * @param cut  takes a file whose end is missing, or is followed by something: its whole blocks can be read
   * @throws DdnError where it is no such file, its header is damaged, or (without `cut`) is not as long as it says
   */
  static open(bytes: Uint8Array, file = 'the file', { cut = false } = {}): DdnFile {
    const { header, length } = readHeader(bytes, what => {
      throw new DdnError(`${file}: ${what}`)
    })
    const opened = new DdnFile(bytes, header, length, file)
    const due = opened.offsets[opened.offsets.length - 1]
    if (!cut && bytes.length < due)
      throw new DdnError(
        `${file}: the file is cut short, ${bytes.length} of ${due} bytes are there; recover gives back its whole blocks`,
      )
    if (!cut && bytes.length > due)
      throw new DdnError(
        `${file}: ${bytes.length - due} bytes follow the last block; recover reads it without them`,
      )
    return opened
  }

  /** Width and height of an image. */
  size(image: number): { width: number; height: number } {
    const { sizes } = this.header
    let [low, high] = [0, this.firsts.length]
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if (this.firsts[middle] <= image) low = middle
      else high = middle
    }
    const { width, height } = sizes[low]
    return { width, height }
  }

  /** The bits of images and what they hold: codes, image by image, block by block. Nothing is read before it is asked for. */
  *codes(prior: CodedPrior, options: ReadOptions = {}): Generator<ImageCodes> {
    this.check(prior)
    const { from = 0, to = this.count, bits, onDamage } = options
    for (const [name, value] of Object.entries({ from, to }))
      if (!Number.isInteger(value) || value < 0 || value > this.count)
        throw new Error(`invalid ${name}: ${value}; ${this.file} has ${this.count} images`)
    if (bits !== undefined && !(Number.isInteger(bits) && bits >= 0))
      throw new Error(`invalid bits: ${bits}; give a whole number from 0`)
    const { blockImages } = this.header
    for (let first = from; first < to; ) {
      const block = Math.floor(first / blockImages)
      const end = Math.min(to, (block + 1) * blockImages)
      try {
        yield* this.codesOf(block, prior.prior, first, end, bits)
      } catch (error) {
        if (!onDamage || !(error instanceof DamageError)) throw error
        onDamage(error.damage)
      }
      first = end
    }
  }

  /** Throws where a prior is not the one that the file was coded with. */
  private check({ prior, fingerprint }: CodedPrior): void {
    const { header, file } = this
    const own = `${header.prior.name} ${hex(header.prior.fingerprint)}`.trim()
    const given = prior.name === 'none' ? 'none' : `${prior.name} ${hex(fingerprint)}`
    if (own !== given)
      throw new DdnError(`${file}: it was coded with the prior ${own}, and ${given} is given; give its own`)
    if (header.K.length !== prior.K.length || header.K.some((k, l) => k !== prior.K[l]))
      throw new DdnError(
        `${file}: its codes are of ${header.K.length} layers of ${shown(header.K)}, the prior's of ${prior.K.length} of ${shown(prior.K)}`,
      )
  }

  /** The images from … to − 1 of a block, all of them read before the first is given. */
  private codesOf(block: number, prior: Prior, from: number, to: number, bits?: number): ImageCodes[] {
    const { blockImages, names } = this.header
    const first = block * blockImages
    const last = Math.min(first + blockImages, this.count) - 1
    const fail = (reason: string): never => {
      const damage = { block, from: first, to: last, reason }
      throw new DamageError(this.file, damage)
    }
    const bytes = this.block(block, fail)
    const images: ImageCodes[] = []
    let at = 0
    try {
      for (let index = first; index < to; index++) {
        const { width, height } = this.size(index)
        const read = readTiles(prior, bytes, at, tileGrid(width, height, this.header).count, bits)
        at = read.end
        const { codes, depths } = read
        if (index >= from) images.push({ index, name: names?.[index], width, height, codes, depths })
      }
    } catch (error) {
      if (!(error instanceof CodeError)) throw error
      fail(`${error.message}, though its CRC-32 fits`)
    }
    if (to === last + 1) {
      const left = 8 * bytes.length - at
      if (left > 7) fail(`${left} bits are left after its last image`)
      for (; at < 8 * bytes.length; at++)
        if (bitAt(bytes, at)) fail('the bits after its last image are not 0')
    }
    return images
  }

  /** The bytes of a block, whose checksum fits. */
  private block(block: number, fail: (reason: string) => never): Uint8Array {
    const { bytes: length, crc } = this.header.blocks[block]
    const at = this.offsets[block]
    const bytes = this.bytes.subarray(at, at + length)
    if (bytes.length < length) fail(`it is cut short, ${bytes.length} of ${length} bytes are there`)
    if (crc32(bytes) !== crc) fail('its CRC-32 does not fit')
    return bytes
  }
}

/** A block cannot be read. */
class DamageError extends DdnError {
  constructor(
    file: string,
    readonly damage: DamagedBlock,
  ) {
    super(
      `${file}: block ${damage.block} (images ${damage.from} to ${damage.to}) is damaged: ${damage.reason}; recover gives back the others`,
    )
  }
}

/**
 * The codes of the tiles of an image, and where its bits end. What it takes up grows with the bits that were read, for
 * nothing else proves that there are so many tiles.
 */
function readTiles(prior: Prior, bytes: Uint8Array, at: number, count: number, bits = Infinity) {
  const L = prior.K.length
  let codes = new Int32Array(Math.min(count, 16) * L)
  let depths = new Int32Array(Math.min(count, 16))
  for (let tile = 0; tile < count; tile++) {
    if (tile === depths.length) {
      const room = Math.min(count, 2 * tile)
      codes = widened(codes, room * L)
      depths = widened(depths, room)
    }
    const path = decodePath(prior, bytes, at)
    const known = bits < path.length ? decodePrefix(prior, bytes, at, bits) : path.codes
    codes.set(known, tile * L)
    depths[tile] = known.length
    at += path.length
  }
  return { codes, depths, end: at }
}

function widened(values: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const wider = new Int32Array(length)
  wider.set(values)
  return wider
}

/** `64`, or `64, 128 …` */
const shown = (K: readonly number[]) =>
  `K = ${[...new Set(K)].slice(0, 3).join(', ')}${new Set(K).size > 3 ? ' …' : ''}`
