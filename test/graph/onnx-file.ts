// ONNX files made by hand, as other programs would write them: any operator, operator set and attribute.

import { create, toBinary } from '@bufbuild/protobuf'
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  ModelProtoSchema,
  TensorProtoSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from '../../src/graph/generated/onnx_pb.ts'
import { type DType, dtypeOf, type Shape, type Values } from '../../src/graph/index.ts'

export const CODES: Record<DType | 'float16', number> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  uint64: 13,
}

/** Whole numbers are integers, `{ float }` are floats. */
export type FileAttribute =
  | number
  | readonly number[]
  | string
  | { float: number }
  | { floats: number[] }
  | { tensor: FileTensor }

/** Values, or values with a shape. */
export type FileTensor = Values | { values: Values; shape: readonly number[]; dtype?: DType }

export interface FileNode {
  op: string
  inputs?: readonly string[]
  outputs?: readonly string[]
  attributes?: Readonly<Record<string, FileAttribute>>
  domain?: string
  name?: string
}

export interface FileSpec {
  opset?: number
  inputs?: Readonly<Record<string, Shape | { shape: Shape; dtype: DType }>>
  constants?: Readonly<Record<string, FileTensor>>
  nodes: readonly FileNode[]
  /** Default: y. */
  outputs?: readonly string[]
}

export function onnxFile({
  opset = 18,
  inputs = {},
  constants = {},
  nodes,
  outputs = ['y'],
}: FileSpec): Uint8Array {
  const domains = [...new Set(nodes.map(node => node.domain ?? ''))].filter(Boolean)
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      producerName: 'by hand',
      opsetImport: [
        { domain: '', version: BigInt(opset) },
        ...domains.map(domain => ({ domain, version: 1n })),
      ],
      graph: {
        name: 'by hand',
        node: nodes.map(
          ({ op, inputs = ['x'], outputs = ['y'], attributes = {}, domain = '', name = '' }) => ({
            opType: op,
            name,
            domain,
            input: [...inputs],
            output: [...outputs],
            attribute: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
          }),
        ),
        initializer: Object.entries(constants).map(([name, tensor]) => tensorProto(tensor, name)),
        input: Object.entries(inputs).map(([name, spec]) =>
          valueInfo(name, 'shape' in spec ? spec.shape : spec, 'shape' in spec ? spec.dtype : 'float32'),
        ),
        output: outputs.map(name => create(ValueInfoProtoSchema, { name })),
      },
    }),
  )
}

export function tensorProto(tensor: FileTensor, name = '') {
  const { values, shape, dtype } =
    'values' in tensor && !ArrayBuffer.isView(tensor)
      ? { dtype: dtypeOf(tensor.values), ...tensor }
      : { values: tensor as Values, shape: [(tensor as Values).length], dtype: dtypeOf(tensor as Values) }
  return create(TensorProtoSchema, {
    name,
    dataType: CODES[dtype],
    dims: shape.map(BigInt),
    rawData: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  })
}

function valueInfo(name: string, shape: Shape, dtype: DType) {
  const dim = shape.map(size => ({
    value:
      typeof size === 'number'
        ? { case: 'dimValue' as const, value: BigInt(size) }
        : { case: 'dimParam' as const, value: size },
  }))
  const value = { case: 'tensorType' as const, value: { elemType: CODES[dtype], shape: { dim } } }
  return create(ValueInfoProtoSchema, { name, type: create(TypeProtoSchema, { value }) })
}

function attribute(name: string, value: FileAttribute): AttributeProto {
  const of = (type: AttributeType, fields: object) => create(AttributeProtoSchema, { name, type, ...fields })
  if (typeof value === 'number') return of(AttributeType.INT, { i: BigInt(value) })
  if (typeof value === 'string') return of(AttributeType.STRING, { s: new TextEncoder().encode(value) })
  if ('float' in value) return of(AttributeType.FLOAT, { f: value.float })
  if ('floats' in value) return of(AttributeType.FLOATS, { floats: value.floats })
  if ('tensor' in value) return of(AttributeType.TENSOR, { t: tensorProto(value.tensor) })
  return of(AttributeType.INTS, { ints: (value as readonly number[]).map(BigInt) })
}
