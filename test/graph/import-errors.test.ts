// Files that cannot be read say why in one sentence; damaged ones never do anything else.

import { readFileSync } from 'node:fs'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  AttributeProtoSchema,
  TensorProto_DataLocation as DataLocation,
  FunctionProtoSchema,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  SparseTensorProtoSchema,
  StringStringEntryProtoSchema,
} from '../../src/graph/generated/onnx_pb.ts'
import * as g from '../../src/graph/index.ts'
import { elementwise, fileOf, forward, images, moves, norms, products, reductions } from './cases/imported.ts'
import { readModel } from './check-model.ts'
import { runModel } from './engine.ts'
import { type FileNode, onnxFile } from './onnx-file.ts'
import type { Value } from './reference.ts'

const read = (bytes: Uint8Array) => () => g.importModel(bytes, { name: 'judge.onnx' })
const relu: FileNode = { op: 'Relu' }
const small = { inputs: { x: [2, 3] }, constants: { w: Float32Array.of(1, 2, 3) }, nodes: [relu] }

/** A small file, changed. */
function changed(change: (model: ModelProto & { graph: GraphProto }) => void): Uint8Array {
  const model = readModel(onnxFile(small)) as ModelProto & { graph: GraphProto }
  change(model)
  return toBinary(ModelProtoSchema, model)
}

const nodes = (...list: FileNode[]) => onnxFile({ ...small, nodes: list })
const floats = (values: number[], shape: number[]) => ({ values: Float32Array.from(values), shape })
const whole = (values: number[], shape = [values.length]) => ({
  values: BigInt64Array.from(values, BigInt),
  shape,
})

