// `coppice encode`: images as a `.ddn` file, which `coppice decode` gives back.

import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type Command, Option } from 'commander'
import { checkUnconditional, encodeImages, type NamedPicture } from '../codec/index.ts'
import { isImagePath, maxFileBytes } from '../data/collection.ts'
import { toFloat } from '../data/dataset.ts'
import { kindOf } from '../data/files.ts'
import { decodeWhole } from '../data/image.ts'
import { loadDataset } from '../data/load.ts'
import { luminance } from '../data/resize.ts'
import { families } from '../train/families.ts'
import { type PriorName, priorNames, priorOf } from '../train/priors.ts'
import { type FolderRun, openRun } from '../train/run.ts'
import {
  type CommonOptions,
  common,
  oneOf,
  type RuntimeFlags,
  runtimeFlags,
  runtimeOf,
  wholeFrom,
} from './options.ts'
import { grouped, present, short, UsageError, writeOutput } from './output.ts'
import { Progress } from './progress.ts'

type Split = 'train' | 'test'

interface EncodeFlags extends CommonOptions, RuntimeFlags {
  data?: string
  split?: Split
  count?: number
  input?: string[]
  prior: PriorName
  beam: number
  out: string
}

export function encodeCommand(program: Command): void {
  const command = program
    .command('encode')
    .description('compress images into a file of codes')
    .argument('<run>', 'folder of the run')
    .option(
      '--input <file...>',
      'pictures, and folders of them, at their own sizes: PNG, JPEG, WebP or GIF; what is transparent becomes white',
    )
    .option('--data <spec>', "images of a data set instead, as for train (default: the run's own data)")
    .addOption(
      new Option('--split <name>', 'of the data set: train or test (default: "test")').argParser(
        oneOf<Split>(['train', 'test']),
      ),
    )
    .option('--count <n>', 'of the data set: the first so many images (default: all)', wholeFrom(1))
    .addOption(
      new Option(
        '--prior <name>',
        `what knows which codes are likely, and makes these short: ${priorNames.join(', ')}; decode needs the same`,
      )
        .argParser(oneOf(priorNames))
        .default('none' satisfies PriorName),
    )
    .option(
      '--beam <b>',
      'paths kept while codes are chosen: more take longer, and come nearer',
      wholeFrom(1, 1024),
      1,
    )
    .requiredOption('--out <file>', 'the file, such as digits.ddn')
  runtimeFlags(command)
  common(command, [
    'encode runs/digits --data digits --split test --count 1000 --out digits.ddn',
    'encode runs/photos --input photos/ portrait.jpg --beam 8 --out photos.ddn',
    'encode runs/digits --prior markov --out digits.ddn --json',
  ]).action(encode)
}

async function encode(folder: string, flags: EncodeFlags): Promise<void> {
  const { input, data, split, count, beam, out } = flags
  for (const [name, value] of Object.entries({ data, split, count }))
    if (input !== undefined && value !== undefined)
      throw new UsageError(`--input names the pictures, and --${name} is of a data set; give one of them`)
  const progress = new Progress(process.stderr, families.ddn.metrics[0])
  const run = await openRun(folder, runtimeOf(flags))
  try {
    const onNote = (note: string) => progress.note(note)
    // Before the prior, which may have to be made of thousands of images.
    checkUnconditional(run.model)
    const prior = await priorOf(run, flags.prior, { onNote })
    const source =
      input === undefined ? fromData(run, flags) : fromFiles(input, run.config.network.channels, onNote)
    const areas: number[] = []
    const measured = async function* () {
      for await (const picture of source) {
        areas.push(picture.width * picture.height)
        yield picture
      }
    }
    const encoded = await encodeImages(run.model, measured(), {
      prior,
      beam,
      onProgress: done => {
        // Elsewhere than on a terminal every status would be a line.
        if (process.stderr.isTTY) progress.status(`Encoding … ${grouped(done)} images`)
      },
    })
    progress.end()
    await writeOutput(out, encoded.bytes)
    const { bytes, headerBytes, tiles, rawBits } = encoded
    const images = areas.length
    const bits = encoded.bits.reduce((a, b) => a + b)
    const area = areas.reduce((a, b) => a + b)
    const mse = encoded.mse.reduce((sum, error, i) => sum + error * areas[i], 0) / area
    const result = {
      images,
      tiles,
      bytes: bytes.length,
      headerBytes,
      bitsPerImage: bits / images,
      rawBitsPerImage: rawBits / images,
      fileBitsPerImage: (8 * bytes.length) / images,
      mse,
      prior: prior.prior.name,
      out,
    }
    present(flags, result, [
      ['File', `${out}: ${grouped(images)} images in ${grouped(bytes.length)} bytes`],
      [
        'Codes',
        `${result.bitsPerImage.toFixed(1)} bits an image with the prior ${result.prior}, ${result.rawBitsPerImage.toFixed(1)} without`,
      ],
      [
        'In all',
        `${result.fileBitsPerImage.toFixed(1)} bits an image, with a header of ${grouped(headerBytes)} bytes`,
      ],
      ['MSE', `${short(mse)} (pixels in [−1, 1])`],
    ])
  } finally {
    progress.end()
    await run.close()
  }
}

