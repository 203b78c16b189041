// Operators that choose values by index: gather, scatter, one-hot and top-k, and their adjoints.

import { product } from './dims.ts'
import { mul } from './elementwise.ts'
import { normaliseAxes } from './reduce.ts'
import { expand, pad, reshape, unsqueeze, zerosLike } from './shape.ts'
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
  type Tensor,
} from './tensor.ts'

/**
 * The slices x[…, indices, …] along one axis (default: the rows of the first): indices [i…] of int64 or int32,
 * negative ones from the end; result [x.shape[:axis]…, i…, x.shape[axis+1:]…].
 */
export function gather(x: Tensor, indices: Tensor, axis = 0): Tensor {
  if (!isIndex(indices)) throw new Error(`gather: the indices are ${indices.dtype}, not int64`)
  const [over] = normaliseAxes('gather', x, [axis])
  const shape = [...x.shape.slice(0, over), ...indices.shape, ...x.shape.slice(over + 1)]
  return apply('Gather', [x, indices], shape, x.dtype, {
    attributes: { axis: over },
    vjp: ([g]) => [placeAt(x, g!, indices, over), null],
  })
}

function isIndex(x: Tensor): boolean {
  return x.dtype === 'int64' || x.dtype === 'int32'
}

/** The adjoint of `gather`: zeros like x, with what was taken added where it came from. */
function placeAt(x: Tensor, g: Tensor, indices: Tensor, axis: number): Tensor {
  const [values, size] = [indices.node.values, x.shape[axis]]
  if (values?.length === 1 && typeof size === 'number') {
    const at = Number(values[0]) < 0 ? Number(values[0]) + size : Number(values[0])
    const one = reshape(g, [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis + 1)])
    return pad(
      one,
      x.shape.map((_, i) => (i === axis ? [at, size - 1 - at] : [0, 0])),
    )
  }
  return addAt(zerosLike(x), g, indices, axis)
}

/** The adjoint of gather: zeros of `shape`, to whose rows `indices` the rows of `updates` are added. */
export function scatterAdd(updates: Tensor, indices: Tensor, shape: Shape): Tensor {
  if (indices.dtype !== 'int64') throw new Error(`scatterAdd: the indices are ${indices.dtype}, not int64`)
  const expected = [...indices.shape, ...shape.slice(1)]
  if (!sameShape(updates.shape, expected))
    throw new Error(`scatterAdd: updates are ${showShape(updates.shape)}, expected ${showShape(expected)}`)
  return addAt(expand(scalar(0, updates.dtype), shape), updates, indices, 0)
}

/**
 * `updates` [shape[:axis]…, i…, shape[axis+1:]…] added to the slices `indices` [i…] of a tensor along an axis.
 *
 * By ScatterElements, which ONNX Runtime's CPU does in one thread: its ScatterND adds rows from several at once
 * and loses some where an index occurs twice (microsoft/onnxruntime#18048).
 */
export function addAt(to: Tensor, updates: Tensor, indices: Tensor, axis: number): Tensor {
  const [before, after] = [to.shape.slice(0, axis), to.shape.slice(axis + 1)]
  const count = product(indices.shape)
  const flat = reshape(updates, [...before, count, ...after])
  const column = reshape(indices, [...before.map(() => 1), count, ...after.map(() => 1)])
  return apply('ScatterElements', [to, expand(column, flat.shape, flat), flat], to.shape, updates.dtype, {
    attributes: { axis, reduction: 'add' },
    vjp: ([g]) => [g!, null, reshape(gather(g!, indices, axis), flat.shape)],
  })
}

/** One value per index: y[i…] = x[i… with indices[i…] in place of the index on `axis`]. */
export function gatherElements(x: Tensor, indices: Tensor, axis: number): Tensor {
  const [over] = normaliseAxes('gatherElements', x, [axis])
  checkElements('gatherElements', x, indices)
  return apply('GatherElements', [x, indices], indices.shape, x.dtype, {
    attributes: { axis: over },
    vjp: ([g]) => [addElements(zerosLike(x), indices, g!, over), null],
  })
}

/** The adjoint of `gatherElements`: a tensor with `updates` added where it would take them from. */
export function addElements(to: Tensor, indices: Tensor, updates: Tensor, axis: number): Tensor {
  checkElements('addElements', to, indices)
  if (!sameShape(indices.shape, updates.shape))
    throw new Error(`addElements: ${showShape(updates.shape)} updates at ${showShape(indices.shape)} indices`)
  return apply('ScatterElements', [to, indices, updates], to.shape, to.dtype, {
    attributes: { axis, reduction: 'add' },
    vjp: ([g]) => [g!, null, gatherElements(g!, indices, axis)],
  })
}

function checkElements(op: string, x: Tensor, indices: Tensor) {
  if (!isIndex(indices)) throw new Error(`${op}: the indices are ${indices.dtype}, not int64`)
  if (indices.rank !== x.rank)
    throw new Error(`${op}: ${showShape(indices.shape)} indices for ${showShape(x.shape)}`)
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
