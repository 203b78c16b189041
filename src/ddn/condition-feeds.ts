// What a conditional network is told: in training, with what is drawn for every image; and when it is measured.

import type { Images } from '../data/dataset.ts'
import { oneHot } from '../families/labels.ts'
import { type Chance, imagesFeed } from '../nn/learner.ts'
import { compile, type Feed, type RuntimeOptions, type Step } from '../runtime/index.ts'
import { classCount, conditionShape, EDGE_THRESHOLD } from './condition.ts'
import type { DdnConfig } from './config.ts'
import { conditioner } from './program.ts'

/**
 * The inputs of a training step that its condition asks for: labels one-hot [n, classes, 1, 1]; or weights of the
 * channels [n, 3, 1, 1], drawn evenly from those with sum 1; or a threshold of edges [n, 1, 1, 1], drawn from half to
 * twice the usual one, evenly in its logarithm. Low-resolution images follow from the images.
 */
export function trainingCondition(
  { condition }: DdnConfig,
  images: Images,
  indices: Int32Array,
  chance: Chance,
): Record<string, Feed> {
  const n = indices.length
  switch (condition?.kind) {
    case 'class':
      return { condition: oneHot(images, indices, classCount(condition), 2) }
    case 'grey': {
      const rng = chance('condition')
      const mixing = new Float32Array(3 * n)
      for (let i = 0; i < n; i++) {
        // The gaps between two points drawn from [0, 1].
        const [a, b] = [rng.next(), rng.next()].sort((p, q) => p - q)
        mixing.set([a, b - a, 1 - b], 3 * i)
      }
      return { mixing: { data: mixing, shape: [n, 3, 1, 1] } }
    }
    case 'edges': {
      const rng = chance('condition')
      const threshold = Float32Array.from({ length: n }, () => EDGE_THRESHOLD * 2 ** (2 * rng.next() - 1))
      return { threshold: { data: threshold, shape: [n, 1, 1, 1] } }
    }
    default:
      return {}
  }
}

/** What a network is told of `n` images that it is measured on: their labels, or what `conditioner` takes from them. */
export class ConditionOf {
  private constructor(
    private readonly network: DdnConfig,
    private readonly taken: Step | null,
  ) {}

  static async open(network: DdnConfig, n: number, runtime: RuntimeOptions): Promise<ConditionOf> {
    const { condition } = network
    const taken = condition && condition.kind !== 'class'
    return new ConditionOf(network, taken ? await compile(conditioner(network, n), runtime) : null)
  }

  /** The input `condition` of an encoder, where the network has one. */
  async feeds(images: Images, indices: Int32Array): Promise<Record<string, Feed>> {
    const { condition } = this.network
    if (condition?.kind === 'class') return { condition: oneHot(images, indices, classCount(condition), 2) }
    if (!condition || !this.taken) return {}
    const outputs = await this.taken.run({ images: imagesFeed(images, indices) })
    const shape = [indices.length, ...conditionShape(condition, this.network)]
    return { condition: { data: outputs.condition, shape } }
  }

  async close() {
    await this.taken?.close()
  }
}
