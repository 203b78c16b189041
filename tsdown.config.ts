// Three files from one source: the library and the command for Node, and the library for browsers.

import { existsSync } from 'node:fs'
import { defineConfig, type UserConfig } from 'tsdown'

const common = {
  outDir: 'dist',
  format: 'esm',
  target: ['node20', 'es2022'],
  fixedExtension: false,
  hash: false,
  clean: false,
  report: false,
  // Dependencies stay imports: users install them, and bundlers find ONNX Runtime's WebAssembly beside its module.
  deps: { skipNodeModulesBundle: true },
  checks: { pluginTimings: false },
} satisfies UserConfig

const command = 'src/cli/main.ts'

/** What `#backend` in package.json's imports stands for follows from the platform. */
export default defineConfig([
  {
    ...common,
    entry: { index: 'src/index.ts', ...(existsSync(command) && { cli: command }) },
    platform: 'node',
    dts: { entry: 'src/index.ts' },
  },
  {
    ...common,
    entry: { browser: 'src/browser.ts' },
    platform: 'browser',
    target: 'es2022',
    dts: { resolver: 'tsc', compilerOptions: { customConditions: ['browser'] } },
  },
])
