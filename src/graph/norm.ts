// Normalisations, with gradients in closed form: few passes over memory, which is what they cost.

import { imageShape } from './conv.ts'
import { add, broadcastShapes, fill, maximum, mul, neg, sqrt, square, sub, sumTo } from './elementwise.ts'
import { reduceMean, reduceSum, reduceSumSquare } from './reduce.ts'
import { reshape } from './shape.ts'
import { apply, customGradient, sameShape, showShape, type Tensor } from './tensor.ts'

/**
 * Group normalisation: y = γ (x − μ) / √(σ² + ε) + β, with the mean μ and the variance σ² over the pixels and
 * channels of one of `groups` groups of one image. x [N,C,H,W]; γ, β [C].
 * Source: Wu & He, arXiv 1803.08494.
 *
 * It is x ↦ a x + b with a and b per image and channel, and so is its gradient: x̄ = a g + c₁ x + c₀ with
 *   c₁ = −(1/m) r² Σ γ g x̂,  c₀ = −(1/m) r Σ γ g − c₁ μ,  r = 1 / √(σ² + ε),  sums over the m values of a group.
 */
export function groupNorm(x: Tensor, groups: number, gamma: Tensor, beta: Tensor, epsilon = 1e-5): Tensor {
  const { n, channels, height, width } = imageShape('groupNorm', x)
  if (!(groups >= 1) || channels % groups)
    throw new Error(`groupNorm: ${groups} groups do not divide ${channels} channels`)
  if ([gamma, beta].some(t => t.rank !== 1 || t.shape[0] !== channels))
    throw new Error(
      `groupNorm: γ ${showShape(gamma.shape)} and β ${showShape(beta.shape)} must be [${channels}]`,
    )
  const size = (channels / groups) * height * width
  const grouped = (t: Tensor) => reshape(t, [n, groups, channels / groups])
  const groupSum = (t: Tensor) => reduceSum(grouped(t), [2], true) // [N, C] → [N, G, 1]
  const perChannel = (t: Tensor) => reshape(t, [n, channels]) // [N, G, C/G] → [N, C]
  const image = (t: Tensor) => reshape(t, [n, channels, 1, 1])
  const gammas = reshape(gamma, [1, groups, channels / groups])

  const mean = mul(groupSum(reduceSum(x, [2, 3])), 1 / size)
  const meanSquare = mul(groupSum(reduceSumSquare(x, [2, 3])), 1 / size)
  const scale = reciprocal(sqrt(add(maximum(sub(meanSquare, square(mean)), 0), epsilon))) // r [N, G, 1]
  const a = mul(scale, gammas) // [N, G, C/G]
  const b = sub(reshape(beta, [1, groups, channels / groups]), mul(mean, a))
  const y = affine(x, perChannel(a), perChannel(b))

  return customGradient(y, [x, gamma, beta], g => {
    const sumG = grouped(reduceSum(g, [2, 3])) // Σ g over pixels [N, G, C/G]
    const sumGx = grouped(reduceSum(mul(g, x), [2, 3]))
    const sumGxhat = mul(sub(sumGx, mul(mean, sumG)), scale) // Σ g x̂
    const c1 = mul(mul(reduceSum(mul(sumGxhat, gammas), [2], true), square(scale)), -1 / size)
    const c0 = sub(mul(mul(reduceSum(mul(sumG, gammas), [2], true), scale), -1 / size), mul(c1, mean))
    const spread = (t: Tensor) => perChannel(add(t, mul(gammas, 0))) // [N, G, 1] → [N, C]
    const dx = add(affine(x, spread(c1), spread(c0)), mul(g, image(perChannel(a))))
    return [dx, sumTo(perChannel(sumGxhat), [channels]), sumTo(perChannel(sumG), [channels])]
  })
}

/**
 * a x + b with a and b per image and channel [N, C], in one pass over memory: an inference-mode batch
 * normalisation of a single image of N·C channels.
 */
