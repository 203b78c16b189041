// `coppice edit`: images that a guide likes, from a network that was never told of it.

import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { loadDataset } from '../data/load.ts'
import { type EditRequest, type EditResult, editAs, wantsPictures } from '../eval/editing.ts'
import { type GuideSpecInput, guideNames, parseGuideSpec } from '../guides/index.ts'
import { editSheet } from '../report/edit-sheet.ts'
import { grid, type Picture } from '../report/grid.ts'
import { encodePng } from '../report/png.ts'
import { families } from '../train/families.ts'
import { type FolderRun, openRun } from '../train/run.ts'
import { VERSION } from '../version.ts'
import { addGuideFlags, asUsage, editCommandFor, type GuideFields, specOf } from './guide-flags.ts'
import { stoppable } from './interrupt.ts'
import {
  type CommonOptions,
  common,
  oneOf,
  positive,
  type RuntimeFlags,
  runtimeFlags,
  runtimeOf,
  whole,
  wholeFrom,
} from './options.ts'
import { present, short, UsageError, writeOutput } from './output.ts'
import { Progress } from './progress.ts'

interface EditFlags extends CommonOptions, RuntimeFlags {
  guides?: string
  by: 'ranks' | 'scores'
  input?: string
  data?: string
  split?: 'train' | 'test'
  images?: number[]
  count?: number
  each: number
  top?: number
  temperature?: number
  beam: number
  strictness?: number[]
  candidates?: number
  seed: number
  condition?: string
  out: string
}

/** Pictures for which there are results, where nothing says how many. */
const PICTURES = 8

export function editCommand(program: Command): void {
  const command = program
    .command('edit')
    .description('generate images that a guide likes: no gradients, no training')
    .argument('<run>', 'folder of the run')
  const given = addGuideFlags(command)
  command
    .option('--guides <file>', 'one guide or several as JSON, instead; its paths are relative to the file')
    .addOption(
      new Option('--by <what>', 'how several guides are added up: by ranks or by scores')
        .argParser(oneOf<'ranks' | 'scores'>(['ranks', 'scores']))
        .default('ranks'),
    )
    .option(
      '--input <file>',
      'the picture that guides go by: PNG, JPEG, WebP or GIF, made to fit (its middle, resized; grey repeated, colour as luminance)',
    )
    .option(
      '--data <spec>',
      "pictures of a data set instead, one for each result, as for train (default: the run's own data, where a guide needs pictures)",
    )
    .addOption(
      new Option('--split <name>', 'train or test (default: "test")').argParser(
        oneOf<'train' | 'test'>(['train', 'test']),
      ),
    )
    .option('--images <list>', 'which pictures of the data, such as 0,12,40 (default: the first)', wholes)
    .option(
      '--count <n>',
      `how many results (default: --each of every picture, label or text that is named, or else of ${PICTURES})`,
      wholeFrom(1, 65536),
    )
    .option('--each <n>', 'results of every picture, label and text', wholeFrom(1, 65536), 1)
    .option('--top <m>', 'pick evenly among the best m candidates (default: the best)', wholeFrom(1))
    .option('--temperature <t>', 'pick with probability ∝ exp(score / t) instead', positive)
    .option('--beam <b>', 'prefixes kept of every result', wholeFrom(1, 1024), 1)
    .option(
      '--strictness <list>',
      'from 0 (any candidate) to 1, from the first layer to the last, such as 0,1,1',
      shares,
    )
    .option('--candidates <m>', 'lay only so many candidates of every layer before the guides', wholeFrom(1))
    .option(
      '--condition <what>',
      "for a conditional network: a label, a picture's number in the data, or a picture file; numbers with commas, one for each picture (default: what the guides' pictures show)",
    )
    .option('--seed <n>', 'the same seed gives the same results', whole, 0)
    .option('--out <folder>', 'where the pictures go', 'edits')
  runtimeFlags(command)
  common(command, [
    'edit runs/digits --guide inpaint --mask left --count 16 --top 2',
    'edit runs/digits --guide super-resolve --factor 4 --input photo.png --count 4 --top 2',
    'edit runs/digits --guide class --judge classifier.json --label 3 --candidates 64',
    'edit runs/emoji --guide text --judge text-image.json --text "red heart" --candidates 64',
    'edit runs/emoji --guide colourise --guide style --weight 0.3 --input photo.png',
  ]).action((folder: string, flags: EditFlags) => runEdit(folder, flags, given))
}

