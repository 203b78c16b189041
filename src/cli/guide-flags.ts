// Guides as flags: each flag says more about the --guide before it. And back: the command that makes a request again.

import { type Command, Option } from 'commander'
import type { EditRequest } from '../eval/editing.ts'
import {
  type GuideName,
  type GuideSpecInput,
  guideNames,
  guideSchema,
  maskNames,
  parseGuideSpec,
} from '../guides/index.ts'
import { shellWord } from '../report/format.ts'
import { oneOf } from './options.ts'
import { UsageError } from './output.ts'

/** What flags say of one guide: fields of its specification. */
export type GuideFields = { guide: GuideName } & Record<string, unknown>

interface GuideFlag {
  /** The field of the specification, and the flag's name. */
  field: string
  /** How its value is called; a flag without one means true. */
  value?: string
  about: string
  /** From the text to the field's value, which the schema checks. Default: the text itself. */
  read?: (text: string) => unknown
  /** May be repeated: one value alone, or a list. */
  many?: true
}

const guideFlags: readonly GuideFlag[] = [
  {
    field: 'mask',
    value: 'name',
    about: `what is hidden: ${maskNames.join(', ')}; or a PNG file in which it is white`,
  },
  { field: 'factor', value: 'n', about: 'how many times larger', read: numberIn },
  { field: 'norm', value: 'name', about: 'l2 or l1' },
  { field: 'sigma', value: 's', about: 'deviation of the noise that is added first', read: numberIn },
  { field: 'levels', value: 'n', about: 'shades that are left', read: numberIn },
  {
    field: 'judge',
    value: 'file',
    about: "the judge's JSON file, or the name of one that comes with Coppice",
  },
  {
    field: 'label',
    value: 'label',
    about: 'a number or a name; or several with commas, --each results of every one',
    read: text => (text.includes(',') ? text.split(',').map(labelIn) : labelIn(text)),
  },
  { field: 'certain', about: 'any label, as long as the judge is sure' },
  {
    field: 'text',
    value: 'words',
    about: 'what should be seen; may be repeated, --each results of every one',
    many: true,
  },
  { field: 'overlay', value: 'file', about: 'a PNG file with transparency' },
  { field: 'to', value: 'what', about: 'picture, or the vector of the judge' },
  { field: 'weight', value: 'w', about: 'its say among several (default: 1)', read: numberIn },
  {
    field: 'layers',
    value: 'list',
    about: 'factors of its weight from the first layer to the last, such as 0,1,1',
    read: text => text.split(',').map(numberIn),
  },
]

/** Adds --guide and what may follow it; the list fills while the command is parsed. */
export function addGuideFlags(command: Command): readonly GuideFields[] {
  const given: GuideFields[] = []
  command.addOption(
    new Option('--guide <name>', `what to go by: ${guideNames.join(', ')}; may be repeated`).argParser(
      (text: string) => {
        const guide = oneOf(guideNames)(text)
        given.push({ guide })
        return guide
      },
    ),
  )
  for (const flag of guideFlags) {
    const guides = guideNames.filter(guide => fieldsOf(guide).includes(flag.field))
    const whose = guides.length < guideNames.length ? guides.join(', ') : 'any guide'
    command.option(flagsOf(flag), `${whose}: ${flag.about}`)
    command.on(`option:${flag.field}`, (text: string | undefined) => {
      const last = given[given.length - 1]
      if (!last) throw new UsageError(`--${flag.field} says more about a guide: give it after a --guide`)
      take(last, flag, text)
    })
  }
  return given
}

const flagsOf = ({ field, value }: GuideFlag) => (value ? `--${field} <${value}>` : `--${field}`)

function take(fields: GuideFields, { field, read, many }: GuideFlag, text: string | undefined) {
  const known = fieldsOf(fields.guide)
  if (!known.includes(field)) {
    const own = known.map(name => `--${name}`).join(', ')
    throw new UsageError(`the guide ${fields.guide} has no --${field}; what it takes is ${own}`)
  }
  const value = text === undefined ? true : read ? read(text) : text
  fields[field] = many && fields[field] !== undefined ? [fields[field], value].flat() : value
}

