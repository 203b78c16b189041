/** Pictures to files and back, by networks: a trained one, and small ones of every kind. */

import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DdnFile } from '../../src/codec/container.ts'
import { type DecodedPicture, decodeImages } from '../../src/codec/decode.ts'
import { encodeImages, type NamedPicture } from '../../src/codec/encode.ts'
import { toFloat } from '../../src/data/dataset.ts'
import { loadDigits } from '../../src/data/digits.ts'
import { DdnModel } from '../../src/ddn/model.ts'
import { loadModel } from '../../src/train/model-file.ts'
import { networks, noise, open } from '../guides/network.ts'
import { drawnPrior } from './paths.ts'

const models = new URL('../../models/', import.meta.url)
const grey = networks['grey, of patches']

async function all(pictures: AsyncIterable<DecodedPicture>): Promise<DecodedPicture[]> {
  const found: DecodedPicture[] = []
  for await (const picture of pictures) found.push(picture)
  return found
}

/** A smooth picture of any size: a wave of its own phase in each channel. */
function wave(width: number, height: number, channels: number, name?: string): NamedPicture {
  const data = Float32Array.from({ length: channels * width * height }, (_, i) => {
    const [c, y, x] = [Math.floor(i / (width * height)), Math.floor(i / width) % height, i % width]
    return Math.sin(0.3 * x + 0.2 * y + 2 * c)
  })
  return { width, height, data, ...(name !== undefined && { name }) }
}

const mse = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + (x - b[i]) ** 2, 0) / a.length

describe('digits', () => {
  const COUNT = 6
  let model: DdnModel
  let pictures: NamedPicture[]
  let images: Float32Array
  beforeAll(async () => {
    model = await loadModel(new Uint8Array(await readFile(new URL('digits.safetensors', models))), {
      threads: 1,
    })
    const { test } = await loadDigits({ limit: COUNT })
    images = toFloat(test, [...Array(COUNT).keys()])
    pictures = Array.from({ length: COUNT }, (_, i) => ({
      width: 32,
      height: 32,
      data: images.slice(i * 1024, (i + 1) * 1024),
    }))
  })
  afterAll(() => model.close())

  test('take 126 bits each, behind 36 bytes, and come back as the network makes them', async () => {
    const {
      bytes,
      headerBytes,
      bits,
      rawBits,
      codes,
      tiles,
      mse: errors,
    } = await encodeImages(model, pictures)
    const expected = await model.encode(images)
    const rebuilt = await model.decode(expected)
    expect(codes.flatMap(path => [...path])).toEqual([...expected])
    expect(bits).toEqual(new Array(COUNT).fill(126))
    expect([tiles, rawBits, headerBytes]).toEqual([COUNT, 126 * COUNT, 36])
    expect(bytes.length).toBe(36 + Math.ceil((126 * COUNT) / 8))
    const back = await all(decodeImages(model, bytes))
    for (const [i, picture] of back.entries()) {
      expect(picture).toMatchObject({ index: i, width: 32, height: 32 })
      expect(picture.data).toEqual(rebuilt.slice(i * 1024, (i + 1) * 1024))
      expect(errors[i]).toBe(mse(pictures[i].data, picture.data))
    }
  })

  test('come back as the images of the layers that some bits reach', async () => {
    const { bytes, codes } = await encodeImages(model, pictures.slice(0, 2))
    const levels = await model.levels(codes.flatMap(path => [...path]))
    const { layers } = model
    const last = layers.findLastIndex(({ size }) => size === 32)
    const first = layers.findIndex(({ size }) => size === 32)
    for (const layer of new Set([first, last])) {
      // 9 bits a code, and some that do not make the next one.
      const back = await all(decodeImages(model, bytes, { bits: 9 * (layer + 1) + (layer === last ? 0 : 8) }))
      for (const [i, picture] of back.entries())
        expect(mse(picture.data, levels[layer].slice(i * 1024, (i + 1) * 1024))).toBeLessThan(1e-12)
    }
    for (const picture of await all(decodeImages(model, bytes, { bits: 8 })))
      expect(picture.data).toEqual(new Float32Array(1024))
  })

  test('come nearer with a beam, in as many bits', async () => {
    const plain = await encodeImages(model, pictures)
    const searched = await encodeImages(model, pictures, { beam: 4 })
    expect(searched.bits).toEqual(plain.bits)
    for (const [i, error] of searched.mse.entries()) expect(error).toBeLessThanOrEqual(plain.mse[i])
    const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length
    expect(mean(searched.mse)).toBeLessThan(0.97 * mean(plain.mse))
    const [first] = await all(decodeImages(model, searched.bytes, { to: 1 }))
    // Two programs of the same network round otherwise.
    expect(mse(first.data, pictures[0].data)).toBeCloseTo(searched.mse[0], 6)
  })
})

