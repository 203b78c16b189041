/** Variations and ways in a report: which paths are shown, and that they are shown as the network draws them. */

import { decode } from 'fast-png'
import { parseHTML } from 'linkedom'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { interpolate } from '../../src/codes/variations.ts'
import { random } from '../../src/data/rng.ts'
import { ddnSchema } from '../../src/ddn/config.ts'
import { DdnModel } from '../../src/ddn/model.ts'
import { layoutOf } from '../../src/ddn/program.ts'
import type { DdnContents, Thumbnail } from '../../src/report/contents.ts'
import { toByte } from '../../src/report/grid.ts'
import { interpolated, stepsToShow, varied } from '../../src/report/variations.ts'
import { interpolationsSection, variationsSection } from '../../src/report/variations-section.ts'

const config = ddnSchema.parse({ size: 8, stages: [{ grid: 4, patch: 2, layers: 3, width: 8, K: 6 }] })
let model: DdnModel
beforeAll(async () => {
  model = await DdnModel.open(config, layoutOf(config).initialise(random(1, 'weights')), { threads: 1 })
})
afterAll(() => model.close())

const bytesOf = ({ source }: Thumbnail) =>
  Array.from(decode(Buffer.from(source.split(',')[1], 'base64')).data)
const drawn = async (...paths: number[][]) => {
  const images = await model.decode(Int32Array.from(paths.flat()))
  return paths.map((_, i) => Array.from(images.subarray(i * 64, (i + 1) * 64), toByte))
}

describe('steps on the way', () => {
  test('are all of few, else nine with both ends, closest where the coarse codes change', () => {
    expect(stepsToShow(3, 'coarse')).toEqual([0, 1, 2, 3])
    expect(stepsToShow(0, 'fine')).toEqual([0])
    for (const last of [9, 14, 64, 127]) {
      const coarse = stepsToShow(last, 'coarse')
      expect(coarse).toHaveLength(9)
      expect([coarse[0], coarse[8]]).toEqual([0, last])
      expect(coarse).toEqual([...new Set(coarse)].sort((a, b) => a - b))
      expect(coarse[1] - coarse[0]).toBeLessThanOrEqual(coarse[8] - coarse[7])
      expect(stepsToShow(last, 'fine')).toEqual(coarse.map(step => last - step).reverse())
    }
  })
})

describe('ways between images', () => {
  // The first image and the last; the third code is the same.
  const codes = Int32Array.from([0, 1, 2, 3, 3, 3, 5, 4, 2])

  test('lead from one to the other in both orders', async () => {
    const ways = (await interpolated(model, codes, ['a', 'b', 'c']))!
    expect(ways.map(({ order, images }) => [order, images.length])).toEqual([
      ['coarse', 3],
      ['fine', 3],
    ])
    for (const { order, images } of ways) {
      const paths = interpolate([0, 1, 2], [5, 4, 2], order)
      const truth = await drawn(...[0, 1, 2].map(m => Array.from(paths.subarray(3 * m, 3 * m + 3))))
      expect(images.map(bytesOf)).toEqual(truth)
    }
    expect(ways[1].images[1].label).toBe('a with 1 of the codes of c, the last ones')
  })

  test('are between two pairs where there are six images, and none where there is one', async () => {
    const six = Int32Array.from({ length: 18 }, (_, i) => i % 6)
    expect(await interpolated(model, six, [...'abcdef'])).toHaveLength(4)
    expect(await interpolated(model, six.subarray(0, 3), ['a'])).toBeUndefined()
  })

  test('are a section with a row each', async () => {
    const interpolations = await interpolated(model, codes, ['<a>', 'b', 'c'])
    const { document } = parseHTML(`${interpolationsSection({ interpolations } as DdnContents, 8)}`)
    expect(document.querySelectorAll('tbody tr')).toHaveLength(2)
    expect(document.querySelectorAll('tbody img')).toHaveLength(6)
    expect(document.querySelector('img')!.getAttribute('title')).toContain('<a>')
    expect(interpolationsSection({} as DdnContents, 8)).toBeNull()
  })
})

describe('variations', () => {
  test('keep ever more of the first codes', async () => {
    const codes = Int32Array.of(1, 2, 3)
    const { rows } = (await varied(model, codes, 0, {}))!
    expect(rows.map(({ layers, images }) => [layers, images.length])).toEqual([
      [1, 7],
      [2, 7],
    ])
    expect(rows.map(row => row.bits)).toEqual([Math.log2(6), 2 * Math.log2(6)])
    // What two kept codes leave open are the six of the last layer.
    const six = await drawn(...[0, 1, 2, 3, 4, 5].map(code => [1, 2, code]))
    for (const image of rows[1].images) expect(six).toContainEqual(bytesOf(image))
    const levels = await model.levels(codes)
    expect(bytesOf(rows[0].kept)).toEqual(Array.from(levels[0], toByte))
  })

  test('are a section, or none where one layer leaves nothing to keep', async () => {
    const one = ddnSchema.parse({ size: 8, stages: [{ grid: 4, patch: 2, layers: 1, width: 8, K: 6 }] })
    const other = await DdnModel.open(one, layoutOf(one).initialise(random(1, 'weights')), { threads: 1 })
    expect(await varied(other, Int32Array.of(1), 0, {})).toBeUndefined()
    await other.close()
    const contents = { variations: await varied(model, Int32Array.of(1, 2, 3), 0, {}), layers: [{}, {}, {}] }
    const { document } = parseHTML(`${variationsSection(contents as DdnContents, 8)}`)
    expect(document.querySelectorAll('tbody img')).toHaveLength(16)
  })
})
