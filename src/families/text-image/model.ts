// A trained text-image model, ready to use: pictures and texts to vectors that can be compared.

import { overImages } from '../../nn/over-images.ts'
import type { Layout } from '../../nn/parameters.ts'
import { compile, type RuntimeOptions, type Step } from '../../runtime/index.ts'
import type { TextImageConfig } from './config.ts'
import { imageProgram, textImageLayout, textProgram, tokenizerOfNetwork } from './network.ts'
import { encodeTokens, type Tokenizer } from './tokenizer.ts'

/** Images or texts at a time. */
const BATCH = 64

/**
 * Vectors are [N, D] float32 of unit norm, flat: the inner product of a picture's and a text's says how well they fit.
 * The same picture or text gives the same bits, alone or among others.
 */
export class TextImageModel {
  readonly layout: Layout
  readonly tokenizer: Tokenizer
  private readonly programs = new Map<'images' | 'texts', Promise<Step>>()
  private queue: Promise<unknown> = Promise.resolve()
  private closed = false

  private constructor(
    readonly config: TextImageConfig,
    readonly weights: Float32Array,
    private readonly runtime: RuntimeOptions,
  ) {
    this.layout = textImageLayout(config)
    this.tokenizer = tokenizerOfNetwork(config)
    if (weights.length !== this.layout.size)
      throw new Error(`the network has ${this.layout.size} weights, not ${weights.length}`)
  }

  /** A network with these weights (in its layout's order). Nothing is compiled before it is used. */
  static async open(
    config: TextImageConfig,
    weights: Float32Array,
    runtime: RuntimeOptions = {},
  ): Promise<TextImageModel> {
    return new TextImageModel(config, weights, runtime)
  }

  /** Vectors of images [N, c, s, s] in [−1, 1]; N is read from the length. */
  embedImages(images: Float32Array): Promise<Float32Array> {
    const { channels, size } = this.config
    return this.inTurn('images', step =>
      overImages({ step, batch: BATCH, channels, size }, images, 'embeddings'),
    )
  }

  /** Vectors of texts. Words that are not known count by the pieces they share with known ones, if at all. */
  embedTexts(texts: readonly string[]): Promise<Float32Array> {
    const { tokenizer } = this
    const { embedding } = this.config
    const each = tokenizer.shape[0] * tokenizer.shape[1]
    return this.inTurn('texts', async step => {
      const vectors = new Float32Array(texts.length * embedding)
      for (let from = 0; from < texts.length; from += BATCH) {
        const part = texts.slice(from, from + BATCH)
        const data = new Int32Array(BATCH * each)
        for (const [i, text] of part.entries()) data.set(encodeTokens(tokenizer, text).tokens, i * each)
        const { embeddings } = await step.run({ tokens: { data, shape: [BATCH, ...tokenizer.shape] } })
        vectors.set((embeddings as Float32Array).subarray(0, part.length * embedding), from * embedding)
      }
      return vectors
    })
  }

  /** Gives back what the engine holds. */
  async close(): Promise<void> {
    this.closed = true
    await this.queue.catch(() => {})
    for (const program of this.programs.values()) await (await program.catch(() => null))?.close()
    this.programs.clear()
  }

  /** Calls that overlap wait for each other. */
  private inTurn<T>(what: 'images' | 'texts', work: (step: Step) => Promise<T>): Promise<T> {
    if (this.closed) throw new Error('this model is closed')
    const all = async () => work(await this.program(what))
    const done = this.queue.then(all, all)
    this.queue = done.catch(() => {})
    return done
  }

  /** Compiled once, at the first use. */
  private program(what: 'images' | 'texts'): Promise<Step> {
    const known = this.programs.get(what)
    if (known) return known
    const write = what === 'images' ? imageProgram : textProgram
    const opened = compile(
      write(this.config, this.layout, { batch: BATCH, values: this.weights }),
      this.runtime,
    )
    this.programs.set(what, opened)
    return opened
  }
}
