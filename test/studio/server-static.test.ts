/** The studio as a folder of files, and what isolates it where the host cannot. */

import { readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { contentPolicy, isolation } from '../../src/studio/server/headers.ts'
import { buildStatic } from '../../src/studio/server/static-site.ts'
import { createStudio, Runs } from '../../src/studio/server.ts'
import { type Folders, makeFolders, SECRET, writeFiles } from './server-folders.ts'

let folders: Folders
let site: string
beforeEach(async () => {
  folders = await makeFolders()
  site = join(folders.root, 'site')
})
afterEach(() => folders.remove())

async function build(named?: string, page = folders.page) {
  return buildStatic(site, { ...folders, page, runs: await Runs.open(folders.runs, named) })
}

const read = (name: string) => readFile(join(site, name), 'utf8')

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter(entry => entry.isFile()).map(entry => entry.name)
}

describe('a static site', () => {
  test('is the page, the models and the run that was named, and nothing else', async () => {
    const { files, bytes } = await build(join(folders.runs, 'first'))
    expect(files).toEqual([
      '.nojekyll',
      'api/runs.json',
      'api/runs/first/config.json',
      'api/runs/first/model.safetensors',
      'assets/main-4f2a.js',
      'assets/ort-wasm-simd-threaded.asyncify.wasm',
      'assets/ort-wasm-simd-threaded.wasm',
      'assets/style-77aa.css',
      'data/digits.png',
      'index.html',
      'isolation.js',
      'models/digits.safetensors',
      'models/judge.json',
      'models/judge.onnx',
    ])
    const sizes = await Promise.all(files.map(async name => (await readFile(join(site, name))).length))
    expect(bytes).toBe(sizes.reduce((a, b) => a + b))
    expect(await filesOf(site)).toHaveLength(files.length + 1)
  })

  test('answers as the server does', async () => {
    const runs = await Runs.open(folders.runs, join(folders.runs, 'first'))
    await build(join(folders.runs, 'first'))
    const app = createStudio({ ...folders, runs })
    for (const name of [
      'api/runs/first/model.safetensors',
      'assets/main-4f2a.js',
      'assets/ort-wasm-simd-threaded.wasm',
      'models/judge.onnx',
      'data/digits.png',
    ]) {
      const response = await app.request(`/${name}`, { headers: { Host: 'localhost' } })
      expect(await response.text()).toBe(await read(name))
    }
    const list = await app.request('/api/runs.json', { headers: { Host: 'localhost' } })
    expect(JSON.parse(await read('api/runs.json'))).toEqual(await list.json())
  })

  test('does not say that its run is in training, for it stays as it is', async () => {
    const run = join(folders.runs, 'first')
    await writeFiles(run, { lock: '{}', 'log.jsonl': '{"type":"start","step":0}\n' })
    await build(run)
    expect(JSON.parse(await read('api/runs.json'))).toMatchObject([
      { training: false, files: { log: false } },
    ])
  })

  test('without a run has an empty list', async () => {
    await build()
    expect(JSON.parse(await read('api/runs.json'))).toEqual([])
    expect(await readdir(join(site, 'api'))).toEqual(['runs.json'])
  })

  test('has a page that brings the policy and asks for isolation first', async () => {
    await build()
    const html = await read('index.html')
    expect(html).toContain(`<meta http-equiv="Content-Security-Policy" content="${contentPolicy}">`)
    // Before any other script, and the character set within the first 1024 bytes, as HTML wants it.
    expect(html.indexOf('<script src="./isolation.js"></script>')).toBeLessThan(html.indexOf('<title>'))
    expect(html.indexOf('<meta charset')).toBeLessThan(100)
    // The served page, which the server isolates, has no service worker.
    expect(await readFile(join(folders.page, 'index.html'), 'utf8')).not.toContain('isolation')
  })
})

describe('the folder of a site', () => {
  test('may hold a former build, of which nothing is left, beside what is not of it', async () => {
    await build(join(folders.runs, 'first'))
    await writeFiles(site, { CNAME: 'example.com', 'assets/own.txt': 'mine' })
    const page = join(folders.root, 'newer')
    await writeFiles(page, { 'index.html': '<meta charset="utf-8">', 'assets/main-newer.js': '' })
    await build(undefined, page)
    expect((await filesOf(site)).sort()).toEqual(
      [
        ...['.coppice-studio.json', '.nojekyll', 'CNAME', 'own.txt', 'runs.json'],
        ...['ort-wasm-simd-threaded.asyncify.wasm', 'ort-wasm-simd-threaded.wasm'],
        ...['digits.safetensors', 'judge.json', 'judge.onnx', 'index.html', 'main-newer.js'],
      ].sort(),
    )
    expect(await readdir(join(site, 'api'))).toEqual(['runs.json'])
  })

  test('may hold nothing else', async () => {
    await writeFiles(site, { 'thesis.txt': 'mine' })
    await expect(build()).rejects.toThrow(/site is not empty, and no former build of the studio/)
    expect(await readdir(site)).toEqual(['thesis.txt'])
    site = join(site, 'thesis.txt')
    await expect(build()).rejects.toThrow(/thesis\.txt is a file; give a folder/)
  })

  test('is not left by a list of files that lies', async () => {
    await build()
    const victim = join(folders.outside, 'secret.txt')
    const files = [
      '../outside/secret.txt',
      victim,
      'leak/secret.txt',
      '..\\outside\\secret.txt',
      'index.html/../../outside/secret.txt',
    ]
    await writeFile(join(site, '.coppice-studio.json'), JSON.stringify({ files }))
    await symlink(folders.outside, join(site, 'leak'))
    await build()
    expect(await readFile(victim, 'utf8')).toBe(SECRET)
  })
})

