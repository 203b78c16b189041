// The written model: valid in the ONNX checker's sense, true to what ONNX Runtime computes, and named as asked.

import { create, toBinary } from '@bufbuild/protobuf'
import ort from 'onnxruntime-node'
import { describe, expect, it } from 'vitest'
import { ModelProtoSchema, ValueInfoProtoSchema } from '../../src/graph/generated/onnx_pb.ts'
import * as g from '../../src/graph/index.ts'
import { elementwise, reductions } from './cases/elementwise.ts'
import { images, products } from './cases/products.ts'
import { compositions, normalisations, shapes } from './cases/shape.ts'
import { checkModel, claim, readModel } from './check-model.ts'
import { openSession, runModel, toOrt } from './engine.ts'
import { asList, type Case, drawInputs, lossOf, makeInputs, randomOf } from './harness.ts'
import { fromValues, type Value } from './reference.ts'

const vector = (...values: number[]) => fromValues(Float32Array.from(values), [values.length], 'float32')
const ONNX_TYPES: Record<string, number> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
  uint64: 13,
}

/** Many cases, values and gradients, as one model. */
function together(cases: readonly Case[], symbolic: boolean) {
  const outputs: Record<string, g.Tensor> = {}
  const values: Record<string, Value> = {}
  cases.forEach((sample, i) => {
    const [, , build, options = {}] = sample
    if (symbolic && !options.batch) return
    const drawn = drawInputs(sample)
    const x = makeInputs(drawn, symbolic ? options.batch : '', `${i} `)
    for (const [key, value] of Object.entries(drawn)) values[`${i} ${key}`] = value
    const ys = asList(build(x))
    const floats = Object.values(x).filter(t => t.dtype === 'float32')
    const all = [
      ...ys,
      ...(ys.some(y => y.dtype === 'float32') ? g.gradients(lossOf(ys, randomOf('loss')), floats) : []),
    ]
    all.forEach((y, j) => {
      outputs[`case ${i} output ${j}`] = y
    })
  })
  return { outputs, values }
}

/** The model with everything that it computes as outputs. */
function expose(bytes: Uint8Array): Uint8Array {
  const model = readModel(bytes)
  const graph = model.graph!
  graph.output.push(...graph.valueInfo.map(info => create(ValueInfoProtoSchema, info)))
  graph.valueInfo = []
  return toBinary(ModelProtoSchema, model)
}

describe('what the model claims', () => {
  const tables = { elementwise, reductions, products, images, shapes, normalisations, compositions }
  it.each(Object.entries(tables))('has the shape and type of every intermediate of %s', async (_, cases) => {
    const { outputs, values } = together(cases, false)
    const bytes = g.writeModel(outputs)
    const model = checkModel(bytes)
    const session = await ort.InferenceSession.create(expose(bytes), {
      graphOptimizationLevel: 'disabled',
      intraOpNumThreads: 1,
    })
    const feeds = Object.fromEntries(session.inputNames.map(name => [name, toOrt(values[name])]))
    const results = await session.run(feeds)
    for (const info of [...model.graph!.valueInfo, ...model.graph!.output]) {
      const { shape, type } = claim(info)
      const { dims, type: computed } = results[info.name]
      expect({ name: info.name, shape, type }).toEqual({
        name: info.name,
        shape: [...dims],
        type: ONNX_TYPES[computed],
      })
    }
    await session.release()
  })

  it('is valid with a symbolic batch too', () => {
    for (const cases of Object.values(tables)) checkModel(g.writeModel(together(cases, true).outputs))
  })

  it('names an operator set from 18 on, and Microsoft’s own', () => {
    const { opsetImport, producerName } = checkModel(g.writeModel({ y: g.exp(g.input('x', [2])) }))
    expect(opsetImport.map(({ domain, version }) => [domain, version])).toEqual([
      ['', 18n],
      ['com.microsoft', 1n],
    ])
    expect(producerName).toBe('coppice')
  })
})

describe('a symbolic batch', () => {
  it('runs at any size', async () => {
    const x = g.input('x', ['N', 2, 4, 4])
    const w = g.constant(new Float32Array(4 * 2 * 9).fill(0.1), [4, 2, 3, 3])
    const ones = g.fill([4], 1)
    const h = g.silu(g.groupNorm(g.conv2d(x, w, { stride: 2 }), 2, ones, ones))
    const y = g.softmax(g.globalAveragePool(g.upsampleBilinear(g.upsampleNearest(h))))
    const model = g.writeModel({ y })
    const { shape } = claim(checkModel(model).graph!.output[0])
    expect(shape).toEqual(['N', 4])
    const session = await openSession(model)
    const image = Array.from({ length: 32 }, (_, i) => Math.sin(i))
    const runs: number[][] = []
    for (const n of [1, 3]) {
      const data = Float32Array.from({ length: n * 32 }, (_, i) => image[i % 32])
      const { y } = await session.run({ x: new ort.Tensor(data, [n, 2, 4, 4]) })
      expect(y.dims).toEqual([n, 4])
      runs.push(Array.from(y.data as Float32Array))
    }
    for (let i = 0; i < 12; i++) expect(runs[1][i]).toBeCloseTo(runs[0][i % 4], 6)
  })
})

