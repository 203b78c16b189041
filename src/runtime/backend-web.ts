// ONNX Runtime in browsers: WebGPU where there is one, else WebAssembly with threads, else with one thread.
//
// Its two builds are loaded when they are first needed, each as a module of its own, for threads begin by loading
// that same module again:
//   onnxruntime-web/wasm     14 MB (4 compressed): CPU kernels only
//   onnxruntime-web/webgpu   27 MB (7 compressed): native WebGPU kernels, and CPU kernels for operators without one
// (The package's main entry, 28 MB, is the older WebGPU implementation in JavaScript.)
//
// Where the .wasm files come from: beside those modules, by `new URL('….wasm', import.meta.url)`, which bundlers
// follow (Vite's production build needs no configuration: tested). Vite's development server moves modules away from
// their files unless told: `optimizeDeps: { exclude: ['onnxruntime-web'] }`. To serve the files from elsewhere, copy ort-wasm-simd-threaded{,.asyncify}.{mjs,wasm} from onnxruntime-web/dist there and set the
// option `wasmPaths` to that address.
//
// Threads need a cross-origin isolated page: Cross-Origin-Opener-Policy: same-origin and
// Cross-Origin-Embedder-Policy: require-corp (or credentialless). A step blocks the thread that it is called from:
// train in a worker.
//
// WebGPU is tested on SwiftShader, a GPU in software that Chromium has (test/browser); not on hardware yet.

import type * as Ort from 'onnxruntime-web'
import {
  type Backend,
  checkThreads,
  type Device,
  explain,
  messageOf,
  type Opened,
  type RuntimeOptions,
  type Session,
  type Tensors,
} from './backend.ts'
import { ArrayState, type StateSlot } from './state.ts'
import { GpuState } from './state-gpu.ts'

type WebDevice = 'webgpu' | 'wasm'
type Module = typeof Ort

export const backend: Backend = {
  name: 'web',
  async open(model, state, options) {
    const { device, onNotice } = options
    if (device && !isWebDevice(device))
      throw new Error(`device ${device} is not available in a browser; use one of webgpu, wasm`)
    checkThreads(options.threads, 1)
    if (device !== 'wasm') {
      const reason = await whyNoWebGPU(device === 'webgpu')
      if (!reason)
        try {
          return await openWebGPU(model, state, options)
        } catch (error) {
          onNotice?.(`no WebGPU: ${messageOf(error)}; using WASM`)
        }
      else onNotice?.(`no WebGPU: ${reason}; using WASM`)
    }
    return openWasm(model, state, options)
  },
}

function isWebDevice(device: Device): device is WebDevice {
  return device === 'webgpu' || device === 'wasm'
}

async function openWasm(
  model: Uint8Array,
  state: readonly StateSlot[],
  options: RuntimeOptions,
): Promise<Opened> {
  const ort = await load('wasm', options, options.onNotice)
  const session = await ort.InferenceSession.create(model, {
    ...sessionOptions(options),
    executionProviders: ['wasm'],
  }).catch(rethrow)
  return {
    session: quiet(session, options),
    state: new ArrayState(state, ort.Tensor),
    device: 'wasm',
    threads: ort.env.wasm.numThreads!,
    engine: engine(ort),
    Tensor: ort.Tensor,
  }
}

async function openWebGPU(
  model: Uint8Array,
  state: readonly StateSlot[],
  options: RuntimeOptions,
): Promise<Opened> {
  const ort = await load('webgpu', options)
  const session = await oneAtATime(() =>
    ort.InferenceSession.create(model, {
      ...sessionOptions(options),
      executionProviders: ['webgpu'],
      preferredOutputLocation: Object.fromEntries(
        state.flatMap(({ fetch }) => (fetch ? [[fetch, 'gpu-buffer' as const]] : [])),
      ),
    }).catch(rethrow),
  )
  const device = (await ort.env.webgpu.device) as GPUDevice
  const { run, release, ...names } = quiet(session, options)
  // A run that fails never gives back its session's lock (seen in 1.30): the next one would hang the page.
  let failed = false
  return {
    session: {
      ...names,
      run: (feeds, fetches) =>
        oneAtATime(async () => {
          if (failed) throw new Error('it failed before, and cannot run on WebGPU again; compile it again')
          failed = true
          const results = await run(feeds, fetches)
          failed = false
          return results
        }),
      release: () => oneAtATime(release),
    },
    state: new GpuState(state, ort.Tensor, device),
    device: 'webgpu',
    threads: ort.env.wasm.numThreads!,
    engine: engine(ort),
    Tensor: ort.Tensor,
  }
}

