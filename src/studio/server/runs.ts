// The runs that the studio shows: those of one folder, and one that was named; what they are, and their files.

import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join, parse, resolve } from 'node:path'
import { kindOf, readBytes } from '../../data/files.ts'
import { bitsOf } from '../../ddn/config.ts'
import type { TrainConfig } from '../../train/families.ts'
import { readText } from '../../train/files.ts'
import { type LogEntry, lastEvaluation, parseLog } from '../../train/log.ts'
import { resolveConfig } from '../../train/resolve.ts'
import { readConfig, runFiles } from '../../train/run.ts'
import { readSafetensors } from '../../train/safetensors.ts'
import { progressOf } from '../../train/train.ts'
import { inside } from './files.ts'

/** What the page is told of a run. */
export interface RunFacts {
  /** Its name in addresses and in `?model=run:NAME`. */
  name: string
  /** `ddn`, `classifier`, `text-image` */
  family: string
  /** What it learned from, as for `coppice train`. */
  data: string
  /** ISO 8601; null where only the model's file is left. */
  created: string | null
  /** As far as it is logged; seconds of training, progress in [0, 1]. */
  step: number
  seconds: number
  progress: number
  /** The family's metrics on test images at the last evaluation; null before the first. */
  metrics: Record<string, number> | null
  size: number
  channels: number | null
  /** Of an image's codes; null where the family has none. */
  bits: number | null
  /** Whether it is being trained right now. */
  training: boolean
  /** Which files are there: a run that has just begun has no model yet. */
  files: Record<'model' | 'codes' | 'prior' | 'config' | 'log', boolean>
}

/** What is served of a run, by the name in its address. */
export const servedFiles = {
  model: runFiles.model,
  codes: 'codes.safetensors',
  prior: 'prior.safetensors',
  config: runFiles.config,
} as const

/** Where a run is. */
interface Place {
  name: string
  dir: string
  /** Where a model was named by its file: its path. */
  file: string | null
  /** No file from outside this folder belongs to the run. */
  root: string
}

/** A run that trains writes at least every few seconds, but for loading its data and for its evaluation at the end. */
const ACTIVE_MS = 120_000

export class Runs {
  private constructor(
    /** Absolute path. */
    readonly folder: string,
    private readonly named: Place | null,
  ) {}

  /**
   * @param folder  the runs are the folders in it that have a configuration; it need not exist
   * @param named  a run folder, or a model's file, that is shown as well
   * @throws where that is no run
   */
  static async open(folder: string, named?: string): Promise<Runs> {
    const runs = new Runs(resolve(folder), null)
    if (named === undefined) return runs
    const kind = await kindOf(named)
    if (kind === undefined) throw new Error(`no such run: ${named}`)
    const path = resolve(named)
    const dir = kind === 'file' ? dirname(path) : path
    const name = kind === 'file' ? parse(path).name : basename(path)
    const place: Place = { name, dir, file: kind === 'file' ? path : null, root: dir }
    if (!(await factsOf(place)))
      throw new Error(`${named} holds no run: there is no ${runFiles.config} in it`)
    const others = await runs.listed()
    const same = kind === 'folder' ? others.find(other => other.dir === path) : undefined
    return new Runs(runs.folder, same ?? { ...place, name: freeName(name, others) })
  }

  /** The name of the run that was named. */
  get name(): string | null {
    return this.named?.name ?? null
  }

  /** All of them, by name. A folder whose configuration this version cannot read is left out. */
  async list(): Promise<RunFacts[]> {
    const facts = await Promise.all((await this.places()).map(place => factsOf(place).catch(() => null)))
    return facts.filter(known => known !== null)
  }

  /** The real path of a served file, null where there is none: no such run, no such file, or a link that leads out. */
  async file(run: string, file: keyof typeof servedFiles): Promise<string | null> {
    const place = await this.find(run)
    return place && fileOf(place, file)
  }

  /** Where the log of a run is, as long as that is known to be a run's; null until something is logged. */
  async log(run: string): Promise<(() => Promise<string | null>) | null> {
    const place = await this.find(run)
    return place && place.file === null ? () => inside(place.root, join(place.dir, runFiles.log)) : null
  }

