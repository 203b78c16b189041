// The room Steer as somebody uses it: built, served as `coppice studio` does, and driven by its labels.

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { decodePngText, grid } from '../../src/browser.ts'
import { encodePng } from '../../src/report/png.ts'
import { colourOf, rasterText, readRaster } from '../../src/studio/page/rooms/steer/raster.ts'
import { Runs, type Served, serveStudio } from '../../src/studio/server.ts'
import { buildStudio, describeInChromium, launch, ROOT } from './harness.ts'

describeInChromium('the room Steer', () => {
  let folder: string
  let site: Served
  let browser: Browser
  let page: Page
  let said: string[]

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coppice-steer-'))
    await buildStudio(folder)
    site = await serveStudio({ runs: await Runs.open(join(folder, 'runs')), page: folder, port: 0 })
    browser = await launch()
    const context = await browser.newContext({
      viewport: { width: 1280, height: 800 },
      acceptDownloads: true,
    })
    page = await context.newPage()
    // A machine may be busy with others.
    page.setDefaultTimeout(90_000)
    said = []
    page.on('console', message => {
      // What is not there is in the network's log; and this test reads canvases as nobody else does.
      if (!/^(Failed to load resource|Canvas2D: Multiple readback)/.test(message.text()))
        said.push(message.text())
    })
    page.on('pageerror', error => said.push(`uncaught: ${error.message}`))
    await page.goto(`${site.url}?room=steer`)
    await finished()
  })
  afterAll(async () => {
    await browser?.close()
    await site?.close()
    await rm(folder, { recursive: true, force: true })
  })
  beforeEach(() => {
    said.length = 0
  })

  const board = () => page.getByRole('application', { name: 'Board' })
  const results = () => page.getByRole('region', { name: 'Results' })
  const guides = () => page.getByRole('complementary', { name: 'Guides' })
  const query = () => new URL(page.url()).searchParams
  const alert = () => page.getByRole('alert')

  /** Waits until the results are there: 16 that can be taken. */
  async function finished() {
    await page.waitForFunction(
      () =>
        document.querySelectorAll('[aria-busy="false"] button[aria-label^="Result"]:enabled').length === 16,
    )
  }

  /** Does something that changes the results, and waits for the new ones. */
  async function anew(change: () => Promise<unknown>): Promise<string[]> {
    const before = await pictures()
    await change()
    await page.waitForFunction(
      before =>
        document.querySelector('[aria-busy="false"]') &&
        [...document.querySelectorAll<HTMLCanvasElement>('button[aria-label^="Result"] canvas')]
          .map(canvas => canvas.toDataURL())
          .join() !== before,
      before.join(),
    )
    await finished()
    return pictures()
  }

  const pictures = () =>
    page
      .locator('button[aria-label^="Result"] canvas')
      .evaluateAll(canvases => canvases.map(canvas => (canvas as HTMLCanvasElement).toDataURL()))

  /** A stroke over the board, from and to in shares of its side. */
  async function stroke(from: [number, number], to: [number, number]) {
    const box = (await board().boundingBox())!
    await page.mouse.move(box.x + from[0] * box.width, box.y + from[1] * box.height)
    await page.mouse.down()
    await page.mouse.move(box.x + to[0] * box.width, box.y + to[1] * box.height, { steps: 6 })
    await page.mouse.up()
  }

  /** The colour of the board at a place, red, green and blue. */
  const boardAt = (x: number, y: number) =>
    board().evaluate(
      (canvas, [x, y]) => {
        const { width, height } = canvas as HTMLCanvasElement
        const context = (canvas as HTMLCanvasElement).getContext('2d')!
        return [...context.getImageData(x * width, y * height, 1, 1).data.subarray(0, 3)]
      },
      [x, y],
    )

  const bring = (...files: { name: string; buffer: Buffer }[]) =>
    page
      .getByLabel(/^Open pictures/)
      .setInputFiles(files.map(file => ({ ...file, mimeType: 'application/octet-stream' })))

  const file = (name: string, buffer: string | Uint8Array) => ({ name, buffer: Buffer.from(buffer) })

  /** Opens a link, and waits for its results. */
  async function visit(query: string): Promise<string[]> {
    await page.goto(`${site.url}?room=steer${query}`)
    await finished()
    return pictures()
  }

  /** Opens what stays closed until it is asked for, once. */
  async function choosing() {
    const details = guides().locator('details')
    if (!(await details.evaluate(one => (one as HTMLDetailsElement).open)))
      await guides().getByText('How one is picked').click()
  }

  const depth = () => results().getByLabel(/^Depth/)

  /** Plays, and as soon as a layer of those on the way is seen does something: the page itself, or it would be over. */
  const during = (act: 'Pause' | 'Space') =>
    page.evaluate(
      act =>
        new Promise<void>(resolve => {
          const observer = new MutationObserver(() => {
            const seen = document.querySelector<HTMLInputElement>('.depth input')!.valueAsNumber
            if (seen < 3 || seen > 12) return
            observer.disconnect()
            if (act === 'Space')
              document.body.dispatchEvent(new KeyboardEvent('keydown', { key: ' ', bubbles: true }))
            else [...document.querySelectorAll('button')].find(({ innerText }) => innerText === act)!.click()
            resolve()
          })
          observer.observe(document.querySelector('.depth')!, {
            subtree: true,
            childList: true,
            characterData: true,
          })
          ;[...document.querySelectorAll('button')].find(({ innerText }) => innerText === 'Play')!.click()
        }),
      act,
    )

  test('begins with a digit, its left half hidden, and sixteen ways to fill it', async () => {
    const first = await pictures()
    expect(new Set(first).size).toBeGreaterThan(2)
    expect(await boardAt(0.1, 0.1)).not.toEqual([0, 0, 0])
    expect((await boardAt(0.95, 0.05)).every(value => value < 20)).toBe(true)
    await expect(
      results()
        .getByText(/^16 results in/)
        .textContent(),
    ).resolves.toMatch(/the first layer after/)
    expect(query().get('room')).toBe('steer')
    expect(said).toEqual([])
  })

  test('a stroke hides more, at once, and with new results; the first layer comes long before the last', async () => {
    const times: { first: number; whole: number }[] = []
    const tasks = await page.evaluateHandle(() => {
      const tasks: number[] = []
      new PerformanceObserver(list => {
        for (const { duration } of list.getEntries()) tasks.push(duration)
      }).observe({ type: 'longtask' })
      return tasks
    })
    for (const [y, way] of [0.2, 0.5, 0.8].entries()) {
      await anew(() => stroke([0.55, way], [0.75, way + 0.02 * y]))
      times.push(
        await results()
          .locator('[data-whole]')
          .evaluate(element => {
            const { first, whole } = (element as HTMLElement).dataset
            return { first: Number(first), whole: Number(whole) }
          }),
      )
    }
    console.info(
      `steer, ms from the stroke: ${times.map(({ first, whole }) => `first layer ${first.toFixed(0)}, all ${whole.toFixed(0)}`).join('; ')}; tasks of the page over 50 ms: ${JSON.stringify(await tasks.jsonValue())}`,
    )
    for (const { first, whole } of times) expect(first).toBeLessThan(0.7 * whole)
    expect(query().get('mask')).toMatch(/^w\./)
    expect(JSON.parse(query().get('guides')!)).toEqual({ guides: [{ guide: 'inpaint', mask: 'mask.png' }] })
    expect(said).toEqual([])
  })

  test('what was hidden is revealed again; undo and redo go through it all', async () => {
    const hidden = await boardAt(0.65, 0.5)
    const masks = [query().get('mask')]
    await page.getByText('Reveal', { exact: true }).click()
    await anew(() => stroke([0.55, 0.5], [0.75, 0.5]))
    masks.push(query().get('mask'))
    expect(masks[1]).not.toBe(masks[0])
    await page.mouse.move(2, 2)
    expect(await boardAt(0.65, 0.5)).not.toEqual(hidden)
    await anew(() => page.keyboard.press('Control+z'))
    expect(query().get('mask')).toBe(masks[0])
    await anew(() => page.keyboard.press('Control+Shift+Z'))
    expect(query().get('mask')).toBe(masks[1])
    for (let i = 0; i < 4; i++) await page.getByRole('button', { name: 'Undo' }).click()
    expect(query().get('mask')).toBeNull()
    expect(query().get('guides')).toBeNull()
    expect(await page.getByRole('button', { name: 'Undo' }).isDisabled()).toBe(true)
    await finished()
  })

  test('paint brings its guide, and goes with it', async () => {
    await page.getByText('Paint', { exact: true }).click()
    await anew(() => stroke([0.2, 0.2], [0.2, 0.8]))
    await page.mouse.move(2, 2)
    expect(await boardAt(0.2, 0.5)).toEqual([255, 255, 255])
    const strokes = guides().getByRole('region', { name: /^Strokes/ })
    expect(await strokes.isVisible()).toBe(true)
    await anew(() => strokes.getByLabel(/^Weight/).fill('3'))
    expect(JSON.parse(query().get('guides')!).guides[1]).toEqual({
      guide: 'strokes',
      overlay: 'strokes.png',
      weight: 3,
    })
    await page.getByText('Rub out', { exact: true }).click()
    await page.getByLabel(/^Brush/).fill('16')
    await anew(() => stroke([0.2, 0.1], [0.2, 0.9]))
    expect(await strokes.count()).toBe(0)
    expect(query().get('paint')).toBeNull()
    await page.getByLabel(/^Brush/).fill('4')
    await page.getByText('Hide', { exact: true }).click()
  })

  test('by keyboard: the brush moves, goes down and is lifted; brackets change its size', async () => {
    await page.locator('body').press(']')
    await page.locator('body').press('[')
    await page.locator('body').press('[')
    expect(await page.getByLabel(/^Brush/).inputValue()).toBe('3')
    await board().focus()
    await anew(async () => {
      for (let i = 0; i < 3; i++) await page.keyboard.press('Shift+ArrowRight')
      await page.keyboard.press(' ')
      for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowDown')
      await page.keyboard.press(' ')
    })
    expect(query().get('mask')).toMatch(/^w\./)
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => (document.activeElement as HTMLInputElement).name)).toBe('tool')
    await anew(() => page.keyboard.press('Control+z'))
  })

  test('guides are added, several at once, and a judge draws what it is told', async () => {
    await guides().getByText('How one is picked').click()
    await anew(() => guides().getByLabel('Candidates of a layer').selectOption('16'))
    await guides().getByLabel('Add a guide').selectOption('class')
    const judged = guides().getByRole('region', { name: /^Class/ })
    await anew(() =>
      judged.getByRole('combobox', { name: 'Class', exact: true }).selectOption({ label: '8' }),
    )
    const { guides: list } = JSON.parse(query().get('guides')!)
    expect(list).toEqual([
      { guide: 'inpaint', mask: 'left' },
      { guide: 'class', judge: 'classifier.json', label: 8 },
    ])
    expect(
      await guides()
        .getByText(/^off by /)
        .count(),
    ).toBe(2)
    // Once some of the new results are seen; the page itself must do it, for they come within milliseconds.
    const stopped = page.evaluate(
      () =>
        new Promise<void>(resolve => {
          const observer = new MutationObserver(() => {
            const told = document.querySelector('section[aria-label="Results"]')!.textContent
            const stop = [...document.querySelectorAll('button')].find(
              ({ innerText }) => innerText === 'Stop',
            )
            if (!stop || !/Layer [1-4] of 14 …/.test(told)) return
            observer.disconnect()
            stop.click()
            resolve()
          })
          observer.observe(document.body, { subtree: true, childList: true, characterData: true })
        }),
    )
    await guides().getByRole('button', { name: 'Remove Inpaint' }).click()
    await stopped
    await page.waitForFunction(() => document.querySelector('[aria-busy="false"]'))
    // What is shown is unfinished: it cannot be taken.
    expect(await page.locator('button[aria-label^="Result"]:enabled').count()).toBe(0)
    for (let i = 0; i < 3; i++) await page.keyboard.press('Control+z')
    await finished()
    expect(query().get('guides')).toBeNull()
  })

  test('the scrubber goes back to the blur, and plays to the sharp', async () => {
    const sharp = await pictures()
    const depth = results().getByLabel(/^Depth/)
    await depth.fill('1')
    const [blurred] = await pictures()
    expect(blurred).not.toBe(sharp[0])
    const widths = () =>
      page
        .locator('button[aria-label^="Result"] canvas')
        .evaluateAll(all => all.map(canvas => (canvas as HTMLCanvasElement).width))
    expect(new Set(await widths())).toEqual(new Set([4]))
    await depth.blur()
    await page.keyboard.press(' ')
    await page.waitForFunction(() => document.querySelector<HTMLInputElement>('.depth input')!.value === '14')
    expect(await pictures()).toEqual(sharp)
  })

  test('another seed gives other results, the same one the same', async () => {
    const zero = await pictures()
    const seed = results().getByLabel('Seed')
    const one = await anew(() => seed.fill('1'))
    expect(one).not.toEqual(zero)
    expect(await anew(() => seed.fill('0'))).toEqual(zero)
  })

  test('a task that the network cannot do says why, where it was asked for', async () => {
    await guides().getByLabel('Add a guide').selectOption('colourise')
    await alert().waitFor()
    expect(await guides().getByRole('alert').textContent()).toBe(
      'colourise: the network paints grey images; it needs one that paints RGB',
    )
    expect(await results().getByText('No new results: see Colourise.').isVisible()).toBe(true)
    await guides().getByRole('button', { name: 'Remove Colourise' }).click()
    await alert().waitFor({ state: 'detached' })
    await finished()
  })

  test('a picture is opened, and becomes the one that guides go by', async () => {
    const bright = encodePng(
      grid(new Float32Array(3 * 64).fill(0.5), { count: 1, channels: 3, size: 8, gap: 0 }),
    )
    await anew(() => bring(file('bright.png', bright)))
    const [red] = await boardAt(0.75, 0.5)
    // 191 of 255, through two roundings.
    expect(Math.abs(red - 191)).toBeLessThan(3)
    expect(query().get('picture')).toMatch(/^iVBOR/)
    await anew(() => page.getByRole('button', { name: 'Invert' }).click())
    expect(Math.abs((await boardAt(0.75, 0.5))[0] - 64)).toBeLessThan(3)
    await anew(() => guides().getByRole('button', { name: 'Example 4' }).click())
    expect(query().get('picture')).toBeNull()
  })

  test('a result is taken as the picture', async () => {
    await anew(() =>
      results()
        .getByRole('button', { name: /^Result 5/ })
        .click(),
    )
    expect(query().get('picture')).toMatch(/^iVBOR/)
    await anew(() => page.keyboard.press('Control+z'))
    expect(query().get('picture')).toBeNull()
  })

  test('files that are not what they are called are refused in a sentence, and nothing else changes', async () => {
    const before = page.url()
    const cases: [ReturnType<typeof file>, RegExp][] = [
      [file('photo.png', 'no picture'), /^photo.png is no picture that this browser can read/],
      [file('cut.jpg', Uint8Array.of(255, 216, 255, 224)), /^cut.jpg is no picture/],
      [file('judge.onnx', 'not a model at all, but text'), /^judge.onnx is not an ONNX model/],
      [file('judge.json', '{"format": "coppice-judge-1"'), /^judge.json is not JSON/],
      [
        file('judge.json', '{"format":"coppice-judge-1","model":"a.onnx","output":{"read":"logits"}}'),
        /^judge.json: input is missing/,
      ],
    ]
    for (const [one, message] of cases) {
      await bring(one)
      await page.waitForFunction(
        name => document.querySelector('[role="alert"]')?.textContent?.startsWith(name),
        one.name,
      )
      expect(await alert().textContent()).toMatch(message)
      await bring(file('none.json', '{"guide":"inpaint","mask":"left"}'))
      await alert().waitFor({ state: 'detached' })
    }
    expect(page.url()).toBe(before)
    await finished()
  })

  test('a judge of one’s own: its model and its description make it one', async () => {
    const model = await readFile(join(ROOT, 'models/classifier.onnx'))
    const about = JSON.parse(await readFile(join(ROOT, 'models/classifier.json'), 'utf8'))
    const described = (changes: object) =>
      file('mine.json', JSON.stringify({ ...about, model: 'mine.onnx', ...changes }))
    await bring(described({ input: { ...about.input, name: 'pixels' } }))
    await page
      .getByText('mine.json describes a judge whose model is mine.onnx: bring that file too.')
      .waitFor()
    await bring(file('mine.onnx', model))
    await page.getByText(/^mine.json: input.name is pixels/).waitFor()
    await bring(described({}), file('mine.onnx', model))
    await page.getByText('mine.json can judge now: choose it in a guide.').waitFor()
    await guides().getByLabel('Add a guide').selectOption('class')
    const judged = guides().getByRole('region', { name: /^Class/ })
    await anew(() => judged.getByLabel('Judge').selectOption('mine'))
    expect(JSON.parse(query().get('guides')!).guides[1]).toEqual({
      guide: 'class',
      judge: 'mine.json',
      label: 0,
    })
    await anew(() => judged.getByRole('button', { name: 'Remove Class' }).click())
    expect(said).toEqual([])
  })

  test('what is downloaded says how it was made, and brings it back; so does the address', async () => {
    await page.getByText('Paint', { exact: true }).click()
    await anew(() => stroke([0.2, 0.3], [0.4, 0.3]))
    const drawn = await anew(() => results().getByLabel('Seed').fill('7'))
    const address = page.url()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save PNG' }).click(),
    ])
    const png = await readFile((await download.path())!)
    expect(decodePngText(png)).toEqual({ studio: new URL(address).search.slice(1) })

    await page.goto(`${site.url}?room=steer&seed=3`)
    await finished()
    const back = await anew(async () => {
      const data = await page.evaluateHandle(bytes => {
        const data = new DataTransfer()
        data.items.add(new File([Uint8Array.from(atob(bytes), c => c.charCodeAt(0))], 'mine.png'))
        return data
      }, png.toString('base64'))
      await board().dispatchEvent('drop', { dataTransfer: data })
    })
    expect(back).toEqual(drawn)
    expect(page.url()).toBe(address)
    await page.reload()
    await finished()
    expect(await pictures()).toEqual(drawn)
  })

  test('buttons and keys play and pause, undo and redo, and take another seed or no picture', async () => {
    const sharp = await visit('')
    const button = (name: string) => page.getByRole('button', { name, exact: true })
    for (const act of ['Pause', 'Space'] as const) {
      await during(act)
      await button('Play').waitFor()
      const at = Number(await depth().inputValue())
      expect(at).toBeGreaterThanOrEqual(3)
      expect(at).toBeLessThan(14)
      expect(await pictures()).not.toEqual(sharp)
      await page.evaluate(
        () => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve))),
      )
      expect(Number(await depth().inputValue())).toBe(at)
    }
    await button('Play').click()
    await page.waitForFunction(() => document.querySelector<HTMLInputElement>('.depth input')!.value === '14')
    expect(await pictures()).toEqual(sharp)

    await anew(() => button('Empty').click())
    expect(query().get('picture')).toBe('empty')
    expect(await button('Empty').getAttribute('aria-pressed')).toBe('true')
    const undone = () => page.waitForFunction(() => !location.search.includes('picture='))
    const redone = () => page.waitForFunction(() => location.search.includes('picture=empty'))
    await button('Undo').click()
    await undone()
    await button('Redo').click()
    await redone()
    expect(await button('Redo').isDisabled()).toBe(true)
    await page.keyboard.press('Control+z')
    await undone()
    await page.keyboard.press('Control+y')
    await redone()
    await page.keyboard.press('Control+z')
    await undone()
    await finished()
    expect(await pictures()).toEqual(sharp)
    await anew(() => button('Another').click())
    expect(query().get('seed')).toMatch(/^\d+$/)
    expect(said).toEqual([])
  })

  test('Escape stops a run, and on the board it lifts the brush; the shade is what one paints with', async () => {
    await visit('')
    // Once some of the new results are seen; the page itself must do it, for they come within milliseconds.
    const stopped = page.evaluate(
      () =>
        new Promise<void>(resolve => {
          const observer = new MutationObserver(() => {
            const told = document.querySelector('section[aria-label="Results"]')!.textContent
            if (!/Layer [1-4] of 14 …/.test(told)) return
            observer.disconnect()
            document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))
            resolve()
          })
          observer.observe(document.body, { subtree: true, childList: true, characterData: true })
        }),
    )
    await results().getByLabel('Seed').fill('2')
    await stopped
    await page.waitForFunction(() => document.querySelector('[aria-busy="false"]'))
    expect(await page.locator('button[aria-label^="Result"]:enabled').count()).toBe(0)

    await page.getByText('Paint', { exact: true }).click()
    await page.getByRole('slider', { name: 'Shade' }).fill('100')
    await page.getByLabel(/^Brush/).fill('2')
    await board().focus()
    for (const key of [
      'Shift+ArrowRight',
      'Shift+ArrowDown',
      ' ',
      'ArrowLeft',
      'ArrowLeft',
      'ArrowUp',
      'ArrowUp',
    ])
      await page.keyboard.press(key)
    await page.keyboard.press('Escape')
    await finished()
    const painted = readRaster(query().get('paint')!, 'the paint')
    for (const key of ['ArrowLeft', 'ArrowUp']) await page.keyboard.press(key)
    expect(query().get('paint')).toBe(rasterText(painted))
    // From the middle, (16, 16), four to the right and down, then two to the left and two up.
    const at = (x: number, y: number) => painted.pixels[32 * y + x]
    for (const [x, y] of [
      [20, 20],
      [18, 20],
      [18, 18],
    ])
      expect(colourOf(at(x, y))).toEqual([100, 100, 100])
    for (const [x, y] of [
      [22, 20],
      [20, 18],
      [16, 18],
      [18, 16],
    ])
      expect(at(x, y)).toBe(0)
    await board().blur()
    expect(await boardAt(18.5 / 32, 19.5 / 32)).toEqual([100, 100, 100])
    expect(said).toEqual([])
  })

  test('how one is picked: every slider gives other results, and a link has them all', async () => {
    // The smallest network, for the many runs.
    await visit('&model=tree&seed=4&picture=example%3A5')
    await choosing()
    const changes: [label: RegExp, value: string, name: string, said: string][] = [
      [/^Strictness of the first layers/, '0', 'strictness', '0,1'],
      [/^Strictness of the last layers/, '0.5', 'strictness', '0,0.5'],
      [/^Beginnings kept/, '2', 'beam', '2'],
      [/^One of the best/, '4', 'top', '4'],
    ]
    for (const [label, value, name, said] of changes) {
      await anew(() => guides().getByLabel(label).fill(value))
      expect(query().get(name)).toBe(said)
    }
    // More than its layers have.
    await guides().getByLabel('Candidates of a layer').selectOption('32')
    await finished()
    const picked = await pictures()
    const { search } = new URL(page.url())
    expect(search).toBe(
      '?room=steer&model=tree&seed=4&picture=example%3A5&strictness=0%2C0.5&candidates=32&beam=2&top=4',
    )
    expect(await visit(search.slice('?room=steer'.length))).toEqual(picked)
    await choosing()
    for (const [label, value] of changes)
      expect(await guides().getByLabel(label).inputValue(), String(label)).toBe(value)
    expect(await guides().getByLabel('Candidates of a layer').inputValue()).toBe('32')
    expect(await guides().getByRole('button', { name: 'Example 6' }).getAttribute('aria-pressed')).toBe(
      'true',
    )
    expect(said).toEqual([])
  })

  test('guides have fields: what is hidden, a number, who heeds them, how they are added up, a text', async () => {
    await visit('&model=tree')
    const json = () => JSON.parse(query().get('guides')!)
    const guide = (name: RegExp) => guides().getByRole('region', { name })
    await anew(() =>
      guide(/^Inpaint/)
        .getByLabel('Hidden')
        .selectOption({ label: 'right' }),
    )
    expect(json()).toEqual({ guides: [{ guide: 'inpaint', mask: 'right' }] })
    await anew(() => guides().getByLabel('Add a guide').selectOption('super-resolve'))
    await anew(() =>
      guide(/^Super-resolve/)
        .getByLabel(/^Times larger/)
        .fill('8'),
    )
    await anew(() =>
      guide(/^Super-resolve/)
        .getByLabel('Heeded by')
        .selectOption({ label: 'the last layers' }),
    )
    await anew(() => guides().getByLabel('Added up by').selectOption('scores'))
    const two = [
      { guide: 'inpaint', mask: 'right' },
      { guide: 'super-resolve', factor: 8, layers: [0, 1] },
    ]
    expect(json()).toEqual({ by: 'scores', guides: two })
    await anew(() => guides().getByLabel('Add a guide').selectOption('text'))
    await anew(async () => {
      await guide(/^Text/).getByLabel('Text', { exact: true }).fill('green apple')
      await page.keyboard.press('Tab')
    })
    expect(json().guides[2]).toEqual({ guide: 'text', judge: 'text-image.json', text: 'green apple' })
    await anew(() => guide(/^Text/).getByRole('button', { name: 'Remove Text' }).click())
    await page.reload()
    await finished()
    expect(
      await guide(/^Super-resolve/)
        .getByLabel(/^Times larger/)
        .inputValue(),
    ).toBe('8')
    expect(await guides().getByLabel('Added up by').inputValue()).toBe('scores')
    expect(said).toEqual([])
  })

  test('a picture is pasted, and what is no seed changes nothing', async () => {
    await visit('&seed=3')
    const seed = results().getByLabel('Seed')
    const before = page.url()
    for (const bad of ['', '-1', '4294967296', '1.5']) {
      await seed.fill(bad)
      expect(page.url(), bad).toBe(before)
      await seed.blur()
      expect(await seed.inputValue(), bad).toBe('3')
    }
    const bright = encodePng(
      grid(new Float32Array(3 * 64).fill(0.5), { count: 1, channels: 3, size: 8, gap: 0 }),
    )
    await anew(() =>
      page.evaluate(
        bytes => {
          const data = new DataTransfer()
          data.items.add(new File([Uint8Array.from(bytes)], 'bright.png', { type: 'image/png' }))
          document.body.dispatchEvent(new ClipboardEvent('paste', { bubbles: true, clipboardData: data }))
        },
        [...bright],
      ),
    )
    expect(query().get('picture')).toMatch(/^iVBOR/)
    expect(said).toEqual([])
  })

  test('another network: colours, and the same drawing', async () => {
    await guides().getByLabel('Network').selectOption('emoji')
    await page.getByLabel('Colour', { exact: true }).waitFor()
    await finished()
    expect(query().get('model')).toBe('emoji')
    await anew(() => guides().getByLabel('Add a guide').selectOption('colourise'))
    expect(await alert().count()).toBe(0)
    await page.getByText('Paint', { exact: true }).click()
    await page.getByLabel('Colour', { exact: true }).fill('#ff8000')
    await anew(() => stroke([0.8, 0.2], [0.8, 0.8]))
    await page.mouse.move(2, 2)
    expect(await boardAt(0.8, 0.5)).toEqual([255, 128, 0])
    expect(said).toEqual([])
  })

  test('a network that is told a grey picture finds its colours', async () => {
    await page.goto(
      `${site.url}?room=steer&model=emoji-grey&guides=${encodeURIComponent('{"guides":[{"guide":"colourise"}]}')}`,
    )
    await finished()
    const shade = encodePng(
      grid(new Float32Array(3 * 64).fill(0.5), { count: 1, channels: 3, size: 8, gap: 0 }),
    )
    await anew(() => bring(file('shade.png', shade)))
    expect(await alert().count()).toBe(0)
  })

  test('a link to nothing says so', async () => {
    await page.goto(`${site.url}?room=steer&model=run:none`)
    expect(await alert().textContent()).toMatch(
      /^run:none could not be opened: there is no network called run:none here: choose one/,
    )
    await guides().getByLabel('Network').selectOption('digits')
    await finished()
    expect(await alert().count()).toBe(0)
  })
})
