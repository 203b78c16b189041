/** Nodes painted: against the network's own levels; the images nearest to them: against looking at all of them. */

import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CodeTree } from '../../src/codes/tree.ts'
import type { Images } from '../../src/data/dataset.ts'
import { random } from '../../src/data/rng.ts'
import { type DdnConfig, ddnSchema } from '../../src/ddn/config.ts'
import { DdnModel } from '../../src/ddn/model.ts'
import { layoutOf } from '../../src/ddn/program.ts'
import { passing } from '../../src/report/tree-contents.ts'
import { NodePainter } from '../../src/report/tree-images.ts'
import { layoutTree, type TreeLayoutOptions } from '../../src/report/tree-layout.ts'
import { nearestImages, sharesOf } from '../../src/report/tree-nearest.ts'

const runtime = { threads: 1 }
const config: DdnConfig = ddnSchema.parse({
  size: 8,
  channels: 3,
  stages: [
    { grid: 2, layers: 1, width: 8, K: 4 },
    { grid: 4, layers: 1, width: 8, K: 6 },
    { grid: 8, layers: 1, width: 8, K: 4 },
  ],
})
const K = [4, 6, 4]
const sizes = [2, 4, 8]
const weights = layoutOf(config).initialise(random(4, 'weights'))
// 40 paths, some of them more than once.
const rng = random(2, 'paths')
const codes = Int32Array.from({ length: 120 }, (_, i) => rng.int(K[i % 3] - 1))
const tree = new CodeTree(K, codes)

let model: DdnModel
let painter: NodePainter
beforeAll(async () => {
  model = await DdnModel.open(config, weights, runtime)
  painter = await NodePainter.open(config, 3, runtime)
})
afterAll(async () => {
  await model.close()
  await painter.close()
})

const layoutFor = (options: Partial<TreeLayoutOptions>) => layoutTree({ K, sizes, depth: 3, ...options })

/** The same network in another program: equal but for the order of sums, about 1e-7 of values about 1. */
function expectClose(a: ArrayLike<number>, b: ArrayLike<number>) {
  expect(a.length).toBe(b.length)
  for (let i = 0; i < a.length; i++) expect(Math.abs(a[i] - b[i])).toBeLessThan(1e-5)
}

describe('the images of nodes', () => {
  test('are those of the layers that their paths end at, for any codes that follow', async () => {
    const { layout, levels } = await painter.paint(layoutFor({ children: [3, 4] }), weights)
    expect(levels.map(({ count, size }) => [count, size])).toEqual([
      [1, 2],
      [3, 2],
      [12, 4],
      [48, 8],
    ])
    const ends = layout.nodes.map(({ path }) => [...path, 3, 2, 1].slice(0, 3))
    const truth = await model.levels(Int32Array.from(ends.flat()))
    layout.nodes.forEach(({ path, level }, i) => {
      if (level === 0) return
      const length = 3 * sizes[path.length - 1] ** 2
      const at = i - layout.levels[level].from
      expectClose(
        levels[level].data.subarray(at * length, (at + 1) * length),
        truth[path.length - 1].subarray(i * length, (i + 1) * length),
      )
    })
  })

  test('begin with the mean of all children of the root, as often as they are used', async () => {
    const all = await model.levels(Int32Array.from([0, 1, 2, 3].flatMap(code => [code, 0, 0])))
    const mean = (shares: number[]) =>
      Array.from({ length: 12 }, (_, i) =>
        shares.reduce((sum, share, k) => sum + share * all[0][k * 12 + i], 0),
      )
    const even = await painter.paint(layoutFor({ children: [2] }), weights)
    expectClose(even.levels[0].data, mean([0.25, 0.25, 0.25, 0.25]))
    const counted = await painter.paint(layoutFor({ children: [2], tree }), weights)
    expectClose(counted.levels[0].data, mean([0, 1, 2, 3].map(code => tree.countOf([code]) / tree.count)))
  })

  test('of a node that is not the root begin with its own', async () => {
    const { levels } = await painter.paint(layoutFor({ root: [2, 5], depth: 1 }), weights)
    const [, second] = await model.levels([2, 5, 0])
    expectClose(levels[0].data, second)
  })

  test('are whole where every path goes on by its most used child', async () => {
    const layout = layoutFor({ sizes: [8, 8, 8], depth: 1, tree, children: [4] })
    const { levels } = await painter.paint(layout, weights, { whole: true })
    const ends = layout.nodes.slice(1).map(({ path: [code] }) => {
      const [second] = tree.children([code])
      return [code, second?.code ?? 0, tree.children([code, second?.code ?? 0])[0]?.code ?? 0]
    })
    expectClose(levels[1].data, await model.decode(Int32Array.from(ends.flat())))
    await expect(painter.paint(layoutFor({ depth: 1 }), weights, { whole: true })).rejects.toThrow(
      'whole images need a collection',
    )
  })

  test('follow the weights that they are painted with', async () => {
    const layout = layoutFor({ depth: 1 })
    const before = (await painter.paint(layout, weights)).levels[1].data
    const other = layoutOf(config).initialise(random(5, 'weights'))
    expect((await painter.paint(layout, other)).levels[1].data).not.toEqual(before)
    expect((await painter.paint(layout, weights)).levels[1].data).toEqual(before)
  })
})

