// A guide as a file, a form or flags say it: one schema, told apart by `guide`.

import { z } from 'zod'
import { suggestion } from '../data/nearest.ts'
import { parseWith } from './explain.ts'

/** Among several guides: how much this one counts, and how that changes over the layers. */
const say = {
  /** Its say among several; a guide on its own has all of it. */
  weight: z.number().min(0).default(1),
  /** Factors of the weight from the first layer to the last, interpolated; default 1 everywhere. */
  layers: z.array(z.number().min(0)).min(1).optional(),
}

const file = z.string().min(1)
const label = z.union([z.number().int().min(0), z.string().min(1)], {
  error: 'give a number from 0, or a name',
})

const schemas = {
  /** The picture itself: the nearest candidate by squared or by absolute differences. */
  reconstruct: z.strictObject({
    guide: z.literal('reconstruct'),
    norm: z.enum(['l2', 'l1']).default('l2'),
    ...say,
  }),
  'super-resolve': z.strictObject({
    guide: z.literal('super-resolve'),
    /** How many times smaller the known picture is. */
    factor: z.number().min(2),
    ...say,
  }),
  inpaint: z.strictObject({
    guide: z.literal('inpaint'),
    /** What is hidden: a name (see masks.ts), or a PNG file in which it is white. */
    mask: file,
    ...say,
  }),
  colourise: z.strictObject({ guide: z.literal('colourise'), ...say }),
  denoise: z.strictObject({
    guide: z.literal('denoise'),
    /** Deviation of the noise that is added to the picture first; 0: it is noisy already. */
    sigma: z.number().min(0).default(0.53),
    ...say,
  }),
  'low-bit': z.strictObject({
    guide: z.literal('low-bit'),
    levels: z.number().int().min(2).max(256).default(4),
    ...say,
  }),
  edges: z.strictObject({ guide: z.literal('edges'), ...say }),
  style: z.strictObject({
    guide: z.literal('style'),
    /** A judge's file, whose features are compared; without it those of fixed filters. */
    judge: file.optional(),
    ...say,
  }),
  /** Like the picture to a judge's eyes, or where the vector of its file points. */
  similar: z.strictObject({
    guide: z.literal('similar'),
    judge: file,
    to: z.enum(['picture', 'vector']).default('picture'),
    ...say,
  }),
  class: z
    .strictObject({
      guide: z.literal('class'),
      judge: file,
      /** One for all results, or a list with one for each. */
      label: z
        .union([label, z.array(label).min(1)], { error: 'give a number from 0, a name, or a list of them' })
        .optional(),
      /** Instead of a label: any class, as long as the judge is sure. */
      certain: z.boolean().optional(),
      ...say,
    })
    .superRefine(({ label, certain }, context) => {
      if ((label === undefined) !== (certain === true))
        context.addIssue({
          code: 'custom',
          path: ['label'],
          message: 'give either label or "certain": true',
          input: label,
        })
    }),
  text: z.strictObject({
    guide: z.literal('text'),
    judge: file,
    /** One for all results, or a list with one for each. */
    text: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)], {
      error: 'give a text, or a list of them',
    }),
    ...say,
  }),
  strokes: z.strictObject({
    guide: z.literal('strokes'),
    /** A PNG file with transparency, laid over the whole image. */
    overlay: file,
    ...say,
  }),
}

export type GuideName = keyof typeof schemas

export const guideNames = Object.keys(schemas) as readonly GuideName[]

/** One guide. */
export const guideSchema = z.discriminatedUnion('guide', [
  schemas.reconstruct,
  schemas['super-resolve'],
  schemas.inpaint,
  schemas.colourise,
  schemas.denoise,
  schemas['low-bit'],
  schemas.edges,
  schemas.style,
  schemas.similar,
  schemas.class,
  schemas.text,
  schemas.strokes,
])

/** Several at once. */
export const severalSchema = z.strictObject({
  /** What is added up over the guides: see `CombinedGuide`. */
  by: z.enum(['ranks', 'scores']).default('ranks'),
  guides: z.array(guideSchema).min(1),
})

export type SingleSpec = z.output<typeof guideSchema>
export type SeveralSpec = z.output<typeof severalSchema>
/** What a file holds: one guide, or several. */
export type GuideSpecInput = z.input<typeof guideSchema> | z.input<typeof severalSchema>

/** Several guides, be it one; throws an error that begins with `what` and names the field. */
export function parseGuideSpec(value: unknown, what = 'the guide'): SeveralSpec {
  const several = isObject(value) && 'guides' in value
  const list = several && Array.isArray(value.guides) ? value.guides : several ? [] : [value]
  list.forEach((one, i) => {
    checkName(one, several ? `${what}: guides.${i}` : what)
  })
  if (several) return parseWith(severalSchema, value, what)
  const { guide } = value as { guide: GuideName }
  return { by: 'ranks', guides: [parseWith<z.ZodType<SingleSpec>>(schemas[guide], value, what)] }
}

function checkName(value: unknown, what: string) {
  const name = isObject(value) ? value.guide : undefined
  if (name === undefined)
    throw new Error(`${what} has no field guide, which says what it is: ${guideNames.join(', ')}`)
  if (!guideNames.includes(name as GuideName))
    throw new Error(`${what}: unknown guide ${JSON.stringify(name)}${suggestion(String(name), guideNames)}`)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
