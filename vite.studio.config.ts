// The studio's page: built into dist/studio, which `coppice studio` serves and `coppice studio --build` copies.

import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig, type Plugin } from 'vite'

/** ONNX Runtime's WebAssembly is not copied beside its scripts: see src/studio/server/engine.ts. */
const engineStays = (): Plugin => ({
  name: 'engine-stays-in-its-package',
  enforce: 'pre',
  transform: {
    filter: { id: /onnxruntime-web/ },
    handler: code =>
      code.replaceAll(
        /new URL\(("ort-wasm-[\w.-]+"),import\.meta\.url\)/g,
        'new URL(/* @vite-ignore */$1,import.meta.url)',
      ),
  },
})

export default defineConfig({
  root: 'src/studio/page',
  // Whatever path a static host gives it.
  base: './',
  publicDir: 'public',
  plugins: [svelte()],
  // Its development server would move ONNX Runtime's modules away from their WebAssembly.
  optimizeDeps: { exclude: ['onnxruntime-web'] },
  worker: { format: 'es', plugins: () => [engineStays()] },
  build: {
    outDir: '../../../dist/studio',
    emptyOutDir: true,
    target: 'es2022',
    // The page runs where module preloading is native.
    modulePreload: { polyfill: false },
    // Nothing inlined: the content-security policy allows no data: scripts.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 800,
  },
})
