// Chromium and the server that the browser tests need.

import { accessSync, constants, createReadStream, existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, delimiter, extname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { build, createServer as createViteServer } from 'vite'
import { describe, test } from 'vitest'
import { sheets } from '../../src/studio/build-data.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** CHROME_PATH, else Playwright's own, else Debian's, else what the PATH has. */
export function findChromium(): string | undefined {
  const { CHROME_PATH, PATH = '' } = process.env
  if (CHROME_PATH) {
    if (!existsSync(CHROME_PATH)) throw new Error(`CHROME_PATH: there is no ${CHROME_PATH}`)
    return CHROME_PATH
  }
  const onPath = PATH.split(delimiter).flatMap(folder => NAMES.map(name => join(folder, name)))
  return [chromium.executablePath(), '/usr/bin/chromium', ...onPath].find(executable)
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** `describe`, where there is a Chromium; else one test that is skipped with the reason, and fails under CI. */
export function describeInChromium(name: string, tests: () => void) {
  if (findChromium()) return describe(name, tests)
  const message = 'no Chromium found: install one (apt install chromium), or set CHROME_PATH'
  test(name, context => {
    if (process.env.CI) throw new Error(message)
    console.warn(`${name}: skipped, ${message}`)
    context.skip(message)
  })
}

const ARGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Chromium without a GPU, or with SwiftShader, which does WebGPU in software. */
export function launch(webgpu: 'none' | 'swiftshader' = 'none'): Promise<Browser> {
  const graphics =
    webgpu === 'none'
      ? ['--disable-gpu']
      : ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan']
  return chromium.launch({ executablePath: findChromium(), args: [...ARGS, ...graphics] })
}

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PAGE = join(ROOT, 'test/browser/page')
const ORT = join(ROOT, 'node_modules/onnxruntime-web/dist')

export interface Site {
  url: string
  close(): Promise<void>
}

/** The page as Vite builds it for production, served as it would be by a site: isolated, and with `/ort/` for ONNX Runtime's own folder. */
export async function buildSite(): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'coppice-page-'))
  await build({
    configFile: false,
    root: PAGE,
    logLevel: 'error',
    worker: { format: 'es' },
    build: { outDir: folder, emptyOutDir: true, minify: false, reportCompressedSize: false },
  })
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://localhost')
    isolate(request, response)
    if (pathname.startsWith('/ort/')) send(response, join(ORT, basename(pathname)))
    else send(response, join(folder, pathname === '/' ? 'index.html' : normalize(pathname)))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await rm(folder, { recursive: true })
    },
  }
}

/** The studio's page, as the package has it, with 800 digits to learn and 100 to test on. */
export async function buildStudio(folder: string): Promise<void> {
  await build({
    configFile: join(ROOT, 'vite.studio.config.ts'),
    root: join(ROOT, 'src/studio/page'),
    logLevel: 'error',
    build: { outDir: folder, emptyOutDir: true, reportCompressedSize: false },
  })
  await mkdir(join(folder, 'data'))
  for (const [name, bytes] of Object.entries(await sheets(800, 100)))
    await writeFile(join(folder, 'data', name), bytes)
}

/** The page in Vite's development server, with the one setting that backend-web.ts asks for. */
export async function developmentSite(): Promise<Site> {
  const server = await createViteServer({
    configFile: false,
    root: PAGE,
    cacheDir: await mkdtemp(join(tmpdir(), 'coppice-vite-')),
    logLevel: 'error',
    server: { port: 0, host: '127.0.0.1', hmr: false, watch: null, fs: { allow: [ROOT] } },
    optimizeDeps: { exclude: ['onnxruntime-web'] },
    plugins: [
      {
        name: 'isolate',
        configureServer: ({ middlewares }) => {
          middlewares.use((request, response, next) => {
            isolate(request, response)
            next()
          })
        },
      },
    ],
  })
  await server.listen()
  return {
    url: server.resolvedUrls!.local[0],
    close: async () => {
      await server.close()
      await rm(server.config.cacheDir, { recursive: true, force: true })
    },
  }
}

/** Cross-origin isolation for every answer but those to an address with `?plain`. */
function isolate(request: IncomingMessage, response: ServerResponse) {
  if (request.url!.includes('?plain')) return
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
  response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp')
}

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
}

function send(response: ServerResponse, path: string) {
  if (!existsSync(path)) {
    response.statusCode = 404
    response.end()
    return
  }
  response.setHeader('Content-Type', TYPES[extname(path)] ?? 'application/octet-stream')
  createReadStream(path).pipe(response)
}

/**
 * A page at the address, and everything that it has said on the console since, but for what Vite and Chromium
 * themselves say. `window.memories` are its WebAssembly memories.
 */
export async function open(browser: Browser, url: string): Promise<{ page: Page; said: string[] }> {
  const page = await browser.newPage()
  await page.addInitScript(() => {
    const memories: WebAssembly.Memory[] = []
    Object.assign(window, { memories })
    WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
      construct(target, args: [WebAssembly.MemoryDescriptor]) {
        memories.push(new target(...args))
        return memories.at(-1)!
      },
    })
  })
  const said: string[] = []
  page.on('console', message => {
    const text = message.text()
    if (!text.startsWith('[vite]') && text !== 'No available adapters.')
      said.push(`${message.type()}: ${text}`)
  })
  page.on('pageerror', error => said.push(`uncaught: ${error.message}`))
  await page.goto(url)
  await page.waitForFunction('window.coppice')
  return { page, said }
}
