/** IDX and CIFAR-10: the parsers on any bytes, the loaders on files as users have them. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseCifar10 } from '../src/data/cifar10.ts'
import { idxImages, parseIdx } from '../src/data/idx.ts'
import { loadDataset } from '../src/data/load.ts'

let base: string
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'coppice-idx-'))
})
afterAll(() => rm(base, { recursive: true, force: true }))

/** A new folder of files. */
async function folderOf(files: Record<string, Uint8Array>): Promise<string> {
  const folder = await mkdtemp(join(base, 'f'))
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes)
  return folder
}

/** Writes IDX by the letter of its description: the oracle of the reader. */
function idxFile(shape: number[], data: Uint8Array, type = 8): Uint8Array {
  const bytes = [0, 0, type, shape.length]
  for (const side of shape) for (const shift of [24, 16, 8, 0]) bytes.push((side >>> shift) & 255)
  return Uint8Array.of(...bytes, ...data)
}

/** `count` images of rows x cols: image i is all i + 1, with label i % 10. */
const images = (count: number, rows = 28, cols = rows) =>
  idxFile(
    [count, rows, cols],
    Uint8Array.from({ length: count * rows * cols }, (_, i) => 1 + Math.floor(i / (rows * cols))),
  )
const labels = (count: number) =>
  idxFile(
    [count],
    Uint8Array.from({ length: count }, (_, i) => i % 10),
  )

const arrays = fc.array(fc.nat(5), { minLength: 1, maxLength: 4 }).chain(shape => {
  const length = shape.reduce((product, side) => product * side, 1)
  return fc.record({
    shape: fc.constant(shape),
    data: fc.uint8Array({ minLength: length, maxLength: length }),
  })
})

test('IDX: what was written is read back', () => {
  fc.assert(
    fc.property(arrays, ({ shape, data }) => {
      const read = parseIdx(idxFile(shape, data))
      expect(read.shape).toEqual(shape)
      expect([...read.data]).toEqual([...data])
    }),
  )
})

test('IDX: a file that ends anywhere too early, or goes on, is a clear error that names it', () => {
  fc.assert(
    fc.property(arrays, fc.nat(), ({ shape, data }, cut) => {
      const bytes = idxFile(shape, data)
      const short = bytes.subarray(0, cut % bytes.length)
      expect(() => parseIdx(short, 'my.idx')).toThrow(/^my\.idx: .*(truncated|too few).*/)
      expect(() => parseIdx(Uint8Array.of(...bytes, 0), 'my.idx')).toThrow('longer than its header says')
    }),
  )
})

test('IDX: any bytes either parse or are an Error that names the file', () => {
  const header = fc.uint8Array({ maxLength: 24 }).map(bytes => Uint8Array.of(0, 0, 8, ...bytes))
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 40 }), header), bytes => {
      try {
        idxImages(bytes, bytes, { size: 8, channels: 1, imagesFile: 'any.idx', labelsFile: 'any.idx' })
      } catch (error) {
        expect((error as Error).message).toMatch(/^any\.idx: /)
      }
    }),
    { numRuns: 500 },
  )
})

test('IDX: a header that claims 2^96 bytes is refused without allocating them', () => {
  const huge = idxFile([0xffffffff, 0xffffffff, 0xffffffff], Uint8Array.of(1))
  expect(() => parseIdx(huge, 'huge')).toThrow(/huge: is truncated, expected 4294967295 × .* found 1$/)
  const empty = idxFile([0xffffffff, 0, 28], new Uint8Array(0))
  expect(() => idxImages(empty, undefined, { size: 32, channels: 1 })).toThrow('images of 0 × 28')
})

