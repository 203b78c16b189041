// The runs of this machine in the studio's room Grow: a training in Node, and a page that watches it.

import { appendFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { buildStatic } from '../../src/studio/server/static-site.ts'
import { Runs, type Served, serveStudio } from '../../src/studio/server.ts'
import { ddn } from '../../src/train/resolve.ts'
import { type FolderRun, train } from '../../src/train/run.ts'
import { readSafetensors, writeSafetensors } from '../../src/train/safetensors.ts'
import { modelFile } from '../../src/train/weights.ts'
import { writeRunFolder } from '../studio/server-folders.ts'
import { quick, tinyData, tinyModel } from '../train/tiny.ts'
import { buildStudio, describeInChromium, launch } from './harness.ts'

describeInChromium('runs in the room Grow', () => {
  let folder: string
  let built: string
  let browser: Browser
  const pages: Page[] = []
  const servers: Served[] = []
  const gate = new Gate()

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coppice-runs-'))
    built = join(folder, 'page')
    await buildStudio(built)
    browser = await launch()
  })
  afterEach(async () => {
    gate.open(Infinity)
    for (const page of pages.splice(0)) await page.close()
    for (const served of servers.splice(0)) await served.close()
  })
  afterAll(async () => {
    await browser?.close()
    await rm(folder, { recursive: true, force: true })
  })

  /** A studio of its own, with the runs of a folder of its own. */
  async function serve(name: string, { port = 0, page = built } = {}) {
    const runs = join(folder, name)
    const served = await serveStudio({ runs: await Runs.open(runs), page, port, follow: { every: 20 } })
    servers.push(served)
    return { runs, served }
  }

  /** A page, and what went wrong in it. */
  async function enter(url: string, query: string, options: Parameters<Browser['newPage']>[0] = {}) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, ...options })
    pages.push(page)
    const said: string[] = []
    const asked: string[] = []
    page.on('console', message => said.push(message.text()))
    page.on('pageerror', error => said.push(error.message))
    page.on('request', request => asked.push(request.url()))
    await page.goto(`${url}${query}`)
    return { page, said, asked }
  }

  test('a training is watched from before its beginning to its end, and its network used', async () => {
    const { runs, served } = await serve('watched')
    const { page, said, asked } = await enter(served.url, '?subject=runs')
    await page.getByText('There are no runs yet').waitFor()
    await page.getByText('npx coppice train --data digits --out runs/mine').waitFor()

    const training = train(tinyModel, tinyData(), {
      ...quick,
      out: join(runs, 'mine'),
      checkpointEvery: 0,
      watch: ({ step }) => gate.pass(step),
    })
    gate.open(5)
    // It appears by itself.
    await page.getByRole('heading', { name: 'mine' }).waitFor()
    const mark = page.getByRole('row', { name: 'mine' }).getByText('trains now')
    await mark.waitFor()
    await shows(page, 'steps', '5')
    await page.getByTestId('state').getByText('It trains now.').waitFor()
    await page.getByTestId('progress').getByText('12 %').waitFor()
    await page.getByTestId('start').getByText('discs: 60 images to learn from, 30 to test on').waitFor()
    await shows(page, 'images', '20')
    await page.getByRole('img', { name: 'Loss over the steps' }).locator('canvas').waitFor()
    // The fifth step is kept when the gate lets it pass.
    const before = await drawn(page, 4)
    gate.open(10)
    await shows(page, 'steps', '10')
    expect(await drawn(page, 9)).not.toBe(before)

    gate.open(Infinity)
    const run = await training
    await page.getByTestId('state').getByText('It is done: its budget is used up after 40 steps').waitFor()
    await mark.waitFor({ state: 'detached' })
    const last = await drawn(page, 40)
    await shows(page, 'test', String(Number(run.metrics!.mse.toPrecision(3))))
    const copies = run.log.reduce((sum, entry) => sum + (entry.type === 'step' ? entry.copies : 0), 0)
    await shows(page, 'copies', copies.toLocaleString('en'))

    // Another seed draws others, and the first one the same again; so does the link.
    await page.getByRole('button', { name: 'Draw others' }).click()
    await page.waitForFunction(
      last => document.querySelector<HTMLCanvasElement>('[data-testid=samples] canvas')!.toDataURL() !== last,
      last,
    )
    await page.goto(`${served.url}?subject=runs&run=mine`)
    expect(await drawn(page, 40)).toBe(last)
    await page.getByTestId('state').getByText('It is done').waitFor()

    await page.getByRole('link', { name: 'Walk this tree' }).click()
    await page.waitForFunction(() => location.search.includes('model=run%3Amine'))
    expect(new URL(page.url()).searchParams.get('room')).toBe('walk')
    await page.goBack()
    await page.getByRole('heading', { name: 'mine' }).waitFor()
    expect(said).toEqual([])
    expect(asked.filter(url => !url.startsWith(served.url) && !/^(data|blob):/.test(url))).toEqual([])
    await run.close()
  })

  describe('a run', () => {
    test('is chosen by keys and found again; its log may be long, begun anew, and gone', async () => {
      const { runs, served } = await serve('logged')
      for (const name of ['first', 'second']) await writeRunFolder(join(runs, name))
      const log = join(runs, 'second', 'log.jsonl')
      await writeFile(log, lines(1, 20_000))
      const { page } = await enter(served.url, '?subject=runs')
      await page.getByRole('button', { name: 'second' }).press('Enter')
      await shows(page, 'images', '80,000')
      expect(new URL(page.url()).search).toBe('?subject=runs&run=second')
      await page.reload()
      await shows(page, 'images', '80,000')
      expect(await page.getByRole('button', { name: 'second' }).getAttribute('aria-current')).toBe('true')
      expect(await page.getByRole('button', { name: 'first' }).getAttribute('aria-current')).toBeNull()
      await page.getByTestId('state').getByText('it was interrupted').waitFor()

      await writeFile(`${log}.aside`, lines(1, 3))
      await rename(`${log}.aside`, log)
      await shows(page, 'steps', '3')
      await appendFile(log, '{"type":"weather","step":4}\n')
      await page.getByRole('alert').getByText('1 line of the log could not be read and is left out').waitFor()
      await appendFile(log, lines(4, 4))
      await shows(page, 'steps', '4')

      await rm(join(runs, 'second'), { recursive: true })
      await page.getByRole('alert').getByText('There is no run called second any more').waitFor()
      await shows(page, 'steps', '4')
      await page.getByRole('button', { name: 'first' }).click()
      await page.getByRole('heading', { name: 'first' }).waitFor()
      await page.goto(`${served.url}?subject=runs&run=second`)
      await page.getByRole('alert').getByText('There is no run called second here. Choose one').waitFor()
    })

    test('whose weights another version wrote says so, and draws when they are others', async () => {
      const { runs, served } = await serve('versions')
      const run = await trained(join(runs, 'mine'))
      const path = join(runs, 'mine', 'model.safetensors')
      const model = Buffer.from(modelFile(run.config, run.model.layout, run.model.weights, run.step))
      const { tensors, metadata } = readSafetensors(model, 'model')
      await writeFile(path, writeSafetensors(tensors, { ...metadata, format: 'coppice-model-9' }))
      const { page } = await enter(served.url, '?subject=runs')
      await page.getByRole('alert').getByText('its format is coppice-model-9').waitFor()
      await writeFile(path, model)
      await appendFile(join(runs, 'mine', 'log.jsonl'), lines(50, 50))
      await drawn(page, 40)
      await page.getByText('its format is coppice-model-9').waitFor({ state: 'detached' })
    })

    test('is steered and compressed with at a click, and its class is chosen where it is told one', async () => {
      const { runs, served } = await serve('rooms')
      const model = ddn({
        size: 8,
        condition: { kind: 'class', classes: 3 },
        stages: [
          { grid: 2, layers: 1, width: 8, K: 4 },
          { grid: 4, patch: 2, layers: 2, width: 8, K: 4 },
        ],
      })
      const labels = (count: number) => Int32Array.from({ length: count }, (_, i) => i % 3)
      const data = tinyData()
      for (const images of [data.train, data.test]) images.labels = labels(images.count)
      const run = await train(model, data, { ...quick, out: join(runs, 'told') })
      await run.close()
      const { page, said } = await enter(served.url, '?subject=runs&run=told&codes=abc&root=1')
      await page.getByTestId('drawn').getByText('The network is told a class').waitFor()
      for (const [says, room] of [
        ['Compress with it', 'compress'],
        ['Steer it', 'steer'],
      ]) {
        const link = page.getByRole('link', { name: says })
        // Another tab would open the same.
        expect(await link.getAttribute('href')).toBe(`?room=${room}&model=run%3Atold&subject=runs&run=told`)
        await link.click()
        await page.waitForFunction(room => location.search.startsWith(`?room=${room}&model=run%3Atold`), room)
        expect(await page.getByLabel('Network', { exact: true }).inputValue()).toBe('run:told')
        if (room === 'compress') await page.goBack()
      }
      const pictures = async () => {
        await page.waitForFunction(
          () =>
            document.querySelectorAll('[aria-busy="false"] button[aria-label^="Result"]:enabled').length ===
            16,
        )
        return page
          .locator('button[aria-label^="Result"] canvas')
          .evaluateAll(all => all.map(canvas => (canvas as HTMLCanvasElement).toDataURL()).join())
      }
      const first = await pictures()
      const told = page.getByLabel('The network is told the class')
      await page.getByText('How one is picked').click()
      expect(await told.getAttribute('max')).toBe('2')
      await told.fill('2')
      await page.waitForFunction(() => location.search.includes('told=2'))
      await page.waitForFunction(
        first =>
          [...document.querySelectorAll<HTMLCanvasElement>('button[aria-label^="Result"] canvas')]
            .map(canvas => canvas.toDataURL())
            .join() !== first,
        first,
      )
      const third = await pictures()
      await page.reload()
      expect(await pictures()).toBe(third)
      await page.getByText('How one is picked').click()
      expect(await told.inputValue()).toBe('2')
      expect(said.filter(text => !/Failed to load|No available|Multiple readback/.test(text))).toEqual([])
    })

    test('of another family shows its numbers, and what has no weights yet says so; both fit on a phone', async () => {
      const { runs, served } = await serve('families')
      const config = { network: { model: 'classifier', size: 8, channels: 3, widths: [4] }, data: 'emoji' }
      await writeRunFolder(join(runs, 'judge'), config)
      await writeFile(join(runs, 'judge', 'log.jsonl'), `${lines(1, 3)}${evaluated(3, { accuracy: 0.625 })}`)
      await writeRunFolder(join(runs, 'young'))
      await rm(join(runs, 'young', 'model.safetensors'))
      const { page, said } = await enter(served.url, '?subject=runs&run=judge', {
        viewport: { width: 390, height: 800 },
        colorScheme: 'dark',
        reducedMotion: 'reduce',
      })
      await shows(page, 'test', '62.5 %')
      await page.getByText('A run of the family classifier draws no images').waitFor()
      expect(await page.getByRole('link', { name: 'Walk this tree' }).count()).toBe(0)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
      await page.getByRole('button', { name: 'young' }).click()
      await page.getByText('It has kept no weights yet').waitFor()
      expect(said).toEqual([])
    })
  })

  test('a server that ends is missed in a sentence, and followed again when it is back', async () => {
    const { runs, served } = await serve('lost')
    await writeRunFolder(join(runs, 'mine'))
    await writeFile(join(runs, 'mine', 'log.jsonl'), lines(1, 3))
    const { page } = await enter(served.url, '?subject=runs')
    await shows(page, 'images', '12')
    await served.close()
    servers.pop()
    await page.getByRole('alert').getByText("The connection to the studio's server is lost").waitFor()
    await page.getByRole('alert').getByText("The studio's server does not answer").waitFor()
    await shows(page, 'images', '12')
    await appendFile(join(runs, 'mine', 'log.jsonl'), lines(4, 5))
    await serve('lost', { port: served.port })
    await shows(page, 'images', '20')
    await page.getByText('The connection').waitFor({ state: 'detached' })
    await page.getByText('does not answer').waitFor({ state: 'detached' })
  })

  test('a page without a server says that there is none', async () => {
    const site = join(folder, 'site')
    const models = join(folder, 'no-models')
    await mkdir(models)
    await buildStatic(site, { page: built, models, runs: await Runs.open(join(folder, 'none')) })
    const { served } = await serve('none', { page: site })
    const { page, said } = await enter(served.url, '?subject=runs')
    await page.getByText("This page comes from a web host, without the studio's server").waitFor()
    expect(said).toEqual([])
  })
})

