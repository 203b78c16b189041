// Rules of Split-and-Prune side by side: the `tiny` network, the same steps and seed, only `growth` differs.
//   npx tsx bench/growth.ts [steps]

import { loadDataset } from '../src/data/load.ts'
import { presets } from '../src/ddn/presets.ts'
import type { ConfigInput } from '../src/train/families.ts'
import { resolveConfig } from '../src/train/resolve.ts'
import { Trainer } from '../src/train/trainer.ts'
import { nearestCounts } from './counts.ts'

const steps = Number(process.argv[2] ?? 600)
const rules: Record<string, ConfigInput<'ddn'>['growth']> = {
  none: { rule: 'none' },
  paper: { rule: 'paper' },
  reference: { rule: 'reference' },
  'decayed, half-life 20 K, one event': { rule: 'decayed', halfLife: 20, perStep: 1 },
  'decayed, half-life 5 K, four events (default)': { rule: 'decayed', halfLife: 5, perStep: 4 },
}
const data = await loadDataset('digits')
const { network, optimiser } = presets.tiny
console.log(
  `| rule (tiny, ${steps} steps) | events | entropy of use, bits (of log₂ K) | dead nodes | test MSE |`,
)
console.log('|---|---|---|---|---|')
for (const [name, growth] of Object.entries(rules)) {
  const config = resolveConfig({
    network: { ...network, model: 'ddn' },
    optimiser,
    growth,
    budget: { steps },
  })
  const trainer = await Trainer.create(config, data.train)
  let events = 0
  while (!trainer.done) events += (await trainer.advance()).copies.length
  const { mse } = (await trainer.evaluate(data.test)).metrics
  const { entropy, dead, nodes } = await use(trainer)
  const most = Math.log2(trainer.learner.layers[0].K)
  console.log(
    `| ${name} | ${events} | ${entropy.toFixed(2)} of ${most} | ${dead} of ${nodes} | ${mse.toFixed(4)} |`,
  )
  await trainer.close()
}

/** Use of the nodes on held-out images: mean entropy over the layers, and nodes that none of them chose. */
async function use(trainer: Trainer<'ddn'>) {
  const counts = await nearestCounts(trainer, data.test)
  const entropies = counts.map(layer => {
    const sum = layer.reduce((a, b) => a + b)
    return layer.reduce((h, c) => (c ? h - (c / sum) * Math.log2(c / sum) : h), 0)
  })
  return {
    entropy: entropies.reduce((a, b) => a + b) / entropies.length,
    dead: counts.flat().filter(c => c === 0).length,
    nodes: counts.flat().length,
  }
}
