// Every operator that can be read, in every form that files have it in: what is written again computes the same bits
// in ONNX Runtime as the file itself, and value and gradient agree with the float64 reference and its differences.

import { describe, expect, it } from 'vitest'
import * as g from '../../src/graph/index.ts'
import {
  elementwise,
  type FileCase,
  fileOf,
  forward,
  images,
  moves,
  norms,
  products,
  reductions,
} from './cases/imported.ts'
import { checkModel } from './check-model.ts'
import { runModel } from './engine.ts'
import { type Case, checkCase, drawInputs, expectClose, gradientOf, type Inputs } from './harness.ts'
import { onnxFile } from './onnx-file.ts'

/** The file, with its inputs in the shapes of these tensors. */
function bytesFor({ file }: FileCase, x: Inputs): Uint8Array {
  const inputs = Object.entries(x).map(([name, { shape, dtype }]) => [name, { shape, dtype }] as const)
  return onnxFile({ ...file, inputs: Object.fromEntries(inputs) })
}

/** The imported graph as a case of the harness. */
const caseOf = (sample: FileCase, elements = 6): Case => [
  sample.name,
  sample.inputs,
  x => Object.values(g.importModel(bytesFor(sample, x), { inputs: x }).outputs),
  { elements, ...sample.options },
]

/** The first form of every operator. */
function firsts(cases: FileCase[]): FileCase[] {
  const op = ({ file }: FileCase) => file.nodes[0].op
  return cases.filter((sample, i) => cases.findIndex(other => op(other) === op(sample)) === i)
}

/** What is read is written so that it computes the same bits, in the shapes that were told. */
async function checkAgain(sample: FileCase) {
  const values = drawInputs(caseOf(sample))
  const original = fileOf(sample)
  const { inputs, outputs } = g.importModel(original)
  const run = (bytes: Uint8Array) => runModel(bytes, values, 1, 'disabled')
  const again = g.writeModel(outputs, { inputs: Object.values(inputs) })
  checkModel(again)
  const [before, after] = [await run(original), await run(again)]
  for (const [name, { shape, dtype }] of Object.entries(outputs)) {
    expect([before[name].shape, before[name].dtype], name).toEqual([shape, dtype])
    // Other operators round otherwise: a few units in the last place.
    if (sample.options?.other) expectClose(after[name], before[name], 1e-6, name)
    else expect(after[name]).toEqual(before[name])
  }
}

const tables = { elementwise, reductions, moves, images, norms, products }

for (const [title, cases] of Object.entries(tables))
  describe(title, () => {
    const rows = (wanted: FileCase[]) => wanted.map(sample => [sample.name, sample] as const)

    it.each(rows(cases))('%s: is written again as it was read', (_, sample) => checkAgain(sample))
    it.each(rows(cases))('%s: value and gradient are right', async (_, sample) => {
      await checkCase(caseOf(sample))
    })
    it.each(
      rows(cases.filter(({ options }) => options?.batch)),
    )('%s: so they are with a symbolic batch', async (_, sample) => {
      await checkCase(caseOf(sample, 2), sample.options!.batch)
    })
    it.each(rows(firsts(cases)))('%s: the gradient can be differentiated again', async (_, sample) => {
      await checkCase(gradientOf(caseOf(sample)))
    })
  })

describe('operators without a gradient', () => {
  it.each(
    forward.map(sample => [sample.name, sample] as const),
  )('%s: is written again as it was read', (_, sample) => checkAgain(sample))
})