  private async find(name: string): Promise<Place | null> {
    return (await this.places()).find(place => place.name === name) ?? null
  }

  private async places(): Promise<Place[]> {
    const { named } = this
    const others = (await this.listed()).filter(({ name }) => name !== named?.name)
    return named ? [named, ...others] : others
  }

  private async listed(): Promise<Place[]> {
    const root = this.folder
    const names = await readdir(root).catch(() => [])
    const places = names
      .filter(name => !name.startsWith('.'))
      .sort()
      .map(async (name): Promise<Place | null> => {
        const dir = join(root, name)
        const config = await inside(root, join(dir, runFiles.config))
        return config === null ? null : { name, dir, file: null, root }
      })
    return (await Promise.all(places)).filter(place => place !== null)
  }
}

/** A name that no other run has: that of the folder, else with a number behind it. */
function freeName(name: string, others: readonly Place[]): string {
  const taken = new Set(others.map(other => other.name))
  for (let i = 2, free = name; ; i++) {
    if (!taken.has(free)) return free
    free = `${name}-${i}`
  }
}

/** What belongs to a model named by its file stands beside it under its name: `digits.codes.safetensors`. */
function fileOf({ dir, file, root }: Place, wanted: keyof typeof servedFiles): Promise<string | null> {
  if (file === null) return inside(root, join(dir, servedFiles[wanted]))
  return inside(root, wanted === 'model' ? file : join(dir, `${parse(file).name}.${servedFiles[wanted]}`))
}

/** Null where there is no configuration; throws where this version cannot read it. */
async function factsOf(place: Place): Promise<RunFacts | null> {
  const known = place.file === null ? await readFolder(place) : await readModelFile(place.file)
  if (!known) return null
  const { config, log, step, created, training } = known
  const { network } = config
  const seconds = log.findLast(entry => 'seconds' in entry)
  const spent = seconds && 'seconds' in seconds ? seconds.seconds : 0
  const there = async (file: keyof typeof servedFiles) => (await fileOf(place, file)) !== null
  const [model, codes, prior, configured] = await Promise.all(
    (['model', 'codes', 'prior', 'config'] as const).map(there),
  )
  return {
    name: place.name,
    family: network.model,
    data: config.data,
    created,
    step,
    seconds: spent,
    progress: progressOf(config, step, spent),
    metrics: lastEvaluation(log)?.metrics ?? null,
    size: network.size,
    channels: network.channels ?? null,
    bits: network.model === 'ddn' ? bitsOf(network) : null,
    training,
    files: { model, codes, prior, config: configured, log: log.length > 0 },
  }
}

interface Known {
  config: TrainConfig
  log: LogEntry[]
  step: number
  created: string | null
  training: boolean
}

async function readFolder({ dir, root }: Place): Promise<Known | null> {
  const saved = await readConfig(dir)
  if (!saved) return null
  const path = await inside(root, join(dir, runFiles.log))
  const log = parseLog((path && (await readText(path))) ?? '')
  const step = log.at(-1)?.step ?? 0
  return {
    config: saved.config,
    log,
    step,
    created: saved.made?.created ?? null,
    training: await isTraining(dir, log),
  }
}

/** A model by itself has no history. */
async function readModelFile(file: string): Promise<Known> {
  const { metadata } = readSafetensors(await readBytes(file), file)
  if (metadata.format !== 'coppice-model-1')
    throw new Error(`${file}: its format is ${metadata.format ?? 'not given'}, not coppice-model-1`)
  const config = resolveConfig(JSON.parse(metadata.config))
  return { config, log: [], step: Number(metadata.step), created: null, training: false }
}

/** A run is locked while it trains. A killed one leaves its lock behind, and then nothing is written any more. */
async function isTraining(dir: string, log: readonly LogEntry[]): Promise<boolean> {
  if (log.at(-1)?.type === 'end' || (await kindOf(join(dir, 'lock'))) !== 'file') return false
  const written = await Promise.all(
    ['lock', runFiles.log].map(name =>
      stat(join(dir, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  )
  return Date.now() - Math.max(...written) < ACTIVE_MS
}