const faults: [fault: string, bytes: () => Uint8Array, message: string | RegExp][] = [
  ['no bytes', () => new Uint8Array(), 'these 0 bytes are no ONNX model: they hold no graph with outputs'],
  ['a text', () => new TextEncoder().encode('<html>not found</html>'), /these 22 bytes are no ONNX model/],
  [
    'half a file',
    () => onnxFile(small).slice(0, 60),
    'these 60 bytes are no ONNX model, or only a part of one',
  ],
  ['no operator set', () => changed(m => (m.opsetImport = [])), 'does not say which operator set it uses'],
  [
    'an old operator set',
    () => onnxFile({ ...small, opset: 6 }),
    'the file uses operator set 6; those from 7 to 25',
  ],
  ['a new operator set', () => onnxFile({ ...small, opset: 99 }), 'the file uses operator set 99'],
  [
    'values in another file',
    () =>
      changed(({ graph }) => {
        graph.initializer[0].dataLocation = DataLocation.EXTERNAL
        graph.initializer[0].externalData = [
          create(StringStringEntryProtoSchema, { key: 'location', value: 'w.bin' }),
        ]
      }),
    'the constant "w" has its values in another file (external data); save the model as one file',
  ],
  [
    'values of another type',
    () => changed(({ graph }) => (graph.initializer[0].dataType = 3)),
    'type int8, which is not',
  ],
  [
    'texts',
    () => changed(({ graph }) => (graph.initializer[0].dataType = 8)),
    'type string, which is not supported',
  ],
  ['a type unheard of', () => changed(({ graph }) => (graph.initializer[0].dataType = 77)), 'of type 77'],
  [
    'too few values',
    () => changed(({ graph }) => (graph.initializer[0].dims = [4n])),
    'the constant "w" is [4] and has 3 values',
  ],
  [
    'part of a value',
    () => changed(({ graph }) => (graph.initializer[0].rawData = new Uint8Array(11))),
    'the constant "w" is [3] and has 11 bytes',
  ],
  [
    'a negative size',
    () => changed(({ graph }) => (graph.initializer[0].dims = [-3n])),
    '"w" has a size of -3',
  ],
  [
    'two constants of one name',
    () => changed(({ graph }) => graph.initializer.push(graph.initializer[0])),
    'two constants are named "w"',
  ],
  [
    'a sparse constant',
    () =>
      changed(({ graph }) =>
        graph.sparseInitializer.push(create(SparseTensorProtoSchema, { values: { name: 's' } })),
      ),
    's is sparse, which is not supported',
  ],
  [
    'an input without a shape',
    () => changed(({ graph }) => dropShape(graph)),
    'does not say the shape of the input "x"',
  ],
  [
    'an input that is no tensor',
    () => changed(({ graph }) => (graph.input[0].type = undefined)),
    '"x" is no tensor',
  ],
  [
    'two inputs of one name',
    () => changed(({ graph }) => graph.input.push(graph.input[0])),
    'two inputs are named "x"',
  ],
  [
    'a dangling name',
    () => nodes({ op: 'Add', inputs: ['x', 'ghost'] }),
    'Add 0 uses "ghost", which nothing computes',
  ],
  [
    'a circle',
    () =>
      nodes(
        { op: 'Add', inputs: ['x', 'b'], outputs: ['a'], name: 'first' },
        { op: 'Neg', inputs: ['a'], outputs: ['b'] },
      ),
    'Add "first" uses "b" before it is computed: the nodes are out of order, or in a circle',
  ],
  ['a value computed twice', () => nodes(relu, { op: 'Neg' }), 'Neg 1 computes "y", which there is already'],
  [
    'an output of nothing',
    () => onnxFile({ ...small, outputs: ['lost'] }),
    'nothing computes the output "lost"',
  ],
  ['a missing input', () => nodes({ op: 'Add', inputs: ['x'] }), 'Add 0: its input B is missing'],
  [
    'an input left out',
    () => nodes({ op: 'Where', inputs: ['', 'x', 'x'] }),
    'Where 0: its input condition is missing',
  ],
  [
    'too many inputs',
    () => nodes({ op: 'Relu', inputs: ['x', 'w'] }),
    'Relu 0: it has 2 inputs, at most 1 are known',
  ],
  [
    'too many outputs',
    () => nodes({ op: 'Relu', outputs: ['y', 'z'] }),
    'Relu 0: it has 2 outputs, at most 1',
  ],
  ['no outputs', () => nodes({ op: 'Relu', outputs: [] }), 'Relu 0: it has no outputs'],
  ['wrong types', () => nodes({ op: 'Not', inputs: ['x'] }), 'Not 0: its input X is float32 (X: bool)'],
  [
    'shapes that do not fit',
    () =>
      onnxFile({
        ...small,
        constants: { w: floats([1, 2], [2]) },
        nodes: [{ op: 'Add', inputs: ['x', 'w'] }],
      }),
    'Add 0: add: shapes [2, 3] and [2] do not broadcast',
  ],
  [
    'an attribute twice',
    () =>
      changed(({ graph }) =>
        graph.node[0].attribute.push(...[0, 1].map(() => create(AttributeProtoSchema, { name: 'a' }))),
      ),
    'Relu 0 has the attribute a twice',
  ],
  [
    'dropout in training',
    () =>
      onnxFile({
        ...small,
        constants: { r: floats([0.5], []), t: { values: Uint8Array.of(1), shape: [], dtype: 'bool' } },
        nodes: [{ op: 'Dropout', inputs: ['x', 'r', 't'] }],
      }),
    'Dropout 0: it is in training mode; export the model for inference',
  ],
  [
    'an endless shape',
    () =>
      onnxFile({
        ...small,
        constants: { s: whole([2 ** 40, 2 ** 40]) },
        nodes: [
          { op: 'ConstantOfShape', inputs: ['s'] },
          { op: 'Flatten', inputs: ['y'], outputs: ['z'], attributes: { axis: 0 } },
        ],
        outputs: ['z'],
      }),
    'ConstantOfShape 0: the sizes [1099511627776, 1099511627776] are too large to multiply',
  ],
  [
    'an axis outside',
    () => nodes({ op: 'Softmax', attributes: { axis: 2 } }),
    'Softmax 0: axis 2 is outside [2, 3]',
  ],
  [
    'a window too large',
    () =>
      onnxFile({
        inputs: { x: [1, 1, 2, 2] },
        nodes: [{ op: 'MaxPool', attributes: { kernel_shape: [3, 3] } }],
      }),
    'MaxPool 0: MaxPool: a window of 3×3',
  ],
]

function dropShape(graph: GraphProto) {
  const type = graph.input[0].type!.value
  if (type.case === 'tensorType') type.value.shape = undefined
}

describe('one sentence says what is wrong with', () => {
  it.each(faults)('%s', (_, bytes, message) => {
    expect(read(bytes())).toThrow(message)
    expect(read(bytes())).toThrow(/^judge\.onnx: /)
  })
})

