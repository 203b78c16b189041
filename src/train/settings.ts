// Settings by their paths: overrides such as `network.lossGrowth=2`, and sentences about what is not valid.

import type { z } from 'zod'
import { suggestion } from '../data/nearest.ts'
import { families, type ModelName, modelNames } from './families.ts'

/** A setting that is not valid; the message says which, and what would be. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/** The family that a configuration asks for: `network.model`, and where that is missing `ddn`. */
export function modelNameOf(input: unknown): ModelName {
  const name = (input as { network?: { model?: unknown } } | null)?.network?.model ?? 'ddn'
  if (!modelNames.includes(name as ModelName))
    throw new ConfigError(`network.model is ${JSON.stringify(name)}${suggestion(String(name), modelNames)}`)
  return name as ModelName
}

/** `network.lossGrowth=2` and the like, one after the other; throws `ConfigError` where a path leads nowhere. */
export function applySettings(input: object, settings: readonly string[]): object {
  const { schema } = families[modelNameOf(input)]
  const config = structuredClone(input) as Record<string, unknown>
  for (const setting of settings) {
    const equals = setting.indexOf('=')
    if (equals < 1)
      throw new ConfigError(`--set ${setting}: write it as path=value, such as optimiser.rate=1e-3`)
    const path = setting.slice(0, equals).split('.')
    let at: Record<string, unknown> = config
    path.slice(0, -1).forEach((key, i) => {
      checkKey(schema, path, i)
      if (at[key] === undefined) at[key] = {}
      if (typeof at[key] !== 'object' || at[key] === null)
        throw new ConfigError(`--set ${setting}: ${path.slice(0, i + 1).join('.')} has no settings inside`)
      at = at[key] as Record<string, unknown>
    })
    checkKey(schema, path, path.length - 1)
    at[path[path.length - 1]] = parseValue(setting.slice(equals + 1))
  }
  return config
}

/** The last of several settings that is given; of groups of settings each member's last. */
export function overlaid(...given: readonly unknown[]): unknown {
  const known = given.filter(one => one !== undefined)
  const last = known.at(-1)
  return isGroup(last) ? Object.assign({}, ...known.filter(isGroup)) : last
}

const isGroup = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function checkKey(root: z.ZodType, path: readonly string[], i: number) {
  const known = keysOf(schemaAt(root, path.slice(0, i)))
  if (!known || known.includes(path[i])) return
  const inside = path.slice(0, i).join('.')
  throw new ConfigError(
    `unknown setting ${path.slice(0, i + 1).join('.')}${suggestion(path[i], known)}${inside && ` in ${inside}`}`,
  )
}

type Issue = z.core.$ZodIssue

/** One sentence about one thing that zod found by this schema. */
export function explainIssue(issue: Issue, schema: z.ZodType): string {
  const path = issue.path.map(String)
  const where = path.join('.') || 'the configuration'
  const given = JSON.stringify(issue.input)
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = keysOf(schemaAt(schema, path)) ?? []
      const [key] = issue.keys
      return `unknown setting ${[...path, key].join('.')}${suggestion(key, known)}`
    }
    case 'invalid_value': {
      const valid = issue.values.map(String)
      return `${where} is ${given}${suggestion(String(issue.input), valid)}`
    }
    case 'invalid_type':
      if (issue.input === undefined) return `${where} is missing`
      return `${where} is ${given}; it must be ${article(issue.expected)}`
    case 'too_small':
      return `${where} is ${given}; it must be ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`
    case 'too_big':
      return `${where} is ${given}; it must be ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}`
    case 'invalid_union': {
      if (where === 'budget')
        return `budget is ${given ?? 'missing'}; give { "steps": N } or { "minutes": M }`
      const valid = literalsOf(schemaAt(schema, path))
      return valid.length
        ? `${where} is ${given}; valid are ${valid.join(', ')}`
        : `${where} is ${given}: ${issue.message}`
    }
    default:
      return `${where} is ${given}: ${issue.message}`
  }
}

function article(type: string): string {
  if (type === 'int') return 'a whole number'
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`
}

type Schema = { def: Record<string, unknown> & { type: string } }

const inner = (schema: Schema): Schema =>
  schema.def.innerType ? inner(schema.def.innerType as Schema) : schema

/** The schema of a setting, as far as it can be told without the other settings. */
function schemaAt(root: z.ZodType, path: readonly string[]): Schema | null {
  let schema: Schema | null = inner(root as unknown as Schema)
  for (const key of path) {
    if (!schema) return null
    const { type, shape, element } = schema.def as {
      type: string
      shape?: Record<string, Schema>
      element?: Schema
    }
    const alternatives = unionOf(schema)
    if (type === 'array') schema = inner(element!)
    else if (type === 'object') schema = shape?.[key] ? inner(shape[key]) : null
    else {
      const found: Schema | undefined = alternatives
        .map(one => shapeOf(one)?.[key])
        .find(one => one !== undefined)
      schema = found ? inner(found) : null
    }
  }
  return schema
}

const unionOf = (schema: Schema) => ((schema.def.options as Schema[] | undefined) ?? []).map(inner)

const shapeOf = (schema: Schema) => schema.def.shape as Record<string, Schema> | undefined

/** The names inside an object, or inside any of several; null where anything else is. */
function keysOf(schema: Schema | null): string[] | null {
  if (!schema) return null
  const shapes = [schema, ...unionOf(schema)].map(shapeOf).filter(shape => shape !== undefined)
  return shapes.length ? [...new Set(shapes.flatMap(shape => Object.keys(shape)))] : null
}

function literalsOf(schema: Schema | null): unknown[] {
  return schema ? unionOf(schema).flatMap(one => (one.def.values as unknown[] | undefined) ?? []) : []
}
