// ONNX Runtime for tests: a model in, values out.

import ort from 'onnxruntime-node'
import type { DType } from '../../src/graph/index.ts'
import { fromValues, type Value } from './reference.ts'

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
}

export function toOrt({ data, shape, dtype }: Value): ort.Tensor {
  const wide = dtype === 'int64' ? BigInt64Array : dtype === 'uint64' ? BigUint64Array : undefined
  const values = wide
    ? wide.from(data as bigint[])
    : ARRAYS[dtype as keyof typeof ARRAYS].from(data as number[])
  return new ort.Tensor(dtype, values as never, shape)
}

/** A session that fuses operators, or one that executes them as they stand. */
export async function openSession(
  model: Uint8Array,
  threads = 1,
  graphOptimizationLevel: 'all' | 'disabled' = 'all',
): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(model, {
    intraOpNumThreads: threads,
    logSeverityLevel: 3,
    graphOptimizationLevel,
  })
}

/** Runs a model once; inputs that it does not have are left out. */
export async function runModel(
  model: Uint8Array,
  inputs: Readonly<Record<string, Value>>,
  threads?: number,
  optimisation?: 'all' | 'disabled',
): Promise<Record<string, Value>> {
  const session = await openSession(model, threads, optimisation)
  try {
    const feeds = Object.fromEntries(session.inputNames.map(name => [name, toOrt(inputs[name])]))
    const results = await session.run(feeds)
    return Object.fromEntries(
      Object.entries(results).map(([name, { data, dims, type }]) => [
        name,
        fromValues(data as Float32Array, dims, type as DType),
      ]),
    )
  } finally {
    await session.release()
  }
}
