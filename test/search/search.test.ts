/** The three ways to search, against the plain algorithm on every image of a small collection. */

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { random } from '../../src/data/rng.ts'
import { fingerprintOf } from '../../src/ddn/fingerprint.ts'
import type { DdnModel } from '../../src/ddn/model.ts'
import { type ImageIndex, openIndex, openIndexToAdd } from '../../src/search/image-index.ts'
import { type Found, type Query, Search, type SearchOptions } from '../../src/search/search.ts'
import { networks, noise, open } from '../guides/network.ts'
import { maker, temporaryFolder } from './collection.ts'

const COUNT = 60
const residuals = [0.5, 0.25, 0.125]

/** Distances are float32 sums over up to 192 values, here up to about 10. */
const near = (a: number, b: number) => Math.abs(a - b) < 1e-5 * Math.max(1, Math.abs(b))

let folder: string
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** What the definition says of every image, image by image. */
interface Expected {
  name: string
  shared: number
  path: number
  image: number
}

/** [c, s, s] from [c, t, t]: every pixel a square. */
function enlarge(image: Float32Array, channels: number, from: number, to: number): Float64Array {
  const pixels = new Float64Array(channels * to * to)
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < to; y++)
      for (let x = 0; x < to; x++)
        pixels[(c * to + y) * to + x] =
          image[(c * from + Math.floor((y * from) / to)) * from + Math.floor((x * from) / to)]
  return pixels
}

function meanSquare(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2 / a.length
  return sum
}

async function bruteForce(model: DdnModel, codes: readonly number[][], query: Query): Promise<Expected[]> {
  const { layers, imageLength, config } = model
  const { channels, size } = config
  const n = query.codes.length
  const shares = codes.map(path => {
    const parted = Array.from(query.codes).findIndex((code, l) => code !== path[l])
    return parted < 0 ? n : parted
  })
  const depths = shares.map(shared => Math.min(shared + 1, n))
  const nodes = codes.map((path, i) => path.map((code, l) => (l < depths[i] ? code : 0)))
  const levels = await model.levels(nodes.flat())
  const decoded = await model.decode(codes.flat())
  return codes.map((_, i) => {
    const layer = depths[i] - 1
    const side = layers[layer].size
    const shown = levels[layer].subarray(i * channels * side ** 2, (i + 1) * channels * side ** 2)
    const own = query.known ? 0 : residuals[n - 1]
    return {
      name: `${i}`,
      shared: shares[i],
      path: meanSquare(query.image, enlarge(shown, channels, side, size)) + residuals[layer] + own,
      image: meanSquare(query.image, decoded.subarray(i * imageLength, (i + 1) * imageLength)),
    }
  })
}

/** The results are the best of what is expected, in order; among what rounding cannot tell apart any order will do. */
function expectBest(found: readonly Found[], all: readonly Expected[], by: 'image' | 'path', count: number) {
  const best = [...all].sort((a, b) => a[by] - b[by]).slice(0, count)
  expect(found).toHaveLength(best.length)
  for (const [i, { name, distance, shared }] of found.entries()) {
    const own = all.find(one => one.name === name)!
    expect(shared).toBe(own.shared)
    expect(near(distance, own[by]), `${distance} and ${own[by]}`).toBe(true)
    expect(near(distance, best[i][by]), `${distance} and ${best[i][by]}, place ${i}`).toBe(true)
  }
  expect(new Set(found.map(({ id }) => id)).size).toBe(found.length)
}

describe.each(['grey, of patches', 'in colour', 'recurrent'])('in a network %s', kind => {
  let model: DdnModel
  let index: ImageIndex
  let search: Search
  let codes: number[][]

  beforeAll(async () => {
    model = await open(networks[kind])
    const rng = random(1, 'codes')
    codes = Array.from({ length: COUNT }, () => model.layers.map(({ K }) => rng.int(K)))
    const path = join(folder, `${kind}.duckdb`)
    const K = model.layers.map(layer => layer.K)
    const writer = await openIndexToAdd(path, { fingerprint: await fingerprintOf(model), K, run: kind })
    await writer.add(
      codes.map((path, i) => ({
        source: 'a',
        name: `${i}`,
        label: 'b',
        hash: BigInt(i),
        codes: path,
        residuals,
      })),
    )
    await writer.close()
    index = await openIndex(path)
    search = await Search.open(index, model)
  })
  afterAll(async () => {
    await search.close()
    await index.close()
    await model.close()
  })

  /** An image; all codes of one; the codes of a node. */
  const queries = () =>
    Promise.all([search.like(noise(model.imageLength, 5)), search.below(codes[7]), search.below([2, 1])])

  test('by path: the distances of the definition, in order', async () => {
    for (const query of await queries()) {
      const all = await bruteForce(model, codes, query)
      for (const count of [1, 12, COUNT + 5])
        expectBest(await search.find(query, { by: 'path', count }), all, 'path', count)
    }
  })

  test('by prefix: the longest shared prefix first, then by path', async () => {
    for (const query of await queries()) {
      const all = await bruteForce(model, codes, query)
      const found = await search.find(query, { by: 'prefix', count: COUNT })
      expect(found.map(({ shared }) => shared)).toEqual(all.map(({ shared }) => shared).sort((a, b) => b - a))
      for (let shared = 0; shared <= query.codes.length; shared++) {
        const at = (rows: readonly { shared: number }[]) => rows.filter(row => row.shared === shared)
        expectBest(at(found) as Found[], at(all) as Expected[], 'path', COUNT)
      }
    }
  })

  test('by image: the nearest decoded images of all, or of those that are first by path', async () => {
    for (const query of await queries()) {
      const all = await bruteForce(model, codes, query)
      expectBest(await search.find(query, { count: 7, shortlist: Infinity }), all, 'image', 7)
      expectBest(await search.find(query, { count: 7 }), all, 'image', 7)
      const first = await search.find(query, { by: 'path', count: 20 })
      const names = new Set(first.map(({ name }) => name))
      const listed = all.filter(({ name }) => names.has(name))
      expectBest(await search.find(query, { count: 30, shortlist: 20 }), listed, 'image', 30)
    }
  })

  test('an image’s own codes find it first', async () => {
    const [found] = await search.find(await search.below(codes[7]), { count: 1 })
    expect(found).toMatchObject({ name: '7', source: 'a', label: 'b', path: codes[7].join('.'), distance: 0 })
    expect(Array.from(found.codes)).toEqual(codes[7])
    expect(found.shared).toBe(codes[7].length)
  })
})

