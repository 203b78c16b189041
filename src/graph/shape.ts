// Operators that move values without computing: reshape, transpose, slice, pad, concat, gather and their kin.

import { mul, sumTo } from './elementwise.ts'
import { normaliseAxes } from './reduce.ts'
import {
  apply,
  applyMany,
  constant,
  type Dim,
  int64,
  type Shape,
  sameShape,
  scalar,
  showShape,
  sizeOf,
  type Tensor,
} from './tensor.ts'

/** The product of the known sizes and the sorted names of the others. */
function volume(shape: Shape): { known: number; symbols: string } {
  let known = 1
  const symbols: string[] = []
  for (const dim of shape)
    if (typeof dim === 'number') known *= dim
    else symbols.push(dim)
  return { known, symbols: symbols.sort().join() }
}

/** The same values in another shape; one size may be −1: whatever is left. */
export function reshape(x: Tensor, to: Shape): Tensor {
  let shape = to
  const hole = to.indexOf(-1)
  const from = volume(x.shape)
  if (hole >= 0) {
    const rest = volume(to.filter((_, i) => i !== hole))
    if (rest.symbols !== from.symbols || from.known % rest.known !== 0)
      throw new Error(`reshape: ${showShape(x.shape)} does not fit into ${showShape(to)}`)
    shape = to.map((dim, i) => (i === hole ? from.known / rest.known : dim))
  }
  const target = volume(shape)
  if (target.known !== from.known || target.symbols !== from.symbols)
    throw new Error(`reshape: ${showShape(x.shape)} does not fit into ${showShape(to)}`)
  if (sameShape(shape, x.shape)) return x
  const symbolic = shape.filter(dim => typeof dim === 'string').length
  if (symbolic > 1) throw new Error(`reshape: more than one symbolic size in ${showShape(shape)}`)
  const dims = int64(shape.map(dim => (typeof dim === 'number' ? dim : -1)))
  return apply('Reshape', [x, dims], shape, x.dtype, { vjp: ([g]) => [reshape(g!, x.shape), null] })
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
  return apply('Pad', [x, pads, constant(new Float32Array([value]), [])], shape, x.dtype, {
    vjp: ([g]) => [pad(g!, undo), null, null],
  })
}

/** The rows x[indices] of the first axis: indices [i…] of int64, result [i…, x.shape[1]…]. */
export function gather(x: Tensor, indices: Tensor): Tensor {
  if (indices.dtype !== 'int64') throw new Error(`gather: the indices are ${indices.dtype}, not int64`)
  return apply('Gather', [x, indices], [...indices.shape, ...x.shape.slice(1)], x.dtype, {
    attributes: { axis: 0 },
    vjp: ([g]) => [addRows(zerosLike(x), g!, indices), null],
  })
}

/** The adjoint of gather: zeros of `shape`, to whose rows `indices` the rows of `updates` are added. */
export function scatterAdd(updates: Tensor, indices: Tensor, shape: Shape): Tensor {
  if (indices.dtype !== 'int64') throw new Error(`scatterAdd: the indices are ${indices.dtype}, not int64`)
  const expected = [...indices.shape, ...shape.slice(1)]
  if (!sameShape(updates.shape, expected))
    throw new Error(`scatterAdd: updates are ${showShape(updates.shape)}, expected ${showShape(expected)}`)
  return addRows(expand(scalar(0, updates.dtype), shape), updates, indices)
}

/**
 * By ScatterElements, which ONNX Runtime's CPU does in one thread: its ScatterND adds rows from several at once
 * and loses some where an index occurs twice (microsoft/onnxruntime#18048).
 */
function addRows(to: Tensor, updates: Tensor, indices: Tensor): Tensor {
  const rest = to.shape.slice(1)
  const rows = indices.rank === 1 ? indices.shape[0] : sizeOf(indices.shape)
  const flat = reshape(updates, [rows, ...rest])
  const at = expand(reshape(indices, [rows, ...rest.map(() => 1)]), flat.shape, flat)
  return apply('ScatterElements', [to, at, flat], to.shape, updates.dtype, {
    attributes: { axis: 0, reduction: 'add' },
    vjp: ([g]) => [null, null, reshape(gather(g!, indices), flat.shape)],
  })
}

/** One value per row: x[…, indices[…]] of x […, K], as […, 1]. */
export function pick(x: Tensor, indices: Tensor): Tensor {
  if (!sameShape(indices.shape, x.shape.slice(0, -1)))
    throw new Error(`pick: indices ${showShape(indices.shape)} do not fit ${showShape(x.shape)}`)
  const depth = x.shape[x.rank - 1]
  if (typeof depth !== 'number') throw new Error(`pick: the last axis of ${showShape(x.shape)} is symbolic`)
  return apply('GatherElements', [x, unsqueeze(indices, indices.rank)], [...indices.shape, 1], x.dtype, {
    attributes: { axis: x.rank - 1 },
    vjp: ([g]) => [mul(oneHot(indices, depth), g!), null],
  })
}

/** indices [i…] of int64 to float32 [i…, depth]: 1 at the index, 0 elsewhere. */
export function oneHot(indices: Tensor, depth: number): Tensor {
  if (indices.dtype !== 'int64') throw new Error(`oneHot: the indices are ${indices.dtype}, not int64`)
  // ONNX Runtime takes no scalar here.
  if (indices.rank === 0) return reshape(oneHot(reshape(indices, [1]), depth), [depth])
  const values = constant(new Float32Array([0, 1]))
  return apply('OneHot', [indices, int64([depth], []), values], [...indices.shape, depth], 'float32', {
    attributes: { axis: -1 },
  })
}

/** The k largest (or smallest) values along the last axis, sorted, and their int64 indices. */
export function topK(x: Tensor, k: number, largest = true): { values: Tensor; indices: Tensor } {
  const depth = x.shape[x.rank - 1]
  if (!Number.isInteger(k) || k < 1 || (typeof depth === 'number' && k > depth))
    throw new Error(`topK: ${k} of ${depth} values`)
  const shape: Dim[] = [...x.shape.slice(0, -1), k]
  const [values, indices] = applyMany(
    'TopK',
    [x, int64([k])],
    [
      [shape, x.dtype],
      [shape, 'int64'],
    ],
    {
      attributes: { axis: x.rank - 1, largest: largest ? 1 : 0, sorted: 1 },
      vjp: ([g]) => [g && putLast(x, indices, g), null],
    },
  )
  return { values, indices }
}

/** x[…, indices[…, j]] along the last axis. */
export function takeLast(x: Tensor, indices: Tensor): Tensor {
  return apply('GatherElements', [x, indices], indices.shape, x.dtype, {
    attributes: { axis: x.rank - 1 },
    vjp: ([g]) => [putLast(x, indices, g!), null],
  })
}

/** The adjoint of `takeLast`, for indices of which no two in a row are the same. */
function putLast(like: Tensor, indices: Tensor, values: Tensor): Tensor {
  return apply('ScatterElements', [zerosLike(like), indices, values], like.shape, like.dtype, {
    attributes: { axis: like.rank - 1 },
    vjp: ([g]) => [null, null, takeLast(g!, indices)],
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
