/** A sheet holds the very images that the loader gave. */

import { encode } from 'fast-png'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Images, subset } from '../../src/data/dataset.ts'
import { loadDigits } from '../../src/data/digits.ts'
import { loadEmoji } from '../../src/data/emoji.ts'
import { encodePng } from '../../src/report/png.ts'
import { readSheet, writeSheet } from '../../src/studio/sheet.ts'

/** As many as do not fill the last row. */
const [TRAIN, TEST] = [230, 45]

let sheet: Uint8Array
beforeAll(async () => {
  const plain = await loadDigits({ size: 28, limit: TRAIN })
  const { test } = await loadDigits({ size: 28, limit: TEST })
  sheet = writeSheet({ ...plain, test }, 32)
})

const sides = ['train', 'test'] as const

function expectSame(found: Images, wanted: Images) {
  expect({ ...found, pixels: null }).toEqual({ ...wanted, pixels: null })
  expect(Buffer.compare(found.pixels, wanted.pixels)).toBe(0)
}

test('of digits: what the loader gives, padded to 32 × 32', async () => {
  const wanted = {
    ...(await loadDigits({ limit: TRAIN })),
    test: (await loadDigits({ limit: TEST })).test,
  }
  const found = readSheet(sheet)
  expect({ ...found, train: null, test: null }).toEqual({ ...wanted, train: null, test: null })
  for (const side of sides) expectSame(found[side], wanted[side])
})

test('of emoji: colours, names and categories, and none to train on', async () => {
  const { train, test, ...rest } = await loadEmoji({ limit: 120 })
  const found = readSheet(writeSheet({ ...rest, train: subset(train, []), test }, 32))
  expect({ ...found, train: null, test: null }).toEqual({ ...rest, train: null, test: null })
  expect(found.train.count).toBe(0)
  const { texts: _, ...wanted } = test
  expectSame(found.test, wanted)
})

test('of fewer images than a row has is as wide as they are', () => {
  const side = (value: number): Images => ({
    count: 1,
    channels: 1,
    size: 28,
    pixels: new Uint8Array(784).fill(value),
    labels: Int32Array.of(value % 2),
  })
  const { train, test } = readSheet(
    writeSheet({ name: 'two', train: side(3), test: side(8), classes: ['even', 'odd'] }, 32),
  )
  expect([train.labels, test.labels]).toEqual([Int32Array.of(1), Int32Array.of(0)])
  // In the middle of 32 × 32, with two zeros around.
  const at = (images: Images, y: number, x: number) => images.pixels[y * 32 + x]
  expect([at(train, 2, 2), at(train, 29, 29), at(test, 16, 16)]).toEqual([3, 3, 8])
  expect([at(train, 1, 16), at(train, 16, 30), at(test, 0, 0)]).toEqual([0, 0, 0])
})

describe('what is no such sheet is said', () => {
  const grey = (width: number, height: number) =>
    ({ width, height, channels: 1, data: new Uint8Array(width * height) }) as const
  const layout = {
    ...{ data: 'digits', size: 28, canvas: 32, columns: 2, train: 1, test: 1 },
    ...{ classes: ['0', '1'], labels: [1, 0], names: [] },
  }

  test('bytes that are no PNG file, or one without the text', () => {
    for (const bytes of [new Uint8Array(9), encode(grey(8, 8)), sheet.subarray(0, 1000)])
      expect(() => readSheet(bytes)).toThrow(/^this is not a sheet of images/)
  })

  test('a text that does not fit', () => {
    for (const wrong of [
      { labels: [1] },
      { labels: [1, 2] },
      { labels: ['a', 'b'] },
      { names: ['one'] },
      { test: 0 },
      { canvas: 20 },
      { columns: 1e9 },
      { size: undefined },
    ]) {
      const images = JSON.stringify({ ...layout, ...wrong })
      expect(() => readSheet(encodePng(grey(56, 28), { images }))).toThrow(/does not say what is on it$/)
    }
  })

  test('a picture of another size than its text says', () => {
    const file = encodePng(grey(55, 28), { images: JSON.stringify(layout) })
    expect(() => readSheet(file)).toThrow(/is 55 × 28 .*; it says of itself 56 × 28, grey or RGB, 8 bits$/)
  })
})
