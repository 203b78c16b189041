// Networks that PyTorch exported: read, they compute what PyTorch computed, gradient in the images included, and are
// written again as they were read. The files and PyTorch's numbers are made by fixtures/torch-models.py.

import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import * as g from '../../src/graph/index.ts'
import { checkModel } from './check-model.ts'
import { runModel } from './engine.ts'
import { expectClose } from './harness.ts'
import { fromValues } from './reference.ts'

interface Recorded {
  files: string[]
  images: number[]
  scores: number[]
  shape: number[]
  gradient: number[]
}

const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url))
const records: Recorded[] = JSON.parse(String(fixture('torch-models.json')))
const rows = records.flatMap(record => record.files.map(file => [file, record] as const))

const IMAGES = [2, 3, 8, 8]
const tensor = (values: readonly number[], shape: readonly number[]) =>
  fromValues(Float32Array.from(values), shape, 'float32')
const inputsOf = ({ images }: Recorded) => ({ images: tensor(images, IMAGES) })

/** The scalar that PyTorch differentiated. */
function lossOf(scores: g.Tensor, { shape }: Recorded): g.Tensor {
  const count = shape.reduce((a, b) => a * b)
  const weights = Float32Array.from({ length: count }, (_, i) => -1 + (3 * i) / (count - 1))
  return g.reduceSum(g.mul(scores, g.constant(weights, shape)))
}

it.each(rows)('%s: scores and gradient are those of PyTorch', async (file, record) => {
  const images = g.input('images', IMAGES)
  const { scores } = g.importModel(fixture(file), { inputs: { images } }).outputs
  expect(scores.shape).toEqual(record.shape)
  const loss = lossOf(scores, record)
  expect(g.gradientGaps(loss, [images])).toEqual(new Map())
  const [gradient] = g.gradients(loss, [images])
  const model = g.writeModel({ scores, gradient })
  checkModel(model)
  const results = await runModel(model, inputsOf(record))
  // Two float32 engines that sum in different orders.
  expectClose(results.scores, tensor(record.scores, record.shape), 1e-5, 'scores')
  expectClose(results.gradient, tensor(record.gradient, IMAGES), 2e-5, 'gradient')
})

it.each(rows)('%s: written again, it computes the same, for any batch', async (file, record) => {
  const bytes = fixture(file)
  const { inputs, outputs } = g.importModel(bytes)
  expect(inputs.images.shape).toEqual(['batch', 3, 8, 8])
  expect(outputs.scores.shape).toEqual(['batch', ...record.shape.slice(1)])
  const again = g.writeModel(outputs)
  checkModel(again)
  for (const count of [1, 2]) {
    const images = tensor(record.images.slice(0, count * 192), [count, 3, 8, 8])
    // As the operators stand: which of them ONNX Runtime fuses depends on the version of their set.
    const run = (model: Uint8Array) => runModel(model, { images }, 1, 'disabled')
    expect(await run(again)).toEqual(await run(bytes))
  }
})

it.each(rows)('%s: the gradient of a symbolic batch is that of a known one', async (file, record) => {
  const { inputs, outputs } = g.importModel(fixture(file))
  const weights = g.constant(Float32Array.from({ length: record.shape[1] }, (_, i) => i - 1))
  const [gradient] = g.gradients(g.reduceSum(g.mul(outputs.scores, weights)), [inputs.images])
  const images = g.input('images', IMAGES)
  const known = g.importModel(fixture(file), { inputs: { images } }).outputs.scores
  const [expected] = g.gradients(g.reduceSum(g.mul(known, weights)), [images])
  const [open, fixed] = [g.writeModel({ gradient }), g.writeModel({ gradient: expected })]
  const [a, b] = [await runModel(open, inputsOf(record)), await runModel(fixed, inputsOf(record))]
  expectClose(a.gradient, b.gradient, 1e-6, 'gradient')
})
