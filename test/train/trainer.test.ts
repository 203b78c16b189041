/** The trainer: Split-and-Prune in the vectors, the schedule, evaluation of any number of images. */

import { expect, test } from 'vitest'
import { layoutOf } from '../../src/ddn/program.ts'
import { configOf } from '../../src/train/train.ts'
import { schedule, Trainer, VECTORS } from '../../src/train/trainer.ts'
import { discs, quick, tinyData, tinyModel } from './tiny.ts'

const make = (options: object = {}) =>
  Trainer.create(configOf(tinyModel, tinyData(), { ...quick, ...options }), tinyData().train, quick.runtime)

test("a split copies a node's weights, moments and averages over the pruned one's, exactly", async () => {
  const trainer = await make({ growth: { rule: 'paper', until: 1 } })
  let seen = 0
  for (let i = 0; i < 30; i++) {
    const { events } = await trainer.advance()
    const vectors = await trainer.vectors()
    for (const { layer, split, prune } of events) {
      const table = trainer.tables.find(({ layers }) => layers.includes(layer))!
      for (const name of VECTORS) {
        const rows = layoutOf(trainer.config.network).slice(vectors[name], table.name)
        const width = rows.length / table.K
        const row = (k: number) => rows.slice(k * width, (k + 1) * width)
        expect(split).not.toBe(prune)
        expect(row(prune), name).toEqual(row(split))
        seen++
      }
    }
  }
  expect(seen).toBeGreaterThan(4)
  await trainer.close()
})

test('no node is split after the share of the budget that growth has', async () => {
  const trainer = await make({ growth: { rule: 'paper', until: 0.25 } })
  const steps: number[] = []
  while (!trainer.done) {
    const { step, events } = await trainer.advance()
    if (events.length) steps.push(step)
  }
  expect(steps.length).toBeGreaterThan(0)
  expect(Math.max(...steps)).toBeLessThanOrEqual(10)
  await trainer.close()
})

test('the rate rises in a line, stays, and falls along a cosine', () => {
  const settings = { warmup: 10, decay: 0.5 }
  expect(schedule(1, 0, settings)).toBeCloseTo(0.1)
  expect(schedule(10, 0.1, settings)).toBe(1)
  expect(schedule(50, 0.5, settings)).toBe(1)
  expect(schedule(75, 0.75, settings)).toBeCloseTo(0.5)
  expect(schedule(100, 1, settings)).toBeCloseTo(0)
  expect(schedule(3, 0.9, { warmup: 0, decay: 0 })).toBe(1)
})

test('an evaluation counts every image once, whatever their number', async () => {
  const trainer = await make()
  await trainer.advance()
  const images = discs(130)
  const all = await trainer.evaluate(images)
  const first = await trainer.evaluate(images, 100)
  const rest = await trainer.evaluate({ ...images, count: 30, pixels: images.pixels.slice(100 * 64) })
  expect([all.count, first.count, rest.count]).toEqual([130, 100, 30])
  expect(all.mse).toBeCloseTo((100 * first.mse + 30 * rest.mse) / 130, 6)
  await trainer.close()
})

test('a state taken between two steps is that of the steps before it, though the next batch is prepared', async () => {
  const [first, second] = [await make(), await make()]
  for (let i = 0; i < 5; i++) await first.advance()
  const vectors = await first.vectors()
  await second.restore(JSON.parse(JSON.stringify(first.state())), {
    ...vectors,
    parameters: vectors.parameters.slice(),
  })
  const [a, b] = [await first.advance(), await second.advance()]
  expect({ ...b, seconds: 0 }).toEqual({ ...a, seconds: 0 })
  await first.close()
  await second.close()
})
