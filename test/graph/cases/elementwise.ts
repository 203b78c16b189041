// Element-wise operators with broadcasting in every direction, reductions and soft-max.

import * as g from '../../../src/graph/index.ts'
import { type Case, distinct, given, positive } from '../harness.ts'

const { add, sub, mul, div, maximum, minimum } = g
const binaries: Case[] = Object.entries({ add, sub, mul, div, maximum, minimum }).flatMap(([op, apply]) => {
  const second = op === 'div' ? positive : (...shape: number[]) => shape
  const cases: Case[] = [
    [`${op} of like shapes`, { a: [2, 3], b: second(2, 3) }, ({ a, b }) => apply(a, b), { batch: 'a b' }],
    [
      `${op} with a vector on the right`,
      { a: [2, 3], b: second(3) },
      ({ a, b }) => apply(a, b),
      { batch: 'a' },
    ],
    [
      `${op} with a vector on the left`,
      { a: [3], b: second(2, 3) },
      ({ a, b }) => apply(a, b),
      { batch: 'b' },
    ],
    [`${op} with a column`, { a: [2, 3], b: second(2, 1) }, ({ a, b }) => apply(a, b), { batch: 'a b' }],
    [`${op} of a column and a row`, { a: [3, 1], b: second(1, 4) }, ({ a, b }) => apply(a, b)],
    [
      `${op} of ranks 4 and 2`,
      { a: [2, 1, 2, 3], b: second(2, 1) },
      ({ a, b }) => apply(a, b),
      { batch: 'a' },
    ],
    [`${op} of ranks 1 and 3`, { a: [1], b: second(2, 1, 3) }, ({ a, b }) => apply(a, b)],
    [`${op} with a scalar tensor`, { a: [2, 3], b: second() }, ({ a, b }) => apply(a, b), { batch: 'a' }],
    [`${op} of a scalar tensor`, { a: [], b: second(2, 3) }, ({ a, b }) => apply(a, b)],
    [`${op} of scalar tensors`, { a: [], b: second() }, ({ a, b }) => apply(a, b)],
    [`${op} of size 1 and scalar`, { a: [1, 1], b: second() }, ({ a, b }) => apply(a, b)],
    [`${op} with a number`, { a: [2, 3] }, ({ a }) => apply(a, 0.7), { batch: 'a' }],
    [`${op} of a number`, { b: second(2, 3) }, ({ b }) => apply(0.7, b), { batch: 'b' }],
    [`${op} of one tensor with itself`, { b: second(2, 3) }, ({ b }) => apply(b, b)],
  ]
  return cases.filter(([name]) => !(op.endsWith('mum') && name.includes('itself')))
})

const { neg, sin, cos, tanh, sigmoid, softplus, silu, exp, square, abs, relu } = g
const anywhere = { neg, sin, cos, tanh, sigmoid, softplus, silu, exp, square, abs, relu }
const { log, sqrt, reciprocal } = g
const unaries: Case[] = Object.entries({ ...anywhere, log, sqrt, reciprocal }).flatMap(
  ([op, apply]): Case[] => [
    [op, { x: op in anywhere ? [2, 4] : positive(2, 4) }, ({ x }) => apply(x), { batch: 'x' }],
    [`${op} of an expression`, { x: positive(3) }, ({ x }) => apply(g.mul(x, g.sqrt(x)))],
  ],
)

const order = given([0.3, -1.2, 2.5, 0.9, -0.4, 1.7], [2, 3])

export const elementwise: Case[] = [
  ...binaries,
  ...unaries,
  ['pow 2', { x: [5] }, ({ x }) => g.pow(x, 2), { batch: 'x' }],
  ['pow 3', { x: [5] }, ({ x }) => g.pow(x, 3)],
  ['pow 1', { x: [5] }, ({ x }) => g.pow(x, 1)],
  ['pow 0', { x: [5] }, ({ x }) => g.pow(x, 0)],
  ['pow 0 and 1 at zero', { x: given([0, 1, 0]) }, ({ x }) => [g.pow(x, 0), g.pow(x, 1)], { twice: false }],
  ['pow 2 at zero', { x: given([0, 1, 0]) }, ({ x }) => g.pow(x, 2)],
  ['pow −½', { x: positive(5) }, ({ x }) => g.pow(x, -0.5)],
  ['pow 2.5 of a matrix', { x: positive(2, 3) }, ({ x }) => g.pow(x, 2.5)],
  ['clip', { x: distinct(3, 4) }, ({ x }) => g.clip(x, -1, 1.5), { batch: 'x' }],
  ['cast to the same type', { x: [3] }, ({ x }) => g.mul(g.cast(x, 'float32'), x)],
  [
    'cast to float64 and back',
    { x: [3] },
    ({ x }) => g.mul(g.cast(g.exp(g.cast(x, 'float64')), 'float32'), x),
  ],
  [
    'arithmetic in float64, with numbers',
    { x: positive(3) },
    ({ x }) => {
      const wide = g.cast(x, 'float64')
      return g.cast(g.add(g.mul(g.sqrt(wide), 0.5), g.div(1, g.sigmoid(wide))), 'float32')
    },
  ],
  [
    'where',
    { c: order, a: [2, 3], b: [2, 3] },
    ({ c, a, b }) => g.where(g.greater(c, 0.5), a, b),
    { batch: 'c a b' },
  ],
  [
    'where, all broadcast',
    { c: given([1, -1, 1]), a: [2, 1], b: [] },
    ({ c, a, b }) => g.where(g.less(c, 0), a, b),
  ],
  [
    'where of a number and a matrix',
    { c: given([1, -1]), b: [3, 2] },
    ({ c, b }) => g.where(g.less(c, 0), 2, b),
  ],
  [
    'where of a column condition',
    { c: given([1, -1], [2, 1]), a: [2], b: [1, 2] },
    ({ c, a, b }) => g.where(g.greaterOrEqual(c, 0), a, b),
  ],
  [
    'a condition that depends on the input',
    { x: order },
    ({ x }) => g.where(g.greater(x, 0), g.square(x), g.exp(x)),
  ],
]

