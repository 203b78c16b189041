// The safetensors format: named tensors behind a JSON header (https://github.com/huggingface/safetensors).
//
// 8 bytes: the length of the header, little-endian; the header, `{ name: { dtype, shape, data_offsets }, … }` with
// strings under `__metadata__`; the tensors' bytes, little-endian, without holes or overlaps.

import { concatenate } from '../data/bytes.ts'

export type TensorData =
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array
  | BigInt64Array
  | BigUint64Array

type Dtype =
  | 'F64'
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'I64'
  | 'I32'
  | 'I16'
  | 'I8'
  | 'U64'
  | 'U32'
  | 'U16'
  | 'U8'
  | 'BOOL'

export interface StoredTensor {
  dtype: Dtype
  shape: readonly number[]
  /** F16 and BF16 come, and go, as Float32Array; BOOL as Uint8Array of 0 and 1. */
  data: TensorData
}

export interface Safetensors {
  tensors: Map<string, StoredTensor>
  metadata: Record<string, string>
}

interface Format {
  /** Bytes per element. */
  bytes: number
  array: { new (length: number): TensorData; BYTES_PER_ELEMENT: number }
  /** For what has no typed array: from and to the bits of an element. */
  decode?: (bits: number) => number
  encode?: (value: number) => number
}

/** The widest first: the order in which tensors are written, so that each begins at a multiple of its width. */
const formats: Readonly<Record<Dtype, Format>> = {
  F64: { bytes: 8, array: Float64Array },
  I64: { bytes: 8, array: BigInt64Array },
  U64: { bytes: 8, array: BigUint64Array },
  F32: { bytes: 4, array: Float32Array },
  I32: { bytes: 4, array: Int32Array },
  U32: { bytes: 4, array: Uint32Array },
  F16: { bytes: 2, array: Uint16Array, decode: fromHalf, encode: toHalf },
  BF16: { bytes: 2, array: Uint16Array, decode: fromBrain, encode: toBrain },
  I16: { bytes: 2, array: Int16Array },
  U16: { bytes: 2, array: Uint16Array },
  I8: { bytes: 1, array: Int8Array },
  U8: { bytes: 1, array: Uint8Array },
  BOOL: { bytes: 1, array: Uint8Array },
}

/** The reference implementation's own limit. */
const MAX_HEADER = 100_000_000

/** A file of these tensors; `metadata` are strings by name. The same input gives the same bytes. */
export function writeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  return concatenate(safetensorsParts(tensors, metadata))
}

/** The same file in parts to be written one after the other: views of the tensors, so that nothing is copied. */
export function safetensorsParts(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  const widest = (dtype: Dtype) => formats[dtype].bytes
  const ordered = [...tensors].sort(([, a], [, b]) => widest(b.dtype) - widest(a.dtype))
  const entries: [string, unknown][] = [['__metadata__', metadata]]
  let end = 0
  for (const [name, { dtype, shape, data }] of ordered) {
    if (name === '__metadata__') throw new Error('safetensors: no tensor can be named __metadata__')
    if (!Object.hasOwn(formats, dtype)) throw new Error(`safetensors: ${name} has the unknown type ${dtype}`)
    if (product(shape) !== data.length)
      throw new Error(`safetensors: ${name} has ${data.length} values for the shape [${shape}]`)
    const begin = end
    end += data.length * formats[dtype].bytes
    entries.push([name, { dtype, shape, data_offsets: [begin, end] }])
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)))
  // Spaces until the data begin at a multiple of 8.
  const length = Math.ceil(json.length / 8) * 8
  if (length > MAX_HEADER)
    throw new Error(`safetensors: a header of ${length} bytes; ${MAX_HEADER} are allowed`)
  const head = new Uint8Array(8 + length)
  new DataView(head.buffer).setBigUint64(0, BigInt(length), true)
  head.fill(0x20, 8)
  head.set(json, 8)
  return [head, ...ordered.map(([, { dtype, data }]) => toBytes(dtype, data))]
}

/**
 * The tensors of a file, copied out of it.
 *
 * @param file  its name, for error messages
 * @throws where the file is no safetensors file, or claims more, less or otherwise than it holds; nothing is
 *   allocated for a claim that the file's own length does not bear out
 */
