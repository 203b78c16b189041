// The memory of the room Grow while it trains on images, sampled for minutes.

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Browser, CDPSession, Page, Worker } from 'playwright-core'
import { Runs, serveStudio } from '../../src/studio/server.ts'
import { launch } from './browser.ts'
import { markdown, median, setting } from './numbers.ts'

export interface MemoryOptions {
  /** After a minute of warm-up. */
  minutes: number
}

/** Megabytes. */
interface Sample {
  steps: number
  /** The page's JavaScript, after a collection. */
  heap: number
  /** The worker's WebAssembly. */
  wasm: number
  /** Pages of memory that the renderer's process has for itself: these, the worker's JavaScript, and all else. */
  own: number
}

declare global {
  var memories: WebAssembly.Memory[]
}

/** What the workers' file name begins with. */
const WORKER = 'main-'

const SECONDS = 15
const WARM_UP = 60_000
/** Samples whose median is the beginning or the end of the curve. */
const ENDS = 3

export async function memory({ minutes }: MemoryOptions): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'coppice-bench-'))
  const served = await serveStudio({ runs: await Runs.open(folder), port: 0 })
  const browser = await launch()
  const samples: Sample[] = []
  try {
    const page = await browser.newPage()
    await watchMemories(page)
    await page.goto(`${served.url}?subject=images`)
    const debug = await page.context().newCDPSession(page)
    await page.waitForFunction(
      () => (document.querySelector('[data-testid=steps]')?.textContent ?? '0') !== '0',
    )
    await wait(WARM_UP)
    const count = Math.max(2 * ENDS, Math.round((60 * minutes) / SECONDS) + 1)
    const started = performance.now()
    for (let i = 0; i < count; i++) {
      await wait(started + 1000 * SECONDS * i - performance.now())
      samples.push(await sample(browser, page, debug))
    }
    const error = await page.getByRole('alert').allTextContents()
    if (error.length) throw new Error(`the room says: ${error.join(' ')}`)
  } finally {
    await browser.close()
    await served.close()
    await rm(folder, { recursive: true })
  }
  const row = (name: string, of: (sample: Sample) => number) => {
    const values = samples.map(of)
    const [first, last] = [median(values.slice(0, ENDS)), median(values.slice(-ENDS))]
    const change = `${(100 * (last / first - 1)).toFixed(1)} %`
    return [name, first.toFixed(1), last.toFixed(1), change, values.map(value => value.toFixed(0)).join(' ')]
  }
  const [first, last] = [samples[0], samples[samples.length - 1]]
  return [
    `The room Grow on images, ${minutes} minutes after one of warm-up, a sample each ${SECONDS} s; steps ${first.steps} to ${last.steps}.`,
    `Start and end are medians of ${ENDS} samples, in MB.`,
    setting(`Chromium ${browser.version()}`),
    '',
    markdown(
      ['memory', 'start', 'end', 'change', 'samples'],
      [
        row("the page's JavaScript", sample => sample.heap),
        row("the worker's WebAssembly", sample => sample.wasm),
        row("the renderer's own pages", sample => sample.own),
      ],
    ),
  ].join('\n')
}

async function sample(browser: Browser, page: Page, debug: CDPSession): Promise<Sample> {
  const steps = await page.evaluate(() => document.querySelector('[data-testid=steps]')!.textContent!)
  await debug.send('HeapProfiler.collectGarbage')
  const { usedSize } = await debug.send('Runtime.getHeapUsage')
  const wasm = await worker(page).evaluate(() =>
    self.memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0),
  )
  const megabytes = [usedSize, wasm].map(bytes => bytes / 2 ** 20)
  return {
    steps: Number(steps.replace(/,/g, '')),
    heap: megabytes[0],
    wasm: megabytes[1],
    own: await ownPages(browser),
  }
}

function worker(page: Page): Worker {
  const found = page.workers().find(worker => worker.url().includes(WORKER))
  if (!found) throw new Error('the room has no worker: was its script renamed?')
  return found
}

/** Lets the worker keep its WebAssembly memories in `memories`: nothing else tells how large they are. */
async function watchMemories(page: Page) {
  await page.route(`**/assets/${WORKER}*.js`, async route => {
    const response = await route.fetch()
    const watch = `self.memories = []; WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
      construct(target, args) { const made = new target(...args); self.memories.push(made); return made },
    });`
    await route.fulfill({ response, body: `${watch}\n${await response.text()}` })
  })
}

/** Of the renderer that has most: another one waits for the next page. */
async function ownPages(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  const renderers = processInfo.filter(({ type }) => type === 'renderer')
  const megabytes = await Promise.all(
    renderers.map(async ({ id }) => {
      const rollup = await readFile(`/proc/${id}/smaps_rollup`, 'utf8')
      const kilobytes = Array.from(rollup.matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB$/gm), ([, kB]) =>
        Number(kB),
      )
      return kilobytes.reduce((a, b) => a + b, 0) / 1024
    }),
  )
  return Math.max(...megabytes)
}
