// `coppice train`: from data to a run folder.

import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Dataset } from '../data/dataset.ts'
import { type LoadOptions, loadDataset } from '../data/load.ts'
import { suggestion } from '../data/nearest.ts'
import { Film } from '../report/film.ts'
import { writeReport } from '../report/report.ts'
import type { Device } from '../runtime/index.ts'
import { families, type ModelName, modelNames, type TrainConfig } from '../train/families.ts'
import { testResults } from '../train/metrics.ts'
import { ConfigError, presetOf, resolveConfig } from '../train/resolve.ts'
import { type AnyFolderRun, readConfig, trainInFolder } from '../train/run.ts'
import { applySettings, modelNameOf, overlaid } from '../train/settings.ts'
import { newRunFolder } from './folders.ts'
import { onInterrupt } from './interrupt.ts'
import {
  type CommonOptions,
  collect,
  common,
  notNegative,
  oneOf,
  positive,
  runtimeFlags,
  runtimeOf,
  whole,
  wholeFrom,
} from './options.ts'
import { clock, grouped, millions, present, UsageError } from './output.ts'
import { measured, Progress } from './progress.ts'

interface TrainFlags extends CommonOptions {
  model?: ModelName
  data?: string
  preset?: string
  config?: string
  minutes?: number
  steps?: number
  seed?: number
  batch?: number
  rate?: number
  set?: string[]
  out?: string
  resume?: string | true
  condition?: Record<string, unknown>
  stopAt?: number
  checkpointEvery?: number
  evaluate?: number
  report: boolean
  film?: boolean
  threads?: number
  device?: Device
}

export function trainCommand(program: Command): void {
  const command = program
    .command('train')
    .description('train a network on images')
    .addOption(
      new Option('--model <name>', `what to train: ${modelNames.join(', ')} (default: ddn)`).argParser(
        oneOf(modelNames),
      ),
    )
    .option(
      '--data <spec>',
      'what to train on: digits, emoji, folder:PATH, zip:PATH, idx:PATH, cifar10:PATH (default: digits)',
    )
    .option('--preset <name>', 'the network, one of those below (default: the first of its model)')
    .option('--config <file>', "settings as JSON, such as another run's config.json")
    .option('--minutes <m>', "how long to train (default: the preset's)", positive)
    .option('--steps <n>', 'how many steps to train instead', wholeFrom(1))
    .option('--seed <n>', 'every random choice follows from it (default: 0)', whole)
    .option('--out <folder>', 'where the run is kept (default: a new folder in runs/)')
    .option('--resume [folder]', 'go on with the run in this folder, or in --out')
    .option(
      '--condition <kind>',
      'what a ddn is told about the image: class, grey, edges, or low-res:SIZE (default: nothing)',
      conditionFrom,
    )
    .option('--batch <n>', 'images per step', wholeFrom(1))
    .option('--rate <r>', 'peak learning rate', positive)
    .option('--set <path=value>', 'any other setting, such as network.lossGrowth=2; may be repeated', collect)
    .option('--stop-at <step>', 'end after this step, as an interruption would', wholeFrom(1))
    .option('--checkpoint-every <seconds>', 'time between checkpoints (default: 45)', notNegative)
    .option('--evaluate <n>', 'test images of the last evaluation (default: all)', wholeFrom(1))
    .option('--film', 'keep what the network draws on the way: pictures in film/, at the end film.gif')
    .option('--no-report', 'write no report.html at the end')
  runtimeFlags(command)
  common(command, [
    'train --data digits --preset small --minutes 20 --seed 0 --out runs/digits',
    'train --data folder:photos --preset small --set network.size=32 --out runs/photos',
    'train --model classifier --data digits --out runs/classifier',
    'train --resume runs/digits',
    'train --resume runs/digits --minutes 60',
  ])
  const listed = modelNames.map(name => {
    const lines = Object.entries(families[name].presets).map(
      ([preset, { summary }]) => `  ${preset.padEnd(24)}${summary}`,
    )
    return `\nPresets of --model ${name}:\n${lines.join('\n')}\n`
  })
  command.addHelpText('after', listed.join(''))
  command.action((flags: TrainFlags) => runTraining(flags))
}

