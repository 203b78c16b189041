// The Fréchet distance between two sets of feature vectors, each taken for a Gaussian. With the features of Inception v3 it
// is the FID; with those of another network (features.ts) its figures compare only with others of the same network.

import { EigenvalueDecomposition, Matrix, SingularValueDecomposition } from 'ml-matrix'

/**
 * d² = ‖μ₁ − μ₂‖² + Tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½), from 0: the squared Wasserstein-2 distance of two Gaussians.
 *
 * With Σ = F Fᵀ the trace of the root is the sum of the singular values of F₁ᵀ F₂, for their squares are the eigenvalues
 * of Σ₁^½ Σ₂ Σ₁^½. No root is taken of what rounding may have made negative or blown up, so covariances may have any
 * rank: of N rows it is below N. Fewer rows than a few times D overrate the distance; compare sets of the same size.
 * Source: Heusel et al., arXiv 1706.08500, section 2; Dowson and Landau, J. Multivariate Analysis 12, 1982.
 *
 * @throws where the dimensions differ, or a set has fewer than 2 rows
 */
export function frechetDistance(a: Moments, b: Moments): number {
  if (a.dimension !== b.dimension)
    throw new Error(
      `features of ${a.dimension} and of ${b.dimension} values cannot be compared; use one network`,
    )
  const D = a.dimension
  const [first, second] = [a.covariance(), b.covariance()]
  let distance = 0
  for (let i = 0; i < D; i++) distance += (a.mean[i] - b.mean[i]) ** 2 + first[i * D + i] + second[i * D + i]
  const product = factorOf(first, D).transpose().mmul(factorOf(second, D))
  // Rounding may leave equal sets a little below 0.
  return Math.max(0, distance - 2 * nuclearNorm(product))
}

/** F [D, D] with F Fᵀ = Σ: the eigenvectors, each times the root of its eigenvalue. */
function factorOf(covariance: Float64Array, D: number): Matrix {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
    Matrix.from1DArray(D, D, covariance),
    { assumeSymmetric: true },
  )
  return eigenvectorMatrix.mulRowVector(realEigenvalues.map(value => Math.sqrt(Math.max(0, value))))
}

/** The sum of the singular values. */
function nuclearNorm(matrix: Matrix): number {
  const { diagonal } = new SingularValueDecomposition(matrix, {
    computeLeftSingularVectors: false,
    computeRightSingularVectors: false,
  })
  return diagonal.reduce((sum, value) => sum + value, 0)
}

/** Rows are taken in so many at a time: their deviations stay near the processor. */
const PART = 64

/**
 * Mean and covariance of rows that come in parts, in double precision, with nothing kept of the rows. Parts are joined
 * by their own means and scatters, which loses nothing where the mean is large beside the spread.
 * Source: Chan, Golub and LeVeque, "Algorithms for computing the sample variance", 1983.
 */
export class Moments {
  /** Rows so far. */
  count = 0
  /** [D] */
  readonly mean: Float64Array
  /** Σ (x − μ)(x − μ)ᵀ [D, D], of which the upper triangle is kept. */
  private readonly scatter: Float64Array

  constructor(readonly dimension: number) {
    if (!Number.isInteger(dimension) || dimension < 1)
      throw new Error(`invalid dimension: ${dimension}; give a positive integer`)
    this.mean = new Float64Array(dimension)
    this.scatter = new Float64Array(dimension * dimension)
  }

  /** The moments of rows [N, D]. */
  static of(rows: ArrayLike<number>, dimension: number): Moments {
    return new Moments(dimension).add(rows)
  }

  /** Takes in rows [n, D]. Throws where they are no whole number of rows, or not all numbers; then nothing is taken in. */
  add(rows: ArrayLike<number>): this {
    const D = this.dimension
    const count = rows.length / D
    if (!Number.isInteger(count)) throw new Error(`${rows.length} values are no whole number of rows of ${D}`)
    for (let i = 0; i < rows.length; i++)
      if (!Number.isFinite(rows[i]))
        throw new Error(`features: value ${i % D} of row ${Math.floor(i / D)} is ${rows[i]}, not a number`)
    for (let from = 0; from < count; from += PART) this.join(rows, from, Math.min(PART, count - from))
    return this
  }

  /** Σ (x − μ)(x − μ)ᵀ / (N − 1) [D, D]. Throws where there are fewer than 2 rows. */
  covariance(): Float64Array {
    const { count, dimension: D, scatter } = this
    if (count < 2)
      throw new Error(`a covariance needs at least 2 images, and there ${count === 1 ? 'is 1' : 'are none'}`)
    const covariance = new Float64Array(D * D)
    for (let i = 0; i < D; i++)
      for (let j = i; j < D; j++)
        covariance[i * D + j] = covariance[j * D + i] = scatter[i * D + j] / (count - 1)
    return covariance
  }

  private join(rows: ArrayLike<number>, from: number, n: number) {
    const { dimension: D, mean, scatter } = this
    // Column by column, so that the inner loop below runs along memory.
    const columns = new Float64Array(D * n)
    const step = new Float64Array(D)
    for (let d = 0; d < D; d++) {
      let sum = 0
      for (let k = 0; k < n; k++) sum += columns[d * n + k] = rows[(from + k) * D + d]
      for (let k = 0; k < n; k++) columns[d * n + k] -= sum / n
      step[d] = sum / n - mean[d]
    }
    const total = this.count + n
    const weight = (this.count * n) / total
    for (let i = 0; i < D; i++)
      for (let j = i; j < D; j++) {
        let sum = weight * step[i] * step[j]
        for (let k = 0; k < n; k++) sum += columns[i * n + k] * columns[j * n + k]
        scatter[i * D + j] += sum
      }
    for (let d = 0; d < D; d++) mean[d] += (step[d] * n) / total
    this.count = total
  }
}
