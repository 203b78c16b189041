/** From data sets and files to rows of an index, and from words to queries. */

import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Dataset, toFloat } from '../../src/data/dataset.ts'
import { decodeImage } from '../../src/data/image.ts'
import type { loadDataset } from '../../src/data/load.ts'
import { ddnSchema } from '../../src/ddn/config.ts'
import { fingerprintOf } from '../../src/ddn/fingerprint.ts'
import type { DdnModel } from '../../src/ddn/model.ts'
import { collect, type Picture, picturesOfDataset, picturesOfFiles } from '../../src/search/collect.ts'
import { type ImageIndex, openIndexToAdd } from '../../src/search/image-index.ts'
import { parseQuery, queryOf } from '../../src/search/query.ts'
import { Search } from '../../src/search/search.ts'
import { searchSheet } from '../../src/search/sheet.ts'
import { pngOf } from '../cli/small-runs.ts'
import { networks, open } from '../guides/network.ts'
import { discs } from '../train/tiny.ts'
import { temporaryFolder } from './collection.ts'

let folder: string
let model: DdnModel
beforeAll(async () => {
  folder = await temporaryFolder()
  model = await open(networks['grey, of patches'])
})
afterAll(async () => {
  await model.close()
  await rm(folder, { recursive: true, force: true })
})

let files = 0
async function empty(): Promise<ImageIndex> {
  const K = model.layers.map(layer => layer.K)
  const maker = { fingerprint: await fingerprintOf(model), K, run: 'a' }
  return openIndexToAdd(join(folder, `${files++}.duckdb`), maker)
}

const data: Dataset = {
  name: 'discs',
  channels: 1,
  size: 8,
  train: { ...discs(5, 1, 8, 0), labels: Int32Array.of(0, 1, -1, 1, 0) },
  test: discs(3, 1, 8, 1),
  classes: ['dark', 'light'],
  skipped: [],
}

describe('pictures of a data set', () => {
  test('are named by split and number, and labelled by the names of the classes', () => {
    const pictures = [...picturesOfDataset(data, 'digits', ['test', 'train'])]
    expect(pictures.map(({ pixels: _, ...row }) => row).slice(2, 6)).toEqual([
      { source: 'digits', name: 'test:2', split: 'test', number: 2, label: undefined },
      { source: 'digits', name: 'train:0', split: 'train', number: 0, label: 'dark' },
      { source: 'digits', name: 'train:1', split: 'train', number: 1, label: 'light' },
      { source: 'digits', name: 'train:2', split: 'train', number: 2, label: undefined },
    ])
    expect(pictures[4].pixels).toEqual(data.train.pixels.subarray(64, 128))
  })

  test('have the names of their files, and labels by number where classes have no names', () => {
    const named = { ...data.train, names: ['a/1.png', 'a/2.png', 'b/1.png', 'b/2.png', 'c.png'] }
    const [picture] = picturesOfDataset({ ...data, train: named, classes: undefined }, 'folder:photos:b', [
      'train',
    ])
    expect(picture).toMatchObject({ source: `folder:${resolve('photos:b')}`, name: 'a/1.png', label: '0' })
  })
})

describe('collecting', () => {
  test('keeps the codes that the network gives, whatever was there before', async () => {
    const index = await empty()
    const pictures = [...picturesOfDataset(data, 'digits', ['train', 'test'])]
    expect(await collect(index, model, pictures.slice(1, 4))).toEqual({ added: 3, replaced: 0, skipped: 0 })
    const changed = pictures.map((picture, i) =>
      i === 2 ? { ...picture, pixels: picture.pixels.map(byte => 255 - byte) } : picture,
    )
    const done: number[] = []
    const counts = await collect(index, model, changed, { onProgress: count => done.push(count) })
    expect(counts).toEqual({ added: 5, replaced: 1, skipped: 2 })
    expect(done).toEqual([8])
    const rows = await index.query('SELECT name, label, codes FROM images')
    for (const { name, label, pixels } of changed) {
      const image = Float32Array.from(pixels, byte => byte / 127.5 - 1)
      const codes = Array.from(await model.encode(image))
      expect(rows).toContainEqual({ name, label: label ?? null, codes })
    }
    expect(rows).toHaveLength(8)
    await index.close()
  })

  test('measures how far images are from those of every layer', async () => {
    const index = await empty()
    await collect(index, model, picturesOfDataset(data, 'digits', ['train']))
    // Of five images it is the first that is measured.
    const image = toFloat(data.train, [0])
    const levels = await model.levels(await model.encode(image))
    const expected = levels.map(level => {
      const side = Math.sqrt(level.length)
      const at = (i: number) =>
        level[Math.floor(((i >> 3) * side) / 8) * side + Math.floor(((i & 7) * side) / 8)]
      return image.reduce((sum, value, i) => sum + (value - at(i)) ** 2, 0) / 64
    })
    const residuals = (await index.residuals())!
    expected.forEach((residual, l) => {
      expect(residuals[l]).toBeCloseTo(residual, 10)
    })
    await index.close()
  })

  test('keeps pictures where it is asked to, pixel for pixel', async () => {
    const index = await empty()
    await collect(index, model, picturesOfDataset(data, 'digits', ['test']), { thumbnails: true })
    const kept = await index.thumbnails([0, 1, 2])
    const names = await index.query('SELECT id, number FROM images ORDER BY id')
    for (const { id, number } of names) {
      const pixels = await decodeImage(kept.get(Number(id))!, 8, 1)
      expect(pixels).toEqual(data.test.pixels.slice(64 * Number(number), 64 * (Number(number) + 1)))
    }
    await index.close()
  })

  test('ends when it is told to, and keeps what was done', async () => {
    const index = await empty()
    const many = discs(600, 1, 8, 2)
    const pictures = () => picturesOfDataset({ ...data, train: many }, 'digits', ['train'])
    const controller = new AbortController()
    const counts = await collect(index, model, pictures(), {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    })
    expect(counts).toEqual({ added: 512, replaced: 0, skipped: 0 })
    expect(await collect(index, model, pictures())).toEqual({ added: 88, replaced: 0, skipped: 512 })
    await index.close()
  })

  test('does not take a network that is told a condition', async () => {
    const told = await open(ddnSchema.parse({ ...networks['in colour'], condition: { kind: 'grey' } }))
    const index = await empty()
    await expect(collect(index, told, [])).rejects.toThrow('this network is told grey')
    await index.close()
    await told.close()
  })
})

