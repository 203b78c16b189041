// The room Compress as somebody uses it: built, served as `coppice studio` does, and driven by its labels.

import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Download, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { encodePath } from '../../src/codec/arithmetic.ts'
import { BitWriter } from '../../src/codec/bits.ts'
import { DdnFile, writeDdn } from '../../src/codec/container.ts'
import { uniformPrior } from '../../src/codes/prior.ts'
import { fingerprintOf, hex } from '../../src/ddn/fingerprint.ts'
import { decodePngText, encodePng } from '../../src/report/png.ts'
import { Runs, type Served, serveStudio } from '../../src/studio/server.ts'
import { readCodes } from '../../src/train/codes-file.ts'
import { loadModel } from '../../src/train/model-file.ts'
import { buildStudio, describeInChromium, launch, ROOT } from './harness.ts'

const model = (file: string) => readFile(join(ROOT, 'models', file)).then(bytes => new Uint8Array(bytes))

/** None of the images that stand on the sheet. */
const FIRST = 100

/** Images of the test data's codes, ten to a block, of the digits network or of one that nobody has. */
async function filed(count: number, fingerprint?: Uint8Array): Promise<Uint8Array> {
  const network = await loadModel(await model('digits.safetensors'))
  const K = network.layers.map(layer => layer.K)
  const { test } = readCodes(await model('digits.codes.safetensors'), K)
  const blocks: Uint8Array[] = []
  for (let from = 0; from < count; from += 10) {
    const block = new BitWriter()
    for (let i = from; i < Math.min(count, from + 10); i++)
      encodePath(uniformPrior(K), test.subarray((FIRST + i) * K.length, (FIRST + i + 1) * K.length), block)
    blocks.push(block.bytes())
  }
  const header = {
    model: fingerprint ?? (await fingerprintOf(network)),
    prior: { name: 'none', fingerprint: new Uint8Array(0) },
    K,
    channels: 1 as const,
    size: 32,
    overlap: 8,
    blockImages: 10,
    sizes: [{ count, width: 32, height: 32 }],
  }
  return writeDdn(header, blocks)
}

