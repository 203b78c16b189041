// An ONNX file taken apart and checked: nodes, constants, inputs and outputs, whose operators nobody has read yet.

import { fromBinary } from '@bufbuild/protobuf'
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataLocation as DataLocation,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type TensorProto,
  type TypeProto,
  type ValueInfoProto,
} from '../generated/onnx_pb.ts'
import { type Attribute, constant, type Dim, type DType, type Tensor, type Values } from '../tensor.ts'

/** What an attribute may hold in a file: what a graph's may, and what only a reader needs. */
export type FileAttribute =
  | Attribute
  | { readonly tensor: Tensor }
  | { readonly floats: readonly number[] }
  | { readonly other: string }

export interface FileNode {
  op: string
  domain: string
  /** How messages call it. */
  label: string
  /** Names of values; an empty one is left out. */
  inputs: readonly string[]
  outputs: readonly string[]
  attributes: Readonly<Record<string, FileAttribute>>
}

export interface FileInput {
  name: string
  dtype: DType
  shape: readonly Dim[]
}

export interface OnnxFile {
  /** Versions of the operator sets by domain; the standard's domain is ''. */
  opsets: ReadonlyMap<string, number>
  /** Operators that the file makes of others, `domain.name`. */
  functions: ReadonlySet<string>
  nodes: readonly FileNode[]
  constants: ReadonlyMap<string, Tensor>
  /** What must be fed. */
  inputs: readonly FileInput[]
  /** Constants that the file lists as inputs too: defaults. */
  defaults: readonly FileInput[]
  outputs: readonly string[]
  metadata: Readonly<Record<string, string>>
}

/** The oldest and the newest version of the standard operators whose meaning is known here. */
const OPSETS = [7, 25] as const

/** Takes a file apart. Throws where it is none, or holds what has no place in a graph. */
export function parseFile(bytes: Uint8Array): OnnxFile {
  const proto = decode(bytes)
  const { graph } = proto
  const opsets = operatorSets(proto)
  if (graph.sparseInitializer.length)
    throw new Error(`${graph.sparseInitializer[0].values?.name} is sparse, which is not supported`)
  const constants = new Map<string, Tensor>()
  for (const one of graph.initializer) {
    if (constants.has(one.name)) throw new Error(`two constants are named "${one.name}"`)
    constants.set(one.name, readTensor(one, `the constant "${one.name}"`))
  }
  const listed = graph.input.map(readInput)
  return {
    opsets,
    functions: new Set(proto.functions.map(({ domain, name }) => `${domain}.${name}`)),
    nodes: graph.node.map((node, i) => {
      const label =
        node.name && node.name !== node.opType ? `${node.opType} "${node.name}"` : `${node.opType} ${i}`
      return {
        op: node.opType,
        domain: standardDomain(node.domain),
        label,
        inputs: node.input,
        outputs: node.output,
        attributes: readAttributes(node.attribute, label),
      }
    }),
    constants,
    inputs: listed.filter(({ name }) => !constants.has(name)),
    defaults: listed.filter(({ name }) => constants.has(name)),
    outputs: graph.output.map(({ name }) => name),
    metadata: Object.fromEntries(proto.metadataProps.map(({ key, value }) => [key, value])),
  }
}

function decode(bytes: Uint8Array): ModelProto & { graph: GraphProto } {
  let proto: ModelProto
  try {
    proto = fromBinary(ModelProtoSchema, bytes, { readUnknownFields: false })
  } catch (error) {
    throw new Error(`these ${bytes.length} bytes are no ONNX model, or only a part of one`, { cause: error })
  }
  const { graph } = proto
  if (!graph || graph.output.length === 0)
    throw new Error(`these ${bytes.length} bytes are no ONNX model: they hold no graph with outputs`)
  return Object.assign(proto, { graph })
}

function standardDomain(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain
}

function operatorSets({ opsetImport }: ModelProto): Map<string, number> {
  const opsets = new Map(opsetImport.map(({ domain, version }) => [standardDomain(domain), Number(version)]))
  const standard = opsets.get('')
  if (standard === undefined) throw new Error('the file does not say which operator set it uses')
  if (standard < OPSETS[0] || standard > OPSETS[1])
    throw new Error(
      `the file uses operator set ${standard}; those from ${OPSETS[0]} to ${OPSETS[1]} can be read, export it again with one of them`,
    )
  return opsets
}

function readInput({ name, type }: ValueInfoProto): FileInput {
  const { dtype, dims } = tensorType(name, type)
  const shape = dims.map(({ value }, axis): Dim => {
    if (value.case === 'dimParam' && value.value) return symbol(value.value)
    if (value.case !== 'dimValue') return symbol(`${name}_${axis}`)
    return size(value.value, `the input "${name}"`)
  })
  return { name, dtype, shape }
}

function tensorType(name: string, type: TypeProto | undefined) {
  if (type?.value.case !== 'tensorType') throw new Error(`the input "${name}" is no tensor`)
  const { elemType, shape } = type.value.value
  if (!shape) throw new Error(`the file does not say the shape of the input "${name}"`)
  return { dtype: dtypeOfCode(elemType, `the input "${name}"`), dims: shape.dim }
}