test('a conditional network paints all nodes under one condition', async () => {
  const told: DdnConfig = ddnSchema.parse({ ...config, condition: { kind: 'class', classes: 3 } })
  const own = layoutOf(told).initialise(random(6, 'weights'))
  const [network, brush] = [await DdnModel.open(told, own, runtime), await NodePainter.open(told, 1, runtime)]
  const condition = await network.condition({ labels: [2] }, 1)
  const { levels } = await brush.paint(layoutFor({ depth: 1 }), own, { condition })
  const truth = await network.levels(Int32Array.from([0, 1, 2, 3].flatMap(code => [code, 0, 0])), {
    condition: { labels: [2, 2, 2, 2] },
  })
  expectClose(levels[1].data, truth[0])
  await network.close()
  await brush.close()
})

describe('the nearest images', () => {
  const pixels = Uint8Array.from({ length: 40 * 192 }, () => rng.int(256))
  const labels = Int32Array.from({ length: 40 }, (_, i) => (i % 5 === 0 ? -1 : i % 3))
  const images: Images = { count: 40, channels: 3, size: 8, pixels, labels }

  test('are those with the least squared difference at the size of the node, among its own', async () => {
    const painted = await painter.paint(layoutFor({ tree, children: [4] }), weights)
    const { nodes, levels } = painted.layout
    const found = nearestImages(painted, tree, images, [3, 3, 3, 3])
    nodes.forEach(({ path, level }, i) => {
      const { size, data } = painted.levels[level]
      const factor = 8 / size
      const node = (c: number, v: number, u: number) =>
        data[(((i - levels[level].from) * 3 + c) * size + v) * size + u]
      const distance = (image: number) => {
        let sum = 0
        for (let c = 0; c < 3; c++)
          for (let v = 0; v < size; v++)
            for (let u = 0; u < size; u++) {
              let mean = 0
              for (let y = 0; y < factor; y++)
                for (let x = 0; x < factor; x++)
                  mean += pixels[((image * 3 + c) * 8 + v * factor + y) * 8 + u * factor + x] / factor ** 2
              sum += (mean / 127.5 - 1 - node(c, v, u)) ** 2
            }
        return sum
      }
      const all = Array.from(tree.members(path)).sort((a, b) => distance(a) - distance(b) || a - b)
      expect(Array.from(found[i])).toEqual(all.slice(0, 3))
    })
  })

  test('are so many that all of them together are not too many', () => {
    const layout = layoutFor({ children: [4, 6, 4] })
    const of = (budget: number) => sharesOf(layout, images, 6, budget * 192)
    // 1, 4, 24 and 96 nodes.
    expect(of(1e4)).toEqual([6, 6, 6, 6])
    expect(of(6 + 24 + 144 + 200)).toEqual([6, 6, 6, 2])
    expect(of(20)).toEqual([6, 3, 0, 0])
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), budget => {
        const used = of(budget).reduce((sum, count, level) => sum + count * [1, 4, 24, 96][level], 0)
        expect(used).toBeLessThanOrEqual(budget)
      }),
      { numRuns: 100, seed: 3 },
    )
  })

  test('come with the label that most of a node have, those without one left out', async () => {
    const painted = await painter.paint(layoutFor({ tree, children: [4] }), weights)
    const known = passing(painted, tree, { images, labels, classes: ['low', 'middle', 'high'] })
    expect(known.count).toBe(40)
    painted.layout.nodes.forEach(({ path }, i) => {
      const counts = [0, 0, 0]
      for (const image of tree.members(path)) if (labels[image] >= 0) counts[labels[image]]++
      const most = Math.max(...counts)
      const name = ['low', 'middle', 'high'][counts.indexOf(most)]
      expect(known.labels[i]).toEqual(most > 0 ? { label: name, count: most } : null)
      for (const image of known.nearest[i]) expect(known.thumbnails.numbers).toContain(image)
    })
    const unseen = passing(painted, tree, { images: null, labels: null })
    expect(unseen.thumbnails.numbers).toHaveLength(0)
    expect(unseen.labels.every(label => label === null)).toBe(true)
  })
})
