import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build as tsdown } from 'tsdown'
import { build as vite } from 'vite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import configs from '../../tsdown.config.ts'

// Inside the project, so that the bundle finds its dependencies.
const root = fileURLToPath(new URL('../../', import.meta.url))
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(root, 'node_modules/.coppice-bundle-'))
  const config = configs.find(({ platform }) => platform === 'browser')
  await tsdown({ ...config, config: false, cwd: root, outDir: folder, clean: false, logLevel: 'error' })
})
afterAll(() => rm(folder, { recursive: true }))

test('the browser bundle asks for ONNX Runtime when it is needed, in modules of their own', async () => {
  const text = await readFile(join(folder, 'browser.js'), 'utf8')
  const loaded = [...text.matchAll(/\bimport\("([^"]+)"\)/g)].map(match => match[1])
  expect(loaded.sort()).toEqual(['onnxruntime-web/wasm', 'onnxruntime-web/webgpu'])
  expect(text).not.toMatch(/from "onnxruntime/)
})

test('the browser bundle and its dependencies reach nothing of Node, sharp or native code', async () => {
  const reached = new Set<string>()
  await vite({
    configFile: false,
    root,
    logLevel: 'silent',
    build: {
      write: false,
      minify: false,
      lib: { entry: join(folder, 'browser.js'), formats: ['es'] },
      // Its two builds test for Node themselves.
      rollupOptions: { external: /^onnxruntime-web/ },
    },
    plugins: [
      {
        name: 'record',
        enforce: 'pre',
        resolveId(id) {
          reached.add(id)
        },
      },
    ],
  })
  const specifiers = [...reached].map(id => id.replace(/^node:/, ''))
  expect(specifiers).toContain('@bufbuild/protobuf')
  const native = ['sharp', 'onnxruntime-node', ...builtinModules]
  expect(specifiers.filter(id => native.some(name => id === name || id.startsWith(`${name}/`)))).toEqual([])
})