async function runEdit(folder: string, flags: EditFlags, given: readonly GuideFields[]): Promise<void> {
  const asked = await requestOf(flags, given)
  const progress = new Progress(process.stderr, families.ddn.metrics[0])
  await stoppable(progress, async signal => {
    const run = await openRun(folder, runtimeOf(flags))
    try {
      const own = wantsPictures(asked, run.model)
      const request: EditRequest = own
        ? { ...asked, source: { data: run.config.data, split: flags.split ?? 'test', images: flags.images } }
        : asked
      const result = await editAs(run.model, request, {
        folder: flags.guides === undefined ? '.' : dirname(flags.guides),
        load: own ? loadOwn : loadDataset,
        onNote: note => progress.note(note),
        onProgress: share => {
          // Elsewhere than on a terminal every status would be a line.
          if (process.stderr.isTTY) progress.status(`Guiding … ${Math.round(100 * share)} %`)
        },
        signal,
      })
      progress.end()
      signal.throwIfAborted()
      const files = await writeResults(run, folder, request, result, flags)
      presentResult(result, request, files, flags)
    } finally {
      await run.close()
    }
  })
}

/** The run's own data, which nobody named: what cannot be read is said with what can be given instead. */
const loadOwn: typeof loadDataset = (spec, options) =>
  loadDataset(spec, options).catch(error => {
    throw new Error(
      `${error.message} (these are the run's own data; give other pictures with --data or --input)`,
      { cause: error },
    )
  })

/** One PNG for every result, and a sheet of all. */
async function writeResults(
  { model, step }: FolderRun,
  folder: string,
  request: EditRequest,
  result: EditResult,
  flags: EditFlags,
): Promise<string[]> {
  const { channels, size } = model.config
  const { out, threads, device } = flags
  const recipe = {
    Software: `coppice ${VERSION}`,
    run: folder,
    step: String(step),
    seed: String(request.seed),
    request: JSON.stringify(request),
    command: editCommandFor(folder, request, { guidesFile: flags.guides, more: { threads, device, out } }),
  }
  const each = channels * size * size
  const digits = Math.max(3, String(request.count - 1).length)
  const files: string[] = []
  const write = async (name: string, picture: Picture, text: object) => {
    const path = join(out, name)
    await writeOutput(path, encodePng(picture, { ...recipe, ...text }))
    files.push(path)
  }
  for (let i = 0; i < request.count; i++) {
    const image = result.images.subarray(i * each, (i + 1) * each)
    await write(`${String(i).padStart(digits, '0')}.png`, grid(image, { count: 1, channels, size, gap: 0 }), {
      result: String(i),
      guideError: String(result.errors[i]),
    })
  }
  const { images, source, shown, told } = result
  const above = [source, ...[...shown, told].map(one => one?.pictures ?? null)].filter(row => row !== null)
  const sheet = { above, results: images, count: request.count, each: request.each ?? 1, channels, size }
  await write('grid.png', editSheet(sheet), {})
  return files
}

