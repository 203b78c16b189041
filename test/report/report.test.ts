/** Reports of tiny runs: all there, whole, of one file, and safe against whatever names and logs hold. */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseHTML } from 'linkedom'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Images } from '../../src/data/dataset.ts'
import { random } from '../../src/data/rng.ts'
import { DdnModel } from '../../src/ddn/model.ts'
import { layoutOf } from '../../src/ddn/program.ts'
import type { DdnContents } from '../../src/report/contents.ts'
import { gather } from '../../src/report/gather.ts'
import { chooseDepths, chooseShown } from '../../src/report/gather-ddn.ts'
import { history } from '../../src/report/history.ts'
import { page } from '../../src/report/page.ts'
import { decodePngText } from '../../src/report/png.ts'
import { writeReportOf } from '../../src/report/report.ts'
import { families } from '../../src/train/families.ts'
import type { LogEntry } from '../../src/train/log.ts'
import { resolveConfig } from '../../src/train/resolve.ts'
import { FolderRun } from '../../src/train/run.ts'

const sections = [
  'samples',
  'reconstructions',
  'variations',
  'interpolations',
  'training',
  'nodes',
  'go-on',
  'about',
]

/** A run of an untrained network with 5 layers on 8×8 images, and its test images. */
async function tinyRun(channels: 1 | 3, log: LogEntry[], data = 'digits') {
  const config = resolveConfig({
    network: {
      model: 'ddn',
      size: 8,
      channels,
      stages: [
        { grid: 1, layers: 1, width: 8, K: 4 },
        { grid: 4, patch: 1, layers: 2, width: 8, K: 8 },
        { grid: 4, patch: 2, layers: 2, width: 8, K: 16 },
      ],
    },
    data,
    budget: { steps: 100 },
  })
  const model = await DdnModel.open(
    config.network,
    layoutOf(config.network).initialise(random(0, 'weights')),
    {
      threads: 1,
    },
  )
  const dir = await mkdtemp(join(tmpdir(), 'coppice-report-'))
  const made = { coppice: '0.1.0', engine: 'onnxruntime-node 1.30.0', created: '2025-11-22T12:00:00Z' }
  const run = new FolderRun({ dir, config, made, log, model, step: 100, seconds: 12.5 })
  const rng = random(1, 'pixels')
  const images: Images = {
    count: 40,
    channels,
    size: 8,
    pixels: Uint8Array.from({ length: 40 * channels * 64 }, () => rng.int(256)),
    labels: Int32Array.from({ length: 40 }, (_, i) => i % 10),
  }
  return { run, test: images }
}

function step(at: number, loss = 1 / at): LogEntry {
  const each = { loss, metrics: { mse: loss / 2 }, norm: 1, rate: 1e-3, copies: 2 }
  return { type: 'step', step: at, images: 64 * at, seconds: at / 8, progress: at / 100, ...each }
}

function evaluation(at: number, mse = 0.5): LogEntry {
  const usage = [4, 8, 8, 16, 16].map(K => ({ entropy: Math.log2(K) - 0.1, perplexity: K, dead: 1 }))
  const means = { metrics: { mse }, losses: [0.1, 0.2, 0.3, 0.4, mse], count: 40, usage }
  return { type: 'evaluation', step: at, images: 64 * at, seconds: at / 8, ...means }
}

const wholeLog = [
  ...Array.from({ length: 100 }, (_, i) => step(i + 1)),
  evaluation(50),
  evaluation(100, 0.25),
]