function affine(x: Tensor, a: Tensor, b: Tensor): Tensor {
  const { n, channels, height, width } = imageShape('affine', x)
  const image = (t: Tensor) => reshape(t, [n, channels, 1, 1])
  if (typeof n !== 'number') return add(mul(x, image(a)), image(b))
  const count = n * channels
  const flat = (t: Tensor) => reshape(t, [count])
  const [zero, one] = [fill([count], 0), fill([count], 1)]
  const rows = reshape(x, [1, count, height * width])
  const y = apply('BatchNormalization', [rows, flat(a), flat(b), zero, one], rows.shape, x.dtype, {
    attributes: { epsilon: { float: 0 } },
  })
  return customGradient(reshape(y, x.shape), [x, a, b], g => [
    mul(g, image(a)),
    reduceSum(mul(g, x), [2, 3]),
    reduceSum(g, [2, 3]),
  ])
}

/**
 * Layer normalisation over the last axis: y = γ (x − μ) / √(σ² + ε) + β; γ, β [D].
 * x̄ = r (γg − mean(γg) − x̂ mean(γg x̂)). Source: Ba et al., arXiv 1607.06450.
 */
export function layerNorm(x: Tensor, gamma: Tensor, beta: Tensor, epsilon = 1e-5): Tensor {
  checkLast('layerNorm', x, gamma)
  checkLast('layerNorm', x, beta, 'β')
  const y = apply('LayerNormalization', [x, gamma, beta], x.shape, x.dtype, {
    attributes: { axis: -1, epsilon: { float: epsilon } },
  })
  return customGradient(y, [x, gamma, beta], g => {
    const centred = sub(x, reduceMean(x, [-1], true))
    const scale = reciprocal(sqrt(add(reduceMean(square(centred), [-1], true), epsilon)))
    const xhat = mul(centred, scale)
    const scaled = mul(g, gamma)
    const mean = reduceMean(scaled, [-1], true)
    const slope = reduceMean(mul(scaled, xhat), [-1], true)
    const dx = mul(sub(sub(scaled, mean), mul(xhat, slope)), scale)
    return [dx, sumTo(mul(g, xhat), gamma.shape), sumTo(g, beta.shape)]
  })
}

/**
 * Root-mean-square normalisation over one axis (default: the last): y = γ x r, r = 1 / √(mean(x²) + ε).
 * γ broadcasts against x. x̄ = r γg − x r³ mean(γg x). Source: Zhang & Sennrich, arXiv 1910.07467.
 */
export function rmsNorm(x: Tensor, gamma: Tensor, axis = -1, epsilon = 1e-5): Tensor {
  if (axis === -1) checkLast('rmsNorm', x, gamma)
  if (!sameShape(broadcastShapes('rmsNorm', x.shape, gamma.shape), x.shape))
    throw new Error(`rmsNorm: γ ${showShape(gamma.shape)} does not broadcast to x ${showShape(x.shape)}`)
  const scale = reciprocal(sqrt(add(reduceMean(square(x), [axis], true), epsilon)))
  const xhat = mul(x, scale)
  return customGradient(mul(xhat, gamma), [x, gamma], g => {
    const scaled = mul(g, gamma)
    const slope = reduceMean(mul(scaled, xhat), [axis], true)
    return [mul(sub(scaled, mul(xhat, slope)), scale), sumTo(mul(g, xhat), gamma.shape)]
  })
}

/** 1 / x; y' = −y² */
export function reciprocal(x: Tensor): Tensor {
  const y: Tensor = apply('Reciprocal', [x], x.shape, x.dtype, { vjp: ([g]) => [neg(mul(g!, square(y)))] })
  return y
}

function checkLast(op: string, x: Tensor, gamma: Tensor, letter = 'γ') {
  if (gamma.rank !== 1 || gamma.shape[0] !== x.shape[x.rank - 1])
    throw new Error(
      `${op}: ${letter} ${showShape(gamma.shape)} must be [${x.shape[x.rank - 1]}] for x ${showShape(x.shape)}`,
    )
}
