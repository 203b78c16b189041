// Matrix products, convolutions, pooling and up-sampling.

import * as g from '../../../src/graph/index.ts'
import type { Case } from '../harness.ts'

const flags = [false, true]
const transposed: Case[] = flags.flatMap(transposeA =>
  flags.flatMap(transposeB =>
    [
      { a: [], b: [], label: 'of matrices' },
      { a: [2], b: [2], label: 'batched' },
      { a: [2], b: [], label: 'with one matrix on the right' },
      { a: [], b: [2], label: 'with one matrix on the left' },
      { a: [2, 1], b: [1, 3], label: 'of batches that broadcast both ways' },
      { a: [3], b: [2, 3], label: 'of batches of ranks 1 and 2' },
      { a: [1], b: [2], label: 'of batches 1 and 2' },
      { a: [2, 2], b: [2, 1], label: 'with a batch that stretches on the right' },
    ].map(({ a, b, label }): Case => {
      const left = [...a, ...(transposeA ? [4, 2] : [2, 4])]
      const right = [...b, ...(transposeB ? [3, 4] : [4, 3])]
      const name = `matmul ${label}, ${transposeA ? 'Aᵀ' : 'A'} ${transposeB ? 'Bᵀ' : 'B'}`
      const symbolic = a[0] === b[0] && a[0] > 1 ? 'a b' : a.length === 1 && !b.length ? 'a' : undefined
      return [
        name,
        { a: left, b: right },
        x => g.matmul(x.a, x.b, { transposeA, transposeB }),
        { batch: symbolic },
      ]
    }),
  ),
)

const convolutions: Case[] = [
  ['3×3', { x: [2, 3, 5, 4], w: [2, 3, 3, 3] }, {}],
  ['3×3 without padding', { x: [2, 2, 5, 4], w: [3, 2, 3, 3] }, { padding: 0 }],
  ['3×3 with padding 2', { x: [1, 2, 3, 4], w: [2, 2, 3, 3] }, { padding: 2 }],
  ['3×3 with padding 3', { x: [1, 1, 2, 3], w: [2, 1, 3, 3] }, { padding: 3 }],
  ['3×3 of stride 2', { x: [2, 2, 5, 5], w: [3, 2, 3, 3] }, { stride: 2 }],
  ['3×3 of stride 2, even size', { x: [2, 2, 6, 6], w: [2, 2, 3, 3] }, { stride: 2 }],
  ['3×3 of stride 2, odd by even', { x: [1, 2, 5, 6], w: [2, 2, 3, 3] }, { stride: 2 }],
  ['3×3 of stride 2, even by odd', { x: [1, 2, 4, 5], w: [2, 2, 3, 3] }, { stride: 2 }],
  ['3×3 of stride 2 without padding', { x: [1, 2, 6, 5], w: [2, 2, 3, 3] }, { stride: 2, padding: 0 }],
  ['3×3 of stride 3', { x: [1, 2, 7, 6], w: [2, 2, 3, 3] }, { stride: 3 }],
  ['3×3 on one pixel', { x: [2, 3, 1, 1], w: [2, 3, 3, 3] }, {}],
  ['3×3 on one row', { x: [2, 2, 1, 4], w: [2, 2, 3, 3] }, {}],
  ['3×3 on one column', { x: [2, 2, 4, 1], w: [2, 2, 3, 3] }, {}],
  ['3×3 on 2×2', { x: [2, 2, 2, 2], w: [2, 2, 3, 3] }, {}],
  ['3×3 of one channel', { x: [2, 1, 3, 4], w: [1, 1, 3, 3] }, {}],
  ['3×3 of one image', { x: [1, 2, 3, 4], w: [3, 2, 3, 3] }, {}],
  ['1×1', { x: [2, 3, 3, 2], w: [4, 3, 1, 1] }, {}],
  ['1×1 on one pixel', { x: [2, 3, 1, 1], w: [2, 3, 1, 1] }, {}],
  ['1×1 of one channel and image', { x: [1, 1, 3, 2], w: [1, 1, 1, 1] }, {}],
  ['1×1 of stride 2', { x: [2, 2, 4, 5], w: [3, 2, 1, 1] }, { stride: 2 }],
  ['1×1 with padding 1', { x: [2, 2, 2, 3], w: [2, 2, 1, 1] }, { padding: 1 }],
  ['5×5', { x: [2, 2, 5, 4], w: [2, 2, 5, 5] }, {}],
  ['5×5 without padding', { x: [1, 2, 6, 5], w: [2, 2, 5, 5] }, { padding: 0 }],
  ['5×5 of stride 2', { x: [1, 2, 6, 5], w: [2, 2, 5, 5] }, { stride: 2 }],
  ['2×2', { x: [2, 2, 3, 4], w: [3, 2, 2, 2] }, {}],
  ['2×2 with padding 1', { x: [1, 2, 3, 4], w: [2, 2, 2, 2] }, { padding: 1 }],
  ['2×2 of stride 2', { x: [2, 2, 4, 6], w: [3, 2, 2, 2] }, { stride: 2 }],
  ['2×2 of stride 2, odd size', { x: [2, 2, 5, 3], w: [3, 2, 2, 2] }, { stride: 2 }],
  ['4×4 of stride 2', { x: [1, 2, 6, 4], w: [2, 2, 4, 4] }, { stride: 2 }],
  [
    '2×2 of stride 2 with padding 1 on one pixel',
    { x: [2, 2, 1, 1], w: [2, 2, 2, 2] },
    { stride: 2, padding: 1 },
  ],
  ['3×3 of stride 4', { x: [1, 2, 6, 9], w: [2, 2, 3, 3] }, { stride: 4 }],
  ['kernel as large as the image', { x: [2, 2, 3, 3], w: [2, 2, 3, 3] }, { padding: 0 }],
].map(
  ([name, specs, options]): Case => [
    `conv2d ${name}`,
    specs as Record<string, number[]>,
    ({ x, w }) => g.conv2d(x, w, options as g.ConvOptions),
    { batch: 'x' },
  ],
)

