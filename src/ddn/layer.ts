// The discrete distribution layer: K candidate images, linear in the features, of which one is kept.

import {
  add,
  argMin,
  fromPatches,
  gather,
  matmul,
  mul,
  reduceSum,
  reduceSumSquare,
  reshape,
  square,
  stopGradient,
  sub,
  type Tensor,
  toPatches,
} from '../graph/index.ts'

/**
 * How the candidates of one layer are made. N images, C features, on a grid of S×S positions; every position
 * paints a patch of p×p pixels in each of the image's c channels: P = c·p² numbers.
 */
export interface Candidates {
  /** The weights of the K candidates [K, P·C]. */
  weights: Tensor
  /** What they are linear in [N, C, S, S]. */
  features: Tensor
  /** Pixels per position along one side, p. */
  patch: number
  /** The image they are added to [N, c, S·p, S·p]; null: they are the image. */
  previous: Tensor | null
  channels: number
}

/**
 * ‖candidate_k − target‖² for all K candidates, without their images, up to a term that is the same for all k:
 * [N, K]. target [N, c, S·p, S·p].
 *
 * With t = target − previous, candidate_k − target = W_k f − t, so
 *   d_k = ‖W_k f‖² − 2 ⟨W_k, t fᵀ⟩ (+ ‖t‖²).
 * ‖W_k f‖² is ⟨W_k G, W_k⟩ with the Gram matrix G = f fᵀ: it costs K·C² per image whatever the image's size.
 * Where an image has no more pixels than there are features, W_k f itself is the smaller thing.
 * No gradient flows through a choice.
 */
export function distances(candidates: Candidates, target: Tensor): Tensor {
  const { patch, previous, channels } = candidates
  const weights = stopGradient(candidates.weights)
  const features = stopGradient(candidates.features)
  const [n, c, grid] = features.shape as [number, number, number]
  const positions = grid * grid
  const [k, width] = weights.shape as [number, number]
  const p = channels * patch * patch
  const flat = reshape(features, [n, c, positions])
  const wanted = previous ? sub(target, stopGradient(previous)) : target
  const t = reshape(toPatches(wanted, patch), [n, p, positions])
  const overlap = matmul(t, flat, { transposeB: true }) // [N, P, C]
  const cross = matmul(reshape(overlap, [n, width]), weights, { transposeB: true }) // [N, K]
  const energy =
    p * positions <= c
      ? reduceSumSquare(reshape(matmul(reshape(weights, [k * p, c]), flat), [n, k, p * positions]), [2])
      : gramEnergy(weights, flat, k, p)
  return sub(energy, mul(cross, 2))
}

/** ‖W_k f‖² = ⟨Σ_p w_kp w_kpᵀ, f fᵀ⟩: [N, K]. */
function gramEnergy(weights: Tensor, flat: Tensor, k: number, p: number): Tensor {
  const [n, c] = flat.shape as [number, number]
  const gram = reshape(matmul(flat, flat, { transposeB: true }), [n, c * c])
  const each = reshape(weights, [k, p, c])
  const outer =
    p === 1
      ? mul(reshape(weights, [k, c, 1]), reshape(weights, [k, 1, c]))
      : matmul(each, each, { transposeA: true })
  return matmul(gram, reshape(outer, [k, c * c]), { transposeB: true })
}

/** The index [N] of the candidate nearest to the target. */
export function nearest(candidates: Candidates, target: Tensor): Tensor {
  return argMin(distances(candidates, target), 1)
}

/** The images [N, c, S·p, S·p] of the candidates `index` [N], and nothing of the others. */
export function choose(candidates: Candidates, index: Tensor): Tensor {
  const { weights, patch, previous } = candidates
  const painted = paint(gather(weights, index), candidates.features, patch)
  return previous ? add(previous, painted) : painted
}

/** W f: one set of weights per image [N, P·C] on features [N, C, S, S] → [N, c, S·p, S·p]. */
export function paint(weights: Tensor, features: Tensor, patch: number): Tensor {
  const [n, c, grid] = features.shape as [number, number, number]
  const p = (weights.shape[1] as number) / c
  const values = matmul(reshape(weights, [n, p, c]), reshape(features, [n, c, grid * grid]))
  return fromPatches(reshape(values, [n, p, grid, grid]), patch)
}

/** The plain algorithm, for tests: the squared distances [N, K] of K images that are really made. */
export function distancesByImages(candidates: Candidates, target: Tensor): Tensor {
  const { weights, features, patch, previous, channels } = candidates
  const [n, c, grid] = features.shape as [number, number, number]
  const [k] = weights.shape as [number]
  const p = channels * patch * patch
  const values = matmul(reshape(weights, [k * p, c]), reshape(features, [n, c, grid * grid]))
  const images = fromPatches(reshape(values, [(n as number) * k, p, grid, grid]), patch)
  const side = grid * patch
  const each = reshape(images, [n, k, channels * side * side])
  const wanted = reshape(previous ? sub(target, previous) : target, [n, 1, channels * side * side])
  return reduceSum(square(sub(each, wanted)), [2])
}
