// What small tensors hold before a graph runs: the arithmetic on sizes that exported networks do in the graph,
// `Shape`, `Gather`, `Mul`, `Concat` and so on up to the operator that needs the result.

import { product, quotient } from '../dims.ts'
import type { Dim, Tensor } from '../tensor.ts'
import type { OnnxNode } from './node.ts'

/** The elements in order: numbers (bools 0 and 1), names of sizes, null where nothing is known. */
export type Known = readonly (Dim | null)[]

/** The most elements that are looked at: shapes and axes have a few. */
const LIMIT = 1024

export class Facts {
  private readonly values = new Map<Tensor, Known>()

  of(x: Tensor): Known | undefined {
    const known = this.values.get(x)
    if (known || x.node.op !== 'Constant' || x.node.values!.length > LIMIT) return known
    const values = Array.from(x.node.values!, clamp)
    this.values.set(x, values)
    return values
  }

  /** Works out what an operator's single output holds, where that can be known. */
  learn(op: string, node: OnnxNode, y: Tensor) {
    if (this.values.has(y) || y.node.op === 'Constant') return
    const evaluate = EVALUATE[op]
    if (!evaluate || y.shape.some(dim => typeof dim !== 'number')) return
    if ((product(y.shape) as number) > LIMIT) return
    const inputs = node.inputs.map(x => x && { x, shape: x.shape as number[], values: this.of(x) })
    const values = evaluate({ node, y, inputs: inputs as Input[] })
    if (values && (values.length !== product(y.shape) || values.every(value => value === null))) return
    if (values) this.values.set(y, values)
  }
}

/** 64-bit integers that no float64 holds are limits ("to the end") and stay limits. */
function clamp(value: number | bigint): number {
  if (typeof value === 'number') return value
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(value)))
}

interface Input {
  x: Tensor
  shape: readonly number[]
  values?: Known
}

interface Call {
  node: OnnxNode
  y: Tensor
  inputs: readonly Input[]
}

type Evaluate = (call: Call) => Known | undefined
type Element = Dim | null

const same: Evaluate = ({ inputs }) => inputs[0].values

/** Elements of the first input, wherever `source` says the output's come from. */
function moved(
  source: (call: Call) => ((index: readonly number[]) => readonly number[]) | undefined,
): Evaluate {
  return call => {
    const [{ shape, values }] = call.inputs
    const from = source(call)
    if (!values || !from) return undefined
    return tabulate(call.y.shape as number[], index => values[offset(shape, from(index))] ?? null)
  }
}

function elementwise(f: (...elements: Element[]) => Element): Evaluate {
  return ({ inputs, y }) => {
    if (!inputs.every(input => input.values)) return undefined
    return tabulate(y.shape as number[], index => {
      const value = f(...inputs.map(({ shape, values }) => values![offset(shape, aligned(shape, index))]))
      if (typeof value !== 'number') return value
      const rounded = y.dtype === 'float32' ? Math.fround(value) : value
      return Number.isFinite(rounded) ? rounded : null
    })
  }
}

/** The arithmetic of numbers; null for names. */
const numbers = (f: (...values: number[]) => number) =>
  elementwise((...elements) =>
    elements.every(element => typeof element === 'number') ? f(...(elements as number[])) : null,
  )

const reduction =
  (f: (a: number, b: number) => number, start: number): Evaluate =>
  ({ inputs: [{ values }], y }) => {
    if (!values || product(y.shape) !== 1 || values.length === 0) return undefined
    return [
      values.reduce<Element>(
        (a, b) => (typeof a === 'number' && typeof b === 'number' ? f(a, b) : null),
        start,
      ),
    ]
  }

const slice = moved(({ node, inputs: [{ shape }] }) => {
  const all = sliceRanges(node, shape)
  return all && (index => index.map((i, a) => all[a].start + i * all[a].step))
})

