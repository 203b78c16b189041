// The runs of this machine, as the studio's server lists them: fetched and checked in one place, for every room.

import { z } from 'zod'
import type { RunFacts } from '../../server/runs.ts'

const runSchema: z.ZodType<RunFacts> = z.object({
  name: z.string().min(1),
  family: z.string(),
  data: z.string(),
  created: z.string().nullable(),
  step: z.number(),
  seconds: z.number(),
  progress: z.number(),
  // A run that diverges measures what is no number, which JSON has as null.
  metrics: z.record(z.string(), z.number().catch(Number.NaN)).nullable(),
  size: z.number(),
  channels: z.number().nullable(),
  bits: z.number().nullable(),
  training: z.boolean(),
  files: z.object({
    model: z.boolean(),
    codes: z.boolean(),
    prior: z.boolean(),
    config: z.boolean(),
    log: z.boolean(),
  }),
})

export interface RunList {
  runs: RunFacts[]
  /**
   * Who answered: the studio's server; a web host, whose files never change; or no one, so that there may well be
   * runs, only that nothing is known of them now.
   */
  source: 'server' | 'files' | 'no one'
}

/** All runs; none where there is no server. */
export async function listRuns(): Promise<RunFacts[]> {
  return (await askForRuns()).runs
}

/** Those that can be a room's model, as `modelOf` names them: of the family `ddn`, with weights. */
export async function ddnRuns(): Promise<RunFacts[]> {
  return (await listRuns()).filter(isModel)
}

export function isModel({ family, files }: RunFacts): boolean {
  return family === 'ddn' && files.model
}

/** A run in `?model=…`. */
export function modelOf({ name }: Pick<RunFacts, 'name'>): string {
  return `run:${name}`
}

/** The runs, and who says so. Never throws. */
export async function askForRuns(): Promise<RunList> {
  const response = await fetch(new URL('api/runs.json', document.baseURI)).catch(() => null)
  if (!response) return { runs: [], source: isStatic() ? 'files' : 'no one' }
  const listed: unknown = response.ok ? await response.json().catch(() => null) : null
  if (!Array.isArray(listed)) return { runs: [], source: 'files' }
  return { runs: checkRuns(listed), source: isStatic() ? 'files' : 'server' }
}

/** What is no run is left out: another version of the studio may list something else. */
export function checkRuns(listed: readonly unknown[]): RunFacts[] {
  return listed.flatMap(entry => {
    const { success, data } = runSchema.safeParse(entry)
    return success ? [data] : []
  })
}

/** The server sends its policy as a header; a page that was written down for a web host brings it along. */
function isStatic(): boolean {
  return document.querySelector('meta[http-equiv="Content-Security-Policy"]') !== null
}
