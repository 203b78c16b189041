// Symbolic tensors: a node of a computation that is described once and executed elsewhere.
// A tensor knows its shape and type; nothing here computes a value.

export type DType = 'float32' | 'float64' | 'int32' | 'int64' | 'uint64' | 'uint8' | 'bool'

/** A size, or the name of a size that is known only when the graph runs (`'N'`). */
export type Dim = number | string
export type Shape = readonly Dim[]

export type Values = Float32Array | Float64Array | Int32Array | BigInt64Array | BigUint64Array | Uint8Array

/** An ONNX attribute: integers as they are, floats wrapped, so that `1` is never mistaken for `1.0`. */
export type Attribute = number | readonly number[] | string | { readonly float: number }

/** Gradients of a node's inputs, given those of its outputs (null: none reaches that output). */
export type Vjp = (grads: readonly (Tensor | null)[]) => readonly (Tensor | null)[]

export interface Node {
  /** An ONNX operator, or one of the leaves `Input` and `Constant`, or `Alias` (see `customGradient`). */
  readonly op: string
  readonly domain: string
  readonly inputs: readonly (Tensor | null)[]
  readonly attributes: Readonly<Record<string, Attribute>>
  readonly outputs: Tensor[]
  readonly vjp?: Vjp
  /** The name of an input. */
  readonly name?: string
  /** The values of a constant. */
  readonly values?: Values
  /** What an alias stands for. */
  readonly target?: Tensor
}

export class Tensor {
  constructor(
    readonly node: Node,
    readonly index: number,
    readonly shape: Shape,
    readonly dtype: DType,
  ) {}

  get rank(): number {
    return this.shape.length
  }

  toString(): string {
    return `${this.node.name ?? this.node.op}: ${this.dtype} ${showShape(this.shape)}`
  }
}

export function showShape(shape: Shape): string {
  return `[${shape.join(', ')}]`
}

/** The number of elements; throws where a dimension is symbolic. */
export function sizeOf(shape: Shape): number {
  let size = 1
  for (const dim of shape) {
    if (typeof dim !== 'number')
      throw new Error(`the size of ${showShape(shape)} is not known: ${dim} is symbolic`)
    size *= dim
  }
  return size
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i])
}

/** A value fed at every run. */
export function input(name: string, shape: Shape, dtype: DType = 'float32'): Tensor {
  for (const dim of shape)
    if (typeof dim === 'number' && !(Number.isInteger(dim) && dim >= 0))
      throw new Error(`input ${name}: ${dim} is not a size in ${showShape(shape)}`)
  const node: Node = { op: 'Input', domain: '', inputs: [], attributes: {}, outputs: [], name }
  node.outputs.push(new Tensor(node, 0, shape, dtype))
  return node.outputs[0]
}

/** A value written into the model. Its type is that of the array; bytes may also be bools, 0 or 1. */
export function constant(
  values: Values,
  shape: readonly number[] = [values.length],
  dtype: DType = dtypeOf(values),
): Tensor {
  if (sizeOf(shape) !== values.length)
    throw new Error(`constant: ${values.length} values do not fill ${showShape(shape)}`)
  if (dtype !== dtypeOf(values) && !(dtype === 'bool' && values instanceof Uint8Array))
    throw new Error(`constant: values of ${dtypeOf(values)} cannot be ${dtype}`)
  const node: Node = { op: 'Constant', domain: '', inputs: [], attributes: {}, outputs: [], values }
  node.outputs.push(new Tensor(node, 0, shape, dtype))
  return node.outputs[0]
}

export function dtypeOf(values: Values): DType {
  if (values instanceof Float32Array) return 'float32'
  if (values instanceof Float64Array) return 'float64'
  if (values instanceof Int32Array) return 'int32'
  if (values instanceof BigInt64Array) return 'int64'
  if (values instanceof BigUint64Array) return 'uint64'
  return 'uint8'
}

/** A scalar (shape []) of a number type. */
export function scalar(value: number, dtype: DType = 'float32'): Tensor {
  if (dtype === 'int64') return constant(BigInt64Array.of(BigInt(value)), [])
  if (dtype === 'uint64') return constant(BigUint64Array.of(BigInt(value)), [])
  if (dtype === 'float64') return constant(Float64Array.of(value), [])
  if (dtype === 'int32') return constant(Int32Array.of(value), [])
  if (dtype === 'uint8') return constant(Uint8Array.of(value), [])
  if (dtype === 'bool') throw new Error(`scalar: ${value} has no place among bools`)
  return constant(Float32Array.of(value), [])
}

/** A vector of int64: what ONNX wants for axes, shapes, pads and the like. */
export function int64(values: readonly number[], shape: readonly number[] = [values.length]): Tensor {
  return constant(BigInt64Array.from(values, BigInt), shape)
}

export interface Application {
  attributes?: Record<string, Attribute>
  domain?: string
  vjp?: Vjp
}

/** One operator with one output. */
export function apply(
  op: string,
  inputs: readonly (Tensor | null)[],
  shape: Shape,
  dtype: DType,
  { attributes = {}, domain = '', vjp }: Application = {},
): Tensor {
  return applyMany(op, inputs, [[shape, dtype]], { attributes, domain, vjp })[0]
}

/** One operator with several outputs. */
export function applyMany(
  op: string,
  inputs: readonly (Tensor | null)[],
  outputs: readonly (readonly [Shape, DType])[],
  { attributes = {}, domain = '', vjp }: Application = {},
): Tensor[] {
  const node: Node = { op, domain, inputs, attributes, outputs: [], vjp }
  outputs.forEach(([shape, dtype], index) => {
    node.outputs.push(new Tensor(node, index, shape, dtype))
  })
  return node.outputs
}

/**
 * `value` with a gradient of its own: differentiation sees one node from `inputs` to `value` with this
 * vector-Jacobian product and does not look inside. Costs nothing when the graph runs.
 */
export function customGradient(
  value: Tensor,
  inputs: readonly Tensor[],
  vjp: (grad: Tensor) => readonly (Tensor | null)[],
): Tensor {
  const node: Node = {
    op: 'Alias',
    domain: '',
    inputs,
    attributes: {},
    outputs: [],
    target: value,
    vjp: ([grad]) => vjp(grad!),
  }
  node.outputs.push(new Tensor(node, 0, value.shape, value.dtype))
  return node.outputs[0]
}

/** The same value, through which no gradient flows. */
export function stopGradient(x: Tensor): Tensor {
  return customGradient(x, [], () => [])
}

/** What an alias finally stands for. */
export function resolve(x: Tensor): Tensor {
  while (x.node.target) x = x.node.target
  return x
}
