// Element-wise operators with NumPy broadcasting, each beside its gradient.

import { reduceSum } from './reduce.ts'
import { reshape } from './shape.ts'
import {
  apply,
  constant,
  customGradient,
  type Dim,
  type DType,
  type Shape,
  sameShape,
  scalar,
  showShape,
  stopGradient,
  type Tensor,
} from './tensor.ts'

/** A tensor, or a number that stands for a scalar of the other operand's type (float32 if that is a number too). */
export type Operand = Tensor | number

export function asTensor(x: Operand, like: Operand = 0): Tensor {
  if (typeof x !== 'number') return x
  return scalar(x, typeof like === 'number' ? 'float32' : like.dtype)
}

/** The shape of `a ∘ b`: sizes are equal or one of them is 1, aligned at the last dimension. */
export function broadcastShapes(op: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length)
  const shape: Dim[] = []
  for (let i = 0; i < rank; i++) {
    const p = a[a.length - rank + i] ?? 1
    const q = b[b.length - rank + i] ?? 1
    if (p !== q && p !== 1 && q !== 1)
      throw new Error(
        `${op}: shapes ${showShape(a)} and ${showShape(b)} do not broadcast (${p} against ${q})`,
      )
    shape.push(p === 1 ? q : p)
  }
  return shape
}

/** The gradient of a broadcast: `grad` summed over the dimensions along which `shape` was repeated. */
export function sumTo(grad: Tensor, shape: Shape): Tensor {
  if (sameShape(grad.shape, shape)) return grad
  const extra = grad.rank - shape.length
  const axes = grad.shape
    .map((_, i) => i)
    .filter(i => i < extra || (shape[i - extra] === 1 && grad.shape[i] !== 1))
  const summed = axes.length ? reduceSum(grad, axes, true) : grad
  return sameShape(summed.shape, shape) ? summed : reshape(summed, shape)
}

function binary(
  op: string,
  a: Operand,
  b: Operand,
  vjp?: (grad: Tensor, a: Tensor, b: Tensor, y: () => Tensor) => readonly [Tensor, Tensor],
  dtype?: DType,
): Tensor {
  const [x, y] = [asTensor(a, b), asTensor(b, a)]
  if (x.dtype !== y.dtype) throw new Error(`${op.toLowerCase()}: types differ: ${x.dtype} and ${y.dtype}`)
  const shape = broadcastShapes(op.toLowerCase(), x.shape, y.shape)
  const out: Tensor = apply(op, [x, y], shape, dtype ?? x.dtype, {
    vjp:
      vjp &&
      (([grad]) => {
        const [gx, gy] = vjp(grad!, x, y, () => out)
        return [sumTo(gx, x.shape), sumTo(gy, y.shape)]
      }),
  })
  return out
}

/** a + b */
export const add = (a: Operand, b: Operand): Tensor => binary('Add', a, b, g => [g, g])
/** a − b */
export const sub = (a: Operand, b: Operand): Tensor => binary('Sub', a, b, g => [g, neg(g)])
/** a · b */
export const mul = (a: Operand, b: Operand): Tensor =>
  binary('Mul', a, b, (g, x, y) => [mul(g, y), mul(g, x)])
/** a / b */
export const div = (a: Operand, b: Operand): Tensor =>
  binary('Div', a, b, (g, _x, y, out) => [div(g, y), neg(div(mul(g, out()), y))])
/** a to the power b; ā = g b aᵇ⁻¹, written out where a = 0 would make that 0 · ∞. */
export const pow = (a: Tensor, b: number): Tensor =>
  apply('Pow', [a, scalar(b, a.dtype)], a.shape, a.dtype, {
    vjp: ([g]) => [b === 0 ? null : b === 1 ? g! : mul(g!, mul(pow(a, b - 1), b)), null],
  })
/** The larger of two; at a tie the gradient goes to the first. */
export const maximum = (a: Operand, b: Operand): Tensor =>
  binary('Max', a, b, (g, x, y) => {
    const first = greaterOrEqual(x, y)
    return [where(first, g, 0), where(first, 0, g)]
  })
/** The smaller of two; at a tie the gradient goes to the first. */
export const minimum = (a: Operand, b: Operand): Tensor =>
  binary('Min', a, b, (g, x, y) => {
    const first = greaterOrEqual(y, x)
    return [where(first, g, 0), where(first, 0, g)]
  })

/** a = b, as bool */
export const equal = (a: Operand, b: Operand): Tensor => binary('Equal', a, b, undefined, 'bool')
/** a > b, as bool */
export const greater = (a: Operand, b: Operand): Tensor => binary('Greater', a, b, undefined, 'bool')
/** a ≥ b, as bool */
export const greaterOrEqual = (a: Operand, b: Operand): Tensor =>
  binary('GreaterOrEqual', a, b, undefined, 'bool')
