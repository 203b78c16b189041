/** `coppice index` and `coppice search`, with the digits network that comes with Coppice. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { decode } from 'fast-png'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { indexCommand } from '../../src/cli/index-images.ts'
import { searchCommand } from '../../src/cli/search.ts'
import { type Images, toFloat } from '../../src/data/dataset.ts'
import { loadDigits } from '../../src/data/digits.ts'
import { loadDataset } from '../../src/data/load.ts'
import { decodePngText } from '../../src/report/png.ts'
import { openIndex } from '../../src/search/image-index.ts'
import { Search } from '../../src/search/search.ts'
import { openRun } from '../../src/train/run.ts'
import { pngOf, small, writeRun } from './small-runs.ts'

const COUNT = 50

let folder: string
let data: string
let test10: Images
const at = (name: string) => join(folder, name)

/** Runs one of the two commands, and reads its result. */
async function run(...args: string[]) {
  const written: string[] = []
  const spies = (['stdout', 'stderr'] as const).map(name =>
    vi.spyOn(process[name], 'write').mockImplementation(text => {
      if (name === 'stdout') written.push(String(text))
      return true
    }),
  )
  try {
    const program = new Command('coppice').exitOverride()
    for (const add of [indexCommand, searchCommand]) add(program)
    for (const command of program.commands) command.exitOverride()
    await program.parseAsync([...args, '--threads', '1'], { from: 'user' })
    return written.join('')
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}

async function json(...args: string[]) {
  return JSON.parse(await run(...args, '--json'))
}

interface Result {
  id: number
  source: string
  name: string
  label: string | null
  path: string
  distance: number
  shared: number
}

/** 50 digits of the training images as an IDX file with labels, of which about a tenth is for tests. */
async function writeDigits(): Promise<string> {
  const { train } = await loadDigits({ limit: COUNT })
  const header = (...dims: number[]) => {
    const bytes = Buffer.alloc(4 + 4 * dims.length)
    bytes.writeUInt32BE(0x800 + dims.length)
    dims.forEach((dim, i) => {
      bytes.writeUInt32BE(dim, 4 + 4 * i)
    })
    return bytes
  }
  await writeFile(at('images-idx3-ubyte'), Buffer.concat([header(COUNT, 32, 32), train.pixels]))
  await writeFile(at('labels-idx1-ubyte'), Buffer.concat([header(COUNT), Uint8Array.from(train.labels!)]))
  return `idx:${at('images-idx3-ubyte')}`
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-search-'))
  data = await writeDigits()
  test10 = (await loadDataset(data)).test
}, 60_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('an index of digits', () => {
  const index = () => at('some/digits.duckdb')
  beforeAll(async () => {
    const first = await json('index', 'digits', '--data', data, '--split', 'test', '--out', index())
    expect(first).toMatchObject({ rows: test10.count, added: test10.count, skipped: 0, unread: [] })
    const all = await json('index', 'digits', '--data', data, '--out', index(), '--thumbnails')
    expect(all).toMatchObject({ rows: COUNT, added: COUNT - test10.count, skipped: test10.count })
  }, 60_000)

  test('is as it was when nothing is new', async () => {
    const before = await readFile(index())
    const again = await json('index', 'digits', '--data', data, '--out', index())
    expect(again).toMatchObject({ rows: COUNT, added: 0, replaced: 0, skipped: COUNT, bytes: before.length })
    expect(again.seconds).toBeGreaterThan(0)
  })

  test('finds a picture of the data by itself, in all three ways', async () => {
    for (const by of ['image', 'prefix', 'path']) {
      const { results, seconds } = await json(
        ...['search', 'digits', index(), '--query', 'test:1', '--data', data, '--by', by, '--count', '5'],
      )
      expect(seconds).toBeGreaterThan(0)
      expect(results).toHaveLength(5)
      const [first] = results as Result[]
      expect(Object.keys(first)).toEqual(['id', 'source', 'name', 'label', 'path', 'distance', 'shared'])
      expect(first).toMatchObject({ name: 'test:1', label: String(test10.labels![1]), shared: 14 })
      expect(first.path.split('.')).toHaveLength(14)
      const order = (results as Result[]).map(({ distance, shared }) =>
        by === 'prefix' ? -shared : distance,
      )
      expect(order).toEqual(order.toSorted((a, b) => a - b))
    }
  })

  test('expects of all images together the distances that they have', async () => {
    const run = await openRun('digits', { threads: 1 })
    const held = await openIndex(index())
    const search = await Search.open(held, run.model)
    const query = await search.like(toFloat(test10, [0]))
    const found = await search.find(query, { by: 'path', count: COUNT })
    await search.close()
    await held.close()
    await run.close()
    const dataset = await loadDataset(data)
    let [expected, measured] = [0, 0]
    for (const { name, distance } of found) {
      const [split, number] = name.split(':') as ['train' | 'test', string]
      const image = toFloat(dataset[split], [Number(number)])
      expected += distance
      measured += image.reduce((sum, value, i) => sum + (value - query.image[i]) ** 2, 0) / image.length
    }
    // The nodes' images stand for means, and the residuals of 7 images for variances: it is right by and large.
    expect(expected / measured).toBeGreaterThan(0.85)
    expect(expected / measured).toBeLessThan(1.15)
  })

  test('is shown as a picture: the query, and the results with the pictures that are kept', async () => {
    const out = at('found/found.png')
    const text = await run(
      ...['search', 'digits', index(), '--query', 'train:0', '--data', data, '--count', '3', '--out', out],
    )
    expect(text).toMatch(/^name +label +distance +shared +path\ntrain:0 +\d +0\.\d+ +14 +\d+(\.\d+){13}\n/)
    expect(text).toContain(`Picture  ${out}`)
    const bytes = await readFile(out)
    const { width, data: pixels } = decode(bytes)
    const cell = (x: number, y: number, scale: number) =>
      Uint8Array.from(
        { length: 1024 },
        (_, i) => pixels[(y + Math.floor(i / 32) * scale) * width + x + (i % 32) * scale],
      )
    const picture = (await loadDataset(data)).train.pixels.subarray(0, 1024)
    expect(cell(4, 4, 4)).toEqual(picture)
    // What is kept of train:0 is itself, not its codes decoded.
    expect(cell(4 + 128 + 4 + 24 + 4, 4, 2)).toEqual(picture)
    const { results, command } = decodePngText(bytes)
    expect(JSON.parse(results)[0].name).toBe('train:0')
    expect(command).toBe(`coppice search digits ${index()} --query train:0 --by image --count 3`)
  })
})

test('picture files are taken, and found again by file and by codes', async () => {
  const other = await writeRun(at('small'), small, data)
  const files = ['digit.png', 'its negative.png'].map(at)
  const image = toFloat(test10, [0])
  await writeFile(files[0], pngOf(image, 1, 32))
  await writeFile(
    files[1],
    pngOf(
      image.map(value => -value),
      1,
      32,
    ),
  )
  await writeFile(at('broken.png'), 'no picture')
  const out = at('files.duckdb')
  const made = await json('index', other, '--out', out, '--input', ...files, at('broken.png'))
  expect(made).toMatchObject({ rows: 2, added: 2 })
  expect(made.unread).toEqual([{ file: at('broken.png'), reason: 'not a PNG, JPEG, WebP or GIF image' }])
  const byFile = await json('search', other, out, '--query', files[1], '--shortlist', 'all')
  expect(byFile.results).toHaveLength(2)
  const found = (byFile.results as Result[]).find(({ name }) => name === files[1])!
  expect(found).toMatchObject({ source: 'file', label: null, shared: 3 })
  const byCodes = await json('search', other, out, '--query', `codes:${found.path}`, '--by', 'prefix')
  expect(byCodes.results[0]).toMatchObject({ name: files[1], shared: 3 })
  await expect(run('index', other, '--out', out, '--input', at('broken.png'))).rejects.toThrow(
    'none of the pictures can be read',
  )
})

describe('says in one sentence', () => {
  test('that a file is no index, and leaves it', async () => {
    await writeFile(at('notes.txt'), 'my notes')
    const message = `${at('notes.txt')} is no DuckDB database, and stays as it is`
    await expect(run('index', 'digits', '--data', data, '--out', at('notes.txt'))).rejects.toThrow(message)
    await expect(run('search', 'digits', at('notes.txt'), '--query', 'test:0')).rejects.toThrow(message)
    expect(await readFile(at('notes.txt'), 'utf8')).toBe('my notes')
  })

  test('that an index is of another network, naming both', async () => {
    const other = await writeRun(at('other'), small, data)
    const made = at('some/digits.duckdb')
    const both =
      /digits\.duckdb holds codes of the network [0-9a-f]{16} \(digits\), and .*other is [0-9a-f]{16}/
    await expect(run('index', other, '--data', data, '--out', made)).rejects.toThrow(both)
    await expect(run('search', other, made, '--query', 'codes:1')).rejects.toThrow(both)
  })

  test('what does not go together or means nothing', async () => {
    const args = ['index', 'digits', '--out', at('x.duckdb'), '--input', 'a.png']
    await expect(run(...args, '--data', data)).rejects.toThrow('--input names the pictures, and --data is of')
    await expect(run(...args, '--split', 'test')).rejects.toThrow('and --split is of a data set')
    const query = ['search', 'digits', at('x.duckdb'), '--query', 'test:0']
    await expect(run(...query, '--shortlist', 'some')).rejects.toThrow('at least 1, or all')
    await expect(run(...query)).rejects.toThrow('there is no index')
  })
})
