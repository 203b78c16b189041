// Reading ONNX files: what was written here comes back as it was, and a file is a graph like any other.

import { readFileSync } from 'node:fs'
import { create, toBinary } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { random } from '../../src/data/rng.ts'
import { type DdnConfig, ddnSchema } from '../../src/ddn/config.ts'
import { decoder, encoder, layoutOf, trainingStep } from '../../src/ddn/program.ts'
import { ModelProtoSchema, TensorProtoSchema } from '../../src/graph/generated/onnx_pb.ts'
import * as g from '../../src/graph/index.ts'
import { standardOperators } from '../../src/graph/standard.ts'
import { type Program, writeProgram } from '../../src/runtime/index.ts'
import { elementwise, reductions } from './cases/elementwise.ts'
import { images, products } from './cases/products.ts'
import { compositions, normalisations, shapes } from './cases/shape.ts'
import { checkModel, claim, readModel } from './check-model.ts'
import { runModel } from './engine.ts'
import { asList, type Case, checkCase, drawInputs, lossOf, makeInputs, randomOf } from './harness.ts'
import { type FileNode, type FileTensor, onnxFile } from './onnx-file.ts'
import { fromValues, type Value } from './reference.ts'
import { structureOf } from './structure.ts'

/** Reads a model and writes it again. */
function again(bytes: Uint8Array): Uint8Array {
  const { inputs, outputs, metadata } = g.importModel(bytes)
  return g.writeModel(outputs, { inputs: Object.values(inputs), metadata })
}

/** A constant whose values stand in the fields of their type. */
const listed = (name: string, dataType: number, fields: object, count: number) =>
  create(TensorProtoSchema, { name, dataType, dims: [BigInt(count)], ...fields })
const int64s = (...values: number[]) => BigInt64Array.from(values, BigInt)

describe('what was written here is read and written as the same bytes', () => {
  const tables = { elementwise, reductions, products, images, shapes, normalisations, compositions }
  it.each(
    Object.entries(tables).flatMap(([name, cases]) => [
      [name, cases, false] as const,
      [`${name}, symbolic batch`, cases, true] as const,
    ]),
  )('%s, with their gradients', (_, cases: readonly Case[], symbolic) => {
    for (const sample of cases) {
      const [name, , build, options = {}] = sample
      if (symbolic && !options.batch) continue
      const x = makeInputs(drawInputs(sample), symbolic ? options.batch : '')
      const ys = asList(build(x))
      const floats = Object.values(x).filter(t => t.dtype === 'float32')
      const loss = lossOf(ys, randomOf('loss'))
      const outputs = Object.fromEntries(
        [...ys, ...g.gradients(loss, floats)].map((y, i) => [`output ${i}`, y]),
      )
      const bytes = g.writeModel(outputs, { inputs: Object.values(x) })
      expect(Buffer.compare(again(bytes), bytes), name).toBe(0)
    }
  })

  it('random numbers, metadata, outputs that are inputs or constants', () => {
    const [x, seed] = [g.input('x', [2]), g.input('seed', [], 'int64')]
    const outputs = { x, same: x, one: g.fill([1], 1), noise: g.randomNormal(seed, [2, 3]) }
    const bytes = g.writeModel(outputs, { inputs: [x], metadata: { of: 'noise' } })
    expect(Buffer.compare(again(bytes), bytes)).toBe(0)
    expect(g.importModel(bytes).metadata).toEqual({ of: 'noise' })
  })
})

const networks: Record<string, DdnConfig> = {
  mixer: ddnSchema.parse({
    size: 8,
    channels: 3,
    block: 'mixer',
    stages: [
      { grid: 1, layers: 1, width: 8, K: 4 },
      { grid: 4, patch: 2, layers: 2, width: 8, features: 4, K: 4 },
    ],
  }),
  residual: ddnSchema.parse({
    size: 8,
    block: 'residual',
    leak: true,
    bias: true,
    stages: [
      { grid: 2, layers: 1, width: 8, K: 4 },
      { grid: 8, layers: 1, width: 8, K: 4 },
    ],
  }),
}

