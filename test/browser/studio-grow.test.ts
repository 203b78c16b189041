// The studio's room Grow as a visitor has it: the built page from its own server, driven by names and keys.

import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unzipSync } from 'fflate'
import type { Browser, Download, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { random } from '../../src/data/rng.ts'
import { decodePngText, encodePng } from '../../src/report/png.ts'
import { Runs, type Served, serveStudio } from '../../src/studio/server.ts'
import { mostPoints } from '../../src/studio/workers/grow-drawing.ts'
import { readSafetensors, writeSafetensors } from '../../src/train/safetensors.ts'
import { buildStudio, describeInChromium, launch } from './harness.ts'

describeInChromium('the room Grow', () => {
  let folder: string
  let served: Served
  let browser: Browser
  const pages: Page[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coppice-grow-'))
    const page = join(folder, 'page')
    await buildStudio(page)
    served = await serveStudio({ runs: await Runs.open(join(folder, 'runs')), page, port: 0 })
    browser = await launch()
  })
  afterEach(async () => {
    for (const page of pages.splice(0)) await page.close()
  })
  afterAll(async () => {
    await browser?.close()
    await served?.close()
    await rm(folder, { recursive: true, force: true })
  })

  /** A page of the room, and what went wrong in it. */
  async function enter(query = '', options: Parameters<Browser['newPage']>[0] = {}) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, ...options })
    pages.push(page)
    const said: string[] = []
    const asked: string[] = []
    page.on('console', message => {
      if (message.text() !== 'No available adapters.') said.push(message.text())
    })
    page.on('pageerror', error => said.push(error.message))
    page.on('request', request => asked.push(request.url()))
    await page.addInitScript(watch)
    await page.goto(`${served.url}${query}`, { waitUntil: 'commit' })
    return { page, said, asked }
  }

  describe('points', () => {
    test('live within two seconds of the first navigation, without ONNX Runtime or another origin', async () => {
      const { page, said, asked } = await enter()
      await reached(page, 'steps', 2)
      const born = await page.evaluate(() => (window as unknown as Watched).watched.born)
      console.log(`points: first steps shown ${Math.round(born)} ms after the navigation`)
      expect(born).toBeLessThan(2000)
      const first = await plane(page)
      await reached(page, 'steps', (await number(page, 'steps')) + 10)
      expect(await plane(page)).not.toBe(first)
      expect(asked.filter(url => !url.startsWith(served.url) && !url.startsWith('data:'))).toEqual([])
      expect(asked.filter(url => /\.wasm|ort/.test(url))).toEqual([])
      expect(said).toEqual([])
    })

    test('come nearer to the density than as many real samples', async () => {
      const { page } = await enter('?density=words&nodes=500&pace=20')
      await page.waitForFunction(() => {
        const value = (id: string) => Number(document.querySelector(`[data-testid=${id}]`)?.textContent)
        return value('steps') > 300 && value('kl') < value('kl-real')
      })
    })

    test('pause, step and begin anew by keys and buttons, and follow the sliders while they move', async () => {
      const { page } = await enter('?seed=4')
      await reached(page, 'steps', 4)
      await page.keyboard.press('Space')
      await page.getByRole('button', { name: 'Play' }).waitFor()
      await settled(page)
      const paused = await number(page, 'steps')
      await page.keyboard.press('.')
      await reached(page, 'steps', paused + 1)
      expect(await number(page, 'steps')).toBe(paused + 1)
      await page.getByRole('button', { name: 'Step', exact: true }).click()
      await reached(page, 'steps', paused + 2)
      await page.getByRole('button', { name: 'Reset' }).click()
      await shows(page, 'steps', '0')

      await page.getByLabel('Step size').focus()
      await page.keyboard.press('ArrowRight')
      await page.getByLabel('Speed').fill('7')
      await page.getByLabel('Split-and-Prune').uncheck()
      await page.keyboard.press('Escape')
      expect(new URL(page.url()).search).toBe('?seed=4&step=0.41&pace=7&split=off')
      await page.getByRole('button', { name: 'Step', exact: true }).click()
      await reached(page, 'steps', 1)
      // Another number of nodes begins anew; another density does not.
      await page.getByRole('combobox', { name: 'Density' }).selectOption('words')
      expect(await number(page, 'steps')).toBe(1)
      await page.getByRole('slider', { name: 'Nodes' }).fill('700')
      await shows(page, 'steps', '0')
      expect(new URL(page.url()).search).toContain('nodes=700')
    })

    test('a drawing is what they learn; its link and its saved picture bring it back', async () => {
      const still = { reducedMotion: 'reduce' } as const
      const { page } = await enter('', still)
      const canvas = page.getByRole('img', { name: 'Nodes over' })
      const box = (await canvas.boundingBox())!
      await page.mouse.move(box.x + 100, box.y + 100)
      await page.mouse.down()
      await page.mouse.move(box.x + 300, box.y + 200, { steps: 5 })
      await page.mouse.move(box.x + 320, box.y + 400, { steps: 5 })
      await page.mouse.up()
      await page.waitForFunction(() => location.search.includes('drawing='))
      await page.mouse.move(0, 0)
      const query = new URL(page.url()).search
      expect(query).toContain('density=drawn')
      await settled(page)
      const drawn = await plane(page)

      const other = (await enter(query, still)).page
      await other.getByText('Draw on the picture with the pointer').waitFor()
      await settled(other)
      expect(await plane(other)).toBe(drawn)

      const [saved] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Save PNG' }).click(),
      ])
      const png = await bytesOf(saved)
      expect(decodePngText(png).studio).toBe(query.slice(1))
      const fresh = (await enter('', still)).page
      await fresh.getByRole('heading', { name: /^Grow/ }).waitFor({ state: 'attached' })
      await drop(fresh, [{ name: 'points.png', bytes: png }])
      await fresh.waitForFunction(wanted => location.search === wanted, query)
      await settled(fresh)
      expect(await plane(fresh)).toBe(drawn)
      await drop(fresh, [{ name: 'notes.txt', bytes: Uint8Array.of(1) }])
      await fresh.getByRole('alert').getByText('notes.txt is no picture').waitFor()
    })

    test('stand still until they are asked to move, where less motion is wanted', async () => {
      const { page } = await enter('', { reducedMotion: 'reduce' })
      await page.getByRole('button', { name: 'Play' }).waitFor()
      await settled(page)
      expect(await number(page, 'steps')).toBe(0)
      await page.getByRole('button', { name: 'Play' }).click()
      await reached(page, 'steps', 2)
    })

    test('go on where they were when the room is entered again, and fit on a phone', async () => {
      const { page } = await enter('', { viewport: { width: 390, height: 800 } })
      await reached(page, 'steps', 10)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
      await page.getByRole('button', { name: 'Images' }).click()
      await page.getByText('It learns from').waitFor()
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
      await page.getByRole('button', { name: 'Points' }).click()
      expect(await number(page, 'steps')).toBeGreaterThanOrEqual(10)
    })

    test('do what their controls say: the same start and the same settings give the same picture', async () => {
      const { page } = await enter('?seed=4&nodes=300', { reducedMotion: 'reduce' })
      await settled(page)
      const button = (name: string) => page.getByRole('button', { name, exact: true })
      const grown = async () => {
        await button('Reset').click()
        await settled(page)
        // Clicks that come before the next picture are steps of that one.
        await button('Step').evaluate(step => {
          for (let i = 0; i < 400; i++) (step as HTMLButtonElement).click()
        })
        await shows(page, 'steps', '400')
        await settled(page)
        return plane(page)
      }
      const first = await grown()
      expect(await grown()).toBe(first)
      await page.getByLabel('Split-and-Prune').uncheck()
      expect(await grown()).not.toBe(first)
      await page.getByLabel('Split-and-Prune').check()
      await page.getByLabel('Step size').fill('0.1')
      expect(await grown()).not.toBe(first)
      await page.getByLabel('Step size').fill('0.4')
      expect(await grown()).toBe(first)

      await page.getByRole('combobox', { name: 'Density' }).selectOption('blurs')
      await page.waitForFunction(() => location.search.includes('density=blurs'))
      await settled(page)
      expect(await plane(page)).not.toBe(first)
      await page.locator('body').press('r')
      await shows(page, 'steps', '0')
      expect(new URL(page.url()).searchParams.get('seed')).not.toBe('4')

      await page.getByLabel('Speed').fill('7')
      await button('Play').click()
      await reached(page, 'steps', 7)
      await button('Pause').click()
      await button('Play').waitFor()
      await settled(page)
      expect((await number(page, 'steps')) % 7).toBe(0)
    })

    test('a drawing is cleared, and one that is full says so', async () => {
      const line = 'AA__'.repeat(mostPoints / 2)
      const { page } = await enter(`?density=drawn&drawing=${line}`, { reducedMotion: 'reduce' })
      await page.getByText('The drawing is full.').waitFor()
      await settled(page)
      const drawn = await plane(page)
      await page.getByRole('button', { name: 'Clear' }).click()
      await page.waitForFunction(() => location.search === '?density=drawn')
      await page.getByText('Draw on the picture with the pointer.').waitFor()
      await settled(page)
      expect(await plane(page)).not.toBe(drawn)
      expect(await page.getByRole('button', { name: 'Clear' }).isDisabled()).toBe(true)
    })

    test('open as a link says', async () => {
      const query = '?density=qr&nodes=600&step=0.25&pace=9&split=off'
      const { page } = await enter(query, { reducedMotion: 'reduce' })
      await settled(page)
      expect(await page.getByRole('combobox', { name: 'Density' }).inputValue()).toBe('qr')
      for (const [label, value] of [
        ['Nodes, K', '600'],
        ['Step size', '0.25'],
        ['Speed', '9'],
      ])
        expect(await page.getByLabel(label).inputValue()).toBe(value)
      expect(await page.getByLabel('Split-and-Prune').isChecked()).toBe(false)
      expect(new URL(page.url()).search).toBe(query)
    })

    test('give way to the runs, and the name at the top leads back to the start', async () => {
      const { page } = await enter('?density=words&nodes=500')
      await page.getByRole('button', { name: 'Runs', exact: true }).click()
      await page.getByText('There are no runs yet').waitFor()
      expect(new URL(page.url()).searchParams.get('subject')).toBe('runs')
      await page.getByRole('link', { name: 'Coppice studio, from the start' }).click()
      await page.waitForFunction(() => location.search === '')
      expect(await page.getByRole('combobox', { name: 'Density' }).inputValue()).toBe('spiral')
    })
  })

  describe('images', () => {
    test('are learned while the page stays quick; the run pauses, steps, is saved, left, and begun anew', async () => {
      const { page, said } = await enter('?subject=images&K=16')
      await reached(page, 'steps', 3)
      await page.getByText('7 choices of 16: 28 bits an image').waitFor()
      const threads = await page.evaluate(() => navigator.hardwareConcurrency)
      expect(await page.getByTestId('engine').textContent()).toContain(
        threads > 1 ? `WASM, ${threads} threads` : 'WASM, one thread',
      )
      // Keys and sliders while it computes with all cores.
      await browser.startTracing(page, { categories: ['disabled-by-default-devtools.timeline'] })
      const delays: number[] = []
      for (let i = 0; i < 8; i++) {
        await page.evaluate(() => (window as unknown as Watched).watched.begin())
        const from = await number(page, 'steps')
        await page.getByLabel('Chain dropout').press('ArrowRight')
        await page.getByLabel('Learning rate').press('ArrowLeft')
        await reached(page, 'steps', from + 2)
        delays.push(await page.evaluate(() => (window as unknown as Watched).watched.delay))
      }
      const longest = longestTask(await browser.stopTracing())
      delays.sort((a, b) => a - b)
      console.log(
        `images: ${await number(page, 'speed')} a second; of the page's own time ${longest.toFixed(1)} ms in its longest task; ` +
          `inputs waited ${delays.map(Math.round).join(', ')} ms`,
      )
      expect(longest).toBeGreaterThan(0)
      expect(longest).toBeLessThan(50)
      // Half of the inputs: other programs on this machine may hold up a few.
      expect(delays[delays.length >> 1]).toBeLessThan(50)
      expect(await page.evaluate(() => location.search)).toContain('dropout=0.13')

      await page.getByLabel('Split-and-Prune').uncheck()
      await page.getByRole('heading', { name: 'It draws' }).click()
      await page.keyboard.press('Space')
      await page.getByRole('button', { name: 'Play' }).waitFor()
      await settled(page)
      const paused = await number(page, 'steps')
      await page.keyboard.press('.')
      await reached(page, 'steps', paused + 1)
      expect(await number(page, 'steps')).toBe(paused + 1)
      await settled(page)
      const drawn = await sheet(page, '24 images')

      // Left and entered again.
      await page.getByRole('button', { name: 'Points' }).click()
      await page.getByText('Nodes, K').waitFor()
      await page.getByRole('button', { name: 'Images' }).click()
      await page.getByRole('button', { name: 'Step', exact: true }).and(page.locator(':enabled')).waitFor()
      expect(await number(page, 'steps')).toBe(paused + 1)
      expect(await sheet(page, '24 images')).toBe(drawn)

      const run = await keep(page, 'Save the run')
      expect(JSON.parse(readSafetensors(run, 'run').metadata.state).step).toBe(paused + 1)
      const weights = await keep(page, 'Weights (safetensors)')
      expect(readSafetensors(weights, 'weights').metadata.step).toBe(String(paused + 1))
      const onnx = unzipSync(await keep(page, 'ONNX models (zip)'))
      expect(Object.keys(onnx)).toContain('digits/train-step.onnx')
      expect(JSON.parse(new TextDecoder().decode(onnx['digits/manifest.json'])).step).toBe(paused + 1)

      // K begins anew; the saved run brings everything back, the sliders too.
      await page.getByLabel('Nodes a layer').press('ArrowLeft')
      await page.getByText('7 choices of 8: 21 bits an image').waitFor()
      await shows(page, 'steps', '0')
      await page.getByLabel('Load a run').setInputFiles({ name: 'my.safetensors', ...file(run) })
      await page.getByText('Continued from my.safetensors').waitFor()
      await page.getByText('7 choices of 16: 28 bits an image').waitFor()
      await shows(page, 'steps', String(paused + 1))
      expect(await page.evaluate(() => location.search)).not.toContain('K=8')
      await settled(page)
      expect(await sheet(page, '24 images')).toBe(drawn)

      // Weights so large that the loss is no number: it pauses and says so.
      await page.getByLabel('Load a run').setInputFiles({ name: 'wild.safetensors', ...file(spoilt(run)) })
      await page.getByText('Continued from wild.safetensors').waitFor()
      await page.getByRole('button', { name: 'Play' }).click()
      await page.getByRole('alert').getByText('is no number any more').waitFor()
      await page.getByRole('button', { name: 'Play' }).waitFor()
      await page.getByLabel('Load a run').setInputFiles({ name: 'no.safetensors', ...file(weights) })
      await page.getByRole('alert').getByText('its format is coppice-model-1, not coppice-state-1').waitFor()
      expect(said).toEqual([])
    })

    test("are the visitor's own, the unreadable ones named, too few refused", async () => {
      const { page } = await enter('?subject=images', { reducedMotion: 'reduce' })
      await page.getByText('held out.').waitFor()
      await page.getByRole('button', { name: 'Step', exact: true }).and(page.locator(':enabled')).waitFor()
      const choose = page.getByLabel('Your pictures')
      await choose.setInputFiles(pictures(3))
      await page
        .getByRole('alert')
        .getByText('3 pictures are too few to learn from: give at least 8')
        .waitFor()
      await page.getByText('digits of MNIST').waitFor()
      await choose.setInputFiles([
        ...pictures(9),
        { name: 'notes.png', mimeType: 'image/png', buffer: Buffer.from('no picture') },
      ])
      await page.getByText('pictures of your own').waitFor()
      await page.getByText('Skipped: notes.png (damaged').waitFor()
      const counts = (await page.getByTestId('data').textContent())!.match(/\d+/g)!.map(Number)
      expect(counts[0] + counts[1]).toBe(9)
      // Transparent at its left, of one colour at its right, the middle of a wide picture.
      const first = await page
        .getByRole('img', { name: 'Some of the images' })
        .locator('canvas')
        .evaluate(canvas => {
          const context = (canvas as HTMLCanvasElement).getContext('2d')!
          return [context.getImageData(4, 16, 1, 1).data, context.getImageData(28, 16, 1, 1).data].map(data =>
            Array.from(data),
          )
        })
      expect(first[0]).toEqual([255, 255, 255, 255])
      expect(first[1].slice(1)).toEqual([60, 200, 255])
      await page.getByRole('button', { name: 'Step', exact: true }).click()
      await reached(page, 'steps', 1)
      await page.getByRole('button', { name: 'Digits' }).click()
      await page.getByText('digits of MNIST').waitFor()
    })

    test('begin as a link says; what is set goes into the run, and a run that is dropped brings it back', async () => {
      const { page } = await enter('?subject=images&K=4&seed=3&rate=0.001&dropout=0.2&split=off', {
        reducedMotion: 'reduce',
      })
      await page.getByText('7 choices of 4: 14 bits an image').waitFor()
      await settled(page)
      const rate = page.getByLabel('Learning rate')
      expect(await rate.getAttribute('aria-valuetext')).toBe('0.0010')
      expect(await page.getByLabel('Chain dropout').inputValue()).toBe('0.2')
      expect(await page.getByLabel('Split-and-Prune').isChecked()).toBe(false)
      await rate.fill('-2')
      await page.getByRole('button', { name: 'Step', exact: true }).click()
      await shows(page, 'steps', '1')
      await settled(page)
      const run = await keep(page, 'Save the run')
      const config = JSON.parse(readSafetensors(run, 'run').metadata.config)
      expect(config.seed).toBe(3)
      expect(config.optimiser.rate).toBe(0.01)
      const picture = await keep(page, 'Save PNG')
      const query = new URL(page.url()).search.slice(1)
      expect(query).toBe('seed=3&subject=images&split=off&K=4&rate=0.01&dropout=0.2')
      expect(decodePngText(picture).studio).toBe(query)

      await page.getByLabel('Chain dropout').fill('0.3')
      await drop(page, [{ name: 'drawn.png', bytes: picture }])
      await page.waitForFunction(query => location.search === `?${query}`, query)
      expect(await page.getByLabel('Chain dropout').inputValue()).toBe('0.2')
      // What holds no files changes nothing.
      await drop(page, [])
      await settled(page)
      expect(await page.getByRole('alert').count()).toBe(0)
      await page.getByRole('button', { name: 'Reset' }).click()
      await shows(page, 'steps', '0')
      await page.getByLabel('Chain dropout').fill('0.3')
      await drop(page, [{ name: 'my.safetensors', bytes: run }])
      await page.getByText('Continued from my.safetensors').waitFor()
      await shows(page, 'steps', '1')
      expect(await page.getByLabel('Chain dropout').inputValue()).toBe('0.2')
    })

    test('begin with a shipped network, whose nodes are as many as they are', async () => {
      const { page } = await enter('?subject=images&K=4&from=shipped', { reducedMotion: 'reduce' })
      await page.getByText('14 choices of 512: 126 bits an image').waitFor()
      const begin = page.getByLabel('Begin with')
      expect(await begin.inputValue()).toBe('shipped')
      expect(await page.getByLabel('Nodes a layer').isDisabled()).toBe(true)
      await begin.selectOption('nothing')
      await page.getByText('7 choices of 4: 14 bits an image').waitFor()
      expect(new URL(page.url()).searchParams.has('from')).toBe(false)
    })

    test('come in a folder, or are dropped; reading many can be stopped', async () => {
      const { page } = await enter('?K=4', { reducedMotion: 'reduce' })
      await settled(page)
      // From the points it goes to the images by itself.
      const some = pictures(10).map(({ name, buffer }) => ({ name, bytes: new Uint8Array(buffer) }))
      await drop(page, some)
      await page.getByText('9 pictures of your own, and 1 held out').waitFor()
      expect(new URL(page.url()).searchParams.get('subject')).toBe('images')

      const own = join(folder, 'own')
      await mkdir(join(own, 'inner'), { recursive: true })
      for (const { name, buffer } of pictures(12)) await writeFile(join(own, 'inner', name), buffer)
      await writeFile(join(own, 'notes.txt'), 'no picture')
      await page.getByLabel('A folder').setInputFiles(own)
      await page.getByRole('alert').getByText('Skipped: own/notes.txt (not a picture).').waitFor()
      const count = async () =>
        (await page.getByTestId('data').textContent())!.match(/\d+/g)!.reduce((sum, n) => sum + Number(n), 0)
      expect(await count()).toBe(12)

      // The page itself must do it, for a fast machine has soon read them.
      await page.evaluate(
        bytes =>
          new Promise<void>(resolve => {
            const observer = new MutationObserver(() => {
              const stop = document.querySelector<HTMLButtonElement>('[role="status"] button')
              if (stop?.textContent !== 'Stop') return
              observer.disconnect()
              stop.click()
              resolve()
            })
            observer.observe(document.body, { subtree: true, childList: true })
            const dataTransfer = new DataTransfer()
            const file = new File([Uint8Array.from(bytes)], 'one.png', { type: 'image/png' })
            for (let i = 0; i < 3000; i++) dataTransfer.items.add(file)
            dispatchEvent(new DragEvent('drop', { dataTransfer, cancelable: true }))
          }),
        Array.from(some[0].bytes),
      )
      await page.getByRole('alert').getByText('stopped: the pictures were not read').waitFor()
      expect(await count()).toBe(12)
      await page.getByRole('button', { name: 'Step', exact: true }).click()
      await shows(page, 'steps', '1')
    })

    test('are learned with one thread where the page is not isolated, and the page says why', async () => {
      const page = await browser.newPage()
      pages.push(page)
      await page.route(`${served.url}?*`, async route => {
        const response = await route.fetch()
        const headers = response.headers()
        for (const name of Object.keys(headers)) if (name.startsWith('cross-origin')) delete headers[name]
        await route.fulfill({ response, headers })
      })
      await page.goto(`${served.url}?subject=images&K=4`)
      await page.getByText('WASM, one thread').waitFor()
      if (await page.evaluate(() => navigator.hardwareConcurrency > 1))
        await page.getByText('the page is not cross-origin isolated').waitFor()
    })

    test('that cannot be fetched are missed in a sentence', async () => {
      const page = await browser.newPage()
      pages.push(page)
      await page.route('**/data/digits.png', route => route.fulfill({ status: 404 }))
      await page.goto(`${served.url}?subject=images`)
      await page.getByRole('alert').getByText('there is no data/digits.png').waitFor()
      await page.getByRole('button', { name: 'Reset' }).and(page.locator(':enabled')).waitFor()
    })
  })
})

