// What a condition in training gains, at equal steps, over a guide on a network that was never told of it.
//   npx tsx bench/conditions.ts class|low-res|edges|grey CONDITIONAL-RUN UNCONDITIONAL-RUN [count] [RUN-OF-A-CLASSIFIER that judges classes]

import { type Images, toFloat } from '../src/data/dataset.ts'
import { loadDataset } from '../src/data/load.ts'
import { findModel } from '../src/data/shipped.ts'
import { reconstructionOf } from '../src/eval/reconstruction.ts'
import { toldOf } from '../src/eval/told.ts'
import {
  type BlackBoxGuide,
  classGuide,
  colourise,
  edges,
  edit,
  type LinearGuide,
  measured,
  openJudge,
  superResolve,
} from '../src/guides/index.ts'
import { fileReader } from '../src/guides/judge-files.ts'
import { openRun } from '../src/train/run.ts'

const [kind, told, untold, most = '200', referee] = process.argv.slice(2)
const [conditional, free] = [await openRun(told), await openRun(untold)]
const { size, channels } = conditional.config.network
const data: Images = (await loadDataset(conditional.config.data, { size, channels })).test
const count = Math.min(Number(most), data.count)
const indices = Int32Array.from({ length: count }, (_, i) => i)
const images = toFloat(data, indices)
const pictures = { images, channels, size }
const judge = kind === 'class' ? await openJudge(await findModel('classifier.json'), fileReader()) : null

const guide: LinearGuide | BlackBoxGuide =
  kind === 'class'
    ? classGuide(judge!, Array.from(data.labels!.subarray(0, count)))
    : kind === 'low-res'
      ? superResolve(pictures, 2)
      : kind === 'edges'
        ? edges(pictures)
        : colourise(pictures)

/** The mean of the guide's errors of images that came about in some other way. */
async function errorOf(results: Float32Array): Promise<number> {
  const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length
  if (guide.kind === 'linear') {
    const found = measured(guide.measurement, { images: results, channels, size })
    return mean(found.map((value, i) => (value - guide.wanted[i]) ** 2))
  }
  const layer = conditional.model.layers[conditional.model.layers.length - 1]
  const seen = { images: results, shape: [count, 1, channels, size, size], results: indices, layer } as const
  return mean(await guide.error!(seen))
}

const mse = (a: Float32Array) => a.reduce((sum, value, i) => sum + (value - images[i]) ** 2, 0) / a.length
const show = (value: number) => value.toPrecision(3)

const condition = toldOf(conditional.model, data, indices)
const drawn = await conditional.model.sample({ count, seed: 0, ...condition })
const both = await edit(conditional.model, { guide, count, candidates: 64, ...condition })
const guided = await edit(free.model, { guide, count, candidates: 64 })
const all = guide.kind === 'linear' ? await edit(free.model, { guide, count }) : null
const random = await free.model.sample({ count, seed: 0 })
console.log(`| ${kind}, ${count} test images | guide error | MSE to the true image |\n|---|---|---|`)
const row = async (name: string, results: Float32Array) =>
  console.log(`| ${name} | ${show(await errorOf(results))} | ${show(mse(results))} |`)
await row('untold, unguided', random.images)
await row('untold, guided, 64 candidates', guided.images)
if (all) await row('untold, guided, all candidates', all.images)
await row('told, unguided', drawn.images)
await row('told and guided, 64 candidates', both.images)
for (const [name, run] of [
  ['told', conditional],
  ['untold', free],
] as const)
  console.log(
    `reconstruction, ${name}: test MSE ${show((await reconstructionOf(run.model, data, count)).mse)} after ${run.step} steps`,
  )
if (kind === 'class' && referee) {
  const classifier = await openRun(referee, { model: 'classifier' })
  const labels = Array.from({ length: 500 }, (_, i) => i % 10)
  const { images } = await conditional.model.sample({ count: 500, seed: 0, condition: { labels } })
  const p = await classifier.model.classify(images)
  const rows = labels.map((label, i) => ({ row: p.subarray(10 * i, 10 * i + 10), label }))
  const right = rows.filter(({ row, label }) => row[label] === Math.max(...row)).length / 500
  const confidence = rows.reduce((sum, { row, label }) => sum + row[label] / 500, 0)
  console.log(`told, unguided, judged by ${referee}: ${show(right)} right, confidence ${show(confidence)}`)
  await classifier.close()
}
if (guide.kind === 'black-box') await guide.close?.()
await judge?.close()
await conditional.close()
await free.close()
