// A trained network, ready to use: images to codes, codes to images, samples.

import { random } from '../data/rng.ts'
import type { Layout } from '../nn/parameters.ts'
import { compile, type RuntimeOptions, type Step } from '../runtime/index.ts'
import { bitsOf, type DdnConfig, type LayerSpec, layersOf } from './config.ts'
import { decoder, encoder, layoutOf } from './program.ts'

export interface SampleOptions {
  /** How many images. */
  count: number
  /** Default 0. */
  seed?: number
}

/** Images at a time. Fixed, so that an image's result depends on nothing but the image. */
const BATCH = 32

/**
 * N images are [N, c, s, s] float32 in [−1, 1]; their codes are [N, L] int32, code l in 0 … K_l − 1. Both are
 * flat arrays, and N is read from their lengths. The same image gives the same bits, alone or among others.
 */
export class DdnModel {
  readonly layers: readonly LayerSpec[]
  readonly layout: Layout
  /** Length of the latent in bits. */
  readonly bits: number
  private readonly programs = new Map<'encode' | 'decode' | 'levels', Promise<Step>>()
  private queue: Promise<unknown> = Promise.resolve()
  private closed = false

  private constructor(
    readonly config: DdnConfig,
    readonly weights: Float32Array,
    private readonly runtime: RuntimeOptions,
  ) {
    this.layers = layersOf(config)
    this.layout = layoutOf(config)
    this.bits = bitsOf(config)
    if (weights.length !== this.layout.size)
      throw new Error(`the network has ${this.layout.size} weights, not ${weights.length}`)
  }

  /** A network with these weights (in its layout's order). Nothing is compiled before it is used. */
  static async open(
    config: DdnConfig,
    weights: Float32Array,
    runtime: RuntimeOptions = {},
  ): Promise<DdnModel> {
    return new DdnModel(config, weights, runtime)
  }

  /** Values per image: c·s². */
  get imageLength(): number {
    return this.config.channels * this.config.size ** 2
  }

  /** The codes of images: the nearest candidate at every layer. `count` only checks the images' number. */
  async encode(images: Float32Array, count?: number): Promise<Int32Array> {
    const { imageLength, config } = this
    const n = countOf(
      images.length,
      imageLength,
      'images',
      `${config.channels}×${config.size}×${config.size}`,
    )
    if (count !== undefined && count !== n)
      throw new Error(`images: ${images.length} values are ${n} images, not ${count}`)
    const bad = images.findIndex(value => !Number.isFinite(value))
    if (bad >= 0) throw new Error(`images: value ${bad} is ${images[bad]}; pixels are numbers in [−1, 1]`)
    const codes = new Int32Array(n * this.layers.length)
    await this.inBatches('encode', n, async (step, from, to) => {
      const data = padded(Float32Array, images, from, to, imageLength)
      const shape = [BATCH, config.channels, config.size, config.size]
      const outputs = await step.run({ images: { data, shape } })
      put(codes, outputs.codes as Int32Array, from, to, this.layers.length)
    })
    return codes
  }

  /** The images [N, c, s, s] that codes stand for. */
  async decode(codes: ArrayLike<number>): Promise<Float32Array> {
    const checked = this.check(codes)
    const n = checked.length / this.layers.length
    const images = new Float32Array(n * this.imageLength)
    await this.inBatches('decode', n, async (step, from, to) => {
      const { image } = await step.run({ codes: this.codesFeed(checked, from, to) })
      put(images, image as Float32Array, from, to, this.imageLength)
    })
    return images
  }

  /** The images of every layer: L arrays [N, c, s_l, s_l], s_l being `layers[l].size`. */
  async levels(codes: ArrayLike<number>): Promise<Float32Array[]> {
    const checked = this.check(codes)
    const n = checked.length / this.layers.length
    const lengths = this.layers.map(({ size }) => this.config.channels * size * size)
    const levels = lengths.map(length => new Float32Array(n * length))
    await this.inBatches('levels', n, async (step, from, to) => {
      const outputs = await step.run({ codes: this.codesFeed(checked, from, to) })
      levels.forEach((level, l) => {
        put(level, outputs[`level${l}`] as Float32Array, from, to, lengths[l])
      })
    })
    return levels
  }

