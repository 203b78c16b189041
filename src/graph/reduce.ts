// Reductions, soft-max and arg-max: many values to fewer.

import { abs, cast, div, equal, exp, log, mul, neg, sign, square, sub, where } from './elementwise.ts'
import { expand, reshape } from './shape.ts'
import { apply, type Dim, int64, type Shape, showShape, sizeOf, stopGradient, type Tensor } from './tensor.ts'

/** Axes counted from the front, sorted, each once; none given means all. */
export function normaliseAxes(op: string, x: Tensor, axes?: readonly number[]): number[] {
  const all = axes ?? x.shape.map((_, i) => i)
  const axesFromFront = all
    .map(axis => {
      if (!Number.isInteger(axis) || axis < -x.rank || axis >= x.rank)
        throw new Error(`${op}: axis ${axis} is outside ${showShape(x.shape)}`)
      return axis < 0 ? axis + x.rank : axis
    })
    .sort((a, b) => a - b)
  if (new Set(axesFromFront).size !== all.length)
    throw new Error(`${op}: the axes [${all}] of ${showShape(x.shape)} hold one twice`)
  return axesFromFront
}

function reducedShape(shape: Shape, axes: readonly number[], keep: boolean): Dim[] {
  return keep
    ? shape.map((dim, i) => (axes.includes(i) ? 1 : dim))
    : shape.filter((_, i) => !axes.includes(i))
}

function reduce(
  op: string,
  x: Tensor,
  axes: readonly number[] | undefined,
  keep: boolean,
  vjp?: (spread: (g: Tensor) => Tensor, grad: Tensor, y: Tensor) => Tensor,
  /** What becomes of a single value. */
  single: (x: Tensor) => Tensor = x => x,
): Tensor {
  const over = normaliseAxes(op, x, axes)
  // To ONNX an empty list of axes means all of them.
  if (over.length === 0 && x.rank > 0) return single(x)
  const kept = reducedShape(x.shape, over, true)
  const y: Tensor = apply(op, [x, int64(over)], reducedShape(x.shape, over, keep), x.dtype, {
    attributes: { keepdims: keep ? 1 : 0 },
    vjp:
      vjp &&
      (([g]) => {
        const spread = (t: Tensor) => (keep ? t : reshape(t, kept))
        return [vjp(spread, g!, y), null]
      }),
  })
  return y
}

/** Σ over `axes` (all of them by default). */
export const reduceSum = (x: Tensor, axes?: readonly number[], keep = false): Tensor =>
  reduce('ReduceSum', x, axes, keep, (spread, g) => expand(spread(g), x.shape, x))

/** The mean over `axes`, whose sizes must be known for a gradient. */
export function reduceMean(x: Tensor, axes?: readonly number[], keep = false): Tensor {
  const over = normaliseAxes('reduceMean', x, axes)
  return reduce('ReduceMean', x, axes, keep, (spread, g) =>
    expand(mul(spread(g), 1 / sizeOf(over.map(axis => x.shape[axis]))), x.shape, x),
  )
}

/** Σ x² over `axes`. */
export const reduceSumSquare = (x: Tensor, axes?: readonly number[], keep = false): Tensor =>
  reduce('ReduceSumSquare', x, axes, keep, (spread, g) => mul(mul(x, 2), spread(g)), square)

/** Σ |x| over `axes`; the gradient at 0 is 0. */
export const reduceL1 = (x: Tensor, axes?: readonly number[], keep = false): Tensor =>
  reduce('ReduceL1', x, axes, keep, (spread, g) => mul(sign(x), spread(g)), abs)

/** √ Σ x² over `axes`; x̄ = g x / y, where y is 0 that is 0. */
export const reduceL2 = (x: Tensor, axes?: readonly number[], keep = false): Tensor =>
  reduce('ReduceL2', x, axes, keep, (spread, g, y) => mul(x, spread(where(equal(y, 0), 0, div(g, y)))), abs)

/** ln Σ x over `axes`; x̄ = g / Σ x = g e^−y */
export const reduceLogSum = (x: Tensor, axes?: readonly number[], keep = false): Tensor =>
  reduce(
    'ReduceLogSum',
    x,
    axes,
    keep,
    (spread, g, y) => expand(spread(mul(g, exp(neg(y)))), x.shape, x),
    log,
  )

/** ln Σ eˣ over `axes`; x̄ = g e^(x − y), the soft-max */
export const reduceLogSumExp = (x: Tensor, axes?: readonly number[], keep = false): Tensor =>
  reduce('ReduceLogSumExp', x, axes, keep, (spread, g, y) => mul(exp(sub(x, spread(y))), spread(g)))

/** Π x over `axes`, without a gradient. */
export const reduceProd = (x: Tensor, axes?: readonly number[], keep = false): Tensor =>
  reduce('ReduceProd', x, axes, keep)

/** The largest value over `axes`; those that share it share the gradient. */
export const reduceMax = (x: Tensor, axes?: readonly number[], keep = false): Tensor =>
  reduce('ReduceMax', x, axes, keep, (spread, g, y) => toExtremes(x, axes, spread(y), spread(g)))

/** The smallest value over `axes`; those that share it share the gradient. */
export const reduceMin = (x: Tensor, axes?: readonly number[], keep = false): Tensor =>
  reduce('ReduceMin', x, axes, keep, (spread, g, y) => toExtremes(x, axes, spread(y), spread(g)))

function toExtremes(x: Tensor, axes: readonly number[] | undefined, extreme: Tensor, g: Tensor): Tensor {
  const found = equal(x, extreme)
  const count = stopGradient(reduceSum(cast(found, x.dtype), axes, true))
  return where(found, div(g, count), 0)
}

/** The variance over `axes` (divided by n, not n − 1). */
export const variance = (x: Tensor, axes?: readonly number[], keep = false): Tensor =>
  reduceMean(square(sub(x, reduceMean(x, axes, true))), axes, keep)

/** softmax(x)ᵢ = e^xᵢ / Σ e^xⱼ along `axis`; x̄ = y ∘ (g − Σ g ∘ y) */
export function softmax(x: Tensor, axis = -1): Tensor {
  const [over] = normaliseAxes('softmax', x, [axis])
  const y: Tensor = apply('Softmax', [x], x.shape, x.dtype, {
    attributes: { axis: over },
    vjp: ([g]) => [mul(y, sub(g!, reduceSum(mul(g!, y), [over], true)))],
  })
  return y
}

/** ln softmax(x) along `axis`; x̄ = g − e^y Σ g */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  const [over] = normaliseAxes('logSoftmax', x, [axis])
  const y: Tensor = apply('LogSoftmax', [x], x.shape, x.dtype, {
    attributes: { axis: over },
    vjp: ([g]) => [sub(g!, mul(exp(y), reduceSum(g!, [over], true)))],
  })
  return y
}

function argReduce(op: 'ArgMin' | 'ArgMax', x: Tensor, axis: number, keep: boolean): Tensor {
  const [over] = normaliseAxes(op, x, [axis])
  return apply(op, [x], reducedShape(x.shape, [over], keep), 'int64', {
    attributes: { axis: over, keepdims: keep ? 1 : 0 },
  })
}

/** The index (int64) of the smallest value along `axis`, the first at a tie. */
export const argMin = (x: Tensor, axis: number, keep = false) => argReduce('ArgMin', x, axis, keep)

/** The index (int64) of the largest value along `axis`, the first at a tie. */
export const argMax = (x: Tensor, axis: number, keep = false) => argReduce('ArgMax', x, axis, keep)
