// `coppice reconstruct`: how much of a data set's images is left once they are codes.

import { type Command, Option } from 'commander'
import { loadDataset } from '../data/load.ts'
import { reconstructionOf } from '../eval/reconstruction.ts'
import { grid } from '../report/grid.ts'
import { encodePng } from '../report/png.ts'
import { openRun } from '../train/run.ts'
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
import { grouped, present, short, writeOutput } from './output.ts'
import { scaleFor } from './sample.ts'

type Split = 'train' | 'test'

interface ReconstructFlags extends CommonOptions, RuntimeFlags {
  data?: string
  split: Split
  count?: number
  out?: string
}

/** Pairs on the picture, in rows of originals with a row of reconstructions below each. */
const SHOWN = 64
const COLUMNS = 16

export function reconstructCommand(program: Command): void {
  const command = program
    .command('reconstruct')
    .description('turn images into codes and back, and measure what is lost')
    .argument('<run>', 'folder of the run')
    .option('--data <spec>', "which images, as for train (default: the run's own data)")
    .addOption(
      new Option('--split <name>', 'train or test')
        .argParser(oneOf<Split>(['train', 'test']))
        .default('test'),
    )
    .option('--count <n>', 'the first so many images (default: all)', wholeFrom(1))
    .option('--out <file>', `a picture of the first ${SHOWN}: originals, and below them what is left`)
  runtimeFlags(command)
  common(command, [
    'reconstruct runs/digits --data digits --split test --count 1000 --out reconstructions.png',
    'reconstruct runs/digits --json',
  ]).action(reconstruct)
}

async function reconstruct(folder: string, flags: ReconstructFlags): Promise<void> {
  const run = await openRun(folder, runtimeOf(flags))
  try {
    const { size, channels } = run.config.network
    const data = flags.data ?? run.config.data
    const images = (await loadDataset(data, { size, channels }))[flags.split]
    const shown: { originals: Float32Array; rebuilt: Float32Array }[] = []
    const result = await reconstructionOf(
      run.model,
      images,
      flags.count ?? images.count,
      (originals, rebuilt, start) => {
        if (start < SHOWN) shown.push({ originals, rebuilt })
      },
    )
    if (flags.out !== undefined) {
      const picture = grid(...pairs(shown[0].originals, shown[0].rebuilt, channels, size))
      const recipe = {
        Software: `coppice ${VERSION}`,
        run: folder,
        step: String(run.step),
        data,
        split: flags.split,
        mse: String(result.mse),
        command: `coppice reconstruct ${folder} --data ${data} --split ${flags.split}`,
      }
      await writeOutput(flags.out, encodePng(picture, recipe))
    }
    present(flags, result, [
      ['Images', `${grouped(result.count)} of ${data}, ${flags.split}`],
      ['MSE', `${short(result.mse)} (pixels in [−1, 1])`],
      ['PSNR', `${result.psnr.toFixed(2)} dB`],
      ['Latent', `${Number(result.bits.toFixed(1))} bits an image`],
      ...(flags.out === undefined ? [] : [['Picture', flags.out] as const]),
    ])
  } finally {
    await run.close()
  }
}

/** Rows of originals and of reconstructions in turn, as one stack of images. */
function pairs(
  originals: Float32Array,
  rebuilt: Float32Array,
  channels: 1 | 3,
  size: number,
): Parameters<typeof grid> {
  const length = channels * size * size
  const shown = Math.min(SHOWN, originals.length / length)
  const columns = Math.min(COLUMNS, shown)
  const rows = Math.ceil(shown / columns)
  const images = new Float32Array(2 * rows * columns * length).fill(1)
  for (let i = 0; i < shown; i++) {
    const at = (2 * Math.floor(i / columns) * columns + (i % columns)) * length
    images.set(originals.subarray(i * length, (i + 1) * length), at)
    images.set(rebuilt.subarray(i * length, (i + 1) * length), at + columns * length)
  }
  return [images, { count: 2 * rows * columns, channels, size, columns, scale: scaleFor(size) }]
}