describe('a small network', () => {
  let model: DdnModel
  beforeAll(async () => {
    model = await open(networks['in colour'])
  })
  afterAll(() => model.close())

  const prior = () => ({ prior: drawnPrior([4, 4, 4], 5), fingerprint: new Uint8Array(8) })

  test('takes pictures of any size, and measures them over their own pixels', async () => {
    const pictures = [
      wave(1, 1, 3, 'dot'),
      wave(7, 45, 3, 'pole'),
      wave(100, 33, 3, 'a/b.png'),
      wave(8, 8, 3, 'x'),
    ]
    const encoded = await encodeImages(model, pictures, { prior: prior(), overlap: 2 })
    expect(encoded.codes.map(codes => codes.length / 3)).toEqual([1, 8, 17 * 6, 1])
    expect(encoded.tiles).toBe(112)
    expect(encoded.rawBits).toBe(112 * 6)
    expect(Math.ceil(encoded.bits.reduce((a, b) => a + b) / 8)).toBe(
      encoded.bytes.length - encoded.headerBytes,
    )
    const back = await all(decodeImages(model, encoded.bytes, { prior: prior() }))
    expect(back.map(({ index, name, width, height }) => [index, name, width, height])).toEqual(
      pictures.map(({ name, width, height }, i) => [i, name, width, height]),
    )
    for (const [i, { data }] of back.entries()) {
      expect(encoded.mse[i]).toBe(mse(pictures[i].data, data))
      expect(data.length).toBe(pictures[i].data.length)
    }
  })

  test('takes pictures as they come, block by block, and gives back some of them', async () => {
    async function* stream() {
      for (let i = 0; i < 11; i++) yield { ...wave(8, 8, 3), data: noise(192, i) }
    }
    const done: number[] = []
    const { bytes, codes } = await encodeImages(model, stream(), {
      prior: prior(),
      blockImages: 4,
      onProgress: images => done.push(images),
    })
    expect(done).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    const file = DdnFile.open(bytes)
    expect(file.header.blocks).toHaveLength(3)
    const everything = await all(decodeImages(model, file, { prior: prior() }))
    expect(everything.map(({ data }) => data)).toEqual(
      await Promise.all(codes.map(async path => model.decode(path))),
    )
    const some = await all(decodeImages(model, file, { prior: prior(), from: 3, to: 9 }))
    expect(some).toEqual(everything.slice(3, 9))
  })

  test('leaves out what cannot be read where it is told of it', async () => {
    const pictures = Array.from({ length: 6 }, (_, i) => ({ ...wave(8, 8, 3), data: noise(192, i) }))
    const { bytes, headerBytes } = await encodeImages(model, pictures, { blockImages: 2 })
    const broken = bytes.slice(0, -1)
    broken[headerBytes] ^= 1
    await expect(all(decodeImages(model, broken))).rejects.toThrow('the file is cut short')
    const reasons: string[] = []
    const left = await all(decodeImages(model, broken, { onDamage: ({ reason }) => reasons.push(reason) }))
    expect(left.map(({ index }) => index)).toEqual([2, 3])
    expect(reasons).toEqual(['its CRC-32 does not fit', 'it is cut short, 1 of 2 bytes are there'])
  })

  test('says of another network, prior or picture what is wrong', async () => {
    const { bytes } = await encodeImages(model, [wave(8, 8, 3)])
    const { config, weights } = model
    const other = await DdnModel.open(
      config,
      weights.map((x, i) => (i === 7 ? x + 1 : x)),
      { threads: 1 },
    )
    await expect(all(decodeImages(other, DdnFile.open(bytes, 'x.ddn')))).rejects.toThrow(
      /^x\.ddn: it was encoded with the network [0-9a-f]{16}, and this one is [0-9a-f]{16}; give the one/,
    )
    await expect(all(decodeImages(model, bytes, { prior: prior() }))).rejects.toThrow(
      'the file: it was coded with the prior none, and drawn 0000000000000000 is given; give its own',
    )
    const shallow = { ...prior(), prior: drawnPrior([4, 4], 5) }
    await expect(encodeImages(model, [], { prior: shallow })).rejects.toThrow(
      "the prior drawn is of other layers than the network's",
    )
    await expect(encodeImages(model, [])).rejects.toThrow('there are no pictures to encode')
    await expect(encodeImages(model, [wave(8, 8, 1)])).rejects.toThrow(
      'picture 0: 3×8×8 are 192 values, not 64',
    )
    await expect(encodeImages(model, [wave(2, 2, 3, 'a'), wave(2, 2, 3)])).rejects.toThrow(
      'picture 1 has no name; name all or none',
    )
    await expect(encodeImages(model, [wave(2, 2, 3)], { overlap: 5 })).rejects.toThrow(
      'invalid overlap: 5; give a whole number from 0 to 4',
    )
  })

  test('that is told a condition is refused', async () => {
    const told = await open({ ...grey, condition: { kind: 'class', classes: 2 } })
    const sentence =
      'this network is told class besides its codes, which a .ddn file does not hold; use a network without a condition'
    await expect(encodeImages(told, [wave(8, 8, 1)])).rejects.toThrow(sentence)
    const other = await encodeImages(model, [wave(8, 8, 3)])
    await expect(all(decodeImages(told, other.bytes))).rejects.toThrow(sentence)
  })
})

