// Operators that are built from others compute what their docblocks say: the graph, evaluated in float64, against
// the formula as plain code. (Whether ONNX Runtime agrees with the graph is tested in gradients.test.ts.)

import { expect, it } from 'vitest'
import * as g from '../../src/graph/index.ts'
import { between, drawInputs, indices, makeInputs, positive, type Spec } from './harness.ts'
import { at, each, tabulate } from './reference/value.ts'
import { evaluate, type Value } from './reference.ts'

type Index = readonly number[]
type Read = (...index: number[]) => number
type Definition = readonly [
  name: string,
  inputs: Record<string, Spec>,
  build: (x: Record<string, g.Tensor>) => g.Tensor,
  shape: readonly number[],
  formula: (x: Record<string, Read>, index: Index) => number,
]

const range = (n: number) => [...Array(n).keys()]
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)
const mean = (values: readonly number[]) => sum(values) / values.length
const spread = (values: readonly number[]) => mean(values.map(x => (x - mean(values)) ** 2))
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))
/** The pixels of channels [from, to) of image n. */
const pixels = (x: Read, n: number, from: number, to: number, height: number, width: number) =>
  range(to - from).flatMap(c => range(height).flatMap(i => range(width).map(j => x(n, from + c, i, j))))
/** Bilinear interpolation at a point of an image whose pixel centres are at half-integers, edges repeated. */
function bilinear(x: Read, n: number, c: number, size: [number, number], row: number, column: number) {
  const point = [row, column].map((p, axis) => Math.min(size[axis] - 1, Math.max(0, p - 0.5)))
  const [i, j] = point.map(Math.floor)
  const [u, v] = [point[0] - i, point[1] - j]
  const [below, right] = [Math.min(i + 1, size[0] - 1), Math.min(j + 1, size[1] - 1)]
  return (
    (1 - u) * ((1 - v) * x(n, c, i, j) + v * x(n, c, i, right)) +
    u * ((1 - v) * x(n, c, below, j) + v * x(n, c, below, right))
  )
}
/** 0 outside of an image. */
const padded = (x: Read, n: number, c: number, i: number, j: number, height: number, width: number) =>
  i >= 0 && j >= 0 && i < height && j < width ? x(n, c, i, j) : 0

const image: Spec = [2, 4, 3, 2]
const norms = { x: image, gamma: positive(4), beta: [4] }