const EVALUATE: Readonly<Record<string, Evaluate>> = {
  Shape: ({ node, inputs: [{ x }] }) => shapePart(node, x.shape),
  Size: ({ inputs: [{ x }] }) => [product(x.shape)],
  Cast: ({ inputs: [{ values }], y }) =>
    values?.map(value => (typeof value === 'number' ? converted(value, y.dtype) : value)),
  Reshape: same,
  Squeeze: same,
  Unsqueeze: same,
  Flatten: same,
  Transpose: moved(({ node, inputs: [{ shape }] }) => {
    const perm = node.ints('perm', [...shape.keys()].reverse())
    return index => perm.reduce<number[]>((at, axis, i) => Object.assign(at, { [axis]: index[i] }), [])
  }),
  Slice: slice,
  Gather: moved(({ node, inputs: [{ x, shape }, indices] }) => {
    const axis = node.axis(x, node.int('axis', 0))
    const rank = indices.shape.length
    const { values } = indices
    if (!values?.every(i => typeof i === 'number' && i >= -shape[axis] && i < shape[axis])) return undefined
    return index => {
      const at = values[offset(indices.shape, index.slice(axis, axis + rank))] as number
      return [...index.slice(0, axis), at < 0 ? at + shape[axis] : at, ...index.slice(axis + rank)]
    }
  }),
  Expand: moved(
    ({ inputs: [{ shape }] }) =>
      index =>
        aligned(shape, index),
  ),
  Concat: ({ inputs, y }) =>
    y.rank === 1
      ? inputs.flatMap(({ values, shape }) => values ?? Array<null>(shape[0]).fill(null))
      : undefined,
  ConstantOfShape: ({ y }) => {
    const [value] = y.node.inputs
    const fill = value?.node.values?.[0]
    return fill === undefined ? undefined : Array<number>(product(y.shape) as number).fill(clamp(fill))
  },
  Range: ({ inputs: [start, , delta], y }) => {
    const [first, step] = [start.values?.[0], delta.values?.[0]]
    if (typeof first !== 'number' || typeof step !== 'number') return undefined
    return Array.from({ length: y.shape[0] as number }, (_, i) => first + i * step)
  },
  ReduceProd: ({ inputs: [{ values }], y }) =>
    values?.every(value => value !== null) && product(y.shape) === 1 ? [product(values as Dim[])] : undefined,
  ReduceSum: reduction((a, b) => a + b, 0),
  ReduceMax: reduction(Math.max, Number.NEGATIVE_INFINITY),
  ReduceMin: reduction(Math.min, Number.POSITIVE_INFINITY),
  Add: elementwise((a, b) => {
    if (typeof a === 'number' && typeof b === 'number') return a + b
    return a === 0 ? b : b === 0 ? a : null
  }),
  Sub: elementwise((a, b) => {
    if (typeof a === 'number' && typeof b === 'number') return a - b
    return b === 0 ? a : a !== null && a === b ? 0 : null
  }),
  Mul: elementwise((a, b) => {
    if (typeof a === 'number' && typeof b === 'number') return a * b
    return a === null || b === null || !multiplies(a) || !multiplies(b) ? null : product([a, b])
  }),
  Div: call =>
    elementwise((a, b) => {
      const whole = !call.y.dtype.startsWith('float')
      if (typeof a === 'number' && typeof b === 'number') return whole ? Math.trunc(a / b) : a / b
      return a === null || b === null || !multiplies(a) || !multiplies(b) ? null : quotient(a, b)
    })(call),
  Mod: call => numbers((a, b) => (call.node.int('fmod', 0) ? a % b : a - b * Math.floor(a / b)))(call),
  Pow: numbers((a, b) => a ** b),
  Neg: numbers(a => -a),
  Abs: numbers(Math.abs),
  Sqrt: numbers(Math.sqrt),
  Floor: elementwise(a => (typeof a === 'number' ? Math.floor(a) : a)),
  Ceil: elementwise(a => (typeof a === 'number' ? Math.ceil(a) : a)),
  Max: numbers(Math.max),
  Min: numbers(Math.min),
  Equal: elementwise((a, b) => {
    if (typeof a === 'number' && typeof b === 'number') return Number(a === b)
    // A size is not negative.
    return a === null || b === null ? null : a === b ? 1 : Number(a) < 0 || Number(b) < 0 ? 0 : null
  }),
  Greater: numbers((a, b) => Number(a > b)),
  GreaterOrEqual: numbers((a, b) => Number(a >= b)),
  Less: numbers((a, b) => Number(a < b)),
  LessOrEqual: numbers((a, b) => Number(a <= b)),
  And: numbers((a, b) => a & b),
  Or: numbers((a, b) => a | b),
  Not: numbers(a => 1 - a),
  Where: elementwise((condition, a, b) => (condition === null ? (a === b ? a : null) : condition ? a : b)),
}