/** Trains as the flags say and presents the result. */
export async function runTraining(flags: TrainFlags): Promise<void> {
  const { given, saved } = await where(flags)
  const config = await configOfFlags(flags, saved)
  if (flags.film && config.network.model !== 'ddn')
    throw new UsageError(`--film shows what a ddn draws; a ${config.network.model} draws nothing`)
  const folder = given ?? (await newRunFolder(nameFor(flags)))
  // With --json standard output is for the result alone.
  const [metric] = families[config.network.model].metrics
  const progress = new Progress(flags.json ? process.stderr : process.stdout, metric)
  const interrupt = onInterrupt(() => progress.note('Stopping after this step; once more to stop at once.'))
  const runtime = runtimeOf(flags)
  let dataset: Dataset | null = null as Dataset | null
  const film = flags.film ? new Film({ dir: folder, images: () => dataset!.test, runtime }) : null
  try {
    progress.status(`${saved ? 'Going on in' : 'Training into'} ${folder}`)
    const run = await trainInFolder(folder, config, async () => (dataset = await load(config, progress)), {
      resume: flags.resume !== undefined,
      stopAt: flags.stopAt,
      checkpointEvery: flags.checkpointEvery,
      evaluate: flags.evaluate,
      signal: interrupt.signal,
      runtime,
      onStep: report => progress.step(report),
      onEvaluation: evaluation => progress.evaluation(evaluation),
      onFinish: () => progress.status('Testing …'),
      watch: film?.watch,
    })
    await run.close()
    let animation: string | null = null
    if (film && run.progress >= 1) {
      progress.status('Cutting the film …')
      animation = await film.finish()
    }
    let report: string | null = null
    if (flags.report && run.progress >= 1 && !interrupt.signal.aborted) {
      progress.status('Writing the report …')
      report = await writeReport(run.dir, { runtime, test: dataset?.test })
    }
    progress.end()
    presentRun(flags, folder, run as AnyFolderRun, { report, film: animation })
    if (interrupt.code) process.exitCode = interrupt.code
  } finally {
    await film?.close()
    progress.end()
    interrupt.dispose()
  }
}

/** The folder of the run, where one is given, and its configuration where it goes on. */
async function where({ out, resume, data, preset, config }: TrainFlags) {
  if (typeof resume === 'string' && out !== undefined && resolve(out) !== resolve(resume))
    throw new UsageError(`--resume ${resume} and --out ${out} are two folders; give one of them`)
  if (resume === true && out === undefined)
    throw new UsageError('--resume needs the folder of a run, such as --resume runs/001-digits-small')
  const given = typeof resume === 'string' ? resume : out
  const saved = resume === undefined ? null : await readConfig(given!)
  // A kill in the first moments leaves a folder without a configuration: the same command then starts anew.
  if (resume !== undefined && !saved && data === undefined && preset === undefined && config === undefined)
    throw new UsageError(`${given} holds no run to resume; start one with: coppice train --out ${given}`)
  return { given, saved: saved?.config ?? null }
}

/** `digits-small`, `digits-classifier-plain`, `emoji-own`. */
function nameFor({ data, model = 'ddn', preset, config }: TrainFlags): string {
  const network = preset ?? (config ? 'own' : families[model].preset)
  return [(data ?? 'digits').split(':')[0], ...(model === 'ddn' ? [] : [model]), network].join('-')
}

/** The saved configuration, or the preset's, with the file's settings over it, then `--set`, then the flags. */
async function configOfFlags(flags: TrainFlags, saved: TrainConfig | null): Promise<TrainConfig> {
  const file = flags.config === undefined ? {} : await readSettings(flags.config)
  const own = (file.network ?? {}) as Record<string, unknown>
  const model = flags.model ?? modelNameOf(own.model === undefined ? (saved ?? {}) : file)
  const family = families[model]
  // Another network than the saved one keeps what came from the data; the rest would not fit it.
  const other = flags.preset !== undefined || family.essential in own
  const base = saved && !other ? null : presetOf(model, flags.preset, own)
  const of = (settings: object | null, key: string) => (settings as Record<string, unknown> | null)?.[key]
  const over = (key: string) => overlaid(of(saved, key), of(base, key), file[key])
  const kept = Object.entries(saved?.network ?? {}).filter(([key]) => !other || family.fromData.includes(key))
  const input = applySettings(
    {
      ...file,
      network: { ...Object.fromEntries(kept), ...base?.network, ...own, model },
      ...Object.fromEntries(['optimiser', ...family.own].map(key => [key, over(key)])),
      seed: file.seed ?? saved?.seed,
      data: file.data ?? saved?.data ?? 'digits',
      part: file.part ?? saved?.part,
      budget: file.budget ?? saved?.budget ?? base?.budget,
    },
    flags.set ?? [],
  ) as { network: Record<string, unknown>; optimiser: object; data: string; [key: string]: unknown }
  if (flags.minutes !== undefined && flags.steps !== undefined)
    throw new UsageError('--minutes and --steps are two budgets; give one of them')
  if (flags.minutes !== undefined) input.budget = { minutes: flags.minutes }
  if (flags.steps !== undefined) input.budget = { steps: flags.steps }
  if (flags.seed !== undefined) input.seed = flags.seed
  const data = absolute(flags.data ?? input.data)
  return resolveConfig({
    ...input,
    data,
    network: {
      ...input.network,
      channels: input.network.channels ?? channelsOf(data),
      ...(flags.condition && { condition: flags.condition }),
    },
    optimiser: {
      ...input.optimiser,
      ...(flags.batch === undefined ? {} : { batch: flags.batch }),
      ...(flags.rate === undefined ? {} : { rate: flags.rate }),
    },
  })
}