async function* fromData(
  run: FolderRun,
  { data, split = 'test', count }: EncodeFlags,
): AsyncGenerator<NamedPicture> {
  const { size, channels } = run.config.network
  const images = (await loadDataset(data ?? run.config.data, { size, channels }))[split]
  const total = Math.min(count ?? images.count, images.count)
  for (let i = 0; i < total; i++) yield { width: size, height: size, data: toFloat(images, [i]) }
}

/** Pictures from files; those of folders that are broken are left out, with a note. */
async function* fromFiles(
  inputs: readonly string[],
  channels: 1 | 3,
  onNote: (note: string) => void,
): AsyncGenerator<NamedPicture> {
  let read = 0
  for (const input of inputs) {
    const kind = await kindOf(input)
    if (!kind) throw new Error(`--input ${input}: no such file or folder`)
    const files = kind === 'file' ? [{ path: input, name: basename(input) }] : await picturesIn(input)
    for (const { path, name } of files) {
      let picture: NamedPicture
      try {
        picture = { ...(await readPicture(path, channels)), name }
      } catch (error) {
        const reason = (error as Error).message
        if (kind === 'file') throw new Error(`--input ${path}: ${reason}`)
        onNote(`skipped ${path}: ${reason}`)
        continue
      }
      read++
      yield picture
    }
  }
  if (read === 0)
    throw new Error(`--input ${inputs.join(' ')}: no picture there that can be read: PNG, JPEG, WebP or GIF`)
}

/** The pictures below a folder, in the order of their paths; hidden ones and links to folders are left out. */
async function picturesIn(folder: string): Promise<{ path: string; name: string }[]> {
  const found: string[] = []
  const walk = async (prefix: string): Promise<void> => {
    for (const item of await readdir(join(folder, prefix), { withFileTypes: true })) {
      const name = prefix + item.name
      if (item.isDirectory() && !item.name.startsWith('.')) await walk(`${name}/`)
      else if (!item.isDirectory() && isImagePath(name)) found.push(name)
    }
  }
  await walk('')
  return found.sort((a, b) => (a < b ? -1 : 1)).map(name => ({ path: join(folder, name), name }))
}

/** A picture at its own size, on white, in the network's channels. */
async function readPicture(path: string, channels: 1 | 3): Promise<NamedPicture> {
  const { size } = await stat(path)
  if (size > maxFileBytes)
    throw new Error(`${size} bytes, images of up to ${maxFileBytes} bytes (64 MB) are read`)
  const { rows: height, cols: width, pixels } = await decodeWhole(await readFile(path))
  const values = channels === 3 ? pixels : luminance(pixels)
  return { width, height, data: Float32Array.from(values, byte => byte / 127.5 - 1) }
}
