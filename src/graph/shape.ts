// Operators that move values without computing: reshape, transpose, slice, pad, concat and their kin.

import { product, quotient } from './dims.ts'
import { sumTo } from './elementwise.ts'
import { normaliseAxes } from './reduce.ts'
import { apply, applyMany, int64, type Shape, sameShape, scalar, showShape, type Tensor } from './tensor.ts'

/** The same values in another shape; one size may be −1: whatever is left. */
export function reshape(x: Tensor, to: Shape): Tensor {
  const misfit = () => new Error(`reshape: ${showShape(x.shape)} does not fit into ${showShape(to)}`)
  const size = product(x.shape)
  const hole = to.indexOf(-1)
  const given = to.filter((_, i) => i !== hole)
  if (given.some(dim => (dim as number) < 0)) throw misfit()
  const rest = quotient(size, product(given))
  if (rest === null || (hole < 0 && rest !== 1)) throw misfit()
  const shape = to.map((dim, i) => (i === hole ? rest : dim))
  if (sameShape(shape, x.shape)) return x
  const symbolic = shape.filter(dim => typeof dim === 'string').length
  if (symbolic > 1) throw new Error(`reshape: more than one symbolic size in ${showShape(shape)}`)
  const dims = int64(shape.map(dim => (typeof dim === 'number' ? dim : -1)))
  return apply('Reshape', [x, dims], shape, x.dtype, { vjp: ([g]) => [reshapeLike(g!, x), null] })
}

/** x in the shape of another tensor with as many values, whose sizes need not be known. */
export function reshapeLike(x: Tensor, like: Tensor): Tensor {
  if (like.shape.filter(dim => typeof dim === 'string').length < 2) return reshape(x, like.shape)
  if (sameShape(x.shape, like.shape)) return x
  const dims = apply('Shape', [like], [like.rank], 'int64')
  return apply('Reshape', [x, dims], like.shape, x.dtype, { vjp: ([g]) => [reshapeLike(g!, x), null] })
}

/** A new dimension of size 1 at `axis` of the result; negative numbers count from its end. */
export function unsqueeze(x: Tensor, axis: number): Tensor {
  const at = axis < 0 ? axis + x.rank + 1 : axis
  if (!Number.isInteger(at) || at < 0 || at > x.rank)
    throw new Error(`unsqueeze: axis ${axis} is outside what ${showShape(x.shape)} becomes`)
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)])
}

/** The dimensions in another order: y.shape[i] = x.shape[permutation[i]]. */
export function transpose(x: Tensor, permutation: readonly number[]): Tensor {
  if ([...permutation].sort((a, b) => a - b).join() !== x.shape.map((_, i) => i).join())
    throw new Error(`transpose: [${permutation}] is no permutation of the axes of ${showShape(x.shape)}`)
  const shape = permutation.map(axis => x.shape[axis])
  const inverse = permutation.map((_, i) => permutation.indexOf(i))
  return apply('Transpose', [x], shape, x.dtype, {
    attributes: { perm: permutation },
    vjp: ([g]) => [transpose(g!, inverse)],
  })
}

/** The last two dimensions exchanged. */
export function swapLast(x: Tensor): Tensor {
  if (x.rank < 2) throw new Error(`swapLast: ${showShape(x.shape)} has no two dimensions`)
  const axes = x.shape.map((_, i) => i)
  return transpose(x, [...axes.slice(0, -2), axes[x.rank - 1], axes[x.rank - 2]])
}

/**
 * x repeated along its dimensions of size 1 until it has `shape`.
 * Where `shape` holds a symbolic size, `like` is a tensor of that very shape that shows it at run time.
 */
export function expand(x: Tensor, shape: Shape, like?: Tensor): Tensor {
  if (sameShape(x.shape, shape)) return x
  const aligned = x.shape.every((dim, i) => dim === 1 || dim === shape[shape.length - x.rank + i])
  if (x.rank > shape.length || !aligned)
    throw new Error(`expand: ${showShape(x.shape)} does not stretch to ${showShape(shape)}`)
  const known = shape.every(dim => typeof dim === 'number')
  if (!known && !(like && sameShape(like.shape, shape)))
    throw new Error(`expand: ${showShape(shape)} is symbolic and no tensor of that shape is given`)
  const dims = known ? int64(shape as number[]) : apply('Shape', [like!], [shape.length], 'int64')
  return apply('Expand', [x, dims], shape, x.dtype, { vjp: ([g]) => [sumTo(g!, x.shape), null] })
}

/** Tensors joined along `axis`. */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  if (tensors.length === 0) throw new Error('concat: nothing to join')
  if (tensors.length === 1) return tensors[0]
  const [over] = normaliseAxes('concat', tensors[0], [axis])
  let total = 0
  const starts = tensors.map(t => {
    const size = t.shape[over]
    if (t.dtype !== tensors[0].dtype)
      throw new Error(`concat: types differ: ${tensors[0].dtype} and ${t.dtype}`)
    const rest = (s: Shape) => s.filter((_, i) => i !== over)
    if (!sameShape(rest(t.shape), rest(tensors[0].shape)) || typeof size !== 'number')
      throw new Error(
        `concat: ${showShape(t.shape)} does not join ${showShape(tensors[0].shape)} along axis ${axis}`,
      )
    total += size
    return total - size
  })
  const shape = tensors[0].shape.map((dim, i) => (i === over ? total : dim))
  return apply('Concat', tensors, shape, tensors[0].dtype, {
    attributes: { axis: over },
    vjp: ([g]) => tensors.map((t, i) => slice(g!, over, starts[i], starts[i] + (t.shape[over] as number))),
  })
}

