// Element-wise operators, casts and reductions by the ONNX specification, in float64.

import type { DType } from '../../../src/graph/index.ts'
import {
  type Attributes,
  at,
  broadcast,
  broadcastAt,
  each,
  fromEnd,
  int,
  integers,
  isWide,
  type Operator,
  tabulate,
  text,
  type Value,
} from './value.ts'

/** Data types by their number in TensorProto.DataType. */
const TYPES: Record<number, DType> = {
  1: 'float32',
  2: 'uint8',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  11: 'float64',
  13: 'uint64',
}

function unary(f: (x: number) => number): Operator {
  return ([x]) => [tabulate(x.shape, x.dtype, i => f(at(x, i)))]
}

/** Two inputs of one type; 64-bit integers wrap as two's complement. */
function binary(f: (a: number, b: number) => number, wide?: (a: bigint, b: bigint) => bigint): Operator {
  return ([a, b]) => {
    if (a.dtype !== b.dtype) throw new Error(`reference: types ${a.dtype} and ${b.dtype} differ`)
    const wrap = (x: bigint) => (a.dtype === 'uint64' ? BigInt.asUintN(64, x) : BigInt.asIntN(64, x))
    const shape = broadcast(a.shape, b.shape)
    if (isWide(a.dtype) && !wide) throw new Error(`reference: no such operator for ${a.dtype}`)
    return [
      tabulate(shape, a.dtype, i => {
        const [x, y] = [broadcastAt(a, i), broadcastAt(b, i)]
        return isWide(a.dtype) ? wrap(wide!(x as bigint, y as bigint)) : f(x as number, y as number)
      }),
    ]
  }
}

function comparison(f: (a: number | bigint, b: number | bigint) => boolean): Operator {
  return ([a, b]) => [
    tabulate(broadcast(a.shape, b.shape), 'bool', i => Number(f(broadcastAt(a, i), broadcastAt(b, i)))),
  ]
}

/** Math.max and Math.min of NaN are NaN, as ONNX Runtime's are. */
const variadic =
  (f: (a: number, b: number) => number): Operator =>
  inputs => [inputs.reduce((a, b) => binary(f)([a, b], {})[0])]

const cast: Operator = ([x], attributes) => {
  const dtype = TYPES[int(attributes, 'to', 0)]
  return [
    tabulate(x.shape, dtype, i => {
      const value = broadcastAt(x, i)
      // float32 stays unrounded: all this interpreter's floats are float64.
      if (dtype === 'float32' || dtype === 'float64') return Number(value)
      if (dtype === 'bool') return Number(Number(value) !== 0)
      const whole = typeof value === 'bigint' ? value : BigInt(Math.trunc(value))
      if (dtype === 'int64') return BigInt.asIntN(64, whole)
      if (dtype === 'uint64') return BigInt.asUintN(64, whole)
      return Number(dtype === 'int32' ? BigInt.asIntN(32, whole) : BigInt.asUintN(8, whole))
    }),
  ]
}

const shift: Operator = ([x, by], attributes) => {
  const right = text(attributes, 'direction', '') === 'RIGHT'
  return [
    tabulate(broadcast(x.shape, by.shape), x.dtype, i => {
      const [value, amount] = [broadcastAt(x, i) as bigint, broadcastAt(by, i) as bigint]
      return right ? value >> amount : BigInt.asUintN(64, value << amount)
    }),
  ]
}

/** The axes that a reduction goes over: an input; none or empty means all, unless noop_with_empty_axes. */
function reducedAxes(x: Value, axes: Value | undefined, attributes: Attributes): number[] {
  const given = axes ? integers(axes) : []
  if (given.length) return given.map(axis => fromEnd(axis, x.shape.length))
  return int(attributes, 'noop_with_empty_axes', 0) ? [] : x.shape.map((_, i) => i)
}

function reduction(f: (values: number[]) => number): Operator {
  return ([x, axes], attributes) => {
    const over = reducedAxes(x, axes, attributes)
    const kept = x.shape.map((dim, i) => (over.includes(i) ? 1 : dim))
    const groups = new Map<string, number[]>()
    each(kept, index => groups.set(index.join(), []))
    each(x.shape, index =>
      groups.get(index.map((i, axis) => (over.includes(axis) ? 0 : i)).join())!.push(at(x, index)),
    )
    const shape = int(attributes, 'keepdims', 1) ? kept : x.shape.filter((_, i) => !over.includes(i))
    return [{ shape, dtype: x.dtype, data: [...groups.values()].map(f) }]
  }
}

/** Applies `f` to every line of x along an axis. */
export function alongAxis(x: Value, axis: number, f: (line: number[]) => number[]): Value {
  const over = fromEnd(axis, x.shape.length)
  const length = x.shape[over]
  const lines = new Map<string, number[]>()
  return tabulate(x.shape, x.dtype, index => {
    const key = index.map((i, a) => (a === over ? 0 : i)).join()
    if (!lines.has(key))
      lines.set(
        key,
        f(
          Array.from({ length }, (_, i) =>
            at(
              x,
              index.map((j, a) => (a === over ? i : j)),
            ),
          ),
        ),
      )
    return lines.get(key)![index[over]]
  })
}

