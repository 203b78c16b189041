// Writing a graph as an ONNX model: typed, topologically sorted, every node named.

import { create, toBinary } from '@bufbuild/protobuf'
import { onnxType } from './elementwise.ts'
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './generated/onnx_pb.ts'
import {
  type Attribute,
  type DType,
  dtypeOf,
  type Node,
  resolve,
  type Shape,
  sizeOf,
  type Tensor,
  type Values,
} from './tensor.ts'

const OPSET = 18
const IR_VERSION = 8

export interface ModelOptions {
  /** A name for the graph. */
  name?: string
  /** Inputs whose values are written into the model instead of being fed. */
  constants?: ReadonlyMap<Tensor, Values>
  /** Recorded in the model's metadata. */
  metadata?: Readonly<Record<string, string>>
  /** Inputs in the order in which the model lists them; others follow as they are met. */
  inputs?: readonly Tensor[]
}

/** The ONNX model that computes the named outputs from the inputs they reach. */
export function writeModel(
  outputs: Readonly<Record<string, Tensor>>,
  options: ModelOptions = {},
): Uint8Array {
  const writer = new Writer(options.constants ?? new Map(), outputs)
  for (const x of options.inputs ?? []) writer.visit(x)
  for (const x of Object.values(outputs)) writer.visit(x)
  writer.emit()
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: BigInt(IR_VERSION),
      producerName: 'coppice',
      opsetImport: [
        { domain: '', version: BigInt(OPSET) },
        { domain: 'com.microsoft', version: 1n },
      ],
      metadataProps: Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value })),
      graph: {
        name: options.name ?? 'coppice',
        node: [...writer.nodes, ...writer.copies()],
        initializer: writer.initializers,
        input: writer.inputs,
        output: Object.entries(outputs).map(([name, x]) => valueInfo(name, x)),
        valueInfo: writer.valueInfos,
      },
    }),
  )
}

class Writer {
  readonly nodes: NodeProto[] = []
  readonly initializers: TensorProto[] = []
  readonly inputs: ValueInfoProto[] = []
  readonly valueInfos: ValueInfoProto[] = []
  private readonly names = new Map<Tensor, string>()
  private readonly constants = new Map<string, string>()
  private readonly done = new Set<Node>()
  private readonly order: Node[] = []
  private readonly inputNames = new Set<string>()
  /** Names that the caller gave to inputs and outputs, which no other value may get. */
  private readonly taken: Set<string>

  constructor(
    private readonly bound: ReadonlyMap<Tensor, Values>,
    private readonly outputs: Readonly<Record<string, Tensor>>,
  ) {
    for (const x of bound.keys())
      if (x.node.op !== 'Input') throw new Error(`writeModel: ${x} is bound to values, but is no input`)
    this.taken = new Set(Object.keys(outputs))
    // An output that a node computes gets its own name; a second name for it, or for a leaf, is a copy.
    for (const [name, x] of Object.entries(outputs)) {
      const target = resolve(x)
      const leaf = target.node.op === 'Input' || target.node.op === 'Constant'
      if (!leaf && !this.names.has(target)) this.names.set(target, name)
    }
  }

  /** Everything that x needs, inputs first. Iterative, for graphs are deep. */
  visit(x: Tensor) {
    const stack: { node: Node; next: number }[] = []
    const enter = (node: Node) => {
      if (!this.done.has(node)) {
        this.done.add(node)
        stack.push({ node, next: 0 })
      }
    }
    enter(resolve(x).node)
    while (stack.length) {
      const top = stack[stack.length - 1]
      if (top.next < top.node.inputs.length) {
        const below = top.node.inputs[top.next++]
        if (below) enter(resolve(below).node)
      } else {
        stack.pop()
        this.order.push(top.node)
      }
    }
  }

  /** Writes everything that was visited. */
  emit() {
    for (const node of this.order) if (node.op === 'Input') this.emitInput(node)
    for (const node of this.order) if (node.op !== 'Input') this.emitNode(node)
  }

