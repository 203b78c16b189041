/** The trained models that come with the package: small, whole, and as good as they are said to be. */

import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { toFloat } from '../src/data/dataset.ts'
import { loadDigits } from '../src/data/digits.ts'
import { loadEmoji } from '../src/data/emoji.ts'
import { findModel, modelsFolder } from '../src/data/shipped.ts'
import { reconstructionOf } from '../src/eval/reconstruction.ts'
import { classGuide, edit, openJudge, textGuide } from '../src/guides/index.ts'
import { fileReader } from '../src/guides/judge-files.ts'
import { openRun } from '../src/train/run.ts'

const first = (count: number) => Int32Array.from({ length: count }, (_, i) => i)

test('none is larger than 5 MB', async () => {
  for (const name of await readdir(modelsFolder()))
    expect((await stat(join(modelsFolder(), name))).size, name).toBeLessThan(5e6)
})

// The figures of models/README.md are on all test images; a few hundred stray from them by a few percent.
test('digits keeps test digits', async () => {
  const run = await openRun('digits')
  const { test } = await loadDigits({ limit: 200 })
  const { mse, bits } = await reconstructionOf(run.model, test, 200)
  expect(mse).toBeLessThan(0.0135)
  expect(bits).toBe(126)
  await run.close()
})

test('emoji keeps emoji of unseen code points', async () => {
  const run = await openRun('emoji')
  const { test } = await loadEmoji({ limit: 100 })
  expect((await reconstructionOf(run.model, test, 100)).mse).toBeLessThan(0.07)
  await run.close()
})

test('the classifier knows digits, and steers a network that was never told of them', async () => {
  const judge = await openJudge(await findModel('classifier.json'), fileReader())
  const { test } = await loadDigits({ limit: 300 })
  const guide = classGuide(judge, Array.from(test.labels!.subarray(0, 300)))
  const seen = toFloat(test, first(300))
  const layer = { index: 0, first: true, size: 32, grid: 32, patch: 1, layers: 1, width: 1, K: 2 }
  const errors = await guide.error!({ images: seen, shape: [300, 1, 1, 32, 32], results: first(300), layer })
  expect(Array.from(errors).filter(error => error > 0.5).length).toBeLessThanOrEqual(5)
  const run = await openRun('digits')
  const edited = await edit(run.model, { guide: classGuide(judge, 7), count: 3, candidates: 32 })
  for (const error of edited.errors) expect(error).toBeLessThan(0.1)
  await judge.close()
  await run.close()
})

test('the text-image judge tells a heart from a dog', async () => {
  const judge = await openJudge(await findModel('text-image.json'), fileReader())
  const { train } = await loadEmoji()
  const picture = (name: string) => toFloat(train, [train.names!.indexOf(name)])
  const layer = { index: 0, first: true, size: 32, grid: 32, patch: 1, layers: 1, width: 1, K: 2 }
  for (const [text, right, wrong] of [
    ['red heart', 'google/heart', 'google/dog'],
    ['dog face', 'google/dog', 'google/heart'],
  ]) {
    const guide = await textGuide(judge, text)
    const images = new Float32Array(2 * 3 * 1024)
    images.set(picture(right))
    images.set(picture(wrong), 3 * 1024)
    const scores = await guide.score({ images, shape: [1, 2, 3, 32, 32], results: first(1), layer })
    expect(scores[0]).toBeGreaterThan(scores[1])
  }
  await judge.close()
})
