/** Conditional networks in training: what they are fed, that they learn, and that a resumed one is the same. */

import { expect, test } from 'vitest'
import type { Dataset } from '../../src/data/dataset.ts'
import { EDGE_THRESHOLD } from '../../src/ddn/condition.ts'
import { DdnModel } from '../../src/ddn/model.ts'
import { ddn } from '../../src/train/resolve.ts'
import { Streams } from '../../src/train/streams.ts'
import { configOf } from '../../src/train/train.ts'
import { Trainer } from '../../src/train/trainer.ts'
import { quick, tinyData } from './tiny.ts'

const conditions = {
  class: { kind: 'class', classes: 3 },
  grey: { kind: 'grey' },
  edges: { kind: 'edges' },
  'low-res': { kind: 'low-res', size: 2 },
} as const

function labelled(): Dataset {
  const data = tinyData(3)
  const labels = (count: number) => Int32Array.from({ length: count }, (_, i) => i % 3)
  return {
    ...data,
    train: { ...data.train, labels: labels(data.train.count) },
    test: { ...data.test, labels: labels(data.test.count) },
  }
}

const make = (kind: keyof typeof conditions) => {
  const model = ddn({
    size: 8,
    condition: conditions[kind],
    stages: [
      { grid: 2, layers: 1, width: 8, K: 4 },
      { grid: 4, patch: 2, layers: 2, width: 8, K: 4 },
    ],
  })
  return Trainer.create(configOf(model, labelled(), quick), labelled().train, quick.runtime)
}

for (const kind of Object.keys(conditions) as (keyof typeof conditions)[])
  test(`a network that is told ${kind} trains, is measured as its codes are decoded, and resumes exactly`, async () => {
    const [first, second] = [await make(kind), await make(kind)]
    for (let i = 0; i < 5; i++) await first.advance()
    const vectors = await first.vectors()
    const model = await DdnModel.open(first.config.network, vectors.average.slice(), quick.runtime)
    const { test: images } = labelled()
    const originals = Float32Array.from(images.pixels, byte => byte / 127.5 - 1)
    const condition = kind === 'class' ? { labels: images.labels! } : { images: originals }
    const rebuilt = await model.reconstruct(originals, { condition })
    const mse = originals.reduce((sum, x, i) => sum + (x - rebuilt[i]) ** 2, 0) / originals.length
    // Sums in float32 in another order.
    expect((await first.evaluate(images)).metrics.mse).toBeCloseTo(mse, 5)
    await model.close()
    await second.restore(JSON.parse(JSON.stringify(first.state())), {
      ...vectors,
      parameters: vectors.parameters.slice(),
    })
    const [a, b] = [await first.advance(), await second.advance()]
    expect({ ...b, seconds: 0 }).toEqual({ ...a, seconds: 0 })
    await first.close()
    await second.close()
  })

test('channels are mixed with weights of sum 1, edges found by thresholds around the usual one', async () => {
  const { train } = labelled()
  const indices = Int32Array.from({ length: 60 }, (_, i) => i)
  const [grey, edges] = [await make('grey'), await make('edges')]
  const { mixing } = grey.learner.feeds(train, indices, new Streams(0).for)
  for (let i = 0; i < 60; i++) {
    const weights = Array.from({ length: 3 }, (_, c) => Number(mixing.data[3 * i + c]))
    expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 6)
    expect(Math.min(...weights)).toBeGreaterThanOrEqual(0)
  }
  const { threshold } = edges.learner.feeds(train, indices, new Streams(0).for)
  const values = Array.from(threshold.data as Float32Array)
  expect(Math.min(...values)).toBeGreaterThanOrEqual(EDGE_THRESHOLD / 2)
  expect(Math.max(...values)).toBeLessThanOrEqual(2 * EDGE_THRESHOLD)
  expect(values.filter(value => value < EDGE_THRESHOLD).length).toBeGreaterThan(15)
  await grey.close()
  await edges.close()
})

test('a class condition needs labels, and as many classes', () => {
  const model = (classes: number) =>
    ddn({
      size: 8,
      condition: { kind: 'class', classes },
      stages: [{ grid: 8, layers: 1, width: 8, K: 4 }],
    })
  expect(() => configOf(model(3), tinyData(), quick)).toThrow(
    'the images have no labels, which a class condition',
  )
  expect(() => configOf(model(2), labelled(), quick)).toThrow('there are labels up to 2, but only 2 classes')
})