export function readSafetensors(bytes: Uint8Array, file = 'safetensors'): Safetensors {
  const fail = (what: string): never => {
    throw new Error(`${file}: ${what}`)
  }
  if (bytes.length < 8) fail(`${bytes.length} bytes are too few for a safetensors file`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = view.getBigUint64(0, true)
  if (length > BigInt(MAX_HEADER))
    fail(`a header of ${length} bytes is not allowed; is this a safetensors file?`)
  if (length > BigInt(bytes.length - 8))
    fail(`the header should have ${length} bytes, but only ${bytes.length - 8} follow; the file is cut short`)
  const start = 8 + Number(length)
  const header = parseHeader(bytes.subarray(8, start), fail)
  const metadata: Record<string, string> = Object.create(null)
  const places: { name: string; dtype: Dtype; shape: number[]; begin: number; end: number }[] = []
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') Object.assign(metadata, checkMetadata(entry, fail))
    else places.push({ name, ...checkEntry(name, entry, fail) })
  }
  places.sort((a, b) => a.begin - b.begin || a.end - b.end)
  let at = 0
  for (const { name, begin, end } of places) {
    if (begin !== at) fail(`${name} begins at ${begin}, where ${at} is due: tensors overlap or leave a hole`)
    at = end
  }
  if (at !== bytes.length - start)
    fail(`the tensors take ${at} bytes, but ${bytes.length - start} follow the header`)
  const tensors = new Map<string, StoredTensor>()
  for (const { name, dtype, shape, begin, end } of places)
    tensors.set(name, { dtype, shape, data: fromBytes(dtype, bytes.subarray(start + begin, start + end)) })
  return { tensors, metadata }
}

type Fail = (what: string) => never

function parseHeader(bytes: Uint8Array, fail: Fail): object {
  if (bytes[0] !== 0x7b) fail('the header does not begin with {; is this a safetensors file?')
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    fail(`the header is no JSON: ${(error as Error).message}`)
  }
  return header as object
}

function checkMetadata(entry: unknown, fail: Fail): Record<string, string> {
  const valid = isRecord(entry) && Object.values(entry).every(value => typeof value === 'string')
  return valid ? (entry as Record<string, string>) : fail('__metadata__ does not hold strings by name')
}

function checkEntry(name: string, entry: unknown, fail: Fail) {
  if (!isRecord(entry)) return fail(`${name} is described by ${JSON.stringify(entry)}`)
  const { dtype, shape, data_offsets: offsets } = entry
  if (typeof dtype !== 'string' || !Object.hasOwn(formats, dtype))
    return fail(`${name} has the unknown type ${JSON.stringify(dtype)}`)
  if (!Array.isArray(shape) || !shape.every(isSize))
    return fail(`${name} has the shape ${JSON.stringify(shape)}`)
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize) || offsets[0] > offsets[1])
    return fail(`${name} has the offsets ${JSON.stringify(offsets)}`)
  const [begin, end] = offsets
  const size = product(shape) * formats[dtype as Dtype].bytes
  if (size !== end - begin)
    return fail(`${name} takes ${end - begin} bytes, but ${dtype} [${shape}] needs ${size}`)
  return { dtype: dtype as Dtype, shape: shape as number[], begin, end }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isSize = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0

/** Beyond 2⁵³ it is no longer exact, but then it is no file's size either. */
const product = (shape: readonly number[]) => shape.reduce((size, dim) => size * dim, 1)

function toBytes(dtype: Dtype, data: TensorData): Uint8Array {
  const { array, encode } = formats[dtype]
  const values = encode ? Uint16Array.from(data as Float32Array, encode) : data
  if (!(values instanceof array))
    throw new Error(`safetensors: ${dtype} is not written from ${data.constructor.name}`)
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

/** A copy, for the data of a file need not begin at a multiple of the element's width. */
function fromBytes(dtype: Dtype, bytes: Uint8Array): TensorData {
  const { array, decode } = formats[dtype]
  const values = new array(bytes.length / array.BYTES_PER_ELEMENT)
  new Uint8Array(values.buffer).set(bytes)
  return decode ? Float32Array.from(values as Uint16Array, decode) : values
}

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

/** IEEE 754 binary16 → number. */
function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >> 10) & 31
  const fraction = half & 1023
  if (exponent === 31) return fraction ? NaN : sign * Infinity
  return exponent ? sign * 2 ** (exponent - 25) * (1024 + fraction) : sign * 2 ** -24 * fraction
}

/** To the nearest binary16, ties to even. */
function toHalf(value: number): number {
  float[0] = value
  const sign = (bits[0] >>> 16) & 0x8000
  const size = Math.abs(float[0])
  if (Number.isNaN(size)) return sign | 0x7e00
  if (size >= 65520) return sign | 0x7c00
  // Below 2⁻¹⁴ the spacing is 2⁻²⁴, above it 2^(e − 10).
  const exponent = Math.max(-14, Math.floor(Math.log2(size)))
  const scaled = roundToEven(size / 2 ** (exponent - 10))
  // A carry out of the fraction raises the exponent by itself.
  return sign | (((exponent + 14) << 10) + scaled)
}

function roundToEven(x: number): number {
  const below = Math.floor(x)
  const rest = x - below
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below
}

/** bfloat16, the upper half of a float32. */
function fromBrain(brain: number): number {
  bits[0] = brain << 16
  return float[0]
}

function toBrain(value: number): number {
  float[0] = value
  if (Number.isNaN(value)) return 0x7fc0
  return ((bits[0] + 0x7fff + ((bits[0] >>> 16) & 1)) >>> 16) & 0xffff
}