describe('prefixes of a prior', () => {
  test('that fix other numbers of codes from tile to tile give each as far as it goes', async () => {
    const model = await open(grey)
    const prior = { prior: drawnPrior([4, 4, 4], 9, 2), fingerprint: new Uint8Array(8) }
    const { images } = await model.sample({ count: 40 })
    const pictures = Array.from({ length: 40 }, (_, i) => ({
      width: 8,
      height: 8,
      data: images.slice(64 * i, 64 * i + 64),
    }))
    const { bytes, codes } = await encodeImages(model, pictures, { prior })
    const file = DdnFile.open(bytes)
    const depths = [...file.codes(prior, { bits: 4 })].map(image => image.depths[0])
    expect(new Set(depths)).toEqual(new Set([0, 1, 2, 3]))
    const levels = await model.levels(codes.flatMap(path => [...path]))
    for (const { index, data } of await all(decodeImages(model, file, { prior, bits: 4 }))) {
      const depth = depths[index]
      if (depth === 0) expect(data).toEqual(new Float32Array(64))
      // The second layer's images are as large as the last one's.
      else if (depth > 1)
        expect(mse(data, levels[depth - 1].slice(64 * index, 64 * index + 64))).toBeLessThan(1e-12)
      // The first layer's 2×2, enlarged: its corners reach into the corners.
      else {
        const four = levels[0].slice(4 * index, 4 * index + 4)
        expect([data[0], data[7], data[56], data[63]]).toEqual([...four])
      }
    }
    await model.close()
  })
})