/** The two scripts as browsers have them, in a world of the test's own. */
const script = async (name: string) =>
  readFile(new URL(`../../src/studio/page/public/${name}`, import.meta.url), 'utf8')

describe('the service worker', () => {
  async function worker() {
    const listeners = new Map<string, (event: object) => void>()
    const world = {
      addEventListener: (type: string, listener: (event: object) => void) => listeners.set(type, listener),
      location: { origin: 'https://example.com' },
      fetch: vi.fn(),
      ...{ Headers, Response, URL },
    }
    runInNewContext(await script('isolation-worker.js'), world)
    const answer = (request: object): Promise<Response> | undefined => {
      let response: Promise<Response> | undefined
      const respondWith = (given: Promise<Response>) => {
        response = given
      }
      listeners.get('fetch')!({ request, respondWith })
      return response
    }
    return { answer, fetched: world.fetch }
  }

  test('adds the headers that the server sends, and keeps the rest', async () => {
    const { answer, fetched } = await worker()
    fetched.mockResolvedValue(new Response('page', { status: 404, headers: { 'Content-Type': 'text/html' } }))
    const response = (await answer({
      url: 'https://example.com/studio/',
      cache: 'default',
      mode: 'navigate',
    }))!
    expect(Object.fromEntries(response.headers)).toEqual({
      'content-type': 'text/html',
      ...Object.fromEntries(Object.entries(isolation).map(([name, value]) => [name.toLowerCase(), value])),
    })
    expect([response.status, await response.text()]).toEqual([404, 'page'])
  })

  test('leaves alone what is not its own, and redirections', async () => {
    const { answer, fetched } = await worker()
    expect(answer({ url: 'https://elsewhere.com/', cache: 'default', mode: 'cors' })).toBeUndefined()
    expect(answer({ url: 'https://example.com/x', cache: 'only-if-cached', mode: 'no-cors' })).toBeUndefined()
    expect(fetched).not.toHaveBeenCalled()
    const redirection = { status: 0, type: 'opaqueredirect' }
    fetched.mockResolvedValue(redirection)
    expect(await answer({ url: 'https://example.com/x', cache: 'default', mode: 'navigate' })).toBe(
      redirection,
    )
  })
})

describe('the page that calls for it', () => {
  async function load({ isolated = false, supported = true, reloaded = false, refused = false }) {
    const kept = new Map(reloaded ? [['isolation-reloaded', 'yes']] : [])
    const register = vi.fn(async () => {
      if (refused) throw new Error('not allowed')
    })
    const reload = vi.fn()
    runInNewContext(await script('isolation.js'), {
      crossOriginIsolated: isolated,
      navigator: supported ? { serviceWorker: { register, ready: Promise.resolve() } } : {},
      sessionStorage: {
        getItem: (key: string) => kept.get(key) ?? null,
        setItem: (key: string, value: string) => kept.set(key, value),
        removeItem: (key: string) => kept.delete(key),
      },
      location: { reload },
    })
    await new Promise(resolve => setImmediate(resolve))
    return {
      registered: register.mock.calls.length,
      reloaded: reload.mock.calls.length,
      marked: kept.size > 0,
    }
  }

  test('registers it and reloads once, where the page is not isolated', async () => {
    expect(await load({})).toEqual({ registered: 1, reloaded: 1, marked: true })
    expect(await load({ reloaded: true })).toEqual({ registered: 1, reloaded: 0, marked: true })
  })

  test('does neither where the page is isolated, or where there are none', async () => {
    expect(await load({ isolated: true, reloaded: true })).toEqual({
      registered: 0,
      reloaded: 0,
      marked: false,
    })
    expect(await load({ supported: false })).toEqual({ registered: 0, reloaded: 0, marked: false })
    expect(await load({ refused: true })).toEqual({ registered: 1, reloaded: 0, marked: false })
  })
})
