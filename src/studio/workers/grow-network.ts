// What the room Grow trains: a network small enough to be seen learning, in a page, within seconds.

import type { ConfigInput, ConfigOf } from '../../train/families.ts'
import { resolveConfig } from '../../train/resolve.ts'

/** What sliders set; all but K while it trains. */
export interface GrowSettings {
  /** Candidates of every layer. */
  K: number
  /** Adam's learning rate. */
  rate: number
  /** Chance of a layer to take random indices for a whole batch. */
  dropout: number
  /** Split-and-Prune. */
  split: boolean
  seed: number
}

type Config = ConfigOf<'ddn'>

/**
 * Narrow, and painting 2×2 pixels at a time at the end: what WASM does fast. With two threads in Chromium a step of 16
 * digits takes 26 ms, 67 in a network of the preset `tiny` (best of 25), and after 1,600 digits those that it draws can
 * be read.
 */
const network: Omit<ConfigInput<'ddn'>['network'], 'channels' | 'stages'> = {
  size: 32,
  block: 'residual',
  candidateGain: 5,
  lossGrowth: 2,
}

/** Images per step. */
const BATCH = 16
/** For a shipped network, thirteen times as large: with few images a step can still be watched. */
const shippedBatch = 8

/** No end: it trains as long as one looks. */
const budget = { steps: 1_000_000_000 }

/** The configuration of a fresh network for images of these channels. */
export function freshConfig(channels: 1 | 3, data: string, settings: GrowSettings): Config {
  const { K } = settings
  const config = resolveConfig<'ddn'>({
    network: {
      ...network,
      model: 'ddn',
      channels,
      stages: [
        { grid: 4, layers: 2, width: 32, K },
        { grid: 8, layers: 2, width: 24, features: 16, K },
        { grid: 16, patch: 2, layers: 3, width: 12, K },
      ],
    },
    growth: { rule: 'decayed', halfLife: 5, perStep: 4, until: 1 },
    optimiser: { batch: BATCH, warmup: 10, decay: 0, averageDecay: 0.99 },
    seed: settings.seed,
    data,
    budget,
  })
  return adjust(config, settings)
}

/** The configuration of a trained network that goes on learning here. */
export function continuedConfig(trained: Config, data: string, settings: GrowSettings): Config {
  const { growth, optimiser } = trained
  const config = resolveConfig<'ddn'>({
    ...trained,
    growth: { ...growth, until: 1 },
    // The moments are fresh, so the first steps are small ones.
    optimiser: { ...optimiser, batch: shippedBatch, warmup: 50, decay: 0 },
    seed: settings.seed,
    part: 'all',
    data,
    budget,
  })
  return adjust(config, settings)
}

/** Sets what may change between steps, in place; see `Trainer.config`. */
export function adjust(config: Config, { rate, dropout, split }: GrowSettings): Config {
  config.optimiser.rate = rate
  config.growth.chainDropout = dropout
  config.growth.until = split ? 1 : 0
  return config
}

/** What a configuration says of the sliders. */
export function settingsOf({ network, optimiser, growth, seed }: Config): GrowSettings {
  const { chainDropout: dropout, until } = growth
  return { K: network.stages[0].K, rate: optimiser.rate, dropout, split: until > 0, seed }
}