it('names all operators and attributes that cannot be read, with how many nodes of each', () => {
  const model = readModel(
    onnxFile({
      inputs: { x: [1, 2, 8, 8] },
      opset: 17,
      nodes: [
        { op: 'NonZero', outputs: ['a'] },
        { op: 'NonZero', outputs: ['b'] },
        { op: 'If', outputs: ['c'] },
        { op: 'Foo', outputs: ['d'], domain: 'com.example' },
        { op: 'Own', outputs: ['d2'], domain: 'com.example' },
        { op: 'AveragePool', outputs: ['e'], attributes: { kernel_shape: [2, 2], dilations: [2, 2] } },
        { op: 'Resize', outputs: ['f'], attributes: { mode: 'area' } },
        { op: 'BatchNormalization', outputs: ['g'], attributes: { training_mode: 1 } },
        { op: 'Conv', outputs: ['h'], attributes: { group: { float: 1 } } },
        { op: 'Conv', outputs: ['i'], attributes: { group: { float: 1 }, secret: 3 } },
        { op: 'GroupNormalization', outputs: ['j'], attributes: { num_groups: 2 } },
        { op: 'Relu' },
      ],
    }),
  )
  model.graph!.node[2].attribute.push(create(AttributeProtoSchema, { name: 'then_branch', type: 5 }))
  model.functions.push(create(FunctionProtoSchema, { domain: 'com.example', name: 'Own' }))
  expect(read(toBinary(ModelProtoSchema, model))).toThrow(
    'judge.onnx: the file uses what cannot be read here: the operators NonZero of operator set 17 (2 nodes), ' +
      'If of operator set 17 (1 node), com.example.Foo of operator set 1 (1 node), ' +
      'com.example.Own defined in the file itself (1 node), ' +
      'GroupNormalization of operator set 17 (1 node); and the attributes ' +
      'AveragePool: dilations [2, 2] (1 node), Resize: mode "area" (1 node), ' +
      'BatchNormalization: training_mode 1 (1 node), Conv: group 1 (2 nodes), Conv: secret 3 (1 node)',
  )
})

it('reads a file whose names are those of an object’s own', () => {
  const names = ['__proto__', 'constructor', 'toString']
  const bytes = onnxFile({
    inputs: Object.fromEntries(names.map(name => [name, [2]])),
    nodes: [{ op: 'Sum', inputs: names, attributes: {} }],
  })
  expect(Object.keys(g.importModel(bytes).inputs)).toEqual(names)
  const odd = readModel(nodes(relu))
  odd.graph!.node[0].attribute.push(create(AttributeProtoSchema, { name: '__proto__', type: 2, i: 1n }))
  expect(read(toBinary(ModelProtoSchema, odd))).toThrow('Relu: __proto__ 1 (1 node)')
})

const fixture = (name: string) =>
  new Uint8Array(readFileSync(new URL(`fixtures/${name}.onnx`, import.meta.url)))

/** The model of some bytes; null where they are refused with a sentence of ours. Anything else is a failure. */
function attempt(bytes: Uint8Array): g.ImportedModel | null {
  try {
    return g.importModel(bytes, { name: 'judge.onnx' })
  } catch (error) {
    const said = error as Error
    expect(said.message).toMatch(/^judge\.onnx: \S/)
    // What a reader throws is a sentence too, not a slip of the program that tripped over the file.
    for (let cause: unknown = said; cause instanceof Error; cause = cause.cause)
      if (!/no ONNX model/.test(said.message)) expect(cause.constructor, cause.stack).toBe(Error)
    return null
  }
}

/** If ONNX Runtime takes a file as well, both must mean the same shapes. */
async function agrees(bytes: Uint8Array, { inputs, outputs }: g.ImportedModel) {
  const known = (shape: g.Shape) => shape.map(dim => (typeof dim === 'number' ? dim : 2))
  // Where a tensor has no elements, ONNX Runtime 1.30 forgets the negative axes of a reduction.
  const counts = Object.values(inputs).map(x => known(x.shape).reduce((a, b) => a * b, 1))
  if (counts.some(count => count === 0 || count > 1e4)) return
  const values = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype }]): [string, Value] => {
      const sizes = known(shape)
      return [
        name,
        {
          shape: sizes,
          dtype,
          data: Array(sizes.reduce((a, b) => a * b, 1)).fill(dtype.endsWith('64') ? 1n : 0.5),
        },
      ]
    }),
  )
  const theirs = await runModel(bytes, values).catch(() => null)
  if (!theirs) return
  for (const [name, y] of Object.entries(outputs))
    if (y.shape.every(dim => typeof dim === 'number')) expect(theirs[name].shape).toEqual(y.shape)
  const ours = await runModel(g.writeModel(outputs, { inputs: Object.values(inputs) }), values)
  for (const name of Object.keys(outputs)) expect(ours[name].shape).toEqual(theirs[name].shape)
}

