// A trained network, ready to use: images to codes, codes to images, samples.

import { random } from '../data/rng.ts'
import type { Layout } from '../nn/parameters.ts'
import { compile, type RuntimeOptions, type Step } from '../runtime/index.ts'
import { conditionShape } from './condition.ts'
import { bitsOf, type DdnConfig, type LayerSpec, layersOf } from './config.ts'
import { conditioner, decoder, encoder, layoutOf } from './program.ts'

/**
 * What a conditional network is told, once for all images or one by one: labels; images that it is taken from (their
 * grey, their edges, their low resolution); or ready values [1 or N, …], as `condition` gives them.
 */
export type Told = { labels: ArrayLike<number> } | { images: Float32Array } | Float32Array

export interface Conditional {
  /** For a conditional network only. */
  condition?: Told
}

export interface SampleOptions extends Conditional {
  /** How many images. */
  count: number
  /** Default 0. */
  seed?: number
}

export interface DdnModelOptions extends RuntimeOptions {
  /**
   * Images at a time, whatever the number asked for, so that an image's result depends on nothing but the image;
   * default 32. Fewer are sooner there where few are asked for, as in a page that shows one.
   */
  batch?: number
}

type ProgramName = 'encode' | 'decode' | 'levels' | 'condition'

/**
 * N images are [N, c, s, s] float32 in [−1, 1]; their codes are [N, L] int32, code l in 0 … K_l − 1. Both are
 * flat arrays, and N is read from their lengths. The same image gives the same bits, alone or among others.
 */
export class DdnModel {
  readonly layers: readonly LayerSpec[]
  readonly layout: Layout
  /** Length of the latent in bits. */
  readonly bits: number
  private readonly programs = new Map<ProgramName, Promise<Step>>()
  private queue: Promise<unknown> = Promise.resolve()
  private closed = false

  private constructor(
    readonly config: DdnConfig,
    readonly weights: Float32Array,
    readonly runtime: RuntimeOptions,
    readonly batch: number,
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
    { batch = 32, ...runtime }: DdnModelOptions = {},
  ): Promise<DdnModel> {
    if (!Number.isInteger(batch) || batch < 1)
      throw new Error(`invalid batch: ${batch}; give a positive integer`)
    return new DdnModel(config, weights, runtime, batch)
  }

  /** Values per image: c·s². */
  get imageLength(): number {
    return this.config.channels * this.config.size ** 2
  }

  /** The codes of images: the nearest candidate at every layer. The condition is by default that of the images. */
  async encode(images: Float32Array, { condition }: Conditional = {}): Promise<Int32Array> {
    const n = this.countOf(images)
    const told = await this.told(condition ?? (this.taken ? { images } : undefined), n)
    const codes = new Int32Array(n * this.layers.length)
    await this.inBatches('encode', n, async (step, from, to) => {
      const feeds = { images: this.imagesFeed(images, from, to), ...told(from, to) }
      const outputs = await step.run(feeds)
      put(codes, outputs.codes as Int32Array, from, to, this.layers.length)
    })
    return codes
  }

  /** The images [N, c, s, s] that codes stand for. */
  async decode(codes: ArrayLike<number>, { condition }: Conditional = {}): Promise<Float32Array> {
    const checked = this.check(codes)
    const n = checked.length / this.layers.length
    const told = await this.told(condition, n)
    const images = new Float32Array(n * this.imageLength)
    await this.inBatches('decode', n, async (step, from, to) => {
      const { image } = await step.run({ codes: this.codesFeed(checked, from, to), ...told(from, to) })
      put(images, image as Float32Array, from, to, this.imageLength)
    })
    return images
  }

  /** The images of every layer: L arrays [N, c, s_l, s_l], s_l being `layers[l].size`. */
  async levels(codes: ArrayLike<number>, { condition }: Conditional = {}): Promise<Float32Array[]> {
    const checked = this.check(codes)
    const n = checked.length / this.layers.length
    const told = await this.told(condition, n)
    const lengths = this.layers.map(({ size }) => this.config.channels * size * size)
    const levels = lengths.map(length => new Float32Array(n * length))
    await this.inBatches('levels', n, async (step, from, to) => {
      const outputs = await step.run({ codes: this.codesFeed(checked, from, to), ...told(from, to) })
      levels.forEach((level, l) => {
        put(level, outputs[`level${l}`] as Float32Array, from, to, lengths[l])
      })
    })
    return levels
  }

  /** What is left of images once they are codes: decode(encode(images)), under the same condition. */
  async reconstruct(images: Float32Array, { condition }: Conditional = {}): Promise<Float32Array> {
    const given = condition ?? (this.taken ? { images } : undefined)
    const ready = given && { condition: await this.condition(given, this.countOf(images)) }
    return this.decode(await this.encode(images, ready), ready)
  }

