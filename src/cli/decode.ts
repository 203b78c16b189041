// `coppice decode`: the images of a `.ddn` file, as PNG files in a folder.

import { lstat, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import {
  checkModel,
  type DamagedBlock,
  DdnFile,
  type DecodedPicture,
  decodeImages,
  fileNames,
} from '../codec/index.ts'
import { toByte } from '../report/grid.ts'
import { encodePng } from '../report/png.ts'
import { cannotWrite, readFileIfAny, writeAtomic } from '../train/files.ts'
import { priorNames, priorOf } from '../train/priors.ts'
import { openRun } from '../train/run.ts'
import { VERSION } from '../version.ts'
import {
  type CommonOptions,
  common,
  type RuntimeFlags,
  runtimeFlags,
  runtimeOf,
  wholeFrom,
} from './options.ts'
import { grouped, present, UsageError } from './output.ts'

interface DecodeFlags extends CommonOptions, RuntimeFlags {
  out: string
  bits?: number
  images?: [from: number, to: number]
  recover?: boolean
}

export function decodeCommand(program: Command): void {
  const command = program
    .command('decode')
    .description('give back the images of a file of codes')
    .argument('<run>', 'folder of the run that encoded it')
    .argument('<file>', 'the file, such as digits.ddn')
    .requiredOption('--out <folder>', 'where the pictures go, by their names in the file or by their numbers')
    .option('--images <from-to>', 'only these, counted from 0, such as 12 or 0-99', range)
    .option('--bits <n>', 'use only so many bits of every tile, the first: a preview', wholeFrom(0))
    .option('--recover', 'of a damaged file, give back the blocks that are whole')
  runtimeFlags(command)
  common(command, [
    'decode runs/digits digits.ddn --out digits',
    'decode runs/digits digits.ddn --images 0-15 --bits 30 --out preview',
    'decode runs/digits broken.ddn --recover --out digits --json',
  ]).action(decode)
}

async function decode(folder: string, path: string, flags: DecodeFlags): Promise<void> {
  const { out, bits, images, recover = false } = flags
  const note = (text: string) => process.stderr.write(`${text}\n`)
  const bytes = await readFileIfAny(path)
  if (!bytes) throw new Error(`${path}: no such file`)
  const file = DdnFile.open(bytes, path, { cut: recover })
  const [from, last] = images ?? [0, file.count - 1]
  if (last >= file.count)
    throw new UsageError(`--images ${from}-${last}: ${path} has the images 0 to ${file.count - 1}`)
  const name = priorNames.find(known => known === file.header.prior.name)
  if (!name)
    throw new Error(
      `${path}: it was coded with the prior ${file.header.prior.name}, and this Coppice has ${priorNames.join(', ')}`,
    )
  const run = await openRun(folder, runtimeOf(flags))
  try {
    // Before the prior, which may have to be made of thousands of images.
    await checkModel(run.model, file)
    const prior = await priorOf(run, name, { onNote: note })
    const recipe = {
      Software: `coppice ${VERSION}`,
      run: folder,
      step: String(run.step),
      file: path,
      ...(bits !== undefined && { bits: String(bits) }),
    }
    const damaged: DamagedBlock[] = []
    const onDamage = (damage: DamagedBlock) => {
      damaged.push(damage)
      note(`damaged: block ${damage.block}, images ${damage.from} to ${damage.to}: ${damage.reason}`)
    }
    const nameOf = fileNames(file.count)
    const files: string[] = []
    for await (const picture of decodeImages(run.model, file, {
      prior,
      from,
      to: last + 1,
      bits,
      ...(recover && { onDamage }),
    })) {
      const { index } = picture
      const written = nameOf(index, picture.name)
      const target = join(out, written)
      const command = `coppice decode ${folder} ${path} --images ${index}${bits === undefined ? '' : ` --bits ${bits}`} --out ${out}`
      await makeFolders(out, dirname(written))
      await writeAtomic(target, encodePng(bytesOf(picture), { ...recipe, image: String(index), command }))
      files.push(target)
    }
    if (files.length === 0) throw new Error(`${path}: none of its blocks can be read`)
    present(flags, { images: files.length, files, ...(recover && { damaged }) }, [
      ['Images', `${grouped(files.length)} in ${out}`],
      ...(recover ? [['Damaged', `${damaged.length} of ${file.header.blocks.length} blocks`] as const] : []),
    ])
  } finally {
    await run.close()
  }
}

/** Makes a folder and those of a path below it, part by part: none of these may be a link, which could lead outside. */
async function makeFolders(out: string, path: string): Promise<void> {
  await mkdir(out, { recursive: true }).catch(error => {
    throw cannotWrite(out, error)
  })
  let folder = out
  for (const part of path === '.' ? [] : path.split('/')) {
    folder = join(folder, part)
    await mkdir(folder).catch(error => {
      if (error.code !== 'EEXIST') throw cannotWrite(folder, error)
    })
    if (!(await lstat(folder)).isDirectory())
      throw new Error(
        `${folder} is no folder, but a file or a link; a picture was to go there; give another --out`,
      )
  }
}

/** Values [c, h, w] as bytes, channels interleaved. */
function bytesOf({ width, height, data }: DecodedPicture) {
  const area = width * height
  const channels: 1 | 3 = data.length === area ? 1 : 3
  const bytes = new Uint8Array(data.length)
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < area; i++) bytes[i * channels + c] = toByte(data[c * area + i])
  return { width, height, channels, data: bytes }
}

/** `12`, or `0-99`: the first and the last. */
function range(text: string): [from: number, to: number] {
  const [, from, to = from] = /^\s*(\d+)\s*(?:-\s*(\d+)\s*)?$/.exec(text) ?? []
  if (from === undefined || Number(to) < Number(from))
    throw new InvalidArgumentError('Give a number, or the first and the last, such as 12 or 0-99.')
  return [Number(from), Number(to)]
}
