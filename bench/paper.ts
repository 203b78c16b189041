// The paper's own networks: parameters, latent length, and one real training step at a small batch.
//   npx tsx bench/paper.ts [preset …]

import type { Images } from '../src/data/dataset.ts'
import { random } from '../src/data/rng.ts'
import { bitsOf, layersOf } from '../src/ddn/config.ts'
import { presets } from '../src/ddn/presets.ts'
import { layoutOf } from '../src/ddn/program.ts'
import { resolveConfig } from '../src/train/resolve.ts'
import { Trainer } from '../src/train/trainer.ts'

const published = { 'cifar10-paper': 76.29e6, 'ffhq64-paper': 109.38e6, 'mnist-recurrent-paper': 3.15e6 }
const asked = process.argv.slice(2)
for (const [name, parameters] of Object.entries(published)) {
  if (asked.length && !asked.includes(name)) continue
  const { network } = presets[name as keyof typeof published]
  const config = resolveConfig({
    network: { ...network, model: 'ddn' },
    optimiser: { batch: 2 },
    budget: { steps: 1 },
  })
  const { size, channels } = config.network
  const { size: count } = layoutOf(config.network)
  const rng = random(0, 'paper')
  const pixels = Uint8Array.from({ length: 2 * channels * size * size }, () => rng.int(256))
  const images: Images = { count: 2, channels, size, pixels }
  const opened = performance.now()
  const trainer = await Trainer.create(config, images)
  const ready = performance.now()
  const { loss, norm } = await trainer.advance()
  const seconds = (performance.now() - ready) / 1000
  console.log(
    `${name}: ${(count / 1e6).toFixed(2)} M parameters (published ${(parameters / 1e6).toFixed(2)} M, ` +
      `${((count / parameters - 1) * 100).toFixed(2)} %), latent ${layersOf(config.network).length} indices, ` +
      `${bitsOf(config.network)} bits; opened in ${((ready - opened) / 1000).toFixed(1)} s, ` +
      `one step of 2 images ${seconds.toFixed(1)} s, loss ${loss.toFixed(3)}, gradient ${norm.toFixed(2)}, ` +
      `peak memory ${(process.resourceUsage().maxRSS / 1e6).toFixed(1)} GB`,
  )
  await trainer.close()
}