describe('of one network', () => {
  let model: DdnModel
  let index: ImageIndex
  let search: Search
  const kind = 'grey, of patches'
  const codes = Array.from({ length: 64 }, (_, i) => [i >> 4, (i >> 2) & 3, i & 3])

  const indexed = async (name: string, rows: readonly number[][], measured = true) => {
    const path = join(folder, `${name}.duckdb`)
    const K = model.layers.map(layer => layer.K)
    const writer = await openIndexToAdd(path, { fingerprint: await fingerprintOf(model), K, run: kind })
    await writer.add(
      rows.map((path, i) => ({
        source: 'a',
        name: `${i}`,
        hash: BigInt(i),
        codes: path,
        residuals: measured ? residuals : undefined,
      })),
    )
    await writer.close()
    return openIndex(path)
  }

  beforeAll(async () => {
    model = await open(networks[kind])
    index = await indexed('every path', codes)
    search = await Search.open(index, model)
  })
  afterAll(async () => {
    await search.close()
    await index.close()
    await model.close()
  })

  test('a node’s codes find by prefix what a filter finds, before anything else', async () => {
    const node = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(node, async prefix => {
        const below = codes.flatMap((path, i) => (prefix.every((code, l) => path[l] === code) ? [i] : []))
        const found = await search.find(await search.below(prefix), { by: 'prefix', count: below.length })
        expect(found.map(({ name }) => Number(name)).sort((a, b) => a - b)).toEqual(below)
      }),
      { numRuns: 15, seed: 2 },
    )
  })

  test('images that cannot be told apart come in the order of their ids', async () => {
    const query = await search.below([1])
    const found = await search.find(query, { by: 'path', count: 16 })
    expect(found.map(({ id }) => id)).toEqual(Array.from({ length: 16 }, (_, i) => 16 + i))
    expect(new Set(found.map(({ distance }) => distance)).size).toBe(1)
  })

  test('searches that overlap do not mix', async () => {
    const options: SearchOptions[] = [{ by: 'path' }, { by: 'prefix' }, { by: 'image', shortlist: 30 }]
    const all = await Promise.all([0, 1, 2].map(seed => search.like(noise(model.imageLength, seed))))
    const pairs = all.flatMap(query => options.map(option => [query, option] as const))
    const together = await Promise.all(pairs.map(([query, option]) => search.find(query, option)))
    for (const [i, [query, option]] of pairs.entries())
      expect(await search.find(query, option)).toEqual(together[i])
  })

  test('what cannot be asked is said', async () => {
    await expect(search.below([])).rejects.toThrow('a query needs at least one code')
    await expect(search.below([0, 4])).rejects.toThrow('4 is none of the codes 0 to 3 of layer 1')
    await expect(search.below([0, 0, 0, 0])).rejects.toThrow('the tree is 3 deep')
    const query = await search.below([1])
    await expect(search.find(query, { count: 0 })).rejects.toThrow('invalid count: 0')
    await expect(search.find(query, { shortlist: 1.5 })).rejects.toThrow('invalid shortlist: 1.5')
  })

  test('an empty index, and one without residuals', async () => {
    const empty = await indexed('empty', [])
    const unmeasured = await indexed('unmeasured', codes, false)
    for (const [other, message] of [
      [empty, /empty\.duckdb has no images/],
      [unmeasured, /has no residuals/],
    ] as const) {
      const own = await Search.open(other, model)
      await expect(own.find(await own.below([1]), { by: 'path' })).rejects.toThrow(message)
      if (other === unmeasured) expect(await own.find(await own.below([1]))).toHaveLength(12)
      await own.close()
      await other.close()
    }
  })

  test('another network is refused, both being named', async () => {
    const other = await open(networks['in colour'])
    const [own, theirs] = (await Promise.all([fingerprintOf(model), fingerprintOf(other)])).map(bytes =>
      Buffer.from(bytes).toString('hex'),
    )
    await expect(Search.open(index, other, 'runs/b')).rejects.toThrow(
      new RegExp(`${own} \\(grey, of patches\\), and runs/b is ${theirs}`),
    )
    await other.close()
  })

  test('codes that the network does not have are not decoded', async () => {
    const path = join(folder, 'foreign.duckdb')
    const writer = await openIndexToAdd(path, {
      ...maker,
      fingerprint: await fingerprintOf(model),
      K: [4, 9, 4],
    })
    await writer.add([{ source: 'a', name: 'b', hash: 1n, codes: [0, 8, 0], residuals }])
    await writer.close()
    const foreign = await openIndex(path)
    await expect(Search.open(foreign, model)).rejects.toThrow('its K is 4,9,4, and the network has 4,4,4')
    await foreign.close()
  })
})