/** Lets a training go on as far as it is open. */
class Gate {
  private limit = 0
  private waiting: (() => void) | null = null

  open(limit: number) {
    this.limit = limit
    this.waiting?.()
  }

  /** Waits behind step `step`, if that is as far as one may go. */
  async pass(step: number) {
    while (step >= this.limit)
      await new Promise<void>(resolve => {
        this.waiting = resolve
      })
  }
}

async function trained(out: string): Promise<FolderRun<'ddn'>> {
  const run = await train(tinyModel, tinyData(), { ...quick, out })
  await run.close()
  return run
}

/** The lines of a log for the steps from … to. */
function lines(from: number, to: number): string {
  const entries = Array.from({ length: to - from + 1 }, (_, i) => {
    const step = from + i
    const progress = Math.min(1, step / 40_000)
    return {
      type: 'step',
      step,
      images: 4 * step,
      seconds: step,
      progress,
      loss: 1 / step,
      rate: 0.001,
      copies: 1,
    }
  })
  return entries.map(entry => `${JSON.stringify(entry)}\n`).join('')
}

function evaluated(step: number, metrics: Record<string, number>): string {
  return `${JSON.stringify({ type: 'evaluation', step, images: 4 * step, seconds: step, metrics, count: 30 })}\n`
}

async function shows(page: Page, id: string, text: string) {
  await page.waitForFunction(
    ([id, text]) => document.querySelector(`[data-testid=${id}]`)?.textContent === text,
    [id, text] as const,
  )
}

/** What the network drew after so many steps, as soon as that is shown. */
async function drawn(page: Page, step: number): Promise<string> {
  const sheet = page.getByRole('img', { name: `32 images that the network drew after ${step} steps` })
  await sheet.waitFor()
  return sheet.locator('canvas').evaluate(canvas => (canvas as HTMLCanvasElement).toDataURL())
}
