// Guides as forms: the fields of a guide from its schema, and the specification from what is chosen in them.

import type { z } from 'zod'
import { maskNames } from '../../../../guides/masks.ts'
import { type GuideName, guideNames, guideSchema, type SeveralSpec } from '../../../../guides/spec.ts'

/** The files that stand for what is drawn on the board. */
export const MASK_FILE = 'mask.png'
export const PAINT_FILE = 'strokes.png'

/** A guide as JSON says it, defaults left out. */
export type GuideJson = { guide: GuideName } & Record<string, unknown>

/** Several, as `coppice edit --guides` takes them. */
export interface GuidesJson {
  by: SeveralSpec['by']
  guides: readonly GuideJson[]
}

/** What is known of a judge without opening its model. */
export interface JudgeFacts {
  /** The name of its JSON file. */
  name: string
  read: 'logits' | 'probabilities' | 'cosine' | 'features'
  classes: readonly string[] | null
  /** Whether it knows texts, and whether it has a vector of its own. */
  text: boolean
  vector: boolean
}

/** What forms depend on. */
export interface FormContext {
  /** Of the network's images. */
  size: number
  judges: readonly JudgeFacts[]
}

export type Field = { name: string; title: string } & (
  | { kind: 'number'; min: number; max: number; step: number }
  | { kind: 'choice'; options: readonly Option[] }
  | { kind: 'text' }
)

export interface Option {
  title: string
  /** undefined: the field is left out. */
  value: unknown
}

/** What a guide is called, and what it does. */
export const titles: Record<GuideName, { title: string; says: string }> = {
  reconstruct: { title: 'Reconstruct', says: 'come close to the picture' },
  'super-resolve': { title: 'Super-resolve', says: 'find sharp pictures with these means' },
  inpaint: { title: 'Inpaint', says: 'keep what is visible, invent the rest' },
  colourise: { title: 'Colourise', says: 'keep the brightness, invent the colours' },
  denoise: { title: 'Denoise', says: 'find the picture behind noise' },
  'low-bit': { title: 'Few shades', says: 'match the picture in a few shades' },
  edges: { title: 'Edges', says: 'keep the outlines, invent the rest' },
  style: { title: 'Style', says: 'take textures and colours from the picture' },
  similar: { title: 'Similar', says: 'look like the picture to a judge' },
  class: { title: 'Class', says: 'show what a judge takes for a class' },
  text: { title: 'Text', says: 'show what a text says' },
  strokes: { title: 'Strokes', says: 'have your paint where you painted' },
}

/** How far results are from what a guide wants, in the mean. */
export function offBy(errors: Float32Array): string {
  const mean = errors.reduce((a, b) => a + b, 0) / errors.length
  return `off by ${mean.toPrecision(2)} (0 is perfect)`
}

/** The guides in the order in which they are offered. */
export const offered: readonly GuideName[] = [
  ...(['inpaint', 'strokes', 'class', 'text', 'super-resolve', 'colourise'] as const),
  ...guideNames,
].filter((name, i, all) => all.indexOf(name) === i)

/** Where the schema sets no bound, and how a bounded field moves. */
const ranges: Record<string, { min?: number; max: (size: number) => number; step: number }> = {
  factor: { max: size => size, step: 1 },
  sigma: { max: () => 2, step: 0.01 },
  levels: { max: () => 16, step: 1 },
  weight: { max: () => 4, step: 0.05 },
  label: { min: 0, max: () => 999, step: 1 },
}

const fieldTitles: Record<string, string> = {
  mask: 'Hidden',
  factor: 'Times larger',
  norm: 'Differences',
  sigma: 'Noise added',
  levels: 'Shades',
  judge: 'Judge',
  label: 'Class',
  text: 'Text',
  to: 'Like',
  weight: 'Weight',
  layers: 'Heeded by',
}

/** What is chosen from, where the schema allows more than a form can. */
const ANY_CLASS = '*'

/** The fields of a guide. */
export function fieldsOf(json: GuideJson, context: FormContext): Field[] {
  const { shape } = schemaOf(json.guide)
  return Object.entries(shape).flatMap(([name, schema]) => {
    const field = fieldOf(name, schema as z.ZodType, json, context)
    return field ? [{ name, title: fieldTitles[name] ?? name, ...field } as Field] : []
  })
}

type Shape = Readonly<Record<string, z.ZodType>>

function schemaOf(guide: GuideName): { shape: Shape } {
  return guideSchema.options.find(({ shape }) => shape.guide.value === guide)! as unknown as { shape: Shape }
}

type FieldKind =
  | { kind: 'number'; min: number; max: number; step: number }
  | { kind: 'choice'; options: readonly Option[] }
  | { kind: 'text' }

function fieldOf(
  name: string,
  schema: z.ZodType,
  json: GuideJson,
  { size, judges }: FormContext,
): FieldKind | null {
  switch (name) {
    // The guide is the form's own; `label` says `certain`; what is painted has no other name.
    case 'guide':
    case 'certain':
    case 'overlay':
      return null
    case 'mask':
      return {
        kind: 'choice',
        options: [{ title: 'as drawn', value: MASK_FILE }, ...maskNames.map(plain)],
      }
    case 'judge':
      return { kind: 'choice', options: judgesFor(json.guide, judges) }
    case 'label':
      return labelField(judges.find(judge => judge.name === json.judge))
    case 'text':
      return { kind: 'text' }
    case 'layers':
      return {
        kind: 'choice',
        options: [
          { title: 'all layers', value: undefined },
          { title: 'the first layers', value: [1, 0] },
          { title: 'the last layers', value: [0, 1] },
        ],
      }
  }
  const bare = bareOf(schema)
  if (bare.def.type === 'enum') return { kind: 'choice', options: bare.options!.map(plain) }
  const { max, step } = ranges[name]
  return { kind: 'number', min: bare.minValue!, max: Math.min(max(size), bare.maxValue ?? Infinity), step }
}

