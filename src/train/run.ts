// A run as a folder, in Node: trained into, resumed, opened to be used.

import { appendFileSync, closeSync, fsyncSync, openSync } from 'node:fs'
import { rmdir, unlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Dataset } from '../data/dataset.ts'
import { packageFolder } from '../data/files.ts'
import { DdnModel } from '../ddn/model.ts'
import { layoutOf } from '../ddn/program.ts'
import type { RuntimeOptions } from '../runtime/index.ts'
import { VERSION } from '../version.ts'
import type { TrainConfig } from './config.ts'
import { cannotWrite, exists, readFileIfAny, readText, removeAside, writeAtomic } from './files.ts'
import { lockFolder } from './lock.ts'
import { type LogEntry, parseLog } from './log.ts'
import { loop } from './loop.ts'
import { type Model, resolveConfig, resumedConfig } from './resolve.ts'
import {
  configOf,
  type Data,
  finish,
  Run,
  type RunContents,
  startEntry,
  type TrainOptions,
  train as trainInMemory,
} from './train.ts'
import { DivergenceError, Trainer } from './trainer.ts'
import { modelFile, readModel, readState, stateFile } from './weights.ts'

export type { LogEntry } from './log.ts'

/** The files of a run folder; pictures and `report.html` stand beside them. */
export const runFiles = {
  /** The configuration, and under `run` what made it. */
  config: 'config.json',
  /** One JSON object a line: see log.ts. */
  log: 'log.jsonl',
  /** The averaged weights, named. */
  model: 'model.safetensors',
  /** Everything a resumed run goes on from. */
  state: 'state.safetensors',
} as const

/** Versions and time of a run's start. */
export interface Made {
  coppice: string
  /** `onnxruntime-node 1.30.0` */
  engine: string
  /** ISO 8601. */
  created: string
}

/** A run kept in a folder. */
export class FolderRun extends Run {
  /** Absolute path of the folder. */
  readonly dir: string
  readonly made: Made

  constructor(contents: RunContents & { dir: string; made: Made }) {
    super(contents)
    this.dir = contents.dir
    this.made = contents.made
  }
}

/** What is used of a run to show it. */
export type OpenRun = Pick<
  FolderRun,
  'dir' | 'config' | 'made' | 'log' | 'model' | 'step' | 'images' | 'seconds' | 'progress' | 'close'
>

export interface FolderOptions extends TrainOptions {
  /** Go on with the run that is in the folder. */
  resume?: boolean
}

/**
 * Trains a model on images: in memory, or into the folder `out`.
 *
 * @throws ConfigError where a setting is not valid, DivergenceError where a loss is no number (then the last
 *   checkpoint is intact), Error where the folder holds a run and `resume` is not set, or is locked
 */
export async function train(
  model: Model,
  data: Data,
  options: FolderOptions & { out: string },
): Promise<FolderRun>
export async function train(model: Model, data: Data, options?: TrainOptions): Promise<Run>
export async function train(
  model: Model,
  data: Data,
  options: FolderOptions & { out?: string } = {},
): Promise<Run> {
  const { out, ...rest } = options
  if (out === undefined) return trainInMemory(model, data, options)
  const dataset = await data
  return trainInFolder(out, configOf(model, dataset, options), async () => dataset, rest)
}

/**
 * Trains into a folder, or goes on with what is there; what was never kept is begun anew. The configuration is
 * written before the data are loaded, so that a run killed at any moment later can be resumed from its folder alone.
 */
export async function trainInFolder(
  folder: string,
  wanted: TrainConfig,
  load: () => Promise<Dataset>,
  options: FolderOptions = {},
): Promise<FolderRun> {
  const dir = resolve(folder)
  const unlock = await lockFolder(dir)
  try {
    const saved = await readConfig(dir)
    if (saved && !options.resume && (await exists(join(dir, runFiles.state))))
      throw new Error(`${folder} already holds a run; resume it, or give another folder`)
    await removeAside(dir)
    const config = saved && options.resume ? resumedConfig(saved.config, wanted) : wanted
    const made = saved?.made ?? {
      coppice: VERSION,
      engine: await engineName(),
      created: new Date().toISOString(),
    }
    await writeConfig(dir, config, made)
    const dataset = await load().catch(async error => {
      if (!saved) await unlink(join(dir, runFiles.config))
      throw error
    })
    await session(dir, config, dataset, options)
    return await openRun(dir, options.runtime)
  } finally {
    await unlock()
    // Where nothing could begin, no empty folder is left.
    await rmdir(dir).catch(() => {})
  }
}

