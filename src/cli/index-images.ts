// `coppice index`: the codes of a collection in a DuckDB file, to be searched.

import { stat } from 'node:fs/promises'
import { type Command, Option } from 'commander'
import { loadDataset } from '../data/load.ts'
import { fingerprintOf } from '../ddn/fingerprint.ts'
import { collect, type Picture, picturesOfDataset, picturesOfFiles } from '../search/collect.ts'
import { type Added, openIndexToAdd } from '../search/image-index.ts'
import { families } from '../train/families.ts'
import { type FolderRun, openRun } from '../train/run.ts'
import { onInterrupt } from './interrupt.ts'
import { type CommonOptions, common, oneOf, type RuntimeFlags, runtimeFlags, runtimeOf } from './options.ts'
import { grouped, present, short, UsageError } from './output.ts'
import { Progress } from './progress.ts'

type Split = 'train' | 'test' | 'all'

interface IndexFlags extends CommonOptions, RuntimeFlags {
  data?: string
  split?: Split
  input?: string[]
  thumbnails?: boolean
  out: string
}

interface Unread {
  file: string
  reason: string
}

export function indexCommand(program: Command): void {
  const command = program
    .command('index')
    .description('keep the codes of images in a DuckDB file, to search them, with SQL too')
    .argument('<run>', 'folder of the run')
    .option('--data <spec>', "which images, as for train (default: the run's own data)")
    .addOption(
      new Option('--split <name>', 'of the data set: train, test or all (default: "all")').argParser(
        oneOf<Split>(['train', 'test', 'all']),
      ),
    )
    .option('--input <file...>', 'pictures by their files instead: PNG, JPEG, WebP or GIF')
    .option('--thumbnails', 'keep the pictures too, as the network sees them')
    .requiredOption('--out <file>', 'the index; what is new is added to one that is there')
  runtimeFlags(command)
  common(command, [
    'index runs/digits --data digits --split test --out digits.duckdb',
    'index runs/photos --data folder:photos --thumbnails --out photos.duckdb',
    'index runs/photos --input portrait.jpg garden.jpg --out photos.duckdb --json',
  ]).action(index)
}

async function index(folder: string, flags: IndexFlags): Promise<void> {
  const { input, data, split, thumbnails, out } = flags
  for (const [name, value] of Object.entries({ data, split }))
    if (input !== undefined && value !== undefined)
      throw new UsageError(`--input names the pictures, and --${name} is of a data set; give one of them`)
  const began = performance.now()
  const progress = new Progress(process.stderr, families.ddn.metrics[0])
  const interrupt = onInterrupt(() => progress.note('Stopping after the images in hand.'))
  try {
    const run = await openRun(folder, runtimeOf(flags))
    try {
      const unread: Unread[] = []
      const pictures = await picturesFrom(run, flags, (file, reason) => {
        progress.note(`left out ${file}: ${reason}`)
        unread.push({ file, reason })
      })
      const counts = await addTo(run, folder, pictures, {
        out,
        thumbnails,
        progress,
        signal: interrupt.signal,
      })
      progress.end()
      if (input !== undefined && unread.length === input.length)
        throw new Error(`none of the pictures can be read: ${unread[0].file}: ${unread[0].reason}`)
      if (interrupt.signal.aborted)
        progress.note(`${out} holds what was done; the same command goes on from there`)
      const seconds = Number(((performance.now() - began) / 1000).toFixed(3))
      present(flags, { ...counts, unread, seconds, out }, [
        ['Index', `${out}: ${grouped(counts.rows)} images in ${grouped(counts.bytes)} bytes`],
        [
          'Images',
          `${grouped(counts.added)} added, ${grouped(counts.replaced)} replaced, ${grouped(counts.skipped)} there already, in ${short(seconds)} s`,
        ],
      ])
    } finally {
      await run.close()
    }
  } finally {
    progress.end()
    interrupt.dispose()
    if (interrupt.code) process.exitCode = interrupt.code
  }
}

async function picturesFrom(
  run: FolderRun,
  { input, data = run.config.data, split = 'all' }: IndexFlags,
  onSkip: (file: string, reason: string) => void,
): Promise<{ pictures: AsyncIterable<Picture> | Iterable<Picture>; total: number }> {
  const { size, channels } = run.config.network
  if (input) return { pictures: picturesOfFiles(input, { size, channels }, onSkip), total: input.length }
  const dataset = await loadDataset(data, { size, channels, onSkip })
  const splits: ('train' | 'test')[] = split === 'all' ? ['train', 'test'] : [split]
  const total = splits.reduce((sum, name) => sum + dataset[name].count, 0)
  return { pictures: picturesOfDataset(dataset, data, splits), total }
}

async function addTo(
  run: FolderRun,
  name: string,
  { pictures, total }: Awaited<ReturnType<typeof picturesFrom>>,
  options: { out: string; thumbnails?: boolean; progress: Progress; signal: AbortSignal },
) {
  const { out, thumbnails, progress, signal } = options
  const K = run.model.layers.map(layer => layer.K)
  const index = await openIndexToAdd(out, { fingerprint: await fingerprintOf(run.model), K, run: name })
  let counts: { rows: number } & Added
  try {
    const added = await collect(index, run.model, pictures, {
      thumbnails,
      signal,
      onProgress: done => {
        // Elsewhere than on a terminal every status would be a line.
        if (process.stderr.isTTY) progress.status(`Encoding: ${grouped(done)} of ${grouped(total)} images`)
      },
    })
    await index.order()
    counts = { rows: await index.count(), ...added }
  } finally {
    await index.close()
  }
  return { ...counts, bytes: (await stat(out)).size }
}
