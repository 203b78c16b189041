// How a text-image model learns: pictures and captions in pairs, and how well each finds the other.

import { type Images, toFloat } from '../../data/dataset.ts'
import type { AdamSettings } from '../../nn/adam.ts'
import type { Chance, Evaluation, Learner, Outputs, StepOutcome } from '../../nn/learner.ts'
import type { Layout } from '../../nn/parameters.ts'
import type { Feed, Program, RuntimeOptions } from '../../runtime/index.ts'
import { changed } from './augment.ts'
import { alsoTrue, drawCaption, holdOutDrawings, textsOf } from './captions.ts'
import type { Captions, PictureChanges, TextImageConfig } from './config.ts'
import { TextImageModel } from './model.ts'
import { textImageLayout, textImageStep, tokenizerOfNetwork } from './network.ts'
import { innerProduct, recall } from './retrieval.ts'
import { encodeTokens, type Tokenizer } from './tokenizer.ts'

export interface TextImageLearnerSettings {
  network: TextImageConfig
  augmentation: PictureChanges
  captions: Captions
  heldOut: number
  optimiser: AdamSettings & { batch: number }
}

export class TextImageLearner implements Learner {
  readonly layout: Layout
  readonly program: Program
  readonly parts = ['contrastive loss']
  private readonly tokenizer: Tokenizer
  /** Drawings kept back, found once for the training images. */
  private readonly heldOut = new WeakMap<Images, Set<number>>()

  constructor(
    readonly settings: TextImageLearnerSettings,
    private readonly runtime: RuntimeOptions = {},
  ) {
    const { network, optimiser } = settings
    this.tokenizer = tokenizerOfNetwork(network)
    this.layout = textImageLayout(network)
    this.program = textImageStep(network, this.layout, optimiser.batch, optimiser)
  }

  feeds(images: Images, indices: Int32Array, chance: Chance): Record<string, Feed> {
    const { augmentation, captions } = this.settings
    const { channels, size } = images
    const n = indices.length
    const shown = this.withoutHeldOut(images, indices)
    const all = textsOf(images)
    const texts = Array.from(shown, index => all[index])
    const said = texts.map(text => drawCaption(text, captions.mixture, chance('captions')))
    return {
      images: {
        data: changed(images, shown, augmentation, chance('augmentation')),
        shape: [n, channels, size, size],
      },
      tokens: { data: this.tokens(said, chance), shape: [n, ...this.tokenizer.shape] },
      excluded: { data: alsoTrue(said, texts), shape: [n, n] },
    }
  }

  read({ loss }: Outputs): StepOutcome {
    const losses = loss as Float32Array
    return { loss: losses[0], losses, metrics: {} }
  }

  /**
   * Recall at 5 among these pictures and their most particular texts, the first lines: how often a text finds a
   * picture of its thing, and a picture its text.
   */
  async evaluate(weights: Float32Array, images: Images, count: number): Promise<Evaluation> {
    const model = await TextImageModel.open(this.settings.network, weights, this.runtime)
    try {
      const indices = Int32Array.from({ length: count }, (_, i) => i)
      const shown = textsOf(images).slice(0, count)
      const things = [...new Set(shown)]
      const pictures = await model.embedImages(toFloat(images, indices))
      const texts = await model.embedTexts(things.map(thing => thing.split('\n')[0]))
      const { embedding } = this.settings.network
      const [textToImage] = recall(
        { queries: things, gallery: shown, score: innerProduct(texts, pictures, embedding) },
        [5],
      )
      const [imageToText] = recall(
        { queries: shown, gallery: things, score: innerProduct(pictures, texts, embedding) },
        [5],
      )
      return { metrics: { textToImage, imageToText }, count }
    } finally {
      await model.close()
    }
  }

  /** There is nothing beside the vectors. */
  state(): null {
    return null
  }

  restore() {}

  async close() {}

  /** The same images, but that in place of one kept back the next one in the batch stands that is not. */
  private withoutHeldOut(images: Images, indices: Int32Array): Int32Array {
    let out = this.heldOut.get(images)
    if (!out) {
      out = new Set(holdOutDrawings(textsOf(images), this.settings.heldOut).heldOut)
      this.heldOut.set(images, out)
    }
    const kept = indices.filter(index => !out.has(index))
    if (kept.length === 0) throw new Error('all pictures of a batch are kept back: make the batch larger')
    let next = 0
    return indices.map(index => {
      if (!out.has(index)) return kept[next++ % kept.length]
      return kept[next % kept.length]
    })
  }

  /** [n, W, T]: the tokens of captions, now and then without those of a known word that has pieces. */
  private tokens(captions: readonly string[], chance: Chance): Int32Array {
    const [words, length] = this.tokenizer.shape
    const tokens = new Int32Array(captions.length * words * length)
    const rng = chance('word dropout')
    for (const [i, caption] of captions.entries()) {
      const own = encodeTokens(this.tokenizer, caption).tokens
      for (let at = 0; at < own.length; at += length)
        if (own[at + 1] > 0 && rng.next() < this.settings.captions.wordDropout) own[at] = 0
      tokens.set(own, i * words * length)
    }
    return tokens
  }
}