const definitions: Definition[] = [
  ['silu', { x: [7] }, ({ x }) => g.silu(x), [7], ({ x }, [i]) => x(i) * sigmoid(x(i))],
  ['square', { x: [3] }, ({ x }) => g.square(x), [3], ({ x }, [i]) => x(i) * x(i)],
  [
    'variance',
    { x: [3, 5] },
    ({ x }) => g.variance(x, [1]),
    [3],
    ({ x }, [i]) => spread(range(5).map(j => x(i, j))),
  ],
  [
    'reduceMean',
    { x: [3, 5] },
    ({ x }) => g.reduceMean(x, [0]),
    [5],
    ({ x }, [j]) => mean(range(3).map(i => x(i, j))),
  ],
  [
    'softmax',
    { x: [3, 5] },
    ({ x }) => g.softmax(x, 0),
    [3, 5],
    ({ x }, [i, j]) => Math.exp(x(i, j)) / sum(range(3).map(k => Math.exp(x(k, j)))),
  ],
  [
    'logSoftmax',
    { x: [3, 5] },
    ({ x }) => g.logSoftmax(x),
    [3, 5],
    ({ x }, [i, j]) => x(i, j) - Math.log(sum(range(5).map(k => Math.exp(x(i, k))))),
  ],
  [
    'matmul with Aᵀ, Bᵀ and α',
    { a: [2, 3, 4], b: [5, 3] },
    ({ a, b }) => g.matmul(a, b, { transposeA: true, transposeB: true, alpha: 0.5 }),
    [2, 4, 5],
    ({ a, b }, [n, i, j]) => 0.5 * sum(range(3).map(k => a(n, k, i) * b(j, k))),
  ],
  [
    'conv2d',
    { x: [2, 3, 4, 5], w: [2, 3, 3, 3] },
    ({ x, w }) => g.conv2d(x, w, { stride: 2 }),
    [2, 2, 2, 3],
    ({ x, w }, [n, o, i, j]) =>
      sum(
        range(27).map(k => {
          const [c, u, v] = [Math.floor(k / 9), Math.floor(k / 3) % 3, k % 3]
          return w(o, c, u, v) * padded(x, n, c, 2 * i + u - 1, 2 * j + v - 1, 4, 5)
        }),
      ),
  ],
  [
    'unfold',
    { x: [2, 3, 4, 5] },
    ({ x }) => g.unfold(x, 3),
    [2, 27, 4, 5],
    ({ x }, [n, k, i, j]) =>
      padded(x, n, Math.floor(k / 9), i + (Math.floor(k / 3) % 3) - 1, j + (k % 3) - 1, 4, 5),
  ],
  [
    'areaPool',
    { x: [2, 3, 4, 6] },
    ({ x }) => g.areaPool(x, 2),
    [2, 3, 2, 3],
    ({ x }, [n, c, i, j]) => mean(range(4).map(k => x(n, c, 2 * i + (k >> 1), 2 * j + (k & 1)))),
  ],
  [
    'averagePool',
    { x: [1, 2, 4, 5] },
    ({ x }) => g.averagePool(x, 3, 2, 1),
    [1, 2, 2, 3],
    ({ x }, [n, c, i, j]) =>
      mean(range(9).map(k => padded(x, n, c, 2 * i + Math.floor(k / 3) - 1, 2 * j + (k % 3) - 1, 4, 5))),
  ],
  [
    'globalAveragePool',
    { x: image },
    ({ x }) => g.globalAveragePool(x),
    [2, 4],
    ({ x }, [n, c]) => mean(pixels(x, n, c, c + 1, 3, 2)),
  ],
  [
    'upsampleNearest',
    { x: [1, 2, 2, 3] },
    ({ x }) => g.upsampleNearest(x, 3),
    [1, 2, 6, 9],
    ({ x }, [n, c, i, j]) => x(n, c, Math.floor(i / 3), Math.floor(j / 3)),
  ],
  [
    'upsampleBilinear',
    { x: image },
    ({ x }) => g.upsampleBilinear(x),
    [2, 4, 6, 4],
    ({ x }, [n, c, i, j]) => bilinear(x, n, c, [3, 2], (i + 0.5) / 2, (j + 0.5) / 2),
  ],
  [
    'toPatches',
    { x: [1, 2, 4, 6] },
    ({ x }) => g.toPatches(x, 2),
    [1, 8, 2, 3],
    ({ x }, [n, k, i, j]) => x(n, k >> 2, 2 * i + ((k >> 1) & 1), 2 * j + (k & 1)),
  ],
  [
    'fromPatches',
    { x: [1, 8, 2, 3] },
    ({ x }) => g.fromPatches(x, 2),
    [1, 2, 4, 6],
    ({ x }, [n, c, i, j]) => x(n, 4 * c + 2 * (i & 1) + (j & 1), i >> 1, j >> 1),
  ],
  [
    'groupNorm',
    norms,
    ({ x, gamma, beta }) => g.groupNorm(x, 2, gamma, beta),
    [2, 4, 3, 2],
    ({ x, gamma, beta }, [n, c, i, j]) => {
      const group = pixels(x, n, c & ~1, (c & ~1) + 2, 3, 2)
      return (gamma(c) * (x(n, c, i, j) - mean(group))) / Math.sqrt(spread(group) + 1e-5) + beta(c)
    },
  ],
  [
    'layerNorm',
    { x: [3, 4], gamma: positive(4), beta: [4] },
    ({ x, gamma, beta }) => g.layerNorm(x, gamma, beta, 1e-3),
    [3, 4],
    ({ x, gamma, beta }, [i, j]) => {
      const row = range(4).map(k => x(i, k))
      return (gamma(j) * (x(i, j) - mean(row))) / Math.sqrt(spread(row) + 1e-3) + beta(j)
    },
  ],
  [
    'rmsNorm',
    { x: image, gamma: positive(4, 1, 1) },
    ({ x, gamma }) => g.rmsNorm(x, gamma, 1),
    [2, 4, 3, 2],
    ({ x, gamma }, [n, c, i, j]) =>
      (gamma(c, 0, 0) * x(n, c, i, j)) / Math.sqrt(mean(range(4).map(k => x(n, k, i, j) ** 2)) + 1e-5),
  ],
  [
    'transpose',
    { x: [2, 3, 4] },
    ({ x }) => g.transpose(x, [2, 0, 1]),
    [4, 2, 3],
    ({ x }, [i, j, k]) => x(j, k, i),
  ],
  ['swapLast', { x: [2, 3, 4] }, ({ x }) => g.swapLast(x), [2, 4, 3], ({ x }, [i, j, k]) => x(i, k, j)],
  ['unsqueeze', { x: [2, 3] }, ({ x }) => g.unsqueeze(x, -2), [2, 1, 3], ({ x }, [i, , k]) => x(i, k)],
  [
    'concat',
    { a: [2, 1], b: [2, 3] },
    ({ a, b }) => g.concat([a, b], 1),
    [2, 4],
    ({ a, b }, [i, j]) => (j < 1 ? a(i, j) : b(i, j - 1)),
  ],
  ['split', { x: [5, 2] }, ({ x }) => g.split(x, [1, 3, 1], 0)[1], [3, 2], ({ x }, [i, j]) => x(i + 1, j)],
  ['slice', { x: [2, 5] }, ({ x }) => g.slice(x, 1, -4, -1), [2, 3], ({ x }, [i, j]) => x(i, j + 1)],
  [
    'flip',
    { x: [2, 3, 4] },
    ({ x }) => g.flip(x, [0, -1]),
    [2, 3, 4],
    ({ x }, [i, j, k]) => x(1 - i, j, 3 - k),
  ],
  [
    'pad',
    { x: [3, 4] },
    ({ x }) =>
      g.pad(
        x,
        [
          [1, -1],
          [-1, 2],
        ],
        7,
      ),
    [3, 5],
    ({ x }, [i, j]) => (i < 1 || j > 2 ? 7 : x(i - 1, j + 1)),
  ],
  [
    'gather',
    { x: [4, 2], k: indices(4, 3, 2) },
    ({ x, k }) => g.gather(x, k),
    [3, 2, 2],
    ({ x, k }, [i, j, l]) => x(k(i, j), l),
  ],
  [
    'scatterAdd',
    { u: [6, 2], k: indices(3, 6) },
    ({ u, k }) => g.scatterAdd(u, k, [3, 2]),
    [3, 2],
    ({ u, k }, [i, j]) => sum(range(6).map(row => (k(row) === i ? u(row, j) : 0))),
  ],
  [
    'pick',
    { x: [3, 4], k: indices(4, 3) },
    ({ x, k }) => g.pick(x, k),
    [3, 1],
    ({ x, k }, [i]) => x(i, k(i)),
  ],
  [
    'clip',
    { x: between(-3, 3, 9) },
    ({ x }) => g.clip(x, -1, 2),
    [9],
    ({ x }, [i]) => Math.min(2, Math.max(-1, x(i))),
  ],
]