test('IDX: wrong magic numbers are told apart', () => {
  const data = Uint8Array.of(1)
  expect(() => parseIdx(idxFile([1], data, 13), 'f')).toThrow('f: holds float32 (magic number 0x00000d01)')
  expect(() => parseIdx(Uint8Array.of(1, 2, 3, 4, 5), 'f')).toThrow(
    'wrong magic number 0x01020304, expected 0x00000803',
  )
  expect(() => parseIdx(gzipSync(images(1)), 'f')).toThrow('f: is compressed by gzip')
  expect(() => idxImages(labels(3), undefined, { size: 32, channels: 1 })).toThrow('images: has 1 dimensions')
  expect(() => idxImages(images(2), images(2), { size: 32, channels: 1 })).toThrow('labels: has 3 dimensions')
  expect(() => idxImages(images(2), labels(3), { size: 32, channels: 1 })).toThrow(
    '3 labels, but images has 2',
  )
})

test('IDX: 28 x 28 is padded to 32, untouched at 28, and at 16 the mean of the padded picture', () => {
  const at = (size: number) => idxImages(images(1), undefined, { size, channels: 1 }).pixels
  const margin = (i: number) => Math.min(i % 32, i >> 5, 31 - (i % 32), 31 - (i >> 5)) < 2
  expect(at(32)).toEqual(Uint8Array.from({ length: 1024 }, (_, i) => (margin(i) ? 0 : 1)))
  expect(at(28)).toEqual(new Uint8Array(784).fill(1))
  expect(at(16).reduce((sum, value) => sum + value)).toBe(14 * 14)
})

test('idx: a folder named as MNIST names it has its own split and labels, plain or gzip, with - or .', async () => {
  for (const [dot, gz] of [
    ['-', ''],
    ['.', ''],
    ['-', '.gz'],
    ['.', '.gz'],
  ]) {
    const pack = (bytes: Uint8Array) => (gz ? gzipSync(bytes) : bytes)
    const folder = await folderOf({
      [`train-images${dot}idx3-ubyte${gz}`]: pack(images(12)),
      [`train-labels${dot}idx1-ubyte${gz}`]: pack(labels(12)),
      [`t10k-images${dot}idx3-ubyte${gz}`]: pack(images(3)),
      [`t10k-labels${dot}idx1-ubyte${gz}`]: pack(labels(3)),
    })
    const data = await loadDataset(`idx:${folder}`)
    expect([data.train.count, data.test.count, data.channels, data.size]).toEqual([12, 3, 1, 32])
    expect(data.train.labels).toEqual(Int32Array.from({ length: 12 }, (_, i) => i % 10))
    expect(data.classes).toEqual([...'0123456789'])
    expect(data.train.pixels[11 * 1024 + 16 * 32 + 16]).toBe(12)
  }
})

test('idx: a single file is split by index, always the same way, without labels where there are none', async () => {
  const folder = await folderOf({ 'my-images-idx3-ubyte': images(100, 8) })
  const data = await loadDataset(`idx:${join(folder, 'my-images-idx3-ubyte')}`, { size: 8 })
  expect(data.train.count + data.test.count).toBe(100)
  expect(data.test.count).toBeGreaterThan(0)
  expect([data.classes, data.train.labels]).toEqual([undefined, undefined])
  const again = await loadDataset(`idx:${folder}`, { size: 8, limit: 2 })
  expect([again.train.count, again.test.count]).toEqual([2, 2])
  expect(data.test.pixels.subarray(0, 64)).toEqual(again.test.pixels.subarray(0, 64))
})

test('idx: labels of one side only leave -1 on the other', async () => {
  const folder = await folderOf({
    'train-images-idx3-ubyte': images(4),
    'train-labels-idx1-ubyte': labels(4),
    't10k-images-idx3-ubyte': images(2),
  })
  const { test: side, classes } = await loadDataset(`idx:${folder}`)
  expect(side.labels).toEqual(Int32Array.of(-1, -1))
  expect(classes).toEqual(['0', '1', '2', '3'])
})

