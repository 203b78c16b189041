// Wrong shapes are told at once, by the operator's name and the values that do not fit.

import { expect, it } from 'vitest'
import * as g from '../../src/graph/index.ts'

const t = (...shape: g.Shape) => g.input('x', shape)
const ids = (...shape: g.Shape) => g.input('i', shape, 'int64')
const wide = (...shape: g.Shape) => g.input('d', shape, 'float64')

const mistakes: [mistake: () => unknown, message: string][] = [
  [() => g.input('x', [2, -1]), 'input x: -1 is not a size in [2, -1]'],
  [() => g.constant(new Float32Array(3), [2, 2]), 'constant: 3 values do not fill [2, 2]'],
  [() => g.constant(new Uint8Array(1), [1], 'int32'), 'constant: values of uint8 cannot be int32'],

  [() => g.add(t(2, 3), t(4)), 'add: shapes [2, 3] and [4] do not broadcast (3 against 4)'],
  [() => g.mul(t('N', 3), t(2, 3)), 'mul: shapes [N, 3] and [2, 3] do not broadcast (N against 2)'],
  [() => g.maximum(t(2), t(3)), 'max: shapes [2] and [3] do not broadcast'],
  [() => g.add(t(2), ids(2)), 'add: types differ: float32 and int64'],
  [() => g.greater(t(2), wide(2)), 'greater: types differ: float32 and float64'],
  [() => g.where(t(2), 1, 0), 'where: the condition is float32, not bool'],
  [() => g.where(g.less(t(2), 0), t(2), ids(2)), 'where: types differ: float32 and int64'],
  [() => g.where(g.less(t(2), 0), t(3), 0), 'where: shapes [2] and [3] do not broadcast'],

  [() => g.reduceSum(t(2, 3), [2]), 'ReduceSum: axis 2 is outside [2, 3]'],
  [() => g.reduceMean(t(2, 3), [-3]), 'reduceMean: axis -3 is outside [2, 3]'],
  [() => g.reduceMax(t(2, 3), [1, -1]), 'ReduceMax: the axes [1,-1] of [2, 3] hold one twice'],
  [() => g.softmax(t(2, 3), 0.5), 'softmax: axis 0.5 is outside [2, 3]'],
  [() => g.argMin(t(2, 3), 4), 'ArgMin: axis 4 is outside [2, 3]'],

  [() => g.matmul(t(2, 3), t(4, 5)), 'matmul: [2, 3] and [4, 5]: the inner sizes are 3 and 4'],
  [() => g.matmul(t(2, 3), t(3, 5), { transposeB: true }), 'the inner sizes are 3 and 5'],
  [() => g.matmul(t(3), t(3, 5)), 'matmul: [3] and [3, 5]: both need at least two dimensions'],
  [() => g.matmul(t(2, 3, 4), t(5, 4, 3)), 'matmul: shapes [2] and [5] do not broadcast'],
  [() => g.matmul(t(2, 3), wide(3, 4)), 'matmul: types differ: float32 and float64'],

  [() => g.conv2d(t(1, 3, 8, 8), t(5, 4, 3, 3)), 'conv2d: input has 3 channels, weight expects 4'],
  [() => g.conv2d(t(3, 8, 8), t(5, 3, 3, 3)), 'conv2d: [3, 8, 8] is not [N, C, H, W] with known C, H and W'],
  [() => g.conv2d(t(1, 'C', 8, 8), t(5, 3, 3, 3)), 'conv2d: [1, C, 8, 8] is not [N, C, H, W]'],
  [() => g.conv2d(t(1, 3, 8, 8), t(5, 3, 3, 1)), 'conv2d: [5, 3, 3, 1] is not a square kernel [O, C, k, k]'],
  [
    () => g.conv2d(t(1, 3, 2, 8), t(5, 3, 5, 5), { padding: 0 }),
    'conv2d: a 5×5 kernel does not fit into [1, 3, 2, 8] with padding 0',
  ],
  [() => g.conv2d(t(1, 3, 8, 8), t(5, 3, 3, 3), { stride: 0 }), 'conv2d: stride 0 is no whole number from 1'],
  [() => g.conv2d(t(1, 3, 8, 8), t(5, 3, 3, 3), { padding: 0.5 }), 'conv2d: padding 0.5 is no whole number'],
  [
    () => g.convTranspose2d(t(1, 3, 4, 4), t(2, 3, 3, 3)),
    'convTranspose2d: input has 3 channels, weight expects 2',
  ],
  [
    () => g.convTranspose2d(t(1, 2, 4, 4), t(2, 3, 3, 3), { stride: 2, size: 9 }),
    'convTranspose2d: 9×9 cannot come from 4×4 with a 3×3 kernel, stride 2 and padding 1',
  ],
  [
    () => g.convTranspose2d(t(1, 2, 1, 2), t(2, 3, 1, 1), { padding: 1 }),
    'convTranspose2d: -1×0 cannot come from 1×2',
  ],
  [() => g.unfold(t(2, 3), 3), 'unfold: [2, 3] is not [N, C, H, W]'],

  [() => g.areaPool(t(1, 1, 4, 6), 4), 'areaPool: 4 does not divide 4×6'],
  [() => g.averagePool(t(1, 1, 2, 2), 3), 'averagePool: a 3×3 window does not fit 2×2 with padding 0'],
  [() => g.averagePool(t(1, 1, 4, 4), 2, 2, 2), 'averagePool: a 2×2 window does not fit 4×4 with padding 2'],
  [() => g.upsampleNearest(t(1, 1, 2, 2), 1.5), 'upsampleNearest: factor 1.5 is no whole number from 1'],
  [() => g.upsampleBilinear(t(2, 2)), 'upsampleBilinear: [2, 2] is not [N, C, H, W]'],
  [() => g.toPatches(t(1, 1, 4, 6), 4), 'toPatches: 4 does not divide 4×6'],
  [() => g.fromPatches(t(1, 6, 4, 4), 2), 'fromPatches: 2² does not divide 6 channels'],

  [() => g.groupNorm(t(1, 6, 2, 2), 4, t(6), t(6)), 'groupNorm: 4 groups do not divide 6 channels'],
  [() => g.groupNorm(t(1, 6, 2, 2), 0, t(6), t(6)), 'groupNorm: 0 groups do not divide 6 channels'],
  [() => g.groupNorm(t(1, 6, 2, 2), 2, t(6), t(3)), 'groupNorm: γ [6] and β [3] must be [6]'],
  [() => g.groupNorm(t(1, 6, 2, 2), 2, t(6), t(6, 1)), 'groupNorm: γ [6] and β [6, 1] must be [6]'],
  [() => g.layerNorm(t(2, 5), t(4), t(5)), 'layerNorm: γ [4] must be [5] for x [2, 5]'],
  [() => g.layerNorm(t(2, 5), t(5), t(1)), 'layerNorm: β [1] must be [5] for x [2, 5]'],
  [() => g.rmsNorm(t(2, 5), t(2)), 'rmsNorm: γ [2] must be [5] for x [2, 5]'],
  [() => g.rmsNorm(t(2, 1, 3), t(4, 1), 1), 'rmsNorm: γ [4, 1] does not broadcast to x [2, 1, 3]'],

  [() => g.reshape(t(2, 3), [4]), 'reshape: [2, 3] does not fit into [4]'],
  [() => g.reshape(t(2, 3), [4, -1]), 'reshape: [2, 3] does not fit into [4, -1]'],
  [() => g.reshape(t(2, 3), [-1, -1]), 'reshape: [2, 3] does not fit into [-1, -1]'],
  [
    () => g.reshape(t(2 ** 30, 2 ** 30), [-1]),
    'the sizes [1073741824, 1073741824] are too large to multiply',
  ],
  [() => g.reshape(t('N', 3), [3]), 'reshape: [N, 3] does not fit into [3]'],
  [() => g.unsqueeze(t(2, 3), 3), 'unsqueeze: axis 3 is outside what [2, 3] becomes'],
  [() => g.transpose(t(2, 3), [0, 0]), 'transpose: [0,0] is no permutation of the axes of [2, 3]'],
  [() => g.swapLast(t(2)), 'swapLast: [2] has no two dimensions'],
  [() => g.expand(t(2, 3), [2, 4]), 'expand: [2, 3] does not stretch to [2, 4]'],
  [() => g.expand(t(3), ['N', 3]), 'expand: [N, 3] is symbolic and no tensor of that shape is given'],
  [() => g.concat([], 0), 'concat: nothing to join'],
  [() => g.concat([t(2, 3), t(3, 3)], 1), 'concat: [3, 3] does not join [2, 3] along axis 1'],
  [() => g.concat([t(2, 3), ids(2, 3)], 1), 'concat: types differ: float32 and int64'],
  [() => g.split(t(2, 5), [2, 2], 1), 'split: the sizes [2,2] add up to 4, not to 5'],
  [() => g.slice(t(2, 5), 1, 2, 6), 'slice: 2:6 is outside axis 1 of [2, 5]'],
  [() => g.slice(t('N', 5), 0, 0, 1), 'slice: axis 0 of [N, 5] is symbolic'],
  [() => g.flip(t(2), [1]), 'flip: axis 1 is outside [2]'],
  [() => g.pad(t(2, 3), [[0, 0]]), 'pad: 1 amounts for [2, 3]'],
  [
    () =>
      g.pad(t(2, 3), [
        [0, 0],
        [-2, -2],
      ]),
    'pad: [-2, -2] cuts more than 3',
  ],
  [() => g.gather(t(2, 3), t(2)), 'gather: the indices are float32, not int64'],
  [() => g.gather(t(2, 3), ids(2), 2), 'gather: axis 2 is outside [2, 3]'],
  [() => g.gatherElements(t(2, 3), t(2, 3), 1), 'gatherElements: the indices are float32, not int64'],
  [() => g.gatherElements(t(2, 3), ids(2), 1), 'gatherElements: [2] indices for [2, 3]'],
  [() => g.addElements(t(2, 3), ids(2, 2), t(2, 3), 1), 'addElements: [2, 3] updates at [2, 2] indices'],
  [() => g.scatterAdd(t(2, 3), ids(2), [4, 5]), 'scatterAdd: updates are [2, 3], expected [2, 5]'],
  [() => g.scatterAdd(t(2, 3), t(2), [4, 3]), 'scatterAdd: the indices are float32, not int64'],
  [() => g.pick(t(2, 3), ids(3)), 'pick: indices [3] do not fit [2, 3]'],
  [() => g.oneHot(t(2), 3), 'oneHot: the indices are float32, not int64'],
  [() => g.topK(t(2, 3), 4), 'topK: 4 of 3 values'],
  [() => g.topK(t(2, 3), 0), 'topK: 0 of 3 values'],

  [() => g.randomUniform(t(), [2]), 'random: the seed is float32, not int64'],
  [() => g.gradients(t(2), []), 'gradients: y is [2], not a scalar; reduce it first'],
]

it.each(
  mistakes.map(([mistake, message]) => [message, mistake] as const),
)('says “%s”', (message, mistake) => {
  expect(mistake).toThrow(message)
})

it('says which operator has no gradient, only where one is needed', () => {
  const x = t(3)
  const sum = g.reduceSum(g.cast(g.argMax(g.unsqueeze(x, 0), 1), 'float32'))
  expect(() => g.gradients(sum, [x])).toThrow('Cast has no gradient; use stopGradient where none is meant')
  expect(() => g.gradients(sum, [t(3)])).not.toThrow()
})

it('says that a mean over a size it does not know has no gradient', () => {
  const x = t('N')
  expect(() => g.gradients(g.reduceMean(x), [x])).toThrow('the size of [N] is not known: N is symbolic')
})

it('says which gradient has a wrong shape, if a custom one has', () => {
  const x = t(3)
  const y = g.customGradient(g.exp(x), [x], () => [t(2)])
  expect(() => g.gradients(g.reduceSum(y), [x])).toThrow('Alias gave [2] for input 0 of [3]')
})
