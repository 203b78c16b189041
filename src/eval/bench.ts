// How fast a training step of a network is, how long it takes to open, and how much memory it wants.

import { random } from '../data/rng.ts'
import { type DdnConfig, ddnSchema, layersOf } from '../ddn/config.ts'
import { layoutOf, trainingStep } from '../ddn/program.ts'
import { compile, type RuntimeOptions } from '../runtime/index.ts'

/** The 17-layer net of the benchmarks: 32×32×1, blocks 1/2/2/4/4/4 at the sizes 1 … 32, the paper's block. */
export function referenceNet(K: number): DdnConfig {
  const stage = (grid: number, layers: number, width: number) => ({ grid, layers, width, K })
  return ddnSchema.parse({
    stages: [
      stage(1, 1, 64),
      stage(2, 2, 64),
      stage(4, 2, 64),
      stage(8, 4, 64),
      stage(16, 4, 32),
      stage(32, 4, 32),
    ],
  })
}

export interface StepBenchmark {
  K: number
  batch: number
  bits: number
  parameters: number
  /** Median over the steps. */
  imagesPerSecond: number
  millisecondsPerStep: number
  /** To write the graph and open it. */
  openSeconds: number
  /** Largest memory of the process so far, in MB; null in browsers. */
  peakMegabytes: number | null
}

/** Times training steps on random images. The first step is not counted. */
export async function benchStep(
  network: DdnConfig,
  { batch = 64, steps = 8, ...runtime }: RuntimeOptions & { batch?: number; steps?: number } = {},
): Promise<StepBenchmark> {
  const { size, channels } = network
  const layout = layoutOf(network)
  const began = performance.now()
  const program = trainingStep(network, layout, batch, {
    beta1: 0.9,
    beta2: 0.99,
    epsilon: 1e-8,
    clipNorm: 1,
  })
  const step = await compile(program, runtime)
  const openSeconds = (performance.now() - began) / 1000
  try {
    await step.write('parameters', layout.initialise(random(0, 'weights')))
    const rng = random(0, 'images')
    const images = Float32Array.from({ length: batch * channels * size * size }, () => 2 * rng.next() - 1)
    const L = layersOf(network).length
    const scalar = (value: number) => ({ data: Float32Array.of(value), shape: [] })
    const times: number[] = []
    for (let i = 0; i <= steps; i++) {
      const started = performance.now()
      await step.run({
        images: { data: images, shape: [batch, channels, size, size] },
        forced: { data: new BigInt64Array(batch * L).fill(-1n), shape: [batch, L] },
        rate: scalar(1e-3),
        epsilon: scalar(1e-8),
        averageDecay: scalar(0.99),
      })
      if (i > 0) times.push(performance.now() - started)
    }
    const median = times.sort((a, b) => a - b)[times.length >> 1]
    return {
      K: Math.max(...network.stages.map(stage => stage.K)),
      batch,
      bits: layersOf(network).reduce((sum, { K }) => sum + Math.log2(K), 0),
      parameters: layout.size,
      imagesPerSecond: Number(((1000 * batch) / median).toFixed(1)),
      millisecondsPerStep: Number(median.toFixed(1)),
      openSeconds: Number(openSeconds.toFixed(2)),
      peakMegabytes: peakMegabytes(),
    }
  } finally {
    await step.close()
  }
}

function peakMegabytes(): number | null {
  if (typeof process === 'undefined' || !process.resourceUsage) return null
  return Math.round(process.resourceUsage().maxRSS / 1000)
}
