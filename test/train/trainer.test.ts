/** The trainer: Split-and-Prune in the vectors, the schedule, evaluation of any number of images. */

import { expect, test } from 'vitest'
import { subset } from '../../src/data/dataset.ts'
import { random } from '../../src/data/rng.ts'
import { layoutOf } from '../../src/ddn/program.ts'
import { imagesOf } from '../../src/train/config.ts'
import { configOf } from '../../src/train/train.ts'
import { schedule, Trainer, VECTORS } from '../../src/train/trainer.ts'
import { discs, quick, tinyData, tinyModel } from './tiny.ts'

const make = (options: object = {}) =>
  Trainer.create(configOf(tinyModel, tinyData(), { ...quick, ...options }), tinyData().train, quick.runtime)

test("a split copies a node's weights, moments and averages over the pruned one's, exactly", async () => {
  const trainer = await make({ growth: { rule: 'paper', until: 1 } })
  let seen = 0
  for (let i = 0; i < 30; i++) {
    const { copies } = await trainer.advance()
    const vectors = await trainer.vectors()
    for (const { parameter, from, to } of copies) {
      const table = trainer.learner.tables.find(({ name }) => name === parameter)!
      for (const name of VECTORS) {
        const rows = layoutOf(trainer.config.network).slice(vectors[name], parameter)
        const width = rows.length / table.K
        const row = (k: number) => rows.slice(k * width, (k + 1) * width)
        expect(from).not.toBe(to)
        expect(row(to), name).toEqual(row(from))
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
    const { step, copies } = await trainer.advance()
    if (copies.length) steps.push(step)
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
  expect(all.metrics.mse).toBeCloseTo((100 * first.metrics.mse + 30 * rest.metrics.mse) / 130, 6)
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

test('a training takes the steps that it has always taken: losses, gradients and splits of the first four', async () => {
  const trainer = await make({ growth: { rule: 'paper', until: 1, chainDropout: 0.5 } })
  // Noted down before trainers knew of families. Other kernels round otherwise, and four steps hardly amplify that.
  const noted = [
    { losses: [2.327416, 2.331945, 2.650369], norm: 7.775297, copies: ['1>0', '3>0', '2>0'] },
    { losses: [0.583815, 0.727234, 0.89868], norm: 2.401882, copies: ['0>2', '0>1', '0>1'] },
    { losses: [0.007389, 0.305234, 0.319766], norm: 0.336516, copies: ['0>3', '2>3'] },
    { losses: [0.034393, 0.405551, 0.440195], norm: 0.476138, copies: [] },
  ]
  for (const { losses, norm, copies } of noted) {
    const report = await trainer.advance()
    losses.forEach((loss, layer) => {
      expect(report.losses[layer]).toBeCloseTo(loss, 4)
    })
    expect(report.norm).toBeCloseTo(norm, 3)
    expect(report.copies.map(({ from, to }) => `${from}>${to}`)).toEqual(copies)
  }
  await trainer.close()
})

test('the halves are of about the same size, share no image, and do not follow the order', () => {
  const [even, odd] = [imagesOf('even', 10_000), imagesOf('odd', 10_000)]
  expect([...even, ...odd].sort((a, b) => a - b)).toEqual([...imagesOf('all', 10_000)])
  // Standard deviations of a fair coin: 50 of 10,000, and 35 of 5,000.
  expect(Math.abs(even.length - 5000)).toBeLessThan(200)
  expect(Math.abs(even.filter(i => i % 2 === 0).length - even.length / 2)).toBeLessThan(150)
})

test('a half is trained on alone', async () => {
  const { train } = tinyData()
  for (const part of ['even', 'odd'] as const) {
    const half = subset(train, imagesOf(part, train.count))
    const [trainer, alone] = [
      await make({ part }),
      await Trainer.create(configOf(tinyModel, tinyData(), quick), half, quick.runtime),
    ]
    expect(trainer.imageCount).toBe(half.count)
    for (let i = 0; i < 3; i++) expect((await trainer.advance()).loss).toBe((await alone.advance()).loss)
    await trainer.close()
    await alone.close()
  }
})

test('rate, chain dropout and splitting can be changed between steps', async () => {
  const trainer = await make({ growth: { rule: 'paper', until: 1, chainDropout: 0 } })
  const { optimiser, growth } = trainer.config
  const drawn = () => {
    const { forced } = trainer.learner.feeds(tinyData().train, Int32Array.of(0), () => random(0, 'test'))
    return (forced.data as BigInt64Array).some(index => index >= 0n)
  }
  await trainer.advance()
  expect(drawn()).toBe(false)

  optimiser.rate = 0
  growth.chainDropout = 1
  growth.until = 0
  const before = (await trainer.vectors()).parameters.slice()
  for (let i = 0; i < 10; i++) {
    const { rate, copies } = await trainer.advance()
    expect([rate, copies]).toEqual([0, []])
  }
  expect((await trainer.vectors()).parameters).toEqual(before)
  expect(drawn()).toBe(true)

  optimiser.rate = 1e-3
  growth.until = 1
  let copies = 0
  for (let i = 0; i < 20; i++) copies += (await trainer.advance()).copies.length
  expect(copies).toBeGreaterThan(0)
  expect((await trainer.vectors()).parameters).not.toEqual(before)
  await trainer.close()
})
