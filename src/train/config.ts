// What the configurations of all families have in common: the optimiser, the data, the seed, the budget.

import { z } from 'zod'
import { hash32 } from '../data/rng.ts'

export const optimiserSchema = z.strictObject({
  /** Images per step. */
  batch: z.number().int().min(1).max(65536).default(64),
  /** Peak learning rate of Adam. */
  rate: z.number().positive().default(2e-3),
  beta1: z.number().min(0).max(0.9999).default(0.9),
  beta2: z.number().min(0).max(0.99999).default(0.99),
  epsilon: z.number().positive().default(1e-8),
  /** The gradient is scaled down to this length. */
  clipNorm: z.number().positive().default(1),
  /** Steps over which the rate grows from 0. */
  warmup: z.number().int().min(0).default(50),
  /** Last share of the budget, in which the rate falls to 0 along a cosine. */
  decay: z.number().min(0).max(1).default(0.7),
  /** Share of the old value in the averaged weights, reached gradually. */
  averageDecay: z.number().min(0).max(0.99999).default(0.995),
})

/** The settings that every family's schema has beside `network` and those of its own. */
export const commonSettings = {
  optimiser: optimiserSchema.prefault({}),
  /** Every random choice follows from this. */
  seed: z.number().int().default(0),
  /** The data's name, as `--data` takes it. */
  data: z.string().default('digits'),
  /** Which of the training images: all, or one half of them; see `imagesOf`. */
  part: z.enum(['all', 'even', 'odd']).default('all'),
  /** How long: a number of steps, or minutes of training time. */
  budget: z.union([
    z.strictObject({ steps: z.number().int().min(1) }),
    z.strictObject({ minutes: z.number().positive() }),
  ]),
}

export type Part = z.output<typeof commonSettings.part>

/**
 * The numbers of the images of a part, among `count` images. The halves are those whose number has an even or an odd
 * hash. The number itself would not do: in MNIST, for one, images of even number are
 * the harder ones.
 */
export function imagesOf(part: Part, count: number): Int32Array {
  const all = Int32Array.from({ length: count }, (_, i) => i)
  if (part === 'all') return all
  const wanted = part === 'even' ? 0 : 1
  return all.filter(i => (hash32(`image ${i}`) & 1) === wanted)
}
