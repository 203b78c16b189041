// From what a person asks for to a whole, valid configuration; what does not fit is said in one sentence.

import type { z } from 'zod'
import { type ddnSchema, layersOf } from '../ddn/config.ts'
import { type Preset, type PresetName, presetNames, presets } from '../ddn/presets.ts'
import { type TrainConfig, trainSchema } from './config.ts'
import { suggestion } from './nearest.ts'
import { ConfigError, explainIssue } from './settings.ts'

export { ConfigError } from './settings.ts'

/** What is to be trained, and how as far as that depends on it: the first argument of `train`. */
export interface Model {
  /** Settings of the network; without `channels` it takes those of the data. */
  network: Partial<z.input<typeof ddnSchema>> & { model: 'ddn' }
  optimiser: Readonly<Record<string, unknown>>
  growth: Readonly<Record<string, unknown>>
  budget?: { steps: number } | { minutes: number }
}

export type DdnOptions = Partial<Omit<z.input<typeof ddnSchema>, 'model'>> & {
  /** Where the rest comes from; default `small`, unless `stages` are given. */
  preset?: PresetName
}

/** A Discrete Distribution Network: a preset, or settings of one's own, or a preset with some of them changed. */
export function ddn(options: DdnOptions = {}): Model {
  const { preset = options.stages ? undefined : 'small', ...own } = options
  if (preset !== undefined && !Object.hasOwn(presets, preset))
    throw new ConfigError(`unknown preset ${preset}${suggestion(preset, presetNames)}`)
  const { network, optimiser, growth, budget }: Partial<Preset> = preset ? presets[preset] : {}
  return {
    network: { ...network, ...own, model: 'ddn' },
    optimiser: optimiser ?? {},
    growth: growth ?? {},
    budget,
  }
}

/** A complete configuration from an object such as a file holds; throws `ConfigError`. */
export function resolveConfig(input: unknown): TrainConfig {
  const result = trainSchema.safeParse(input, { reportInput: true })
  if (!result.success) throw new ConfigError(result.error.issues.map(explainIssue).join('; '))
  try {
    layersOf(result.data.network)
  } catch (error) {
    throw new ConfigError((error as Error).message)
  }
  return result.data
}

/** What no resumed run may change: it would not be the same run. */
const FIXED = ['network', 'data', 'seed', 'optimiser.batch', 'growth.rule', 'growth.halfLife']

/** The configuration of a run that goes on: the saved one, with what may be changed taken from `wanted`. */
export function resumedConfig(saved: TrainConfig, wanted: TrainConfig): TrainConfig {
  for (const path of FIXED) {
    const [before, after] = [saved, wanted].map(config => JSON.stringify(at(config, path.split('.'))))
    if (before !== after)
      throw new ConfigError(
        `${path} cannot change in a resumed run` +
          (path === 'network' ? '' : `: it is ${before}, not ${after}`) +
          '; start a new run for that',
      )
  }
  return wanted
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value)
}