const transposedConvolutions: Case[] = [
  ['3×3', { x: [2, 3, 3, 4], w: [3, 2, 3, 3] }, {}],
  ['3×3 of stride 2', { x: [2, 2, 3, 2], w: [2, 3, 3, 3] }, { stride: 2 }],
  ['3×3 of stride 2 to an even size', { x: [2, 2, 3, 3], w: [2, 3, 3, 3] }, { stride: 2, size: 6 }],
  [
    '3×3 of stride 2 to an even by odd size',
    { x: [1, 2, 3, 2], w: [2, 2, 3, 3] },
    { stride: 2, size: [6, 3] },
  ],
  ['2×2 of stride 2', { x: [2, 2, 2, 3], w: [2, 3, 2, 2] }, { stride: 2 }],
  ['4×4 of stride 2', { x: [1, 2, 2, 3], w: [2, 2, 4, 4] }, { stride: 2, padding: 1 }],
  ['1×1', { x: [2, 3, 2, 3], w: [3, 2, 1, 1] }, {}],
  ['1×1 of stride 2', { x: [2, 2, 2, 3], w: [2, 3, 1, 1] }, { stride: 2 }],
  ['5×5 without padding', { x: [1, 2, 2, 3], w: [2, 2, 5, 5] }, { padding: 0 }],
  ['3×3 on one pixel', { x: [2, 2, 1, 1], w: [2, 1, 3, 3] }, { stride: 2 }],
].map(
  ([name, specs, options]): Case => [
    `convTranspose2d ${name}`,
    specs as Record<string, number[]>,
    ({ x, w }) => g.convTranspose2d(x, w, options as Parameters<typeof g.convTranspose2d>[2]),
    { batch: 'x' },
  ],
)

