/** The contact sheet against the plainest possible formula, pixel by pixel. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toFloat } from '../../src/data/dataset.ts'
import { type GridOptions, grid, toByte } from '../../src/report/grid.ts'

/** What the picture shows at (x, y), channel c: worked out backwards, from the picture to the image. */
function naive(
  images: Float32Array,
  options: Required<GridOptions>,
  x: number,
  y: number,
  c: number,
): number {
  const { count, channels, size, columns, scale, gap, background } = options
  const pitch = size * scale + gap
  const [column, u] = [Math.floor((x - gap) / pitch), (x - gap) % pitch]
  const [row, v] = [Math.floor((y - gap) / pitch), (y - gap) % pitch]
  const n = row * columns + column
  if (x < gap || y < gap || u >= size * scale || v >= size * scale || n >= count)
    return typeof background === 'number' ? background : background[c]
  const channel = channels === 1 ? 0 : c
  const at = ((n * channels + channel) * size + Math.floor(v / scale)) * size + Math.floor(u / scale)
  return Math.round(Math.max(0, Math.min(255, images[at] * 127.5 + 127.5)))
}

const options: fc.Arbitrary<Required<GridOptions>> = fc.record({
  count: fc.integer({ min: 1, max: 7 }),
  channels: fc.constantFrom(1, 3),
  size: fc.integer({ min: 1, max: 5 }),
  columns: fc.integer({ min: 1, max: 8 }),
  scale: fc.integer({ min: 1, max: 4 }),
  gap: fc.integer({ min: 0, max: 3 }),
  background: fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constant([10, 20, 30] as const)),
})

test('every pixel of the picture is the one that the layout says', () => {
  fc.assert(
    fc.property(
      options,
      fc.infiniteStream(fc.float({ min: Math.fround(-1.5), max: 1.5, noNaN: true })),
      (given, values) => {
        const length = given.count * given.channels * given.size ** 2
        const images = Float32Array.from([...values.take(length)])
        const picture = grid(images, given)
        expect(picture.width).toBe(given.columns * (given.size * given.scale + given.gap) + given.gap)
        expect(picture.data.length).toBe(picture.width * picture.height * picture.channels)
        for (let i = 0; i < picture.data.length; i++) {
          const at = Math.floor(i / picture.channels)
          const wanted = naive(
            images,
            given,
            at % picture.width,
            Math.floor(at / picture.width),
            i % picture.channels,
          )
          // (x + 1)·127.5 and 127.5·x + 127.5 may round a tie to either side.
          if (!(Math.abs(picture.data[i] - wanted) <= 1))
            throw new Error(`byte ${i}: ${picture.data[i]}, not ${wanted}`)
        }
      },
    ),
    { numRuns: 100, seed: 1 },
  )
})

test('bytes of a dataset come back as they were', () => {
  const pixels = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  const images = toFloat({ count: 1, channels: 1, size: 16, pixels }, [0])
  expect(grid(images, { count: 1, channels: 1, size: 16, gap: 0 }).data).toEqual(pixels)
})

test('a coloured background makes grey images RGB', () => {
  const picture = grid(new Float32Array([1]), {
    count: 1,
    channels: 1,
    size: 1,
    gap: 1,
    background: [1, 2, 3],
  })
  expect(picture.channels).toBe(3)
  expect([...picture.data.slice(0, 3)]).toEqual([1, 2, 3])
  expect([...picture.data.slice(12, 15)]).toEqual([255, 255, 255])
})

test('without columns the grid is as square as can be', () => {
  const { width, height } = grid(new Float32Array(10), { count: 10, channels: 1, size: 1, gap: 0 })
  expect([width, height]).toEqual([4, 3])
})

test('values out of range are cut off, and no number is black', () => {
  expect([-2, -1, 0, 1, 2, Number.NaN].map(toByte)).toEqual([0, 0, 128, 255, 255, 0])
})

test('what does not fit is named', () => {
  const one = { count: 1, channels: 1, size: 2 } as const
  expect(() => grid(new Float32Array(3), one)).toThrow('1 images of 1×2×2 are 4 values, not 3')
  expect(() => grid(new Float32Array(4), { ...one, scale: 1.5 })).toThrow('invalid scale: 1.5')
  expect(() => grid(new Float32Array(4), { ...one, gap: -1 })).toThrow('invalid gap: -1')
  expect(() => grid(new Float32Array(0), { ...one, count: 0 })).toThrow('invalid count: 0')
})
