// What a guide was told, as pictures and words: what is shown must be what the guide knows.

import { expect, test } from 'vitest'
import { steepness } from '../../src/ddn/condition.ts'
import { constant } from '../../src/graph/index.ts'
import { guideFromSpec } from '../../src/guides/from-spec.ts'
import type { BlackBoxGuide, LinearGuide } from '../../src/guides/guide.ts'
import { namedMask } from '../../src/guides/masks.ts'
import { measure } from '../../src/guides/measure.ts'
import { luminanceOf } from '../../src/guides/pictures.ts'
import { edgePictures, enlarged, shownBy, shownOf } from '../../src/guides/shown.ts'
import { type GuideSpecInput, parseGuideSpec } from '../../src/guides/spec.ts'
import { compile } from '../../src/runtime/index.ts'
import { filesOf, halves, spec as judge, model } from './judge-models.ts'
import { noise } from './network.ts'

const shape = { channels: 3, size: 8 }
const area = 64
const images = noise(2 * 3 * area)
const readFile = filesOf({ 'classes.json': judge(), 'halves.onnx': model(halves, ['N', 1, 4, 4]) })

async function shown(input: GuideSpecInput, pictures = { images, ...shape }) {
  const runtime = { threads: 1 }
  const guide = await guideFromSpec(input, { ...shape, count: 2, images: pictures, readFile, runtime })
  const [spec] = parseGuideSpec(input).guides
  try {
    return shownOf(spec, guide as LinearGuide | BlackBoxGuide, pictures, shape)
  } finally {
    if (guide.kind === 'black-box') await guide.close?.()
  }
}

/** Value of image n, channel c, row y, column x. */
const at = (values: Float32Array, n: number, c: number, y: number, x: number) =>
  values[((n * 3 + c) * 8 + y) * 8 + x]

function everywhere(check: (n: number, c: number, y: number, x: number) => void) {
  for (let n = 0; n < 2; n++)
    for (let c = 0; c < 3; c++) for (let y = 0; y < 8; y++) for (let x = 0; x < 8; x++) check(n, c, y, x)
}

test('a picture with a hole is grey where it is hidden', async () => {
  const { name, pictures, words } = await shown({ guide: 'inpaint', mask: 'left' })
  expect([name, words]).toEqual(['inpaint', null])
  everywhere((n, c, y, x) => {
    expect(at(pictures!, n, c, y, x)).toBe(x < 4 ? 0 : at(images, n, c, y, x))
  })
})

test('means are rectangles, also where their size is no part of the image', async () => {
  for (const [factor, side] of [
    [2, 4],
    [3, 3],
  ]) {
    const { pictures } = await shown({ guide: 'super-resolve', factor })
    // In parts of pixels so small that means and pixels are whole numbers of them.
    const cell = (i: number) => Math.floor((i * side) / 8)
    const mean = (n: number, c: number, row: number, column: number) => {
      let sum = 0
      for (let v = 0; v < 8; v++)
        for (let u = 0; u < 8; u++)
          sum += at(images, n, c, Math.floor((row * 8 + v) / side), Math.floor((column * 8 + u) / side))
      return sum / 64
    }
    everywhere((n, c, y, x) => {
      expect(at(pictures!, n, c, y, x)).toBeCloseTo(mean(n, c, cell(y), cell(x)), 5)
    })
  }
})

test('a luminance is the same in every channel', async () => {
  const { pictures } = await shown({ guide: 'colourise' })
  const greys = [0, 1].map(n => luminanceOf(images.subarray(n * 3 * area, (n + 1) * 3 * area)))
  everywhere((n, c, y, x) => {
    expect(at(pictures!, n, c, y, x)).toBeCloseTo(greys[n][y * 8 + x], 6)
  })
})

test("edges are as the network's own operator finds them", async () => {
  for (const channels of [1, 3]) {
    const all = images.subarray(0, 2 * channels * area)
    const grey = Float32Array.from({ length: 2 * area }, (_, i) => {
      const image = all.subarray(Math.floor(i / area) * channels * area)
      return channels === 1 ? image[i % area] : luminanceOf(image.subarray(0, 3 * area))[i % area]
    })
    const step = await compile(
      { outputs: { steep: steepness(constant(grey, [2, 1, 8, 8])) } },
      { threads: 1 },
    )
    const { steep } = await step.run({})
    await step.close()
    const edges = edgePictures(all, { channels, size: 8 })
    for (let i = 0; i < edges.length; i++) {
      const n = Math.floor(i / (channels * area))
      const value = Math.min(1, steep[n * area + (i % area)] as number)
      expect(edges[i]).toBeCloseTo(2 * value - 1, 5)
    }
  }
})

test('a picture of another size is shown in that of the network', async () => {
  const one = { images: noise(3 * 16 * 16), channels: 3, size: 16 }
  const { pictures } = await shown({ guide: 'reconstruct', norm: 'l1' }, one)
  expect(pictures).toHaveLength(3 * area)
  const corner = [0, 1, 16, 17].map(i => one.images[i]).reduce((a, b) => a + b) / 4
  expect(pictures![0]).toBeCloseTo(corner, 6)
})

test('a class and a text are words, and certainty is nothing', async () => {
  const classes = { guide: 'class', judge: 'classes.json' } as const
  expect(await shown({ ...classes, label: 1 })).toEqual({ name: 'class', pictures: null, words: ['1'] })
  expect((await shown({ ...classes, label: ['right', 0] })).words).toEqual(['right', '0'])
  expect(await shown({ ...classes, certain: true })).toMatchObject({ pictures: null, words: null })
})

test('after a matrix there is no picture', () => {
  const matrix = { map: 'matrix' as const, rows: 2, matrix: noise(2 * 3 * area) }
  expect(shownBy(measure([matrix], noise(2)), shape)).toBeNull()
})

test('thin paint is between its colour and grey', () => {
  const weights = namedMask('right', 8).map(hidden => hidden / 2)
  const shown = shownBy(measure([{ map: 'mask', weights }], new Float32Array(3 * area).fill(0.5)), shape)!
  expect(at(shown, 0, 1, 2, 1)).toBe(0)
  expect(at(shown, 0, 1, 2, 5)).toBe(0.5)
})

test('a pixel becomes a rectangle, and one channel all', () => {
  const large = enlarged(Float32Array.of(1, 2, 3, 4), 1, 2, { channels: 3, size: 4 })
  const plane = [1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]
  expect(Array.from(large)).toEqual([...plane, ...plane, ...plane])
})
