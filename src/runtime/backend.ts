// What an engine that executes ONNX models must offer. Node's and the browser's stand behind the same interface.

import type { InferenceSession, Tensor } from 'onnxruntime-common'

export type Device = 'cpu' | 'wasm' | 'webgpu' | 'cuda' | 'coreml' | 'dml'

export interface RuntimeOptions {
  /** Where to compute. Default: `cpu` in Node; in a browser `webgpu` where it is offered, else `wasm`. */
  device?: Device
  /** Threads of one operator; default: all cores. In a browser more than one needs cross-origin isolation. */
  threads?: number
  /** Same bits from the same inputs, threads and machine (default true). */
  deterministic?: boolean
  /** Let the engine's own warnings through (default false). */
  verbose?: boolean
  /** Told when the wish could not be met, with the reason (`no WebGPU here: using WASM`). */
  onNotice?: (message: string) => void
}

export interface Backend {
  /** `node` or `web`. */
  readonly name: string
  /** The engine's version, for run folders and reports. */
  readonly version: string
  /** The constructor of the engine's tensors. */
  readonly Tensor: typeof Tensor
  /** Opens a model on the device that the options and the machine allow. */
  open(model: Uint8Array, options: RuntimeOptions): Promise<{ session: InferenceSession; device: Device }>
}
