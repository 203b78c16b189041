/** Folders for the studio's server to serve, and one beside them that it must never serve from. */

import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { resolveConfig } from '../../src/train/resolve.ts'

/** In every file that must not be served. */
export const SECRET = 'bytes from outside'

export interface Folders {
  root: string
  page: string
  models: string
  engine: string
  runs: string
  outside: string
  remove(): Promise<void>
}

/** 3 choices of 4: 6 bits. */
export const network = {
  model: 'ddn',
  size: 8,
  channels: 1,
  stages: [
    { grid: 2, layers: 1, width: 8, K: 4 },
    { grid: 4, patch: 2, layers: 1, width: 8, K: 4 },
    { grid: 8, layers: 1, width: 8, K: 4 },
  ],
}

export const CREATED = '2026-01-01T00:00:00.000Z'

export async function makeFolders(): Promise<Folders> {
  const root = await mkdtemp(join(tmpdir(), 'coppice-studio-'))
  const [page, models, engine, runs, outside] = ['page', 'models', 'engine', 'runs', 'outside'].map(name =>
    join(root, name),
  )
  await writeFiles(page, {
    'index.html': '<!doctype html>\n<meta charset="utf-8">\n<title>Studio</title>',
    'isolation.js': '// isolation',
    'assets/main-4f2a.js': 'export {}\n'.repeat(200),
    'assets/style-77aa.css': 'body {}',
    'data/digits.png': 'a picture',
    '.hidden': SECRET,
  })
  await writeFiles(models, {
    'digits.safetensors': 'weights',
    'judge.onnx': 'graph',
    'judge.json': '{}',
    'README.md': SECRET,
  })
  await writeFiles(engine, {
    'ort-wasm-simd-threaded.wasm': '\0asm',
    'ort-wasm-simd-threaded.asyncify.wasm': '\0asm for a GPU',
    'ort.all.js': SECRET,
  })
  await writeRunFolder(join(runs, 'first'))
  await writeFiles(join(runs, 'first'), { 'state.safetensors': SECRET, 'report.html': SECRET })
  await writeFiles(runs, { 'notes/readme.txt': SECRET })
  await writeRunFolder(join(outside, 'run'))
  await writeFiles(outside, { 'secret.txt': SECRET, 'run/model.safetensors': SECRET })
  for (const [from, to] of [
    [join(page, 'leak.js'), join(outside, 'secret.txt')],
    [join(page, 'leak'), outside],
    [join(models, 'leak.safetensors'), join(outside, 'secret.txt')],
    [join(runs, 'leak'), join(outside, 'run')],
    [join(runs, 'first', 'prior.safetensors'), join(outside, 'secret.txt')],
  ])
    await symlink(to, from)
  return {
    root,
    page,
    models,
    engine,
    runs,
    outside,
    remove: () => rm(root, { recursive: true, force: true }),
  }
}

/** A run folder as far as the server looks at it: its weights are no weights. */
export async function writeRunFolder(
  folder: string,
  config: object = { network, data: 'digits' },
): Promise<void> {
  const whole = resolveConfig({ budget: { steps: 100 }, ...config })
  const run = { coppice: '0.1.0', engine: 'none', created: CREATED }
  await writeFiles(folder, {
    'config.json': JSON.stringify({ ...whole, run }),
    'model.safetensors': 'the weights',
  })
}

export async function writeFiles(folder: string, files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true })
    await writeFile(join(folder, name), content)
  }
}

export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

/** A request as it is written: nothing of the path is made regular. */
export function ask(
  port: number,
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers }, response => {
      const parts: Buffer[] = []
      response.on('data', part => parts.push(part))
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          body: Buffer.concat(parts).toString('latin1'),
        }),
      )
    })
    sent.on('error', reject)
    sent.end()
  })
}
