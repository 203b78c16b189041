/** Every family as the trainer and the commands see it: presets that hold, metrics with names, an order in what is own. */

import { describe, expect, test } from 'vitest'
import type { Dataset } from '../../src/data/dataset.ts'
import { families, type ModelName, modelNames, trainSchema } from '../../src/train/families.ts'
import { testResults } from '../../src/train/metrics.ts'
import { model, presetOf, resolveConfig } from '../../src/train/resolve.ts'
import { overlaid } from '../../src/train/settings.ts'
import { Streams } from '../../src/train/streams.ts'
import { type TrainOptions, train } from '../../src/train/train.ts'
import { discs } from './tiny.ts'

/** The smallest network of each family. */
const smallest: { readonly [M in ModelName]: object } = {
  ddn: { size: 8, stages: [{ grid: 8, layers: 1, width: 8, K: 4 }] },
  classifier: { size: 8, widths: [8] },
  'text-image': { size: 8, widths: [8], depths: [0], embedding: 4, wordWidth: 4, textHidden: 4 },
}

/** Discs with labels and texts, so that any family can learn from them. */
function anything(): Dataset {
  const described = (seed: number) => {
    const images = discs(24, 3, 8, seed)
    const labels = Int32Array.from({ length: 24 }, (_, i) => i % 2)
    return { ...images, labels, texts: Array.from(labels, label => (label ? 'a disc' : 'one circle')) }
  }
  return {
    name: 'discs',
    channels: 3,
    size: 8,
    train: described(0),
    test: described(1),
    classes: ['a', 'b'],
    skipped: [],
  }
}

describe.each(modelNames)('the family %s', name => {
  const { presets, preset, essential, own, schema, metrics } = families[name]

  test('has presets that are whole configurations, and one of them for want of another', () => {
    expect(Object.keys(presets)).toContain(preset)
    expect(presetOf(name, undefined, {})).toBe(presets[preset])
    expect(presetOf(name, undefined, { [essential]: [] })).toBeNull()
    for (const one of Object.keys(presets)) {
      const { network, own: settings, ...rest } = model(name, { preset: one })
      const config = resolveConfig({ network, ...settings, ...rest })
      expect(config.network.model).toBe(name)
      expect(trainSchema.parse(config)).toEqual(config)
    }
  })

  test('names settings of its own that its schema has', () => {
    expect(Object.keys(schema.shape)).toEqual(expect.arrayContaining([...own, 'network']))
  })

  test('trains, is measured by its metrics, and gives a model to use', async () => {
    const options = { steps: 2, batch: 8, runtime: { threads: 1 } } as TrainOptions<typeof name>
    const run = await train(model(name, smallest[name] as never), anything(), options)
    expect(run.family).toBe(name)
    expect(Object.keys(run.metrics!)).toEqual(metrics.map(metric => metric.name))
    expect(run.model.weights).toHaveLength(run.model.layout.size)
    expect(run.about.text).not.toBe('')
    const steps = run.log.filter(entry => entry.type === 'step')
    expect(steps.map(({ step }) => step)).toEqual([1, 2])
    expect(steps.every(({ loss, norm }) => Number.isFinite(loss) && norm > 0)).toBe(true)
    await run.close()
  })
})

test('results are named after the metrics, and null before anything was measured', () => {
  const { metrics } = families.classifier
  expect(testResults(metrics, { accuracy: 0.5, crossEntropy: 1 })).toEqual({
    testAccuracy: 0.5,
    testCrossEntropy: 1,
  })
  expect(testResults(metrics, null)).toEqual({ testAccuracy: null, testCrossEntropy: null })
})

test('settings laid over each other: groups member by member, anything else whole', () => {
  expect(overlaid({ a: 1, b: 2 }, undefined, { b: 3 })).toEqual({ a: 1, b: 3 })
  expect(overlaid(0.1, undefined, 0.2)).toBe(0.2)
  expect(overlaid([1, 2], [3])).toEqual([3])
  expect(overlaid(undefined, { a: 1 }, undefined)).toEqual({ a: 1 })
  expect(overlaid()).toBeUndefined()
})

test('a purpose has one generator, which goes on where its state was taken', () => {
  const streams = new Streams(3)
  const first = streams.for('one')
  first.next()
  const state = JSON.parse(JSON.stringify(streams.state()))
  const expected = [first.next(), first.next()]
  expect(streams.for('one')).toBe(first)
  const other = new Streams(3)
  // Begun after the state was taken: begins anew.
  const begun = other.for('two').next()
  other.restore(state)
  expect([other.for('one').next(), other.for('one').next()]).toEqual(expected)
  expect(other.for('two').next()).toBe(begun)
})
