/** `coppice tree` and `coppice train --film`: of a small run, and once of the digits that come with the package. */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { decode } from 'fast-png'
import { parseHTML } from 'linkedom'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { treeCommand } from '../../src/cli/tree.ts'
import { loadDataset } from '../../src/data/load.ts'
import { decodePngText } from '../../src/report/png.ts'
import { coppice } from './call.ts'
import { small, writePictures, writeRun } from './small-runs.ts'

let folder: string
/** Training images of the small runs. */
let count: number
const at = (name: string) => join(folder, name)
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-tree-'))
  const data = await writePictures(at('pictures'))
  count = (await loadDataset(data, { size: 8, channels: 1 })).train.count
  await writeRun(at('run'), small, data)
  await writeRun(at('of classes'), { ...small, condition: { kind: 'class', classes: 2 } }, data)
  await writeRun(at('of averages'), { ...small, condition: { kind: 'low-res', size: 4 } }, data)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The command by itself; what it prints, and its error. */
async function tree(run: string, ...args: string[]) {
  const written = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map(name =>
    vi.spyOn(process[name], 'write').mockImplementation(text => {
      written[name] += text
      return true
    }),
  )
  const program = new Command('coppice').exitOverride().configureOutput({ outputError: () => {} })
  treeCommand(program)
  try {
    await program.parseAsync(['tree', run, '--threads', '1', '--json', ...args], { from: 'user' })
    return { ...written, error: null, json: JSON.parse(written.stdout) }
  } catch (error) {
    return { ...written, error: (error as Error).message, json: null }
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}

describe('of a small run', () => {
  test('a PNG says how it was made, and its size is that of the layout', async () => {
    const out = at('tree.png')
    const { json } = await tree(at('run'), '--depth', '2', '--children', '4,5', '--out', out)
    expect(json).toMatchObject({ depth: 2, root: [], images: count, out })
    // Where all four children fit, those that nobody uses are shown too.
    expect(json.nodes).toBe(1 + 4 + 16)
    const png = await readFile(out)
    const { width, height, channels } = decode(png)
    expect([width, channels]).toEqual([height, 3])
    expect(decodePngText(png)).toMatchObject({
      ...{ run: at('run'), step: '7', nodes: '21', images: String(count), depth: '2' },
      command: `coppice tree ${at('run')} --depth 2 --children 4,5`,
    })
  })

  test('codes are made once', async () => {
    await rm(at('run/codes.safetensors'), { force: true })
    const again = async () => (await tree(at('run'), '--depth', '1', '--out', at('once.png'))).stderr
    expect(await again()).toContain('encoding the')
    expect(await readdir(at('run'))).toContain('codes.safetensors')
    expect(await again()).not.toContain('encoding')
  })

  test('a page has the nodes, the counts and the nearest images', async () => {
    const { json } = await tree(at('run'), '--root', '1', '--out', at('page.html'), '--no-counted')
    expect(json).toMatchObject({ nodes: 1 + 4 + 16, depth: 2, root: [1], images: null })
    const counted = await tree(at('run'), '--out', at('page.html'))
    expect(counted.json).toMatchObject({ nodes: 85, depth: 3, images: count })
    const { document } = parseHTML(await readFile(at('page.html'), 'utf8'))
    const data = JSON.parse(document.getElementById('tree')!.textContent!)
    expect(data.passing.counts[0]).toBe(count)
    expect(data.passing.nearest[0]).toHaveLength(6)
    expect(data.passing.counts.slice(1, 5).reduce((a: number, b: number) => a + b)).toBe(count)
  })

  test('an SVG has a title for every node', async () => {
    const { json } = await tree(at('run'), '--depth', '1', '--whole', '--out', at('tree.svg'))
    const { document } = parseHTML(await readFile(at('tree.svg'), 'utf8'))
    expect(document.querySelectorAll('g > title')).toHaveLength(json.nodes)
  })

  test('what does not fit together is said', async () => {
    const of = async (...args: string[]) => (await tree(at('run'), ...args)).error
    expect(await of('--out', 'tree.pdf')).toBe('--out tree.pdf: give a name that ends in .png, .svg or .html')
    expect(await of('--whole', '--no-counted')).toContain('leave --no-counted out')
    expect(await of('--depth', '4', '--out', at('x.png'))).toBe(
      'invalid depth: 4; there are 3 levels below this node',
    )
    expect(await of('--root', '4', '--out', at('x.png'))).toContain(
      '4 is none of the codes 0 to 3 of layer 0',
    )
    expect(await of('--scale', '64', '--out', at('x.png'))).toContain('pixels wide, more than 8192')
    expect(await of('--children', '3,,2')).toContain('Give numbers, such as 40,8.')
    expect(await of('--condition', '1', '--out', at('x.png'))).toContain('was trained without one')
  })
})

describe('of a conditional run', () => {
  test('a class has its own tree, counted from its own images', async () => {
    const out = at('class.png')
    const { json } = await tree(at('of classes'), '--condition', '1', '--depth', '1', '--out', out)
    expect(json.images).toBeGreaterThan(50)
    expect(json.images).toBeLessThan(90)
    expect(decodePngText(await readFile(out)).command).toContain('--condition 1')
    expect((await tree(at('of classes'), '--out', out)).error).toContain('give a condition')
  })

  test('told of a picture has a tree that nothing is counted for', async () => {
    const out = at('low.png')
    const { json, stderr } = await tree(
      at('of averages'),
      ...['--condition', '0', '--depth', '1', '--out', out],
    )
    expect(json.images).toBeNull()
    expect(stderr).toContain('not counted: every training image is encoded under a condition of its own')
  })
})

test('of the digits that come with the package, with few nodes', async () => {
  const { json, error } = await tree(
    'digits',
    ...['--depth', '1', '--children', '8', '--scale', '2', '--out', at('digits.png')],
  )
  expect(error).toBeNull()
  expect(json).toMatchObject({ nodes: 9, depth: 1, images: 60_000 })
  expect(json.hidden.children).toBe(504)
  const picture = decode(await readFile(at('digits.png')))
  // Images of 4 pixels, twice as large, in a grid of 3 × 3.
  expect(picture.width).toBe(3 * (8 + 4) + 4)
})

describe('train --film', () => {
  const flags = [
    ...['--data', 'digits', '--set', 'network.stages=[{"grid":4,"patch":8,"layers":2,"width":8,"K":4}]'],
    ...['--batch', '4', '--threads', '1', '--evaluate', '20', '--no-report', '--film', '--steps', '3'],
  ]

  test('keeps frames on the way and a GIF at the end, over a resume too', async () => {
    const run = at('filmed')
    await coppice('train', ...flags, '--out', run, '--stop-at', '2')
    expect(await readdir(run)).not.toContain('film.gif')
    const { code } = await coppice(
      'train',
      ...['--resume', run, '--film', '--threads', '1', '--evaluate', '20', '--no-report'],
    )
    expect(code).toBe(0)
    // On a machine that is busy, frames between the first and the last may be left out.
    const frames = (await readdir(join(run, 'film'))).sort()
    expect(frames.map(name => name.slice(0, 5))).toEqual(frames.map((_, i) => `000${i}-`))
    expect([frames[0], frames.at(-1)!.slice(5)]).toEqual(['0000-step-0.png', 'step-3.png'])
    expect((await readFile(join(run, 'film.gif'))).subarray(0, 6).toString()).toBe('GIF89a')
  })

  test('is for networks that draw', async () => {
    const { code, stderr } = await coppice('train', '--model', 'classifier', '--film', '--out', at('none'))
    expect(code).toBe(2)
    expect(stderr).toBe('--film shows what a ddn draws; a classifier draws nothing\n')
  })
})