it.each(
  definitions.map(definition => [definition[0], definition] as const),
)('%s is what its formula says', (_, [name, specs, build, shape, formula]) => {
  const values = drawInputs([name, specs, build])
  const [y] = evaluate([build(makeInputs(values))], values)
  const read = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, (...index: number[]) => Number(at(value, index))]),
  )
  expect(y.shape).toEqual(shape)
  each(shape, index => {
    // float64 on both sides, but ε and constants such as 1/n are float32.
    expect(at(y, index), `${name} at [${index}]`).toBeCloseTo(formula(read, index), 6)
  })
})

/** ⟨x, y⟩ of all elements. */
const dot = (x: Value, y: Value) => sum(x.data.map((value, i) => (value as number) * (y.data[i] as number)))

it.each([
  [1, 1, 5, 4],
  [2, 1, 5, 6],
  [2, 0, 7, 5],
  [3, 1, 6, 8],
])('convTranspose2d is the adjoint of conv2d with stride %i and padding %i on %i×%i', (stride, padding, h, w) => {
  const values = drawInputs(['adjoint', { x: [2, 2, h, w], k: [3, 2, 3, 3] }, ({ x }) => x])
  const x = makeInputs(values)
  const y = g.conv2d(x.x, x.k, { stride, padding })
  const cotangent = tabulate(y.shape as number[], 'float32', ([n, c, i, j]) =>
    Math.sin(n + 2 * c + 3 * i + 5 * j),
  )
  const back = g.convTranspose2d(g.input('y', y.shape), x.k, { stride, padding, size: [h, w] })
  const [ahead, returned] = evaluate([y, back], { ...values, y: cotangent })
  expect(dot(ahead, cotangent)).toBeCloseTo(dot(values.x, returned), 9)
})
