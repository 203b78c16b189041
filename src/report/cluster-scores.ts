// How well a tree's nodes agree with labels, beside k-means on raw pixels: as many clusters, judged on the same images.

import { type Images, spread, toFloat } from '../data/dataset.ts'
import { clusterScores } from '../eval/clustering.ts'
import { fitKMeans, nearestCentres } from '../eval/k-means.ts'
import type { ClusterContents, KMeansScores } from './cluster-contents.ts'
import { plural, whole } from './format.ts'

export type Scored = Pick<ClusterContents, 'labelled' | 'scores' | 'unscored' | 'kMeans' | 'kMeansLeftOut'>

export interface ScoreOptions {
  /** Nodes at the depth, with and without images: as many centres has k-means. */
  clusters: number
  /** What the images are of, for sentences. */
  data: string
  split: 'train' | 'test'
  /** Of k-means. */
  seed: number
  threads?: number
  onStatus?(text: string): void
  signal?: AbortSignal
}

/** Values of training images that k-means is fitted to: 65,536 images of 32×32 in grey. */
const FITTED = 2 ** 26

/** Centres of k-means at most, for the time that it takes grows with them. */
const CENTRES = 2048

/**
 * Scores of the images that have a label. k-means has as many centres as the tree has nodes, is fitted to the training
 * images (evenly spaced ones where they are many) without their labels, as the tree was, and then gives each of the
 * images to its nearest centre.
 *
 * @param nodes  [N]: the node of every image
 */
export async function scoresOf(
  images: Images,
  nodes: Int32Array,
  train: Images,
  { clusters: K, data, split, seed, threads, onStatus, signal }: ScoreOptions,
): Promise<Scored> {
  const known = Array.from(images.labels ?? []).flatMap((label, i) => (label >= 0 ? i : []))
  const truth = known.map(i => images.labels![i])
  const unscored = (reason: string): Scored => ({
    labelled: known.length,
    scores: null,
    unscored: reason,
    kMeans: null,
    kMeansLeftOut: null,
  })
  if (known.length === 0)
    return unscored(`The ${split} images of ${data} have no labels to score clusters by.`)
  if (new Set(truth).size === 1)
    return unscored(`All these images of ${data} have the same label, and any clusters agree with that.`)
  const scores = clusterScores(
    known.map(i => nodes[i]),
    truth,
  )
  const scored = { labelled: known.length, scores, unscored: null }

  const fitted = spread(train.count, Math.max(1, Math.floor(FITTED / (images.channels * images.size ** 2))))
  const tooMany =
    K > CENTRES
      ? `k-means is fitted with up to ${whole(CENTRES)} centres`
      : K > fitted.length && `there are ${plural(fitted.length, 'training image')} to fit centres to`
  if (tooMany)
    return {
      ...scored,
      kMeans: null,
      kMeansLeftOut: `The tree has ${plural(K, 'node')} at this depth, and ${tooMany}.`,
    }
  signal?.throwIfAborted()
  onStatus?.(`Fitting k-means: ${plural(K, 'centre')}, ${plural(fitted.length, 'training image')} …`)
  const kMeans = await kMeansScores(images, known, truth, train, fitted, { K, seed, threads })
  return { ...scored, kMeans, kMeansLeftOut: null }
}

async function kMeansScores(
  images: Images,
  known: readonly number[],
  truth: readonly number[],
  train: Images,
  fitted: Int32Array,
  { K, seed, threads }: { K: number; seed: number; threads?: number },
): Promise<KMeansScores> {
  const dimension = images.channels * images.size ** 2
  const fit = await fitKMeans(toFloat(train, fitted), { dimension, K, seed, threads })
  const own = new Int32Array(known.length)
  const at = Math.ceil(FITTED / 8 / dimension)
  for (let from = 0; from < known.length; from += at)
    own.set(await nearestCentres(fit, toFloat(images, known.slice(from, from + at)), { threads }), from)
  return {
    clusters: K,
    used: new Set(own).size,
    fitted: fitted.length,
    iterations: fit.iterations,
    ...clusterScores(own, truth),
  }
}
