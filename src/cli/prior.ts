// `coppice prior`: how a network's codes follow one another, learned from its training images, and what that saves.

import type { Command } from 'commander'
import { bitsOfPaths } from '../codes/prior.ts'
import { trainTransformer } from '../codes/transformer-training.ts'
import { codedData } from '../train/coded-data.ts'
import { keepPrior, priorNames, priorOf } from '../train/priors.ts'
import { openRun } from '../train/run.ts'
import {
  type CommonOptions,
  common,
  positive,
  type RuntimeFlags,
  runtimeFlags,
  runtimeOf,
  whole,
} from './options.ts'
import { grouped, present, table } from './output.ts'
import { codingProgress, Progress } from './progress.ts'

interface PriorFlags extends CommonOptions, RuntimeFlags {
  minutes: number
  seed: number
}

export function priorCommand(program: Command): void {
  const command = program
    .command('prior')
    .description("train a transformer on a network's codes, and tell how many bits every prior takes")
    .argument('<run>', 'folder of the run')
    .option('--minutes <m>', 'how long to train at most', positive, 4)
    .option('--seed <n>', 'every random choice follows from it', whole, 0)
  runtimeFlags(command)
  common(command, ['prior runs/digits', 'prior runs/digits --minutes 10 --json']).action(prior)
}

async function prior(folder: string, flags: PriorFlags): Promise<void> {
  const run = await openRun(folder, runtimeOf(flags))
  const progress = new Progress(process.stderr)
  try {
    const coded = await codedData(run, codingProgress(progress))
    const L = coded.K.length
    const count = coded.train.length / L
    progress.status(`Training on the codes of ${grouped(count)} images …`)
    const { config, weights, shares } = await trainTransformer(coded.K, coded.train, {
      minutes: flags.minutes,
      seed: flags.seed,
      onStep: ({ step, progress: share, bits }) =>
        progress.step({ step, progress: share, images: step * BATCH, loss: bits }),
      batch: BATCH,
      runtime: runtimeOf(flags),
    })
    progress.status('Testing …')
    const held = coded.test.subarray(0, TESTED * L)
    const path = await keepPrior(run, { config, weights, shares })
    const bits: Record<string, number> = {}
    for (const name of priorNames) {
      const { images } = bitsOfPaths((await priorOf(run, name)).prior, held)
      bits[name] = images.reduce((a, b) => a + b, 0) / images.length
    }
    progress.end()
    const rows = priorNames.map(name => [
      name,
      bits[name].toFixed(1),
      `${((100 * bits[name]) / bits.none).toFixed(1)} %`,
    ])
    present(flags, { run: folder, prior: path, parameters: weights.length, count: held.length / L, bits }, [
      ...table(['Prior', 'bits a test image', 'of even codes'], rows),
      ['Kept in', path],
    ])
  } finally {
    progress.end()
    await run.close()
  }
}

/** Paths of a step. */
const BATCH = 128

/** Test images that the bits are means over. */
const TESTED = 2000
