// What a page of clusters shows: made from a run and its data, shown by the page, with nothing of the network in it.

import type { ClusterScores } from '../eval/clustering.ts'
import type { Thumbnail } from './contents.ts'

export interface ClusterContents {
  /** The run's path, as its commands name it. */
  run: string
  step: number
  /** What the network learned to draw, and whose images are in the clusters. */
  trained: string
  data: string
  split: 'train' | 'test'
  /** Images in the clusters, and how many the split has. */
  images: number
  splitImages: number
  size: number
  /** Side of what the network draws at the depth. */
  drawnSize: number
  /** Whether the network is told the class of what it draws. */
  toldClass: boolean
  /** Choices that a node is named by, and the nodes there are after so many. */
  depth: number
  clusters: number
  /** The nodes that have images: how many of each and, where there are labels, how many of the most frequent one. */
  nodes: readonly ClusterNode[]
  /** Images whose label is known: those that are scored. */
  labelled: number
  scores: ClusterScores | null
  /** Why there are no scores; null where there are. */
  unscored: string | null
  kMeans: KMeansScores | null
  /** Why there is no k-means beside the scores; null where there is, or are no scores. */
  kMeansLeftOut: string | null
  /** Labels with a colour of their own, the most frequent first; all others share one. */
  legend: readonly string[]
  /** Whether there are labels beside those. */
  others: boolean
  /** The most populated nodes, in detail. */
  shown: readonly ShownCluster[]
  notes: readonly string[]
  seed: number
  command: string
  seconds: number
  version: string
  written: Date
}

export interface ClusterNode {
  path: readonly number[]
  images: number
  /** The mean of its images, of as many nodes as the overview has room for. */
  mean?: string
  /** Its labelled images, the most frequent label first; empty where none is labelled. */
  makeUp: readonly LabelShare[]
}

export interface LabelShare {
  name: string
  /** Its place in the legend; −1 where it is not there. */
  colour: number
  images: number
}

/** One of the nodes with its pictures, PNG files as data URIs. */
export interface ShownCluster {
  /** Its place among `nodes`. */
  node: number
  /** What the network draws at the node, of as many pixels as the layer has. */
  drawn: string
  mean: string
  members: readonly Thumbnail[]
}

/** k-means on raw pixels, judged on the same images. */
export interface KMeansScores extends ClusterScores {
  /** Centres, as many as there are nodes, and those of them that have images. */
  clusters: number
  used: number
  /** Training images that it was fitted to, and rounds it took. */
  fitted: number
  iterations: number
}
