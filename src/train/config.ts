// The configuration of a run: one schema, validated, for the file in the run folder, the flags and forms.

import { z } from 'zod'
import { ddnSchema } from '../ddn/config.ts'

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

export const growthSchema = z.strictObject({
  /** Chance of a layer to take random indices for a whole batch. */
  chainDropout: z.number().min(0).max(1).default(0.05),
  /**
   * When a node is split and another pruned: see split-and-prune.ts. A training step tells which node was nearest and
   * not which came second, so here `reference` hands a pruned node's count to all others evenly.
   */
  rule: z.enum(['paper', 'reference', 'decayed', 'none']).default('decayed'),
  /** Samples per node after which a count weighs half (`decayed`). */
  halfLife: z.number().positive().default(20),
  /** Share of the budget after which no node is split any more, so that the last ones can settle. */
  until: z.number().min(0).max(1).default(0.9),
  /** Events per layer and step. */
  perStep: z.number().int().min(1).default(1),
})

export const trainSchema = z.strictObject({
  /** What is trained; one schema per family, told apart by `model`. */
  network: z.discriminatedUnion('model', [ddnSchema]),
  optimiser: optimiserSchema.prefault({}),
  growth: growthSchema.prefault({}),
  /** Every random choice follows from this. */
  seed: z.number().int().default(0),
  /** The data's name, as `--data` takes it. */
  data: z.string().default('digits'),
  /** How long: a number of steps, or minutes of training time. */
  budget: z.union([
    z.strictObject({ steps: z.number().int().min(1) }),
    z.strictObject({ minutes: z.number().positive() }),
  ]),
})

export type TrainConfig = z.output<typeof trainSchema>
export type TrainConfigInput = z.input<typeof trainSchema>
