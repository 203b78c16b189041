// The room Steer without its page: a network, what the address says is wanted of it, and results layer by layer.

import type { DdnModel } from '../../ddn/model.ts'
import { combine } from '../../guides/combine.ts'
import { Editor } from '../../guides/edit.ts'
import { guideFromSpec } from '../../guides/from-spec.ts'
import type { BlackBoxGuide, LinearGuide, WeightedGuide } from '../../guides/guide.ts'
import type { ReadFile } from '../../guides/judge.ts'
import type { ImageShape, Pictures } from '../../guides/pictures.ts'
import { shownOf } from '../../guides/shown.ts'
import { parseGuideSpec, type SingleSpec } from '../../guides/spec.ts'
import { MASK_FILE, PAINT_FILE, readGuides } from '../page/rooms/steer/form.ts'
import { atSize, readRaster } from '../page/rooms/steer/raster.ts'
import type { State } from '../state.ts'
import { maskFile, paintFile, readPicture } from './steer-pictures.ts'

/** Results of an edit. */
export const RESULTS = 16

/** Candidates that a black box is asked about, where nothing else is said. */
const CANDIDATES = 64

/** What the results follow from, beside the network: the address has it all. */
export type SteerRequest = Pick<
  State,
  'picture' | 'mask' | 'paint' | 'guides' | 'seed' | 'top' | 'beam' | 'strictness' | 'candidates' | 'told'
>

/** Images of a layer, on their way. */
export interface SeenLayer {
  layer: number
  size: number
  /** Which of the results the first of them becomes. */
  first: number
  /** [n, c, size, size] */
  images: Float32Array
}

export interface Steered {
  /** What is left to wish for, [RESULTS] each: of all guides, and of each. */
  errors: Float32Array
  parts: Float32Array[]
  /** What every guide was told, [c, s, s]; null where it is no picture. */
  shown: (Float32Array | null)[]
  /** With a beam the images on the way may not be those that led to the results: here they are, layer by layer. */
  levels: Float32Array[] | null
  notes: string[]
  seconds: number
}

/** What is wrong, and with which guide. */
export class GuideError extends Error {
  constructor(
    message: string,
    readonly guide: number,
  ) {
    super(message)
  }
}

type Single = LinearGuide | BlackBoxGuide

/** Black boxes, and what was said when they were made. */
type Boxes = Map<string, { guide: BlackBoxGuide; notes: string[] }>

/** One network, steered again and again: programs and judges stay open between runs that differ in what is drawn. */
export class Steering {
  /** The latest results, [RESULTS, c, s, s]. */
  latest: Float32Array | null = null
  private readonly editor: Editor
  private readonly shape: ImageShape
  /** Black boxes of the last run, by what they are made from. */
  private boxes: Boxes = new Map()
  private queue: Promise<unknown> = Promise.resolve()

  /**
   * @param examples  [n, c, s, s], for `example:N`
   * @param readFile  where judges are read
   */
  constructor(
    readonly model: DdnModel,
    private readonly examples: Float32Array,
    private readonly readFile: ReadFile,
  ) {
    const { channels, size } = model.config
    this.shape = { channels, size }
    this.editor = new Editor(model)
  }

  /** The picture that a text of the address means, [c, s, s]. */
  picture(text: string): Float32Array {
    return readPicture(text, this.examples, this.shape)
  }

  /**
   * Sixteen results; those before them are waited for, so stop these first.
   *
   * @throws GuideError, the signal's reason, or one sentence
   */
  run(
    request: SteerRequest,
    onLayer: (seen: SeenLayer) => void | Promise<void>,
    signal: AbortSignal,
  ): Promise<Steered> {
    const steered = this.queue.then(() => this.steer(request, onLayer, signal))
    this.queue = steered.catch(() => {})
    return steered
  }

  /** Forgets black boxes: a judge's file is another one now. */
  async forget(): Promise<void> {
    await this.queue
    await this.keep(new Map())
  }

  async close(): Promise<void> {
    await this.forget()
    await this.editor.close()
    await this.model.close()
  }

