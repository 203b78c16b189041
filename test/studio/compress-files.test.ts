/** `.ddn` files in the room: whole, damaged, and of other networks; and the priors that they were coded with. */

import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeImages, type NamedPicture } from '../../src/codec/encode.ts'
import type { DdnModel } from '../../src/ddn/model.ts'
import { openDdn, PAGE, pageOf, survey } from '../../src/studio/workers/compress-files.ts'
import { MAX_TILES } from '../../src/studio/workers/compress-pictures.ts'
import { priorFor } from '../../src/studio/workers/compress-priors.ts'
import { loadModel } from '../../src/train/model-file.ts'
import { evenPrior, type NamedPrior } from '../../src/train/named-prior.ts'
import { priorOf } from '../../src/train/priors.ts'
import { openRun } from '../../src/train/run.ts'
import { drawnPrior } from '../codec/paths.ts'
import { networks, noise, open } from '../guides/network.ts'

const models = new URL('../../models/', import.meta.url)

describe('a file', () => {
  let model: DdnModel
  let prior: NamedPrior
  let bytes: Uint8Array
  let codes: Int32Array[]
  const COUNT = 30
  beforeAll(async () => {
    model = await open(networks['grey, of patches'])
    prior = await evenPrior([4, 4, 4])
    const pictures = Array.from({ length: COUNT }, (_, i): NamedPicture => {
      const width = i === 29 ? 13 : 8
      return { width, height: 8, data: noise(width * 8, i), name: `p${i}.png` }
    })
    const encoded = await encodeImages(model, pictures, { prior, blockImages: 10 })
    ;({ bytes, codes } = encoded)
  })
  afterAll(() => model.close())

  test('tells what is in it, and gives its images a page at a time', async () => {
    const { file, facts, damage } = await openDdn(model, bytes, 'a.ddn')
    expect(facts).toEqual({
      name: 'a.ddn',
      count: COUNT,
      bytes: bytes.length,
      headerBytes: file.headerBytes,
      prior: 'none',
    })
    expect(damage).toBeNull()
    expect(survey(file, prior)).toEqual({ notes: [], left: COUNT })
    const pages = [pageOf(file, prior, 0), pageOf(file, prior, PAGE)]
    expect(pages.map(({ images }) => images.length)).toEqual([PAGE, COUNT - PAGE])
    const images = pages.flatMap(page => page.images)
    expect(images.map(image => [...image.codes!])).toEqual(codes.map(path => [...path]))
    expect(images[29]).toMatchObject({ index: 29, name: 'p29.png', width: 13, height: 8 })
  })

  test('that is cut short gives its whole blocks, and says what is lost', async () => {
    const { file, damage } = await openDdn(model, bytes.subarray(0, bytes.length - 3), 'a.ddn')
    expect(damage).toBe(
      `a.ddn: the file is cut short, ${bytes.length - 3} of ${bytes.length} bytes are there`,
    )
    const { notes, left } = survey(file, prior)
    expect(left).toBe(20)
    expect(notes).toHaveLength(1)
    expect(notes[0]).toMatch(/^Block 2 is damaged \(it is cut short, .*\): images 20 to 29 are lost\.$/)
    const { images } = pageOf(file, prior, 10)
    expect(images.map(({ codes }) => codes !== null)).toEqual(Array.from({ length: 20 }, (_, i) => i < 10))
  })

  test('with a wrong bit loses that block alone', async () => {
    const changed = bytes.slice()
    const { file: whole } = await openDdn(model, bytes, 'a.ddn')
    changed[whole.headerBytes] ^= 1
    const { file, damage } = await openDdn(model, changed, 'a.ddn')
    expect(damage).toBeNull()
    expect(survey(file, prior)).toEqual({
      notes: ['Block 0 is damaged (its CRC-32 does not fit): images 0 to 9 are lost.'],
      left: 20,
    })
  })

  test('that is none, or whose header is broken, is refused in a sentence', async () => {
    const text = new TextEncoder().encode('hello')
    await expect(openDdn(model, text, 'a.ddn')).rejects.toThrow('a.ddn: this is no .ddn file')
    const broken = bytes.slice()
    broken[20] ^= 1
    await expect(openDdn(model, broken, 'a.ddn')).rejects.toThrow('a.ddn: its header is damaged')
    await expect(openDdn(model, bytes.subarray(0, 30), 'a.ddn')).rejects.toThrow('a.ddn: the header')
  })

  test('of another network is refused with both fingerprints', async () => {
    const other = await open(networks["of the paper's kind"])
    await expect(openDdn(other, bytes, 'a.ddn')).rejects.toThrow(
      /^a\.ddn: it was encoded with the network [0-9a-f]{16}, and this one is [0-9a-f]{16}/,
    )
    await other.close()
  })

  test('of a prior that nobody knows is refused with its name', async () => {
    const drawn = { prior: drawnPrior([4, 4, 4], 2), fingerprint: new Uint8Array(8) }
    const picture = { width: 8, height: 8, data: noise(64) }
    const { bytes } = await encodeImages(model, [picture], { prior: drawn })
    await expect(openDdn(model, bytes, 'a.ddn')).rejects.toThrow(
      'a.ddn: it was coded with the prior drawn; this page has none, counts, markov, transformer',
    )
  })

  test('an image of too many tiles is left out with a note', async () => {
    const width = 6 * (MAX_TILES + 1) + 2
    const pictures = [
      { width, height: 8, data: noise(8 * width) },
      { width: 8, height: 8, data: noise(64) },
    ]
    const { bytes } = await encodeImages(model, pictures, { prior })
    const { file } = await openDdn(model, bytes, 'a.ddn')
    const { images, notes } = pageOf(file, prior, 0)
    expect(images.map(({ codes }) => codes !== null)).toEqual([false, true])
    expect(notes).toEqual([
      `Image 0 is ${width} × 8, of ${MAX_TILES + 1} tiles; this page shows up to ${MAX_TILES}. coppice decode shows it.`,
    ])
  })
})

describe('a prior', () => {
  const fetched = async (address: string) => {
    const bytes = await readFile(new URL(`../${address}`, models)).catch(() => null)
    if (!bytes) throw new Error(`there is no ${address}`)
    return new Uint8Array(bytes)
  }

  test('is the one of the command line, by its fingerprint', async () => {
    const path = new URL('emoji.safetensors', models).pathname
    const run = await openRun(path)
    for (const name of ['none', 'markov', 'counts'] as const) {
      const { fingerprint, prior } = await priorFor(run.model, 'emoji', name, fetched)
      expect(prior.name).toBe(name)
      expect(fingerprint).toEqual((await priorOf(run, name)).fingerprint)
    }
    await run.close()
  })

  test('that is not there says how it is made', async () => {
    const model = await open(networks['grey, of patches'])
    await expect(priorFor(model, 'run:mine', 'transformer', fetched)).rejects.toThrow(
      'the prior transformer is not there (there is no api/runs/mine/codes.safetensors); make it with: coppice prior mine',
    )
    await model.close()
  })

  test('of other weights is refused', async () => {
    const model = await loadModel(await fetched('models/emoji.safetensors'))
    const swapped = () => fetched('models/digits.codes.safetensors')
    await expect(priorFor(model, 'emoji', 'markov', swapped)).rejects.toThrow(
      /^models\/emoji\.codes\.safetensors is of the network e3469f1009127a3e, and this one is [0-9a-f]{16}$/,
    )
    await model.close()
  })
})
