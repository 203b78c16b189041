/** The report of a run: one page to read offline, and its pictures as PNG files beside it. */

import { join } from 'node:path'
import type { RuntimeOptions } from '../runtime/index.ts'
import { writeAtomic } from '../train/files.ts'
import { type AnyFolderRun, openRun } from '../train/run.ts'
import { type GatherOptions, gather } from './gather.ts'

export interface ReportOptions extends GatherOptions {
  /** Where the network computes. */
  runtime?: RuntimeOptions
}

/**
 * Writes `report.html`, and the pictures of the run's family as PNG files, into a run folder, each whole or not at all,
 * from the last checkpoint: of a DDN `samples.png` and (where the data can be read) `reconstructions.png`.
 *
 * @returns the path of `report.html`
 */
export async function writeReport(runDir: string, options: ReportOptions = {}): Promise<string> {
  const run = await openRun(runDir, { ...options.runtime, model: 'any' })
  try {
    return await writeReportOf(run, options)
  } finally {
    await run.close()
  }
}

/** The same of a run that is open already. */
export async function writeReportOf(run: AnyFolderRun, options: GatherOptions = {}): Promise<string> {
  const { contents, sheets } = await gather(run, options)
  for (const [name, png] of Object.entries(sheets)) await writeAtomic(join(run.dir, name), png)
  // Charts bring a DOM with them, which no other command waits for.
  const { page } = await import('./page.ts')
  const path = join(run.dir, 'report.html')
  await writeAtomic(path, page(contents))
  return path
}
