// The families of models that can be trained: what each of them is made of, and how it learns. A new family is an
// entry in each of the four lists of this file.

import { z } from 'zod'
import type { Dataset } from '../data/dataset.ts'
import { ddnSchema, layersOf } from '../ddn/config.ts'
import { DdnLearner, growthSchema } from '../ddn/learner.ts'
import { DdnModel } from '../ddn/model.ts'
import { presets } from '../ddn/presets.ts'
import { layoutOf } from '../ddn/program.ts'
import {
  augmentationSchema,
  checkClassifier,
  classifierPresets,
  classifierSchema,
} from '../families/classifier/config.ts'
import { ClassifierLearner } from '../families/classifier/learner.ts'
import { Classifier } from '../families/classifier/model.ts'
import { classifierLayout } from '../families/classifier/network.ts'
import { classesOf } from '../families/labels.ts'
import { vocabularyOf } from '../families/text-image/captions.ts'
import {
  captionsSchema,
  checkTextImage,
  heldOutSchema,
  pictureChangesSchema,
  textImagePresets,
  textImageSchema,
} from '../families/text-image/config.ts'
import { TextImageLearner } from '../families/text-image/learner.ts'
import { TextImageModel } from '../families/text-image/model.ts'
import { textImageLayout } from '../families/text-image/network.ts'
import type { Learner, Metric } from '../nn/learner.ts'
import type { Layout } from '../nn/parameters.ts'
import type { RuntimeOptions } from '../runtime/index.ts'
import { commonSettings } from './config.ts'

const rewardSchema = z.strictObject({
  run: z.string(),
  judge: z.string(),
  label: z.union([z.string(), z.number()]),
  weight: z.number().min(0),
})

/** The configuration of a run of each family. */
const schemas = {
  ddn: z.strictObject({
    network: ddnSchema,
    growth: growthSchema.prefault({}),
    /** Of a run that a judge has taught: by whom, what, and whose weights it began with. See finetune.ts. */
    reward: rewardSchema.optional(),
    ...commonSettings,
  }),
  classifier: z.strictObject({
    network: classifierSchema,
    augmentation: augmentationSchema.prefault({}),
    ...commonSettings,
  }),
  'text-image': z.strictObject({
    network: textImageSchema,
    augmentation: pictureChangesSchema.prefault({}),
    captions: captionsSchema.prefault({}),
    heldOut: heldOutSchema,
    ...commonSettings,
  }),
}

interface Learners {
  ddn: DdnLearner
  classifier: ClassifierLearner
  'text-image': TextImageLearner
}

interface Models {
  ddn: DdnModel
  classifier: Classifier
  'text-image': TextImageModel
}

/** What can be trained, as `network.model` names it. */
export type ModelName = keyof typeof schemas

export type ConfigOf<M extends ModelName> = z.output<(typeof schemas)[M]> & { network: { model: M } }
export type ConfigInput<M extends ModelName> = z.input<(typeof schemas)[M]>
export type NetworkOf<M extends ModelName> = ConfigOf<M>['network']
/** A model in training. */
export type LearnerOf<M extends ModelName> = Learners[M] & Learner
/** A trained model, ready to use. */
export type ModelOf<M extends ModelName> = Models[M]

export interface Preset {
  /** What it is for, in a few words. */
  summary: string
  /** Without what comes from the data. */
  network: object
  /** How long, where nothing else is asked for. */
  budget: { steps: number } | { minutes: number }
}

export interface Family<M extends ModelName> {
  /** With its article: `a classifier`. */
  title: string
  schema: (typeof schemas)[M]
  /** What the schema has beside the network and what all families have. */
  own: readonly string[]
  /** Settings of its own that a resumed run cannot change. */
  fixed: readonly string[]
  /** Networks, with settings of the optimiser and of its own, by name. */
  presets: Readonly<Record<string, Preset>>
  /** The one that is meant where none is named. */
  preset: string
  /** The setting of the network without which it takes a preset. */
  essential: string
  /** Settings of the network that come from the data where they are not given. */
  fromData: readonly string[]
  /** What its evaluations measure. Runs are compared by the first. */
  metrics: readonly [Metric, ...Metric[]]
  /** What a run of it is good for: `it draws images`, with the command. */
  use(run: string): { what: string; command: string }
  /** What a trained one is made of, in a few words, and as facts for programs. */
  about(model: ModelOf<M>): { text: string; facts: Record<string, unknown> }
  layout(network: NetworkOf<M>): Layout
  /** Throws where settings of the network do not fit together. */
  check(network: NetworkOf<M>): void
  /** The network with what comes from the data; throws where these data cannot serve. */
  adapt(network: NetworkOf<M>, data: Dataset): NetworkOf<M>
  learner(config: ConfigOf<M>, runtime: RuntimeOptions): LearnerOf<M>
  open(network: NetworkOf<M>, weights: Float32Array, runtime?: RuntimeOptions): Promise<ModelOf<M>>
}