describeInChromium('the room Compress', () => {
  let folder: string
  let site: Served
  let browser: Browser
  let page: Page
  let said: string[]
  let asked: string[]

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coppice-compress-'))
    const built = join(folder, 'page')
    await buildStudio(built)
    // Without a transformer, which may come with the package.
    const models = join(folder, 'models')
    await mkdir(models)
    for (const file of ['digits', 'emoji'].flatMap(name => [
      `${name}.safetensors`,
      `${name}.codes.safetensors`,
    ]))
      await copyFile(join(ROOT, 'models', file), join(models, file))
    site = await serveStudio({ runs: await Runs.open(join(folder, 'runs')), page: built, models, port: 0 })
    browser = await launch()
    page = await enter('')
  })
  afterAll(async () => {
    await browser?.close()
    await site?.close()
    await rm(folder, { recursive: true, force: true })
  })
  beforeEach(() => {
    said.length = 0
  })

  /** A page of the room, whose picture is there. */
  async function enter(query: string): Promise<Page> {
    const opened = await browser.newPage({ viewport: { width: 1280, height: 800 }, acceptDownloads: true })
    said = []
    asked = []
    opened.on('console', message => {
      // What is not there is in the network's log; and this test reads canvases as nobody else does.
      if (!/^(Failed to load resource|Canvas2D: Multiple readback|No available)/.test(message.text()))
        said.push(message.text())
    })
    opened.on('pageerror', error => said.push(`uncaught: ${error.message}`))
    opened.on('request', request => asked.push(request.url()))
    // The same seeds every time, or another example could by chance be the same digit.
    await opened.addInitScript(() => {
      let last = 0.5
      Math.random = () => {
        last = (last + 0.381966) % 1
        return last
      }
    })
    await opened.goto(`${site.url}?room=compress${query}`)
    await settled(opened)
    return opened
  }

  const settled = (on = page) => on.locator('.pictures[aria-busy="false"]').waitFor()
  const query = () => new URL(page.url()).searchParams
  const alert = () => page.getByRole('alert')
  const slider = () => page.getByRole('slider', { name: 'Bits' })
  const chips = () => page.getByRole('button', { name: /^Layer \d+ of/ })
  const choose = (label: string, value: string) => page.getByLabel(label, { exact: true }).selectOption(value)

  /** What the canvas of a picture shows. */
  const pixels = (name: RegExp, on = page) =>
    on
      .getByRole('img', { name })
      .locator('canvas')
      .evaluate(canvas => (canvas as HTMLCanvasElement).toDataURL())
  const decoded = (on = page) => pixels(/^The picture from/, on)
  const original = () => pixels(/^The picture itself/)

  /** A figure of the page, by its heading. */
  const figure = (term: string) =>
    page.locator('dl > div', { has: page.locator('dt', { hasText: term }) }).innerText()
  const bits = async () => Number(/\n([\d,]+)\n/.exec(await figure('Bits'))![1].replace(',', ''))
  const error = async () => Number(/error ([\d.]+)/.exec(await figure('What is lost'))![1])

  /** Does something after which another picture is shown, and waits for it. */
  async function another(change: () => Promise<unknown>): Promise<void> {
    const before = await decoded()
    await change()
    await page.waitForFunction(before => {
      const canvas = document.querySelector<HTMLCanvasElement>('.pictures figure:nth-child(2) canvas')
      return canvas?.closest('[aria-busy="false"]') && canvas.toDataURL() !== before
    }, before)
  }

  /** Does something after which codes are chosen anew, be they the same ones, and waits for them. */
  async function recoded(change: () => Promise<unknown>): Promise<void> {
    // The page itself must look, for it may be done within milliseconds.
    const begun = seen('.pictures[aria-busy="true"]')
    await change()
    await begun
    await settled()
  }

  /** Waits until there is such an element, however soon it goes again; clicks it, if that is what it is for. */
  const seen = (selector: string, click = false) =>
    page.evaluate(
      ([selector, click]) =>
        new Promise<void>(resolve => {
          const look = () => {
            const found = document.querySelector<HTMLElement>(selector)
            if (!found) return
            observer.disconnect()
            if (click) found.click()
            resolve()
          }
          const observer = new MutationObserver(look)
          observer.observe(document.body, { subtree: true, childList: true, attributes: true })
          look()
        }),
      [selector, click] as const,
    )

  const give = (name: string, bytes: Uint8Array, mimeType = 'application/octet-stream') =>
    page
      .getByLabel('Open a picture or a .ddn file')
      .setInputFiles({ name, mimeType, buffer: Buffer.from(bytes) })

  /** The same by the other ways in. */
  const handed = (way: 'drop' | 'paste', name: string, bytes: Uint8Array) =>
    page.evaluate(
      ([way, name, bytes]) => {
        const data = new DataTransfer()
        data.items.add(new File([Uint8Array.from(bytes)], name, { type: 'image/png' }))
        const options = { bubbles: true, cancelable: true }
        document.body.dispatchEvent(
          way === 'drop'
            ? new DragEvent('drop', { ...options, dataTransfer: data })
            : new ClipboardEvent('paste', { ...options, clipboardData: data }),
        )
      },
      [way, name, [...bytes]] as const,
    )

  async function saved(button: string): Promise<{ bytes: Uint8Array; name: string }> {
    const [download] = await Promise.all<[Promise<Download>, Promise<void>][number]>([
      page.waitForEvent('download'),
      page.getByRole('button', { name: button }).click(),
    ])
    const path = await (download as Download).path()
    return { bytes: new Uint8Array(await readFile(path)), name: (download as Download).suggestedFilename() }
  }

  test('shows an example at once: its picture, its 126 bits, and other formats', async () => {
    expect(await bits()).toBe(126)
    expect(await figure('The .ddn file')).toContain('52 bytes\n36 of header, 16 of codes')
    expect(await error()).toBeLessThan(0.03)
    expect(await decoded()).not.toBe(await original())
    expect(await chips().count()).toBe(14)
    const strings = await chips().locator('.bits').allInnerTexts()
    expect(strings.every(text => /^[01]{9}$/.test(text))).toBe(true)
    const table = page.getByRole('table')
    await table.getByText('WebP').first().waitFor()
    const rows = await table.getByRole('row').allInnerTexts()
    expect(rows.filter(row => row.startsWith('JPEG')).length).toBeGreaterThan(0)
    // Of both numbers the first is what any picture takes.
    for (const row of rows.slice(1)) {
      const [, whole, fixed, rest] = /(\d+) = (\d+) \+ (\d+)/.exec(row)!.map(Number)
      expect(whole).toBe(fixed + rest)
      expect(rest).toBeGreaterThan(0)
    }
    expect(asked.filter(url => !url.startsWith(site.url) && !/^(data|blob):/.test(url))).toEqual([])
    expect(said).toEqual([])
  })

  test('the slider cuts the bits, by keys too, and the address follows', async () => {
    const whole = await decoded()
    await slider().fill('30')
    expect(query().get('bits')).toBe('30')
    const some = await decoded()
    expect(some).not.toBe(whole)
    expect(await figure('Bits shown')).toContain('30')
    await slider().focus()
    for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowLeft')
    // Three codes are whole until their last bit is gone.
    expect(await decoded()).toBe(some)
    await page.keyboard.press('ArrowLeft')
    expect(query().get('bits')).toBe('26')
    expect(await decoded()).not.toBe(some)
    await chips().nth(2).click()
    expect(await decoded()).toBe(some)
    await page.keyboard.press('End')
    expect(query().has('bits')).toBe(false)
    expect(await decoded()).toBe(whole)
  })

  test('the slider answers at once', async () => {
    const times = await page.evaluate(async () => {
      const input = document.querySelector<HTMLInputElement>('input[aria-label="Bits"]')!
      const times: number[] = []
      for (let bits = 126; bits >= 0; bits--) {
        const start = performance.now()
        input.value = String(bits)
        input.dispatchEvent(new Event('input', { bubbles: true }))
        // Effects run in a microtask.
        await Promise.resolve()
        times.push(performance.now() - start)
      }
      return times.sort((a, b) => a - b)
    })
    // The machine may be busy with other things now and then.
    expect(times[Math.floor(0.9 * times.length)]).toBeLessThan(50)
    await page.keyboard.press('End')
  })

  test('a prior changes the bits and not the picture; one that is not there says so', async () => {
    const before = await decoded()
    await choose('Prior', 'markov')
    await page.waitForFunction(() => !document.querySelector('dl')?.textContent?.includes('126'))
    expect(await decoded()).toBe(before)
    expect(query().get('prior')).toBe('markov')
    expect(await bits()).not.toBe(126)
    expect(await figure('The .ddn file')).toContain('50 of header')
    const costs = await chips().evaluateAll(all =>
      all.map(chip => Number(/worth ([\d.]+)/.exec(chip.ariaLabel!)![1])),
    )
    expect(costs.reduce((a, b) => a + b)).toBeCloseTo(await bits(), -1)
    await choose('Prior', 'transformer')
    await alert().waitFor()
    expect(await alert().innerText()).toMatch(
      /^The prior transformer is not there .* coppice prior digits\.$/,
    )
    await page.waitForFunction(() => !location.search.includes('prior'))
    await choose('Prior', 'markov')
    await alert().waitFor({ state: 'detached' })
  })

  test('a .ddn file comes back as it was saved', async () => {
    const before = await decoded()
    const { bytes, name } = await saved('Save .ddn')
    expect(name).toBe('picture.ddn')
    expect(DdnFile.open(bytes).header.prior.name).toBe('markov')
    await another(() => page.keyboard.press('r'))
    await choose('Prior', 'none')
    await another(() => give(name, bytes))
    expect(await decoded()).toBe(before)
    expect(query().get('prior')).toBe('markov')
    expect(query().get('codes')).toHaveLength(22)
    await page.getByText('picture.ddn: 1 image in').waitFor()
    expect(await page.getByText('Only its codes are here').count()).toBe(1)
    await choose('Prior', 'none')
  })

  test('a file of many images is a strip to choose from', async () => {
    await another(async () => give('many.ddn', await filed(30)))
    const strip = page.getByRole('region', { name: 'Images of many.ddn' })
    const images = strip.getByRole('button', { name: /^Image/ })
    await images.nth(23).waitFor()
    expect(await images.count()).toBe(24)
    await another(() => images.nth(5).click())
    expect(await images.nth(5).getAttribute('aria-pressed')).toBe('true')
    const codes = query().get('codes')
    await strip.getByRole('button', { name: 'Later' }).click()
    await strip.getByRole('button', { name: 'Image 29' }).waitFor()
    await another(() => strip.getByRole('button', { name: 'Image 29' }).click())
    expect(query().get('codes')).not.toBe(codes)
    await strip.getByRole('button', { name: 'Earlier' }).click()
    await another(() => strip.getByRole('button', { name: 'Image 5', exact: true }).click())
    expect(query().get('codes')).toBe(codes)
  })

  test('of a file that is cut short the rest is recovered, with a sentence', async () => {
    const whole = await filed(30)
    await another(() => give('cut.ddn', whole.subarray(0, whole.length - 5)))
    expect(await alert().innerText()).toMatch(
      /^The file is damaged\. 20 of 30 images are recovered\.\s+cut\.ddn: the file is cut short, .*\s+Block 2 is damaged .*: images 20 to 29 are lost\.$/,
    )
    const strip = page.getByRole('region', { name: 'Images of cut.ddn' })
    await strip.getByRole('button', { name: 'Image 23' }).waitFor()
    expect(await strip.getByRole('button', { name: 'Image 19' }).isEnabled()).toBe(true)
    expect(await strip.getByRole('button', { name: 'Image 20, lost' }).isDisabled()).toBe(true)
  })

  test('what is no picture, and a file of another network, leave what was there, with a sentence', async () => {
    const before = await decoded()
    await give('notes.png', new TextEncoder().encode('hello'), 'image/png')
    await alert().getByText('notes.png is no picture that this browser can read').waitFor()
    const foreign = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
    await give('other.ddn', await filed(1, foreign))
    const own = hex(await fingerprintOf(await loadModel(await model('digits.safetensors'))))
    await alert()
      .getByText(`other.ddn: it was encoded with the network ${hex(foreign)}, and this one is ${own}`)
      .waitFor()
    await settled()
    expect(await decoded()).toBe(before)
    await another(() => page.keyboard.press('r'))
    expect(await alert().count()).toBe(0)
  })

  test('a drawing is compressed while it is drawn', async () => {
    await page.getByRole('button', { name: 'Draw' }).click()
    const box = (await page.getByRole('img', { name: 'Drawing pad' }).boundingBox())!
    // What was shown before does not belong beside an empty pad.
    expect(await page.getByRole('img', { name: /^The picture from/ }).count()).toBe(0)
    const stroke = async () => {
      await page.mouse.move(box.x + 0.5 * box.width, box.y + 0.2 * box.height)
      await page.mouse.down()
      await page.mouse.move(box.x + 0.45 * box.width, box.y + 0.8 * box.height, { steps: 5 })
      await page.mouse.up()
    }
    await stroke()
    await page.getByRole('img', { name: /^The picture from/ }).waitFor()
    await settled()
    expect(query().get('codes')).toHaveLength(22)
    expect(await error()).toBeLessThan(0.1)
    await another(() => page.keyboard.press('Control+z'))
    await page.getByRole('button', { name: 'Draw' }).click()
  })

  test('a picture of several tiles is saved as a PNG that brings it back', async () => {
    const data = Uint8Array.from({ length: 60 * 40 }, (_, i) => 127 + 120 * Math.sin(i / 300))
    const picture = encodePng({ width: 60, height: 40, channels: 1, data })
    await another(() => handed('paste', 'wave.png', picture))
    await page.getByText('made smaller, to 32 × 32').waitFor()
    await another(() => page.getByLabel('at their own size, in tiles').check())
    await page.getByLabel('Tile', { exact: true }).fill('6')
    await page.keyboard.press('Tab')
    expect(await bits()).toBe(6 * 126)
    await slider().fill('60')
    const before = await decoded()
    const { bytes } = await saved('Save PNG')
    const text = decodePngText(bytes)
    expect(text.studio).toContain('bits=60')
    expect(text.ddn).toBeDefined()
    await another(() => page.keyboard.press('r'))
    await another(() => handed('drop', 'decoded.png', bytes))
    await page.waitForFunction(() => location.search.includes('bits=60'))
    await settled()
    expect(await decoded()).toBe(before)
  })

  test('a beam comes no less near', async () => {
    await another(() => page.keyboard.press('r'))
    await page.keyboard.press('End')
    const before = await error()
    await recoded(() => choose('Beam width', '4'))
    expect(await error()).toBeLessThanOrEqual(before)
    expect(query().get('beam')).toBe('4')
    await recoded(() => choose('Beam width', '1'))
  })

  test('what takes too long can be stopped, and all is as before', async () => {
    // So many tiles take a wide beam seconds on any machine.
    const data = Uint8Array.from({ length: 270 * 270 }, (_, i) => 127 + 120 * Math.sin(i / 300))
    const picture = encodePng({ width: 270, height: 270, channels: 1, data })
    await another(() => give('large.png', picture, 'image/png'))
    expect(query().get('fit')).toBe('tiles')
    const before = await decoded()
    const stopped = seen('.top [aria-live] button', true)
    await choose('Beam width', '16')
    await stopped
    await alert().getByText('Stopped.').waitFor()
    await page.waitForFunction(() => !location.search.includes('beam'))
    expect(await decoded()).toBe(before)
    await another(() => page.getByRole('button', { name: 'Another example' }).click())
    expect(await alert().count()).toBe(0)
  })

  test('keys count a bit less and more, none and all; a code says what it is', async () => {
    await page.goto(`${site.url}?room=compress`)
    await settled()
    const press = async (key: string, bits: string | null) => {
      await page.locator('body').press(key)
      expect(query().get('bits'), key).toBe(bits)
    }
    const whole = await decoded()
    await press('ArrowLeft', '125')
    await press('ArrowLeft', '124')
    await press('ArrowRight', '125')
    await press('ArrowRight', null)
    await press('Home', '0')
    expect(await decoded()).not.toBe(whole)
    await press('End', null)
    expect(await decoded()).toBe(whole)
    await chips().nth(2).focus()
    await page.getByText(/^Layer 3 of 14 \(\d+ × \d+\): code \d+ of 512, worth/).waitFor()
    await chips().nth(2).blur()
    await chips().nth(4).hover()
    await page.getByText(/^Layer 5 of 14/).waitFor()
    await page.mouse.move(2, 2)
    await page.getByText('Each box is a code').waitFor()
  })

  test('pictures from files: their tiles are pointed at, light and dark exchanged, made to fit again', async () => {
    await page.goto(`${site.url}?room=compress&fit=tiles`)
    await settled()
    const data = Uint8Array.from({ length: 60 * 40 }, (_, i) => (i % 60 < 30 ? 250 : 5))
    await another(() =>
      give('halves.png', encodePng({ width: 60, height: 40, channels: 1, data }), 'image/png'),
    )
    const tile = page.getByLabel('Tile', { exact: true })
    const codes = () => chips().evaluateAll(all => all.map(chip => chip.ariaLabel).join())
    const first = await codes()
    expect(await tile.inputValue()).toBe('1')
    const box = (await page.getByRole('img', { name: /^The picture from/ }).boundingBox())!
    await page.mouse.click(box.x + 0.9 * box.width, box.y + 0.9 * box.height)
    expect(await tile.inputValue()).toBe('6')
    const last = await codes()
    expect(last).not.toBe(first)
    for (const [typed, shown, said] of [
      ['1', '1', first],
      ['99', '6', last],
      ['0', '1', first],
    ]) {
      await tile.fill(typed)
      await page.keyboard.press('Tab')
      expect(await tile.inputValue()).toBe(shown)
      expect(await codes()).toBe(said)
    }
    const before = await original()
    await another(() => page.getByLabel('light and dark exchanged').check())
    expect(await original()).not.toBe(before)
    await another(() => page.getByLabel('light and dark exchanged').uncheck())
    expect(await original()).toBe(before)
    await another(() => page.getByLabel('made to fit one tile').check())
    await page.getByText('made smaller, to 32 × 32').waitFor()
    expect(query().has('fit')).toBe(false)
    expect(await tile.count()).toBe(0)
    expect(said).toEqual([])
  })

  test('a link says the network, the prior, the beam and the bits', async () => {
    await page.goto(`${site.url}?room=compress&model=emoji&seed=3&beam=2&bits=40&prior=counts`)
    await settled()
    const value = (label: string) => page.getByLabel(label, { exact: true }).inputValue()
    expect(await value('Network')).toBe('emoji')
    expect(await value('Prior')).toBe('counts')
    expect(await value('Beam width')).toBe('2')
    expect(await slider().inputValue()).toBe('40')
    await figure('Bits shown')
    expect(query().get('prior')).toBe('counts')
    const emoji = await original()
    await another(() => choose('Network', 'digits'))
    expect(await original()).not.toBe(emoji)
    expect(query().get('model')).toBe('digits')
    expect(said).toEqual([])
  })

  test('with a network of colours one draws in inks', async () => {
    await page.goto(`${site.url}?room=compress&model=emoji`)
    await settled()
    await page.getByRole('button', { name: 'Draw', exact: true }).click()
    const pad = page.getByRole('img', { name: 'Drawing pad' })
    const dot = async (x: number) => {
      const box = (await pad.boundingBox())!
      await page.mouse.click(box.x + x * box.width, box.y + 0.5 * box.height)
      return pad.locator('canvas').evaluate((element, x) => {
        const { width, height } = element as HTMLCanvasElement
        const context = (element as HTMLCanvasElement).getContext('2d')!
        return [...context.getImageData(x * width, height / 2, 1, 1).data.subarray(0, 3)]
      }, x)
    }
    expect(await page.getByRole('button', { name: 'Ink: red' }).getAttribute('aria-pressed')).toBe('true')
    for (const [name, x, least, most] of [
      ['red', 0.1, 0, 1],
      ['green', 0.3, 1, 2],
      ['blue', 0.5, 2, 0],
      ['black', 0.7, -1, -1],
      ['yellow', 0.9, 0, 2],
    ] as const) {
      await page.getByRole('button', { name: `Ink: ${name}` }).click()
      expect(await page.getByRole('button', { name: `Ink: ${name}` }).getAttribute('aria-pressed')).toBe(
        'true',
      )
      const colour = await dot(x)
      if (least < 0) expect(colour).toEqual([0, 0, 0])
      else expect(colour[least], name).toBeGreaterThan(colour[most] + 40)
    }
    await page.getByRole('button', { name: 'Ink: white' }).click()
    expect(await dot(0.7)).toEqual([255, 255, 255])
    await settled()
    expect(query().get('codes')).toHaveLength(22)
    expect(said).toEqual([])
  })

  test('fits on a phone', async () => {
    await page.goto(`${site.url}?room=compress&seed=50`)
    await settled()
    await page.setViewportSize({ width: 390, height: 800 })
    const width = await page.evaluate(() => document.documentElement.scrollWidth)
    expect(width).toBe(390)
    expect(await page.getByRole('img', { name: /^The picture from/ }).isVisible()).toBe(true)
    expect(said).toEqual([])
  })

  test('a link brings back the picture and its bits; a broken one says so', async () => {
    await another(() => page.getByRole('button', { name: 'Another example' }).click())
    await another(async () => give('one.ddn', await filed(1)))
    await slider().fill('40')
    const before = await decoded()
    const { search } = new URL(page.url())
    await page.close()
    page = await enter(`&${search.slice(1)}`)
    expect(await decoded()).toBe(before)
    expect(await page.getByText('Only its codes are here').count()).toBe(1)
    await page.evaluate(() => {
      history.pushState(null, '', '?room=compress&codes=nonsense')
      dispatchEvent(new PopStateEvent('popstate'))
    })
    await alert()
      .getByText('The codes in the link, nonsense, are not those of a picture of this model')
      .waitFor()
    await page.waitForFunction(() => !location.search.includes('nonsense'))
    await settled()
    expect(said).toEqual([])
  })
})
