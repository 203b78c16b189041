// From what a person asks for to a whole, valid configuration; what does not fit is said in one sentence.

import type { z } from 'zod'
import type { Dataset } from '../data/dataset.ts'
import { suggestion } from '../data/nearest.ts'
import type { ddnSchema } from '../ddn/config.ts'
import type { PresetName } from '../ddn/presets.ts'
import type { ClassifierPresetName, classifierSchema } from '../families/classifier/config.ts'
import type { TextImagePresetName, textImageSchema } from '../families/text-image/config.ts'
import {
  type ConfigInput,
  type ConfigOf,
  families,
  familyOf,
  type ModelName,
  type Preset,
  type TrainConfig,
} from './families.ts'
import { ConfigError, explainIssue, modelNameOf } from './settings.ts'

export { ConfigError } from './settings.ts'

/** What a configuration has whatever the family. */
type CommonKey = 'network' | 'optimiser' | 'seed' | 'data' | 'part' | 'budget'

/** The settings of training that only this family has: `growth` of a DDN, `augmentation` of a classifier. */
export type OwnSettings<M extends ModelName> = M extends ModelName
  ? Partial<Omit<ConfigInput<M>, CommonKey>>
  : never

/** What is to be trained, and how as far as that depends on it: the first argument of `train`. */
export interface Model<M extends ModelName = ModelName> {
  /** Settings of the network; what it lacks comes from the data. */
  network: Partial<ConfigInput<M>['network']> & { model: M }
  optimiser?: ConfigInput<M>['optimiser']
  budget?: ConfigInput<M>['budget']
  /** Those that only this family has. */
  own?: OwnSettings<M>
}

type Options<Schema extends z.ZodType, Name> = Partial<Omit<z.input<Schema>, 'model'>> & {
  /** Where the rest comes from. */
  preset?: Name
}

/** Default preset: `small`, unless `stages` are given. */
export type DdnOptions = Options<typeof ddnSchema, PresetName>

/** Default preset: `plain`, unless `widths` are given. */
export type ClassifierOptions = Options<typeof classifierSchema, ClassifierPresetName>

/** Default preset: `small`, unless `widths` are given. */
export type TextImageOptions = Options<typeof textImageSchema, TextImagePresetName>

/** A Discrete Distribution Network: a preset, or settings of one's own, or a preset with some of them changed. */
export function ddn(options: DdnOptions = {}): Model<'ddn'> {
  return model('ddn', options)
}

/** A classifier of images: a preset, or settings of one's own, or a preset with some of them changed. */
export function classifier(options: ClassifierOptions = {}): Model<'classifier'> {
  return model('classifier', options)
}

/** A model that compares images with texts: a preset, or settings of one's own, or a preset with some changed. */
export function textImage(options: TextImageOptions = {}): Model<'text-image'> {
  return model('text-image', options)
}

/** A model of any family, from a preset and settings of the network over it. */
export function model<M extends ModelName>(
  name: M,
  { preset, ...network }: { preset?: string; [setting: string]: unknown },
): Model<M> {
  const { summary: _, ...base }: Partial<Preset> = presetOf(name, preset, network) ?? {}
  const { network: settings, optimiser, budget, ...own } = base as Partial<Model<M>>
  return { network: { ...settings, ...network, model: name }, optimiser, budget, own } as Model<M>
}

/** The preset that is meant: the one named, else the first, else none where the network is described without. */
export function presetOf(name: ModelName, preset: string | undefined, network: object): Preset | null {
  const { presets, essential } = families[name]
  const names = Object.keys(presets)
  if (preset === undefined) return essential in network ? null : presets[families[name].preset]
  if (!Object.hasOwn(presets, preset))
    throw new ConfigError(`unknown preset ${preset}${suggestion(preset, names)}`)
  return presets[preset]
}

/** A complete configuration from an object such as a file holds; throws `ConfigError`. */
export function resolveConfig<M extends ModelName>(input: {
  network: { model: M; [setting: string]: unknown }
  [setting: string]: unknown
}): ConfigOf<M>
export function resolveConfig(input: unknown): TrainConfig
export function resolveConfig(input: unknown): TrainConfig {
  const { schema } = families[modelNameOf(input)]
  const result = schema.safeParse(input, { reportInput: true })
  if (!result.success)
    throw new ConfigError(result.error.issues.map(issue => explainIssue(issue, schema)).join('; '))
  asConfigError(() => checkNetwork(result.data))
  return result.data
}

/** The configuration with what the network takes from the data; throws `ConfigError` where these cannot serve. */
export function adaptConfig<M extends ModelName>(config: ConfigOf<M>, data: Dataset): ConfigOf<M> {
  const network = asConfigError(() => familyOf<M>(config).adapt(config.network, data))
  // Checked again, and in the schema's order.
  return resolveConfig<M>({ ...config, network })
}

/** What no resumed run may change, whatever its family: it would not be the same run. */
const FIXED = ['network', 'data', 'part', 'seed', 'optimiser.batch']

/** The configuration of a run that goes on: the saved one, with what may be changed taken from `wanted`. */
export function resumedConfig(saved: TrainConfig, wanted: TrainConfig): TrainConfig {
  for (const path of [...FIXED, ...familyOf(saved).fixed]) {
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

function checkNetwork<M extends ModelName>(config: ConfigOf<M>) {
  familyOf<M>(config).check(config.network)
}

function asConfigError<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new ConfigError((error as Error).message)
  }
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value)
}