export const families: { readonly [M in ModelName]: Family<M> } = {
  ddn: {
    title: 'a Discrete Distribution Network',
    schema: schemas.ddn,
    own: ['growth', 'reward'],
    fixed: ['growth.rule', 'growth.halfLife'],
    presets,
    preset: 'small',
    essential: 'stages',
    fromData: ['channels'],
    metrics: [{ name: 'mse', title: 'MSE', better: 'lower', kind: 'loss' }],
    use: run => ({
      what: 'it draws images',
      command: `coppice sample ${run} --count 64 --seed 7 --out samples.png`,
    }),
    about: ({ bits, layers }) => ({
      text: `${Number(bits.toFixed(1))} bits in ${layers.length} choices`,
      facts: { bits },
    }),
    layout: layoutOf,
    check: layersOf,
    adapt(network, data) {
      const { condition } = network
      if (condition?.kind !== 'class') return network
      const given = condition.classes === undefined ? undefined : numbered(condition.classes)
      const { length: classes } = classesOf(data, 'a class condition', given)
      return { ...network, condition: { ...condition, classes } }
    },
    learner(config, runtime) {
      if (config.reward)
        throw new Error(`a judge taught this run (${config.reward.judge}); start anew with: coppice finetune`)
      return new DdnLearner(config, runtime)
    },
    open: DdnModel.open,
  },
  classifier: {
    title: 'a classifier',
    schema: schemas.classifier,
    own: ['augmentation'],
    fixed: [],
    presets: classifierPresets,
    preset: 'plain',
    essential: 'widths',
    fromData: ['channels', 'classes'],
    metrics: [
      { name: 'accuracy', title: 'accuracy', better: 'higher', kind: 'share' },
      { name: 'crossEntropy', title: 'cross-entropy', better: 'lower', kind: 'loss' },
    ],
    use: run => ({
      what: 'it tells classes, and can be the judge of a guide',
      command: `coppice export ${run} --out judge`,
    }),
    about: ({ classes }) => ({
      text: classes.length <= 12 ? `classes ${classes.join(', ')}` : `${classes.length} classes`,
      facts: { classes },
    }),
    layout: classifierLayout,
    check: checkClassifier,
    adapt: (network, data) => ({ ...network, classes: classesOf(data, 'a classifier', network.classes) }),
    learner: (config, runtime) => new ClassifierLearner(config, runtime),
    open: Classifier.open,
  },
  'text-image': {
    title: 'a text-image model',
    schema: schemas['text-image'],
    own: ['augmentation', 'captions', 'heldOut'],
    fixed: ['heldOut'],
    presets: textImagePresets,
    preset: 'small',
    essential: 'widths',
    fromData: ['channels', 'vocabulary'],
    metrics: [
      { name: 'textToImage', title: 'recall at 5 of images', better: 'higher', kind: 'share' },
      { name: 'imageToText', title: 'recall at 5 of texts', better: 'higher', kind: 'share' },
    ],
    use: run => ({
      what: 'it compares images with texts, and can be the judge of a guide',
      command: `coppice export ${run} --out judge`,
    }),
    about: ({ tokenizer, config }) => ({
      text: `${tokenizer.words.length} words, vectors of ${config.embedding} numbers`,
      facts: { words: tokenizer.words.length, embedding: config.embedding },
    }),
    layout: textImageLayout,
    check: checkTextImage,
    adapt(network, data) {
      const words = vocabularyOf(data)
      return { ...network, vocabulary: network.vocabulary ?? words }
    },
    learner: (config, runtime) => new TextImageLearner(config, runtime),
    open: TextImageModel.open,
  },
}

export const modelNames = Object.keys(families) as ModelName[]

/** The configuration of a run, whatever its family: `network.model` tells, and where it is missing it is a DDN. */
export const trainSchema = z.union([schemas.ddn, schemas.classifier, schemas['text-image']])

export type TrainConfig = z.output<typeof trainSchema>
export type TrainConfigInput = z.input<typeof trainSchema>

/** The family of a configuration. */
export function familyOf<M extends ModelName>({ network }: ConfigOf<M>): Family<M> {
  return families[network.model]
}

const numbered = (count: number) => Array.from({ length: count }, (_, i) => String(i))
