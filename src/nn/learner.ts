// What a trainer knows of a family of models: one training step as a graph, what to feed it, what its outputs say.

import { type Images, toFloat } from '../data/dataset.ts'
import type { Rng } from '../data/rng.ts'
import type { Values } from '../graph/index.ts'
import type { Feed, Program } from '../runtime/index.ts'
import type { Layout } from './parameters.ts'

/**
 * A model in training. The trainer keeps the vectors (parameters, moments, averages), the schedule, the order of the
 * images and every random generator; the learner says what a step computes, and keeps what only its family has.
 */
export interface Learner {
  /** Where the parameters stand in the vectors. */
  readonly layout: Layout
  /**
   * One step, as `trainingProgram` (training-program.ts) builds it. State: `parameters`, `moment1`, `moment2`,
   * `average`, each [layout.size]. Inputs: the scalars `rate`, `epsilon`, `averageDecay`, and what `feeds` gives.
   * Outputs: `norm`, the gradient's length, and what `read` and `after` look at.
   */
  readonly program: Program
  /** What the parts of the loss are called in `step 7: the … is NaN`: `loss of layer 3`, `cross-entropy`. */
  readonly parts: readonly string[]
  /**
   * The inputs of a step on these images. Made ahead of the step, while the one before it runs, so it must depend
   * on nothing but its arguments; what is random is drawn from `chance`.
   */
  feeds(images: Images, indices: Int32Array, chance: Chance): Record<string, Feed>
  /** What the step's outputs say of it, before it is accepted: a loss that is no number undoes the step. */
  read(outputs: Outputs): StepOutcome
  /**
   * Called after every accepted step, with the share of the budget used before it, in [0, 1]: returns the rows to
   * copy in all vectors, in this order.
   */
  after?(outputs: Outputs, progress: number): RowCopy[]
  /** How well these weights do on the first `count` images, of which there are as many. */
  evaluate(weights: Float32Array, images: Images, count: number): Promise<Evaluation>
  /** What a resumed run needs beside the vectors and the generators, safe for JSON; `restore` takes it back. */
  state(): unknown
  /** Goes on where `state` was taken; throws where it is no such state. */
  restore(state: unknown): void
  /** Gives back what the evaluations hold. */
  close(): Promise<void>
}

/** The generator for a purpose: the same one at every call, whose state is part of a checkpoint. */
export type Chance = (purpose: string) => Rng

/** The outputs of a step by name, flat. */
export type Outputs = Readonly<Record<string, Values>>

/** What a step did on its batch. */
export interface StepOutcome {
  /** What was minimised. */
  loss: number
  /** What it is made of, in the order of the learner's `parts`. */
  losses: Float32Array
  /** Some of the family's metrics, on the batch and with the weights before the step. */
  metrics: Record<string, number>
}

/** Row `to` of a parameter [rows, …] becomes a copy of row `from`, with its moments and averages. */
export interface RowCopy {
  parameter: string
  from: number
  to: number
}

/** How well weights do on images that they were not trained on. */
export interface Evaluation {
  /** The family's metrics, by name. */
  metrics: Record<string, number>
  /** Images that these are means over. */
  count: number
  /** Where the model has layers, what each of them loses. */
  losses?: number[]
  /** Where layers choose among nodes, how evenly these are used, on the training images. */
  usage?: Usage[]
}

/** How a layer's nodes are used. */
export interface Usage {
  /** Bits; log₂ K when even. */
  entropy: number
  /** 2^entropy: as many evenly used nodes. */
  perplexity: number
  /** Nodes with less than a twentieth of the fair share. */
  dead: number
}

/** A number that says how good a model is. The first that a family names is the one that runs are compared by. */
export interface Metric {
  /** Its key in `metrics`: `mse`. */
  name: string
  /** After "test": `MSE`, `accuracy`. */
  title: string
  better: 'lower' | 'higher'
  /** `share`: in [0, 1] and shown in percent; `loss`: on the scale of the training loss; else a number of its own. */
  kind?: 'share' | 'loss'
}

/** The images of a batch as a program takes them: [n, c, s, s] float32 in [−1, 1]. */
export function imagesFeed(images: Images, indices: ArrayLike<number>): Feed {
  const { channels, size } = images
  return { data: toFloat(images, indices), shape: [indices.length, channels, size, size] }
}
