/** The report of a classifier: its own sections, true numbers, and the ones that every run has. */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseHTML } from 'linkedom'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Dataset, toFloat } from '../../src/data/dataset.ts'
import type { ClassifierContents } from '../../src/report/contents.ts'
import { gather } from '../../src/report/gather.ts'
import { page } from '../../src/report/page.ts'
import { writeReportOf } from '../../src/report/report.ts'
import { classifier } from '../../src/train/resolve.ts'
import { type FolderRun, train } from '../../src/train/run.ts'
import { tinyData } from '../train/tiny.ts'

const names = ['<dark>', 'grey', 'light']

/** Discs by their shade. */
function shades(): Dataset {
  const data = tinyData()
  const labelled = (images: Dataset['train']) => ({
    ...images,
    labels: Int32Array.from({ length: images.count }, (_, n) => {
      const most = Math.max(...images.pixels.subarray(64 * n, 64 * n + 64))
      return most < 150 ? 0 : most < 200 ? 1 : 2
    }),
  })
  return { ...data, train: labelled(data.train), test: labelled(data.test), classes: names }
}

let run: FolderRun<'classifier'>
const data = shades()
beforeAll(async () => {
  const out = await mkdtemp(join(tmpdir(), 'coppice-report-'))
  const model = classifier({ size: 8, patch: 1, widths: [8], groups: 2 })
  run = await train(model, data, { steps: 12, batch: 8, out, runtime: { threads: 1 } })
})
afterAll(async () => {
  await run.close()
  await rm(run.dir, { recursive: true })
})

test('it has its classes and mistakes, the training and the ways on, in one file that asks for nothing', async () => {
  const text = await readFile(await writeReportOf(run, { test: data.test }), 'utf8')
  const { document } = parseHTML(text)
  expect([...document.querySelectorAll('section > h2')].map(({ id }) => id)).toEqual([
    'classes',
    'mistakes',
    'training',
    'go-on',
    'about',
  ])
  expect(text).not.toMatch(/NaN|undefined|Infinity|\[object|https?:|<script|<dark>/i)
  const tiles = [...document.querySelectorAll('.numbers div')].map(tile => tile.textContent)
  expect(tiles[0]).toContain(`Test accuracy${(100 * run.metrics!.accuracy).toFixed(2)} %`)
  expect(tiles[1]).toContain('Test cross-entropy')
  // The loss with the cross-entropy, and the accuracy; each for wide and narrow pages.
  expect(document.querySelectorAll('svg')).toHaveLength(4)
  const commands = document.querySelector('.commands')?.textContent
  expect(commands).toContain('coppice export')
  expect(commands).not.toContain('coppice sample')
  expect((await readdir(run.dir)).filter(name => name.endsWith('.png'))).toEqual([])
})

test('what it says of classes and mistakes is what the model answers', async () => {
  const { contents } = await gather(run, { test: data.test })
  const { classes, count, wrong, mistakes } = contents.own as ClassifierContents
  const { labels } = data.test
  const probabilities = await run.model.classify(toFloat(data.test, [...labels!.keys()]))
  const rows = Array.from(labels!, (label, i) => {
    const row = [...probabilities.subarray(3 * i, 3 * i + 3)]
    return { label, said: row.indexOf(Math.max(...row)), sure: Math.max(...row) }
  })
  const errors = rows.filter(({ label, said }) => label !== said).sort((a, b) => b.sure - a.sure)
  expect([count, wrong]).toEqual([rows.length, errors.length])
  expect(1 - wrong / count).toBeCloseTo(run.metrics!.accuracy, 12)
  expect(mistakes.map(({ label, said, probability }) => [label, said, probability])).toEqual(
    errors.slice(0, 24).map(({ label, said, sure }) => [names[label], names[said], sure]),
  )
  classes.forEach(({ name, count, right, confusion }, label) => {
    const own = rows.filter(row => row.label === label)
    const others = [0, 1, 2]
      .filter(said => said !== label)
      .map(said => own.filter(row => row.said === said).length)
    expect([name, count, right]).toEqual([
      names[label],
      own.length,
      own.filter(row => row.said === label).length,
    ])
    expect(confusion?.count ?? 0).toBe(Math.max(...others))
  })
})

test('without its data it still makes a report, and says why', async () => {
  const text = page((await gather(run)).contents)
  const { document } = parseHTML(text)
  expect(document.querySelector('.note')?.textContent).toContain('discs')
  expect([...document.querySelectorAll('section > h2')].map(({ id }) => id)).toEqual([
    'training',
    'go-on',
    'about',
  ])
  expect(text).not.toMatch(/NaN|undefined|Infinity/)
})
