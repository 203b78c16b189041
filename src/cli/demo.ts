// `coppice demo`, which is also `npm run demo`: a network learns to draw digits while one waits.

import type { Command } from 'commander'
import { newRunFolder } from './folders.ts'
import { type CommonOptions, common, positive, runtimeFlags, whole } from './options.ts'
import { runTraining } from './train.ts'

interface DemoFlags extends CommonOptions {
  minutes?: number
  seed?: number
  out?: string
  threads?: number
}

export function demoCommand(program: Command): void {
  const command = program
    .command('demo')
    .description('train a small network on handwritten digits for two minutes, and write a report')
    .option('--minutes <m>', "how long to train (default: the preset's)", positive)
    .option('--seed <n>', 'every random choice follows from it', whole, 0)
    .option('--out <folder>', 'where the run is kept (default: a new folder in runs/)')
  runtimeFlags(command)
  common(command, ['demo', 'demo --minutes 5 --out runs/mine']).action(async (flags: DemoFlags) => {
    const out = flags.out ?? (await newRunFolder('demo'))
    await runTraining({ ...flags, out, data: 'digits', preset: 'tiny', evaluate: 2000, report: true })
  })
}
