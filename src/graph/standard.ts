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
} from './generated/onnx_pb.ts'

const FLOAT = 1

/**
 * The same model without operators of ONNX Runtime's own: α A B with transposed operands (`FusedMatMul`) becomes
 * `Transpose`, `MatMul` and `Mul`. ONNX Runtime fuses them again when it opens the model, so nothing is lost.
 */
export function standardOperators(model: Uint8Array): Uint8Array {
  const proto = fromBinary(ModelProtoSchema, model)
  const graph = proto.graph!
  const ranks = ranksOf(graph)
  const factors = new Map<number, string>()
  const nodes = graph.node.flatMap(node =>
    node.opType === 'FusedMatMul' ? unfuse(node, ranks, factors) : node,
  )
  const foreign = nodes.find(node => node.domain !== '')
  if (foreign)
    throw new Error(`standardOperators: ${foreign.domain}.${foreign.opType} has no standard form here`)
  graph.node = nodes
  for (const [value, name] of factors) graph.initializer.push(factor(name, value))
  proto.opsetImport = proto.opsetImport.filter(({ domain }) => domain === '')
  return toBinary(ModelProtoSchema, proto)
}

function ranksOf({ input, output, valueInfo, initializer }: GraphProto): Map<string, number> {
  const ranks = new Map<string, number>()
  for (const { name, type } of [...input, ...output, ...valueInfo])
    if (type?.value.case === 'tensorType') ranks.set(name, type.value.value.shape?.dim.length ?? 0)
  for (const { name, dims } of initializer) ranks.set(name, dims.length)
  return ranks
}

function unfuse(
  node: NodeProto,
  ranks: ReadonlyMap<string, number>,
  factors: Map<number, string>,
): NodeProto[] {
  const attribute = (name: string) => node.attribute.find(one => one.name === name)
  const nodes: NodeProto[] = []
  const operand = (i: number, transposed: boolean): string => {
    if (!transposed) return node.input[i]
    const rank = ranks.get(node.input[i])
    if (rank === undefined) throw new Error(`standardOperators: the shape of ${node.input[i]} is not known`)
    const perm = Array.from({ length: rank }, (_, axis) => BigInt(axis))
    ;[perm[rank - 2], perm[rank - 1]] = [perm[rank - 1], perm[rank - 2]]
    const name = `${node.name}:transposed${i}`
    const order = create(AttributeProtoSchema, { name: 'perm', type: AttributeType.INTS, ints: perm })
    nodes.push(standardNode('Transpose', name, [node.input[i]], name, [order]))
    return name
  }
  const inputs = [0, 1].map(i => operand(i, attribute(i ? 'transB' : 'transA')?.i === 1n))
  const alpha = attribute('alpha')?.f ?? 1
  const [output] = node.output
  if (alpha === 1) return [...nodes, standardNode('MatMul', node.name, inputs, output)]
  const product = `${node.name}:product`
  const name = factors.get(alpha) ?? `factor:${factors.size}`
  factors.set(alpha, name)
  return [
    ...nodes,
    standardNode('MatMul', product, inputs, product),
    standardNode('Mul', node.name, [product, name], output),
  ]
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

function factor(name: string, value: number): TensorProto {
  const rawData = new Uint8Array(Float32Array.of(value).buffer)
  return create(TensorProtoSchema, { name, dataType: FLOAT, dims: [], rawData })
}
