// What a Discrete Distribution Network is made of: one schema for files, flags and forms.

import { z } from 'zod'
import { conditionSchema } from './condition.ts'

const side = z
  .number()
  .int()
  .min(1)
  .max(256)
  .refine(n => (n & (n - 1)) === 0, 'must be a power of two')

/** The layers that work on one grid of positions. */
export const stageSchema = z.strictObject({
  /** Positions along one side of the feature map. */
  grid: side,
  /** Pixels along one side that a position paints: the stage's images are grid·patch wide. */
  patch: side.default(1),
  /** Layers, each a block and a choice. */
  layers: z.number().int().min(1).max(256),
  /** Channels of the feature map. */
  width: z.number().int().min(1).max(4096),
  /** Features that the candidates are linear in, a 1×1 convolution of the block's; default: its own channels. */
  features: z.number().int().min(1).max(4096).optional(),
  /** Candidates of every layer. */
  K: z.number().int().min(2).max(65536),
})

export const ddnSchema = z.strictObject({
  model: z.literal('ddn').default('ddn'),
  /** Width and height of the images. */
  size: side.default(32),
  /** 1 for grey, 3 for RGB. */
  channels: z.union([z.literal(1), z.literal(3)]).default(1),
  /** Coarse to fine. The last stage paints whole images: grid·patch = size. */
  stages: z.array(stageSchema).min(1),
  /** The function between two choices: see blocks.ts. */
  block: z.enum(['residual', 'mixer']).default('residual'),
  /** Groups of the group normalisation. */
  groups: z.number().int().min(1).default(4),
  /** Biases in the convolutions. */
  bias: z.boolean().default(false),
  /** How a choice comes back into the features: through a 1×1 convolution, or added to the first channels. */
  feedback: z.enum(['convolution', 'channels']).default('convolution'),
  /** Half of the features goes to a map of its own, painted by the chosen candidate's weights. */
  leak: z.boolean().default(false),
  /** Candidates are added to the image chosen before. */
  residual: z.boolean().default(true),
  /** What the network is told about the image: see condition.ts. */
  condition: conditionSchema.optional(),
  /**
   * The recurrent form: instead of a block per layer, one U-Net with these widths from the whole image down, and
   * one set of candidates, run for every layer of the only stage. What it sees is the image chosen before (and its
   * leak).
   */
  recurrent: z
    .strictObject({
      widths: z.array(z.number().int().min(1)).min(1),
      /** Residual blocks per level on each way. */
      blocks: z.number().int().min(1).default(2),
    })
    .optional(),
  /**
   * Candidates' weights are stored divided by this, so that Adam moves them that much faster: a candidate learns
   * only when it is chosen.
   */
  candidateGain: z.number().positive().default(1),
  /** Weight of the last layer's loss over the first's, growing geometrically between. */
  lossGrowth: z.number().positive().default(1),
})

export type DdnConfig = z.output<typeof ddnSchema>
export type Stage = z.output<typeof stageSchema>

/** One layer of the flattened network. */
export interface LayerSpec extends Stage {
  /** Position in the network, from 0. */
  index: number
  /** The first layer of its stage. */
  first: boolean
  /** Width and height of its images. */
  size: number
}

/** All layers in order, after checking that the stages fit together. */
export function layersOf(config: DdnConfig): LayerSpec[] {
  const layers: LayerSpec[] = []
  let before = 0
  for (const stage of config.stages) {
    const size = stage.grid * stage.patch
    if (size < before || size > config.size)
      throw new Error(`stages: images of ${size} after ${before} do not lead up to ${config.size}`)
    before = size
    for (let i = 0; i < stage.layers; i++)
      layers.push({ ...stage, index: layers.length, first: i === 0, size })
  }
  const { condition } = config
  if (condition?.kind === 'grey' && config.channels === 1)
    throw new Error('condition: grey images have no other grey than themselves; give images of 3 channels')
  if (condition?.kind === 'low-res' && (condition.size >= config.size || config.size % condition.size))
    throw new Error(`condition: low-res ${condition.size} is no whole part of ${config.size}`)
  if (config.recurrent && (config.stages.length > 1 || config.stages[0].patch > 1))
    throw new Error('stages: the recurrent form has one stage, of patch 1')
  if (before !== config.size)
    throw new Error(`stages: the last stage paints ${before}×${before}, not ${config.size}×${config.size}`)
  return layers
}

/** A set of candidates, and the layers that choose from it: more than one in the recurrent form. */
export interface CandidateTable {
  /** Name of the parameter [K, P·C]. */
  name: string
  K: number
  layers: readonly number[]
}

export function tablesOf(config: DdnConfig): CandidateTable[] {
  const layers = layersOf(config)
  if (config.recurrent)
    return [{ name: 'candidates', K: layers[0].K, layers: layers.map(({ index }) => index) }]
  return layers.map(({ index, K }) => ({ name: `layer${index}.candidates`, K, layers: [index] }))
}

/** Length of the latent in bits: Σ log₂ K. */
export function bitsOf(config: DdnConfig): number {
  return layersOf(config).reduce((sum, { K }) => sum + Math.log2(K), 0)
}