/** `low-res:16` and the like, as the schema has it. */
function conditionFrom(text: string): Record<string, unknown> {
  const [kind, size] = text.split(':')
  const known = ['class', 'grey', 'edges', 'low-res']
  if (!known.includes(kind)) throw new InvalidArgumentError(`Unknown condition${suggestion(kind, known)}.`)
  if ((kind === 'low-res') !== (size !== undefined))
    throw new InvalidArgumentError(
      kind === 'low-res' ? 'Give its size too, such as low-res:16.' : `${kind} takes no size.`,
    )
  return size === undefined ? { kind } : { kind, size: wholeFrom(1)(size) }
}

async function readSettings(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8').catch(error => {
    throw new UsageError(`--config ${path}: ${error.code === 'ENOENT' ? 'no such file' : error.message}`)
  })
  try {
    // What made a run is no setting of the next.
    const { run: _, ...settings } = JSON.parse(text)
    return settings
  } catch (error) {
    throw new ConfigError(`--config ${path}: ${(error as Error).message}`)
  }
}

/** A run must find its data from any working directory. */
function absolute(spec: string): string {
  const colon = spec.indexOf(':')
  return colon < 0 || colon === spec.length - 1
    ? spec
    : `${spec.slice(0, colon + 1)}${resolve(spec.slice(colon + 1))}`
}

/** What the loaders bring by themselves, known before anything is loaded. */
const channelsOf = (data: string) => (/^(digits$|idx:)/.test(data) ? 1 : 3)

/** Loads what a configuration names; the first broken files are named. */
export async function load({ data, network }: TrainConfig, progress: Progress) {
  progress.status(`Loading ${data} …`)
  let skipped = 0
  const options: LoadOptions = {
    size: network.size,
    channels: network.channels,
    onSkip: (file, reason) => {
      if (++skipped <= 5) progress.note(`skipped ${file}: ${reason}`)
    },
  }
  const dataset = await loadDataset(data, options)
  if (skipped > 5) progress.note(`… and ${skipped - 5} more files skipped`)
  progress.status('Preparing the network …')
  return dataset
}

function presentRun(
  flags: TrainFlags,
  folder: string,
  run: AnyFolderRun,
  { report, film }: { report: string | null; film: string | null },
): void {
  const { step, images, seconds, loss, metrics, model } = run
  const family = families[run.family]
  const { text, facts } = run.about
  const done = run.progress >= 1
  const result = {
    run: folder,
    model: run.family,
    steps: step,
    images,
    seconds: Number(seconds.toFixed(3)),
    imagesPerSecond: seconds > 0 ? Number((images / seconds).toPrecision(4)) : 0,
    loss,
    ...testResults(family.metrics, metrics),
    ...facts,
    parameters: model.layout.size,
    done,
    report,
    ...(film && { film }),
  }
  present(flags, result, [
    ['Run', folder],
    [
      'Steps',
      `${grouped(step)}: ${grouped(images)} images in ${clock(seconds)}, ${result.imagesPerSecond} a second`,
    ],
    ...measured(family.metrics, metrics),
    ['Network', `${text}; ${millions(result.parameters)} parameters`],
    ...(report ? [['Report', report] as const] : []),
    ...(film ? [['Film', film] as const] : []),
    done ? ['Next', `npx ${family.use(folder).command}`] : ['Go on', `npx coppice train --resume ${folder}`],
  ])
}