/** A name that can stand in products: `4*N` is four times N, anything else is one word. */
function symbol(text: string): string {
  return /^(\d+\*)?\w+(\*\w+)*$/.test(text) ? text : `_${text.replace(/\W/g, '_')}`
}

function size(value: bigint, of: string): number {
  if (value < 0n || value > Number.MAX_SAFE_INTEGER) throw new Error(`${of} has a size of ${value}`)
  return Number(value)
}

const NAMES = [
  'undefined',
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
  'complex64',
  'complex128',
  'bfloat16',
] // prettier-ignore

const CODES: Record<number, DType> = {
  1: 'float32',
  2: 'uint8',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  10: 'float32',
  11: 'float64',
  13: 'uint64',
  16: 'float32',
}
const [HALF, BRAIN] = [10, 16]

/** The codes of the types that can be read. */
export const typeCodes: readonly number[] = Object.keys(CODES).map(Number)

/** The type that a TensorProto.DataType is read as: half precision as float32. */
export function dtypeOfCode(code: number, of: string): DType {
  const dtype = CODES[code]
  if (!dtype) throw new Error(`${of} is of type ${NAMES[code] ?? code}, which is not supported`)
  return dtype
}

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  uint8: Uint8Array,
  bool: Uint8Array,
}

/** A tensor that is written in the file, as a constant. */
function readTensor(proto: TensorProto, of: string): Tensor {
  if (proto.dataLocation === DataLocation.EXTERNAL || proto.externalData.length)
    throw new Error(`${of} has its values in another file (external data); save the model as one file`)
  const dtype = dtypeOfCode(proto.dataType, of)
  const shape = proto.dims.map(dim => size(dim, of))
  const count = shape.reduce((a, b) => a * b, 1)
  const values = proto.rawData.length ? rawValues(proto, dtype) : listedValues(proto, dtype)
  if (values?.length !== count)
    throw new Error(
      `${of} is [${shape.join(', ')}] and has ${values ? `${values.length} values` : `${proto.rawData.length} bytes`}`,
    )
  return constant(dtype === 'bool' ? Uint8Array.from(values as Uint8Array, Math.sign) : values, shape, dtype)
}

/** Little-endian bytes; null where their number does not fit the type. */
function rawValues({ rawData, dataType }: TensorProto, dtype: DType): Values | null {
  const half = dataType === HALF || dataType === BRAIN
  const bytes = half ? 2 : ARRAYS[dtype].BYTES_PER_ELEMENT
  if (rawData.length % bytes) return null
  // A copy, for what lies in a file need not be aligned. (The slice of a Node buffer would be none.)
  const { buffer } = new Uint8Array(rawData)
  return half ? widen(new Uint16Array(buffer), dataType) : new ARRAYS[dtype](buffer)
}

/** The typed fields; which one holds a type is the format's. */
function listedValues(proto: TensorProto, dtype: DType): Values {
  const { dataType, floatData, doubleData, int32Data, int64Data, uint64Data } = proto
  if (dataType === HALF || dataType === BRAIN) return widen(Uint16Array.from(int32Data), dataType)
  if (dtype === 'float32') return Float32Array.from(floatData)
  if (dtype === 'float64') return Float64Array.from(doubleData)
  if (dtype === 'int64') return BigInt64Array.from(int64Data)
  if (dtype === 'uint64') return BigUint64Array.from(uint64Data)
  return dtype === 'int32' ? Int32Array.from(int32Data) : Uint8Array.from(int32Data)
}

/** Numbers of 16 bits as float32: exactly, for both formats are subsets of it. */
function widen(bits: Uint16Array, code: number): Float32Array {
  if (code === BRAIN) return new Float32Array(Uint32Array.from(bits, b => b << 16).buffer)
  return Float32Array.from(bits, b => {
    const [sign, exponent, fraction] = [b >> 15 ? -1 : 1, (b >> 10) & 31, b & 1023]
    if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
    return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25)
  })
}

function readAttributes(protos: readonly AttributeProto[], label: string): Record<string, FileAttribute> {
  const attributes = new Map<string, FileAttribute>()
  for (const proto of protos) {
    if (attributes.has(proto.name)) throw new Error(`${label} has the attribute ${proto.name} twice`)
    attributes.set(proto.name, readAttribute(proto, label))
  }
  return Object.fromEntries(attributes)
}

function readAttribute(proto: AttributeProto, label: string): FileAttribute {
  const { type, name, f, i, s, t, ints, floats } = proto
  if (type === AttributeType.INT) return whole(i)
  if (type === AttributeType.INTS) return ints.map(whole)
  if (type === AttributeType.FLOAT) return { float: f }
  if (type === AttributeType.FLOATS) return { floats }
  if (type === AttributeType.STRING) return new TextDecoder().decode(s)
  if (type === AttributeType.TENSOR && t)
    return { tensor: readTensor(t, `the attribute ${name} of ${label}`) }
  return { other: AttributeType[type]?.toLowerCase() ?? 'unknown' }
}

/** Integers that no float64 holds are limits ("to the end") and stay limits. */
function whole(value: bigint): number {
  const limit = Number.MAX_SAFE_INTEGER
  return Math.max(-limit, Math.min(limit, Number(value)))
}
