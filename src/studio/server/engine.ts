// ONNX Runtime's WebAssembly. The page fetches it beside its own scripts, as `assets/NAME`; it stays in its package, for
// it is 41 MB.

import { createRequire } from 'node:module'
import { dirname } from 'node:path'

/** For the CPU, and for WebGPU. */
export const engineFiles = ['ort-wasm-simd-threaded.wasm', 'ort-wasm-simd-threaded.asyncify.wasm'] as const

/** The folder that they are in. */
export function engineFolder(): string {
  return dirname(createRequire(import.meta.url).resolve(`onnxruntime-web/${engineFiles[0]}`))
}
