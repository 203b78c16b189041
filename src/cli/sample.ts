// `coppice sample`: images from codes drawn evenly, as one PNG, and their codes beside it.

import { join, parse } from 'node:path'
import type { Command } from 'commander'
import { kindOf } from '../data/files.ts'
import { conditionOf } from '../eval/editing-condition.ts'
import { grid } from '../report/grid.ts'
import { encodePng } from '../report/png.ts'
import { openRun } from '../train/run.ts'
import { VERSION } from '../version.ts'
import {
  type CommonOptions,
  common,
  type RuntimeFlags,
  runtimeFlags,
  runtimeOf,
  whole,
  wholeFrom,
} from './options.ts'
import { present, writeOutput } from './output.ts'

interface SampleFlags extends CommonOptions, RuntimeFlags {
  count: number
  seed: number
  condition?: string
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
    const { codes, images } = await run.model.sample({ count, seed, condition: told?.values })
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
      command: `coppice sample ${folder} --count ${count} --seed ${seed}${flags.condition === undefined ? '' : ` --condition ${flags.condition}`}`,
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

/** Images of about 64 pixels: small ones are enlarged, pixel for pixel. */
export const scaleFor = (size: number) => Math.max(1, Math.floor(64 / size))