export const products: Case[] = [
  ...transposed,
  ['matmul with alpha', { a: [2, 3], b: [3, 2] }, ({ a, b }) => g.matmul(a, b, { alpha: 0.3 })],
  [
    'matmul with alpha, transposed',
    { a: [2, 3, 2], b: [3, 4] },
    ({ a, b }) => g.matmul(a, b, { alpha: -2, transposeA: true }),
    { batch: 'a' },
  ],
  ['matmul of a matrix with itself', { a: [3, 3] }, ({ a }) => g.matmul(a, a)],
  [
    'matmul of a matrix with its transpose',
    { a: [2, 3, 2] },
    ({ a }) => g.matmul(a, a, { transposeB: true }),
    { batch: 'a' },
  ],
  ['matmul of vectors as matrices', { a: [1, 4], b: [4, 1] }, ({ a, b }) => g.matmul(a, b)],
  ['matmul, an outer product', { a: [3, 1], b: [1, 2] }, ({ a, b }) => g.matmul(a, b)],
  [
    'a quadratic form per image',
    { w: [5, 3], f: [2, 3, 4] },
    ({ w, f }) => {
      const gram = g.matmul(f, f, { transposeB: true })
      return g.reduceSum(g.mul(g.matmul(w, gram), w), [2])
    },
    { batch: 'f' },
  ],
]

export const images: Case[] = [
  ...convolutions,
  ...transposedConvolutions,
  ['unfold 3×3', { x: [2, 2, 3, 4] }, ({ x }) => g.unfold(x, 3), { batch: 'x' }],
  ['unfold 3×3 of stride 2', { x: [1, 2, 5, 4] }, ({ x }) => g.unfold(x, 3, 2)],
  ['unfold 2×2 without padding', { x: [1, 2, 3, 4] }, ({ x }) => g.unfold(x, 2, 1, 0)],
  ['areaPool by 2', { x: [2, 2, 4, 6] }, ({ x }) => g.areaPool(x, 2), { batch: 'x' }],
  ['areaPool by 3', { x: [1, 2, 3, 6] }, ({ x }) => g.areaPool(x, 3)],
  ['areaPool by 1', { x: [1, 2, 2, 3] }, ({ x }) => g.areaPool(x, 1)],
  ['areaPool to one pixel', { x: [2, 1, 4, 4] }, ({ x }) => g.areaPool(x, 4)],
  ['averagePool 2', { x: [2, 2, 4, 5] }, ({ x }) => g.averagePool(x, 2), { batch: 'x' }],
  ['averagePool 3 of stride 1', { x: [2, 2, 4, 3] }, ({ x }) => g.averagePool(x, 3, 1, 1), { batch: 'x' }],
  ['averagePool 3 of stride 2', { x: [1, 2, 5, 6] }, ({ x }) => g.averagePool(x, 3, 2, 1), { batch: 'x' }],
  ['averagePool 2 of stride 3', { x: [1, 2, 5, 6] }, ({ x }) => g.averagePool(x, 2, 3)],
  ['globalAveragePool', { x: [2, 3, 3, 2] }, ({ x }) => g.globalAveragePool(x), { batch: 'x' }],
  ['upsampleNearest', { x: [2, 2, 2, 3] }, ({ x }) => g.upsampleNearest(x), { batch: 'x' }],
  ['upsampleNearest by 3', { x: [1, 2, 3, 1] }, ({ x }) => g.upsampleNearest(x, 3)],
  ['upsampleNearest by 1', { x: [1, 2, 3, 1] }, ({ x }) => g.upsampleNearest(x, 1)],
  ['upsampleBilinear', { x: [2, 2, 3, 2] }, ({ x }) => g.upsampleBilinear(x), { batch: 'x' }],
  ['upsampleBilinear of one pixel', { x: [2, 2, 1, 1] }, ({ x }) => g.upsampleBilinear(x)],
  ['upsampleBilinear of one row', { x: [1, 1, 1, 4] }, ({ x }) => g.upsampleBilinear(x)],
  ['toPatches', { x: [2, 2, 4, 6] }, ({ x }) => g.toPatches(x, 2), { batch: 'x' }],
  ['fromPatches', { x: [2, 8, 2, 3] }, ({ x }) => g.fromPatches(x, 2), { batch: 'x' }],
]