const modules: Partial<Record<WebDevice, Promise<Module>>> = {}

/** The build for a device. What it reads once per page is set by the first opening, and holds for the others. */
async function load(
  device: WebDevice,
  options: RuntimeOptions,
  onNotice?: (message: string) => void,
): Promise<Module> {
  const isolated = globalThis.crossOriginIsolated && typeof SharedArrayBuffer !== 'undefined'
  const wish = checkThreads(options.threads, navigator.hardwareConcurrency || 1)
  if (wish > 1 && !isolated)
    onNotice?.(
      'one thread only: the page is not cross-origin isolated; serve it with the headers ' +
        'Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp',
    )
  const threads = isolated ? wish : 1
  modules[device] ??= (
    device === 'webgpu' ? import('onnxruntime-web/webgpu') : import('onnxruntime-web/wasm')
  ).then(ort => {
    ort.env.logLevel = options.verbose ? 'info' : 'fatal'
    ort.env.wasm.numThreads = threads
    ort.env.wasm.wasmPaths =
      typeof options.wasmPaths === 'object' ? options.wasmPaths[device] : options.wasmPaths
    return ort
  })
  const ort = await modules[device].catch(error => {
    delete modules[device]
    throw explain('cannot load ONNX Runtime', error)
  })
  const actual = ort.env.wasm.numThreads!
  if (actual !== threads)
    onNotice?.(`${actual} threads, not ${threads}: a page computes with as many as its first program`)
  return ort
}

function sessionOptions({ deterministic = true, verbose }: RuntimeOptions) {
  return {
    graphOptimizationLevel: 'all',
    logSeverityLevel: logLevel(verbose),
    extra: { session: { use_deterministic_compute: deterministic ? '1' : '0' } },
  } as const
}

/** The session with its log level in every run too: ONNX Runtime would take "warning" there by default. */
function quiet(session: Ort.InferenceSession, { verbose }: RuntimeOptions): Session {
  const options = { logSeverityLevel: logLevel(verbose) }
  return {
    inputNames: session.inputNames,
    inputMetadata: session.inputMetadata,
    outputNames: session.outputNames,
    run: (feeds, fetches) => session.run(feeds, fetches, options) as Promise<Tensors>,
    release: () => session.release(),
  }
}

/** Errors are thrown; printed as well they would be said twice. */
function logLevel(verbose = false): 1 | 4 {
  return verbose ? 1 : 4
}

function rethrow(error: unknown): never {
  const missing = String(error).includes('no available backend')
  throw explain(
    missing ? "ONNX Runtime's WebAssembly did not start (see the option wasmPaths)" : 'cannot open the model',
    error,
  )
}

function engine(ort: Module): string {
  return `onnxruntime-web ${ort.env.versions.web ?? ort.env.versions.common}`
}

/** Undefined where WebGPU is offered. An adapter that computes on the processor counts only when it is asked for. */
async function whyNoWebGPU(asked: boolean): Promise<string | undefined> {
  const gpu = globalThis.navigator?.gpu
  if (!gpu)
    return globalThis.isSecureContext ? 'this browser has none' : 'the page is neither https nor localhost'
  const adapter = await gpu.requestAdapter().catch(() => null)
  if (!adapter) return 'the browser offers no graphics processor'
  if (adapter.info?.isFallbackAdapter && !asked) return 'the browser offers one in software only'
  return undefined
}

let last: Promise<unknown> = Promise.resolve()

/** The WebGPU build can be in one asynchronous call at a time, whichever session it is for. */
function oneAtATime<T>(work: () => Promise<T>): Promise<T> {
  const result = last.then(work)
  last = result.catch(() => undefined)
  return result
}
