// What a text-image model finds, against chance and raw pixels, on things and on drawings that it was not trained on.
//   npx tsx bench/text-image.ts RUN

import { type Images, toFloat } from '../src/data/dataset.ts'
import { loadDataset } from '../src/data/load.ts'
import { holdOutDrawings, textsOf } from '../src/families/text-image/captions.ts'
import {
  chanceRecall,
  innerProduct,
  nearness,
  type Retrieval,
  recall,
} from '../src/families/text-image/retrieval.ts'
import { openRun } from '../src/train/run.ts'

const [folder] = process.argv.slice(2)
if (!folder) throw new Error('give the folder of a run: npx tsx bench/text-image.ts RUN')
const run = await openRun(folder, { model: 'text-image' })
const { model, config } = run
const { embedding, channels, size } = config.network
const pixelCount = channels * size * size
const { train, test } = await loadDataset(config.data, { size, channels })
const ks = [1, 5, 10]

/** Pictures with their things, pixels and vectors. */
async function picturesOf(images: Images, indices: readonly number[]) {
  const pixels = toFloat(images, indices)
  const things = indices.map(i => textsOf(images)[i])
  return { things, pixels, vectors: await model.embedImages(pixels), count: indices.length }
}
type Pictures = Awaited<ReturnType<typeof picturesOf>>

const unique = (things: readonly string[]) => [...new Set(things)]
/** What a thing is called: its most particular text, or all of them. */
const wordings = {
  'its name': (thing: string) => thing.split('\n')[0],
  'all its texts': (thing: string) => thing.replaceAll('\n', ' '),
}

const percent = (shares: readonly number[]) => shares.map(share => (100 * share).toFixed(1)).join(' / ')

function row(name: string, retrieval: Retrieval, pixels?: Retrieval['score']) {
  const chance = chanceRecall(retrieval, ks)
  const raw = pixels ? percent(recall({ ...retrieval, score: pixels }, ks)) : '–'
  const { queries, gallery } = retrieval
  console.log(
    `| ${name} | ${queries.length} | ${gallery.length} | ${percent(recall(retrieval, ks))} | ${raw} | ${percent(chance)} |`,
  )
}

async function textRows(
  queries: Pictures,
  pictures: Pictures,
  things: readonly string[],
  pixels?: Retrieval['score'],
) {
  for (const [wording, say] of Object.entries(wordings)) {
    const asked = unique(queries.things)
    row(`a picture by ${wording}`, {
      queries: asked,
      gallery: pictures.things,
      score: innerProduct(await model.embedTexts(asked.map(say)), pictures.vectors, embedding),
    })
    const texts = await model.embedTexts(things.map(say))
    const score = innerProduct(queries.vectors, texts, embedding)
    row(`${wording} by a picture`, { queries: queries.things, gallery: things, score }, pixels)
  }
}

function pictureRow(queries: Pictures, gallery: Pictures) {
  row(
    'a drawing by another',
    {
      queries: queries.things,
      gallery: gallery.things,
      score: innerProduct(queries.vectors, gallery.vectors, embedding),
    },
    nearness(queries.pixels, gallery.pixels, pixelCount),
  )
}

/** A thing is as near as its nearest picture. */
function nearestOf(queries: Pictures, pictures: Pictures, things: readonly string[]): Retrieval['score'] {
  const score = nearness(queries.pixels, pictures.pixels, pixelCount)
  const numbers = new Map(things.map((thing, i) => [thing, i]))
  const ofQuery = queries.things.map((_, query) => {
    const best = new Float64Array(things.length).fill(-Infinity)
    for (const [i, thing] of pictures.things.entries()) {
      const t = numbers.get(thing)!
      best[t] = Math.max(best[t], score(query, i))
    }
    return best
  })
  return (query, thing) => ofQuery[query][thing]
}

console.log('Recall at 1 / 5 / 10 in percent.\n')
console.log('| looked for | queries | among | embeddings | raw pixels | chance |')
console.log('|---|---|---|---|---|---|')

console.log('| **things that were not trained on** | | | | | |')
const unseen = await picturesOf(
  test,
  Array.from({ length: test.count }, (_, i) => i),
)
await textRows(unseen, unseen, unique(unseen.things))
const isFirst = unseen.things.map((thing, i) => unseen.things.indexOf(thing) === i)
const several = (first: boolean) =>
  isFirst.flatMap((is, i) =>
    is === first && unseen.things.lastIndexOf(unseen.things[i]) !== unseen.things.indexOf(unseen.things[i])
      ? i
      : [],
  )
pictureRow(await picturesOf(test, several(true)), await picturesOf(test, several(false)))

console.log('| **drawings that were not trained on, of known things** | | | | | |')
const { kept, heldOut } = holdOutDrawings(textsOf(train), config.heldOut)
const known = await picturesOf(train, kept)
const others = await picturesOf(train, heldOut)
// One drawing of every known thing, the unseen one where there is one.
const shown = new Map([...kept, ...heldOut].map(i => [textsOf(train)[i], i]))
const things = unique(textsOf(train))
await textRows(others, await picturesOf(train, [...shown.values()]), things, nearestOf(others, known, things))
pictureRow(others, known)

const sizes = (part: string) =>
  model.layout.specs
    .filter(({ name }) => name.startsWith(part))
    .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
console.log(
  `\nParameters: image encoder ${sizes('image.')}, text encoder ${sizes('text.')}; ${run.step} steps, ${(run.seconds / 60).toFixed(1)} minutes.`,
)
await run.close()
