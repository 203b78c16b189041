// Operators that move values, normalisations, custom gradients and compositions.

import * as g from '../../../src/graph/index.ts'
import { between, type Case, distinct, given, indices, positive } from '../harness.ts'

export const shapes: Case[] = [
  ['reshape', { x: [2, 6] }, ({ x }) => g.reshape(x, [3, 4])],
  ['reshape with what is left', { x: [2, 3, 4] }, ({ x }) => g.reshape(x, [4, -1])],
  ['reshape of a batch', { x: [2, 3, 4] }, ({ x }) => g.reshape(x, [x.shape[0], 12]), { batch: 'x' }],
  ['reshape to a scalar', { x: [1, 1] }, ({ x }) => g.reshape(x, [])],
  ['reshape of a scalar', { x: [] }, ({ x }) => g.reshape(x, [1, 1])],
  ['reshape of a batch into its rows', { x: [2, 3, 4] }, ({ x }) => g.reshape(x, [-1, 4]), { batch: 'x' }],
  [
    'reshape of rows into a batch',
    { x: [2, 3, 4] },
    ({ x }) => g.reshape(g.reshape(x, [-1]), x.shape),
    { batch: 'x' },
  ],
  ['unsqueeze in front', { x: [2, 3] }, ({ x }) => g.unsqueeze(x, 0), { batch: 'x' }],
  ['unsqueeze at the end', { x: [2, 3] }, ({ x }) => g.unsqueeze(x, 2), { batch: 'x' }],
  ['unsqueeze from the end', { x: [2, 3] }, ({ x }) => g.unsqueeze(x, -1), { batch: 'x' }],
  ['transpose', { x: [2, 3, 4] }, ({ x }) => g.transpose(x, [2, 0, 1]), { batch: 'x' }],
  ['transpose of four', { x: [2, 3, 1, 2] }, ({ x }) => g.transpose(x, [0, 3, 1, 2]), { batch: 'x' }],
  ['swapLast', { x: [2, 3, 4] }, ({ x }) => g.swapLast(x), { batch: 'x' }],
  ['expand', { x: [3, 1] }, ({ x }) => g.expand(x, [2, 3, 4])],
  ['expand of a scalar', { x: [] }, ({ x }) => g.expand(x, [2, 3])],
  ['expand to a batch', { x: [3], y: [2, 3] }, ({ x, y }) => g.expand(x, y.shape, y), { batch: 'y' }],
  ['repeatBatch', { x: [1, 3], b: [2, 2] }, ({ x, b }) => g.repeatBatch(x, b), { batch: 'b' }],
  [
    'concat',
    { a: [2, 3], b: [2, 1], c: [2, 2] },
    ({ a, b, c }) => g.concat([a, b, c], 1),
    { batch: 'a b c' },
  ],
  ['concat along the first axis', { a: [2, 3], b: [1, 3] }, ({ a, b }) => g.concat([a, b], 0)],
  [
    'concat from the end',
    { a: [2, 3, 2], b: [2, 1, 2] },
    ({ a, b }) => g.concat([a, b], -2),
    { batch: 'a b' },
  ],
  ['concat of one', { a: [2, 3] }, ({ a }) => g.concat([a], 1)],
  ['concat of one tensor twice', { a: [2, 3] }, ({ a }) => g.concat([a, a], 1)],
  ['split', { x: [2, 5] }, ({ x }) => g.split(x, [2, 3], 1), { batch: 'x' }],
  ['split, one piece used', { x: [2, 6] }, ({ x }) => g.split(x, [1, 3, 2], -1)[1], { batch: 'x' }],
  ['split in one', { x: [2, 3] }, ({ x }) => g.split(x, [3], 1)],
  ['slice', { x: [2, 5] }, ({ x }) => g.slice(x, 1, 1, 4), { batch: 'x' }],
  ['slice from the end', { x: [2, 5] }, ({ x }) => g.slice(x, -1, -3, -1), { batch: 'x' }],
  ['slice of rows', { x: [4, 2] }, ({ x }) => g.slice(x, 0, 2, 4)],
  ['slice of everything', { x: [4, 2] }, ({ x }) => g.slice(x, 0, 0, 4)],
  ['flip', { x: [2, 4] }, ({ x }) => g.flip(x, [1]), { batch: 'x' }],
  ['flip of two axes', { x: [2, 3, 4] }, ({ x }) => g.flip(x, [0, -1])],
  ['flip of an axis of size 1', { x: [2, 1] }, ({ x }) => g.flip(x, [1])],
  [
    'pad',
    { x: [2, 3] },
    ({ x }) =>
      g.pad(x, [
        [1, 0],
        [2, 1],
      ]),
  ],
  [
    'pad with a value',
    { x: [2, 3] },
    ({ x }) =>
      g.pad(
        x,
        [
          [0, 0],
          [0, 2],
        ],
        1.5,
      ),
    { batch: 'x' },
  ],
  [
    'pad with negative amounts',
    { x: [4, 5] },
    ({ x }) =>
      g.pad(x, [
        [-1, -1],
        [0, -2],
      ]),
  ],
  [
    'pad that cuts and adds',
    { x: [3, 4] },
    ({ x }) =>
      g.pad(
        x,
        [
          [-1, 2],
          [1, -3],
        ],
        -0.5,
      ),
  ],
  [
    'pad that moves',
    { x: [2, 4] },
    ({ x }) =>
      g.pad(x, [
        [0, 0],
        [-2, 2],
      ]),
    { batch: 'x' },
  ],
  [
    'pad by nothing',
    { x: [2, 4] },
    ({ x }) =>
      g.pad(x, [
        [0, 0],
        [0, 0],
      ]),
  ],
  ['gather', { x: [4, 3], i: indices(4, 5) }, ({ x, i }) => g.gather(x, i), { batch: 'i' }],
  ['gather by a matrix', { x: [3, 2], i: indices(3, 2, 2) }, ({ x, i }) => g.gather(x, i)],
  ['gather of a vector', { x: [4], i: indices(4, 6) }, ({ x, i }) => g.gather(x, i), { batch: 'i' }],
  ['gather by a scalar', { x: [4, 2], i: indices(4) }, ({ x, i }) => g.gather(x, i)],
  ['gather of images', { x: [3, 2, 2, 1], i: indices(3, 4) }, ({ x, i }) => g.gather(x, i), { batch: 'i' }],
  [
    'gather counting from the end',
    { x: [4, 2], i: { shape: [3], dtype: 'int64', draw: (_, i) => -1 - i } },
    ({ x, i }) => g.gather(x, i),
  ],
  ['gather from a batch', { x: [4, 2], i: indices(4, 3) }, ({ x, i }) => g.gather(x, i), { batch: 'x' }],
  ['scatterAdd', { u: [6, 2], i: indices(3, 6) }, ({ u, i }) => g.scatterAdd(u, i, [3, 2]), { batch: 'u i' }],
  ['scatterAdd by a matrix', { u: [2, 3, 2], i: indices(3, 2, 3) }, ({ u, i }) => g.scatterAdd(u, i, [3, 2])],
  ['scatterAdd to a vector', { u: [6], i: indices(3, 6) }, ({ u, i }) => g.scatterAdd(u, i, [3])],
  ['scatterAdd of one row', { u: [2], i: indices(3) }, ({ u, i }) => g.scatterAdd(u, i, [3, 2])],
  ['pick', { x: [3, 4], i: indices(4, 3) }, ({ x, i }) => g.pick(x, i), { batch: 'x i' }],
  [
    'pick in three dimensions',
    { x: [2, 3, 4], i: indices(4, 2, 3) },
    ({ x, i }) => g.pick(x, i),
    { batch: 'x i' },
  ],
  ['pick from a vector', { x: [4], i: indices(4) }, ({ x, i }) => g.pick(x, i)],
  ['oneHot', { x: [3, 4], i: indices(4, 3) }, ({ x, i }) => g.mul(x, g.oneHot(i, 4)), { batch: 'x i' }],
  ['topK', { x: distinct(3, 5) }, ({ x }) => g.topK(x, 2).values, { batch: 'x' }],
  ['topK of the smallest', { x: distinct(2, 2, 4) }, ({ x }) => g.topK(x, 3, false).values, { batch: 'x' }],
  ['topK, all of a vector', { x: distinct(4) }, ({ x }) => g.topK(x, 4).values],
  ['topK values and indices', { x: distinct(2, 5) }, ({ x }) => Object.values(g.topK(x, 2))],
  ['topK rows gathered', { x: distinct(6), w: [6, 2] }, ({ x, w }) => g.gather(w, g.topK(x, 2).indices)],
]

