/** The file: what it holds and what it costs, and files that are damaged, cut, or made by an enemy. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BitWriter, ByteWriter } from '../../src/codec/bits.ts'
import { DdnFile, writeDdn } from '../../src/codec/container.ts'
import { DdnError } from '../../src/codec/header.ts'
import { uniformPrior } from '../../src/codes/prior.ts'
import { crc32 } from '../../src/data/bytes.ts'
import { opened, prior, readAll, sealed, smallFile } from './files.ts'

const bytesOf = (text: string) => [...new TextEncoder().encode(text)]

describe('a file', () => {
  const names = ['a/001.png', 'a/002.png', 'b.png', '', 'schöne Äpfel 🍏', '../evil', 'b.png']
  const { bytes, codes, header, blocks } = smallFile(undefined, { names })

  test('gives back what it was made of', () => {
    const { file, images } = readAll(bytes)
    const { blocks: index, ...rest } = file.header
    expect(rest).toEqual(header)
    expect(index).toEqual(blocks.map(block => ({ bytes: block.length, crc: crc32(block) })))
    expect(file.count).toBe(7)
    expect([...images.values()]).toEqual(codes)
    expect(file.size(4)).toEqual({ width: 4, height: 4 })
    expect(file.size(5)).toEqual({ width: 9, height: 5 })
  })

  test('gives back images from the middle, from their blocks alone', () => {
    // All blocks but the second are overwritten.
    const spoilt = bytes.slice()
    const start = bytes.length - blocks.reduce((sum, block) => sum + block.length, 0)
    spoilt.fill(0, start, start + blocks[0].length)
    spoilt.fill(0, start + blocks[0].length + blocks[1].length)
    const file = DdnFile.open(spoilt)
    const found = [...file.codes(prior, { from: 4, to: 6 })]
    expect(found.map(({ index, name, width }) => [index, name, width])).toEqual([
      [4, 'schöne Äpfel 🍏', 4],
      [5, '../evil', 9],
    ])
    expect(found.map(({ codes }) => [...codes])).toEqual(codes.slice(4, 6))
    expect(() => [...file.codes(prior, { from: 4, to: 7 })]).toThrow('block 2 (images 6 to 6) is damaged')
    expect(() => [...file.codes(prior, { to: 8 })]).toThrow('invalid to: 8; the file has 7 images')
  })

  test('gives back as many codes of every tile as some bits fix', () => {
    const file = DdnFile.open(bytes)
    let before = new Int32Array(codes.reduce((sum, image) => sum + image.length / 3, 0))
    // No code takes more than 21 bits.
    for (let bits = 0; bits < 66; bits++) {
      const images = [...file.codes(prior, { bits })]
      for (const { index, codes: read, depths } of images)
        for (const [tile, depth] of depths.entries()) {
          const path = [...read.subarray(3 * tile, 3 * tile + 3)]
          expect(path).toEqual(
            codes[index].slice(3 * tile, 3 * tile + 3).map((code, l) => (l < depth ? code : 0)),
          )
        }
      const depths = Int32Array.from(images.flatMap(image => [...image.depths]))
      expect(depths.every((depth, i) => depth >= before[i])).toBe(true)
      before = depths
    }
    expect(before.every(depth => depth === 3)).toBe(true)
  })

  test('of one 32×32 image in 14 codes of 512 has a header of 36 bytes, and of 50 with the prior markov', () => {
    const base = {
      model: new Uint8Array(8),
      K: new Array(14).fill(512),
      channels: 1 as const,
      size: 32,
      overlap: 8,
      blockImages: 256,
      sizes: [{ count: 1, width: 32, height: 32 }],
    }
    const block = new Uint8Array(16)
    const none = { name: 'none', fingerprint: new Uint8Array(0) }
    expect(writeDdn({ ...base, prior: none }, [block])).toHaveLength(36 + 16)
    const markov = { name: 'markov', fingerprint: new Uint8Array(8) }
    expect(writeDdn({ ...base, prior: markov }, [block])).toHaveLength(36 + 14 + 16)
    // Ten thousand of them: two bytes more of their count, and for each of the 40 blocks two of its length and four.
    const many = { ...base, sizes: [{ count: 10_000, width: 32, height: 32 }], prior: none }
    const written = writeDdn(many, new Array(40).fill(new Uint8Array(4032)))
    expect(written).toHaveLength(36 - 5 + 1 + 1 + 40 * 6 + 40 * 4032)
    expect(DdnFile.open(written).count).toBe(10_000)
  })

  test('of numbered names takes two bytes and what changes for each', () => {
    const numbered = Array.from({ length: 7 }, (_, i) => `holiday/IMG_000${i}.jpg`)
    const plain = smallFile().bytes.length
    expect(smallFile(undefined, { names: numbered }).bytes.length - plain).toBe(2 + 20 + 6 * (2 + 5))
  })

  test('has the layout that is written down', () => {
    const none = { name: 'none', fingerprint: new Uint8Array(0) }
    const out = new BitWriter()
    for (const bit of [1, 0, 1]) out.push(bit)
    const written = writeDdn(
      {
        model: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
        prior: none,
        K: [2, 4],
        channels: 3,
        size: 200,
        overlap: 0,
        blockImages: 1,
        sizes: [{ count: 1, width: 2, height: 300 % 200 }],
        names: ['ä'],
      },
      [out.bytes()],
    )
    const crc = (value: number) => new ByteWriter().uint32(value).done()
    const fields = [
      ...[1, 2, 3, 4, 5, 6, 7, 8],
      0,
      ...[2, 1, 2, 1, 4],
      3,
      ...[0xc8, 0x01, 0],
      1,
      ...[1, 1, 2, 100],
      ...[0, 2, 0xc3, 0xa4],
      ...[1, ...crc(crc32(Uint8Array.of(0xa0)))],
    ]
    const head = [0xdd, 0x44, 0x4e, 1, fields.length, ...fields]
    expect([...written]).toEqual([...head, ...crc(crc32(Uint8Array.from(head))), 0xa0])
    const [image] = DdnFile.open(written).codes({
      prior: uniformPrior([2, 4]),
      fingerprint: new Uint8Array(0),
    })
    expect([...image.codes]).toEqual([1, 1])
  })

  test('checks its blocks by the CRC-32 that everybody knows', () => {
    expect(crc32(Uint8Array.from(bytesOf('123456789')))).toBe(0xcbf43926)
  })

  test('of another prior, or of other layers, is refused', () => {
    const file = DdnFile.open(bytes, 'x.ddn')
    const other = { ...prior, fingerprint: new Uint8Array(8) }
    expect(() => [...file.codes(other)]).toThrow(
      'x.ddn: it was coded with the prior drawn 0102030405060708, and drawn 0000000000000000 is given; give its own',
    )
    const none = { prior: uniformPrior([4, 6, 5]), fingerprint: new Uint8Array(0) }
    expect(() => [...file.codes(none)]).toThrow('the prior drawn 0102030405060708, and none is given')
    const deeper = { ...prior, prior: { ...prior.prior, K: [4, 6, 5, 5] } }
    expect(() => [...file.codes(deeper)]).toThrow(
      'its codes are of 3 layers of K = 4, 6, 5, the prior’s'.replace('’', "'"),
    )
  })

  test('is not written with what it could not say', () => {
    expect(() => writeDdn({ ...header, names: ['x'.repeat(1025)] }, blocks)).toThrow(
      'has 1025 bytes; names of up to 1024 can be kept',
    )
    expect(() => writeDdn({ ...header, model: new Uint8Array(7) }, blocks)).toThrow(
      'the fingerprint of the network has 7 bytes; give 8',
    )
  })
})

describe('damage', () => {
  const { bytes, codes, blocks } = smallFile()
  const { file } = readAll(bytes)
  const blockOf = (byte: number) => {
    let end = file.headerBytes
    return blocks.findIndex(block => byte < (end += block.length))
  }

  test('of any single bit is told, and costs no more than its block', () => {
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const broken = bytes.slice()
      broken[bit >> 3] ^= 128 >> (bit & 7)
      expect(() => readAll(broken), `bit ${bit}`).toThrow(DdnError)
      const block = bit >> 3 < file.headerBytes ? -1 : blockOf(bit >> 3)
      if (block < 0) {
        expect(() => readAll(broken, { recover: true }), `bit ${bit}`).toThrow(DdnError)
        continue
      }
      const { images, damaged } = readAll(broken, { recover: true })
      const lost = {
        block,
        from: 3 * block,
        to: Math.min(3 * block + 2, 6),
        reason: 'its CRC-32 does not fit',
      }
      expect(damaged).toEqual([lost])
      expect(images.size).toBe(7 - (lost.to - lost.from + 1))
      for (const [index, read] of images) expect(read).toEqual(codes[index])
    }
  })

  test('by cutting it short anywhere is told, and the blocks before come back', () => {
    for (let length = 0; length < bytes.length; length++) {
      const short = bytes.subarray(0, length)
      expect(() => readAll(short), `${length} bytes`).toThrow(DdnError)
      if (length < file.headerBytes) {
        expect(() => readAll(short, { recover: true }), `${length} bytes`).toThrow(DdnError)
        continue
      }
      const { images, damaged } = readAll(short, { recover: true })
      const whole = blockOf(length)
      expect(damaged.map(({ block }) => block)).toEqual([0, 1, 2].filter(block => block >= whole))
      expect(damaged[0].reason).toMatch(/^it is cut short, \d+ of \d+ bytes are there$/)
      expect([...images.values()]).toEqual(codes.slice(0, 3 * whole))
    }
  })

  test('by bytes at the end is told, and left out', () => {
    const longer = Uint8Array.of(...bytes, 1, 2, 3)
    expect(() => readAll(longer)).toThrow(
      'x.ddn: 3 bytes follow the last block; recover reads it without them',
    )
    expect([...readAll(longer, { recover: true }).images.values()]).toEqual(codes)
  })

  test('is told in a sentence that names the file, the block and its images', () => {
    const broken = bytes.slice()
    broken[bytes.length - 1] ^= 1
    expect(() => readAll(broken)).toThrow(
      'x.ddn: block 2 (images 6 to 6) is damaged: its CRC-32 does not fit; recover gives back the others',
    )
    expect(() => readAll(bytes.subarray(0, -1))).toThrow(
      `x.ddn: the file is cut short, ${bytes.length - 1} of ${bytes.length} bytes are there; recover gives back its whole blocks`,
    )
    expect(() => readAll(new Uint8Array(0))).toThrow('x.ddn: the file is empty')
    expect(() => readAll(Uint8Array.from(bytesOf('not a file of this kind')))).toThrow(
      'x.ddn: this is no .ddn file: it does not begin with DD 44 4E',
    )
    expect(() => readAll(Uint8Array.of(0xdd, 0x44, 0x4e, 2, 0))).toThrow(
      'x.ddn: the file is of version 2 of the format, and this Coppice reads version 1',
    )
  })
})

describe('files of an enemy', () => {
  test('of random bytes are refused, and fail in no other way', () => {
    const begun = fc.uint8Array({ maxLength: 200 }).map(rest => Uint8Array.of(0xdd, 0x44, 0x4e, 1, ...rest))
    const random = fc.oneof(fc.uint8Array({ maxLength: 200 }), begun)
    fc.assert(
      fc.property(random, bytes => {
        expect(() => readAll(bytes)).toThrow(DdnError)
      }),
    )
  })

  test('of fields that were changed and sealed again are read or refused, and fail in no other way', () => {
    const { bytes } = smallFile(undefined, { names: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] })
    const { fields, rest } = opened(bytes)
    const change = fc.record({ at: fc.nat(fields.length - 1), to: fc.integer({ min: 0, max: 255 }) })
    let refused = 0
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), changes => {
        const changed = fields.slice()
        for (const { at, to } of changes) changed[at] = to
        try {
          readAll(sealed(changed, rest), { recover: true })
        } catch (error) {
          expect(error).toBeInstanceOf(DdnError)
          refused++
        }
      }),
      { numRuns: 500 },
    )
    expect(refused).toBeGreaterThan(0)
  })

  /** Fields up to the number of images, as the layout says. */
  const start = (K = [1, 3, 4], flags = 0, tile = [4, 1, 3]) => [
    ...new Uint8Array(8),
    0,
    ...K,
    flags,
    ...tile,
  ]
  const big = (value: number) => [...new ByteWriter().number(value).done()]

  test('that claim more than there can be are refused before anything is made of it', () => {
    const claims: [string, number[], RegExp][] = [
      [
        'layers',
        start([1, ...big(2 ** 40), 4]),
        /a number of layers is 1099511627776; it can be 1 to 65536 only/,
      ],
      ['K', start([1, 3, ...big(2 ** 20)]), /the K of a layer is 1048576; it can be 2 to 65536 only/],
      ['flags', start(undefined, 4), /the flags are 4/],
      ['tiles', start(undefined, 0, [...big(2 ** 30), 1, 3]), /the size of a tile is 1073741824/],
      ['overlaps', start(undefined, 0, [4, 3, 3]), /the overlap of tiles is 3; it can be 0 to 2 only/],
      ['sizes', [...start(), 1, 1, ...big(2 ** 27), 2], /the height of an image is 2; it can be 1 to 1 only/],
      ['runs', [...start(), ...big(2 ** 45)], /a number of images should take 1 bytes, but 0 are left/],
      [
        'images',
        [...start(), 1, ...big(2 ** 45), 4, 4],
        /the length of block 0 should take 1 bytes, but 0 are left/,
      ],
      ['names', [...start(undefined, 2), 1, ...big(2 ** 45), 4, 4], /the name of image 0 should take/],
      [
        'a name',
        [...start(undefined, 2), 1, 1, 4, 4, 0, ...big(2 ** 30)],
        /the name of image 0 is 1073741824/,
      ],
      [
        'too much of a name',
        [...start(undefined, 2), 1, 1, 4, 4, 1, 0],
        /the name of image 0 is 1; it can be 0 to 0/,
      ],
      ['no UTF-8', [...start(undefined, 2), 1, 1, 4, 4, 0, 1, 0xff], /the name of image 0 is no UTF-8/],
      ['tiles in no bytes', [...start(), 1, 3, 4, 4, 0, 0, 0, 0, 0], /block 0 has 0 bytes for 3 tiles/],
      [
        'a picture of 2²⁷ pixels',
        [...start(), 1, 1, ...big(2 ** 14), ...big(2 ** 13), 9, 0, 0, 0, 0],
        /9 bytes for \d+ tiles/,
      ],
      ['more than its fields', [...start(), 1, 1, 4, 4, 1, 0, 0, 0, 0, 7], /1 bytes are left over/],
      [
        'a number that is written too long',
        start([0x81, 0x00, 3, 4]),
        /the number of runs of layers is no number/,
      ],
      ['a number without an end', start(new Array(9).fill(255)), /the number of runs of layers is no number/],
      ['a prior of no name of its own', [...new Uint8Array(8), 1, 0xff], /the prior's name is no UTF-8/],
    ]
    for (const [what, fields, message] of claims) {
      expect(() => readAll(sealed(fields)), what).toThrow(message)
      expect(() => readAll(sealed(fields)), what).toThrow(/^x\.ddn: the header says what cannot be: /)
    }
    // A header of a terabyte, in a file of some bytes.
    expect(() => readAll(Uint8Array.of(0xdd, 0x44, 0x4e, 1, ...big(2 ** 40), 0))).toThrow(
      'x.ddn: the header should take 1099511627776 bytes, but 1 are left; the file is cut short or damaged',
    )
  })

  test('of names that unfold to more than 64 MB are refused', () => {
    // The first name is 1,024 bytes long, and 70,000 more are the same again, in two bytes each.
    const count = 70_001
    const again = Array.from({ length: count - 1 }, () => [...big(1024), 0]).flat()
    const names = [0, ...big(1024), ...new Array(1024).fill(97), ...again]
    const fields = [...start(undefined, 2), 1, ...big(count), 4, 4, ...names]
    expect(() => readAll(sealed(fields))).toThrow('the names take more than 67108864 bytes')
  })

  test('of a block whose bits run out, go on or are no codes are named with the reason', () => {
    const even = { prior: uniformPrior([4, 4, 3]), fingerprint: new Uint8Array(0) }
    const read = (block: number[], count = 1) => {
      const fields = [...start([2, 2, 4, 1, 3]), 1, count, 4, 4, block.length]
      const seal = new ByteWriter().uint32(crc32(Uint8Array.from(block))).done()
      return () => [...DdnFile.open(sealed([...fields, ...seal], block), 'x.ddn').codes(even)]
    }
    // Codes 1, 2 and 1: 01, 10, and the shortest string within [⅓, ⅔), 011.
    expect(read([0b01100110])()[0].codes).toEqual(Int32Array.of(1, 2, 1))
    expect(read([0b01100111])).toThrow('the bits after its last image are not 0')
    expect(read([0b01100110, 0])).toThrow('9 bits are left after its last image')
    expect(read([0b01100110], 2)).toThrow(
      'its bits run out after 0 of 3 codes of a path that begins at bit 7, though its CRC-32 fits',
    )
    // Within [¼, 5⁄16) the last code is 0, whose string is 00.
    expect(read([0b01100100])).toThrow('bit 5 cannot end the string of the path that begins at bit 0')
  })
})
