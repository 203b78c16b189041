// Readers of the normalisations.

import { product } from '../dims.ts'
import {
  add,
  broadcastShapes,
  cast,
  div,
  fill,
  maximum,
  mul,
  sqrt,
  square,
  sub,
  sumTo,
} from '../elementwise.ts'
import { reciprocal } from '../norm.ts'
import { reduceL1, reduceL2, reduceMean, reduceSum } from '../reduce.ts'
import { reshape, reshapeLike } from '../shape.ts'
import { apply, type Shape, sameShape, showShape, type Tensor } from '../tensor.ts'
import type { OnnxNode, Operators } from './node.ts'

export const norms: Operators = {
  BatchNormalization: {
    inputs: 'X: F, scale: F, B: F, mean: F, var: F',
    attributes: { epsilon: 'float', momentum: 'float', training_mode: [0], spatial: [1] },
    read: readBatchNormalization,
  },
  InstanceNormalization: {
    inputs: 'X: F, scale: F, B: F',
    attributes: { epsilon: 'float' },
    read: node => instanceNorm(node.input(0), node.input(1), node.input(2), node.float('epsilon', 1e-5)),
  },
  LayerNormalization: {
    inputs: 'X: F, scale: F, B?: F',
    attributes: { axis: 'int', epsilon: 'float', stash_type: [1] },
    read: readLayerNormalization,
  },
  GroupNormalization: {
    inputs: 'X: F, scale: F, bias: F',
    attributes: { epsilon: 'float', num_groups: 'int', stash_type: [1] },
    since: 18,
    read: readGroupNormalization,
  },
  RMSNormalization: {
    inputs: 'X: F, scale: F',
    attributes: { axis: 'int', epsilon: 'float', stash_type: [1] },
    read: readRmsNormalization,
  },
  LpNormalization: { inputs: 'X: F', attributes: { axis: 'int', p: [1, 2] }, read: readLpNormalization },
}

/** The axes of a tensor but for the channels, axis 1. */
const otherAxes = (x: Tensor) => x.shape.map((_, i) => i).filter(i => i !== 1)

/** A value per channel, [C], as [1, C, 1, …]. */
const perChannel = (t: Tensor, like: Tensor) =>
  reshape(
    t,
    like.shape.map((_, i) => (i === 1 ? -1 : 1)),
  )

function checkChannels(x: Tensor, values: readonly (Tensor | null)[]) {
  for (const t of values)
    if (x.rank < 2 || (t && !sameShape(t.shape, [x.shape[1]])))
      throw new Error(`values of channels ${t && showShape(t.shape)} do not fit ${showShape(x.shape)}`)
}

/**
 * Inference: y = γ (x − μ) r + β with r = 1 / √(σ² + ε), all per channel and given.
 * x̄ = γ r g, γ̄ = Σ g (x − μ) r, β̄ = Σ g, μ̄ = −γ r Σ g, σ̄² = −½ γ r³ Σ g (x − μ).
 */
function readBatchNormalization(node: OnnxNode): Tensor {
  const [x, gamma, beta, mean, variance] = node.inputs as Tensor[]
  checkChannels(x, [gamma, beta, mean, variance])
  return node.make(
    x.shape,
    x.dtype,
    ([g]) => {
      const root = reciprocal(sqrt(add(variance, node.float('epsilon', 1e-5))))
      const slope = mul(gamma, root)
      const sum = reduceSum(g!, otherAxes(x))
      const moment = reduceSum(mul(g!, sub(x, perChannel(mean, x))), otherAxes(x)) // Σ g (x − μ)
      return [
        mul(g!, perChannel(slope, x)),
        mul(moment, root),
        sum,
        mul(mul(slope, sum), -1),
        mul(mul(mul(slope, square(root)), moment), -0.5),
      ]
    },
    { attributes: node.attributes('spatial') },
  )
}

/** (x − μ) r over axes, and x̄ = r (g − mean(g) − x̂ mean(g x̂)) for a gradient g of it. */
function standardised(x: Tensor, axes: readonly number[], epsilon: number) {
  const centred = sub(x, reduceMean(x, axes, true))
  const scale = reciprocal(sqrt(add(reduceMean(square(centred), axes, true), epsilon)))
  const xhat = mul(centred, scale)
  const back = (g: Tensor) => {
    const mean = reduceMean(g, axes, true)
    const slope = reduceMean(mul(g, xhat), axes, true)
    return mul(sub(sub(g, mean), mul(xhat, slope)), scale)
  }
  return { xhat, back }
}

