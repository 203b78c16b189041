// Readers of the operators that make one value of many, or order them along an axis.

import { product } from '../dims.ts'
import { topK } from '../gather.ts'
import {
  logSoftmax,
  reduceL1,
  reduceL2,
  reduceLogSum,
  reduceLogSumExp,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceProd,
  reduceSum,
  reduceSumSquare,
  softmax,
} from '../reduce.ts'
import { reshape, reshapeLike, transpose } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import type { OnnxNode, Operator, Operators } from './node.ts'

type Reduce = (x: Tensor, axes?: readonly number[], keep?: boolean) => Tensor

/** Older operator sets give the axes as an attribute. No axes, or an empty list, mean all of them. */
const reduction = (reduce: Reduce): Operator => ({
  inputs: 'data: T, axes?: int',
  attributes: { axes: 'ints', keepdims: 'flag', noop_with_empty_axes: [0] },
  read(node) {
    const axes = node.list('axes', 1)
    return reduce(node.input(0), axes?.length ? axes : undefined, node.int('keepdims', 1) !== 0)
  },
})

/** Before operator set 13 these flattened x to a matrix at the axis, and their axis was 1 by default. */
const softmaxOf = (f: (x: Tensor, axis: number) => Tensor): Operator => ({
  inputs: 'X: F',
  attributes: { axis: 'int' },
  read(node) {
    const x = node.input(0)
    const axis = node.axis(x, node.int('axis', node.opset < 13 ? 1 : -1))
    if (node.opset >= 13 || axis === x.rank - 1) return f(x, axis)
    const matrix = [product(x.shape.slice(0, axis)), product(x.shape.slice(axis))]
    return reshapeLike(f(reshape(x, matrix), 1), x)
  },
})

const argReduction: Operator = {
  inputs: 'data: any',
  attributes: { axis: 'int', keepdims: 'flag', select_last_index: 'flag' },
  read(node) {
    const x = node.input(0)
    const axis = node.axis(x, node.int('axis', 0))
    const kept = x.shape.map((dim, i) => (i === axis ? 1 : dim))
    return node.make(node.int('keepdims', 1) ? kept : kept.filter((_, i) => i !== axis), 'int64')
  },
}

export const reductions: Operators = {
  ReduceSum: reduction(reduceSum),
  ReduceMean: reduction(reduceMean),
  ReduceSumSquare: reduction(reduceSumSquare),
  ReduceMax: reduction(reduceMax),
  ReduceMin: reduction(reduceMin),
  ReduceL1: reduction(reduceL1),
  ReduceL2: reduction(reduceL2),
  ReduceLogSum: reduction(reduceLogSum),
  ReduceLogSumExp: reduction(reduceLogSumExp),
  ReduceProd: reduction(reduceProd),
  Softmax: softmaxOf(softmax),
  LogSoftmax: softmaxOf(logSoftmax),
  ArgMax: argReduction,
  ArgMin: argReduction,
  CumSum: { inputs: 'X: T, axis: int', attributes: { exclusive: 'flag', reverse: 'flag' }, read: readCumSum },
  TopK: {
    inputs: 'X: T, K?: int',
    outputs: 2,
    attributes: { axis: 'int', k: 'int', largest: 'flag', sorted: 'flag' },
    read: readTopK,
  },
}

/** y_i = Σ_{j ≤ i} x_j along an axis; the gradient is the same sum from the other side. */
function readCumSum(node: OnnxNode): Tensor {
  const [x, axis] = [node.input(0), node.input(1)]
  const sum = (of: Tensor, reverse: number): Tensor =>
    node.make(of.shape, of.dtype, ([g]) => [sum(g!, 1 - reverse), null], {
      inputs: [of, axis],
      attributes: { exclusive: node.int('exclusive', 0), reverse },
    })
  return sum(x, node.int('reverse', 0) ? 1 : 0)
}

function readTopK(node: OnnxNode): Tensor[] {
  const x = node.input(0)
  const axis = node.axis(x, node.int('axis', -1))
  const [k] = node.has('k') ? [node.int('k', 0)] : node.integers(1, 'K')
  const largest = node.int('largest', 1) !== 0
  // The last axis changes places with the one meant.
  const order = x.shape.map((_, i) => i)
  ;[order[axis], order[x.rank - 1]] = [order[x.rank - 1], order[axis]]
  const turned = axis === x.rank - 1 ? x : transpose(x, order)
  const { values, indices } = topK(turned, k, largest)
  if (turned === x) return [values, indices]
  return [transpose(values, order), transpose(indices, order)]
}
