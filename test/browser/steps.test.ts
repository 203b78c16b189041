import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RuntimeOptions } from '../../src/runtime/index.ts'
import { bodies } from '../runtime/suite.ts'
import { buildSite, describeInChromium, developmentSite, launch, open, type Site } from './harness.ts'
import type { Coppice } from './page/page.ts'

declare const coppice: Coppice

const TRAINING = 'a small network trains as in plain loops with gradients by differences'
const NO_GPU = 'no WebGPU: the browser offers no graphics processor; using WASM'

function run(page: Page, name?: string, options: RuntimeOptions = {}) {
  return page.evaluate(([name, options]) => coppice.run(name, options), [name, options] as const)
}

/** The threads beside the one that asked: ONNX Runtime's workers. */
function helpers(page: Page): number {
  return page.workers().length
}

describeInChromium('in Chromium', () => {
  let site: Site
  let url: string

  beforeAll(async () => {
    site = await buildSite()
    url = site.url
  })
  afterAll(() => site?.close())

  describe('without a GPU', () => {
    let browser: Browser
    let page: Page
    let said: string[]

    beforeAll(async () => {
      browser = await launch()
      ;({ page, said } = await open(browser, url))
    })
    afterAll(() => browser?.close())

    for (const name of Object.keys(bodies)) test(name, () => run(page, name, { device: 'wasm' }))

    test('the models that come with the package: a judge steers a network', async () => {
      const errors = await page.evaluate(() => coppice.threes())
      expect(errors).toHaveLength(2)
      for (const error of errors) expect(error).toBeLessThan(0.2)
    })

    test('ONNX Runtime says nothing on the console, even of errors', () => {
      expect(said).toEqual([])
    })

    test('a thousand steps leave no memory behind', async () => {
      const session = await page.context().newCDPSession(page)
      const used = async () => {
        await session.send('HeapProfiler.collectGarbage')
        const usage = (await session.send('Runtime.getHeapUsage')) as unknown as Record<string, number>
        return { arrays: usage.backingStorageSize, objects: usage.usedSize, ...(await memory(page)) }
      }
      const thousand = () => run(page, 'a thousand steps count to a thousand', { device: 'wasm' })
      await thousand()
      const before = await used()
      await thousand()
      const after = await used()
      expect(before.wasm).toBeGreaterThan(0)
      expect(after.wasm).toBe(before.wasm)
      // A state or output that stays would cost 8 bytes and an array object a step: 16 kB and more.
      expect(after.arrays - before.arrays).toBeLessThan(4_000)
      expect(after.objects - before.objects).toBeLessThan(200_000)
    })

    test('a cross-origin isolated page computes with all cores, or as many threads as it is told', async () => {
      for (const [threads, expected] of [
        [undefined, await page.evaluate(() => navigator.hardwareConcurrency)],
        [1, 1],
        [3, 3],
      ] as const) {
        const { page } = await open(browser, url)
        const report = await run(page, TRAINING, { device: 'wasm', threads })
        expect(report).toEqual({ device: 'wasm', threads: expected, notices: [] })
        expect(helpers(page)).toBe(expected - 1)
        await page.close()
      }
    })

    test('a later program computes with the threads of the first one, with a notice', async () => {
      const { page } = await open(browser, url)
      await run(page, undefined, { device: 'wasm', threads: 2 })
      const report = await run(page, TRAINING, { device: 'wasm', threads: 1 })
      expect(report.threads).toBe(2)
      expect(report.notices).toEqual(['2 threads, not 1: a page computes with as many as its first program'])
      await page.close()
    })

    test('a page that is not isolated computes with one thread, with a notice', async () => {
      const { page, said } = await open(browser, `${url}?plain`)
      const report = await run(page, TRAINING, { device: 'wasm', threads: 2 })
      expect(report.threads).toBe(1)
      expect(report.notices).toHaveLength(1)
      expect(report.notices[0]).toMatch(
        /^one thread only: the page is not cross-origin isolated; .*Embedder-Policy/,
      )
      expect(helpers(page)).toBe(0)
      expect((await run(page, TRAINING, { device: 'wasm', threads: 1 })).notices).toEqual([])
      expect(said).toEqual([])
      await page.close()
    })

    test('where WebGPU is absent, WASM takes its place with a notice, wished for or not', async () => {
      for (const device of [undefined, 'webgpu'] as const) {
        const report = await run(page, TRAINING, { device })
        expect(report.device).toBe('wasm')
        expect(report.notices).toEqual([NO_GPU])
      }
    })

    test('a worker of the page trains too, with threads', async () => {
      const { page } = await open(browser, url)
      const report = await page.evaluate(
        name => coppice.runInWorker(name, { device: 'wasm', threads: 2 }),
        TRAINING,
      )
      expect(report).toEqual({ device: 'wasm', threads: 2, notices: [] })
      await page.close()
    })

    test('a device of Node is refused with those that are there', async () => {
      await expect(run(page, undefined, { device: 'cuda' })).rejects.toThrow(
        /device cuda is not available in a browser; use one of webgpu, wasm/,
      )
    })

    test('the WebAssembly files come from where wasmPaths says', async () => {
      const { page } = await open(browser, url)
      const requests: string[] = []
      page.on('request', request => requests.push(new URL(request.url()).pathname))
      await run(page, undefined, { device: 'wasm', wasmPaths: `${url}ort/` })
      expect(requests).toContain('/ort/ort-wasm-simd-threaded.mjs')
      expect(requests).toContain('/ort/ort-wasm-simd-threaded.wasm')
      await page.close()
    })

    test('where the WebAssembly files are missing, the error names the option', async () => {
      const { page } = await open(browser, url)
      await expect(run(page, undefined, { device: 'wasm', wasmPaths: `${url}nowhere/` })).rejects.toThrow(
        /ONNX Runtime's WebAssembly did not start \(see the option wasmPaths\)/,
      )
      await page.close()
    })

    test('Vite’s development server serves it too, with threads', async () => {
      const site = await developmentSite()
      const { page } = await open(browser, site.url)
      expect(await run(page, undefined, { device: 'wasm', threads: 2 })).toEqual({
        device: 'wasm',
        threads: 2,
        notices: [],
      })
      await page.close()
      await site.close()
    })

    test('the engine’s log is let through on request', async () => {
      const { page, said } = await open(browser, url)
      await run(page, undefined, { device: 'wasm', verbose: true })
      expect(said.some(line => line.includes('onnxruntime'))).toBe(true)
      await page.close()
    })
  })

  describe('on WebGPU in software', () => {
    let browser: Browser
    let page: Page
    let said: string[]
    let missing: string | undefined

    beforeAll(async () => {
      browser = await launch('swiftshader')
      ;({ page, said } = await open(browser, url))
      const { device, notices } = await run(page, undefined, { device: 'webgpu' })
      if (device !== 'webgpu') missing = notices.join()
    })
    afterAll(() => browser?.close())

    for (const name of Object.keys(bodies))
      test(name, async context => {
        if (missing) context.skip(`this Chromium has no SwiftShader: ${missing}`)
        await run(page, name, { device: 'webgpu' })
      })

    test('ONNX Runtime says nothing on the console', context => {
      if (missing) context.skip(missing)
      expect(said).toEqual([])
    })

    test('a GPU in software is not chosen unless asked for', async context => {
      if (missing) context.skip(missing)
      const report = await run(page)
      expect(report.device).toBe('wasm')
      expect(report.notices).toEqual(['no WebGPU: the browser offers one in software only; using WASM'])
    })
  })
})

/** The size of the page's WebAssembly memories: see `open`. */
function memory(page: Page): Promise<{ wasm: number }> {
  return page.evaluate(() => {
    const memories = (window as unknown as { memories: WebAssembly.Memory[] }).memories
    return { wasm: memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0) }
  })
}