/** Whole numbers from 0 and names can be factors of a size. */
function multiplies(value: Dim): boolean {
  return typeof value === 'string' || (Number.isSafeInteger(value) && value >= 0)
}

function converted(value: number, dtype: string): number | null {
  if (dtype === 'bool') return Number(value !== 0)
  if (dtype === 'float32') return Math.fround(value)
  const whole = Math.trunc(value)
  return dtype === 'float64' ? value : Number.isSafeInteger(whole) ? whole : null
}

/** The part of a shape that the operator Shape gives: start and end count from either side and are clamped. */
export function shapePart(node: OnnxNode, shape: readonly Dim[]): Dim[] {
  const rank = shape.length
  const clamped = (at: number) => Math.max(0, Math.min(rank, at < 0 ? at + rank : at))
  return shape.slice(clamped(node.int('start', 0)), clamped(node.int('end', rank)))
}

export interface SliceRange {
  start: number
  step: number
  count: number
}

/**
 * What the operator Slice takes of every axis; undefined where its lists are not known. Names of sizes may be
 * taken whole only.
 */
export function sliceRanges(
  node: OnnxNode,
  shape: readonly Dim[],
): (SliceRange & { whole: boolean })[] | undefined {
  const listed = (name: string, i: number) =>
    node.has(name) ? node.ints(name, []) : (node.known(i) as readonly (Dim | null)[] | undefined)
  const [starts, ends] = [listed('starts', 1), listed('ends', 2)]
  if (!starts || !ends || starts.length !== ends.length) return undefined
  const axes = node.has('axes') || node.optional(3) ? listed('axes', 3) : starts.map((_, i) => i)
  const steps = node.optional(4) ? listed('steps', 4) : starts.map(() => 1)
  if (axes?.length !== starts.length || steps?.length !== starts.length) return undefined
  const ranges = shape.map(size => ({ start: 0, step: 1, count: size as number, whole: true }))
  const sliced = new Set<number>()
  for (let i = 0; i < starts.length; i++) {
    const given = axes[i]
    const axis = typeof given === 'number' && given < 0 ? given + shape.length : given
    const range = ranges[axis as number]
    if (!range || sliced.has(axis as number))
      throw new Error(`slices axis ${given} of ${shape.length}, or twice`)
    sliced.add(axis as number)
    const [size, start, end, step] = [shape[axis as number], starts[i], ends[i], steps[i]]
    if (start === 0 && step === 1 && (end === size || (typeof end === 'number' && end >= 2 ** 31 - 1)))
      continue
    if (![size, start, end, step].every(Number.isSafeInteger) || step === 0) return undefined
    Object.assign(range, sliceRange(size as number, start as number, end as number, step as number))
    range.whole = false
  }
  return ranges
}

/** NumPy's start:end:step of an axis, by its first index and their number. */
function sliceRange(size: number, start: number, end: number, step: number): SliceRange {
  if (size === 0) return { start: 0, step, count: 0 }
  const clamp = (at: number, low: number, high: number) =>
    Math.max(low, Math.min(high, at < 0 ? at + size : at))
  const first = step > 0 ? clamp(start, 0, size) : clamp(start, 0, size - 1)
  const last = step > 0 ? clamp(end, 0, size) : clamp(end, -1, size - 1)
  return { start: first, step, count: Math.max(0, Math.ceil((last - first) / step)) }
}

function tabulate(shape: readonly number[], f: (index: readonly number[]) => Element): Element[] {
  const index = shape.map(() => 0)
  return Array.from({ length: product(shape) as number }, () => {
    const value = f(index)
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0
    return value
  })
}

function offset(shape: readonly number[], index: readonly number[]): number {
  return shape.reduce((at, size, axis) => at * size + index[axis], 0)
}

/** The index of a tensor that is broadcast to a larger shape. */
function aligned(shape: readonly number[], index: readonly number[]): number[] {
  return shape.map((size, axis) => (size === 1 ? 0 : index[index.length - shape.length + axis]))
}