test('picture files are named by their absolute paths; what cannot be read is left out', async () => {
  const image = toFloat(data.test, [1])
  const at = (name: string) => join(folder, name)
  await writeFile(at('disc.png'), pngOf(image, 1, 8))
  await writeFile(at('text.png'), 'no picture')
  await mkdir(at('folder.png'))
  const skipped: string[][] = []
  const pictures: Picture[] = []
  const paths = ['disc.png', 'text.png', 'folder.png', 'none.png'].map(at)
  for await (const picture of picturesOfFiles(paths, { size: 8, channels: 1 }, (...why) => skipped.push(why)))
    pictures.push(picture)
  expect(pictures).toEqual([
    { source: 'file', name: at('disc.png'), pixels: data.test.pixels.slice(64, 128) },
  ])
  expect(skipped).toEqual([
    [at('text.png'), 'not a PNG, JPEG, WebP or GIF image'],
    [at('folder.png'), `${at('folder.png')} is a folder, not a file`],
    [at('none.png'), `there is no file ${at('none.png')}`],
  ])
})

describe('queries', () => {
  test('are codes, pictures of the data, or files', () => {
    expect(parseQuery('codes:3,17,5')).toEqual({ codes: [3, 17, 5] })
    expect(parseQuery('codes:3.17')).toEqual({ codes: [3, 17] })
    expect(parseQuery('test:0')).toEqual({ split: 'test', number: 0 })
    expect(parseQuery('train:12')).toEqual({ split: 'train', number: 12 })
    for (const file of ['photo.png', '/a/b:c.png', 'tests:3', '17', 'x:test:3'])
      expect(parseQuery(file)).toEqual({ file })
    for (const wrong of ['codes:', 'codes:1,,2', 'codes:1,x', 'codes:-1', 'codes:1e3'])
      expect(() => parseQuery(wrong)).toThrow(`${wrong}: give codes as whole numbers`)
    for (const wrong of ['test:', 'test:1.5', 'train:-1', 'test:all'])
      expect(() => parseQuery(wrong)).toThrow(`${wrong}: give a picture's number`)
  })

  test('become images with their codes', async () => {
    const index = await empty()
    const search = await Search.open(index, model)
    const load = (async () => data) as typeof loadDataset
    const of = (text: string) => queryOf(search, model, text, 'discs', load)
    const image = toFloat(data.train, [3])
    const codes = await model.encode(image)
    expect(await of('train:3')).toEqual({ codes, image, known: true })
    const file = join(folder, 'query.png')
    await writeFile(file, pngOf(image, 1, 8))
    expect(await of(file)).toEqual({ codes, image, known: true })
    expect(await of(`codes:${codes}`)).toEqual({ codes, image: await model.decode(codes), known: false })
    await expect(of('test:3')).rejects.toThrow('discs has 3 test images, numbered from 0; there is no 3')
    await expect(of('none.png')).rejects.toThrow('there is no file none.png')
    await search.close()
    await index.close()
  })
})

test('the picture of a search shows the query at twice the size, and the results beside it', () => {
  const [dark, light] = [-1, 1].map(value => new Float32Array(64).fill(value))
  const results = Float32Array.from([...dark, ...light, ...dark])
  const picture = searchSheet({ query: dark, results, count: 3, channels: 1, size: 8 })
  // Scale 8: an image is 64 pixels wide, the query 128; 4 around each, and 24 between them.
  expect(picture).toMatchObject({ width: 136 + 24 + 140, height: 140, channels: 1 })
  const at = (x: number, y: number) => picture.data[y * picture.width + x]
  expect([at(4, 4), at(131, 131)]).toEqual([0, 0])
  expect([at(3, 4), at(132, 131), at(150, 60)]).toEqual([255, 255, 255])
  expect([at(164, 4), at(227, 67)]).toEqual([0, 0])
  expect([at(232, 4), at(295, 67)]).toEqual([255, 255])
  expect([at(164, 72), at(227, 135)]).toEqual([0, 0])
})
