/** Small `.ddn` files without a network, whole and resealed after they were tampered with. */

import { encodePath } from '../../src/codec/arithmetic.ts'
import { BitWriter, ByteReader, ByteWriter } from '../../src/codec/bits.ts'
import { type CodedPrior, type DamagedBlock, DdnFile, writeDdn } from '../../src/codec/container.ts'
import type { DdnHeader, SizeRun } from '../../src/codec/header.ts'
import { tileGrid } from '../../src/codec/tiles.ts'
import { crc32 } from '../../src/data/bytes.ts'
import { random } from '../../src/data/rng.ts'
import { drawnPrior } from './paths.ts'

export const prior: CodedPrior = {
  prior: drawnPrior([4, 6, 5], 1, 2),
  fingerprint: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
}

export interface SmallFile {
  bytes: Uint8Array
  /** Codes of every image. */
  codes: number[][]
  header: Omit<DdnHeader, 'blocks'>
  blocks: Uint8Array[]
}

/** Images of drawn codes, in tiles of 4×4 that share a pixel. */
export function smallFile(
  sizes: SizeRun[] = [
    { count: 5, width: 4, height: 4 },
    { count: 2, width: 9, height: 5 },
  ],
  { names, blockImages = 3, seed = 0 }: { names?: string[]; blockImages?: number; seed?: number } = {},
): SmallFile {
  const { K } = prior.prior
  const header = {
    model: Uint8Array.of(8, 7, 6, 5, 4, 3, 2, 1),
    prior: { name: 'drawn', fingerprint: prior.fingerprint },
    K,
    channels: 1 as const,
    size: 4,
    overlap: 1,
    blockImages,
    sizes,
    ...(names && { names }),
  }
  const rng = random(seed, 'codes')
  const codes: number[][] = []
  const writers: BitWriter[] = []
  for (const { count, width, height } of sizes)
    for (let i = 0; i < count; i++) {
      if (codes.length % blockImages === 0) writers.push(new BitWriter())
      const tiles = tileGrid(width, height, header).count
      const drawn = Array.from({ length: tiles * K.length }, (_, at) => rng.int(K[at % K.length]))
      for (let at = 0; at < drawn.length; at += K.length)
        encodePath(prior.prior, drawn.slice(at, at + K.length), writers[writers.length - 1])
      codes.push(drawn)
    }
  const blocks = writers.map(writer => writer.bytes())
  return { bytes: writeDdn(header, blocks), codes, header, blocks }
}

/** All that is in a file, as `decode` and `decode --recover` read it. */
export function readAll(bytes: Uint8Array, options: { recover?: boolean } = {}) {
  const file = DdnFile.open(bytes, 'x.ddn', { cut: options.recover })
  const damaged: DamagedBlock[] = []
  const onDamage = options.recover ? (damage: DamagedBlock) => damaged.push(damage) : undefined
  const images = new Map<number, number[]>()
  for (const { index, codes } of file.codes(prior, { onDamage })) images.set(index, [...codes])
  return { file, images, damaged }
}

/** The fields of a file's header, and the rest of the file. */
export function opened(bytes: Uint8Array): { fields: Uint8Array; rest: Uint8Array } {
  const reader = new ByteReader(bytes, what => {
    throw new Error(what)
  })
  reader.bytes(4, 'the magic')
  const fields = reader.bytes(reader.number('the length'), 'the fields')
  return { fields, rest: bytes.subarray(reader.at + 4) }
}

/** A file of these fields, with a checksum that fits. */
export function sealed(fields: ArrayLike<number>, rest: ArrayLike<number> = []): Uint8Array {
  const head = new ByteWriter().bytes([0xdd, 0x44, 0x4e, 1]).number(fields.length).bytes(fields)
  return head.uint32(crc32(head.done())).bytes(rest).done()
}
