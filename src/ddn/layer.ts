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
  transpose,
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
  const { weights, features, wanted, patch } = prepare(candidates, target)
  const [n, p, positions] = wanted.shape as [number, number, number]
  const width = weights.shape[1] as number
  const c = width / p
  const overlap = matmul(wanted, features, { transposeB: true }) // [N, P, C]
  const cross = matmul(reshape(overlap, [n, width]), weights, { transposeB: true }) // [N, K]
  const energy =
    p * positions <= c
      ? reduceSumSquare(valuesOf(weights, features, p), [2])
      : gramEnergy(weights, features, patch ** 2)
  return sub(energy, mul(cross, 2))
}

/**
 * Σ_x ω_x (candidate_k − target)²_x for all K candidates, in full: [N, K], the pixels weighted by ω [1 or N, 1, S·p, S·p]
 * alike in all channels. As in `distances`, but a patch's pixels have Gram matrices of their own, f diag(ω) fᵀ.
 */
export function weightedDistances(
  candidates: Candidates,
  target: Tensor,
  pixelWeights: Tensor | null,
): Tensor {
  const { weights, features, wanted, patch } = prepare(candidates, target)
  const [n, p, positions] = wanted.shape as [number, number, number]
  const [k, width] = weights.shape as [number, number]
  const c = width / p
  const within = patch * patch
  const each =
    pixelWeights && reshape(toPatches(pixelWeights, patch), [pixelWeights.shape[0], 1, within, positions])
  const weighted = each
    ? reshape(mul(reshape(wanted, [n, p / within, within, positions]), each), wanted.shape)
    : wanted
  const overlap = matmul(weighted, features, { transposeB: true }) // [N, P, C]
  const cross = matmul(reshape(overlap, [n, width]), weights, { transposeB: true }) // [N, K]
  const constant = reduceSum(mul(weighted, wanted), [1, 2]) // [N]
  let energy: Tensor
  if (p * positions <= c) {
    const squares = square(valuesOf(weights, features, p)) // [N, K, P·X]
    const all =
      each &&
      mul(
        reshape(squares, [n, k, p / within, within * positions]),
        reshape(each, [each.shape[0], 1, 1, within * positions]),
      )
    energy = all ? reduceSum(all, [2, 3]) : reduceSum(squares, [2])
  } else energy = gramEnergy(weights, features, within, each)
  return add(sub(energy, mul(cross, 2)), reshape(constant, [n, 1]))
}

/** Features [N, C, X] and what is wanted of them [N, P, X], through which no gradient flows. */
function prepare({ weights, features, patch, previous }: Candidates, target: Tensor) {
  const [n, c, height, width] = features.shape as [number, number, number, number]
  const positions = height * width
  const wanted = toPatches(previous ? sub(target, stopGradient(previous)) : target, patch)
  return {
    weights: stopGradient(weights),
    features: reshape(stopGradient(features), [n, c, positions]),
    wanted: reshape(wanted, [n, wanted.shape[1], positions]),
    patch,
  }
}

/** W_k f itself: [N, K, P·X]. */
function valuesOf(weights: Tensor, features: Tensor, p: number): Tensor {
  const [n, c, positions] = features.shape as [number, number, number]
  const [k] = weights.shape as [number]
  return reshape(matmul(reshape(weights, [k * p, c]), features), [n, k, p * positions])
}

/**
 * ‖W_k f‖² = ⟨Σ_p w_kp w_kpᵀ, f fᵀ⟩: [N, K]. With pixel weights [1 or N, 1, p², X] there is a Gram matrix for every
 * pixel of a patch: Σ_j ⟨Σ_channels w_kj w_kjᵀ, f diag(ω_j) fᵀ⟩.
 */
function gramEnergy(
  weights: Tensor,
  features: Tensor,
  within: number,
  pixelWeights: Tensor | null = null,
): Tensor {
  const [n, c, positions] = features.shape as [number, number, number]
  const [k, width] = weights.shape as [number, number]
  const kinds = pixelWeights ? within : 1
  const scaled = pixelWeights
    ? reshape(mul(reshape(features, [n, c, 1, positions]), pixelWeights), [n, c, kinds, positions])
    : null
  const gram = scaled
    ? matmul(transpose(scaled, [0, 2, 1, 3]), reshape(features, [n, 1, c, positions]), { transposeB: true })
    : matmul(features, features, { transposeB: true })
  const channels = width / (c * kinds)
  const each =
    kinds === 1
      ? reshape(weights, [k, 1, channels, c])
      : transpose(reshape(weights, [k, channels, kinds, c]), [0, 2, 1, 3]) // [K, kinds, channels, C]
  const outer =
    channels === 1
      ? mul(reshape(each, [k, kinds, c, 1]), reshape(each, [k, kinds, 1, c]))
      : matmul(each, each, { transposeA: true })
  return matmul(reshape(gram, [n, kinds * c * c]), reshape(outer, [k, kinds * c * c]), { transposeB: true })
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

/** The images of all K candidates, for those who cannot do without: [N, K, c, S·p, S·p]. */
export function imagesOf({ weights, features, patch, previous, channels }: Candidates): Tensor {
  const [n, c, grid] = features.shape as [number, number, number]
  const [k] = weights.shape as [number]
  const p = channels * patch * patch
  const side = grid * patch
  const values = matmul(reshape(weights, [k * p, c]), reshape(features, [n, c, grid * grid]))
  const painted = fromPatches(reshape(values, [n * k, p, grid, grid]), patch)
  const images = reshape(painted, [n, k, channels, side, side])
  return previous ? add(images, reshape(previous, [n, 1, channels, side, side])) : images
}

/** The plain algorithm, for tests: the squared distances [N, K] of K images that are really made. */
export function distancesByImages(candidates: Candidates, target: Tensor): Tensor {
  const images = imagesOf(candidates)
  const [n, k, ...rest] = images.shape as number[]
  const size = rest.reduce((a, b) => a * b)
  const away = sub(reshape(images, [n, k, size]), reshape(target, [n, 1, size]))
  return reduceSum(square(away), [2])
}
