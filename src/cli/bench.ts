// `coppice bench`: how fast this machine trains the reference network.

import { availableParallelism, cpus } from 'node:os'
import type { Command } from 'commander'
import { benchStep, referenceNet, type StepBenchmark } from '../eval/bench.ts'
import {
  type CommonOptions,
  common,
  type RuntimeFlags,
  runtimeFlags,
  runtimeOf,
  wholeFrom,
} from './options.ts'
import { millions, present, table } from './output.ts'

interface BenchFlags extends CommonOptions, RuntimeFlags {
  batch: number
  steps: number
}

export function benchCommand(program: Command): void {
  const command = program
    .command('bench')
    .description('measure the training step of the 17-layer reference network, with K = 64 and K = 512')
    .option('--batch <n>', 'images per step', wholeFrom(1, 4096), 64)
    .option('--steps <n>', 'steps to take the median of', wholeFrom(1, 1000), 8)
  runtimeFlags(command)
  common(command, ['bench', 'bench --threads 2 --json']).action(bench)
}

async function bench(flags: BenchFlags): Promise<void> {
  const { batch, steps } = flags
  const runtime = runtimeOf(flags)
  const results: StepBenchmark[] = []
  for (const K of [64, 512]) {
    if (!flags.json) process.stderr.write(`K = ${K} …\n`)
    // Spinning threads are what an idle machine is fastest with, and a benchmark wants one.
    results.push(await benchStep(referenceNet(K), { ...runtime, spin: true, batch, steps }))
  }
  const [small, large] = results
  const ratio = Number((large.millisecondsPerStep / small.millisecondsPerStep).toFixed(3))
  const machine = `${cpus()[0]?.model ?? 'unknown'}, ${flags.threads ?? availableParallelism()} threads`
  const rows = results.map(one => [
    String(one.K),
    String(one.bits),
    millions(one.parameters),
    `${one.imagesPerSecond}/s`,
    `${one.millisecondsPerStep} ms`,
    `${one.openSeconds} s`,
    one.peakMegabytes === null ? '–' : `${one.peakMegabytes} MB`,
  ])
  present(flags, { machine, steps: results, stepTimeRatio: ratio }, [
    `17 layers, 32×32×1, batch ${batch}, on ${machine}`,
    '',
    ...table(['K', 'bits', 'parameters', 'images', 'step', 'opening', 'peak memory'], rows),
    '',
    `Step time of K = 512 over K = 64: ${ratio}. Other programs on this machine make every figure worse.`,
  ])
}