function presentResult(
  { errors, parts, seconds: time, shown, told, source }: EditResult,
  { count }: EditRequest,
  files: readonly string[],
  flags: EditFlags,
) {
  const mean = (values: Float32Array) => values.reduce((a, b) => a + b) / values.length
  const seconds = Number(time.toFixed(3))
  const guides = parts.map(({ name, weight, errors }) => ({ name, weight, error: mean(errors) }))
  const above = [
    source && 'the picture',
    [...shown, told].some(one => one?.pictures) && 'what was told',
  ].filter(Boolean)
  present(flags, { count, guideError: mean(errors), seconds, files, guides }, [
    ['Results', `${count} in ${short(seconds)} s`],
    ...guides.map(({ name, error }) => ['Error', `${name} ${short(error)}`] as const),
    ['Sheet', `${files[files.length - 1]}${above.length ? `: ${above.join(', ')}, the results` : ''}`],
  ])
}

/** What the flags ask for; pictures that nobody named are not in it yet. */
async function requestOf(flags: EditFlags, given: readonly GuideFields[]): Promise<EditRequest> {
  const { guides: file, input, data, split, images, top, temperature } = flags
  if (file !== undefined && given.length > 0)
    throw new UsageError('--guide and --guides are two ways to say it; give one of them')
  if (file === undefined && given.length === 0)
    throw new UsageError(
      `no guide is given; give --guide with one of ${guideNames.join(', ')}, or --guides FILE`,
    )
  if (top !== undefined && temperature !== undefined)
    throw new UsageError('--top and --temperature are two ways to pick; give one of them')
  if (input !== undefined)
    for (const [name, value] of Object.entries({ data, split, images }))
      if (value !== undefined)
        throw new UsageError(`--input is one picture, and --${name} chooses others; give one of them`)
  const { each, seed, beam, strictness, candidates, condition } = flags
  const guides = file === undefined ? specOf(given, flags.by) : await guidesIn(file)
  const count = flags.count ?? each * (listed(guides, images, condition) ?? PICTURES)
  if (count % each) throw new UsageError(`--count ${count} is no multiple of --each ${each}`)
  return {
    guides,
    source:
      input !== undefined
        ? { input }
        : data !== undefined
          ? { data, split: split ?? 'test', images }
          : undefined,
    count,
    ...(each > 1 && { each }),
    seed,
    pick:
      top !== undefined
        ? { rule: 'top', of: top }
        : temperature !== undefined
          ? { rule: 'softmax', temperature }
          : { rule: 'best' },
    beam,
    strictness,
    candidates,
    condition,
  }
}

/** How many pictures, labels, texts or conditions are named, where there are several. */
function listed(
  guides: GuideSpecInput,
  images: number[] | undefined,
  condition: string | undefined,
): number | null {
  const lists: unknown[] = [images, condition?.split(',')]
  for (const spec of parseGuideSpec(guides).guides)
    if (spec.guide === 'class') lists.push(spec.label)
    else if (spec.guide === 'text') lists.push(spec.text)
  const lengths = lists.map(list => (Array.isArray(list) ? list.length : 1))
  return Math.max(...lengths) > 1 ? Math.max(...lengths) : null
}

async function guidesIn(path: string): Promise<GuideSpecInput> {
  const text = await readFile(path, 'utf8').catch(error => {
    throw new UsageError(`--guides ${path}: ${error.code === 'ENOENT' ? 'no such file' : error.message}`)
  })
  return asUsage(() => {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (error) {
      throw new Error(`${path}: ${(error as Error).message}`)
    }
    parseGuideSpec(value, path)
    return value as GuideSpecInput
  })
}

function wholes(text: string): number[] {
  const numbers = text.split(',').map(Number)
  if (!/^[\d\s,]+$/.test(text) || text.split(',').some(part => part.trim() === ''))
    throw new InvalidArgumentError('Give whole numbers with commas, such as 0,12,40.')
  return numbers
}

function shares(text: string): number[] {
  const numbers = text.split(',').map(part => (part.trim() === '' ? Number.NaN : Number(part)))
  if (numbers.some(number => !(number >= 0 && number <= 1)))
    throw new InvalidArgumentError('Give numbers from 0 to 1 with commas, such as 0,1,1.')
  return numbers
}