const { reduceSum, reduceMean, reduceSumSquare, variance, reduceMax, reduceMin } = g
const folds = { reduceSum, reduceMean, reduceSumSquare, variance, reduceMax, reduceMin }
const foldCases: Case[] = Object.entries(folds).flatMap(([op, apply]) => {
  const cases: Case[] = [
    [`${op} of everything`, { x: distinct(2, 3, 2) }, ({ x }) => apply(x)],
    [`${op} of everything, kept`, { x: distinct(2, 3) }, ({ x }) => apply(x, undefined, true)],
    [`${op} over one axis`, { x: distinct(2, 3, 2) }, ({ x }) => apply(x, [1]), { batch: 'x' }],
    [`${op} over one axis, kept`, { x: distinct(2, 3, 2) }, ({ x }) => apply(x, [1], true), { batch: 'x' }],
    [`${op} over the last axis`, { x: distinct(2, 3) }, ({ x }) => apply(x, [-1]), { batch: 'x' }],
    [`${op} over two axes out of order`, { x: distinct(2, 3, 4) }, ({ x }) => apply(x, [-1, 0])],
    [
      `${op} over two axes, kept`,
      { x: distinct(2, 3, 4) },
      ({ x }) => apply(x, [2, 1], true),
      { batch: 'x' },
    ],
    [`${op} over an axis of size 1`, { x: distinct(3, 1, 2) }, ({ x }) => apply(x, [1])],
    [`${op} over no axis`, { x: distinct(2, 3) }, ({ x }) => apply(x, []), { batch: 'x' }],
    [`${op} of a scalar`, { x: [] }, ({ x }) => apply(x)],
    [`${op} of a vector`, { x: distinct(5) }, ({ x }) => apply(x, [0])],
  ]
  return cases
})

export const reductions: Case[] = [
  ...foldCases,
  ...Object.entries({ reduceL1: g.reduceL1, reduceL2: g.reduceL2 }).flatMap(([op, apply]): Case[] => [
    [`${op} of everything`, { x: distinct(2, 3) }, ({ x }) => apply(x)],
    [`${op} over one axis`, { x: distinct(2, 3, 2) }, ({ x }) => apply(x, [1]), { batch: 'x' }],
    [`${op} over no axis`, { x: distinct(2, 3) }, ({ x }) => apply(x, [])],
  ]),
  [
    'reduceL2 of zeros',
    { x: given([0, 0, 3, 4], [2, 2]) },
    ({ x }) => g.reduceL2(x, [1]),
    { elements: 0, twice: false },
  ],
  ...Object.entries({ reduceLogSum: g.reduceLogSum, reduceLogSumExp: g.reduceLogSumExp }).flatMap(
    ([op, apply]): Case[] => [
      [`${op} of everything`, { x: positive(2, 3) }, ({ x }) => apply(x)],
      [`${op} over one axis, kept`, { x: positive(2, 3, 2) }, ({ x }) => apply(x, [1], true), { batch: 'x' }],
    ],
  ),
  ['reduceSum over a symbolic axis', { x: [2, 3] }, ({ x }) => g.reduceSum(g.square(x), [0]), { batch: 'x' }],
  ['reduceMax over a symbolic axis', { x: distinct(2, 3) }, ({ x }) => g.reduceMax(x, [0]), { batch: 'x' }],
  ...Object.entries({ softmax: g.softmax, logSoftmax: g.logSoftmax }).flatMap(([op, apply]): Case[] => [
    [`${op} over the last axis`, { x: [2, 4] }, ({ x }) => apply(x), { batch: 'x' }],
    [`${op} over the first axis`, { x: [3, 2] }, ({ x }) => apply(x, 0)],
    [`${op} over a middle axis`, { x: [2, 3, 2] }, ({ x }) => apply(x, 1), { batch: 'x' }],
    [`${op} over an axis from the end`, { x: [2, 3, 2] }, ({ x }) => apply(x, -2), { batch: 'x' }],
    [`${op} of one class`, { x: [3, 1] }, ({ x }) => apply(x)],
  ]),
  [
    'cross-entropy of picked classes',
    { x: [3, 4], k: { shape: [3], dtype: 'int64', draw: (_, i) => (i * 3) % 4 } },
    ({ x, k }) => g.neg(g.reduceSum(g.pick(g.logSoftmax(x), k))),
    { batch: 'x k' },
  ],
]
