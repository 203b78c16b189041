// The studio as a whole: its rooms one after the other, tour and help, and the same page as a static site.

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join, normalize } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { AxeResults } from 'axe-core'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { modelsFolder } from '../../src/data/shipped.ts'
import { buildStatic } from '../../src/studio/server/static-site.ts'
import { Runs, type Served, serveStudio } from '../../src/studio/server.ts'
import { buildStudio, describeInChromium, launch, ROOT } from './harness.ts'

/** Every first view: the rooms, and what Grow can grow. */
const views = ['room=grow', 'room=grow&subject=images', 'room=walk', 'room=steer', 'room=compress'] as const

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.png': 'image/png',
}

/** A host that knows no headers: below a path, as project pages are. */
async function plainHost(folder: string): Promise<{ url: string; server: Server }> {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url!, 'http://localhost')
    const name = pathname.endsWith('/') ? `${pathname}index.html` : pathname
    const bytes = name.startsWith('/some/path/')
      ? await readFile(join(folder, normalize(name.slice('/some/path'.length)))).catch(() => null)
      : null
    response.writeHead(bytes ? 200 : 404, {
      'Content-Type': TYPES[extname(name)] ?? 'application/octet-stream',
    })
    response.end(bytes)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/some/path/`, server }
}

describeInChromium('the studio', () => {
  let folder: string
  let page: string
  let site: Served
  let browser: Browser
  let axe: string
  const contexts: BrowserContext[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coppice-studio-'))
    page = join(folder, 'page')
    await buildStudio(page)
    site = await serveStudio({ runs: await Runs.open(join(folder, 'runs')), page, port: 0 })
    axe = await readFile(join(ROOT, 'node_modules/axe-core/axe.min.js'), 'utf8')
    browser = await launch()
  })
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close()
  })
  afterAll(async () => {
    await browser?.close()
    await site?.close()
    await rm(folder, { recursive: true, force: true })
  })

  interface Visit {
    page: Page
    /** What the page has said on the console, but for what was not there. */
    said: string[]
    /** Addresses that were asked for. */
    asked: string[]
  }

  async function visit(
    query: string,
    { from = site.url, ...options }: BrowserContextOptions & { from?: string } = {},
  ): Promise<Visit> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
    contexts.push(context)
    const page = await context.newPage()
    page.setDefaultTimeout(90_000)
    const said: string[] = []
    const asked: string[] = []
    page.on('console', message => {
      if (
        !/^(Failed to load resource|No available adapters|Service Worker registration blocked)/.test(
          message.text(),
        )
      )
        said.push(message.text())
    })
    page.on('pageerror', error => said.push(`uncaught: ${error.message}`))
    context.on('request', request => asked.push(request.url()))
    await page.goto(`${from}?${query}`)
    return { page, said, asked }
  }

  /** Waits until a picture is to be seen: a canvas of more than one colour. */
  const alive = (page: Page) =>
    page.waitForFunction(() =>
      [...document.querySelectorAll('canvas')].some(canvas => {
        if (canvas.width < 2 || canvas.getBoundingClientRect().width < 20) return false
        // A copy: a canvas may have any context, or be drawn on by a worker.
        const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d')!
        copy.drawImage(canvas, 0, 0)
        const pixels = new Uint32Array(copy.getImageData(0, 0, canvas.width, canvas.height).data.buffer)
        return pixels.some(pixel => pixel !== pixels[0])
      }),
    )

  const door = (page: Page, name: string) =>
    page.getByRole('navigation', { name: 'Rooms' }).getByRole('button', { name })
  const current = (page: Page) => page.locator('nav[aria-label="Rooms"] [aria-current="page"]').innerText()
  const roomOf = (page: Page) => new URL(page.url()).searchParams.get('room') ?? 'grow'

  test('has something alive on its first screen, before any click', async () => {
    const { page, said } = await visit('')
    await alive(page)
    const ms = await page.evaluate(() => performance.now())
    console.log(`the first picture, ms after the navigation began: ${ms.toFixed(0)}`)
    const shot = async () => (await page.screenshot()).toString('base64')
    const before = await shot()
    await expect.poll(shot).not.toBe(before)
    expect(said).toEqual([])
  })

  test('goes from room to room; back, forward and a reload keep the room', async () => {
    const { page, said } = await visit('')
    const titles = ['Grow', 'Walk', 'Steer', 'Compress']
    for (const title of titles) {
      await door(page, title).click()
      expect(await current(page)).toBe(title)
      await alive(page)
      expect(await page.title()).toBe(`${title} · Coppice studio`)
    }
    for (const title of ['Steer', 'Walk', 'Grow']) {
      await page.goBack()
      await page.waitForFunction(title => document.title.startsWith(title), title)
      expect(await current(page)).toBe(title)
    }
    await page.goForward()
    await page.waitForFunction(() => document.title.startsWith('Walk'))
    await page.reload()
    await alive(page)
    expect(roomOf(page)).toBe('walk')
    expect(await current(page)).toBe('Walk')
    expect(said).toEqual([])
  })

  test('shows the tour: six steps, each framing a real control; it can be left at any of them', async () => {
    const { page } = await visit('')
    const card = page.getByRole('dialog', { name: /^Tour/ })
    const framed = async (at: string) => {
      await page.waitForFunction(at => {
        const control = document.querySelector(`[data-tour="${at}"]`)?.getBoundingClientRect()
        const frame = document.querySelector('.frame')?.getBoundingClientRect()
        return (
          control !== undefined &&
          frame !== undefined &&
          control.width > 0 &&
          Math.abs(control.left + control.width / 2 - frame.left - frame.width / 2) < 2 &&
          Math.abs(control.top + control.height / 2 - frame.top - frame.height / 2) < 2
        )
      }, at)
      const box = (await card.boundingBox())!
      expect(box.x).toBeGreaterThanOrEqual(0)
      expect(box.y).toBeGreaterThanOrEqual(0)
      expect(box.x + box.width).toBeLessThanOrEqual(1280)
      expect(box.y + box.height).toBeLessThanOrEqual(800)
    }
    await page.getByRole('button', { name: 'Tour' }).click()
    const stations = [
      ['rooms', 'grow'],
      ['play', 'grow'],
      ['tree', 'walk'],
      ['canvas', 'steer'],
      ['bits', 'compress'],
      ['help', 'compress'],
    ]
    for (const [i, [at, room]] of stations.entries()) {
      expect(await card.getAttribute('aria-label')).toBe(`Tour, step ${i + 1} of 6`)
      await framed(at)
      expect(roomOf(page)).toBe(room)
      if (i < 5) await card.getByRole('button', { name: 'Next' }).click()
    }
    await card.press('ArrowLeft')
    expect(await card.getAttribute('aria-label')).toBe('Tour, step 5 of 6')
    await card.getByRole('button', { name: 'Back' }).click()
    await framed('canvas')
    for (const _ of [5, 6]) await card.press('ArrowRight')
    await card.getByRole('button', { name: 'Done' }).click()
    expect(await card.count()).toBe(0)
    const tour = page.getByRole('button', { name: 'Tour' })
    expect(await tour.evaluate(button => button === document.activeElement)).toBe(true)
    for (const leave of [
      () => card.getByRole('button', { name: 'Skip' }).click(),
      () => page.keyboard.press('Escape'),
    ]) {
      await tour.click()
      await leave()
      expect(await card.count()).toBe(0)
      expect(await tour.evaluate(button => button === document.activeElement)).toBe(true)
    }
  })

  test('explains itself and its keys on ?, and Escape goes back to where one was', async () => {
    const { page } = await visit('room=steer')
    await alive(page)
    const help = page.getByRole('dialog', { name: 'Coppice studio' })
    await page.locator('body').press('?')
    await help.waitFor()
    expect(await help.innerText()).toMatch(/Ctrl Z/)
    await page.keyboard.press('Escape')
    await help.waitFor({ state: 'detached' })
    const button = page.getByRole('button', { name: 'Help and keys' })
    await button.click()
    await help.getByRole('button', { name: 'Close' }).click()
    await help.waitFor({ state: 'detached' })
    expect(await button.evaluate(button => button === document.activeElement)).toBe(true)
  })

  test('takes another seed on R, but not while somebody types', async () => {
    const { page } = await visit('room=walk')
    await alive(page)
    await page.locator('body').press('r')
    await page.waitForFunction(() => /seed=\d+/.test(location.search))
    const seed = new URL(page.url()).searchParams.get('seed')
    await page.getByLabel('Go to a code').press('r')
    expect(await page.getByLabel('Go to a code').inputValue()).toBe('r')
    expect(new URL(page.url()).searchParams.get('seed')).toBe(seed)
  })

  test('asks nobody but its server, breaks none of its rules, and is at most 300 KB of code for any room', async () => {
    for (const view of views) {
      const { page: tab, said, asked } = await visit(view)
      await alive(tab)
      await tab.waitForFunction(() => !document.querySelector('[aria-busy="true"]'))
      expect(asked.filter(url => !url.startsWith(site.url) && !/^(blob|data):/.test(url))).toEqual([])
      expect(await tab.evaluate(() => crossOriginIsolated)).toBe(true)
      // A breach of the content-security policy would be said here.
      expect(said).toEqual([])

      const names = new Set(asked.map(url => new URL(url).pathname.slice(1) || 'index.html'))
      const own = [...names].filter(name => /\.(html|js|css)$/.test(name) && !/\/ort[.-]/.test(name))
      const sizes = await Promise.all(
        own.map(async name => gzipSync(await readFile(join(page, name))).length),
      )
      const bytes = sizes.reduce((a, b) => a + b)
      console.log(`${view}: ${(bytes / 1000).toFixed(0)} KB of code, compressed, without ONNX Runtime`)
      expect(own.some(name => name.startsWith('assets/main'))).toBe(true)
      expect(bytes).toBeLessThanOrEqual(300_000)
    }
  })

  for (const colorScheme of ['light', 'dark'] as const)
    test(`names every control, and can be read: no finding of axe in any room, ${colorScheme}`, async () => {
      const found: string[] = []
      for (const view of views) {
        const { page } = await visit(view, { colorScheme })
        await alive(page)
        await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]'))
        await page.evaluate(axe)
        const { violations } = await page.evaluate(() =>
          (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
        )
        for (const { id, help, nodes } of violations)
          found.push(`${view}: ${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`)
      }
      expect(found).toEqual([])
    })

  test('fits on a phone, in every room', async () => {
    for (const view of views) {
      const { page } = await visit(view, { viewport: { width: 390, height: 800 } })
      await alive(page)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    }
  })

  test('moves nothing by itself where less motion is wished for', async () => {
    for (const view of views) {
      const { page } = await visit(view, { reducedMotion: 'reduce' })
      await alive(page)
      const moving = () =>
        page.evaluate(() =>
          document
            .getAnimations()
            .filter(({ playState }) => playState === 'running')
            .map(animation => (animation as CSSAnimation).animationName ?? 'transition'),
        )
      expect(await moving()).toEqual([])
      // Once what loads is there, two frames are alike.
      await page.waitForFunction(() => !document.querySelector('[aria-busy="true"]'))
      const shot = async () => (await page.screenshot()).toString('base64')
      const twice = async () => new Set([await shot(), await shot()]).size
      await expect.poll(twice, { timeout: 60_000, interval: 300 }).toBe(1)
    }
  })

  test('as a static site on a host without headers isolates itself, and every room works', async () => {
    const out = join(folder, 'site')
    await buildStatic(out, { page, models: modelsFolder(), runs: await Runs.open(join(folder, 'runs')) })
    const { url, server } = await plainHost(out)
    try {
      const context = await browser.newContext()
      contexts.push(context)
      const page = await context.newPage()
      const said: string[] = []
      const asked: string[] = []
      page.on('console', message => {
        if (!/^(Failed to load resource|No available adapters)/.test(message.text()))
          said.push(message.text())
      })
      context.on('request', request => asked.push(request.url()))
      await page.goto(url)
      await page.waitForFunction(() => crossOriginIsolated)
      for (const view of views) {
        await page.goto(`${url}?${view}`)
        await alive(page)
        expect(await page.evaluate(() => crossOriginIsolated)).toBe(true)
      }
      expect(said).toEqual([])
      expect(asked.filter(one => !one.startsWith(url) && !/^(blob|data):/.test(one))).toEqual([])
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  test('works with one thread where nothing can isolate it', async () => {
    const out = join(folder, 'site')
    await buildStatic(out, { page, models: modelsFolder(), runs: await Runs.open(join(folder, 'runs')) })
    const { url, server } = await plainHost(out)
    try {
      for (const view of views) {
        const { page, said } = await visit(view, { from: url, serviceWorkers: 'block' })
        await alive(page)
        expect(await page.evaluate(() => crossOriginIsolated)).toBe(false)
        expect(said).toEqual([])
        // Rooms that compute with ONNX Runtime say why they are slower.
        if (view !== 'room=grow' && (await page.evaluate(() => navigator.hardwareConcurrency > 1)))
          await page
            .getByText(/one thread/i)
            .first()
            .waitFor()
      }
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  test('says nothing of rooms that do not exist: a broken address opens the first', async () => {
    const { page, said } = await visit('room=cellar&seed=minus&bits=many')
    await alive(page)
    expect(await current(page)).toBe('Grow')
    expect(said).toEqual([])
  })
})
