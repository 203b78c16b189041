/** The sheet of digits holds the very images that the loader gives. */

import { encode } from 'fast-png'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Dataset, Images } from '../../src/data/dataset.ts'
import { loadDigits } from '../../src/data/digits.ts'
import { encodePng } from '../../src/report/png.ts'
import { readDigitsSheet, writeDigitsSheet } from '../../src/studio/digits-sheet.ts'

/** As many as do not fill the last row. */
const [TRAIN, TEST] = [230, 45]

let wanted: Dataset
let sheet: Uint8Array
beforeAll(async () => {
  const [plain, few] = [
    await loadDigits({ size: 28, limit: TRAIN }),
    await loadDigits({ size: 28, limit: TEST }),
  ]
  sheet = writeDigitsSheet(plain.train, few.test)
  const { train, ...rest } = await loadDigits({ limit: TRAIN })
  wanted = { ...rest, train, test: (await loadDigits({ limit: TEST })).test }
})

test('what is read is what the loader of digits gives, padded to 32 × 32', () => {
  const found = readDigitsSheet(sheet)
  expect({ ...found, train: null, test: null }).toEqual({ ...wanted, train: null, test: null })
  for (const side of ['train', 'test'] as const) {
    expect({ ...found[side], pixels: null }).toEqual({ ...wanted[side], pixels: null })
    expect(Buffer.compare(found[side].pixels, wanted[side].pixels)).toBe(0)
  }
})

test('a sheet of fewer images than a row has is as wide as they are', () => {
  const side = (value: number): Images => ({
    count: 1,
    channels: 1,
    size: 28,
    pixels: new Uint8Array(784).fill(value),
    labels: Int32Array.of(value),
  })
  const { train, test } = readDigitsSheet(writeDigitsSheet(side(3), side(7)))
  expect([train.labels, test.labels]).toEqual([Int32Array.of(3), Int32Array.of(7)])
  // In the middle of 32 × 32, with two zeros around.
  const at = (images: Images, y: number, x: number) => images.pixels[y * 32 + x]
  expect([at(train, 2, 2), at(train, 29, 29), at(test, 16, 16)]).toEqual([3, 3, 7])
  expect([at(train, 1, 16), at(train, 16, 30), at(test, 0, 0)]).toEqual([0, 0, 0])
})

describe('what is no such sheet is said', () => {
  const grey = (width: number, height: number) =>
    ({ width, height, channels: 1, data: new Uint8Array(width * height) }) as const
  const layout = { size: 28, columns: 2, train: 1, test: 1, labels: '12' }

  test('bytes that are no PNG file, or one without the text', () => {
    for (const bytes of [new Uint8Array(9), encode(grey(8, 8)), sheet.subarray(0, 1000)])
      expect(() => readDigitsSheet(bytes)).toThrow(/^this is not a sheet of digits/)
  })

  test('a text that does not fit', () => {
    for (const wrong of [
      { labels: '123' },
      { labels: 'ab' },
      { train: 0 },
      { columns: 1e9 },
      { size: undefined },
    ]) {
      const digits = JSON.stringify({ ...layout, ...wrong })
      expect(() => readDigitsSheet(encodePng(grey(56, 28), { digits }))).toThrow(
        /does not say how it is laid out$/,
      )
    }
  })

  test('a picture of another size than its text says', () => {
    const file = encodePng(grey(55, 28), { digits: JSON.stringify(layout) })
    expect(() => readDigitsSheet(file)).toThrow(/is 55 × 28 .*; it says of itself 56 × 28, grey, 8 bits$/)
  })
})
