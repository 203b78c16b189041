// Readers of the operators that work element by element.

import {
  abs,
  add,
  broadcastShapes,
  cast,
  cos,
  div,
  equal,
  exp,
  greater,
  greaterOrEqual,
  less,
  lessOrEqual,
  log,
  maximum,
  minimum,
  mul,
  neg,
  pow,
  relu,
  sigmoid,
  sin,
  softplus,
  sqrt,
  square,
  sub,
  sumTo,
  tanh,
  where,
} from '../elementwise.ts'
import { reciprocal } from '../norm.ts'
import { expand } from '../shape.ts'
import { apply, constant, type DType, type Shape, type Tensor } from '../tensor.ts'
import { dtypeOfCode, typeCodes } from './file.ts'
import type { Kind, OnnxNode, Operator, Operators } from './node.ts'

/** An operator that a function of the graph is. */
export const unaryOf = (f: (x: Tensor) => Tensor): Operator => ({
  inputs: 'X: T',
  read: node => f(node.input(0)),
})
const binaryOf = (f: (a: Tensor, b: Tensor) => Tensor): Operator => ({
  inputs: 'A: T, B: T',
  read: node => f(node.input(0), node.input(1)),
})

/** x̄ given ȳ. */
export type Slope = (g: Tensor, x: Tensor, y: Tensor, node: OnnxNode) => Tensor

/** An operator of one tensor; without a slope it has no gradient. */
export function unary(slope?: Slope, attributes?: Record<string, Kind>, dtype?: DType): Operator {
  return {
    inputs: 'X: T',
    attributes,
    read(node) {
      const x = node.input(0)
      const y: Tensor = node.make(x.shape, dtype ?? x.dtype, slope && (([g]) => [slope(g!, x, y, node)]))
      return y
    },
  }
}

/** An operator of two tensors without a gradient. */
function logical(types: string, dtype?: DType, attributes?: Record<string, Kind>): Operator {
  return {
    inputs: types,
    attributes,
    read(node) {
      const [a, b] = [node.input(0), node.input(1)]
      return node.make(broadcastShapes(node.op, a.shape, b.shape), dtype ?? a.dtype)
    },
  }
}

/** An operator of any number of tensors, all broadcast. */
function variadic(
  two: ((a: Tensor, b: Tensor) => Tensor) | null,
  gradients: (g: Tensor, inputs: readonly Tensor[], y: Tensor) => readonly Tensor[],
): Operator {
  return {
    inputs: 'X...: T',
    read(node) {
      const inputs = node.inputs as Tensor[]
      if (inputs.length === 1) return inputs[0]
      if (inputs.length === 2 && two) return two(inputs[0], inputs[1])
      const shape = inputs.reduce<Shape>((s, x) => broadcastShapes(node.op, s, x.shape), [])
      const y: Tensor = node.make(shape, inputs[0].dtype, ([g]) =>
        gradients(g!, inputs, y).map((part, i) => sumTo(part, inputs[i].shape)),
      )
      return y
    },
  }
}

/** To the first of the inputs that is the extreme y. */
function toFirst(g: Tensor, inputs: readonly Tensor[], y: Tensor): Tensor[] {
  return inputs.map(x => {
    const found = equal(x, y)
    const part = where(found, g, 0)
    g = where(found, 0, g)
    return part
  })
}

const sinh = (x: Tensor): Tensor => apply('Sinh', [x], x.shape, x.dtype, { vjp: ([g]) => [mul(g!, cosh(x))] })
const cosh = (x: Tensor): Tensor => apply('Cosh', [x], x.shape, x.dtype, { vjp: ([g]) => [mul(g!, sinh(x))] })

