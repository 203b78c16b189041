// What a classifier is made of: one schema for files, flags and forms, and presets.

import { z } from 'zod'

export const classifierSchema = z.strictObject({
  model: z.literal('classifier').default('classifier'),
  /** Width and height of the images. */
  size: z.number().int().min(4).max(256).default(32),
  /** 1 for grey, 3 for RGB. */
  channels: z.union([z.literal(1), z.literal(3)]).default(1),
  /** Names of the classes, label by label; those of the data where none are given. */
  classes: z.array(z.string()).min(2).optional(),
  /** Pixels along one side of the patches that the first convolution sees as one position each. */
  patch: z.number().int().min(1).max(16).default(2),
  /** Channels of the stages; from one to the next the grid is halved. */
  widths: z.array(z.number().int().min(1).max(4096)).min(1),
  /** Blocks of every stage. */
  depth: z.number().int().min(1).max(64).default(1),
  /** A convolution each, or a residual branch of two: see network.ts. */
  block: z.enum(['plain', 'residual']).default('plain'),
  /** Groups of the group normalisation. */
  groups: z.number().int().min(1).default(8),
  /** Share of the wanted probability that goes evenly to all classes. */
  labelSmoothing: z.number().min(0).max(0.9).default(0.05),
})

export type ClassifierConfig = z.output<typeof classifierSchema>

/** How far training images are moved, each by chances of its own, evenly up to these. */
export const augmentationSchema = z.strictObject({
  /** Pixels, to any side. */
  shift: z.number().min(0).max(64).default(2),
  /** Degrees, either way. */
  rotation: z.number().min(0).max(180).default(10),
  /** Share of the size, larger or smaller. */
  scaling: z.number().min(0).max(0.9).default(0.1),
})

export type Augmentation = z.output<typeof augmentationSchema>

/** Positions along one side of the last stage: size / patch / 2^(stages − 1). */
export function lastGrid({ size, patch, widths }: ClassifierConfig): number {
  return size / patch / 2 ** (widths.length - 1)
}

/** Throws where settings do not fit together. */
export function checkClassifier(config: ClassifierConfig) {
  const { size, patch, widths, groups, classes = [] } = config
  if (!Number.isInteger(lastGrid(config)))
    throw new Error(
      `network: patches of ${patch} and ${widths.length} stages, each half the size of the one before, do not divide ${size} pixels`,
    )
  const odd = widths.find(width => width % Math.min(groups, width) !== 0)
  if (odd !== undefined) throw new Error(`network.widths: ${groups} groups do not divide ${odd} channels`)
  const twice = classes.find((name, i) => classes.indexOf(name) < i)
  if (twice !== undefined) throw new Error(`network.classes: two classes are called ${twice}`)
}

export interface ClassifierPreset {
  /** What it is for, in a few words. */
  summary: string
  network: z.input<typeof classifierSchema>
  optimiser?: Readonly<Record<string, number>>
  augmentation?: Readonly<Record<string, number>>
  budget: { steps: number } | { minutes: number }
}

export const classifierPresets = {
  plain: {
    summary: 'a minute on two cores: knows 99.5 % of the digits',
    network: { block: 'plain', patch: 2, widths: [32, 64, 64], depth: 1 },
    optimiser: { batch: 64, rate: 3e-3, averageDecay: 0.998 },
    budget: { steps: 3000 },
  },
  residual: {
    summary: 'residual branches instead: a second opinion on the same images',
    network: { block: 'residual', patch: 2, widths: [32, 48, 64], depth: 1 },
    optimiser: { batch: 64, rate: 3e-3, averageDecay: 0.998 },
    budget: { steps: 2000 },
  },
} as const satisfies Record<string, ClassifierPreset>

export type ClassifierPresetName = keyof typeof classifierPresets