/** a < b, as bool */
export const less = (a: Operand, b: Operand): Tensor => binary('Less', a, b, undefined, 'bool')
/** a ≤ b, as bool */
export const lessOrEqual = (a: Operand, b: Operand): Tensor => binary('LessOrEqual', a, b, undefined, 'bool')

/** `condition ? a : b`, element by element, all three broadcast. */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  const [x, y] = [asTensor(a, b), asTensor(b, a)]
  if (condition.dtype !== 'bool') throw new Error(`where: the condition is ${condition.dtype}, not bool`)
  if (x.dtype !== y.dtype) throw new Error(`where: types differ: ${x.dtype} and ${y.dtype}`)
  const shape = broadcastShapes('where', condition.shape, broadcastShapes('where', x.shape, y.shape))
  return apply('Where', [condition, x, y], shape, x.dtype, {
    vjp: ([g]) => [null, sumTo(where(condition, g!, 0), x.shape), sumTo(where(condition, 0, g!), y.shape)],
  })
}

function unary(op: string, x: Tensor, vjp?: (grad: Tensor, y: Tensor) => Tensor): Tensor {
  const y: Tensor = apply(op, [x], x.shape, x.dtype, { vjp: vjp && (([g]) => [vjp(g!, y)]) })
  return y
}

/** −x */
export const neg = (x: Tensor): Tensor => unary('Neg', x, g => neg(g))
/** |x|; the gradient at 0 is 0 */
export const abs = (x: Tensor): Tensor => unary('Abs', x, g => mul(g, sign(x)))
/** −1, 0 or 1, through which no gradient flows */
export const sign = (x: Tensor): Tensor => stopGradient(unary('Sign', x))
/** eˣ */
export const exp = (x: Tensor): Tensor => unary('Exp', x, (g, y) => mul(g, y))
/** ln x */
export const log = (x: Tensor): Tensor => unary('Log', x, g => div(g, x))
/** √x; y' = 1 / 2y */
export const sqrt = (x: Tensor): Tensor => unary('Sqrt', x, (g, y) => div(mul(g, 0.5), y))
/** sin x */
export const sin = (x: Tensor): Tensor => unary('Sin', x, g => mul(g, cos(x)))
/** cos x */
export const cos = (x: Tensor): Tensor => unary('Cos', x, g => neg(mul(g, sin(x))))
/** tanh x; y' = 1 − y² */
export const tanh = (x: Tensor): Tensor => unary('Tanh', x, (g, y) => sub(g, mul(g, mul(y, y))))
/** σ(x) = 1 / (1 + e⁻ˣ); y' = y (1 − y) */
export const sigmoid = (x: Tensor): Tensor => unary('Sigmoid', x, (g, y) => mul(mul(g, y), sub(1, y)))
/** ln(1 + eˣ); y' = σ(x) */
export const softplus = (x: Tensor): Tensor => unary('Softplus', x, g => mul(g, sigmoid(x)))
/** max(x, 0); the gradient at 0 is 0 */
export const relu = (x: Tensor): Tensor => unary('Relu', x, g => where(greater(x, 0), g, 0))
/** x² */
export const square = (x: Tensor): Tensor => mul(x, x)

/**
 * SiLU, also called swish: y = x σ(x); y' = σ (1 + x − y).
 * ONNX Runtime fuses Sigmoid and Mul into one pass over memory.
 * Source: Elfwing et al., arXiv 1702.03118.
 */
export function silu(x: Tensor): Tensor {
  const y = mul(x, sigmoid(x))
  return customGradient(y, [x], g => {
    const gated = mul(sigmoid(x), g)
    return [add(mul(sub(x, y), gated), gated)]
  })
}

/** x limited to [low, high]; the gradient is 0 outside. */
export function clip(x: Tensor, low: number, high: number): Tensor {
  return apply('Clip', [x, scalar(low, x.dtype), scalar(high, x.dtype)], x.shape, x.dtype, {
    vjp: ([g]) => [where(equal(x, clip(x, low, high)), g!, 0), null, null],
  })
}

const ONNX_TYPES: Record<DType, number> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
  uint64: 13,
}

/** The number by which ONNX's TensorProto.DataType knows a type. */
export function onnxType(dtype: DType): number {
  return ONNX_TYPES[dtype]
}

/** Another type; a gradient flows between float types only. */
export function cast(x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype) return x
  const float = x.dtype.startsWith('float') && dtype.startsWith('float')
  return apply('Cast', [x], x.shape, dtype, {
    attributes: { to: onnxType(dtype) },
    vjp: float ? ([g]) => [cast(g!, x.dtype)] : undefined,
  })
}

/** A float32 constant filled with one value. */
export function fill(shape: readonly number[], value: number): Tensor {
  return constant(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value), shape)
}
