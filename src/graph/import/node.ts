// A node of an ONNX file as the reader of its operator sees it, and what a reader is.

import {
  type Attribute,
  apply,
  constant,
  type DType,
  int64,
  type Shape,
  showShape,
  type Tensor,
  type Vjp,
} from '../tensor.ts'
import type { FileAttribute, FileNode } from './file.ts'
import type { Facts, Known } from './known.ts'

/** What an attribute must be: of a kind, or one of the values that are supported. */
export type Kind =
  | 'int'
  | 'flag'
  | 'ints'
  | 'float'
  | 'floats'
  | 'text'
  | 'tensor'
  | 'ones'
  | readonly (number | string)[]

export interface Operator {
  /**
   * `X: T, W: T, B?: T`: names and types in order; `?` may be left out, `X...` may be many. Types: T (all the
   * same), F (all the same, float), int, bool, any.
   */
  inputs: string
  /** The most it may have; default 1. */
  outputs?: number
  attributes?: Readonly<Record<string, Kind>>
  /** The operator sets in which it means this; default: all that are read. */
  since?: number
  until?: number
  read(node: OnnxNode): Tensor | readonly Tensor[]
}

/** Readers by operator; several where older operator sets mean something else. */
export type Operators = Readonly<Record<string, Operator | readonly Operator[]>>

export class OnnxNode {
  readonly op: string
  /** How many outputs the file lists. */
  readonly outputs: number
  private readonly fileAttributes: FileNode['attributes']

  constructor(
    node: FileNode,
    /** The version of its operator set. */
    readonly opset: number,
    readonly inputs: readonly (Tensor | null)[],
    private readonly domain: string,
    private readonly facts: Facts,
  ) {
    this.op = node.op
    this.outputs = node.outputs.length
    this.fileAttributes = node.attributes
  }

  /** An input that the operator cannot be without. */
  input(i: number): Tensor {
    return this.inputs[i]!
  }

  optional(i: number): Tensor | null {
    return this.inputs[i] ?? null
  }

  has(name: string): boolean {
    return Object.hasOwn(this.fileAttributes, name)
  }

  int(name: string, fallback: number): number {
    return this.has(name) ? (this.fileAttributes[name] as number) : fallback
  }

  ints(name: string, fallback: readonly number[]): readonly number[] {
    return this.has(name) ? (this.fileAttributes[name] as readonly number[]) : fallback
  }

  float(name: string, fallback: number): number {
    return this.has(name) ? (this.fileAttributes[name] as { float: number }).float : fallback
  }

  text(name: string, fallback: string): string {
    return this.has(name) ? (this.fileAttributes[name] as string) : fallback
  }

  raw(name: string): FileAttribute | undefined {
    return this.has(name) ? this.fileAttributes[name] : undefined
  }

  /** The attributes as they stand in the file, without those named. */
  attributes(...without: string[]): Record<string, Attribute> {
    const kept = Object.entries(this.fileAttributes).filter(([name]) => !without.includes(name))
    return Object.fromEntries(kept) as Record<string, Attribute>
  }

  /** What is known of the values of an input before the graph runs. */
  known(i: number): Known | undefined {
    const x = this.optional(i)
    return x ? this.facts.of(x) : undefined
  }

  /** The whole numbers that an input holds, which must not depend on what is fed. */
  integers(i: number, what: string): number[] {
    const values = this.known(i)
    if (!values?.every(value => typeof value === 'number' && Number.isSafeInteger(value)))
      throw new Error(`${what} must be known before the graph runs; give the file's inputs known sizes`)
    return values as number[]
  }

  /** A list that older operator sets give as an attribute and newer ones as an input; undefined where none is given. */
  list(name: string, i: number): readonly number[] | undefined {
    if (this.has(name)) return this.ints(name, [])
    return this.optional(i) ? this.integers(i, name) : undefined
  }

  /** That list as an input. */
  listInput(name: string, i: number): Tensor | null {
    return this.has(name) ? int64(this.ints(name, [])) : this.optional(i)
  }

  /** A number that older operator sets give as an attribute and newer ones as an input. */
  numberInput(name: string, i: number, dtype: DType): Tensor | null {
    if (!this.has(name)) return this.optional(i)
    const value = this.float(name, 0)
    return constant(dtype === 'float64' ? Float64Array.of(value) : Float32Array.of(value), [])
  }

  /** An axis of x, from the front. */
  axis(x: Tensor, axis: number, rank = x.rank): number {
    if (axis < -rank || axis >= rank || !Number.isInteger(axis))
      throw new Error(`axis ${axis} is outside ${showShape(x.shape)}`)
    return axis < 0 ? axis + rank : axis
  }

  /** The node as it stands in the file, or with other inputs and attributes. */
  make(
    shape: Shape,
    dtype: DType,
    vjp?: Vjp,
    {
      inputs = this.inputs,
      attributes = this.attributes(),
    }: {
      inputs?: readonly (Tensor | null)[]
      attributes?: Record<string, Attribute>
    } = {},
  ): Tensor {
    return apply(this.op, inputs, shape, dtype, { attributes, domain: this.domain, vjp })
  }
}

/** Whether an attribute is what its operator's reader expects. */
export function supports(kind: Kind | undefined, value: FileAttribute): boolean {
  if (kind === undefined) return false
  if (typeof kind !== 'string') return kind.includes(value as number | string)
  if (kind === 'int') return typeof value === 'number'
  if (kind === 'flag') return value === 0 || value === 1
  if (kind === 'text') return typeof value === 'string'
  if (kind === 'ints') return Array.isArray(value)
  if (kind === 'ones') return Array.isArray(value) && value.every(one => one === 1)
  return typeof value === 'object' && kind in value
}

/** Checks the inputs of a node against its operator's `inputs`. */
export function checkInputs(signature: string, inputs: readonly (Tensor | null)[]) {
  const parts = signature.split(', ').map(part => part.split(': '))
  const many = parts[parts.length - 1][0].endsWith('...')
  if (inputs.length > parts.length && !many)
    throw new Error(`it has ${inputs.length} inputs, at most ${parts.length} are known (${signature})`)
  const same = new Map<string, DType>()
  const count = many ? Math.max(inputs.length, parts.length) : parts.length
  for (let i = 0; i < count; i++) {
    const [name, type] = parts[Math.min(i, parts.length - 1)]
    const x = inputs[i]
    if (!x) {
      if (name.endsWith('?')) continue
      throw new Error(`its input ${name.replace('...', '')} is missing`)
    }
    const wrong =
      (type === 'int' && x.dtype !== 'int64' && x.dtype !== 'int32') ||
      (type === 'bool' && x.dtype !== 'bool') ||
      (type === 'F' && !x.dtype.startsWith('float')) ||
      (type.length === 1 && same.has(type) && same.get(type) !== x.dtype)
    if (wrong) throw new Error(`its input ${name.replace(/\W/g, '')} is ${x.dtype} (${signature})`)
    same.set(type, x.dtype)
  }
}