test('idx: errors name the folder or file and what was looked for', async () => {
  const empty = await folderOf({})
  await expect(loadDataset(`idx:${empty}`)).rejects.toThrow(
    `no IDX images in ${empty}: looked for train-images`,
  )
  await expect(loadDataset(`idx:${empty}/x`)).rejects.toThrow(`no IDX file or folder at ${empty}/x`)
  const cut = await folderOf({
    'a-images-idx3-ubyte': images(2).subarray(0, 99),
    'b-images-idx3-ubyte.gz': Uint8Array.of(31, 139, 8),
  })
  await expect(loadDataset(`idx:${cut}`)).rejects.toThrow('holds 2 images files')
  await expect(loadDataset(`idx:${cut}/a-images-idx3-ubyte`)).rejects.toThrow(
    'expected 2 × 28 × 28 = 1568 bytes of data, found 83',
  )
  await expect(loadDataset(`idx:${cut}/b-images-idx3-ubyte.gz`)).rejects.toThrow('cannot be unpacked as gzip')
})

/** `count` CIFAR-10 records: label i % 10, planes filled with 10, 20 and 30 plus i. */
const cifar = (count: number) =>
  Uint8Array.from({ length: count * 3073 }, (_, at) => {
    const [i, byte] = [Math.floor(at / 3073), at % 3073]
    return byte === 0 ? i % 10 : 10 * (1 + Math.floor((byte - 1) / 1024)) + i
  })
const batches = (count: number) =>
  Object.fromEntries([1, 2, 3, 4, 5].map(number => [`data_batch_${number}.bin`, cifar(count)]))

test('CIFAR-10: records are label, then planes of red, green and blue', () => {
  const { count, labels, pixels } = parseCifar10([{ file: 'b', bytes: cifar(2) }])
  expect([count, ...labels]).toEqual([2, 0, 1])
  expect([0, 1023, 1024, 2048, 3072, 5120].map(at => pixels[at])).toEqual([10, 10, 20, 30, 11, 31])
})

test('CIFAR-10: cut, empty or mislabelled files are named', () => {
  const parse = (bytes: Uint8Array) => parseCifar10([{ file: 'b.bin', bytes }])
  expect(() => parse(cifar(2).subarray(0, 4000))).toThrow(
    'b.bin: 4000 bytes are no whole number of 3073-byte',
  )
  expect(() => parse(new Uint8Array(0))).toThrow('(it is empty)')
  expect(() => parse(new Uint8Array(3073).fill(11))).toThrow('b.bin: label 11 in record 0')
})

test('cifar10: a folder, or the one above it, loads with its names and split; grey is luminance', async () => {
  const names = [...'abcdefghij']
  const files = { ...batches(3), 'test_batch.bin': cifar(2) }
  const folder = await folderOf(files)
  const data = await loadDataset(`cifar10:${folder}`)
  expect([data.train.count, data.test.count, data.size, data.channels]).toEqual([15, 2, 32, 3])
  expect(data.train.labels!.slice(0, 4)).toEqual(Int32Array.of(0, 1, 2, 0))
  expect(data.classes![9]).toBe('truck')
  await writeFile(join(folder, 'batches.meta.txt'), `${names.join('\r\n')}\n\n`)
  const grey = await loadDataset(`cifar10:${folder}`, { channels: 1, size: 16, limit: 1 })
  expect([grey.train.count, grey.classes]).toEqual([1, names])
  expect(grey.train.pixels).toEqual(
    new Uint8Array(256).fill(Math.round(0.299 * 10 + 0.587 * 20 + 0.114 * 30)),
  )
})

test('cifar10: what is missing is listed', async () => {
  const folder = await folderOf({ 'data_batch_1.bin': cifar(1), 'test_batch.bin': cifar(1) })
  const missing = [2, 3, 4, 5].map(number => `data_batch_${number}.bin`).join(', ')
  await expect(loadDataset(`cifar10:${folder}`)).rejects.toThrow(`missing ${missing}`)
  await expect(loadDataset('cifar10:/no/such')).rejects.toThrow('no CIFAR-10 folder at /no/such')
})
