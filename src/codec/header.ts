// The header of a `.ddn` file: what its blocks hold, whose codes they are, and where each block lies.
//
// Numbers take 7 bits a byte, the lowest first, all bytes but the last with their highest bit set; 4-byte numbers are
// little-endian.
//
//   DD 44 4E 01              magic, and the version of the format
//   number                   bytes of the fields
//   fields:
//     8 bytes                fingerprint of the network
//     number, bytes          name of the prior in UTF-8: empty for `none`, or followed by the 8 bytes of its fingerprint
//     number, (number, number) …   runs of layers: how many, and their K
//     1 byte                 1: colour, of 3 channels, else 1; 2: the images have names
//     number, number         size of a tile, and its overlap
//     number                 images of a block; the last one holds what is left
//     number, (number, number, number) …   runs of images: how many, their width and height
//     (number, number, bytes) …   names in UTF-8, where there are any: how many bytes are the previous name's, then the rest
//     (number, 4 bytes) …    blocks: how many bytes, and their CRC-32
//   4 bytes                  CRC-32 of all of this
//
// A file of one 32×32 image of the digits network has 36 bytes of it without a prior, 50 with the one called `markov`.

import { crc32 } from '../data/bytes.ts'
import { ByteReader, ByteWriter } from './bits.ts'
import { tileGrid } from './tiles.ts'

/** So many images of one size. */
export interface SizeRun {
  count: number
  width: number
  height: number
}

export interface DdnHeader {
  /** Fingerprint of the network, 8 bytes. */
  model: Uint8Array
  /** The prior; for `none` the fingerprint is empty, for K tells all there is. */
  prior: { name: string; fingerprint: Uint8Array }
  /** Candidates of each layer. */
  K: readonly number[]
  channels: 1 | 3
  /** Width and height of a tile, and how many pixels neighbours share. */
  size: number
  overlap: number
  /** Images of a block; the last block holds what is left. */
  blockImages: number
  sizes: readonly SizeRun[]
  /** Relative paths with `/`, one for each image. Whoever writes files must not trust them: see names.ts. */
  names?: readonly string[]
  blocks: readonly { bytes: number; crc: number }[]
}

/** Where a `.ddn` file is not what it should be. */
export class DdnError extends Error {
  override name = 'DdnError'
}

/** Pixels of an image, at most, as for pictures that are read. */
export const MAX_PIXELS = 2 ** 27

/** Bytes of a name, and of all names together, at most. */
export const MAX_NAME = 1024
const MAX_NAMES = 2 ** 26

/** Bytes of a fingerprint: see ddn/fingerprint.ts. */
const FINGERPRINT = 8

const MAX_LAYERS = 65536
const MAX_K = 65536
const MAX_TILE = 4096
const MAX_BLOCK = 65536

const magic = [0xdd, 0x44, 0x4e]
const VERSION = 1

export function writeHeader(header: DdnHeader): Uint8Array {
  const { model, prior, K, channels, size, overlap, blockImages, sizes, names, blocks } = header
  const fields = new ByteWriter().bytes(checkFingerprint('network', model))
  if (prior.name === 'none') fields.number(0)
  else {
    const name = new TextEncoder().encode(prior.name)
    fields.number(name.length).bytes(name)
    fields.bytes(checkFingerprint(`prior ${prior.name}`, prior.fingerprint))
  }
  const layers = runs(K)
  fields.number(layers.length)
  for (const { count, value } of layers) fields.number(count).number(value)
  fields.bytes([(channels === 3 ? 1 : 0) + (names ? 2 : 0)])
  fields.number(size).number(overlap).number(blockImages).number(sizes.length)
  for (const { count, width, height } of sizes) fields.number(count).number(width).number(height)
  if (names) writeNames(fields, names)
  for (const { bytes, crc } of blocks) fields.number(bytes).uint32(crc)
  const body = fields.done()
  const whole = new ByteWriter()
    .bytes([...magic, VERSION])
    .number(body.length)
    .bytes(body)
  return whole.uint32(crc32(whole.done())).done()
}

/**
 * Reads a header, and how many bytes it takes. It believes no number that the bytes behind it do not bear out: what it
 * allocates is within a small multiple of the header's length, and of 64 MB where there are names.
 *
 * @param fail  is told what is wrong, and throws
 */
export function readHeader(
  bytes: Uint8Array,
  fail: (what: string) => never,
): { header: DdnHeader; length: number } {
  if (bytes.length === 0) fail('the file is empty')
  if (magic.some((byte, i) => i < bytes.length && bytes[i] !== byte))
    fail('this is no .ddn file: it does not begin with DD 44 4E')
  const outer = new ByteReader(bytes, what => fail(`${what}; the file is cut short or damaged`))
  outer.bytes(magic.length, 'the magic')
  const [version] = outer.bytes(1, 'the version')
  if (version !== VERSION)
    fail(`the file is of version ${version} of the format, and this Coppice reads version ${VERSION}`)
  const body = outer.bytes(outer.number('the length of the header'), 'the header')
  const end = outer.at
  if (outer.uint32('the CRC-32 of the header') !== crc32(bytes.subarray(0, end)))
    fail('its header is damaged: the CRC-32 does not fit; without it no block can be found')
  const fields = new ByteReader(body, what => fail(`the header says what cannot be: ${what}`))
  const header = readFields(fields, what => fail(`the header says what cannot be: ${what}`))
  return { header, length: outer.at }
}

