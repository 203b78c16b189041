// Networks and training settings by name: from two minutes on a laptop to the paper's own.

import type { z } from 'zod'
import type { ddnSchema } from './config.ts'

export interface Preset {
  /** What it is for, in a few words. */
  summary: string
  /** Without `channels` it takes those of the data. */
  network: z.input<typeof ddnSchema>
  /** Settings of the optimiser and of growth that differ from the schema's defaults. */
  optimiser?: Readonly<Record<string, number>>
  growth?: Readonly<Record<string, number | string>>
  /** How long, where nothing else is asked for. */
  budget: { steps: number } | { minutes: number }
}

/** The paper's stages: as many blocks as the size, up to `blocks`. */
function paperStages(sizes: readonly { size: number; width: number; K: number }[], blocks: number) {
  return sizes.map(({ size, width, K }) => ({ grid: size, layers: Math.min(size, blocks), width, K }))
}

/** The paper's block, its way of telling a choice, and its first features. */
const paper = { block: 'residual', feedback: 'channels', leak: true, bias: true, groups: 32 } as const

/** Adam at 1e-3 after a warm-up over 10 M images, without decay, averaging or clipping. */
const paperOptimiser = (batch: number) => ({
  batch,
  rate: 1e-3,
  beta2: 0.999,
  clipNorm: 1e9,
  warmup: Math.round(1e7 / batch),
  decay: 0,
  averageDecay: 0,
})

const upTo32 = (K: number) => [1, 2, 4, 8, 16, 32].map(size => ({ size, width: 256, K }))

/** What learns most per minute on a CPU: the paper's block on coarse grids, whose candidates paint patches. */
const patches = { block: 'residual', candidateGain: 5, lossGrowth: 2 } as const

/** Counts that forget soon, and as many events as they call for: no node stays dead. */
const growth = { rule: 'decayed', halfLife: 5, perStep: 4 } as const

/** Where a layer has few nodes, chance alone makes a batch uneven: counts over many batches. */
const fewNodes = { rule: 'decayed', halfLife: 200 } as const

export const presets = {
  tiny: {
    summary: 'two minutes on two cores: digits one can read',
    network: {
      ...patches,
      stages: [
        { grid: 4, layers: 1, width: 48, K: 256 },
        { grid: 8, layers: 2, width: 48, features: 24, K: 256 },
        { grid: 8, patch: 2, layers: 2, width: 48, features: 24, K: 256 },
        { grid: 16, patch: 2, layers: 3, width: 24, features: 12, K: 256 },
      ],
    },
    optimiser: { batch: 32, averageDecay: 0.99 },
    growth,
    budget: { minutes: 1.75 },
  },
  small: {
    summary: 'twenty minutes on two cores',
    network: {
      ...patches,
      stages: [
        { grid: 4, layers: 1, width: 64, K: 512 },
        { grid: 8, layers: 2, width: 64, features: 32, K: 512 },
        { grid: 8, patch: 2, layers: 3, width: 64, features: 32, K: 512 },
        { grid: 16, patch: 2, layers: 8, width: 32, features: 16, K: 512 },
      ],
    },
    optimiser: { batch: 32, averageDecay: 0.998 },
    growth,
    budget: { minutes: 20 },
  },
  base: {
    summary: 'a night on two cores',
    network: {
      ...patches,
      stages: [
        { grid: 4, layers: 2, width: 128, K: 512 },
        { grid: 8, layers: 4, width: 128, features: 48, K: 512 },
        { grid: 16, layers: 6, width: 64, features: 32, K: 512 },
        { grid: 16, patch: 2, layers: 16, width: 64, features: 24, K: 512 },
      ],
    },
    optimiser: { batch: 64, averageDecay: 0.9995 },
    growth,
    budget: { minutes: 480 },
  },
  tree: {
    summary: 'two minutes: eight choices three times, a tree that fits on one page',
    network: {
      ...patches,
      stages: [{ grid: 16, patch: 2, layers: 3, width: 32, K: 8 }],
    },
    optimiser: { batch: 32, averageDecay: 0.99 },
    growth: fewNodes,
    budget: { minutes: 1.75 },
  },
  taiji: {
    summary: 'an image as a string of 64 bits: 64 choices between two',
    network: {
      ...patches,
      stages: [
        { grid: 4, layers: 4, width: 64, K: 2 },
        { grid: 8, layers: 12, width: 32, K: 2 },
        { grid: 8, patch: 2, layers: 16, width: 32, K: 2 },
        { grid: 8, patch: 4, layers: 16, width: 32, K: 2 },
        { grid: 16, patch: 2, layers: 16, width: 24, features: 16, K: 2 },
      ],
    },
    optimiser: { batch: 32, averageDecay: 0.998 },
    growth: fewNodes,
    budget: { minutes: 20 },
  },
  'cifar10-paper': {
    summary: "the paper's CIFAR-10 network: 63 layers, 378 bits, 76 M parameters",
    network: { ...paper, size: 32, channels: 3, stages: paperStages(upTo32(64), 32) },
    optimiser: paperOptimiser(64),
    growth: { rule: 'reference' },
    // 88 M images, as published.
    budget: { steps: 1_375_000 },
  },
  'ffhq64-paper': {
    summary: "the paper's FFHQ network at 64×64: 127 layers, 1079 bits, 109 M parameters",
    network: {
      ...paper,
      size: 64,
      channels: 3,
      stages: paperStages([...upTo32(512), { size: 64, width: 128, K: 256 }], 64),
    },
    optimiser: paperOptimiser(64),
    growth: { rule: 'reference' },
    budget: { steps: 1_375_000 },
  },
  'mnist-recurrent-paper': {
    summary: "the paper's recurrent network for digits: 10 layers, 60 bits, 3.15 M parameters",
    network: {
      ...paper,
      groups: 8,
      residual: false,
      recurrent: { widths: [32, 64, 96, 128, 128], blocks: 2 },
      stages: [{ grid: 32, layers: 10, width: 32, K: 64 }],
    },
    optimiser: { ...paperOptimiser(256), warmup: 1000 },
    growth: { rule: 'reference' },
    budget: { steps: 100_000 },
  },
} as const satisfies Record<string, Preset>

export type PresetName = keyof typeof presets

export const presetNames = Object.keys(presets) as PresetName[]