describe.each([
  [1, 'grey'],
  [3, 'colour'],
] as const)('of %d channels', (channels, name) => {
  let run: FolderRun
  let images: Images
  let text: string

  beforeAll(async () => {
    ;({ run, test: images } = await tinyRun(channels, wholeLog))
    text = await readFile(await writeReportOf(run, { test: images }), 'utf8')
  })

  afterAll(async () => {
    await run.close()
    await rm(run.dir, { recursive: true })
  })

  test('every section is there, with a heading', () => {
    const { document } = parseHTML(text)
    expect([...document.querySelectorAll('section > h2')].map(({ id }) => id)).toEqual(sections)
    expect(document.querySelector('h1')?.textContent).toBe(`Digits, 8 × 8 ${name}`)
    expect(document.querySelector('header')?.textContent).toContain('0.250')
  })

  test('the page asks nothing of any other file or host', () => {
    const { document } = parseHTML(text)
    expect(text).not.toMatch(/https?:|@import|url\(|<script/i)
    const sources = [...document.querySelectorAll('[src], [href]')].map(
      element => element.getAttribute('src') ?? element.getAttribute('href'),
    )
    expect(sources.length).toBeGreaterThan(100)
    for (const source of sources) expect(source).toMatch(/^(data:|#)/)
  })

  test('every image and chart has words in its place, or stands in a group that has', () => {
    const { document } = parseHTML(text)
    for (const image of document.querySelectorAll('img'))
      expect(
        image.getAttribute('alt') || image.closest('[role=img]')?.getAttribute('aria-label'),
      ).toBeTruthy()
    const charts = [...document.querySelectorAll('svg')]
    expect(charts.length).toBe(6)
    for (const chart of charts) expect(chart.getAttribute('aria-label')).not.toMatch(/NaN|undefined|Infinity/)
  })

  test('numbers are numbers', () => {
    expect(text).not.toMatch(/NaN|undefined|Infinity|\[object/)
  })

  test('the pictures lie beside it, with recipes, and nothing else', async () => {
    expect((await readdir(run.dir)).sort()).toEqual(['reconstructions.png', 'report.html', 'samples.png'])
    const samples = decodePngText(await readFile(join(run.dir, 'samples.png')))
    expect(samples).toMatchObject({ seed: '0', step: '100', count: '64' })
    expect(JSON.parse(samples.codes).flat()).toEqual(Array.from(run.model.draw({ count: 64, seed: 0 })))
    const rebuilt = decodePngText(await readFile(join(run.dir, 'reconstructions.png')))
    expect(rebuilt).toMatchObject({ split: 'test', images: '[0,1,2,3,4,5,6,7,8,9]', layers: '[1,2,3,4,5]' })
  })

  test('what is rebuilt last is what the model makes of the codes, and its error is as a plain loop finds it', async () => {
    const { contents } = await gather(run, { test: images })
    const pixels = Float32Array.from(images.pixels, byte => byte / 127.5 - 1)
    const rebuilt = await run.model.reconstruct(pixels)
    let sum = 0
    for (let i = 0; i < pixels.length; i++) sum += (pixels[i] - rebuilt[i]) ** 2
    const { errors, count } = (contents.own as DdnContents).reconstructions!
    expect(count).toBe(40)
    expect(errors.map(({ bits }) => bits)).toEqual([2, 5, 8, 12, 16])
    expect(errors[4].mse).toBeCloseTo(sum / pixels.length, 6)
  })
})

describe('with little or bad input', () => {
  const runs: FolderRun[] = []

  async function open(log: LogEntry[], data?: string) {
    const tiny = await tinyRun(1, log, data)
    runs.push(tiny.run)
    return tiny
  }

  afterAll(async () => {
    for (const run of runs) {
      await run.close()
      await rm(run.dir, { recursive: true })
    }
  })

  test.each([
    ['no entry', []],
    ['one step', [step(1)]],
    ['one evaluation', [evaluation(1)]],
    ['losses of zero and infinity', [step(1, 0), step(2, Number.POSITIVE_INFINITY), step(3, 0.5)]],
  ])('a log of %s still makes a report', async (_, log) => {
    const { run, test } = await open(log as LogEntry[])
    const text = page((await gather(run, { test })).contents)
    expect(text).not.toMatch(/NaN|undefined|Infinity/)
    const { document } = parseHTML(text)
    expect([...document.querySelectorAll('section > h2')].map(({ id }) => id)).toEqual(sections)
  })

  test('without its data it says why, and shows the rest', async () => {
    const { run } = await open(wholeLog, 'folder:/no/such/folder')
    const text = await readFile(await writeReportOf(run), 'utf8')
    const { document } = parseHTML(text)
    expect(document.querySelector('.note')?.textContent).toContain('/no/such/folder')
    expect([...document.querySelectorAll('section > h2')].map(({ id }) => id)).toEqual(
      sections.filter(id => id !== 'reconstructions' && id !== 'interpolations'),
    )
    expect(await readdir(run.dir)).not.toContain('reconstructions.png')
  })

  test('text from outside stays text', async () => {
    const evil = `</title></style><script>alert('1')</script><img src=x onerror="alert(2)">&amp;`
    const { run, test } = await open(wholeLog)
    const { contents } = await gather(run, { test })
    const thumbnail = { source: `x" onerror="${evil}`, label: evil }
    const text = page({
      ...contents,
      name: evil,
      path: evil,
      data: evil,
      notes: [evil],
      versions: { [evil]: evil },
      config: { [evil]: evil },
      own: { ...(contents.own as DdnContents), samples: { seed: 0, images: [thumbnail] } },
    })
    expect(text).not.toMatch(/<script|<img src=x/)
    const { document } = parseHTML(text)
    expect(document.querySelector('title')?.textContent).toContain(evil)
    expect(document.querySelector('.note')?.textContent).toBe(evil)
    expect(document.querySelector('.tiles img')?.getAttribute('title')).toBe(evil)
    expect(document.querySelectorAll('script, [onerror]').length).toBe(0)
    // A shell reads the hostile path as one word.
    expect(document.querySelector('.commands')?.textContent).toContain(`'${evil.replaceAll("'", "'\\''")}'`)
  })

  test('the same run gives the same report, but for the time it was written', async () => {
    const { run, test } = await open(wholeLog)
    const written = new Date(0)
    const [a, b] = [await gather(run, { test }), await gather(run, { test })]
    expect(page({ ...a.contents, written })).toBe(page({ ...b.contents, written }))
  })
})

test('what came after the checkpoint is left out of the history', () => {
  const log = [step(1), step(2), evaluation(2), step(3), evaluation(3)]
  const { loss, metrics, copies } = history(log, families.ddn.metrics, 2)
  expect(loss).toEqual([
    { step: 1, value: 1 },
    { step: 2, value: 0.5 },
  ])
  expect(metrics).toMatchObject([{ name: 'mse', test: [{ step: 2, value: 0.5 }] }])
  expect(copies).toBe(4)
})

test('the depths shown are different layers, from the first to the last', () => {
  for (let layers = 1; layers <= 130; layers++) {
    const depths = chooseDepths(layers, 10)
    expect(depths.length).toBe(Math.min(layers, 10))
    expect([depths[0], depths[depths.length - 1]]).toEqual([0, layers - 1])
    expect(new Set(depths).size).toBe(depths.length)
    expect(depths).toEqual([...depths].sort((a, b) => a - b))
  }
})

test('the test images shown are one of every class, or spread where classes are few, many or unknown', () => {
  const of = (labels?: number[]): Images => ({
    count: 20,
    channels: 1,
    size: 1,
    pixels: new Uint8Array(20),
    labels: labels && Int32Array.from(labels),
  })
  const spread = [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]
  expect([...chooseShown(of(Array.from({ length: 20 }, (_, i) => 9 - (i % 10))), 10)]).toEqual([
    9, 8, 7, 6, 5, 4, 3, 2, 1, 0,
  ])
  expect([...chooseShown(of(new Array(20).fill(0)), 10)]).toEqual(spread)
  expect([...chooseShown(of(new Array(20).fill(-1)), 10)]).toEqual(spread)
  expect([...chooseShown(of(), 10)]).toEqual(spread)
})