const norms: Case[] = [
  [1, [2, 4, 3, 2]],
  [2, [2, 4, 3, 2]],
  [4, [2, 4, 2, 2]],
  [2, [1, 2, 3, 3]],
  [1, [2, 3, 1, 1]],
  [1, [1, 1, 3, 2]],
].map(
  ([groups, shape]): Case => [
    `groupNorm of [${shape}] in ${groups}`,
    { x: shape as number[], gamma: [(shape as number[])[1]], beta: [(shape as number[])[1]] },
    ({ x, gamma, beta }) => g.groupNorm(x, groups as number, gamma, beta),
    { batch: 'x', tolerance: 5e-5 },
  ],
)

export const normalisations: Case[] = [
  ...norms,
  [
    'groupNorm with a large ε',
    { x: [2, 2, 2, 3], gamma: [2], beta: [2] },
    ({ x, gamma, beta }) => g.groupNorm(x, 2, gamma, beta, 0.5),
  ],
  [
    'layerNorm',
    { x: [3, 5], gamma: [5], beta: [5] },
    ({ x, gamma, beta }) => g.layerNorm(x, gamma, beta),
    {
      batch: 'x',
      tolerance: 5e-5,
    },
  ],
  [
    'layerNorm in three dimensions',
    { x: [2, 2, 4], gamma: [4], beta: [4] },
    ({ x, gamma, beta }) => g.layerNorm(x, gamma, beta, 1e-3),
    { batch: 'x', tolerance: 5e-5 },
  ],
  [
    'layerNorm of a vector',
    { x: [6], gamma: [6], beta: [6] },
    ({ x, gamma, beta }) => g.layerNorm(x, gamma, beta),
  ],
  ['rmsNorm', { x: [3, 5], gamma: [5] }, ({ x, gamma }) => g.rmsNorm(x, gamma), { batch: 'x' }],
  ['rmsNorm in four dimensions', { x: [2, 2, 1, 4], gamma: [4] }, ({ x, gamma }) => g.rmsNorm(x, gamma)],
  [
    'rmsNorm over channels',
    { x: [2, 4, 2, 2], gamma: [4, 1, 1] },
    ({ x, gamma }) => g.rmsNorm(x, gamma, 1),
    {
      batch: 'x',
    },
  ],
  [
    'rmsNorm over the first axis',
    { x: [4, 3], gamma: [4, 1] },
    ({ x, gamma }) => g.rmsNorm(x, gamma, 0, 1e-2),
  ],
  ['rmsNorm with one γ', { x: [3, 4], gamma: [1] }, ({ x, gamma }) => g.rmsNorm(x, gamma, -2)],
]

