// A trained classifier, ready to use: images to probabilities.

import { overImages } from '../../nn/over-images.ts'
import type { Layout } from '../../nn/parameters.ts'
import { compile, type RuntimeOptions, type Step } from '../../runtime/index.ts'
import type { ClassifierConfig } from './config.ts'
import { classifierInference, classifierLayout } from './network.ts'

/** Images at a time. */
const BATCH = 32

/**
 * N images are [N, c, s, s] float32 in [−1, 1], a flat array from whose length N is read. The same image gives the same
 * bits, alone or among others.
 */
export class Classifier {
  readonly layout: Layout
  /** Names of the classes, in the order of the outputs. */
  readonly classes: readonly string[]
  private program: Promise<Step> | null = null
  private queue: Promise<unknown> = Promise.resolve()
  private closed = false

  private constructor(
    readonly config: ClassifierConfig,
    readonly weights: Float32Array,
    private readonly runtime: RuntimeOptions,
  ) {
    this.layout = classifierLayout(config)
    this.classes = config.classes ?? []
    if (weights.length !== this.layout.size)
      throw new Error(`the network has ${this.layout.size} weights, not ${weights.length}`)
  }

  /** A network with these weights (in its layout's order). Nothing is compiled before it is used. */
  static async open(
    config: ClassifierConfig,
    weights: Float32Array,
    runtime: RuntimeOptions = {},
  ): Promise<Classifier> {
    return new Classifier(config, weights, runtime)
  }

  /** Probabilities [N, classes], each row with sum 1. */
  classify(images: Float32Array): Promise<Float32Array> {
    return this.run(images, 'probabilities')
  }

  /** Logits [N, classes], whose soft-max the probabilities are. */
  logits(images: Float32Array): Promise<Float32Array> {
    return this.run(images, 'logits')
  }

  /** Gives back what the engine holds. */
  async close(): Promise<void> {
    this.closed = true
    await this.queue.catch(() => {})
    await (await this.program?.catch(() => null))?.close()
  }

  /** Calls that overlap wait for each other. */
  private run(images: Float32Array, output: 'logits' | 'probabilities'): Promise<Float32Array> {
    if (this.closed) throw new Error('this model is closed')
    const { channels, size } = this.config
    const work = async () => {
      this.program ??= compile(
        classifierInference(this.config, this.layout, { batch: BATCH, values: this.weights }),
        this.runtime,
      )
      return overImages({ step: await this.program, batch: BATCH, channels, size }, images, output)
    }
    const done = this.queue.then(work, work)
    this.queue = done.catch(() => {})
    return done
  }
}
