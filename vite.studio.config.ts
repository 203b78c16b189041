// The studio's page: built into dist/studio, which `coppice studio` serves and `coppice studio --build` copies.

import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

export default defineConfig({
  root: 'src/studio/page',
  // Whatever path a static host gives it.
  base: './',
  publicDir: 'public',
  plugins: [svelte()],
  // Its development server would move ONNX Runtime's modules away from their WebAssembly.
  optimizeDeps: { exclude: ['onnxruntime-web'] },
  worker: { format: 'es' },
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
