// A run as a folder, in Node: trained into, resumed, opened to be used.

import { appendFileSync, closeSync, fsyncSync, openSync } from 'node:fs'
import { rmdir, unlink } from 'node:fs/promises'
import { dirname, join, parse, resolve } from 'node:path'
import type { Dataset } from '../data/dataset.ts'
import { kindOf, packageFolder, readBytes } from '../data/files.ts'
import { modelsFolder } from '../data/shipped.ts'
import type { RuntimeOptions } from '../runtime/index.ts'
import { VERSION } from '../version.ts'
import { type ConfigOf, families, familyOf, type ModelName, type TrainConfig } from './families.ts'
import { cannotWrite, exists, readFileIfAny, readText, removeAside, writeAtomic } from './files.ts'
import { lockFolder } from './lock.ts'
import { type LogEntry, parseLog } from './log.ts'
import { loop } from './loop.ts'
import { openModelFile } from './model-file.ts'
import { adaptConfig, type Model, resolveConfig, resumedConfig } from './resolve.ts'
import {
  type CommonOptions,
  configOf,
  type Data,
  finish,
  Run,
  type RunContents,
  startEntry,
  type TrainOptions,
  train as trainInMemory,
} from './train.ts'
import { DivergenceError, type Start, Trainer } from './trainer.ts'
import { modelFileParts, readModel, readState, stateFile } from './weights.ts'

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
export class FolderRun<M extends ModelName = 'ddn'> extends Run<M> {
  /** Absolute path of the folder. */
  readonly dir: string
  readonly made: Made
  /** The model's file, where it was opened by that: absolute path. */
  readonly file: string | null

  constructor(contents: RunContents<M> & { dir: string; made: Made; file?: string }) {
    super(contents)
    this.dir = contents.dir
    this.made = contents.made
    this.file = contents.file ?? null
  }

  /** Where a file that belongs to the model is kept: in the run folder, or beside `digits.safetensors` as `digits.NAME`. */
  beside(name: string): string {
    return join(this.dir, this.file === null ? name : `${parse(this.file).name}.${name}`)
  }
}

/** A run of any family, kept in a folder; `family` tells which. */
export type AnyFolderRun = { [M in ModelName]: FolderRun<M> }[ModelName]

export interface FolderOptions extends CommonOptions {
  /** Go on with the run that is in the folder. */
  resume?: boolean
}

/**
 * Trains a model on images: in memory, or into the folder `out`.
 *
 * @throws ConfigError where a setting is not valid, DivergenceError where a loss is no number (then the last
 *   checkpoint is intact), Error where the folder holds a run and `resume` is not set, or is locked
 */
export async function train<M extends ModelName>(
  model: Model<M>,
  data: Data,
  options: TrainOptions<M> & { resume?: boolean; out: string },
): Promise<FolderRun<M>>
export async function train<M extends ModelName>(
  model: Model<M>,
  data: Data,
  options?: TrainOptions<M>,
): Promise<Run<M>>
export async function train<M extends ModelName>(
  model: Model<M>,
  data: Data,
  options: TrainOptions<M> & { resume?: boolean; out?: string } = {} as TrainOptions<M>,
): Promise<Run<M>> {
  const { out, ...rest } = options
  if (out === undefined) return trainInMemory(model, data, options)
  const dataset = await data
  const config = configOf(model, dataset, options)
  return trainInFolder<M>(out, config, async () => dataset, rest)
}

/**
 * Trains into a folder, or goes on with what is there; what was never kept is begun anew. The configuration is
 * written before the data are loaded, so that a run killed at any moment later can be resumed from its folder alone.
 */
export async function trainInFolder<M extends ModelName>(
  folder: string,
  wanted: ConfigOf<M>,
  load: () => Promise<Dataset>,
  options: FolderOptions = {},
  start?: Start<M>,
): Promise<FolderRun<M>> {
  const dir = resolve(folder)
  const unlock = await lockFolder(dir)
  try {
    const saved = await readConfig(dir)
    if (saved && !options.resume && (await exists(join(dir, runFiles.state))))
      throw new Error(`${folder} already holds a run; resume it, or give another folder`)
    await removeAside(dir)
    const config = saved && options.resume ? (resumedConfig(saved.config, wanted) as ConfigOf<M>) : wanted
    const made = saved?.made ?? {
      coppice: VERSION,
      engine: await engineName(),
      created: new Date().toISOString(),
    }
    await writeConfig(dir, config, made)
    const { dataset, adapted } = await adapt(config, load).catch(async error => {
      if (!saved) await unlink(join(dir, runFiles.config))
      throw error
    })
    if (JSON.stringify(adapted) !== JSON.stringify(config)) await writeConfig(dir, adapted, made)
    await session<M>(dir, adapted, dataset, options, start)
    return await open<M>(folder, options.runtime)
  } finally {
    await unlock()
    // Where nothing could begin, no empty folder is left.
    await rmdir(dir).catch(() => {})
  }
}

