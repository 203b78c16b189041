/** From a run to what its report shows: the log read, and what the family adds. */

import { basename } from 'node:path'
import type { Images } from '../data/dataset.ts'
import { loadDataset } from '../data/load.ts'
import { families, type ModelName } from '../train/families.ts'
import type { AnyFolderRun } from '../train/run.ts'
import { VERSION } from '../version.ts'
import type { ReportContents } from './contents.ts'
import { gatherClassifier } from './gather-classifier.ts'
import { gatherDdn } from './gather-ddn.ts'
import { history } from './history.ts'
import { type Material, type Own, pathOf } from './material.ts'

export interface GatherOptions {
  /** Test images of the run's data, where they are at hand; else they are loaded. */
  test?: Images
  /** Of the samples; default 0. */
  seed?: number
}

/** What is shown, and the pictures beside it. */
export interface Gathered {
  contents: ReportContents
  sheets: Record<string, Uint8Array>
}

/** What families have to show beyond what all have; one that is not here has nothing more. */
async function gatherOwn(run: AnyFolderRun, material: Material): Promise<Own | null> {
  if (run.family === 'ddn') return gatherDdn(run, material)
  if (run.family === 'classifier') return gatherClassifier(run, material)
  return null
}

export async function gather(run: AnyFolderRun, options: GatherOptions = {}): Promise<Gathered> {
  const { config, model, step, images, seconds, progress } = run
  const { title, metrics } = families[run.family as ModelName]
  const past = history(run.log, metrics, step)
  const { test, notes } = await testImages(run, options.test)
  const own = await gatherOwn(run, { test, seed: options.seed ?? 0, history: past })
  const contents: ReportContents = {
    name: basename(run.dir),
    path: pathOf(run),
    data: config.data,
    title,
    size: config.network.size,
    channels: config.network.channels,
    parameters: model.layout.size,
    seed: config.seed,
    training: {
      loss: past.loss,
      metrics: past.metrics,
      steps: step,
      images,
      seconds,
      progress,
      testCount: past.evaluation?.count,
    },
    own: own?.contents,
    longer:
      'steps' in config.budget
        ? `--steps ${2 * config.budget.steps}`
        : `--minutes ${2 * config.budget.minutes}`,
    config,
    versions: { Coppice: VERSION, Engine: run.made.engine, Node: process.versions.node, ...trainedBy(run) },
    written: new Date(),
    notes,
  }
  return { contents, sheets: own?.sheets ?? {} }
}

/** A report does without the data rather than fail: they may have been moved since. */
async function testImages(
  run: AnyFolderRun,
  given: Images | undefined,
): Promise<{ test?: Images; notes: string[] }> {
  const { size, channels } = run.config.network
  try {
    const test = given ?? (await loadDataset(run.config.data, { size, channels })).test
    if (test.count === 0) return { notes: ['There are no test images, so none is shown here.'] }
    return { test, notes: [] }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { notes: [`No test images are shown here, for the data could not be read: ${reason}`] }
  }
}

/** Where the last session ran, if the log tells. */
function trainedBy({ log }: AnyFolderRun): Record<string, string> {
  const start = log.findLast(entry => entry.type === 'start')
  if (!start) return {}
  return { Device: `${start.device}, ${start.threads} ${start.threads === 1 ? 'thread' : 'threads'}` }
}