  /** What is left of images once they are codes: decode(encode(images)). */
  async reconstruct(images: Float32Array): Promise<Float32Array> {
    return this.decode(await this.encode(images))
  }

  /** Codes drawn evenly, k_l from 0 … K_l − 1, image by image. */
  draw({ count, seed = 0 }: SampleOptions): Int32Array {
    if (!Number.isInteger(count) || count < 1)
      throw new Error(`invalid count: ${count}; give a positive integer`)
    const rng = random(seed, 'sample')
    const L = this.layers.length
    return Int32Array.from({ length: count * L }, (_, i) => rng.int(this.layers[i % L].K))
  }

  /** Images of codes drawn evenly: the network's distribution. The first images of a seed are the same for any count. */
  async sample(options: SampleOptions): Promise<{ codes: Int32Array; images: Float32Array }> {
    const codes = this.draw(options)
    return { codes, images: await this.decode(codes) }
  }

  /** Gives back what the engine holds. */
  async close(): Promise<void> {
    this.closed = true
    await this.queue.catch(() => {})
    for (const program of this.programs.values()) await (await program.catch(() => null))?.close()
    this.programs.clear()
  }

  /** Compiled once, at the first use. */
  private program(name: 'encode' | 'decode' | 'levels'): Promise<Step> {
    const known = this.programs.get(name)
    if (known) return known
    const options = { batch: BATCH, values: this.weights }
    const opened = compile(
      name === 'encode'
        ? encoder(this.config, this.layout, options)
        : decoder(this.config, this.layout, { ...options, levels: name === 'levels' }),
      this.runtime,
    )
    this.programs.set(name, opened)
    return opened
  }

  /** Runs a program over n items, BATCH at a time. Calls that overlap wait for each other. */
  private inBatches(
    name: 'encode' | 'decode' | 'levels',
    n: number,
    work: (step: Step, from: number, to: number) => Promise<void>,
  ): Promise<void> {
    if (this.closed) throw new Error('this model is closed')
    const all = async () => {
      const step = await this.program(name)
      for (let from = 0; from < n; from += BATCH) await work(step, from, Math.min(n, from + BATCH))
    }
    const done = this.queue.then(all, all)
    this.queue = done.catch(() => {})
    return done
  }

  private codesFeed(codes: Int32Array, from: number, to: number) {
    const L = this.layers.length
    return { data: padded(Int32Array, codes, from, to, L), shape: [BATCH, L] }
  }

  private check(codes: ArrayLike<number>): Int32Array {
    const L = this.layers.length
    countOf(codes.length, L, 'codes', `${L} codes`)
    const checked = new Int32Array(codes.length)
    for (let i = 0; i < codes.length; i++) {
      const { K } = this.layers[i % L]
      const code = codes[i]
      if (!(Number.isInteger(code) && code >= 0 && code < K))
        throw new Error(
          `codes: image ${Math.floor(i / L)} has ${code} at layer ${i % L}, which has the codes 0 to ${K - 1}`,
        )
      checked[i] = code
    }
    return checked
  }
}

function countOf(length: number, each: number, what: string, unit: string): number {
  if (length === 0 || length % each !== 0)
    throw new Error(`${what}: ${length} values are no whole number of images of ${unit}`)
  return length / each
}

/** Items from … to − 1, filled up with zeros to a whole batch. */
function padded<T extends Float32Array | Int32Array>(
  Type: new (length: number) => T,
  values: T,
  from: number,
  to: number,
  each: number,
): T {
  const batch = new Type(BATCH * each)
  batch.set(values.subarray(from * each, to * each))
  return batch
}

function put<T extends Float32Array | Int32Array>(
  into: T,
  values: T,
  from: number,
  to: number,
  each: number,
) {
  into.set(values.subarray(0, (to - from) * each), from * each)
}
