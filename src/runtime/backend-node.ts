// ONNX Runtime in Node: native kernels.

import { availableParallelism } from 'node:os'
import ort from 'onnxruntime-node'
import { type Backend, checkThreads, type Device, explain, type Session } from './backend.ts'
import { ArrayState } from './state.ts'

const DEVICES: readonly Device[] = ['cpu', 'cuda', 'coreml', 'dml', 'webgpu']

/**
 * A device that was asked for and is not there is an error here: whoever rents a GPU wants to know that it
 * stands idle. (In a browser, where the visitor's machine is not the author's choice, it is a notice.)
 */
export const backend: Backend = {
  name: 'node',
  async open(model, state, { device = 'cpu', threads, deterministic = true, spin = false, verbose = false }) {
    if (!DEVICES.includes(device))
      throw new Error(`device ${device} is not available in Node; use one of ${DEVICES.join(', ')}`)
    const count = checkThreads(threads, availableParallelism())
    // The environment's log level holds from the first session of the process on.
    ort.env.logLevel = verbose ? 'info' : 'fatal'
    const session = await ort.InferenceSession.create(model, {
      executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
      intraOpNumThreads: count,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      // Errors are thrown; printed as well they would be said twice.
      logSeverityLevel: verbose ? 1 : 4,
      // What a denormal costs is a hundred times an ordinary product, and it is no more than rounding here.
      extra: {
        session: {
          set_denormal_as_zero: '1',
          intra_op: { allow_spinning: spin ? '1' : '0' },
          use_deterministic_compute: deterministic ? '1' : '0',
        },
      },
    }).catch(error => {
      throw explain(device === 'cpu' ? 'cannot open the model' : `cannot open the model on ${device}`, error)
    })
    return {
      session: session as Session,
      state: new ArrayState(state, ort.Tensor),
      device,
      threads: count,
      engine: `onnxruntime-node ${ort.env.versions.node ?? ort.env.versions.common}`,
      Tensor: ort.Tensor,
    }
  },
}
