// `coppice density`: the paper's 2-D experiment, in seconds and without a network.

import { type Command, Option } from 'commander'
import { densityExperiment } from '../ddn/density.ts'
import { type DensityName, density, densityNames } from '../ddn/density-targets.ts'
import { densityGif, frameSteps } from '../report/gif.ts'
import { type CommonOptions, common, oneOf, whole, wholeFrom } from './options.ts'
import { present, writeOutput } from './output.ts'

interface DensityFlags extends CommonOptions {
  target: DensityName
  nodes: number
  steps: number
  batch: number
  seed: number
  out?: string
}

export function densityCommand(program: Command): void {
  const command = program
    .command('density')
    .description('let the nodes of one layer learn a density in the plane, with Split-and-Prune and without')
    .addOption(
      new Option('--target <name>', densityNames.join(', ')).argParser(oneOf(densityNames)).default('spiral'),
    )
    .option('--nodes <n>', 'nodes that learn the density', wholeFrom(1, 100_000), 2000)
    .option('--steps <n>', 'steps', wholeFrom(1, 10_000_000), 1800)
    .option('--batch <n>', 'samples per step', wholeFrom(1, 100_000), 40)
    .option('--seed <n>', 'every random choice follows from it', whole, 0)
    .option('--out <file>', 'an animated GIF: the nodes on the left, the density on the right')
  common(command, [
    'density --target spiral --out spiral.gif',
    'density --target qr --nodes 10000 --steps 10000 --batch 10 --json',
  ]).action(run)
}

async function run(flags: DensityFlags): Promise<void> {
  const { target, nodes, steps, batch, seed, out } = flags
  const wanted = new Set(out === undefined ? [] : frameSteps(steps))
  const frames: { step: number; nodes: Float32Array }[] = []
  const result = densityExperiment({
    target,
    nodes,
    steps,
    batch,
    seed,
    compare: true,
    onStep: ({ step, nodes }) => {
      if (wanted.has(step)) frames.push({ step, nodes: nodes.slice() })
    },
  })
  const { kl, klReal, klWithoutSplit } = result
  if (out !== undefined)
    await writeOutput(out, densityGif({ frames, density: density(target), target, klReal }))
  present(flags, { kl, klReal, klWithoutSplit, ...(out === undefined ? {} : { out }) }, [
    ['Target', `${target}: ${nodes} nodes, ${steps} steps of ${batch} samples`],
    ['With Split-and-Prune', `KL ${kl.toFixed(3)}`],
    ['As many real samples', `KL ${klReal.toFixed(3)}`],
    ['Gradient descent alone', `KL ${klWithoutSplit?.toFixed(3)}`],
    ...(out === undefined ? [] : [['Animation', out] as const]),
  ])
}