describe.each(Object.entries(networks))('a network of %s blocks', (_, config) => {
  const layout = layoutOf(config)
  const values = layout.initialise(random(0, 'import'))
  const settings = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, clipNorm: 1 }
  const programs: [string, Program][] = [
    ['decoder', decoder(config, layout, { values })],
    ['decoder of three, with its levels', decoder(config, layout, { batch: 3, levels: true })],
    ['encoder', encoder(config, layout, { values })],
    ['training step', trainingStep(config, layout, 3, settings)],
  ]
  it.each(programs)('%s: is read and written as the same bytes', (_, program) => {
    const bytes = writeProgram(program)
    expect(Buffer.compare(again(bytes), bytes)).toBe(0)
  })

  it.each(programs)('%s: so it is in standard operators, but for names and order', (_, program) => {
    const bytes = standardOperators(writeProgram(program))
    const rewritten = again(bytes)
    checkModel(rewritten)
    const numbers = new Map<string, number>()
    expect(structureOf(rewritten, numbers)).toEqual(structureOf(bytes, numbers))
    expect(Buffer.compare(again(rewritten), rewritten)).toBe(0)
  })

  it.each(programs)('%s: and computes the same bits', async (_, program) => {
    const bytes = standardOperators(writeProgram(program))
    const rng = random(0, 'values')
    const inputs = Object.fromEntries(
      readModel(bytes).graph!.input.map(info => {
        const { shape, type } = claim(info)
        const sizes = shape.map(dim => (typeof dim === 'number' ? dim : 3))
        const count = sizes.reduce((a, b) => a * b, 1)
        const draw = type === 1 ? () => 0.1 * rng.normal() ** 2 : () => rng.int(4)
        const data = Array.from({ length: count }, draw)
        const dtype = ({ 1: 'float32', 6: 'int32', 7: 'int64' } as const)[type]!
        return [
          info.name,
          { shape: sizes, dtype, data: dtype === 'int64' ? data.map(BigInt) : data } as Value,
        ]
      }),
    )
    const [before, after] = [await runModel(bytes, inputs), await runModel(again(bytes), inputs)]
    expect(after).toEqual(before)
    expect(Object.values(before).every(({ data }) => data.every(value => !Number.isNaN(Number(value))))).toBe(
      true,
    )
  })
})

const classifier = readFileSync(new URL('fixtures/cnn-17.onnx', import.meta.url))

describe('a judge of images', () => {
  it('is differentiated through to what makes the images', async () => {
    // A generator of two parameters per pixel pair, the judge's cross-entropy against a class for each image.
    const sample: Case = [
      'judged images',
      { z: [2, 3, 4, 4], k: { shape: [2], dtype: 'int64', draw: (_, i) => i * 3 } },
      ({ z, k }) => {
        const made = g.tanh(g.upsampleNearest(g.mul(z, 1.5)))
        const { scores } = g.importModel(classifier, { inputs: { images: made } }).outputs
        return g.neg(g.reduceSum(g.pick(g.logSoftmax(scores), k)))
      },
      { elements: 3 },
    ]
    await checkCase(sample)
    await checkCase(sample, 'z k')
  })

  it('can be asked several times in one graph', async () => {
    const images = g.input('images', [1, 3, 8, 8])
    const [a, b] = [images, g.neg(images)].map(
      x => g.importModel(classifier, { inputs: { images: x } }).outputs.scores,
    )
    const [gradient] = g.gradients(g.reduceSum(g.sub(a, b)), [images])
    const model = g.writeModel({ a, b, gradient })
    checkModel(model)
    // The judge's weights stand in the file once for each time it is asked.
    const values = { images: fromValues(new Float32Array(192).fill(0.25), [1, 3, 8, 8], 'float32') }
    const alone = await runModel(classifier, values)
    expect((await runModel(model, values)).a).toEqual(alone.scores)
  })
})

