// `coppice sample`: images from codes drawn evenly or from a prior, as one PNG, and their codes beside it.

import { join, parse } from 'node:path'
import { type Command, Option } from 'commander'
import { drawCodes } from '../codes/prior.ts'
import { kindOf } from '../data/files.ts'
import { conditionOf } from '../eval/editing-condition.ts'
import { grid } from '../report/grid.ts'
import { encodePng } from '../report/png.ts'
import { type PriorName, priorNames, priorOf } from '../train/priors.ts'
import { type FolderRun, openRun } from '../train/run.ts'
import { VERSION } from '../version.ts'
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
import { present, UsageError, writeOutput } from './output.ts'
import { codingProgress, Progress } from './progress.ts'

interface SampleFlags extends CommonOptions, RuntimeFlags {
  count: number
  seed: number
  condition?: string
  prior: PriorName
  temperature: number
  out?: string
  codes?: string
  columns?: number
  scale?: number
}

export function sampleCommand(program: Command): void {
  const command = program
    .command('sample')
    .description('draw images from a trained network')
    .argument('<run>', 'folder of the run')
    .option('--count <n>', 'how many images', wholeFrom(1, 65536), 64)
    .option('--seed <n>', 'the same seed draws the same images', whole, 0)
    .option(
      '--condition <what>',
      'for a conditional network: labels, test images by their numbers, or a picture file',
    )
    .addOption(
      new Option('--prior <name>', `how codes are drawn: ${priorNames.join(', ')} (none: evenly)`)
        .argParser(oneOf(priorNames))
        .default('none'),
    )
    .option(
      '--temperature <t>',
      'of the prior: below 1 what is likely becomes likelier, above 1 all comes nearer to even',
      positive,
      1,
    )
    .option('--out <file>', 'the picture (default: samples-SEED.png in the run folder)')
    .option('--codes <file>', "the images' codes as JSON (default: beside the picture)")
    .option('--columns <n>', 'images in a row of the picture (default: as square as can be)', wholeFrom(1))
    .option(
      '--scale <n>',
      'pixels of the picture per pixel of an image (default: about 64 pixels an image)',
      wholeFrom(1, 64),
    )
  runtimeFlags(command)
  common(command, [
    'sample runs/digits --count 64 --seed 7 --out samples.png',
    'sample runs/digits --prior transformer --temperature 0.9',
    'sample runs/digits --count 1000 --json',
  ]).action(sample)
}

async function sample(folder: string, flags: SampleFlags): Promise<void> {
  const { count, seed } = flags
  const place = (await kindOf(folder)) === 'folder' ? folder : '.'
  const out = flags.out ?? join(place, `samples-${seed}.png`)
  const { dir, name } = parse(out)
  const codesPath = flags.codes ?? join(dir, `${name}.codes.json`)
  const run = await openRun(folder, runtimeOf(flags))
  try {
    const source = { data: run.config.data, split: 'test' } as const
    const told = await conditionOf(run.model, { condition: flags.condition, count, source }, null, {
      onNote: note => process.stderr.write(`${note}\n`),
    })
    const { codes, images } =
      flags.prior === 'none'
        ? await run.model.sample({ count, seed, condition: told?.values })
        : await drawn(run, flags)
    const L = run.model.layers.length
    const rows = Array.from({ length: count }, (_, i) => Array.from(codes.subarray(i * L, (i + 1) * L)))
    const json = { run: folder, step: run.step, seed, K: run.model.layers.map(({ K }) => K), codes: rows }
    const picture = grid(images, {
      count,
      channels: run.config.network.channels,
      size: run.config.network.size,
      columns: flags.columns,
      scale: flags.scale ?? scaleFor(run.config.network.size),
    })
    const recipe = {
      Software: `coppice ${VERSION}`,
      run: folder,
      step: String(run.step),
      seed: String(seed),
      count: String(count),
      codes: codesPath,
      prior: flags.prior,
      ...(flags.prior === 'none' ? {} : { temperature: String(flags.temperature) }),
      command: `coppice sample ${folder} --count ${count} --seed ${seed}${flags.condition === undefined ? '' : ` --condition ${flags.condition}`}${
        flags.prior === 'none' ? '' : ` --prior ${flags.prior} --temperature ${flags.temperature}`
      }`,
    }
    await writeOutput(codesPath, `${JSON.stringify(json)}\n`)
    await writeOutput(out, encodePng(picture, recipe))
    present(flags, { count, codes: codesPath, image: out, seed }, [
      ['Images', `${out}: ${count} of seed ${seed}`],
      ['Codes', codesPath],
    ])
  } finally {
    await run.close()
  }
}

/** Images of codes drawn from a prior. */
async function drawn(run: FolderRun<'ddn'>, { prior: name, count, seed, temperature }: SampleFlags) {
  if (run.config.network.condition)
    throw new UsageError(
      '--prior: this network is told a condition, which its priors know nothing of; draw evenly, without --prior',
    )
  const progress = new Progress(process.stderr)
  const { prior } = await priorOf(run, name, codingProgress(progress))
  progress.end()
  const codes = drawCodes(prior, { count, seed, temperature })
  return { codes, images: await run.model.decode(codes) }
}

/** Images of about 64 pixels: small ones are enlarged, pixel for pixel. */
export const scaleFor = (size: number) => Math.max(1, Math.floor(64 / size))