/** A schema without its default, and whether it may be left out. */
function bareOf(schema: z.ZodType): Bare {
  const bare = schema as unknown as Bare
  return bare.def.innerType ? bareOf(bare.def.innerType) : bare
}

interface Bare {
  def: { type: string; innerType?: z.ZodType; defaultValue?: unknown }
  options?: readonly string[]
  minValue?: number | null
  maxValue?: number | null
}

const plain = (value: string): Option => ({ title: value, value })

function labelField(judge: JudgeFacts | undefined): FieldKind {
  const any = { title: 'any, as long as the judge is sure', value: ANY_CLASS }
  if (judge?.classes)
    return { kind: 'choice', options: [...judge.classes.map((title, value) => ({ title, value })), any] }
  const { max, step } = ranges.label
  return { kind: 'number', min: 0, max: max(0), step }
}

/** The judges that can serve a guide. */
function judgesFor(guide: GuideName, judges: readonly JudgeFacts[]): Option[] {
  const fits: Partial<Record<GuideName, (judge: JudgeFacts) => boolean>> = {
    class: ({ read }) => read === 'logits' || read === 'probabilities',
    text: ({ text }) => text,
    similar: ({ read }) => read === 'cosine' || read === 'features',
    style: ({ read }) => read === 'features',
  }
  const own = judges
    .filter(fits[guide] ?? (() => false))
    .map(({ name }) => ({ title: name.replace(/\.json$/i, ''), value: name }))
  return guide === 'style' ? [{ title: 'none: fixed filters', value: undefined }, ...own] : own
}

/** The value that a field shows. */
export function shownValue(json: GuideJson, field: Field): unknown {
  if (field.name === 'label' && json.certain) return ANY_CLASS
  const value = json[field.name]
  if (value !== undefined) return value
  return (schemaOf(json.guide).shape[field.name] as unknown as Bare).def.defaultValue
}

/** The guide with another value in a field. */
export function withValue(json: GuideJson, name: string, value: unknown): GuideJson {
  const next: GuideJson = { ...json, [name]: value }
  if (name === 'label') {
    delete next.certain
    if (value === ANY_CLASS) {
      delete next.label
      next.certain = true
    }
  }
  // Another judge has other classes.
  if (name === 'judge' && next.guide === 'class' && json.judge !== value) {
    delete next.certain
    next.label = 0
  }
  if (next[name] === undefined) delete next[name]
  return next
}

/** A guide as it begins; without a judge that it needs it says so when it is run. */
export function newGuide(guide: GuideName, { judges }: FormContext): GuideJson {
  const judge = judgesFor(guide, judges)[0]?.value
  switch (guide) {
    case 'inpaint':
      return { guide, mask: 'left' }
    case 'strokes':
      return { guide, overlay: PAINT_FILE }
    case 'super-resolve':
      return { guide, factor: 4 }
    case 'class':
      return { guide, judge, label: 3 }
    case 'text':
      return { guide, judge, text: 'red heart' }
    case 'similar':
      return { guide, judge }
    default:
      return { guide }
  }
}

/** What the address leaves out. */
export const FIRST_GUIDES: GuidesJson = { by: 'ranks', guides: [{ guide: 'inpaint', mask: 'left' }] }

/** The guides of the address; what is no JSON of guides at all counts as not said. */
export function readGuides(text: string): GuidesJson {
  try {
    const { by, guides } = JSON.parse(text) as GuidesJson
    const known = Array.isArray(guides) && guides.every(one => guideNames.includes(one?.guide))
    if (known && (by === undefined || by === 'ranks' || by === 'scores')) return { by: by ?? 'ranks', guides }
  } catch {
    // Not JSON.
  }
  return FIRST_GUIDES
}

/** As the address says them. */
export function guidesText({ by, guides }: GuidesJson): string {
  const text = JSON.stringify(by === 'ranks' ? { guides } : { by, guides })
  return text === JSON.stringify({ guides: FIRST_GUIDES.guides }) ? '' : text
}

/**
 * The guides once something was drawn: the one that goes by the drawing is among them. Where all paint is gone nobody
 * needs to go by it, as long as there are others.
 */
export function withDrawing(json: GuidesJson, drawn: 'mask' | 'paint', empty: boolean): GuidesJson {
  const guide = drawn === 'mask' ? 'inpaint' : 'strokes'
  const others = json.guides.filter(one => one.guide !== guide)
  if (drawn === 'paint' && empty && others.length > 0) return { ...json, guides: others }
  const file = drawn === 'mask' ? { mask: MASK_FILE } : { overlay: PAINT_FILE }
  if (others.length === json.guides.length) return { ...json, guides: [...others, { guide, ...file }] }
  const guides = json.guides.map(one => (one.guide === guide ? { ...one, ...file } : one))
  return { ...json, guides }
}
