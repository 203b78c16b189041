// How a classifier learns: images moved a little and their labels in, accuracy out.

import { type Images, toFloat } from '../../data/dataset.ts'
import type { AdamSettings } from '../../nn/adam.ts'
import type { Chance, Evaluation, Learner, Outputs, StepOutcome } from '../../nn/learner.ts'
import { overImages } from '../../nn/over-images.ts'
import type { Layout } from '../../nn/parameters.ts'
import { compile, type Feed, type Program, type RuntimeOptions, type Step } from '../../runtime/index.ts'
import { labelOf, oneHot } from '../labels.ts'
import { augmented } from './augment.ts'
import type { Augmentation, ClassifierConfig } from './config.ts'
import { classCount, classifierInference, classifierLayout, classifierStep } from './network.ts'

export interface ClassifierLearnerSettings {
  network: ClassifierConfig
  augmentation: Augmentation
  optimiser: AdamSettings & { batch: number }
}

/** Test images at a time. */
const BATCH = 100

export class ClassifierLearner implements Learner {
  readonly layout: Layout
  readonly program: Program
  readonly parts = ['cross-entropy']
  private readonly classes: number
  private evaluator: Promise<Step> | null = null

  constructor(
    readonly settings: ClassifierLearnerSettings,
    private readonly runtime: RuntimeOptions = {},
  ) {
    const { network, optimiser } = settings
    this.classes = classCount(network)
    this.layout = classifierLayout(network)
    this.program = classifierStep(network, this.layout, optimiser.batch, optimiser)
  }

  feeds(images: Images, indices: Int32Array, chance: Chance): Record<string, Feed> {
    const { channels, size } = images
    const data = augmented(images, indices, this.settings.augmentation, chance('augmentation'))
    return {
      images: { data, shape: [indices.length, channels, size, size] },
      labels: oneHot(images, indices, this.classes),
    }
  }

  read({ loss, crossEntropy, accuracy }: Outputs): StepOutcome {
    const losses = loss as Float32Array
    return {
      loss: losses[0],
      losses,
      metrics: { accuracy: Number(accuracy[0]), crossEntropy: Number(crossEntropy[0]) },
    }
  }

  /** Share of the images whose most probable class is that of their label, and −(1/N) Σ ln p_label in nats. */
  async evaluate(weights: Float32Array, images: Images, count: number): Promise<Evaluation> {
    const { channels, size } = this.settings.network
    const { classes } = this
    this.evaluator ??= compile(
      classifierInference(this.settings.network, this.layout, { batch: BATCH }),
      this.runtime,
    )
    const step = await this.evaluator
    await step.write('parameters', weights)
    let right = 0
    let crossEntropy = 0
    for (let start = 0; start < count; start += BATCH) {
      const indices = Int32Array.from({ length: Math.min(BATCH, count - start) }, (_, i) => start + i)
      const batch = { step, batch: BATCH, channels, size }
      const logits = await overImages(batch, toFloat(images, indices), 'logits')
      indices.forEach((index, i) => {
        const row = logits.subarray(i * classes, (i + 1) * classes)
        const label = labelOf(images, index, classes)
        const most = Math.max(...row)
        if (row.indexOf(most) === label) right++
        crossEntropy += most + Math.log(row.reduce((sum, x) => sum + Math.exp(x - most), 0)) - row[label]
      })
    }
    return { metrics: { accuracy: right / count, crossEntropy: crossEntropy / count }, count }
  }

  /** There is nothing beside the vectors. */
  state(): null {
    return null
  }

  restore() {}

  async close() {
    await (await this.evaluator)?.close()
  }
}
