// How much better samples are when codes come from a prior: Fréchet distance, precision and recall in the features of a
// classifier, against held-out images.
//   npx tsx bench/samples.ts [RUN] [images of each set] [judge of features] [channels]

import { drawCodes } from '../src/codes/prior.ts'
import { toFloat } from '../src/data/dataset.ts'
import { loadDataset } from '../src/data/load.ts'
import { permutation, random } from '../src/data/rng.ts'
import { openFeatures } from '../src/eval/features.ts'
import { frechetDistance, Moments } from '../src/eval/frechet.ts'
import { precisionRecall } from '../src/eval/precision-recall.ts'
import { type PriorName, priorOf } from '../src/train/priors.ts'
import { openRun } from '../src/train/run.ts'

const [name = 'digits', most = '5000', judge = 'classifier.json'] = process.argv.slice(2)
const run = await openRun(name)
const { size, channels } = run.config.network
const data = await loadDataset(run.config.data, { size, channels })
const network = await openFeatures(judge)
// The test images in two halves at random: one is the reference, the other shows how near real images come to it.
const order = permutation(data.test.count, random(0, 'halves'))
const count = Math.min(Number(most), data.test.count >> 1)
/** Channels of the features, whose positions are averaged, as the Fréchet Inception Distance does. */
const D = Number(process.argv[5] ?? 64)
async function featuresOf(images: Float32Array): Promise<Float32Array> {
  const all = await network.of(images, [channels, size, size])
  const positions = network.dimension / D
  const pooled = new Float32Array(all.length / positions)
  for (let i = 0; i < all.length; i++) pooled[Math.floor(i / positions)] += all[i] / positions
  return pooled
}
const reference = await featuresOf(toFloat(data.test, order.subarray(0, count)))
const wanted = Moments.of(reference, D)

console.log(
  `${count} images each, ${D} channels of ${network.tensor} in ${judge}, reference: ${run.config.data}, test, one half`,
)
console.log('images                      Fréchet  precision  recall')
async function row(title: string, images: Float32Array) {
  const features = await featuresOf(images)
  const { precision, recall } = await precisionRecall(reference, features, D)
  const distance = frechetDistance(wanted, Moments.of(features, D))
  console.log(
    `${title.padEnd(26)} ${distance.toPrecision(3).padStart(8)}  ${precision.toFixed(3).padStart(9)}  ${recall.toFixed(3).padStart(6)}`,
  )
}

const rest = toFloat(data.test, order.subarray(count, 2 * count))
await row('the other half of the test', rest)
await row('… as the codes keep them', await run.reconstruct(rest))
const draws: [PriorName, number][] = [
  ['none', 1],
  ['counts', 1],
  ['markov', 1],
  ['transformer', 1],
  ['transformer', 0.9],
  ['transformer', 0.8],
  ['transformer', 0.7],
]
for (const [prior, temperature] of draws) {
  const codes = drawCodes((await priorOf(run, prior)).prior, { count, seed: 0, temperature })
  await row(`${prior}${temperature === 1 ? '' : `, temperature ${temperature}`}`, await run.decode(codes))
}
await run.close()
await network.close()
