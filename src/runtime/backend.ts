// What an engine that executes ONNX models must offer. Node's and the browser's stand behind the same interface;
// package.json's `imports` decide which of them `#backend` is.

import type { InferenceSession, Tensor } from 'onnxruntime-web'
import type { StateSlot, StateStore } from './state.ts'

export type Device = 'cpu' | 'wasm' | 'webgpu' | 'cuda' | 'coreml' | 'dml'

export interface RuntimeOptions {
  /** Where to compute. Default: `cpu` in Node; in a browser `webgpu` where it is offered, else `wasm`. */
  device?: Device
  /** Threads of one operator; default: all cores. In a browser more than one needs cross-origin isolation. */
  threads?: number
  /** Same bits from the same inputs, threads and machine (default true). */
  deterministic?: boolean
  /**
   * Let idle threads spin instead of sleep (Node; default false): a twentieth faster on an idle machine, five times
   * slower on one whose cores are shared.
   */
  spin?: boolean
  /** Let the engine's own log through (default false: what goes wrong is thrown, not printed). */
  verbose?: boolean
  /** Told when the wish could not be met, with the reason (`no WebGPU: …; using WASM`). */
  onNotice?: (message: string) => void
  /**
   * Browser only: where ONNX Runtime's WebAssembly files are, as a URL prefix that ends with `/`, or file by
   * file. Default: beside ONNX Runtime's own module, where bundlers put them. Read at the first opening of a page.
   */
  wasmPaths?: string | { wasm?: WasmFiles; webgpu?: WasmFiles }
}

/** `ort-wasm-simd-threaded.mjs` and `.wasm`; with `.asyncify` before the ending for WebGPU. */
export interface WasmFiles {
  mjs?: string | URL
  wasm?: string | URL
}

export interface Backend {
  readonly name: 'node' | 'web'
  /** Opens a model on the device that the options and the machine allow; its state starts at zero. */
  open(model: Uint8Array, state: readonly StateSlot[], options: RuntimeOptions): Promise<Opened>
}

export interface Opened {
  readonly session: Session
  readonly state: StateStore
  readonly device: Device
  readonly threads: number
  /** The engine and its version, for run folders and reports: `onnxruntime-node 1.30.0`. */
  readonly engine: string
  /** The constructor of the engine's tensors: every build has its own. */
  readonly Tensor: typeof Tensor
}

/** What is used of ONNX Runtime's sessions. */
export type Session = Pick<InferenceSession, 'inputNames' | 'inputMetadata' | 'outputNames' | 'release'> & {
  run(feeds: Tensors, fetches: Record<string, Tensor | null>): Promise<Tensors>
}

export type Tensors = Record<string, Tensor>

/** The threads that are wished for, or `otherwise`. */
export function checkThreads(threads: number | undefined, otherwise: number): number {
  if (threads === undefined) return otherwise
  if (!Number.isInteger(threads) || threads < 1)
    throw new Error(`threads: ${threads} is not a whole number from 1`)
  return threads
}

/** An error of the engine, with what was being done. */
export function explain(what: string, error: unknown): Error {
  return new Error(`${what}: ${messageOf(error)}`, { cause: error })
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
