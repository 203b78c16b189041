// Chromium, and the benchmarks' own page as Vite builds it for production.

import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { build, preview } from 'vite'
import { isolation } from '../../src/studio/server/headers.ts'
import { builtPage } from '../../src/studio/server.ts'
import type { Bench } from './page/page.ts'

declare global {
  interface Window {
    bench: Bench
  }
}

/** CHROME_PATH, else Debian's, without a GPU. Its profile is a fresh one. */
export function launch(): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking']
  return chromium.launch({ executablePath: process.env.CHROME_PATH ?? '/usr/bin/chromium', args })
}

/** The bytes of these digits, the page and Node learn from. */
export const sheetFile = join(builtPage(), 'data', 'digits.png')

/** What TensorFlow.js is, as npm has it. */
export const tfjsFiles = [
  'tfjs-core/dist/tf-core.min.js',
  'tfjs-backend-wasm/dist/tf-backend-wasm.min.js',
  'tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm',
]

/**
 * Gives `work` the page, cross-origin isolated, and ends everything after it.
 *
 * @param tfjs  a folder whose node_modules have TensorFlow.js, which is then there as `tf`
 */
export async function withPage<T>(
  work: (page: Page, browser: Browser) => Promise<T>,
  tfjs?: string,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'coppice-bench-'))
  const root = fileURLToPath(new URL('page', import.meta.url))
  await build({
    configFile: false,
    root,
    logLevel: 'error',
    worker: { format: 'es' },
    build: { outDir: folder, emptyOutDir: true, target: 'es2022', reportCompressedSize: false },
  })
  await mkdir(join(folder, 'data'))
  await copyFile(sheetFile, join(folder, 'data/digits.png'))
  await mkdir(join(folder, 'tfjs'))
  const scripts = tfjs ? tfjsFiles : []
  for (const file of scripts)
    await copyFile(join(tfjs!, 'node_modules/@tensorflow', file), join(folder, 'tfjs', nameOf(file)))
  const server = await preview({
    configFile: false,
    root,
    logLevel: 'error',
    build: { outDir: folder },
    preview: { host: '127.0.0.1', port: 0, headers: isolation },
  })
  const browser = await launch()
  try {
    const page = await browser.newPage()
    page.on('pageerror', error => console.error(`in the page: ${error.message}`))
    await page.goto(server.resolvedUrls!.local[0])
    for (const file of scripts.filter(file => file.endsWith('.js')))
      await page.addScriptTag({ url: `/tfjs/${nameOf(file)}` })
    await page.waitForFunction(() => window.bench !== undefined)
    return await work(page, browser)
  } finally {
    await browser.close()
    await server.close()
    await rm(folder, { recursive: true })
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