  /** Identities for outputs that carry a leaf or a value that already has a name. */
  copies(): NodeProto[] {
    return Object.entries(this.outputs)
      .filter(([name, x]) => this.name(x) !== name)
      .map(([name, x]) =>
        create(NodeProtoSchema, {
          opType: 'Identity',
          name: `copy_${name}`,
          input: [this.name(x)],
          output: [name],
        }),
      )
  }

  private name(x: Tensor): string {
    return this.names.get(resolve(x))!
  }

  private emitInput(node: Node) {
    const [x] = node.outputs
    const name = node.name!
    const output = this.outputs[name]
    if (output && resolve(output) !== x)
      throw new Error(`writeModel: ${name} is the name of an input and of another value's output`)
    if (this.inputNames.has(name)) throw new Error(`writeModel: two inputs are named ${name}`)
    this.inputNames.add(name)
    this.taken.add(name)
    const values = this.bound.get(x)
    if (values && (values.length !== sizeOf(x.shape) || dtypeOf(values) !== x.dtype))
      throw new Error(`writeModel: ${values.length} values of ${dtypeOf(values)} are bound to the input ${x}`)
    if (values) this.initializers.push(tensorProto(name, values, x.shape as readonly number[], x.dtype))
    else this.inputs.push(valueInfo(name, x))
    this.names.set(x, name)
  }

  /** A name that no input or output has: almost always the one proposed. */
  private free(name: string): string {
    return this.taken.has(name) ? this.free(`${name}_`) : name
  }

  private emitNode(node: Node) {
    const [first] = node.outputs
    if (node.op === 'Constant') {
      this.names.set(first, this.initializer(node.values!, first.shape as readonly number[], first.dtype))
    } else {
      const id = this.free(`${node.op}_${this.nodes.length}`)
      node.outputs.forEach((out, i) => {
        if (this.names.has(out)) return
        const name = node.outputs.length > 1 ? this.free(`${id}:${i}`) : id
        this.names.set(out, name)
        this.valueInfos.push(valueInfo(name, out))
      })
      this.nodes.push(
        create(NodeProtoSchema, {
          opType: node.op,
          domain: node.domain,
          name: id,
          input: node.inputs.map(x => (x ? this.name(x) : '')),
          output: node.outputs.map(x => this.name(x)),
          attribute: Object.entries(node.attributes).map(([name, value]) => attribute(name, value)),
        }),
      )
    }
  }

  /** Small constants that are alike (axes, shapes, factors) are written once. */
  private initializer(values: Values, shape: readonly number[], dtype: DType): string {
    const key = values.length <= 64 ? `${dtype} ${shape} ${values.join()} ${signs(values)}` : undefined
    const known = key && this.constants.get(key)
    if (known) return known
    const name = this.free(`constant_${this.initializers.length}`)
    if (key) this.constants.set(key, name)
    this.initializers.push(tensorProto(name, values, shape, dtype))
    return name
  }
}

/** Tells −0 from 0, which print alike. */
function signs(values: Values): string {
  let out = ''
  for (const value of values) out += Object.is(value, -0) ? '-' : '+'
  return out
}

function attribute(name: string, value: Attribute): AttributeProto {
  if (typeof value === 'number')
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) })
  if (typeof value === 'string')
    return create(AttributeProtoSchema, {
      name,
      type: AttributeType.STRING,
      s: new TextEncoder().encode(value),
    })
  if ('float' in value)
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float })
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) })
}

function tensorProto(name: string, values: Values, shape: readonly number[], dtype: DType): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: onnxType(dtype),
    dims: shape.map(BigInt),
    rawData: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  })
}

function valueInfo(name: string, x: { shape: Shape; dtype: Tensor['dtype'] }): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, {
      value: {
        case: 'tensorType',
        value: {
          elemType: onnxType(x.dtype),
          shape: {
            dim: x.shape.map(dim => ({
              value:
                typeof dim === 'number'
                  ? { case: 'dimValue' as const, value: BigInt(dim) }
                  : { case: 'dimParam' as const, value: dim },
            })),
          },
        },
      },
    }),
  })
}