describe('inputs', () => {
  const file = onnxFile({
    inputs: { a: ['N', 'C'], b: ['N', 3], c: ['M'] },
    constants: { w: { values: Float32Array.of(1, 2, 3), shape: [3] } },
    nodes: [
      { op: 'ReduceSum', inputs: ['a'], outputs: ['s'] },
      { op: 'Mul', inputs: ['b', 'w'], outputs: ['bw'] },
      { op: 'Add', inputs: ['bw', 's'], outputs: ['y'] },
      { op: 'Neg', inputs: ['c'], outputs: ['z'] },
    ],
    outputs: ['y', 'z'],
  })
  const read = (inputs?: Record<string, g.Tensor>) => g.importModel(file, { inputs, name: 'judge.onnx' })

  it('are those of the file, in its order', () => {
    const { inputs, outputs } = read()
    expect(Object.values(inputs).map(String)).toEqual([
      'a: float32 [N, C]',
      'b: float32 [N, 3]',
      'c: float32 [M]',
    ])
    expect(Object.entries(outputs).map(([name, y]) => `${name} ${y}`)).toEqual([
      'y Add: float32 [N, 3]',
      'z Neg: float32 [M]',
    ])
  })

  it('give their sizes to the names of the file', () => {
    const a = g.input('mine', [4, 7])
    const { inputs, outputs } = read({ a })
    expect(inputs.a).toBe(a)
    expect(inputs.b.shape).toEqual([4, 3])
    expect(outputs.y.shape).toEqual([4, 3])
    expect(read({ a: g.input('mine', ['batch', 7]) }).inputs.b.shape).toEqual(['batch', 3])
  })

  it('do not give their names to other sizes of the file', () => {
    const { inputs } = read({ b: g.input('mine', ['M', 3]) })
    expect(inputs.a.shape).toEqual(['M', 'C'])
    expect(inputs.c.shape).toEqual(['M_'])
  })

  it.each([
    [{ d: g.input('x', [1]) }, 'judge.onnx: there is no input "d"; the file has "a", "b", "c"'],
    [{ b: g.input('x', [2, 4]) }, 'the input "b" is float32 [N, 3], not float32 [2, 4]'],
    [{ b: g.input('x', [2, 3], 'float64') }, 'the input "b" is float32 [N, 3], not float64 [2, 3]'],
    [{ b: g.input('x', [3]) }, 'the input "b" is float32 [N, 3], not float32 [3]'],
    [{ a: g.input('x', [2, 3]), b: g.input('z', [4, 3]) }, 'not float32 [4, 3]: N is 2'],
  ])('must fit: %#', (inputs, message) => {
    expect(() => read(inputs)).toThrow(message)
  })

  it('may be constants that the file lists as inputs too, and then be replaced', () => {
    const old = onnxFile({
      inputs: { x: [2], w: [2] },
      constants: { w: Float32Array.of(3, 4) },
      nodes: [{ op: 'Mul', inputs: ['x', 'w'] }],
    })
    expect(Object.keys(g.importModel(old).inputs)).toEqual(['x'])
    const w = g.input('weights', [2])
    const { inputs, outputs } = g.importModel(old, { inputs: { w } })
    expect(Object.keys(inputs)).toEqual(['x', 'w'])
    expect(outputs.y.node.inputs[1]).toBe(w)
  })
})