export type OpenOptions<M extends ModelName | 'any'> = RuntimeOptions & {
  /** The family that is wanted; default `ddn`. `any`: whatever the run is of. */
  model?: M
}

/**
 * Opens a run folder to use and to look at; or a model by its file, `model.safetensors`, or by the name of one that comes
 * with the package, such as `digits`.
 *
 * @throws where the folder holds no run, no weights yet, or a run of another family than is wanted: the error says
 *   what it holds, and what that can be used for
 */
export function openRun<M extends ModelName = 'ddn'>(
  folder: string,
  options?: OpenOptions<M>,
): Promise<FolderRun<M>>
export function openRun(folder: string, options: OpenOptions<'any'>): Promise<AnyFolderRun>
export async function openRun(
  folder: string,
  { model = 'ddn', ...runtime }: OpenOptions<ModelName | 'any'> = {},
): Promise<AnyFolderRun> {
  const run = (await open(folder, runtime)) as AnyFolderRun
  if (model === 'any' || run.family === model) return run
  await run.close()
  const { title, use } = families[run.family]
  const { what, command } = use(folder)
  throw new Error(
    `${folder} holds ${title}, and ${families[model].title} is wanted here; ${what}: ${command} (what it is made of: coppice info ${folder})`,
  )
}

async function open<M extends ModelName>(
  folder: string,
  runtime: RuntimeOptions = {},
): Promise<FolderRun<M>> {
  const file = await modelFileAt(folder)
  if (file !== null) return openFile<M>(file, runtime)
  const dir = resolve(folder)
  const saved = await readConfig(dir)
  if (!saved) throw new Error(`${folder} holds no run: there is no ${runFiles.config} in it`)
  const bytes = await readFileIfAny(join(dir, runFiles.model))
  if (!bytes) throw new Error(`${folder} has no weights yet; go on with: coppice train --resume ${folder}`)
  const { made } = saved
  const config = saved.config as ConfigOf<M>
  const family = familyOf<M>(config)
  const layout = family.layout(config.network)
  const { average, step } = readModel(bytes, layout, join(folder, runFiles.model))
  const model = await family.open(config.network, average, runtime)
  const log = parseLog((await readText(join(dir, runFiles.log))) ?? '')
  return new FolderRun<M>({ dir, made, config, log, model, step, seconds: secondsAt(log, step) })
}

/** A file is a model by itself, and a name may be that of one that comes with the package; null: a folder, or nothing. */
async function modelFileAt(path: string): Promise<string | null> {
  const kind = await kindOf(path)
  if (kind === 'file') return path
  if (kind === 'folder' || /[/\\]/.test(path)) return null
  const shipped = join(modelsFolder(), `${path}.safetensors`)
  return (await kindOf(shipped)) === 'file' ? shipped : null
}

/** A run of which only the model is left: without a history. */
async function openFile<M extends ModelName>(file: string, runtime: RuntimeOptions): Promise<FolderRun<M>> {
  const { config, model, step, coppice } = await openModelFile(await readBytes(file), file, runtime)
  const made = { coppice, engine: 'unknown', created: 'unknown' }
  const path = resolve(file)
  const contents = { config, model, step, made, dir: dirname(path), file: path, log: [], seconds: 0 }
  return new FolderRun<M>(contents as unknown as RunContents<M> & { dir: string; made: Made; file: string })
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

/** The data, and the configuration with what the network takes from them. */
async function adapt<M extends ModelName>(config: ConfigOf<M>, load: () => Promise<Dataset>) {
  const dataset = await load()
  return { dataset, adapted: adaptConfig<M>(config, dataset) }
}

/** From the last checkpoint, if there is one, to the end of the budget or a stop. */
async function session<M extends ModelName>(
  dir: string,
  config: ConfigOf<M>,
  dataset: Dataset,
  options: FolderOptions,
  start?: Start<M>,
): Promise<void> {
  const trainer = await Trainer.create<M>(config, dataset.train, options.runtime, start)
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
    const model = modelFileParts(trainer.config, trainer.layout, vectors.average, trainer.step)
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