function softmax(line: number[]): number[] {
  const largest = Math.max(...line)
  const powers = line.map(x => Math.exp(x - largest))
  const sum = powers.reduce((a, b) => a + b, 0)
  return powers.map(p => p / sum)
}

function logSoftmax(line: number[]): number[] {
  const largest = Math.max(...line)
  const sum = line.reduce((a, b) => a + Math.exp(b - largest), 0)
  return line.map(x => x - largest - Math.log(sum))
}

function argReduction(better: (candidate: number, best: number) => boolean): Operator {
  return ([x], attributes) => {
    const axis = fromEnd(int(attributes, 'axis', 0), x.shape.length)
    const kept = x.shape.map((dim, i) => (i === axis ? 1 : dim))
    const found = tabulate(kept, 'int64', index => {
      let best = 0
      const value = (i: number) =>
        at(
          x,
          index.map((j, a) => (a === axis ? i : j)),
        )
      for (let i = 1; i < x.shape[axis]; i++) if (better(value(i), value(best))) best = i
      return BigInt(best)
    })
    const shape = int(attributes, 'keepdims', 1) ? kept : x.shape.filter((_, i) => i !== axis)
    return [{ ...found, shape }]
  }
}

export const sigmoid = (x: number) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)))
const sum = (values: number[]) => values.reduce((a, b) => a + b, 0)

export const elementwise: Record<string, Operator> = {
  Add: binary(
    (a, b) => a + b,
    (a, b) => a + b,
  ),
  Sub: binary(
    (a, b) => a - b,
    (a, b) => a - b,
  ),
  Mul: binary(
    (a, b) => a * b,
    (a, b) => a * b,
  ),
  Div: binary(
    (a, b) => a / b,
    (a, b) => a / b,
  ),
  BitwiseXor: binary(
    (a, b) => a ^ b,
    (a, b) => a ^ b,
  ),
  BitShift: shift,
  // The exponent may be of another type than the base.
  Pow: ([a, b]) => [
    tabulate(
      broadcast(a.shape, b.shape),
      a.dtype,
      i => Number(broadcastAt(a, i)) ** Number(broadcastAt(b, i)),
    ),
  ],
  Max: variadic(Math.max),
  Min: variadic(Math.min),
  Equal: comparison((a, b) => a === b),
  Greater: comparison((a, b) => a > b),
  GreaterOrEqual: comparison((a, b) => a >= b),
  Less: comparison((a, b) => a < b),
  LessOrEqual: comparison((a, b) => a <= b),
  Where: ([c, a, b]) => [
    tabulate(broadcast(c.shape, a.shape, b.shape), a.dtype, i =>
      broadcastAt(c, i) ? broadcastAt(a, i) : broadcastAt(b, i),
    ),
  ],
  Clip: ([x, low, high]) => [
    tabulate(x.shape, x.dtype, i => {
      const raised = low ? Math.max(at(x, i), low.data[0] as number) : at(x, i)
      return high ? Math.min(raised, high.data[0] as number) : raised
    }),
  ],
  Cast: cast,
  Identity: ([x]) => [x],
  Neg: unary(x => -x),
  Abs: unary(Math.abs),
  Sign: unary(Math.sign),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Sqrt: unary(Math.sqrt),
  Reciprocal: unary(x => 1 / x),
  Sin: unary(Math.sin),
  Cos: unary(Math.cos),
  Tanh: unary(Math.tanh),
  Sigmoid: unary(sigmoid),
  Softplus: unary(x => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  Relu: unary(x => Math.max(x, 0)),
  ReduceSum: reduction(sum),
  ReduceMean: reduction(values => sum(values) / values.length),
  ReduceSumSquare: reduction(values => sum(values.map(x => x * x))),
  ReduceL1: reduction(values => sum(values.map(Math.abs))),
  ReduceL2: reduction(values => Math.hypot(...values)),
  ReduceLogSum: reduction(values => Math.log(sum(values))),
  ReduceLogSumExp: reduction(values => Math.log(sum(values.map(Math.exp)))),
  ReduceProd: reduction(values => values.reduce((a, b) => a * b, 1)),
  ReduceMax: reduction(values => Math.max(...values)),
  ReduceMin: reduction(values => Math.min(...values)),
  Softmax: ([x], attributes) => [alongAxis(x, int(attributes, 'axis', -1), softmax)],
  LogSoftmax: ([x], attributes) => [alongAxis(x, int(attributes, 'axis', -1), logSoftmax)],
  ArgMax: argReduction((candidate, best) => candidate > best),
  ArgMin: argReduction((candidate, best) => candidate < best),
}
