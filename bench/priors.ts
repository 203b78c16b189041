// Bits that priors take for the codes of images they were not made of, layer by layer, and their time.
//   npx tsx bench/priors.ts [RUN] [minutes of training] [test images]
// RUN: a run's folder, a model's file, or the name of one that comes with the package.

import { type CountsFit, countsPrior, fitCounts } from '../src/codes/counts.ts'
import { fitMarkov, markovPrior } from '../src/codes/markov.ts'
import { mixedPrior } from '../src/codes/mixture.ts'
import { bitsOfPaths, type Prior, uniformPrior } from '../src/codes/prior.ts'
import { transformerPrior } from '../src/codes/transformer.ts'
import { trainTransformer } from '../src/codes/transformer-training.ts'
import { codedData } from '../src/train/coded-data.ts'
import { openRun } from '../src/train/run.ts'

const [name = 'digits', minutes = '3', most = '2000'] = process.argv.slice(2)
const run = await openRun(name)
const { K, train, test } = await codedData(run, { onNote: note => console.error(note) })
await run.close()
const L = K.length
const held = test.subarray(0, Number(most) * L)
const count = held.length / L
console.log(`${name}: ${train.length / L} training paths, bits of ${count} test paths of ${L} codes`)
console.log(`prior         bits an image  ms an image${K.map((_, l) => `layer ${l}`.padStart(9)).join('')}`)

function row(prior: Prior, title = prior.name) {
  const started = performance.now()
  const { images, layers } = bitsOfPaths(prior, held)
  const each = (performance.now() - started) / count
  const bits = images.reduce((a, b) => a + b, 0) / count
  const byLayer = Array.from(layers, sum => (sum / count).toFixed(2).padStart(9)).join('')
  console.log(
    `${title.padEnd(12)} ${bits.toFixed(2).padStart(14)}  ${each.toFixed(2).padStart(11)}${byLayer}`,
  )
}

function fitted(title: string, make: () => CountsFit): CountsFit {
  const started = performance.now()
  const found = make()
  console.error(`${title} fitted in ${((performance.now() - started) / 1000).toFixed(1)} s`)
  return found
}

row(uniformPrior(K), 'even')
row(
  countsPrior(
    K,
    train,
    fitted('marginals', () => fitCounts(K, train, { longest: 0 })),
  ),
  'marginals',
)
row(
  markovPrior(
    K,
    train,
    fitted('markov', () => fitMarkov(K, train)),
  ),
)
const counts = countsPrior(
  K,
  train,
  fitted('counts', () => fitCounts(K, train)),
)
row(counts)

const { config, weights, bits, step, shares } = await trainTransformer(K, train, {
  minutes: Number(minutes),
  onStep({ step, seconds, bits, heldOutBits }) {
    if (heldOutBits !== undefined)
      console.error(
        `step ${step}, ${seconds.toFixed(0)} s: ${bits.toFixed(2)} bits, held out ${heldOutBits.toFixed(2)}`,
      )
  },
})
console.error(`best after step ${step}: ${bits.toFixed(2)} bits held out, ${weights.length} weights`)
const transformer = transformerPrior(config, weights)
row(transformer)
row(mixedPrior([transformer, counts], shares), 'with counts')
console.log(`share of the transformer in the last: ${shares.map(([own]) => own.toFixed(2)).join(' ')}`)
