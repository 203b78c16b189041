/** Judges small enough to know their answers by heart, and the files that they would lie in. */

import {
  concat,
  type Dim,
  type DType,
  input,
  reduceMean,
  reshape,
  slice,
  type Tensor,
  writeModel,
} from '../../src/graph/index.ts'
import type { ReadFile } from '../../src/guides/judge.ts'
import type { JudgeSpecInput } from '../../src/guides/judge-spec.ts'

export type Files = Record<string, Uint8Array | object>

/** Files in memory: bytes, or objects as JSON. */
export function filesOf(files: Files): ReadFile {
  return async name => {
    const file = files[name]
    if (!file) throw new Error(`there is no file ${name}`)
    return file instanceof Uint8Array ? file : new TextEncoder().encode(JSON.stringify(file))
  }
}

/** A model of images. */
export function model(
  answer: (images: Tensor) => Tensor,
  shape: readonly Dim[],
  { name = 'images', output = 'answer', dtype = 'float32' as DType } = {},
): Uint8Array {
  return writeModel({ [output]: answer(input(name, shape, dtype)) })
}

/** Means of the left and of the right half: [N, 2]. */
export function halves(images: Tensor): Tensor {
  const [n, , , width] = images.shape as [Dim, number, number, number]
  const half = (from: number, to: number) =>
    reshape(reduceMean(slice(images, 3, from, to), [1, 2, 3]), [n, 1])
  return concat([half(0, width / 2), half(width / 2, width)], 1)
}

export const spec = (changes: Partial<JudgeSpecInput> = {}): JudgeSpecInput => ({
  format: 'coppice-judge-1',
  model: 'halves.onnx',
  input: { size: 4, channels: 1, range: [-1, 1] },
  output: { read: 'logits', classes: ['left', 'right'] },
  ...changes,
})