describe('sizes that the file computes', () => {
  /** [N, T, 6] as two heads of [T, 3], by arithmetic on its shape, as exporters write it. */
  const heads = onnxFile({
    inputs: { x: ['N', 'T', 6] },
    constants: { i0: int64s(0), i1: int64s(1), two: int64s(2), three: int64s(3) },
    nodes: [
      { op: 'Shape', outputs: ['shape'] },
      { op: 'Gather', inputs: ['shape', 'i0'], outputs: ['n'] },
      { op: 'Gather', inputs: ['shape', 'i1'], outputs: ['t'] },
      { op: 'Mul', inputs: ['n', 'two'], outputs: ['n2'] },
      { op: 'Concat', inputs: ['n2', 'three', 't'], outputs: ['to'], attributes: { axis: 0 } },
      { op: 'Transpose', outputs: ['turned'], attributes: { perm: [0, 2, 1] } },
      { op: 'Reshape', inputs: ['turned', 'to'], outputs: ['heads'] },
      { op: 'Flatten', inputs: ['heads'], outputs: ['y'], attributes: { axis: 2 } },
    ],
    outputs: ['heads', 'y'],
  })

  it('may stay names, and products of names', () => {
    const { outputs } = g.importModel(heads)
    expect(outputs.heads.shape).toEqual(['2*N', 3, 'T'])
    expect(outputs.y.shape).toEqual(['6*N', 'T'])
    const x = g.input('x', [5, 4, 6])
    expect(g.importModel(heads, { inputs: { x } }).outputs.y.shape).toEqual([30, 4])
  })

  it('have gradients, and no gradient flows through them', async () => {
    const scaled = onnxFile({
      inputs: { x: ['N', 'T', 6] },
      constants: { last: int64s(-1) },
      nodes: [
        { op: 'Shape', outputs: ['shape'] },
        { op: 'Gather', inputs: ['shape', 'last'], outputs: ['width'] },
        { op: 'Cast', inputs: ['width'], outputs: ['float'], attributes: { to: 1 } },
        { op: 'Sqrt', inputs: ['float'], outputs: ['root'] },
        { op: 'Div', inputs: ['x', 'root'] },
      ],
    })
    const build = (file: Uint8Array) => (x: Record<string, g.Tensor>) =>
      Object.values(g.importModel(file, { inputs: x }).outputs)
    await checkCase(['heads', { x: [2, 4, 6] }, build(heads)], 'x')
    await checkCase(['scaled by a size', { x: [2, 4, 6] }, build(scaled)], 'x')
  })

  /** Arithmetic on the shape of x [2, 3, 4], as op(arguments) in turn; `0` … are earlier results, the last a shape. */
  const chains: [name: string, steps: string[]][] = [
    ['a part of a shape', ['Shape(x) start=-2 end=9']],
    ['the number of elements', ['Size(x)', 'Unsqueeze(0,[0])']],
    ['chosen sizes', ['Shape(x)', 'Gather(0,[-1,0]) axis=0']],
    ['a slice, backwards', ['Shape(x)', 'Slice(0,[-1],[-9],[0],[-2])']],
    [
      'sizes in another order',
      ['Shape(x)', 'Concat(0,[5]) axis=0', 'Reshape(1,[2,2])', 'Transpose(2)', 'Reshape(3,[-1])'],
    ],
    [
      'the padding that PyTorch turns round',
      [
        'Concat([1,2],[0,4]) axis=0',
        'Reshape(0,[-1,2])',
        'Slice(1,[-1],[-9],[0],[-1])',
        'Transpose(2)',
        'Reshape(3,[-1])',
      ],
    ],
    [
      'sums and products',
      ['Shape(x)', 'Mul(0,[2])', 'Add(1,[7,0,-2])', 'Sub(2,[0,1,3])', 'Div(3,[2])', 'Mod(4,[4])', 'Abs(5)'],
    ],
    ['rounding halves of sizes', ['Shape(x)', 'Cast(0) to=1', 'Mul(1,f1.5)', 'Floor(2)', 'Cast(3) to=7']],
    ['rounding up', ['Shape(x)', 'Cast(0) to=1', 'Div(1,f3)', 'Ceil(2)', 'Cast(3) to=7']],
    [
      'roots and powers',
      ['Shape(x)', 'Cast(0) to=1', 'Sqrt(1)', 'Pow(2,f3)', 'Neg(3)', 'Neg(4)', 'Cast(5) to=7'],
    ],
    ['the lesser and the greater', ['Shape(x)', 'Min(0,[3])', 'Max(1,[1,9,2])']],
    ['what was not given', ['Shape(x)', 'Equal([-1,5,-1],[-1])', 'Where(1,0,[-1,5,-1])']],
    [
      'comparisons',
      ['Shape(x)', 'Greater(0,[2])', 'LessOrEqual(0,[3])', 'And(1,2)', 'Not(3)', 'Where(4,0,[7])'],
    ],
    ['all axes as one', ['Shape(x)', 'ReduceProd(0) keepdims=1']],
    [
      'sum, largest, smallest',
      [
        'Shape(x)',
        'ReduceSum(0) keepdims=1',
        'ReduceMax(0) keepdims=1',
        'ReduceMin(0) keepdims=1',
        'Concat(1,2,3) axis=0',
      ],
    ],
    ['equal sizes', ['Expand([2],[3])', 'Mul(0,[1,2,3])']],
    ['a range', ['Range(s1,s8,s3)']],
    ['as many ones as axes', ['Shape(x)', 'Shape(0)', 'ConstantOfShape(1)', 'Add(2,f1)', 'Cast(3) to=7']],
    [
      'a size as a scalar',
      [
        'Shape(x)',
        'Gather(0,s1) axis=0',
        'Unsqueeze(1,[0])',
        'Concat(2,[2],2) axis=0',
        'Squeeze(3)',
        'Identity(4)',
      ],
    ],
  ]

  it.each(chains)('are worked out as ONNX Runtime does: %s', async (_, steps) => {
    const constants: Record<string, FileTensor> = {}
    const nodes: FileNode[] = steps.map((step, i) => {
      const [, op, list, rest] = step.match(/^(\w+)\((.*?)\)(.*)$/)!
      const inputs = list.match(/\[.*?\]|[^,]+/g)!.map(text => {
        if (text === 'x' || /^\d$/.test(text)) return text
        const numbers = text.match(/-?[\d.]+/g)!.map(Number)
        constants[text] = text.startsWith('f')
          ? Float32Array.from(numbers)
          : { values: int64s(...numbers), shape: text.startsWith('s') ? [] : [numbers.length] }
        return text
      })
      const attributes = [...rest.matchAll(/(\w+)=(-?\d+)/g)].map(([, key, value]) => [key, Number(value)])
      return { op, inputs, outputs: [String(i)], attributes: Object.fromEntries(attributes) }
    })
    nodes.push({ op: 'ConstantOfShape', inputs: [String(steps.length - 1)] })
    const bytes = onnxFile({ inputs: { x: [2, 3, 4] }, constants, nodes })
    const x = fromValues(new Float32Array(24), [2, 3, 4], 'float32')
    const { shape } = (await runModel(bytes, { x })).y
    expect(shape.length).toBeGreaterThan(0)
    expect(g.importModel(bytes).outputs.y.shape).toEqual(shape)
  })

  it('that depend on values are an error that says so', () => {
    const file = onnxFile({
      inputs: { x: [4], to: { shape: [2], dtype: 'int64' } },
      nodes: [{ op: 'Reshape', inputs: ['x', 'to'] }],
    })
    expect(() => g.importModel(file)).toThrow('Reshape 0: its shape must be known before the graph runs')
  })
})