interface Watched {
  watched: {
    /** When a first step was shown, in milliseconds since the navigation. */
    born: number
    /** The longest that an input waited since `begin`, in milliseconds. */
    delay: number
    begin(): void
  }
}

/** Runs in the page before anything else. */
function watch() {
  const watched = {
    born: 0,
    delay: 0,
    begin() {
      watched.delay = 0
    },
  }
  Object.assign(window, { watched })
  new PerformanceObserver(list => {
    for (const entry of list.getEntries() as PerformanceEventTiming[])
      watched.delay = Math.max(watched.delay, entry.processingStart - entry.startTime)
  }).observe({ type: 'event', durationThreshold: 16 } as PerformanceObserverInit)
  const look = () => {
    const steps = document.querySelector('[data-testid=steps]')?.textContent ?? '0'
    if (steps === '0') requestAnimationFrame(look)
    else watched.born = performance.now()
  }
  requestAnimationFrame(look)
}

interface TraceEvent {
  name: string
  ph: string
  pid: number
  tid: number
  /** Microseconds that the thread itself computed, whatever else this machine does. */
  tdur?: number
  args: { name?: string }
}

/** Milliseconds of computing in the longest task of a page's main thread. */
function longestTask(trace: Buffer): number {
  const { traceEvents } = JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] }
  const main = traceEvents.filter(
    ({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain',
  )
  const tasks = traceEvents.filter(
    ({ name, ph, pid, tid }) =>
      ph === 'X' && name === 'RunTask' && main.some(thread => thread.pid === pid && thread.tid === tid),
  )
  return Math.max(...tasks.map(({ tdur = Number.NaN }) => tdur)) / 1000
}

function number(page: Page, id: string): Promise<number> {
  return page.evaluate(
    id => Number(document.querySelector(`[data-testid=${id}]`)!.textContent!.replace(/,/g, '')),
    id,
  )
}

async function reached(page: Page, id: string, least: number) {
  await page.waitForFunction(
    ([id, least]) =>
      Number(document.querySelector(`[data-testid=${id}]`)?.textContent?.replace(/,/g, '')) >= least,
    [id, least] as const,
  )
}

async function shows(page: Page, id: string, text: string) {
  await page.waitForFunction(
    ([id, text]) => document.querySelector(`[data-testid=${id}]`)?.textContent === text,
    [id, text] as const,
  )
}

/** Waits until what was asked for has been computed, and what is painted stays as it is. */
async function settled(page: Page) {
  await page.getByRole('button', { name: 'Step', exact: true }).and(page.locator(':enabled')).waitFor()
  await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]'))
  let last = ''
  for (let same = 0; same < 3; ) {
    const now = await page.evaluate(
      () =>
        new Promise<string>(resolve =>
          requestAnimationFrame(() =>
            setTimeout(() => {
              const canvases = [...document.querySelectorAll('canvas')]
              resolve(canvases.map(canvas => (canvas.width ? canvas.toDataURL() : '')).join())
            }, 50),
          ),
        ),
    )
    same = now === last ? same + 1 : 0
    last = now
  }
}