  private async steer(
    request: SteerRequest,
    onLayer: (seen: SeenLayer) => void | Promise<void>,
    signal: AbortSignal,
  ): Promise<Steered> {
    signal.throwIfAborted()
    const started = performance.now()
    const { model, shape } = this
    const { by, guides } = readGuides(request.guides)
    if (guides.length === 0) throw new Error('no guide is chosen: add one')
    const pictures: Pictures = { ...shape, images: this.picture(request.picture) }
    const notes = new Set<string>()
    const parts: WeightedGuide[] = []
    const shown: Steered['shown'] = []
    const boxes: Boxes = new Map()
    try {
      for (const [i, json] of guides.entries())
        try {
          const [spec] = parseGuideSpec(json).guides
          const { guide, notes: said } = await this.guideOf(spec, pictures, request, boxes)
          for (const note of said) notes.add(note)
          const { weight, layers } = spec
          parts.push({ guide, weight, ...(layers && { layers }) })
          shown.push(shownOf(spec, guide, pictures, shape).pictures)
        } catch (error) {
          throw new GuideError((error as Error).message, i)
        }
    } finally {
      await this.keep(boxes)
    }
    const alone = parts.length === 1 && !parts[0].layers
    const asked = parts.some(({ guide }) => guide.kind === 'black-box') ? CANDIDATES : 0
    const edited = await this.editor.edit({
      guide: alone ? parts[0].guide : combine(parts, by),
      count: RESULTS,
      seed: request.seed,
      pick: { rule: 'top', of: request.top },
      beam: request.beam,
      strictness: request.strictness.split(',').map(Number),
      candidates: request.candidates || asked || undefined,
      condition: this.condition(request, pictures),
      signal,
      onLayer: ({ images, layer, first }) => onLayer({ images, layer: layer.index, size: layer.size, first }),
    })
    this.latest = edited.images
    const levels =
      request.beam > 1
        ? await model.levels(edited.codes, { condition: this.condition(request, pictures) })
        : null
    return {
      errors: edited.errors,
      parts: edited.parts.map(({ errors }) => errors),
      shown,
      levels,
      notes: [...notes],
      seconds: (performance.now() - started) / 1000,
    }
  }

  /** A guide, or a black box of the last run that was made from the same. */
  private async guideOf(
    { weight: _, layers: __, ...spec }: SingleSpec,
    images: Pictures,
    request: SteerRequest,
    boxes: Boxes,
  ): Promise<{ guide: Single; notes: string[] }> {
    const seesPicture = !['class', 'text'].includes(spec.guide)
    const key = JSON.stringify([spec, seesPicture && request.picture])
    const known = this.boxes.get(key) ?? boxes.get(key)
    if (known) {
      boxes.set(key, known)
      return known
    }
    const notes: string[] = []
    const guide = (await guideFromSpec(spec as SingleSpec, {
      ...this.shape,
      count: RESULTS,
      images,
      seed: request.seed,
      readFile: name => this.fileOf(name, request),
      runtime: this.model.runtime,
      onNote: note => notes.push(note),
    })) as Single
    if (guide.kind === 'black-box') boxes.set(key, { guide, notes })
    return { guide, notes }
  }

  /** What is drawn on the board, as files; else a judge's. */
  private async fileOf(name: string, { mask, paint }: SteerRequest): Promise<Uint8Array> {
    const { size } = this.shape
    if (name === MASK_FILE) {
      if (!mask) throw new Error('nothing is hidden yet: draw with Hide over what is to be filled')
      return maskFile(atSize(readRaster(mask, 'the mask'), size))
    }
    if (name === PAINT_FILE) {
      if (!paint) throw new Error('nothing is painted yet: draw with Paint')
      return paintFile(atSize(readRaster(paint, 'the paint'), size))
    }
    return this.readFile(name)
  }

  /** What a conditional network is told: a class, or what the picture shows. */
  private condition({ told }: SteerRequest, { images }: Pictures) {
    const { condition } = this.model.config
    if (!condition) return undefined
    return condition.kind === 'class' ? { labels: [told] } : { images }
  }

  /** Keeps these black boxes open, and no others. */
  private async keep(boxes: Boxes): Promise<void> {
    const old = this.boxes
    this.boxes = boxes
    for (const [key, box] of old) if (!boxes.has(key)) await box.guide.close?.()
  }
}