describe('types', () => {
  it('are read in every form in which a file may hold values', async () => {
    const bytes = onnxFile({
      constants: {
        float64: Float64Array.of(0.1),
        int32: Int32Array.of(-(2 ** 31)),
        int64: BigInt64Array.of(-(2n ** 63n)),
        uint64: BigUint64Array.of(2n ** 64n - 1n),
        uint8: Uint8Array.of(255),
        bool: { values: Uint8Array.of(0, 1, 7), shape: [3], dtype: 'bool' },
      },
      nodes: [],
      outputs: ['float64', 'int32', 'int64', 'uint64', 'uint8', 'bool', 'listed', 'many', 'floats'],
    })
    const proto = readModel(bytes)
    const initializers = proto.graph!.initializer
    initializers.push(listed('listed', 7, { int64Data: [5n, -6n] }, 2))
    initializers.push(listed('many', 9, { int32Data: [1, 0] }, 2))
    initializers.push(listed('floats', 1, { floatData: [0.5, -0] }, 2))
    const { outputs } = g.importModel(toBinary(ModelProtoSchema, proto))
    expect(Object.values(outputs).map(({ dtype }) => dtype)).toEqual([
      'float64',
      'int32',
      'int64',
      'uint64',
      'uint8',
      'bool',
      'int64',
      'bool',
      'float32',
    ])
    const results = await runModel(g.writeModel(outputs), {})
    expect(Object.values(results).map(({ data }) => data)).toEqual([
      [0.1],
      [-(2 ** 31)],
      [-(2n ** 63n)],
      [2n ** 64n - 1n],
      [255],
      [0, 1, 1],
      [5n, -6n],
      [1, 0],
      [0.5, -0],
    ])
  })

  it('of half precision become float32, every number exactly', async () => {
    const halves = [0, -0, 1, -2, 65504, 2 ** -14, 2 ** -24, 1023 * 2 ** -24, 1 / 3]
    const bits = [0, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x0400, 1, 0x03ff, 0x3555]
    const proto = readModel(onnxFile({ nodes: [], outputs: ['half', 'brain', 'endless'] }))
    proto.graph!.initializer.push(listed('half', 10, { int32Data: bits }, bits.length))
    proto.graph!.initializer.push(listed('brain', 16, { int32Data: [0x3f80, 0xc2f7] }, 2))
    proto.graph!.initializer.push(listed('endless', 10, { int32Data: [0x7c00, 0xfc00, 0x7e00] }, 3))
    const { outputs } = g.importModel(toBinary(ModelProtoSchema, proto))
    const values = Object.values(outputs).map(y => [...(y.node.values as Float32Array)])
    expect(values[0].slice(0, -1)).toEqual(halves.slice(0, -1))
    expect(values[0].at(-1)).toBeCloseTo(1 / 3, 3)
    expect(values.slice(1)).toEqual([
      [1, -123.5],
      [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN],
    ])
  })
})