function readFields(fields: ByteReader, fail: (what: string) => never): DdnHeader {
  const model = fields.bytes(FINGERPRINT, "the network's fingerprint").slice()
  const nameBytes = fields.bytes(fields.number("the length of the prior's name", 0, 255), "the prior's name")
  const prior = nameBytes.length
    ? {
        name: textOf(nameBytes, "the prior's name", fail),
        fingerprint: fields.bytes(FINGERPRINT, "the prior's fingerprint").slice(),
      }
    : { name: 'none', fingerprint: new Uint8Array(0) }
  const K: number[] = []
  for (let run = fields.number('the number of runs of layers', 1, MAX_LAYERS); run > 0; run--) {
    const count = fields.number('a number of layers', 1, MAX_LAYERS - K.length)
    const value = fields.number('the K of a layer', 2, MAX_K)
    for (let i = 0; i < count; i++) K.push(value)
  }
  const [flags] = fields.bytes(1, 'the flags')
  if (flags > 3) fail(`the flags are ${flags}, of which only 0 to 3 have a meaning`)
  const size = fields.number('the size of a tile', 1, MAX_TILE)
  const overlap = fields.number('the overlap of tiles', 0, Math.floor(size / 2))
  const blockImages = fields.number('the number of images of a block', 1, MAX_BLOCK)
  const sizes = readSizes(fields)
  const count = sizes.reduce((sum, run) => sum + run.count, 0)
  const names = flags & 2 ? readNames(fields, count, fail) : undefined
  const blocks = readBlocks(fields, { size, overlap, blockImages, sizes, count }, fail)
  if (fields.left > 0) fail(`${fields.left} bytes are left over`)
  const header = { model, prior, K, channels: flags & 1 ? 3 : 1, size, overlap, blockImages } as const
  return { ...header, sizes, ...(names && { names }), blocks }
}

function readSizes(fields: ByteReader): SizeRun[] {
  const sizes: SizeRun[] = []
  for (let run = fields.number('the number of runs of images', 1); run > 0; run--) {
    const count = fields.number('a number of images', 1)
    const width = fields.number('the width of an image', 1, MAX_PIXELS)
    const height = fields.number('the height of an image', 1, Math.floor(MAX_PIXELS / width))
    sizes.push({ count, width, height })
  }
  return sizes
}

/** Lengths and checksums of the blocks, of which none is too short for the tiles of its images. */
function readBlocks(
  fields: ByteReader,
  {
    sizes,
    count,
    ...tiling
  }: Pick<DdnHeader, 'size' | 'overlap' | 'blockImages' | 'sizes'> & { count: number },
  fail: (what: string) => never,
): DdnHeader['blocks'] {
  const blocks: { bytes: number; crc: number }[] = []
  let [run, used] = [0, 0]
  for (let first = 0; first < count; first += tiling.blockImages) {
    const bytes = fields.number(`the length of block ${blocks.length}`)
    blocks.push({ bytes, crc: fields.uint32(`the CRC-32 of block ${blocks.length}`) })
    let tiles = 0
    for (let left = Math.min(tiling.blockImages, count - first); left > 0; ) {
      const { count: same, width, height } = sizes[run]
      const taken = Math.min(left, same - used)
      tiles += taken * tileGrid(width, height, tiling).count
      left -= taken
      used += taken
      if (used === same) [run, used] = [run + 1, 0]
    }
    // Every tile takes a bit at least, for no code is certain.
    if (tiles > 8 * bytes) fail(`block ${blocks.length - 1} has ${bytes} bytes for ${tiles} tiles`)
  }
  return blocks
}

function writeNames(fields: ByteWriter, names: readonly string[]): void {
  let before = new Uint8Array(0)
  let total = 0
  for (const name of names) {
    const bytes = new TextEncoder().encode(name)
    total += bytes.length
    if (bytes.length > MAX_NAME)
      throw new Error(`the name ${name} has ${bytes.length} bytes; names of up to ${MAX_NAME} can be kept`)
    if (total > MAX_NAMES) throw new Error(`the names take more than ${MAX_NAMES} bytes; leave them out`)
    let shared = 0
    while (shared < bytes.length && bytes[shared] === before[shared]) shared++
    fields.number(shared).number(bytes.length - shared)
    fields.bytes(bytes.subarray(shared))
    before = bytes
  }
}

function readNames(fields: ByteReader, count: number, fail: (what: string) => never): string[] {
  const names: string[] = []
  let before = new Uint8Array(0)
  let total = 0
  for (let i = 0; i < count; i++) {
    const shared = fields.number(`the name of image ${i}`, 0, before.length)
    const rest = fields.number(`the name of image ${i}`, 0, MAX_NAME - shared)
    const bytes = new Uint8Array(shared + rest)
    bytes.set(before.subarray(0, shared))
    bytes.set(fields.bytes(rest, `the name of image ${i}`), shared)
    total += bytes.length
    if (total > MAX_NAMES) fail(`the names take more than ${MAX_NAMES} bytes`)
    names.push(textOf(bytes, `the name of image ${i}`, fail))
    before = bytes
  }
  return names
}

function textOf(bytes: Uint8Array, what: string, fail: (what: string) => never): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return fail(`${what} is no UTF-8`)
  }
}

function checkFingerprint(what: string, fingerprint: Uint8Array): Uint8Array {
  if (fingerprint.length === FINGERPRINT) return fingerprint
  throw new Error(`the fingerprint of the ${what} has ${fingerprint.length} bytes; give ${FINGERPRINT}`)
}

function runs(values: readonly number[]): { count: number; value: number }[] {
  const found: { count: number; value: number }[] = []
  for (const value of values) {
    const last = found[found.length - 1]
    if (last?.value === value) last.count++
    else found.push({ count: 1, value })
  }
  return found
}
