// Training through the library's own entry for browsers, wherever it runs.

import { type RuntimeOptions, train } from '../../src/browser.ts'
import { tinyData, tinyModel } from '../train/tiny.ts'
import { equal, truthy } from './checks.ts'

/** Trains a small network in memory; it must learn, and its codes must mean what they say. */
export async function trainsNetwork(options: RuntimeOptions): Promise<void> {
  // A GPU in software takes half a second a step.
  const steps = options.device === 'webgpu' ? 40 : 150
  const seen: number[] = []
  const run = await train(tinyModel, tinyData(), {
    steps,
    batch: 4,
    rate: 5e-3,
    seed: 1,
    optimiser: { warmup: 5 },
    runtime: options,
    onStep: ({ loss }) => seen.push(loss),
  })
  truthy(seen.length === steps, `${seen.length} steps`)
  const [first, last] = [seen.slice(0, 10), seen.slice(-10)].map(
    losses => losses.reduce((a, b) => a + b) / 10,
  )
  truthy(last < 0.9 * first, `the loss went from ${first} to ${last}`)
  const codes = run.model.draw({ count: 3, seed: 7 })
  const images = await run.sample({ count: 3, seed: 7 })
  equal(images, await run.decode(codes))
  equal(await run.reconstruct(images), await run.decode(await run.encode(images)))
  await run.close()
}
