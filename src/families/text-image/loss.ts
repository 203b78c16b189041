// The contrastive loss between pictures and captions.

import {
  add,
  customGradient,
  exp,
  fill,
  less,
  logSoftmax,
  matmul,
  maximum,
  minimum,
  mul,
  neg,
  reduceSum,
  swapLast,
  type Tensor,
  where,
} from '../../graph/index.ts'

/** No sharper than this: ln 100, as in CLIP. */
export const MAX_LOG_SCALE = Math.log(100)

/** Added to the logit of a pair that must not count: e^−1e4 is 0. */
const EXCLUDED = -1e4

/**
 * Symmetric InfoNCE: with logits l_ij = e^s ⟨image_i, text_j⟩ the cross-entropy of finding the text of each image
 * and the image of each text among all in the batch,
 *   −(1 / 2N) Σ_i (ln softmax_j(l_ij)[i] + ln softmax_j(l_ji)[i]).
 * images, texts [N, D] of unit norm; logScale s, a scalar, held at ln 100 from above; excluded [N, N] with 1 for
 * pairs that are neither right nor wrong (never on the diagonal). Returns a scalar.
 * Source: van den Oord et al., arXiv 1807.03748; the symmetric form with a learned scale Radford et al., arXiv
 * 2103.00020, figure 3 and section 2.4.
 */
export function infoNce(images: Tensor, texts: Tensor, logScale: Tensor, excluded: Tensor): Tensor {
  const n = images.shape[0] as number
  const cosines = matmul(images, texts, { transposeB: true })
  const logits = add(mul(cosines, exp(limited(logScale))), mul(excluded, EXCLUDED))
  const diagonal = fill([n, n], 0)
  for (let i = 0; i < n; i++) diagonal.node.values![i * (n + 1)] = 1
  const right = add(logSoftmax(logits, 1), logSoftmax(swapLast(logits), 1))
  return mul(neg(reduceSum(mul(right, diagonal))), 1 / (2 * n))
}

/** min(s, ln 100), whose gradient at the limit still leads back below it. */
function limited(logScale: Tensor): Tensor {
  return customGradient(minimum(logScale, MAX_LOG_SCALE), [logScale], g => [
    where(less(logScale, MAX_LOG_SCALE), g, maximum(g, 0)),
  ])
}
