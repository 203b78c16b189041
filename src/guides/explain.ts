// What a schema finds wrong, in sentences that name the field, the value and what would be right.

import type { z } from 'zod'
import { suggestion } from '../data/nearest.ts'

/**
 * The value as the schema makes it; throws an error that begins with `what`, the file or the flag it came
 * from.
 */
export function parseWith<T extends z.ZodType>(schema: T, value: unknown, what: string): z.output<T> {
  const result = schema.safeParse(value, { reportInput: true })
  if (result.success) return result.data
  throw new Error(`${what}: ${result.error.issues.map(issue => sentence(issue, schema)).join('; ')}`)
}

/** A file's bytes as JSON. */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new Error(`${what} is not JSON: ${(cause as Error).message}`, { cause })
  }
}

function sentence(issue: z.core.$ZodIssue, schema: z.ZodType): string {
  const where = issue.path.join('.') || 'it'
  const given = shown(issue.input)
  switch (issue.code) {
    case 'unrecognized_keys': {
      const [key] = issue.keys
      return `unknown field ${[...issue.path, key].join('.')}${suggestion(key, keysAt(schema, issue.path, issue.input))}`
    }
    case 'invalid_value':
      if (issue.input === undefined)
        return `${where} is missing; give ${issue.values.map(shown).join(' or ')}`
      if (typeof issue.input !== 'string') return `${where} is ${given}; valid are ${issue.values.join(', ')}`
      return `${where} is ${given}${suggestion(issue.input, issue.values.map(String))}`
    case 'invalid_type':
      if (issue.input === undefined) return `${where} is missing`
      return `${where} is ${given}; it must be ${article(issue.expected)}`
    case 'too_small':
    case 'too_big': {
      const [bound, word] =
        issue.code === 'too_small'
          ? [issue.minimum, issue.inclusive ? 'at least' : 'more than']
          : [issue.maximum, issue.inclusive ? 'at most' : 'less than']
      const what = typeof issue.input === 'number' ? '' : ' long'
      return `${where} is ${given}; it must be ${word} ${bound}${what}`
    }
    default:
      return issue.input === undefined
        ? `${where} is missing; ${issue.message}`
        : `${where} is ${given}; ${issue.message}`
  }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

function article(type: string): string {
  if (type === 'int') return 'a whole number'
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`
}

type Schema = { def: Record<string, unknown> & { type: string } }

/** The names that the object at a path may hold. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[], value: unknown): string[] {
  let at = inner(schema as unknown as Schema)
  for (const key of path) {
    const { shape, element } = at.def as { shape?: Record<string, Schema>; element?: Schema }
    const next = typeof key === 'number' ? element : shape?.[String(key)]
    if (!next) return []
    at = inner(next)
  }
  const shapes = [at, ...((at.def.options as Schema[] | undefined) ?? []).map(inner)]
    .map(one => one.def.shape as Record<string, Schema> | undefined)
    .filter(shape => shape !== undefined)
  // Of alternatives, the one whose constant field (`guide`) the value has.
  const fitting = shapes.filter(shape =>
    Object.entries(shape).every(([key, field]) => {
      const values = field.def.values as unknown[] | undefined
      return !values || values.includes((value as Record<string, unknown>)[key])
    }),
  )
  return [...new Set((fitting.length ? fitting : shapes).flatMap(Object.keys))]
}

const inner = (schema: Schema): Schema =>
  schema.def.innerType ? inner(schema.def.innerType as Schema) : schema
