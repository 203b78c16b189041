// What has no gradient, or a chosen one: comparisons, indices, ties, casts, extremes, against plain numbers.

import { expect, it } from 'vitest'
import * as g from '../../src/graph/index.ts'
import { runModel } from './engine.ts'
import { expectClose, randomOf } from './harness.ts'
import { evaluate, fromValues, type Value } from './reference.ts'

const float = (values: readonly number[], shape: readonly number[] = [values.length]): Value =>
  fromValues(Float32Array.from(values), shape, 'float32')

/** Runs a graph of the inputs in ONNX Runtime, compares with the reference, and gives plain lists. */
async function run<K extends string>(
  values: Readonly<Record<string, Value>>,
  build: (x: Record<string, g.Tensor>) => Record<K, g.Tensor>,
  threads = 1,
): Promise<Record<K, number[]>> {
  const x = Object.fromEntries(
    Object.entries(values).map(([name, { shape, dtype }]) => [name, g.input(name, shape, dtype)]),
  )
  const outputs: Record<string, g.Tensor> = build(x)
  const results = await runModel(g.writeModel(outputs), values, threads)
  const expected = evaluate(Object.values(outputs), values)
  Object.keys(outputs).forEach((name, i) => {
    expectClose(results[name], expected[i], 1e-6, name)
  })
  const lists = Object.entries(results).map(([name, { data }]) => [name, data.map(Number)])
  return Object.fromEntries(lists) as Record<K, number[]>
}

it('compares element by element, broadcast, to bool', async () => {
  const results = await run({ a: float([1, 2, 3]), b: float([2]) }, ({ a, b }) => ({
    equal: g.equal(a, b),
    greater: g.greater(a, b),
    greaterOrEqual: g.greaterOrEqual(a, b),
    less: g.less(a, b),
    number: g.less(a, 2.5),
  }))
  expect(results).toEqual({
    equal: [0, 1, 0],
    greater: [0, 0, 1],
    greaterOrEqual: [0, 1, 1],
    less: [1, 0, 0],
    number: [1, 1, 0],
  })
})

it('finds the first of equal extremes with argMin and argMax, on any axis', async () => {
  const x = float([3, 1, 1, 2, 2, 0, 5, 5], [2, 4])
  const results = await run({ x }, ({ x }) => ({
    least: g.argMin(x, 1),
    most: g.argMax(x, -1, true),
    column: g.argMin(x, 0),
  }))
  expect(results).toEqual({ least: [1, 1], most: [0, 2], column: [1, 1, 0, 0] })
})

it('orders equal values of topK by their index', async () => {
  const x = float([1, 3, 3, 2, 3, 0], [1, 6])
  const results = await run({ x }, ({ x }) => {
    const [most, least] = [g.topK(x, 4), g.topK(x, 2, false)]
    return { values: most.values, indices: most.indices, least: least.indices }
  })
  expect(results).toEqual({ values: [3, 3, 3, 2], indices: [1, 2, 4, 3], least: [5, 0] })
})

it('gives the gradient at a tie or kink to whom the docblock says', async () => {
  const values = { a: float([0, 1, 2]), b: float([0, 1, -2]) }
  const results = await run(values, ({ a, b }) => {
    const d = (y: g.Tensor, x: g.Tensor) => g.gradients(g.reduceSum(y), [x])[0]
    return {
      maximumFirst: d(g.maximum(a, b), a),
      maximumSecond: d(g.maximum(a, b), b),
      minimumFirst: d(g.minimum(a, b), a),
      minimumSecond: d(g.minimum(a, b), b),
      abs: d(g.abs(b), b),
      relu: d(g.relu(b), b),
      clip: d(g.clip(b, -1, 1), b),
      shared: d(g.reduceMax(g.concat([a, a], 0)), a),
    }
  })
  expect(results).toEqual({
    maximumFirst: [1, 1, 1],
    maximumSecond: [0, 0, 0],
    minimumFirst: [1, 1, 0],
    minimumSecond: [0, 0, 1],
    abs: [0, 1, -1],
    relu: [0, 1, 0],
    clip: [1, 1, 0],
    shared: [0, 0, 1],
  })
})

