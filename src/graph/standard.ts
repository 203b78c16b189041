// Models for every ONNX runtime: what only ONNX Runtime knows is written with the standard's own operators.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type GraphProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type TensorShapeProto_Dimension,
  TensorShapeProto_DimensionSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './generated/onnx_pb.ts'

const FLOAT = 1

/**
 * The same model without operators of ONNX Runtime's own: α A B with transposed operands (`FusedMatMul`) becomes
 * `Transpose`, `MatMul` and `Mul`. ONNX Runtime fuses them again when it opens the model, so nothing is lost.
 */
export function standardOperators(model: Uint8Array): Uint8Array {
  const proto = fromBinary(ModelProtoSchema, model)
  const graph = proto.graph!
  const rewriter = new Rewriter(graph)
  const nodes = graph.node.flatMap(node => (node.opType === 'FusedMatMul' ? rewriter.unfuse(node) : node))
  const foreign = nodes.find(node => node.domain !== '')
  if (foreign)
    throw new Error(`standardOperators: ${foreign.domain}.${foreign.opType} has no standard form here`)
  graph.node = nodes
  graph.valueInfo.push(...rewriter.valueInfos)
  graph.initializer.push(...rewriter.initializers)
  proto.opsetImport = proto.opsetImport.filter(({ domain }) => domain === '')
  return toBinary(ModelProtoSchema, proto)
}

type Dims = TensorShapeProto_Dimension[]

class Rewriter {
  readonly valueInfos: ValueInfoProto[] = []
  readonly initializers: TensorProto[] = []
  private readonly shapes = new Map<string, { type: number; dims: Dims }>()
  private readonly factors = new Map<number, string>()
  private readonly transposed = new Map<string, string>()

  constructor({ input, output, valueInfo, initializer }: GraphProto) {
    for (const { name, type } of [...input, ...output, ...valueInfo])
      if (type?.value.case === 'tensorType')
        this.shapes.set(name, { type: type.value.value.elemType, dims: type.value.value.shape?.dim ?? [] })
    for (const { name, dims, dataType } of initializer)
      this.shapes.set(name, {
        type: dataType,
        dims: dims.map(size =>
          create(TensorShapeProto_DimensionSchema, { value: { case: 'dimValue', value: size } }),
        ),
      })
  }

  unfuse(node: NodeProto): NodeProto[] {
    const attribute = (name: string) => node.attribute.find(one => one.name === name)
    const nodes: NodeProto[] = []
    const inputs = node.input.map((x, i) =>
      attribute(i ? 'transB' : 'transA')?.i === 1n ? this.transpose(x, nodes) : x,
    )
    const alpha = attribute('alpha')?.f ?? 1
    const [output] = node.output
    if (alpha === 1) return [...nodes, standardNode('MatMul', node.name, inputs, output)]
    const product = `${node.name}:product`
    this.declare(product, this.shape(output).dims, this.shape(output).type)
    return [
      ...nodes,
      standardNode('MatMul', product, inputs, product),
      standardNode('Mul', node.name, [product, this.factor(alpha)], output),
    ]
  }

  /** x with its last two dimensions exchanged, made where it is first needed. */
  private transpose(x: string, nodes: NodeProto[]): string {
    const known = this.transposed.get(x)
    if (known) return known
    const { dims, type } = this.shape(x)
    const order = dims.map((_, axis) => axis)
    order.push(...order.splice(-2).reverse())
    const name = `${x}:transposed`
    const perm = create(AttributeProtoSchema, {
      name: 'perm',
      type: AttributeType.INTS,
      ints: order.map(BigInt),
    })
    nodes.push(standardNode('Transpose', name, [x], name, [perm]))
    this.declare(
      name,
      order.map(axis => dims[axis]),
      type,
    )
    this.transposed.set(x, name)
    return name
  }

  private factor(value: number): string {
    const known = this.factors.get(value)
    if (known) return known
    const name = `factor:${this.factors.size}`
    const rawData = new Uint8Array(Float32Array.of(value).buffer)
    this.initializers.push(create(TensorProtoSchema, { name, dataType: FLOAT, dims: [], rawData }))
    this.factors.set(value, name)
    return name
  }

  private shape(name: string) {
    const shape = this.shapes.get(name)
    if (!shape) throw new Error(`standardOperators: the shape of ${name} is not known`)
    return shape
  }

  private declare(name: string, dim: Dims, elemType: number) {
    const value = { case: 'tensorType' as const, value: { elemType, shape: { dim } } }
    this.valueInfos.push(create(ValueInfoProtoSchema, { name, type: create(TypeProtoSchema, { value }) }))
  }
}

function standardNode(
  opType: string,
  name: string,
  input: string[],
  output: string,
  attribute: NodeProto['attribute'] = [],
): NodeProto {
  return create(NodeProtoSchema, { opType, name, input, output: [output], attribute })
}