/** What a canvas shows. */
function sheet(page: Page, label: string): Promise<string> {
  return page
    .getByRole('img', { name: label })
    .locator('canvas')
    .evaluate(canvas => (canvas as HTMLCanvasElement).toDataURL())
}

const plane = (page: Page) => sheet(page, 'Nodes over')

async function keep(page: Page, button: string): Promise<Uint8Array> {
  const open = await page.locator('details').evaluate(details => (details as HTMLDetailsElement).open)
  if (!open) await page.getByText('Keep it').click()
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: button }).click(),
  ])
  return bytesOf(saved)
}

async function bytesOf(download: Download): Promise<Uint8Array> {
  return new Uint8Array(await readFile((await download.path())!))
}

const file = (bytes: Uint8Array) => ({ mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) })

/** The same run with weights whose products no float32 holds. */
function spoilt(run: Uint8Array): Uint8Array {
  const { tensors, metadata } = readSafetensors(run, 'run')
  for (const name of ['parameters', 'average']) {
    const tensor = tensors.get(name)!
    tensors.set(name, { ...tensor, data: (tensor.data as Float32Array).map(weight => 1e25 * weight) })
  }
  return writeSafetensors(tensors, metadata)
}

/** Wide pictures whose middle is transparent on its left and of one colour on its right. */
function pictures(count: number) {
  const [width, height] = [120, 60]
  return Array.from({ length: count }, (_, n) => {
    const shade = random(n, 'shade').int(256)
    const data = Uint8Array.from({ length: 4 * width * height }, (_, i) => {
      const x = Math.floor(i / 4) % width
      return [shade, 60, 200, x < width / 2 ? 0 : 255][i % 4]
    })
    // encodePng takes grey and RGB: the alpha comes from fast-png, which takes any number of channels.
    const png = encodePng({ width, height, channels: 4 as 3, data })
    return { name: `picture-${n}.png`, mimeType: 'image/png', buffer: Buffer.from(png) }
  })
}

/** Drops files on the page. */
async function drop(page: Page, files: { name: string; bytes: Uint8Array }[]) {
  await page.evaluate(
    files => {
      const dataTransfer = new DataTransfer()
      for (const { name, base64 } of files)
        dataTransfer.items.add(new File([Uint8Array.from(atob(base64), c => c.charCodeAt(0))], name))
      window.dispatchEvent(new DragEvent('drop', { dataTransfer, cancelable: true }))
    },
    files.map(({ name, bytes }) => ({ name, base64: Buffer.from(bytes).toString('base64') })),
  )
}