/** A tensor cut along `axis` into pieces of the given sizes. */
export function split(x: Tensor, sizes: readonly number[], axis: number): Tensor[] {
  const [over] = normaliseAxes('split', x, [axis])
  const sum = sizes.reduce((a, b) => a + b, 0)
  if (sum !== x.shape[over])
    throw new Error(`split: the sizes [${sizes}] add up to ${sum}, not to ${x.shape[over]}`)
  const shapes = sizes.map(size => [x.shape.map((dim, i) => (i === over ? size : dim)), x.dtype] as const)
  const pieces: Tensor[] = applyMany('Split', [x, int64(sizes)], shapes, {
    attributes: { axis: over },
    vjp: grads => [
      concat(
        grads.map((g, i) => g ?? zerosLike(pieces[i])),
        over,
      ),
      null,
    ],
  })
  return pieces
}

/** Zeros of a known shape. */
export function zeros(shape: Shape): Tensor {
  return expand(scalar(0), shape)
}

/** Zeros of the shape and type of x, known or not. */
export function zerosLike(x: Tensor): Tensor {
  return expand(scalar(0, x.dtype), x.shape, x)
}

/** x[start : end] along one axis; negative numbers count from the end. */
export function slice(x: Tensor, axis: number, start: number, end: number): Tensor {
  const [over] = normaliseAxes('slice', x, [axis])
  const size = x.shape[over]
  if (typeof size !== 'number') throw new Error(`slice: axis ${axis} of ${showShape(x.shape)} is symbolic`)
  const [from, to] = [start < 0 ? start + size : start, end < 0 ? end + size : end]
  if (from < 0 || to > size || from > to)
    throw new Error(`slice: ${start}:${end} is outside axis ${axis} of ${showShape(x.shape)}`)
  if (from === 0 && to === size) return x
  const shape = x.shape.map((dim, i) => (i === over ? to - from : dim))
  const around = x.shape.map((_, i): [number, number] => (i === over ? [from, size - to] : [0, 0]))
  return apply('Slice', [x, int64([from]), int64([to]), int64([over])], shape, x.dtype, {
    vjp: ([g]) => [pad(g!, around), null, null, null],
  })
}

/** x with its order reversed along `axes`. */
export function flip(x: Tensor, axes: readonly number[]): Tensor {
  const over = normaliseAxes('flip', x, axes)
  const each = (value: number) => int64(over.map(() => value))
  const lowest = -(2 ** 31)
  return apply('Slice', [x, each(-1), each(lowest), int64(over), each(-1)], x.shape, x.dtype, {
    vjp: ([g]) => [flip(g!, over), null, null, null, null],
  })
}

/** x with a constant around it: [before, after] for every dimension; negative numbers cut. */
export function pad(x: Tensor, amounts: readonly (readonly [number, number])[], value = 0): Tensor {
  if (amounts.length !== x.rank) throw new Error(`pad: ${amounts.length} amounts for ${showShape(x.shape)}`)
  if (amounts.every(([a, b]) => a === 0 && b === 0)) return x
  const shape = x.shape.map((dim, i) => {
    const [before, after] = amounts[i]
    if (before === 0 && after === 0) return dim
    if (typeof dim !== 'number') throw new Error(`pad: axis ${i} of ${showShape(x.shape)} is symbolic`)
    if (dim + before + after < 0) throw new Error(`pad: [${before}, ${after}] cuts more than ${dim}`)
    return dim + before + after
  })
  const pads = int64([...amounts.map(([before]) => before), ...amounts.map(([, after]) => after)])
  const undo = amounts.map(([before, after]): [number, number] => [-before, -after])
  return apply('Pad', [x, pads, scalar(value, x.dtype)], shape, x.dtype, {
    vjp: ([g]) => [pad(g!, undo), null, null],
  })
}

/** x [1, …] repeated along its first dimension as often as `batch` has rows, known or not. */
export function repeatBatch(x: Tensor, batch: Tensor): Tensor {
  const [n] = batch.shape
  const shape = [n, ...x.shape.slice(1)]
  if (x.shape[0] !== 1) throw new Error(`repeatBatch: the first size of ${showShape(x.shape)} is not 1`)
  if (typeof n === 'number') return expand(x, shape)
  const rows = apply('Shape', [batch], [1], 'int64', { attributes: { start: 0, end: 1 } })
  const dims = concat([rows, int64(x.shape.slice(1) as number[])], 0)
  return apply('Expand', [x, dims], shape, x.dtype, { vjp: ([g]) => [sumTo(g!, x.shape), null] })
}
