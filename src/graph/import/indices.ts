// Readers of the operators that choose values by index.

import { mul } from '../elementwise.ts'
import { addElements, gather, gatherElements } from '../gather.ts'
import { type Dim, sameShape, scalar, showShape, type Tensor } from '../tensor.ts'
import type { OnnxNode, Operators } from './node.ts'

export const indices: Operators = {
  Gather: {
    inputs: 'X: any, indices: int',
    attributes: { axis: 'int' },
    read: node => gather(node.input(0), node.input(1), node.int('axis', 0)),
  },
  GatherElements: {
    inputs: 'X: any, indices: int',
    attributes: { axis: 'int' },
    read: node => gatherElements(node.input(0), node.input(1), node.int('axis', 0)),
  },
  ScatterElements: {
    inputs: 'X: T, indices: int, updates: T',
    attributes: { axis: 'int', reduction: ['none', 'add', 'mul', 'min', 'max'] },
    read: readScatterElements,
  },
  GatherND: { inputs: 'X: any, indices: int', attributes: { batch_dims: 'int' }, read: readGatherND },
  ScatterND: {
    inputs: 'X: T, indices: int, updates: T',
    attributes: { reduction: ['none', 'add', 'mul', 'min', 'max'] },
    read: node => node.make(node.input(0).shape, node.input(0).dtype),
  },
  OneHot: { inputs: 'indices: any, depth: any, values: any', attributes: { axis: 'int' }, read: readOneHot },
}

/** x with `updates` put, or added, where `indices` say; the gradient of the other reductions is not known here. */
function readScatterElements(node: OnnxNode): Tensor {
  const [x, at, updates] = [node.input(0), node.input(1), node.input(2)]
  const axis = node.axis(x, node.int('axis', 0))
  if (at.rank !== x.rank || !sameShape(at.shape, updates.shape))
    throw new Error(
      `${showShape(updates.shape)} updates at ${showShape(at.shape)} indices of ${showShape(x.shape)}`,
    )
  const reduction = node.text('reduction', 'none')
  if (reduction === 'add') return addElements(x, at, updates, axis)
  if (reduction !== 'none') return node.make(x.shape, x.dtype)
  const put = (to: Tensor, values: Tensor): Tensor =>
    node.make(
      x.shape,
      x.dtype,
      ([g]) => [put(g!, mul(values, scalar(0, x.dtype))), null, gatherElements(g!, at, axis)],
      { inputs: [to, at, values] },
    )
  return put(x, updates)
}

/** The slices that the last axis of the indices names. */
function readGatherND(node: OnnxNode): Tensor {
  const [x, at] = [node.input(0), node.input(1)]
  const batch = node.int('batch_dims', 0)
  const depth = at.shape[at.rank - 1]
  if (batch < 0 || batch >= at.rank || typeof depth !== 'number' || depth < 1 || batch + depth > x.rank)
    throw new Error(
      `indices ${showShape(at.shape)} into ${showShape(x.shape)}, ${batch} of whose axes are batches`,
    )
  return node.make([...at.shape.slice(0, -1), ...x.shape.slice(batch + depth)], x.dtype)
}

function readOneHot(node: OnnxNode): Tensor {
  const [at, , values] = [node.input(0), node.input(1), node.input(2)]
  const [depth] = node.integers(1, 'its depth')
  const rank = at.rank + 1
  const axis = node.axis(at, node.int('axis', -1), rank)
  if (!(depth >= 1)) throw new Error(`its depth is ${depth}`)
  const shape: Dim[] = [...at.shape.slice(0, axis), depth, ...at.shape.slice(axis)]
  return node.make(shape, values.dtype)
}
