/** The report of a run: one page to read offline, and its pictures as PNG files beside it. */

import { join } from 'node:path'
import type { RuntimeOptions } from '../runtime/index.ts'
import { writeAtomic } from '../train/files.ts'
import { type FolderRun, openRun } from '../train/run.ts'
import { VERSION } from '../version.ts'
import { shellWord } from './format.ts'
import { type Gathered, type GatherOptions, gather } from './gather.ts'
import { interleave, sheet } from './pictures.ts'
import { encodePng } from './png.ts'

export interface ReportOptions extends GatherOptions {
  /** Where the network computes. */
  runtime?: RuntimeOptions
}

/**
 * Writes `report.html`, `samples.png` and (where the data can be read) `reconstructions.png` into a run folder,
 * each whole or not at all, from the last checkpoint.
 *
 * @returns the path of `report.html`
 */
export async function writeReport(runDir: string, options: ReportOptions = {}): Promise<string> {
  const run = await openRun(runDir, options.runtime)
  try {
    return await writeReportOf(run, options)
  } finally {
    await run.close()
  }
}

/** The same of a run that is open already. */
export async function writeReportOf(run: FolderRun, options: GatherOptions = {}): Promise<string> {
  const gathered = await gather(run, options)
  for (const [name, png] of Object.entries(sheets(run, gathered))) await writeAtomic(join(run.dir, name), png)
  // Charts bring a DOM with them, which no other command waits for.
  const { page } = await import('./page.ts')
  const path = join(run.dir, 'report.html')
  await writeAtomic(path, page(gathered.contents))
  return path
}

/** Pictures as files, each with a recipe that makes it again, in the keywords of `coppice sample`. */
function sheets(
  run: FolderRun,
  { contents, samples, reconstructions }: Gathered,
): Record<string, Uint8Array> {
  const layers = run.model.layers.length
  const { data, path } = contents
  const made = { Software: `coppice ${VERSION}`, run: path, step: String(run.step) }
  const { seed } = contents.samples
  const { count } = samples.images
  const files: Record<string, Uint8Array> = {
    'samples.png': encodePng(sheet(samples.images), {
      ...made,
      seed: String(seed),
      count: String(count),
      codes: JSON.stringify(perImage(samples.codes, layers)),
      command: `coppice sample ${shellWord(path)} --count ${count} --seed ${seed}`,
    }),
  }
  if (reconstructions) {
    const { stacks, codes, indices } = reconstructions
    files['reconstructions.png'] = encodePng(sheet(interleave(stacks), { columns: stacks.length }), {
      ...made,
      data,
      split: 'test',
      images: JSON.stringify(Array.from(indices)),
      layers: JSON.stringify(contents.reconstructions?.depths.map(({ layer }) => layer)),
      codes: JSON.stringify(perImage(codes, layers)),
    })
  }
  return files
}

/** [N·L] → N lists of L. */
function perImage(codes: Int32Array, layers: number): number[][] {
  return Array.from({ length: codes.length / layers }, (_, n) =>
    Array.from(codes.subarray(n * layers, (n + 1) * layers)),
  )
}