  /** The values [1 or count, …] of a condition, checked; throws where the network has none, or wants another. */
  async condition(told: Told, count: number): Promise<Float32Array> {
    const { condition } = this.config
    if (!condition) throw new Error('condition: this network was trained without one; leave it out')
    const each = conditionShape(condition, this.config).reduce((a, b) => a * b)
    if (told instanceof Float32Array) {
      if (told.length !== each && told.length !== count * each)
        throw new Error(`condition: ${told.length} values are neither one nor ${count} of ${each}`)
      return told
    }
    if ('labels' in told) {
      if (condition.kind !== 'class')
        throw new Error(`condition: this network is told ${condition.kind}, not a label; give an image`)
      const values = new Float32Array(told.labels.length * each)
      for (let i = 0; i < told.labels.length; i++) {
        const label = told.labels[i]
        if (!(Number.isInteger(label) && label >= 0 && label < each))
          throw new Error(`condition: label ${label} is none of 0 to ${each - 1}`)
        values[i * each + label] = 1
      }
      return this.condition(values, count)
    }
    if (condition.kind === 'class')
      throw new Error('condition: this network is told a class, which an image does not show; give a label')
    const n = this.countOf(told.images)
    const values = new Float32Array(n * each)
    await this.inBatches('condition', n, async (step, from, to) => {
      const outputs = await step.run({ images: this.imagesFeed(told.images, from, to) })
      put(values, outputs.condition as Float32Array, from, to, each)
    })
    return this.condition(values, count)
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
    return { codes, images: await this.decode(codes, options) }
  }

  /** Gives back what the engine holds. */
  async close(): Promise<void> {
    this.closed = true
    await this.queue.catch(() => {})
    for (const program of this.programs.values()) await (await program.catch(() => null))?.close()
    this.programs.clear()
  }

  /** Compiled once, at the first use. */
  private program(name: ProgramName): Promise<Step> {
    const known = this.programs.get(name)
    if (known) return known
    const { batch } = this
    const options = { batch, values: this.weights }
    const written = {
      encode: () => encoder(this.config, this.layout, options),
      decode: () => decoder(this.config, this.layout, options),
      levels: () => decoder(this.config, this.layout, { ...options, levels: true }),
      condition: () => conditioner(this.config, batch),
    }
    const opened = compile(written[name](), this.runtime)
    this.programs.set(name, opened)
    return opened
  }

  /** Runs a program over n items, `batch` at a time. Calls that overlap wait for each other. */
  private inBatches(
    name: ProgramName,
    n: number,
    work: (step: Step, from: number, to: number) => Promise<void>,
  ): Promise<void> {
    if (this.closed) throw new Error('this model is closed')
    const all = async () => {
      const step = await this.program(name)
      for (let from = 0; from < n; from += this.batch) await work(step, from, Math.min(n, from + this.batch))
    }
    const done = this.queue.then(all, all)
    this.queue = done.catch(() => {})
    return done
  }

  /** Whether an image shows its condition. */
  private get taken(): boolean {
    return this.config.condition !== undefined && this.config.condition.kind !== 'class'
  }

  /** The feed of the condition for the images from … to − 1, or nothing where the network has none. */
  private async told(condition: Told | undefined, count: number) {
    const { config, batch } = this
    if (!config.condition && !condition) return () => ({})
    if (!condition)
      throw new Error(
        `condition: this network is told ${config.condition!.kind}; give it, as labels or images`,
      )
    const values = await this.condition(condition, count)
    const shape = conditionShape(config.condition!, config)
    const each = shape.reduce((a, b) => a * b)
    const one = values.length === each
    return (from: number, to: number) => {
      const data = new Float32Array(batch * each)
      if (one) for (let i = 0; i < batch; i++) data.set(values, i * each)
      else data.set(values.subarray(from * each, to * each))
      return { condition: { data, shape: [batch, ...shape] } }
    }
  }

  /** How many images these values are; throws where they are none. */
  private countOf(images: Float32Array): number {
    const { channels, size } = this.config
    const n = countOf(images.length, this.imageLength, 'images', `${channels}×${size}×${size}`)
    const bad = images.findIndex(value => !Number.isFinite(value))
    if (bad >= 0) throw new Error(`images: value ${bad} is ${images[bad]}; pixels are numbers in [−1, 1]`)
    return n
  }

  private imagesFeed(images: Float32Array, from: number, to: number) {
    const { batch, imageLength } = this
    const { channels, size } = this.config
    const data = new Float32Array(batch * imageLength)
    data.set(images.subarray(from * imageLength, to * imageLength))
    return { data, shape: [batch, channels, size, size] }
  }

  private codesFeed(codes: Int32Array, from: number, to: number) {
    const L = this.layers.length
    const data = new Int32Array(this.batch * L)
    data.set(codes.subarray(from * L, to * L))
    return { data, shape: [this.batch, L] }
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

function put<T extends Float32Array | Int32Array>(
  into: T,
  values: T,
  from: number,
  to: number,
  each: number,
) {
  into.set(values.subarray(0, (to - from) * each), from * each)
}