const straightThrough = (x: g.Tensor) =>
  g.customGradient(g.cast(g.cast(g.mul(x, 4), 'int32'), 'float32'), [x], grad => [g.mul(grad, 4)])

/** Two residual blocks, attention over pixels and a head: what a network is made of. */
function network({ x, stem, w1, w2, gamma, beta, head }: Record<string, g.Tensor>): g.Tensor {
  let h = g.conv2d(x, stem)
  for (const w of [w1, w2]) h = g.add(h, g.conv2d(g.silu(g.groupNorm(h, 2, gamma, beta)), w))
  const tokens = g.reshape(h, [h.shape[0], 4, 12]) // [N, C, HW]
  const scores = g.softmax(g.matmul(tokens, tokens, { transposeA: true, alpha: 0.5 })) // [N, HW, HW]
  const mixed = g.matmul(tokens, scores, { transposeB: true })
  h = g.add(h, g.reshape(mixed, h.shape))
  h = g.concat([g.upsampleBilinear(h), g.upsampleNearest(g.averagePool(h, 3, 1, 1))], 1)
  return g.logSoftmax(g.matmul(g.globalAveragePool(g.tanh(h)), head))
}

export const compositions: Case[] = [
  ['stopGradient', { x: [4] }, ({ x }) => g.mul(x, g.add(x, g.mul(g.stopGradient(g.scalar(2)), x)))],
  [
    'customGradient of its true gradient',
    { x: positive(4) },
    ({ x }) => {
      const y: g.Tensor = g.customGradient(g.pow(x, 3), [x], grad => [g.mul(grad, g.mul(g.square(x), 3))])
      return g.mul(y, x)
    },
  ],
  [
    'a value used many times',
    { x: [3] },
    ({ x }) => g.add(g.mul(x, x), g.mul(g.sin(x), g.add(x, g.square(x)))),
  ],
  ['inputs that nothing uses', { x: [3], unused: [3, 2] }, ({ x }) => g.exp(x), { batch: 'x unused' }],
  ['an output that is an input', { x: [3] }, ({ x }) => [x, x, g.neg(x)]],
  [
    'forty layers of tanh',
    { x: [2, 3], w: between(-0.5, 0.5, 3, 3) },
    ({ x, w }) => {
      let h = x
      for (let i = 0; i < 40; i++) h = g.tanh(g.add(g.matmul(h, w), g.mul(x, 0.1)))
      return h
    },
    { batch: 'x', tolerance: 5e-5, elements: 6 },
  ],
  [
    'a small network',
    {
      x: [2, 1, 4, 3],
      stem: between(-0.5, 0.5, 4, 1, 3, 3),
      w1: between(-0.3, 0.3, 4, 4, 3, 3),
      w2: between(-0.3, 0.3, 4, 4, 3, 3),
      gamma: positive(4),
      beta: [4],
      head: [8, 3],
    },
    network,
    { batch: 'x', tolerance: 1e-4, elements: 6 },
  ],
  [
    'a loss per image, the nearest of its candidates',
    { f: distinct(3, 4), c: given([0.1, 1.2, -2, 3, 0.4, 2, -1, 1], [2, 4]) },
    ({ f, c }) => {
      const distance = g.reduceSum(g.square(g.sub(g.unsqueeze(f, 1), c)), [2]) // [N, K]
      const nearest = g.argMin(g.stopGradient(distance), 1)
      return g.pick(distance, nearest)
    },
    { batch: 'f' },
  ],
]

/** Cases whose gradient is on purpose not the derivative: checked by value in their own tests. */
export { straightThrough }
