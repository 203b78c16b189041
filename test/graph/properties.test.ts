// Random compositions of element-wise operators, reductions and matrix products: the gradient is the derivative.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import * as g from '../../src/graph/index.ts'
import { between, type Case, checkCase, type Inputs } from './harness.ts'

/** One step of a program: it takes one or two earlier values (by position from the end) to a new one. */
interface Step {
  op: number
  a: number
  b: number
  axis: number
}

const bounded = (x: g.Tensor) => g.tanh(x)
const steps: ((a: g.Tensor, b: g.Tensor, axis: number) => g.Tensor)[] = [
  a => g.neg(a),
  a => bounded(a),
  a => g.sigmoid(a),
  a => g.silu(a),
  a => g.softplus(a),
  a => g.sin(a),
  a => g.exp(bounded(a)),
  a => g.log(g.add(g.square(a), 1)),
  a => g.sqrt(g.add(g.square(a), 0.5)),
  a => g.pow(g.add(g.sigmoid(a), 0.5), 1.5),
  (a, _, axis) => g.reduceSum(a, [axis]),
  (a, _, axis) => g.reduceMean(a, [axis], true),
  (a, _, axis) => g.reduceSumSquare(bounded(a), [axis], true),
  (a, _, axis) => g.softmax(a, axis),
  (a, _, axis) => g.logSoftmax(a, axis),
  (a, _, axis) => g.concat([a, bounded(a)], axis),
  (a, _, axis) => g.flip(a, [axis]),
  a => g.swapLast(a),
  (a, b) => g.add(a, b),
  (a, b) => g.sub(a, b),
  (a, b) => g.mul(bounded(a), b),
  (a, b) => g.div(a, g.add(g.square(b), 1)),
  (a, b) => g.matmul(bounded(a), b),
  (a, b) => g.matmul(a, bounded(b), { transposeA: true, alpha: 0.5 }),
  (a, b) => g.matmul(a, bounded(b), { transposeB: true }),
  (a, b) => g.where(g.greater(a, 0.1), bounded(b), a),
]

/** Carries out the steps that the shapes at hand allow: what throws, as it should, is left out. */
function compose(program: readonly Step[], inputs: Inputs): g.Tensor {
  const values = Object.values(inputs)
  for (const { op, a, b, axis } of program) {
    const pick = (back: number) => values[values.length - 1 - (back % values.length)]
    const [x, y] = [pick(a), pick(b)]
    try {
      const made = steps[op](x, y, x.rank ? axis % x.rank : 0)
      if (g.sizeOf(made.shape) <= 100) values.push(made)
    } catch (error) {
      expect(String(error)).toMatch(/do not broadcast|inner sizes|two dimensions|outside/)
    }
  }
  return values[values.length - 1]
}

const shape = fc.array(fc.constantFrom(1, 2, 3), { minLength: 0, maxLength: 3 })
const step = fc.record({
  op: fc.nat(steps.length - 1),
  a: fc.nat(3),
  b: fc.nat(5),
  axis: fc.nat(2),
})

it('is true of any composition', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(shape, { minLength: 1, maxLength: 3 }),
      fc.array(step, { minLength: 1, maxLength: 12 }),
      async (shapes, program) => {
        const inputs = Object.fromEntries(shapes.map((dims, i) => [`x${i}`, between(-1.5, 1.5, ...dims)]))
        const sample: Case = ['composition', inputs, x => compose(program, x), { elements: 6 }]
        await checkCase(sample)
      },
    ),
    { numRuns: 120, seed: 1 },
  )
})
