/** What a report shows, as plain data: gathered from a run by gather.ts, drawn by the sections and charts. */

export interface ReportContents {
  /** The run folder's name. */
  name: string
  /** The run folder as a shell finds it from where the report was written, not yet quoted. */
  path: string
  /** What it was trained on, as `--data` takes it. */
  data: string
  size: number
  channels: 1 | 3
  layers: LayerSummary[]
  /** Length of the latent: Σ log₂ K. */
  bits: number
  parameters: number
  seed: number
  training: Training
  /** Drawn with `seed`, every choice by chance. */
  samples: { seed: number; images: Thumbnail[] }
  /** Missing where the data could not be read again. */
  reconstructions?: Reconstructions
  variations?: Variations
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
  /** Weighted mean of the layers' losses, over time. */
  loss: Reading[]
  /** Mean squared error of the last layer on the training images, over time. */
  mse: Reading[]
  /** The same of the averaged weights on test images. */
  testMse: Reading[]
  /** Test images that the last reading is a mean over. */
  testCount?: number
  /** Nodes split so far, and as many pruned. */
  splits: number
}

export interface Reading {
  step: number
  value: number
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
