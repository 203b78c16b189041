// Times the training step of the 17-layer reference net: images per second, median of the steps. KLIST=64,512

import { random } from '../src/data/rng.ts'
import { bitsOf, layersOf } from '../src/ddn/config.ts'
import { layoutOf, trainingStep } from '../src/ddn/program.ts'
import { compile, writeProgram } from '../src/runtime/index.ts'
import { reference17 } from './nets.ts'
import { resource } from './resource.ts'

const batch = Number(process.env.N ?? 64)
const steps = Number(process.env.STEPS ?? 8)
for (const K of (process.env.K ?? '64').split(',').map(Number)) {
  const config = reference17(K)
  const layout = layoutOf(config)
  const program = trainingStep(config, layout, batch, {
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    clipNorm: 1,
  })
  const opened = performance.now()
  const step = await compile(program, { threads: 2 })
  const open = performance.now() - opened
  await step.write('parameters', layout.initialise(random(0, 'init')))
  const images = Float32Array.from({ length: batch * 1024 }, () => Math.random() * 2 - 1)
  const L = layersOf(config).length
  const scalar = (x: number) => ({ data: new Float32Array([x]), shape: [] })
  const times: number[] = []
  let losses: unknown
  for (let i = 0; i < steps; i++) {
    const t = performance.now()
    const out = await step.run({
      images: { data: images, shape: [batch, 1, 32, 32] },
      forced: { data: new BigInt64Array(batch * L).fill(-1n), shape: [batch, L] },
      rate: scalar(1e-3),
      epsilon: scalar(1e-8),
      averageDecay: scalar(0.999),
    })
    times.push(performance.now() - t)
    losses = out.losses
  }
  const sorted = times.slice(1).sort((a, b) => a - b)
  const median = sorted[sorted.length >> 1]
  console.log(
    `K ${K} bits ${bitsOf(config)} params ${layout.size} model ${(writeProgram(program).length / 1e3) | 0} kB open ${open | 0} ms; median ${median.toFixed(0)} min ${sorted[0].toFixed(0)} ms, ${((batch / median) * 1e3).toFixed(1)} images/s; rss ${resource()} MB`,
    String(losses).slice(0, 80),
  )
  await step.close()
}