export const elementwise: Operators = {
  Add: binaryOf(add),
  Sub: binaryOf(sub),
  Mul: binaryOf(mul),
  Div: binaryOf(div),
  Pow: { inputs: 'X: any, Y: any', read: readPow },
  Mod: logical('A: T, B: T', undefined, { fmod: 'flag' }),
  Sum: variadic(add, (g, inputs) => inputs.map(() => g)),
  Mean: variadic(null, (g, inputs) => inputs.map(() => mul(g, 1 / inputs.length))),
  Max: variadic(maximum, toFirst),
  Min: variadic(minimum, toFirst),

  Equal: binaryOf(equal),
  Greater: binaryOf(greater),
  GreaterOrEqual: binaryOf(greaterOrEqual),
  Less: binaryOf(less),
  LessOrEqual: binaryOf(lessOrEqual),
  And: logical('A: bool, B: bool'),
  Or: logical('A: bool, B: bool'),
  Xor: logical('A: bool, B: bool'),
  Not: { inputs: 'X: bool', read: node => node.make(node.input(0).shape, 'bool') },
  BitShift: logical('A: T, B: T', undefined, { direction: ['LEFT', 'RIGHT'] }),
  BitwiseAnd: logical('A: T, B: T'),
  BitwiseOr: logical('A: T, B: T'),
  BitwiseXor: logical('A: T, B: T'),
  BitwiseNot: unary(),
  Where: {
    inputs: 'condition: bool, X: T, Y: T',
    read: node => where(node.input(0), node.input(1), node.input(2)),
  },

  Neg: unaryOf(neg),
  Abs: unaryOf(abs),
  Exp: unaryOf(exp),
  Log: unaryOf(log),
  Sqrt: unaryOf(sqrt),
  Reciprocal: unaryOf(reciprocal),
  Sin: unaryOf(sin),
  Cos: unaryOf(cos),
  Tan: unary((g, _, y) => mul(g, add(square(y), 1))),
  Asin: unary((g, x) => div(g, sqrt(sub(1, square(x))))),
  Acos: unary((g, x) => neg(div(g, sqrt(sub(1, square(x)))))),
  Atan: unary((g, x) => div(g, add(square(x), 1))),
  Sinh: unaryOf(sinh),
  Cosh: unaryOf(cosh),
  Tanh: unaryOf(tanh),
  Sigmoid: unaryOf(sigmoid),
  Softplus: unaryOf(softplus),
  Relu: unaryOf(relu),
  Sign: unary(),
  Floor: unary(),
  Ceil: unary(),
  Round: unary(),
  IsNaN: unary(undefined, undefined, 'bool'),
  IsInf: unary(undefined, { detect_negative: 'flag', detect_positive: 'flag' }, 'bool'),

  Clip: {
    inputs: 'X: T, min?: T, max?: T',
    attributes: { min: 'float', max: 'float' },
    read: readClip,
  },

  Identity: { inputs: 'X: any', read: node => node.input(0) },
  Dropout: {
    inputs: 'data: any, ratio?: any, training_mode?: bool',
    outputs: 2,
    attributes: { ratio: 'float', seed: 'int' },
    read: readDropout,
  },
  Cast: {
    inputs: 'X: any',
    attributes: { to: typeCodes, saturate: 'int', round_mode: 'text' },
    read: node => cast(node.input(0), dtypeOfCode(node.int('to', 0), 'its result')),
  },
  CastLike: {
    inputs: 'X: any, like: any',
    attributes: { saturate: 'int', round_mode: 'text' },
    read: node => cast(node.input(0), node.input(1).dtype),
  },
}

/** xᵇ; x̄ = g b xᵇ⁻¹, b̄ = g y ln x. For a number b see `pow`. */
function power(x: Tensor, b: Tensor, exponent?: number): Tensor {
  const y: Tensor = apply('Pow', [x, b], broadcastShapes('Pow', x.shape, b.shape), x.dtype, {
    vjp: ([g]) => {
      if (exponent === 0) return [null, null]
      if (exponent !== undefined)
        return [exponent === 1 ? g : mul(g!, mul(pow(x, exponent - 1), exponent)), null]
      const factor = cast(b, x.dtype)
      const gx = sumTo(mul(g!, mul(factor, power(x, sub(factor, 1)))), x.shape)
      return [gx, b.dtype === x.dtype ? sumTo(mul(mul(g!, y), log(x)), b.shape) : null]
    },
  })
  return y
}

function readPow(node: OnnxNode): Tensor {
  const [x, b] = [node.input(0), node.input(1)]
  const exponent = b.rank === 0 ? node.known(1)?.[0] : undefined
  return power(x, b, typeof exponent === 'number' ? exponent : undefined)
}

/** x limited to [min, max], either of which may be left out; the gradient is 0 where it is limited. */
function readClip(node: OnnxNode): Tensor {
  const x = node.input(0)
  const limits = [node.numberInput('min', 1, x.dtype), node.numberInput('max', 2, x.dtype)]
  if (limits.some(limit => limit && limit.rank !== 0 && limit.shape.join() !== '1'))
    throw new Error('its limits are not single numbers')
  const y: Tensor = node.make(x.shape, x.dtype, ([g]) => [where(equal(x, y), g!, 0), null, null], {
    inputs: limits.some(limit => limit) ? [x, ...limits] : [x],
    attributes: node.attributes('min', 'max'),
  })
  return y
}

/** Outside of training nothing is dropped: the mask is true everywhere. */
function readDropout(node: OnnxNode): Tensor[] {
  const x = node.input(0)
  if (node.optional(2) && node.known(2)?.[0] !== 0)
    throw new Error('it is in training mode; export the model for inference')
  if (node.outputs === 1) return [x]
  return [x, expand(constant(Uint8Array.of(1), [], 'bool'), x.shape, x)]
}