/** The fields of a guide, in the schema's order. */
function fieldsOf(guide: GuideName): string[] {
  return Object.keys(shapeOf(guide)).filter(field => field !== 'guide')
}

function shapeOf(guide: GuideName) {
  return guideSchema.options.find(({ shape }) => shape.guide.value === guide)!.shape
}

/** The flags' guides as a specification, checked; an error names the flag. */
export function specOf(given: readonly GuideFields[], by: 'ranks' | 'scores'): GuideSpecInput {
  for (const fields of given) {
    const shape: Record<string, { safeParse(value: unknown): { success: boolean } }> = shapeOf(fields.guide)
    for (const flag of guideFlags) {
      const optional = shape[flag.field]?.safeParse(undefined).success ?? true
      if (!optional && fields[flag.field] === undefined)
        throw new UsageError(`the guide ${fields.guide} needs ${flagsOf(flag)} (${flag.about})`)
    }
    if (fields.guide === 'class' && fields.label === undefined && !fields.certain)
      throw new UsageError('the guide class needs --label <label>, or --certain')
    asUsage(() => parseGuideSpec(fields, `--guide ${fields.guide}`))
  }
  return (given.length === 1 ? given[0] : { by, guides: given }) as GuideSpecInput
}

/** What goes wrong in reading what the caller gave. */
export function asUsage<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function numberIn(text: string): number | string {
  return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text)
}

function labelIn(text: string): number | string {
  return /^\d+$/.test(text.trim()) ? Number(text) : text.trim()
}

/** The command that carries out a request: `coppice edit RUN …`, in words of a POSIX shell. */
export function editCommandFor(
  run: string,
  request: EditRequest,
  { guidesFile, more = {} }: { guidesFile?: string; more?: Record<string, string | number | undefined> } = {},
): string {
  const { source, count, each, seed, pick, beam, strictness, candidates, condition } = request
  const flags: [name: string, value: string | number | undefined][] = []
  if (source && 'input' in source) flags.push(['input', source.input])
  if (source && 'data' in source)
    flags.push(['data', source.data], ['split', source.split], ['images', source.images?.join(',')])
  flags.push(['condition', condition], ['count', count], ['each', each])
  if (pick.rule === 'top') flags.push(['top', pick.of])
  if (pick.rule === 'softmax') flags.push(['temperature', pick.temperature])
  flags.push(['beam', beam > 1 ? beam : undefined], ['strictness', strictness?.join(',')])
  flags.push(['candidates', candidates], ['seed', seed], ...Object.entries(more))
  const guides = guidesFile === undefined ? guideFlagsFor(request.guides) : [flag('guides', guidesFile)]
  const words = flags.flatMap(([name, value]) => (value === undefined ? [] : flag(name, value)))
  return ['coppice edit', shellWord(run), ...guides, ...words].join(' ')
}

const flag = (name: string, value: unknown) => `--${name} ${shellWord(String(value))}`

function guideFlagsFor(spec: GuideSpecInput): string[] {
  if (!('guides' in spec)) return fieldFlags(spec)
  return [...spec.guides.flatMap(fieldFlags), ...(spec.by === 'scores' ? ['--by scores'] : [])]
}

function fieldFlags({ guide, ...fields }: object & { guide: GuideName }): string[] {
  const flags = Object.entries(fields).flatMap(([field, value]: [string, unknown]) => {
    if (value === undefined || value === false) return []
    if (value === true) return [`--${field}`]
    const { many } = guideFlags.find(one => one.field === field)!
    return many ? [value].flat().map(one => flag(field, one)) : [flag(field, [value].flat().join(','))]
  })
  return [`--guide ${guide}`, ...flags]
}
