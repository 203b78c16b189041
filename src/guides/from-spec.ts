// From what a file or flags say to a guide: the one way in for command line, gallery and studio.

import type { RuntimeOptions } from '../runtime/index.ts'
import { combine } from './combine.ts'
import type { BlackBoxGuide, Guide, LinearGuide, WeightedGuide } from './guide.ts'
import { type Judge, openJudge, type ReadFile } from './judge.ts'
import { certainGuide, classGuide, judgedStyle, similarGuide, vectorGuide } from './judge-guides.ts'
import { textGuide } from './judge-text.ts'
import { maskFromPicture, maskNames, namedMask } from './masks.ts'
import { countOf, fitPictures, type Pictures } from './pictures.ts'
import { decodeRgba } from './rgba.ts'
import { type GuideSpecInput, parseGuideSpec, type SingleSpec } from './spec.ts'
import {
  addNoise,
  colourise,
  denoise,
  inpaint,
  lowBit,
  lowSize,
  reconstruct,
  superResolve,
} from './tasks/linear.ts'
import { edges, reconstructL1 } from './tasks/perceptual.ts'
import { strokes } from './tasks/strokes.ts'
import { style } from './tasks/style.ts'

/** What a guide is made for, and from. */
export interface GuideContext {
  /** Of the network's images. */
  channels: number
  size: number
  /** Results that will be made: pictures, labels and texts are one for all, or one for each. */
  count: number
  /**
   * What guides with a picture go by. Other channels and sizes than the network's are made to fit: grey is
   * repeated, colour becomes luminance, sizes are resampled with a note.
   */
  images?: Pictures
  /** Of the noise of `denoise`; default 0. */
  seed?: number
  /** Where judges, masks and strokes are read. */
  readFile: ReadFile
  runtime?: RuntimeOptions
  /** Told what was made to fit, and which words a judge does not know. */
  onNote?: (note: string) => void
}

/**
 * The guide that a specification means. Close it when it is no longer asked (`closeGuide`): it may hold
 * models.
 *
 * @throws one sentence that names what is wrong
 */
export async function guideFromSpec(spec: GuideSpecInput, context: GuideContext): Promise<Guide> {
  const { by, guides } = parseGuideSpec(spec)
  const builder = new Builder(context)
  const parts: WeightedGuide[] = []
  try {
    for (const one of guides) {
      const guide = await builder.build(one)
      parts.push({ guide, weight: one.weight, ...(one.layers && { layers: one.layers }) })
    }
    // One guide alone has all the say, unless that changes over the layers.
    return 'guides' in spec || guides[0].layers ? combine(parts, by) : parts[0].guide
  } catch (error) {
    for (const { guide } of parts) if (guide.kind === 'black-box') await guide.close?.()
    await builder.close()
    throw error
  }
}

/** Gives back what a guide, or its parts, hold. */
export async function closeGuide(guide: Guide): Promise<void> {
  const parts = guide.kind === 'combined' ? guide.parts.map(part => part.guide) : [guide]
  for (const part of parts) if (part.kind === 'black-box') await part.close?.()
}

class Builder {
  private readonly judges = new Map<string, Promise<Judge>>()

  constructor(private readonly context: GuideContext) {}

  async build(spec: SingleSpec): Promise<LinearGuide | BlackBoxGuide> {
    const { context } = this
    const { channels, size, runtime } = context
    switch (spec.guide) {
      case 'reconstruct':
        return spec.norm === 'l1'
          ? reconstructL1(this.pictures(spec), { runtime })
          : reconstruct(this.pictures(spec))
      case 'super-resolve': {
        const low = lowSize(size, spec.factor)
        return superResolve(this.pictures(spec, [size, low]), spec.factor, size)
      }
      case 'inpaint':
        return inpaint(this.pictures(spec), await this.mask(spec.mask))
      case 'colourise': {
        if (channels !== 3)
          throw new Error('colourise: the network paints grey images; it needs one that paints RGB')
        return colourise(this.pictures(spec))
      }
      case 'denoise':
        return denoise(addNoise(this.pictures(spec), spec.sigma, context.seed ?? 0))
      case 'low-bit':
        return lowBit(this.pictures(spec), spec.levels)
      case 'edges':
        return edges(this.pictures(spec), { runtime })
      case 'style':
        return spec.judge === undefined
          ? style(this.pictures(spec), { runtime })
          : this.owned(spec.judge, judge => judgedStyle(judge, this.pictures(spec)))
      case 'similar':
        return this.owned(spec.judge, async judge =>
          spec.to === 'vector' ? vectorGuide(judge) : similarGuide(judge, this.pictures(spec)),
        )
      case 'class':
        this.checkCount('labels', spec.label)
        return this.owned(spec.judge, async judge =>
          spec.label === undefined ? certainGuide(judge) : classGuide(judge, spec.label),
        )
      case 'text':
        this.checkCount('texts', spec.text)
        return this.owned(spec.judge, judge => textGuide(judge, spec.text, context.onNote))
      case 'strokes':
        return strokes(decodeRgba(await context.readFile(spec.overlay), spec.overlay), context)
    }
  }

  async close(): Promise<void> {
    for (const judge of this.judges.values()) await judge.then(judge => judge.close()).catch(() => undefined)
  }

  /** The pictures in the network's shape, but for a size that is welcome as it is. */
  private pictures({ guide }: SingleSpec, sizes: readonly number[] = [this.context.size]): Pictures {
    const { images, channels, size, onNote } = this.context
    if (!images) throw new Error(`${guide}: it goes by a picture, and none is given`)
    const given = countOf(images, guide)
    this.checkCount('pictures', Array.from({ length: given }))
    const side = sizes.includes(images.size) ? images.size : size
    if (side !== images.size)
      onNote?.(`${guide}: the picture is ${images.size}×${images.size}; it was resized to ${side}×${side}`)
    return fitPictures(images, { channels, size: side })
  }

  private async mask(name: string): Promise<Float32Array> {
    const { size, readFile, onNote } = this.context
    // Only a name with an ending can be meant as a file.
    if (maskNames.some(known => known === name) || !/\.\w+$/.test(name)) return namedMask(name, size)
    const { mask, note } = maskFromPicture(decodeRgba(await readFile(name), name), size, name)
    if (note) onNote?.(note)
    return mask
  }

  /** A guide of a judge that closes it too. Guides with the same file share its judge. */
  private async owned(file: string, make: (judge: Judge) => Promise<BlackBoxGuide>): Promise<BlackBoxGuide> {
    let opening = this.judges.get(file)
    if (!opening) {
      opening = openJudge(file, this.context.readFile, this.context.runtime)
      this.judges.set(file, opening)
    }
    const judge = await opening
    const guide = await make(judge)
    return {
      ...guide,
      close: async () => {
        await guide.close?.()
        await judge.close()
      },
    }
  }

  private checkCount(what: string, given: unknown) {
    const { count } = this.context
    if (Array.isArray(given) && given.length !== 1 && given.length !== count)
      throw new Error(`${given.length} ${what} for ${count} results: give one, or one for each`)
  }
}