describe('inputs', () => {
  it('are constants of the model where values are bound to them', async () => {
    const [x, w] = [g.input('x', [2]), g.input('w', [2])]
    const model = g.writeModel({ y: g.mul(x, w) }, { constants: new Map([[w, Float32Array.of(3, 5)]]) })
    const { graph } = checkModel(model)
    expect(graph!.input.map(({ name }) => name)).toEqual(['x'])
    expect(graph!.initializer.map(({ name }) => name)).toEqual(['w'])
    const { y } = await runModel(model, { x: vector(10, 100) })
    expect(y.data).toEqual([30, 500])
  })

  it('come in the order asked for, also those that nothing uses', () => {
    const [a, b, c] = ['a', 'b', 'c'].map(name => g.input(name, [1]))
    const { graph } = checkModel(g.writeModel({ y: g.add(a, b) }, { inputs: [c, b] }))
    expect(graph!.input.map(({ name }) => name)).toEqual(['c', 'b', 'a'])
  })

  it('must have names of their own', () => {
    const y = g.add(g.input('x', [1]), g.input('x', [1]))
    expect(() => g.writeModel({ y })).toThrow('writeModel: two inputs are named x')
    const x = g.input('x', [1])
    expect(() => g.writeModel({ x: g.exp(x) })).toThrow('x is the name of an input and of another value')
  })

  it('are bound only to values that fill them, and only if they are inputs', () => {
    const w = g.input('w', [2, 3])
    const bind = (x: g.Tensor, values: g.Values) => () =>
      g.writeModel({ y: g.exp(w) }, { constants: new Map([[x, values]]) })
    expect(bind(w, new Float32Array(5))).toThrow(
      '5 values of float32 are bound to the input w: float32 [2, 3]',
    )
    expect(bind(w, new Int32Array(6))).toThrow('6 values of int32')
    expect(bind(g.exp(w), new Float32Array(6))).toThrow('Exp: float32 [2, 3] is bound to values')
  })

  it('and outputs may be called what the writer calls its own values', async () => {
    const names = ['Add_0', 'constant_0', 'Mul_1', 'Split_2:0', 'Split_2']
    const [a, b, ...rest] = names.map(name => g.input(name, [2]))
    const [first, second] = g.split(g.mul(g.add(a, b), 2), [1, 1], 0)
    const outputs = { Neg_3: g.neg(first), 'Split_2:1': g.exp(second), Neg_4: g.neg(second) }
    const model = g.writeModel(outputs, { inputs: rest })
    checkModel(model)
    const values = Object.fromEntries(names.map(name => [name, vector(1, 2)]))
    const results = await runModel(model, values)
    expect(results.Neg_3.data).toEqual([-4])
    expect(results.Neg_4.data).toEqual([-8])
  })
})

describe('outputs', () => {
  it('may be inputs, constants, aliases, and one value under several names', async () => {
    const x = g.input('x', [2])
    const y = g.exp(x)
    const outputs = {
      x,
      again: x,
      constant: g.fill([1], 7),
      y,
      same: y,
      stopped: g.stopGradient(y),
      twice: g.stopGradient(g.stopGradient(x)),
      later: g.neg(g.stopGradient(y)),
    }
    const model = g.writeModel(outputs)
    checkModel(model)
    const results = await runModel(model, { x: vector(0, 1) })
    expect(Object.keys(results)).toEqual(Object.keys(outputs))
    for (const name of ['x', 'again', 'twice']) expect(results[name].data).toEqual([0, 1])
    for (const name of ['same', 'stopped']) expect(results[name].data).toEqual(results.y.data)
    expect(results.constant.data).toEqual([7])
    expect(results.later.data[0]).toBe(-1)
  })

  it('may be one of several that an operator has', async () => {
    const x = g.input('x', [4])
    const model = g.writeModel({ indices: g.topK(x, 2).indices })
    checkModel(model)
    expect((await runModel(model, { x: vector(1, 4, 2, 3) })).indices.data).toEqual([1n, 3n])
  })
})

describe('constants', () => {
  it('that are small and alike are written once, −0 and shapes told apart', () => {
    const x = g.input('x', [2])
    const zeros = [g.scalar(0), g.scalar(-0), g.scalar(0), g.fill([1], 0)]
    const y = zeros.reduce((sum, zero) => g.add(sum, zero), x)
    expect(checkModel(g.writeModel({ y })).graph!.initializer).toHaveLength(3)
  })

  it('keep every type, and views of larger buffers', async () => {
    const view = new Float32Array([9, 1, 2, 9]).subarray(1, 3)
    const outputs = {
      float32: g.constant(view),
      float64: g.constant(Float64Array.of(0.1)),
      int32: g.constant(Int32Array.of(-(2 ** 31))),
      int64: g.constant(BigInt64Array.of(-(2n ** 63n))),
      uint64: g.constant(BigUint64Array.of(2n ** 64n - 1n)),
      uint8: g.constant(Uint8Array.of(255)),
    }
    const results = await runModel(g.writeModel(outputs), {})
    expect(Object.values(results).flatMap(({ data }) => data)).toEqual([
      1,
      2,
      0.1,
      -(2 ** 31),
      -(2n ** 63n),
      2n ** 64n - 1n,
      255,
    ])
  })
})

it('writes the metadata', () => {
  const model = readModel(g.writeModel({ y: g.fill([1], 1) }, { name: 'net', metadata: { stage: '3' } }))
  expect(model.graph!.name).toBe('net')
  expect(model.metadataProps.map(({ key, value }) => [key, value])).toEqual([['stage', '3']])
})

it('writes, and differentiates, a chain of 20,000 operators without running out of stack', () => {
  const x = g.input('x', [1])
  let y = x
  for (let i = 0; i < 20_000; i++) y = i % 2 ? g.tanh(y) : g.stopGradient(g.sin(y))
  let z = x
  for (let i = 0; i < 20_000; i++) z = g.tanh(z)
  const [dx] = g.gradients(g.reduceSum(z), [x])
  const { graph } = checkModel(g.writeModel({ y, dx }))
  expect(graph!.node.length).toBeGreaterThan(80_000)
})
