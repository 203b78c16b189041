// What a text-image model is made of and how it is trained: one schema for files, flags and forms, and presets.

import { z } from 'zod'

export const textImageSchema = z.strictObject({
  model: z.literal('text-image').default('text-image'),
  /** Width and height of the images. */
  size: z.number().int().min(8).max(256).default(32),
  /** 1 for grey, 3 for RGB. */
  channels: z.union([z.literal(1), z.literal(3)]).default(3),
  /** Length of the vectors that both encoders make. */
  embedding: z.number().int().min(2).max(4096).default(96),
  /** Channels of the image encoder's stages, the first at half the images' size; each halves it again. */
  widths: z.array(z.number().int().min(1).max(4096)).min(1),
  /** Residual blocks of every stage. */
  depths: z.array(z.number().int().min(0).max(64)).min(1),
  /** Groups of the group normalisation. */
  groups: z.number().int().min(1).default(8),
  /** Length of a word's vector. */
  wordWidth: z.number().int().min(1).max(4096).default(64),
  /** Units of the text encoder's hidden layer. */
  textHidden: z.number().int().min(1).max(65536).default(192),
  /** Known words, sorted, with a space between two; those of the training texts where none are given. */
  vocabulary: z.string().min(1).optional(),
})

export type TextImageConfig = z.output<typeof textImageSchema>

/** How far training images are changed, each by chances of its own, evenly up to these. No mirroring: arrows. */
export const pictureChangesSchema = z.strictObject({
  /** Pixels, to any side. */
  shift: z.number().min(0).max(64).default(2),
  /** Degrees, either way. */
  rotation: z.number().min(0).max(180).default(5),
  /** Share of the size, larger or smaller. */
  scaling: z.number().min(0).max(0.9).default(0.1),
  /** Share of the contrast, more or less. */
  contrast: z.number().min(0).max(0.9).default(0.15),
  /** Brightness of the whole and of each channel, on the scale of [−1, 1]. */
  tint: z.number().min(0).max(1).default(0.1),
})

export type PictureChanges = z.output<typeof pictureChangesSchema>

/** What is said of training images. */
export const captionsSchema = z.strictObject({
  /** Chance of a caption to be two of a picture's texts instead of one. */
  mixture: z.number().min(0).max(1).default(0.3),
  /** Chance of a known word to be given by its pieces only, so that these learn to stand for a word. */
  wordDropout: z.number().min(0).max(0.9).default(0.2),
})

export type Captions = z.output<typeof captionsSchema>

/** Share of the things with several drawings of which one is kept back from training, to measure on. */
export const heldOutSchema = z.number().min(0).max(0.9).default(0.1)

/** Throws where the settings do not fit together. */
export function checkTextImage({ size, widths, depths, groups }: TextImageConfig): void {
  if (size % 2 ** widths.length)
    throw new Error(
      `network: ${widths.length} stages, the first at half the size and each halving it, do not divide ${size} pixels`,
    )
  if (depths.length !== widths.length)
    throw new Error(`network.depths: ${depths.length} depths for ${widths.length} widths; give one for each`)
  const odd = widths.find(width => width % Math.min(groups, width) !== 0)
  if (odd !== undefined) throw new Error(`network.widths: ${groups} groups do not divide ${odd} channels`)
}

export interface TextImagePreset {
  /** What it is for, in a few words. */
  summary: string
  network: z.input<typeof textImageSchema>
  optimiser?: Readonly<Record<string, number>>
  budget: { steps: number } | { minutes: number }
}

export const textImagePresets = {
  small: {
    summary: 'ten minutes on two cores: emoji and their names',
    network: { widths: [32, 64, 128], depths: [0, 1, 1] },
    optimiser: { batch: 128, rate: 3e-3, averageDecay: 0.99 },
    budget: { minutes: 10 },
  },
} as const satisfies Record<string, TextImagePreset>

export type TextImagePresetName = keyof typeof textImagePresets