it('cuts towards zero when it casts to integers, and takes anything but 0 for true', async () => {
  const results = await run({ x: float([-1.7, -0.2, 0, 0.9, 2.5]) }, ({ x }) => ({
    int32: g.cast(x, 'int32'),
    int64: g.cast(x, 'int64'),
    bool: g.cast(x, 'bool'),
    back: g.cast(g.cast(x, 'int64'), 'float32'),
    doubled: g.mul(g.cast(x, 'int64'), 2),
  }))
  expect(results).toEqual({
    int32: [-1, 0, 0, 0, 2],
    int64: [-1, 0, 0, 0, 2],
    bool: [1, 1, 0, 1, 1],
    back: [-1, 0, 0, 0, 2],
    doubled: [-2, 0, 0, 0, 4],
  })
})

it('makes one-hot rows, zero for an index outside, from the end for a negative one', async () => {
  const i = fromValues(BigInt64Array.of(2n, 0n, -1n, 5n), [4], 'int64')
  const { rows } = await run({ i }, ({ i }) => ({ rows: g.oneHot(i, 3) }))
  expect(rows).toEqual([0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0])
})

it('stays finite at extreme inputs, values and gradients', async () => {
  const results = await run({ x: float([-1e4, -100, -30, 0, 30, 100, 1e4]) }, ({ x }) => {
    const outputs: Record<string, g.Tensor> = {}
    const { tanh, sigmoid, softplus, silu, softmax, logSoftmax } = g
    for (const apply of [tanh, sigmoid, softplus, silu, softmax, logSoftmax]) {
      outputs[apply.name] = apply(x)
      outputs[`gradient of ${apply.name}`] = g.gradients(g.reduceSum(g.mul(apply(x), g.add(x, 1))), [x])[0]
    }
    return outputs
  })
  for (const [name, list] of Object.entries(results))
    expect(list.every(Number.isFinite), `${name}: ${list}`).toBe(true)
})

it('normalises constant inputs to β, with finite gradients', async () => {
  const values = { x: float(Array(16).fill(3), [2, 2, 2, 2]), gamma: float([1, 2]), beta: float([0.5, -1]) }
  const { y, dx } = await run(values, ({ x, gamma, beta }) => {
    const y = g.groupNorm(x, 1, gamma, beta)
    return { y, dx: g.gradients(g.reduceSum(g.mul(y, y)), [x])[0] }
  })
  expect(y).toEqual([0.5, 0.5, 0.5, 0.5, -1, -1, -1, -1, 0.5, 0.5, 0.5, 0.5, -1, -1, -1, -1])
  expect(dx.every(Number.isFinite)).toBe(true)
})

it('passes no gradient through stopGradient, and the custom one through customGradient', async () => {
  const results = await run({ x: float([1.3, -0.6]) }, ({ x }) => {
    const rounded = g.cast(g.cast(g.mul(x, 4), 'int32'), 'float32')
    const through = g.customGradient(rounded, [x], grad => [g.mul(grad, 4)])
    const stopped = g.mul(x, g.stopGradient(g.square(x)))
    return {
      through,
      slope: g.gradients(g.reduceSum(g.mul(through, 0.5)), [x])[0],
      stopped: g.gradients(g.reduceSum(stopped), [x])[0],
      nothing: g.gradients(g.reduceSum(g.stopGradient(x)), [x])[0],
    }
  })
  expect(results.through).toEqual([5, -2])
  expect(results.slope).toEqual([2, 2])
  expect(results.stopped[0]).toBeCloseTo(1.69, 5)
  expect(results.nothing).toEqual([0, 0])
})

it('differentiates by intermediate values and by what they are made of at once', async () => {
  const results = await run({ x: float([2, 3]) }, ({ x }) => {
    const h = g.square(x)
    const [dx, dh, dy] = g.gradients(g.reduceSum(g.mul(h, x)), [x, h, g.input('other', [1])])
    return { dx, dh, dy }
  })
  expect(results).toEqual({ dx: [12, 27], dh: [2, 3], dy: [0] })
})

it('loses no row when several threads could add to the same one', async () => {
  const [count, width, rows] = [20_000, 64, 4]
  const random = randomOf('rows')
  const at = Array.from({ length: count }, () => Math.floor(random() * rows))
  const counts = Array.from({ length: rows }, (_, row) => at.filter(i => i === row).length)
  const [u, i] = [g.input('u', [count, width]), g.input('i', [count], 'int64')]
  const model = g.writeModel({ sum: g.scatterAdd(u, i, [rows, width]) })
  const { sum } = await runModel(
    model,
    {
      u: fromValues(new Float32Array(count * width).fill(1), [count, width], 'float32'),
      i: fromValues(BigInt64Array.from(at, BigInt), [count], 'int64'),
    },
    4,
  )
  expect(sum.data).toEqual(counts.flatMap(total => Array(width).fill(total)))
})
