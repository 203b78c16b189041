// ONNX Runtime in Node: native kernels.

import { availableParallelism } from 'node:os'
import ort from 'onnxruntime-node'
import type { Backend, Device } from './backend.ts'

const PROVIDERS: Partial<Record<Device, string>> = {
  cpu: 'cpu',
  cuda: 'cuda',
  coreml: 'coreml',
  dml: 'dml',
  webgpu: 'webgpu',
}

export const backend: Backend = {
  name: 'node',
  version: ort.env.versions.node ?? ort.env.versions.common,
  Tensor: ort.Tensor,
  async open(model, { device = 'cpu', threads, deterministic = true, verbose = false }) {
    const provider = PROVIDERS[device]
    if (!provider)
      throw new Error(
        `device ${device} is not available in Node; use one of ${Object.keys(PROVIDERS).join(', ')}`,
      )
    const session = await ort.InferenceSession.create(model, {
      executionProviders: provider === 'cpu' ? ['cpu'] : [provider, 'cpu'],
      intraOpNumThreads: checkThreads(threads ?? availableParallelism()),
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      logSeverityLevel: verbose ? 1 : 3,
      // What a denormal costs is a hundred times an ordinary product, and it is no more than rounding here.
      extra: { session: { set_denormal_as_zero: '1', use_deterministic_compute: deterministic ? '1' : '0' } },
    })
    return { session, device }
  },
}

function checkThreads(threads: number): number {
  if (!Number.isInteger(threads) || threads < 1)
    throw new Error(`threads: ${threads} is not a whole number from 1`)
  return threads
}
