/** What a report shows, as plain data: gathered from a run by gather.ts, drawn by the sections and charts. */

import type { ChangeOrder } from '../codes/variations.ts'
import type { Metric } from '../nn/learner.ts'

export interface ReportContents {
  /** The run folder's name. */
  name: string
  /** The run folder as a shell finds it from where the report was written, not yet quoted. */
  path: string
  /** What it was trained on, as `--data` takes it. */
  data: string
  /** What was trained, with its article: `a classifier`. */
  title: string
  size: number
  channels: 1 | 3
  parameters: number
  seed: number
  training: Training
  /** What only models of this family have; missing where there is no more to say. */
  own?: OwnContents
  /** Flags for `coppice train --resume` that ask for more than the run's budget. */
  longer: string
  /** The validated configuration, shown as JSON. */
  config: unknown
  /** Program → version. */
  versions: Record<string, string>
  written: Date
  /** What the reader must know: what is missing, and why. */
  notes: string[]
}

export interface Training {
  steps: number
  images: number
  seconds: number
  /** Share of the budget used, in [0, 1]. */
  progress: number
  /** What is minimised, over time. */
  loss: Reading[]
  /** The family's metrics, the one that runs are compared by first. */
  metrics: MetricCurve[]
  /** Test images that the last readings are means over. */
  testCount?: number
}

/** A metric over time: on the training images, and of the averaged weights on test images. */
export interface MetricCurve extends Metric {
  train: Reading[]
  test: Reading[]
}

export interface Reading {
  step: number
  value: number
}

export type OwnContents = DdnContents | ClassifierContents

/** A Discrete Distribution Network: what it draws and rebuilds, and how its nodes are used. */
export interface DdnContents {
  model: 'ddn'
  layers: LayerSummary[]
  /** Length of the latent: Σ log₂ K. */
  bits: number
  /** Nodes split so far, and as many pruned. */
  splits: number
  /** Drawn with `seed`, every choice by chance. */
  samples: { seed: number; images: Thumbnail[] }
  /** Missing where the data could not be read again. */
  reconstructions?: Reconstructions
  variations?: Variations
  /** Missing too where images have conditions of their own. */
  interpolations?: Interpolation[]
}

export interface LayerSummary {
  /** From 1. */
  number: number
  /** Width and height of its images. */
  size: number
  K: number
  width: number
  /** Mean squared error at this size, of test images where they were measured. */
  loss?: number
  /** Entropy of the nodes' shares in bits, at most log₂ K. */
  entropy?: number
  dead?: number
}

/** An image of its own, as a data URI. */
export interface Thumbnail {
  source: string
  /** What it shows, in words. */
  label: string
}

export interface Reconstructions {
  /** The layers whose pictures are shown, with the bits spent up to each. */
  depths: { layer: number; size: number; bits: number }[]
  rows: { original: Thumbnail; levels: Thumbnail[] }[]
  /** Mean squared error at full size after each layer, over `count` test images. */
  errors: { bits: number; mse: number }[]
  count: number
}

/** One picture's first choices kept, the rest drawn anew; `kept` is what those first choices drew so far. */
export interface Variations {
  rows: { layers: number; bits: number; kept: Thumbnail; images: Thumbnail[] }[]
}

/** The way from one test image to another, more and more codes being the other's, those of the coarse layers first or last. */
export interface Interpolation {
  order: ChangeOrder
  images: Thumbnail[]
}

/** A classifier: how well it knows each class, and where it errs. */
export interface ClassifierContents {
  model: 'classifier'
  classes: ClassSummary[]
  /** Test images that were classified, and how many of them wrongly. */
  count: number
  wrong: number
  /** Those of which it was surest, the surest first. */
  mistakes: { picture: Thumbnail; label: string; said: string; probability: number }[]
}

export interface ClassSummary {
  name: string
  /** Test images of it, and how many of them were known. */
  count: number
  right: number
  /** What it was taken for most often where it was not. */
  confusion?: { name: string; count: number }
}
