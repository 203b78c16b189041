/** The queries that the description of the schema gives as examples, against plain filters. */

import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type ImageIndex,
  type IndexedImage,
  openIndex,
  openIndexToAdd,
} from '../../src/search/image-index.ts'
import { collection, maker, temporaryFolder } from './collection.ts'

let folder: string
let index: ImageIndex
let examples: string[]
const images: IndexedImage[] = [...collection(250), { ...collection(1)[0], name: 'x', codes: [3, 1, 7, 0] }]

beforeAll(async () => {
  folder = await temporaryFolder()
  const path = join(folder, 'index.duckdb')
  const writer = await openIndexToAdd(path, maker)
  await writer.add(images)
  await writer.close()
  index = await openIndex(path)
  const source = await readFile(new URL('../../src/search/schema.ts', import.meta.url), 'utf8')
  examples = source
    .split('\n')
    .map(line => line.replace(/^ \* ?/, ''))
    .join('\n')
    .match(/^ {4}SELECT [^;]*;/gm)!
})
afterAll(async () => {
  await index.close()
  await rm(folder, { recursive: true, force: true })
})

/** a before b where the first code that differs is smaller. */
function byCodes(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const l = Array.from(a).findIndex((code, i) => code !== b[i])
  return l < 0 ? 0 : a[l] - b[l]
}

test('there are three', () => {
  expect(examples).toHaveLength(3)
})

test('the images below a node', async () => {
  const below = images.filter(({ codes }) => codes[0] === 3 && codes[1] === 1)
  expect(below.length).toBeGreaterThan(1)
  const expected = below.toSorted((a, b) => byCodes(a.codes, b.codes))
  expect(await index.query(examples[0])).toEqual(
    expected.map(({ name, label, codes }) => ({ name, label, path: Array.from(codes).join('.') })),
  )
})

test('the nodes at depth 2 through which most images go', async () => {
  const nodes = new Map<string, IndexedImage[]>()
  for (const image of images) {
    const node = `${image.codes[0]},${image.codes[1]}`
    nodes.set(node, [...(nodes.get(node) ?? []), image])
  }
  const all = Array.from(nodes, ([node, members]) => ({
    node: node.split(',').map(Number),
    images: BigInt(members.length),
    labels: BigInt(new Set(members.map(({ label }) => label)).size),
  }))
  const best = all.sort((a, b) => Number(b.images - a.images) || byCodes(a.node, b.node)).slice(0, 5)
  expect(await index.query(examples[1])).toEqual(best)
})

test('which images of the same label share two codes with a file', async () => {
  const [file] = images
  const alike = images.filter(
    ({ codes, label, name }) =>
      codes[0] === file.codes[0] && codes[1] === file.codes[1] && label === file.label && name !== file.name,
  )
  expect(alike.length).toBeGreaterThan(0)
  expect(await index.query(examples[2])).toEqual(
    alike.map(({ name, codes }) => ({ name, path: Array.from(codes).join('.') })),
  )
})
