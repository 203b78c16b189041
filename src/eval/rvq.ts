// Residual vector quantisation: images as lists of codes without a network, the plainest peer of a DDN at the same bits.

import { random } from '../data/rng.ts'
import { checkPoints, lloyd, Nearest } from './k-means.ts'

export interface RvqOptions {
  /** D: values of an image. */
  dimension: number
  /** Stages. */
  L: number
  /** Centres of every stage. */
  K: number
  /** Rounds of k-means per stage at most; default 15. */
  iterations?: number
  /** Default 0. */
  seed?: number
  /** Default: all cores. */
  threads?: number
  /** Called after every stage with the mean squared error that is left of the images. */
  onStage?: (stage: number, mse: number) => void
}

/**
 * Fits L stages to images [N, D]: each is k-means with K centres on what the stages before it left of the images, from
 * the images themselves on. Source: Juang and Gray, ICASSP 1982; Barnes, Rizvi and Nasrabadi, IEEE Transactions on Image
 * Processing 5, 1996.
 *
 * @throws where there are fewer images than centres, or values that are no numbers
 */
export async function fitRvq(images: Float32Array, options: RvqOptions): Promise<Rvq> {
  const { dimension, L, K, iterations = 15, seed = 0, threads, onStage } = options
  if (!Number.isInteger(L) || L < 1) throw new Error(`invalid L: ${L}; give a positive integer`)
  const engine = await Nearest.open(dimension, K, threads)
  try {
    const rng = random(seed, 'rvq')
    const residual = images.slice()
    const codebooks: Float32Array[] = []
    for (let l = 0; l < L; l++) {
      const { centres, nearest, mse } = await lloyd(engine, residual, {
        // What stages leave has outliers, but no clusters.
        start: 'any',
        iterations,
        rng,
        threads,
      })
      subtract(residual, nearest, centres, dimension)
      codebooks.push(centres)
      onStage?.(l + 1, mse)
    }
    return new Rvq(engine, codebooks)
  } catch (error) {
    await engine.close()
    throw error
  }
}

/** What `fitRvq` gives. Close it after use. */
export class Rvq {
  readonly dimension: number
  readonly L: number
  readonly K: number

  constructor(
    private readonly engine: Nearest,
    /** The centres of every stage: L times [K, D]. */
    readonly codebooks: readonly Float32Array[],
  ) {
    this.dimension = engine.dimension
    this.K = engine.K
    this.L = codebooks.length
  }

  /** Codes [N, L] of images [N, D]: at every stage the centre that is nearest to what is left. */
  async encode(images: Float32Array): Promise<Int32Array> {
    const { dimension: D, L } = this
    checkPoints(images, D)
    const count = images.length / D
    const residual = images.slice()
    const codes = new Int32Array(count * L)
    for (let l = 0; l < L; l++) {
      const { nearest } = await this.engine.of(residual, this.codebooks[l])
      subtract(residual, nearest, this.codebooks[l], D)
      for (let i = 0; i < count; i++) codes[i * L + l] = nearest[i]
    }
    return codes
  }

  /** Images [N, D]: the sums of the centres that codes [N, L] name, or of those of the first stages alone. */
  decode(codes: Int32Array, stages = this.L): Float32Array {
    const { dimension: D, L, K } = this
    const count = codes.length / L
    if (!Number.isInteger(count))
      throw new Error(`${codes.length} codes are no whole number of lists of ${L}`)
    if (!Number.isInteger(stages) || stages < 1 || stages > L)
      throw new Error(`invalid stages: ${stages}; give an integer from 1 to ${L}`)
    const images = new Float32Array(count * D)
    for (let i = 0; i < count; i++)
      for (let l = 0; l < stages; l++) {
        const code = codes[i * L + l]
        if (!(code >= 0 && code < K))
          throw new Error(`codes: image ${i} has ${code} at stage ${l}, which has the codes 0 to ${K - 1}`)
        const centres = this.codebooks[l]
        for (let d = 0; d < D; d++) images[i * D + d] += centres[code * D + d]
      }
    return images
  }

  close(): Promise<void> {
    return this.engine.close()
  }
}

/** Takes from every row its nearest centre. */
function subtract(rows: Float32Array, nearest: Int32Array, centres: Float32Array, D: number) {
  for (let i = 0; i < nearest.length; i++)
    for (let d = 0; d < D; d++) rows[i * D + d] -= centres[nearest[i] * D + d]
}