describe('a damaged file', () => {
  const file = fc.constantFrom('cnn-9', 'cnn-17', 'mobile-11', 'attention-11', 'attention-17')

  it('that ends early is refused, or is a whole model all the same', () => {
    fc.assert(
      fc.property(file, fc.double({ min: 0, max: 1, noNaN: true }), (name, part) => {
        const bytes = fixture(name)
        const model = attempt(bytes.slice(0, Math.floor(part * bytes.length)))
        if (model) g.writeModel(model.outputs)
      }),
      { numRuns: 300, seed: 1 },
    )
  })

  it('with other bytes is refused, or means what ONNX Runtime reads in it', async () => {
    const flip = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      to: fc.nat(255),
    })
    await fc.assert(
      fc.asyncProperty(file, fc.array(flip, { minLength: 1, maxLength: 3 }), async (name, flips) => {
        const bytes = fixture(name)
        for (const { at, to } of flips) bytes[Math.floor(at * bytes.length)] = to
        const model = attempt(bytes)
        if (model) await agrees(bytes, model)
      }),
      { numRuns: 150, seed: 2 },
    )
  })

  // Whole networks, and every operator alone.
  const cases = [...elementwise, ...forward, ...images, ...moves, ...norms, ...products, ...reductions]
  const alone = fc.nat(cases.length - 1)

  it('with other numbers, names and operators is refused, or means what ONNX Runtime reads in it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(file, alone),
        fc.array(fc.nat(), { minLength: 6, maxLength: 6 }),
        async (name, draws) => {
          const original = typeof name === 'string' ? fixture(name) : fileOf(cases[name])
          const model = fromBinary(ModelProtoSchema, original)
          mutate(model.graph!, draws)
          const bytes = toBinary(ModelProtoSchema, model)
          const imported = attempt(bytes)
          if (imported) await agrees(bytes, imported)
        },
      ),
      { numRuns: 250, seed: 3 },
    )
  })
})

/** One field of one node, constant or input set to something that could stand there. */
function mutate(graph: GraphProto, [kind, which, field, value, other, more]: number[]) {
  const node = graph.node[which % graph.node.length]
  const odd = [0n, 1n, 2n, 3n, 5n, -1n, -2n, 7n, 64n, 2n ** 31n, 2n ** 62n, -(2n ** 63n)][value % 12]
  const names = graph.node
    .flatMap(({ output }) => output)
    .concat(
      graph.initializer.map(({ name }) => name),
      '',
    )
  const constants = graph.initializer
  const one = constants[which % constants.length]
  const changes = [
    () => (node.input[field % Math.max(1, node.input.length)] = names[other % names.length]),
    () => node.input.splice(field % Math.max(1, node.input.length), 1),
    () => (node.opType = graph.node[other % graph.node.length].opType),
    () => (node.attribute = graph.node[other % graph.node.length].attribute),
    () => node.attribute.splice(field % Math.max(1, node.attribute.length), 1),
    () => {
      const attribute = node.attribute[field % Math.max(1, node.attribute.length)]
      if (!attribute) return
      if (attribute.ints.length) attribute.ints[more % attribute.ints.length] = odd
      else attribute.i = odd
    },
    () => {
      for (const attribute of node.attribute) attribute.ints.splice(more % 4, 1)
    },
    () => {
      if (one)
        one.dims =
          more % 2 ? [...one.dims].reverse() : one.dims.length ? [one.dims.reduce((a, b) => a * b)] : [1n]
    },
    () => {
      if (one?.dataType === 7 && one.rawData.length)
        new DataView(one.rawData.buffer, one.rawData.byteOffset).setBigInt64(0, odd, true)
    },
    () => {
      const type = graph.input[0]?.type?.value
      const dims = type?.case === 'tensorType' ? type.value.shape!.dim : []
      if (dims.length)
        dims[field % dims.length].value = { case: 'dimValue', value: [0n, 1n, 3n, 4n, 7n, 9n][value % 6] }
    },
    () => graph.node.splice(which % graph.node.length, 1),
  ]
  changes[kind % changes.length]()
}