describe('operators without a gradient', () => {
  const file = onnxFile({
    inputs: { x: [3, 3] },
    constants: { at: { values: int64s(0, 0), shape: [1, 2] }, one: Float32Array.of(1) },
    nodes: [
      { op: 'Floor', outputs: ['a'] },
      { op: 'Round', inputs: ['a'], outputs: ['b'] },
      { op: 'Floor', inputs: ['b'], outputs: ['c'] },
      { op: 'ScatterND', inputs: ['c', 'at', 'one'], outputs: ['d'] },
      { op: 'ArgMax', outputs: ['i'], attributes: { axis: 1 } },
      { op: 'Gather', inputs: ['x', 'i'], outputs: ['e'] },
      { op: 'Exp', outputs: ['f'] },
    ],
    outputs: ['d', 'e', 'f'],
  })

  it('can be read and run', async () => {
    const { outputs } = g.importModel(file)
    const x = fromValues(Float32Array.of(0.5, 1.5, 2.5, 1, 0, -1, 3, 4, 3), [3, 3], 'float32')
    expect(await runModel(g.writeModel(outputs), { x })).toEqual(await runModel(file, { x }))
  })

  it('are named all at once, by the function and by the error', () => {
    const { inputs, outputs } = g.importModel(file)
    const loss = g.reduceSum(outputs.d)
    expect([...g.gradientGaps(loss, [inputs.x])]).toEqual([
      ['ScatterND', 1],
      ['Floor', 2],
      ['Round', 1],
    ])
    expect(() => g.gradients(loss, [inputs.x])).toThrow(
      'gradients: ScatterND, Floor (2 nodes) and Round have no gradient; use stopGradient where none is meant',
    )
  })

  it('do no harm where no gradient must pass', () => {
    const { inputs, outputs } = g.importModel(file)
    // The index of the largest has none and needs none.
    const loss = g.add(g.reduceSum(outputs.e), g.reduceSum(outputs.f))
    expect(g.gradientGaps(loss, [inputs.x]).size).toBe(0)
    expect(g.gradients(loss, [inputs.x])[0].shape).toEqual([3, 3])
  })
})