/** Opens a run folder to use and to look at. */
export async function openRun(folder: string, runtime: RuntimeOptions = {}): Promise<FolderRun> {
  const dir = resolve(folder)
  const saved = await readConfig(dir)
  if (!saved) throw new Error(`${folder} holds no run: there is no ${runFiles.config} in it`)
  const bytes = await readFileIfAny(join(dir, runFiles.model))
  if (!bytes) throw new Error(`${folder} has no weights yet; go on with: coppice train --resume ${folder}`)
  const { config, made } = saved
  const layout = layoutOf(config.network)
  const { average, step } = readModel(bytes, layout, join(folder, runFiles.model))
  const model = await DdnModel.open(config.network, average, runtime)
  const log = parseLog((await readText(join(dir, runFiles.log))) ?? '')
  return new FolderRun({ dir, made, config, log, model, step, seconds: secondsAt(log, step) })
}

/** The configuration of a run folder, or null where it holds no run. */
export async function readConfig(folder: string): Promise<{ config: TrainConfig; made: Made } | null> {
  const path = join(folder, runFiles.config)
  const text = await readText(path)
  if (text === undefined) return null
  try {
    const { run, ...config } = JSON.parse(text)
    return { config: resolveConfig(config), made: run }
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`)
  }
}

async function writeConfig(dir: string, config: TrainConfig, made: Made): Promise<void> {
  await writeAtomic(join(dir, runFiles.config), `${JSON.stringify({ ...config, run: made }, null, 2)}\n`)
}

/** From the last checkpoint, if there is one, to the end of the budget or a stop. */
async function session(
  dir: string,
  config: TrainConfig,
  dataset: Dataset,
  options: FolderOptions,
): Promise<void> {
  const trainer = await Trainer.create(config, dataset.train, options.runtime)
  try {
    const path = join(dir, runFiles.state)
    const state = await readFileIfAny(path)
    if (state) {
      const { state: saved, vectors } = readState(state, path)
      await trainer.restore(saved, vectors)
    }
    const known = await cutLog(join(dir, runFiles.log), trainer.step)
    const log = new LogFile(join(dir, runFiles.log))
    try {
      await logged(trainer, dir, dataset, options, log, known)
    } finally {
      log.close()
    }
  } finally {
    await trainer.close()
  }
}

async function logged(
  trainer: Trainer,
  dir: string,
  dataset: Dataset,
  options: FolderOptions,
  log: LogFile,
  known: LogEntry[],
): Promise<void> {
  const started = trainer.step
  let kept = trainer.step
  const write = (entry: LogEntry) => log.write(entry)
  const checkpoint = async () => {
    log.sync()
    const vectors = await trainer.vectors()
    // The state first: a kill between the two leaves an older model, which the resumed run replaces.
    await writeAtomic(join(dir, runFiles.state), stateFile(trainer.state(), vectors))
    const model = modelFile(trainer.config, trainer.layout, vectors.average, trainer.step)
    await writeAtomic(join(dir, runFiles.model), model)
    kept = trainer.step
  }
  const end = (reason: 'done' | 'stopped' | 'diverged', message?: string) =>
    write({
      type: 'end',
      step: trainer.step,
      seconds: Number(trainer.seconds.toFixed(3)),
      time: new Date().toISOString(),
      reason,
      message,
    })
  write(startEntry(trainer, dataset))
  try {
    // A kill may have come after the last state and before its model.
    if (started > 0) await checkpoint()
    const reason = await loop(trainer, { test: dataset.test, write, checkpoint }, options)
    const evaluated = known.some(({ type, step }) => type === 'evaluation' && step === trainer.step)
    if (reason === 'done' && !(evaluated && started === trainer.step))
      await finish(trainer, dataset, options, write)
    end(reason)
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error
    end('diverged', error.message)
    error.message += ` ${kept > 0 ? `The checkpoint of step ${kept} is intact.` : 'There was no checkpoint before it.'}`
    throw error
  } finally {
    log.sync()
  }
}

/** Leaves what was logged up to a step: the steps after it will be taken again. Returns what is left. */
async function cutLog(path: string, step: number): Promise<LogEntry[]> {
  const text = await readText(path)
  if (text === undefined) return []
  const entries = parseLog(text).filter(entry => entry.step <= step)
  await writeAtomic(path, entries.map(entry => `${JSON.stringify(entry)}\n`).join(''))
  return entries
}

/** Appends entries. What was written survives a kill at once, and a power cut after `sync`. */
class LogFile {
  private readonly file: number

  constructor(private readonly path: string) {
    this.file = openSync(path, 'a')
  }

  write(entry: LogEntry) {
    try {
      appendFileSync(this.file, `${JSON.stringify(entry)}\n`)
    } catch (error) {
      throw cannotWrite(this.path, error)
    }
  }

  sync() {
    fsyncSync(this.file)
  }

  close() {
    closeSync(this.file)
  }
}

/** Training seconds at a step: those of the last entry up to it. */
function secondsAt(log: readonly LogEntry[], step: number): number {
  const entry = log.findLast(entry => entry.step <= step && 'seconds' in entry)
  return entry && 'seconds' in entry ? entry.seconds : 0
}

async function engineName(): Promise<string> {
  const text = await readText(join(packageFolder('onnxruntime-node'), 'package.json'))
  return `onnxruntime-node ${text ? JSON.parse(text).version : 'unknown'}`
}
