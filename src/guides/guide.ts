// What steers a network: a guide scores the K candidates of every layer, and somebody picks among them.

import type { LayerSpec } from '../ddn/config.ts'

/** Scores candidates. Higher is better; only the order, and for temperatures the differences, count. */
export type Guide = LinearGuide | BlackBoxGuide | CombinedGuide

/**
 * Wants a linear measurement of the image to be what it is told: score = −‖M x − wanted‖². It is compiled into the
 * network, where the measurement moves through the candidates' weights: no candidate's image is made.
 */
export interface LinearGuide {
  kind: 'linear'
  name: string
  /** The maps of M one after another, beginning at the whole image [c, s, s]; none: the image itself. */
  measurement: readonly LinearMap[]
  /** M x as it should be, for one image or for every result: [1 or N, …], in the image's scale [−1, 1]. */
  wanted: Float32Array
}

export type LinearMap =
  /** Every pixel times its weight [s, s], the same for all channels: 1 where it is known, 0 where it is not. */
  | { map: 'mask'; weights: Float32Array }
  /** The mean over areas, to size × size; fastest where that divides the image's size. */
  | { map: 'area'; size: number }
  /** Other channels from these: a matrix [rows][c], such as [[0.299, 0.587, 0.114]] for grey. */
  | { map: 'mix'; matrix: readonly (readonly number[])[] }
  /** Anything linear: a matrix [rows, c·s·s] on the flattened image. */
  | { map: 'matrix'; rows: number; matrix: Float32Array }

/** Judges images by any means: a function, a network, a service. */
export interface BlackBoxGuide {
  kind: 'black-box'
  name: string
  /** Width and height at which it wants to see candidates; default: each layer's own. */
  size?: number
  /** Scores [n, K], higher is better. */
  score(candidates: CandidateImages): ArrayLike<number> | Promise<ArrayLike<number>>
  /** What is wrong with a result, at best 0; candidates with K = 1. Default: the negative score. */
  error?(results: CandidateImages): ArrayLike<number> | Promise<ArrayLike<number>>
  /** Gives back what it holds. */
  close?(): Promise<void>
}

/** What a black box sees. */
export interface CandidateImages {
  /** [n, K, C, H, W] float32; pixels in [−1, 1] or a little beyond. */
  images: Float32Array
  shape: readonly [n: number, K: number, C: number, H: number, W: number]
  /** [n]: the result that each of the n belongs to, counted from 0. With a beam a result has several. */
  results: Int32Array
  /** The layer that they are candidates of. */
  layer: LayerSpec
}

/** Several guides at once: each has a say of its weight. */
export interface CombinedGuide {
  kind: 'combined'
  name: string
  parts: readonly WeightedGuide[]
  /**
   * What is added up over the guides: their ranks among the K candidates, from 0 for the worst to 1 for the best; or
   * their scores, standardised over the K candidates to mean 0 and deviation 1.
   */
  by: 'ranks' | 'scores'
}

export interface WeightedGuide {
  guide: LinearGuide | BlackBoxGuide
  weight: number
  /** Factors of the weight from the first layer to the last, interpolated; default 1 everywhere. */
  layers?: readonly number[]
}

/** A black box from a function that scores candidates [n, K, C, H, W]. */
export function blackBox(
  name: string,
  score: BlackBoxGuide['score'],
  options: Pick<BlackBoxGuide, 'size' | 'error' | 'close'> = {},
): BlackBoxGuide {
  return { kind: 'black-box', name, score, ...options }
}
