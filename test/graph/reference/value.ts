// The values that the reference interpreter computes with: nested indices over flat arrays of plain numbers.

import type { Attribute, DType } from '../../../src/graph/index.ts'

/** 64-bit integers are bigints, everything else (also float32) is a float64 number; bool is 0 or 1. */
export interface Value {
  readonly shape: readonly number[]
  readonly dtype: DType
  readonly data: readonly (number | bigint)[]
}

export type Attributes = Readonly<Record<string, Attribute>>
/** An ONNX operator: its inputs (undefined: omitted) and attributes to its outputs. */
export type Operator = (inputs: Value[], attributes: Attributes) => Value[]

export const isWide = (dtype: DType) => dtype === 'int64' || dtype === 'uint64'

export function volume(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1)
}

/** Calls `visit` with every index of the shape in row-major order. The array is reused. */
export function each(shape: readonly number[], visit: (index: number[]) => void) {
  const index = shape.map(() => 0)
  for (let left = volume(shape); left > 0; left--) {
    visit(index)
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0
  }
}

export function offset(shape: readonly number[], index: readonly number[]): number {
  let at = 0
  for (let axis = 0; axis < shape.length; axis++) {
    if (!(index[axis] >= 0 && index[axis] < shape[axis]))
      throw new Error(`reference: [${index}] is outside [${shape}]`)
    at = at * shape[axis] + index[axis]
  }
  return at
}

/** The element at an index, as a number. */
export function at(value: Value, index: readonly number[]): number {
  return value.data[offset(value.shape, index)] as number
}

/** The element that NumPy broadcasting puts at an index of a larger shape. */
export function broadcastAt(value: Value, index: readonly number[]): number | bigint {
  const { shape } = value
  let where = 0
  for (let axis = 0; axis < shape.length; axis++) {
    const i = index[index.length - shape.length + axis]
    where = where * shape[axis] + (shape[axis] === 1 ? 0 : i)
  }
  return value.data[where]
}

export function broadcast(...shapes: (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map(shape => shape.length))
  return Array.from({ length: rank }, (_, i) => {
    const dims = shapes.map(shape => shape[shape.length - rank + i] ?? 1)
    const size = dims.find(dim => dim !== 1) ?? 1
    if (dims.some(dim => dim !== 1 && dim !== size))
      throw new Error(`reference: ${shapes.map(s => `[${s}]`).join(' and ')} do not broadcast`)
    return size
  })
}

/** A value whose element at each index is what `f` says. */
export function tabulate(
  shape: readonly number[],
  dtype: DType,
  f: (index: readonly number[]) => number | bigint,
): Value {
  const data: (number | bigint)[] = []
  each(shape, index => data.push(f(index)))
  return { shape: [...shape], dtype, data }
}

/** A vector of integers, as numbers: axes, shapes, pads. */
export function integers(value: Value): number[] {
  return value.data.map(Number)
}

/** An axis or index that may count from the end. */
export function fromEnd(i: number, size: number): number {
  if (i < -size || i >= size) throw new Error(`reference: ${i} is outside of ${size}`)
  return i < 0 ? i + size : i
}

export function int(attributes: Attributes, name: string, fallback: number): number {
  const value = attributes[name] ?? fallback
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw new Error(`reference: ${name} is no integer`)
  return value
}

export function ints(attributes: Attributes, name: string, fallback: readonly number[]): readonly number[] {
  const value = attributes[name] ?? fallback
  if (!Array.isArray(value)) throw new Error(`reference: ${name} is no list of integers`)
  return value
}

export function float(attributes: Attributes, name: string, fallback: number): number {
  const value = attributes[name] ?? { float: fallback }
  if (typeof value !== 'object' || !('float' in value)) throw new Error(`reference: ${name} is no float`)
  return value.float
}

export function text(attributes: Attributes, name: string, fallback: string): string {
  const value = attributes[name] ?? fallback
  if (typeof value !== 'string') throw new Error(`reference: ${name} is no string`)
  return value
}
