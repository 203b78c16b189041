// Three files from one source: the library and the command for Node, and the library for browsers; and the types
// of the two libraries, which take TypeScript several seconds and are a run of their own: `tsdown --filter types`.

import { defineConfig, type UserConfig } from 'tsdown'

const common = {
  outDir: 'dist',
  format: 'esm',
  target: ['node20', 'es2022'],
  fixedExtension: false,
  hash: false,
  report: false,
  dts: false,
  clean: ['dist/*.js'],
  // Dependencies stay imports: users install them, and bundlers find ONNX Runtime's WebAssembly beside its module.
  deps: { skipNodeModulesBundle: true },
  checks: { pluginTimings: false },
} satisfies UserConfig

const library = { index: 'src/index.ts' }
const browser = { browser: 'src/browser.ts' }

/** What `#backend` in package.json's imports stands for follows from the platform. */
export default defineConfig([
  { ...common, name: 'js', entry: { ...library, cli: 'src/cli/main.ts' }, platform: 'node' },
  { ...common, name: 'js', entry: browser, platform: 'browser', target: 'es2022' },
  {
    ...common,
    name: 'types',
    entry: { ...library, ...browser },
    platform: 'node',
    dts: { emitDtsOnly: true },
    clean: ['dist/*.d.ts'],
  },
])