/** y = γ x̂ + β with x̂ standardised per image and channel. Source: Ulyanov et al., arXiv 1607.08022. */
function instanceNorm(x: Tensor, gamma: Tensor, beta: Tensor, epsilon: number): Tensor {
  checkChannels(x, [gamma, beta])
  if (x.rank < 3) throw new Error(`${showShape(x.shape)} is not [N, C, …]`)
  return apply('InstanceNormalization', [x, gamma, beta], x.shape, x.dtype, {
    attributes: { epsilon: { float: epsilon } },
    vjp: ([g]) => {
      const { xhat, back } = standardised(x, otherAxes(x).slice(1), epsilon)
      return [
        back(mul(g!, perChannel(gamma, x))),
        reduceSum(mul(g!, xhat), otherAxes(x)),
        reduceSum(g!, otherAxes(x)),
      ]
    },
  })
}

/** y = γ x̂ + β with x̂ standardised over the axes from `axis` on; γ and β broadcast to x. */
function readLayerNormalization(node: OnnxNode): Tensor {
  const [x, gamma, beta] = [node.input(0), node.input(1), node.optional(2)]
  const axes = axesFrom(node, x)
  for (const t of [gamma, beta]) if (t) checkBroadcast(t, x.shape)
  return node.make(x.shape, x.dtype, ([g]) => {
    const { xhat, back } = standardised(x, axes, node.float('epsilon', 1e-5))
    const gx = back(mul(g!, gamma))
    const gamma_ = sumTo(mul(g!, xhat), gamma.shape)
    return beta ? [gx, gamma_, sumTo(g!, beta.shape)] : [gx, gamma_]
  })
}

function axesFrom(node: OnnxNode, x: Tensor): number[] {
  return x.shape.map((_, i) => i).slice(node.axis(x, node.int('axis', -1)))
}

function checkBroadcast(t: Tensor, shape: Shape) {
  if (!sameShape(broadcastShapes('scale and bias', shape, t.shape), shape))
    throw new Error(`${showShape(t.shape)} does not broadcast to ${showShape(shape)}`)
}

/** Instance normalisation of the groups, then γ and β: per group in operator sets 18 to 20, per channel from 21 on. */
function readGroupNormalization(node: OnnxNode): Tensor {
  const [x, gamma, beta] = [node.input(0), node.input(1), node.input(2)]
  const [n, channels, ...sizes] = x.shape
  const groups = node.int('num_groups', 0)
  if (x.rank < 3 || typeof channels !== 'number' || !(groups >= 1) || channels % groups)
    throw new Error(`${groups} groups of the channels of ${showShape(x.shape)}`)
  const perGroup = node.opset < 21
  for (const t of [gamma, beta])
    if (!sameShape(t.shape, [perGroup ? groups : channels]))
      throw new Error(`${showShape(t.shape)} for ${groups} groups`)
  const grouped = reshape(x, [n, groups, product([channels / groups, ...sizes])])
  const [one, zero] = [1, 0].map(value => cast(fill([groups], value), x.dtype))
  if (perGroup) return reshapeLike(instanceNorm(grouped, gamma, beta, node.float('epsilon', 1e-5)), x)
  const xhat = reshapeLike(instanceNorm(grouped, one, zero, node.float('epsilon', 1e-5)), x)
  return add(mul(xhat, perChannel(gamma, x)), perChannel(beta, x))
}

/** y = γ x / √(mean(x²) + ε) over the axes from `axis` on. Source: Zhang & Sennrich, arXiv 1910.07467. */
function readRmsNormalization(node: OnnxNode): Tensor {
  const [x, gamma] = [node.input(0), node.input(1)]
  checkBroadcast(gamma, x.shape)
  const root = sqrt(add(reduceMean(square(x), axesFrom(node, x), true), node.float('epsilon', 1e-5)))
  return mul(mul(x, reciprocal(root)), gamma)
}

/** x divided by its length along an axis; a length of 0 gives 0. */
function readLpNormalization(node: OnnxNode): Tensor {
  const x = node.input(0)
  const length = (node.int('p', 2) === 1 ? reduceL1 : reduceL2)(x, [node.axis(x, node.int('axis', -1))], true)
  return div(x, maximum(length, 1e-30))
}
