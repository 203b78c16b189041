// The state of the page that matters, as one table: it is the URL, and what a shared link reopens.

import { z } from 'zod'
import { densityNames } from '../ddn/density-targets.ts'

export const roomNames = ['grow', 'walk', 'steer', 'compress'] as const

export type RoomName = (typeof roomNames)[number]

/** Every value has a default, which the URL leaves out. */
export const stateSchema = z.object({
  room: z.enum(roomNames).default('grow'),
  /** A model that comes with the package, or a run as `run:NAME`; none: the room's own (page/lib/models.ts). */
  model: z.string().max(200).default(''),
  /** Every random choice follows from it. */
  seed: z.coerce.number().int().min(0).max(4294967295).default(0),

  // Grow
  subject: z.enum(['points', 'images', 'runs']).default('points'),
  /** The run of this machine that is watched; none: the one that trains, or the newest. */
  run: z.string().max(200).default(''),
  /** What the points learn; `drawn` is what the pointer has drawn. */
  density: z.enum([...densityNames, 'drawn']).default('spiral'),
  /** The strokes of the pointer: see workers/grow-drawing.ts. */
  drawing: z
    .string()
    .regex(/^[\w.-]*$/)
    .max(3000)
    .default(''),
  nodes: z.coerce.number().int().min(10).max(10000).default(2000),
  /** Share of the way to its sample that the nearest node moves. */
  step: z.coerce.number().min(0.01).max(1).default(0.4),
  /** Steps of the points between two pictures. */
  pace: z.coerce.number().int().min(1).max(40).default(2),
  /** Split-and-Prune. */
  split: z.enum(['on', 'off']).default('on'),
  K: z.coerce.number().int().min(2).max(512).default(64),
  rate: z.coerce.number().min(0.0001).max(0.02).default(0.003),
  dropout: z.coerce.number().min(0).max(0.5).default(0.05),
  /** What the images' network begins with: fresh weights, or those of a shipped model. */
  from: z.enum(['nothing', 'shipped']).default('nothing'),

  // Walk
  /** The codes of the node that stands in the middle, with commas. */
  root: z
    .string()
    .regex(/^(\d+(,\d+)*)?$/)
    .default(''),
  /** Codes of that node, at most, that new pictures keep; the others are drawn anew. */
  below: z.coerce.number().int().min(0).max(256).default(256),
  /** How these are drawn: all alike, or as training images have them. */
  fresh: z.enum(['evenly', 'counts']).default('evenly'),

  // Steer
  /** What guides go by: `example:N`, `empty`, or a PNG file in base64 for URLs. */
  picture: z
    .string()
    .regex(/^[\w:-]*$/)
    .max(10000)
    .default('example:3'),
  /** What is hidden, and what was painted over the picture: see rooms/steer/raster.ts. */
  mask: z
    .string()
    .regex(/^[\w.-]*$/)
    .max(6000)
    .default(''),
  paint: z
    .string()
    .regex(/^[\w.-]*$/)
    .max(6000)
    .default(''),
  /** The guides, their settings and weights, as JSON: the same that `coppice edit --guides` takes. */
  guides: z.string().max(4000).default(''),
  /** How strictly layers heed the guides, from the first to the last, with commas. */
  strictness: z
    .string()
    .regex(/^(0|1|0?\.\d+)(,(0|1|0?\.\d+))*$/)
    .default('1'),
  /** Candidates of every layer that guides are asked about; 0: all, or 64 where a black box is asked. */
  candidates: z.coerce.number().int().min(0).max(65536).default(0),
  /** For a network that is told a class. */
  told: z.coerce.number().int().min(0).max(65535).default(0),
  beam: z.coerce.number().int().min(1).max(16).default(1),
  top: z.coerce.number().int().min(1).max(64).default(2),

  // Compress
  /** Bits of the image that are shown. */
  bits: z.coerce.number().int().min(0).max(65536).default(65536),
  prior: z.enum(['none', 'counts', 'markov', 'transformer']).default('none'),
  /** A picture from a file is made to fit one tile of the network, or stays as large as it is. */
  fit: z.enum(['whole', 'tiles']).default('whole'),
  /** The picture's codes, as base64url of their bits: without them it is the seed's example. */
  codes: z
    .string()
    .max(4000)
    .regex(/^[\w-]*$/)
    .default(''),
})

export type State = z.output<typeof stateSchema>

export const defaults: State = stateSchema.parse({})

/** The state that a query string says; what is not valid there counts as not said. */
export function readState(query: string): State {
  const given = Object.fromEntries(new URLSearchParams(query))
  const state: Record<string, unknown> = { ...defaults }
  for (const [name, schema] of Object.entries(stateSchema.shape)) {
    if (!Object.hasOwn(given, name)) continue
    const parsed = schema.safeParse(given[name])
    if (parsed.success) state[name] = parsed.data
  }
  return state as State
}

/** The query string of a state, without its `?`: what differs from the defaults, in the table's order. */
export function writeState(state: State): string {
  const said = Object.keys(stateSchema.shape).filter(
    name => state[name as keyof State] !== defaults[name as keyof State],
  )
  return new URLSearchParams(said.map(name => [name, String(state[name as keyof State])])).toString()
}
