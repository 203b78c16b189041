// `coppice search`: what in an index is like a picture, or like codes.

import { type Command, InvalidArgumentError, Option } from 'commander'
import { decodeImage } from '../data/image.ts'
import { loadDataset } from '../data/load.ts'
import { encodePng } from '../report/png.ts'
import { openIndex } from '../search/image-index.ts'
import { queryOf } from '../search/query.ts'
import { type Found, Search, type SearchWay, SHORTLIST, searchWays } from '../search/search.ts'
import { searchSheet } from '../search/sheet.ts'
import { type FolderRun, openRun } from '../train/run.ts'
import { VERSION } from '../version.ts'
import {
  type CommonOptions,
  common,
  oneOf,
  type RuntimeFlags,
  runtimeFlags,
  runtimeOf,
  wholeFrom,
} from './options.ts'
import { present, short, table, writeOutput } from './output.ts'

interface SearchFlags extends CommonOptions, RuntimeFlags {
  query: string
  by: SearchWay
  count: number
  shortlist: number
  data?: string
  out?: string
}

export function searchCommand(program: Command): void {
  const command = program
    .command('search')
    .description('find the images of an index that are like a picture or like codes')
    .argument('<run>', 'folder of the run that the index was made with')
    .argument('<index>', 'the index, as coppice index makes it')
    .requiredOption(
      '--query <what>',
      'a picture file; test:17 or train:17, a picture of the data by its number; or codes:3,17,5, all of them or the first',
    )
    .addOption(
      new Option('--by <what>', 'image: decoded and compared; prefix: shared codes; path: expected distance')
        .argParser(oneOf(searchWays))
        .default('image' satisfies SearchWay),
    )
    .option('--count <n>', 'how many to find', wholeFrom(1, 4096), 12)
    .option('--shortlist <n>', 'by image: decode the first so many by path, or all', shortlist, SHORTLIST)
    .option('--data <spec>', "the data of test:17, as for train (default: the run's own)")
    .option('--out <file>', 'a picture: the query, and to its right what was found, row by row')
  runtimeFlags(command)
  common(command, [
    'search runs/digits digits.duckdb --query test:17 --out found.png',
    'search runs/digits digits.duckdb --query portrait.jpg --by path --count 100 --json',
    'search runs/digits digits.duckdb --query codes:3,17 --by prefix',
  ]).action(search)
}

async function search(folder: string, path: string, flags: SearchFlags): Promise<void> {
  const run = await openRun(folder, runtimeOf(flags))
  try {
    const { seconds, ...shown } = await searched(run, folder, path, flags)
    const { found } = shown
    if (flags.out !== undefined) await writePicture(run, { folder, path, ...shown }, flags.out, flags)
    const results = found.map(({ id, source, name, label, path, distance, shared }) => ({
      id,
      source,
      name,
      label,
      path,
      distance,
      shared,
    }))
    present(flags, { query: flags.query, by: flags.by, results, seconds, out: flags.out }, [
      ...table(
        ['name', 'label', 'distance', 'shared', 'path'],
        found.map(({ name, label, distance, shared, path }) => [
          name,
          label ?? '–',
          short(distance),
          String(shared),
          path,
        ]),
      ),
      '',
      ['Found', `${found.length} by ${flags.by} in ${short(seconds)} s`],
      ...(flags.out === undefined ? [] : [['Picture', flags.out] as const]),
    ])
  } finally {
    await run.close()
  }
}

/** What was found, the images to show it by, and the time from the query to the result, everything being open. */
async function searched(run: FolderRun, folder: string, path: string, flags: SearchFlags) {
  const index = await openIndex(path)
  try {
    const search = await Search.open(index, run.model, folder)
    try {
      const query = await queryOf(search, run.model, flags.query, flags.data ?? run.config.data, loadDataset)
      const began = performance.now()
      const found = await search.find(query, flags)
      const seconds = Number(((performance.now() - began) / 1000).toFixed(4))
      return { found, image: query.image, kept: await index.thumbnails(found.map(({ id }) => id)), seconds }
    } finally {
      await search.close()
    }
  } finally {
    await index.close()
  }
}

interface Shown {
  folder: string
  path: string
  found: readonly Found[]
  /** Of the query. */
  image: Float32Array
  /** Pictures that the index keeps, by id; of the others the decoded images are shown. */
  kept: ReadonlyMap<number, Uint8Array>
}

async function writePicture(
  { model, config }: FolderRun,
  { folder, path, found, image, kept }: Shown,
  out: string,
  { query, by, count }: SearchFlags,
): Promise<void> {
  const { channels, size } = config.network
  const results = await model.decode(found.flatMap(({ codes }) => Array.from(codes)))
  for (const [i, { id }] of found.entries()) {
    const png = kept.get(id)
    if (png)
      results.set(
        Float32Array.from(await decodeImage(png, size, channels), byte => byte / 127.5 - 1),
        i * model.imageLength,
      )
  }
  const picture = searchSheet({ query: image, results, count: found.length, channels, size })
  const recipe = {
    Software: `coppice ${VERSION}`,
    results: JSON.stringify(found.map(({ name, label, distance }) => ({ name, label, distance }))),
    command: `coppice search ${folder} ${path} --query ${query} --by ${by} --count ${count}`,
  }
  await writeOutput(out, encodePng(picture, recipe))
}

function shortlist(text: string): number {
  if (text === 'all') return Number.POSITIVE_INFINITY
  const value = Number(text)
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('Give a whole number, at least 1, or all.')
  return value
}
