/** The studio's server: what it answers, to whom, and that nothing outside its folders is ever read. */

import { readdir, readlink, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { headers, isLoopback, isLoopbackHost } from '../../src/studio/server/headers.ts'
import { createStudio, Runs, type Served, serveStudio } from '../../src/studio/server.ts'
import { ask, type Folders, makeFolders, SECRET } from './server-folders.ts'

const onLinux = process.platform === 'linux'
let folders: Folders
let served: Served
const serve = async (options: { host?: string; port?: number; page?: string } = {}) =>
  serveStudio({ port: 0, ...folders, runs: await Runs.open(folders.runs), ...options })
beforeAll(async () => {
  folders = await makeFolders()
  served = await serve()
})
afterAll(async () => {
  await served.close()
  await folders.remove()
})
const get = (path: string, options?: Parameters<typeof ask>[2]) => ask(served.port, path, options)

describe('what it serves', () => {
  test('is the page, the models and the runs, each with its type', async () => {
    const types = {
      '/': 'text/html; charset=utf-8',
      '/index.html': 'text/html; charset=utf-8',
      '/?room=walk': 'text/html; charset=utf-8',
      '/assets/main-4f2a.js': 'text/javascript; charset=utf-8',
      '/assets/style-77aa.css': 'text/css; charset=utf-8',
      '/assets/ort-wasm-simd-threaded.wasm': 'application/wasm',
      '/data/digits.png': 'image/png',
      '/models/digits.safetensors': 'application/octet-stream',
      '/models/judge.onnx': 'application/octet-stream',
      '/models/judge.json': 'application/json',
      '/api/runs': 'application/json',
      '/api/runs.json': 'application/json',
      '/api/runs/first/model.safetensors': 'application/octet-stream',
      '/api/runs/first/config.json': 'application/json',
    }
    for (const [path, type] of Object.entries(types)) {
      const answer = await get(path)
      expect([path, answer.status, answer.headers['content-type']]).toEqual([path, 200, type])
    }
    expect((await get('/api/runs/first/model.safetensors')).body).toBe('the weights')
    expect(JSON.parse((await get('/api/runs')).body)).toMatchObject([{ name: 'first' }])
  })

  test('is nothing else: a sentence and 404', async () => {
    for (const path of [
      '/nothing',
      '/assets',
      '/assets/',
      '/.hidden',
      '/models',
      '/models/README.md',
      '/models/none.onnx',
      '/models/leak.safetensors',
      '/leak.js',
      '/leak/secret.txt',
      '/api',
      '/api/runs/',
      '/api/runs/none/config.json',
      '/api/runs/notes/config.json',
      '/api/runs/leak/config.json',
      '/api/runs/first/state.safetensors',
      '/api/runs/first/codes.safetensors',
      '/api/runs/first/prior.safetensors',
      '/api/runs/none/log',
    ]) {
      const answer = await get(path)
      expect([path, answer.status, answer.body]).toEqual([path, 404, `there is nothing at ${path}\n`])
    }
  })

  test('has the headers of isolation and of the policy on every answer', async () => {
    const { etag } = (await get('/')).headers
    const answers = [
      await get('/'),
      await get('/', { headers: { 'If-None-Match': String(etag) } }),
      await get('/none'),
      await get('/', { method: 'POST' }),
      await get('/', { headers: { Host: 'example.com' } }),
      await get('/api/runs'),
      await get('/api/runs/first/log', { method: 'HEAD' }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([200, 304, 404, 405, 403, 200, 200])
    for (const answer of answers)
      for (const [name, value] of Object.entries(headers))
        expect(answer.headers[name.toLowerCase()]).toBe(value)
    expect(headers['Cross-Origin-Opener-Policy']).toBe('same-origin')
    expect(headers['Cross-Origin-Embedder-Policy']).toBe('require-corp')
  })

  test('is kept for ever where its name has a hash, and else asked for again', async () => {
    expect((await get('/assets/main-4f2a.js')).headers['cache-control']).toContain('immutable')
    const first = await get('/models/digits.safetensors')
    expect(first.headers['cache-control']).toBe('no-cache')
    const tag = String(first.headers.etag)
    for (const known of [tag, `"other", W/${tag}`])
      expect(await get('/models/digits.safetensors', { headers: { 'If-None-Match': known } })).toMatchObject({
        status: 304,
        body: '',
      })
    await writeFile(join(folders.models, 'digits.safetensors'), 'other weights')
    expect(await get('/models/digits.safetensors', { headers: { 'If-None-Match': tag } })).toMatchObject({
      status: 200,
      body: 'other weights',
    })
  })

  test('is told by HEAD as by GET, without the body', async () => {
    for (const path of ['/', '/models/judge.onnx', '/api/runs/first/model.safetensors']) {
      const [whole, head] = [await get(path), await get(path, { method: 'HEAD' })]
      expect(head).toMatchObject({ status: 200, body: '' })
      for (const name of ['content-length', 'content-type', 'etag'])
        expect(head.headers[name]).toBe(whole.headers[name])
      expect(head.headers['content-length']).toBe(String(whole.body.length))
    }
  })

  test('is the file that was there when the answer began, whole, also when another replaces it', async () => {
    const path = join(folders.models, 'large.onnx')
    const old = new Uint8Array(2 ** 20 + 7).map((_, i) => i * 31)
    await writeFile(path, old)
    const app = createStudio({ ...folders, runs: await Runs.open(folders.runs) })
    const response = await app.request('/models/large.onnx', { headers: { Host: 'localhost' } })
    const reader = response.body!.getReader()
    const parts = [(await reader.read()).value!]
    await writeFile(`${path}.new`, 'new')
    await rename(`${path}.new`, path)
    for (let part = await reader.read(); !part.done; part = await reader.read()) parts.push(part.value)
    expect(Buffer.compare(Buffer.concat(parts), old)).toBe(0)
    expect(await openFiles(path)).toEqual([])
  })

  test('is packed for other machines only', async () => {
    const runs = await Runs.open(folders.runs)
    const accept = { headers: { 'Accept-Encoding': 'gzip', Host: 'localhost' } }
    for (const loopback of [true, false]) {
      const app = createStudio({ ...folders, runs, loopback })
      const response = await app.request('/assets/main-4f2a.js', accept)
      expect(response.headers.get('Content-Encoding')).toBe(loopback ? null : 'gzip')
      await response.body!.cancel()
    }
  })
})

describe('whom it answers', () => {
  test('only those who ask for this machine by name', async () => {
    for (const host of ['localhost', 'LOCALHOST:80', '127.0.0.1', '127.8.9.1:4646', '[::1]', '[::1]:99'])
      expect([host, isLoopbackHost(host)]).toEqual([host, true])
    for (const host of [
      '',
      'example.com',
      'localhost.example.com',
      '127.0.0.1.example.com',
      '10.0.0.1',
      '[::2]',
      'x:127.0.0.1',
    ])
      expect([host, isLoopbackHost(host)]).toEqual([host, false])
    for (const host of ['example.com', `example.com:${served.port}`, '192.168.1.7', 'localhost.'])
      expect((await get('/', { headers: { Host: host } })).status).toBe(403)
    expect((await get('/', { headers: { Host: `localhost:${served.port}` } })).status).toBe(200)
    // The name in an absolute address is no way around.
    expect((await get('http://example.com/', { headers: { Host: 'localhost' } })).status).toBe(403)
  })

  test('any name where it listens for other machines', async () => {
    const app = createStudio({ ...folders, runs: await Runs.open(folders.runs), loopback: false })
    expect((await app.request('/api/runs', { headers: { Host: 'studio.example.com' } })).status).toBe(200)
    expect(['127.0.0.1', '::1', 'localhost', '0.0.0.0', '::', '10.0.0.1'].map(isLoopback)).toEqual([
      ...[true, true, true],
      ...[false, false, false],
    ])
  })

  test('no method that writes, nor any that is unknown', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'])
      for (const path of ['/', '/api/runs', '/models/judge.json'])
        expect(await get(path, { method })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
  })
})

test('no path, however it is written, gives a byte from outside or of a file that is not offered', async () => {
  const parts = [
    ...[
      '..',
      '.',
      '%2e%2e',
      '%2E.',
      '..%2f',
      '%2f',
      '%5c',
      '\\',
      '%00',
      '%c0%ae%c0%ae',
      '%zz',
      '%',
      ';',
      ':',
      '',
    ],
    ...[
      'models',
      'api',
      'runs',
      'page',
      'outside',
      'first',
      'leak',
      'run',
      'assets',
      'notes',
      'C:',
      '.hidden',
    ],
    ...['secret.txt', 'leak.js', 'leak.safetensors', 'model.safetensors', 'state.safetensors', 'config.json'],
    ...[
      '..%2fpage%2f.hidden',
      '..%2f..%2foutside%2fsecret.txt',
      'leak%2fsecret.txt',
      'leak%2Fmodel.safetensors',
    ],
    encodeURIComponent(folders.outside),
  ]
  const path = fc
    .array(fc.tuple(fc.constantFrom('/', '/', '/', '//', '%2f'), fc.constantFrom(...parts)), {
      minLength: 1,
      maxLength: 7,
    })
    .map(
      steps =>
        `/${steps
          .map(step => step.join(''))
          .join('')
          .replace(/^\/+/, '')}`,
    )
  await fc.assert(
    fc.asyncProperty(path, async path => {
      const { body, status } = await get(path)
      expect(body).not.toContain(SECRET)
      // Nor an error of the server's own.
      expect([200, 400, 404]).toContain(status)
    }),
    { numRuns: 400, seed: 7 },
  )
  // The link would have led there.
  expect(await openFiles(folders.outside)).toEqual([])
})

describe('where it listens', () => {
  test('at the next free port, and at no other than the one that was asked for', async () => {
    const [one, two] = [await serve({ port: undefined }), await serve({ port: undefined })]
    expect(two.port).toBeGreaterThan(one.port)
    await expect(serve({ port: one.port })).rejects.toThrow(
      `cannot listen on 127.0.0.1, port ${one.port}: something else listens there; give another --port`,
    )
    expect((await ask(two.port, '/')).status).toBe(200)
    await Promise.all([one.close(), two.close()])
    await expect(ask(one.port, '/')).rejects.toThrow('ECONNREFUSED')
  })

  test('not at an address that this machine lacks', async () => {
    await expect(serve({ host: '192.0.2.1' })).rejects.toThrow(
      '192.0.2.1, port 0: this machine has no such address',
    )
  })

  test('not before the page is built', async () => {
    await expect(serve({ page: join(folders.root, 'unbuilt') })).rejects.toThrow(
      /page is not built.*npm run build/,
    )
  })

  test.runIf(onLinux)('a client that goes away in the middle leaves no file open', async () => {
    const path = join(folders.models, 'long.onnx')
    await writeFile(path, new Uint8Array(2 ** 24))
    // Node closes what is forgotten at last, and warns.
    const warned = vi.fn()
    process.on('warning', warned)
    const leave = new AbortController()
    const response = await fetch(`${served.url}models/long.onnx`, { signal: leave.signal })
    await response.body!.getReader().read()
    expect(await openFiles(path)).toHaveLength(1)
    leave.abort()
    await vi.waitFor(async () => expect(await openFiles(path)).toEqual([]), { interval: 5, timeout: 5000 })
    process.off('warning', warned)
    expect(warned).not.toHaveBeenCalled()
  })
})

/** What this process holds open below a path, where the system tells. */
async function openFiles(path: string): Promise<string[]> {
  if (!onLinux) return []
  const targets = (await readdir('/proc/self/fd')).map(name =>
    readlink(join('/proc/self/fd', name)).catch(() => ''),
  )
  return (await Promise.all(targets)).filter(target => target.startsWith(path))
}
