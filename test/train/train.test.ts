/** Training in memory, as a program and a page do it. */

import { expect, test } from 'vitest'
import { bitsOf } from '../../src/ddn/config.ts'
import { ddn } from '../../src/train/resolve.ts'
import { train } from '../../src/train/train.ts'
import { DivergenceError, type StepReport } from '../../src/train/trainer.ts'
import { quick, tinyData, tinyModel } from './tiny.ts'

test('a training lowers the error on images that it has not seen, and logs how', async () => {
  const reports: StepReport[] = []
  const untrained = await train(tinyModel, tinyData(), { ...quick, steps: 1, rate: 1e-12 })
  const run = await train(tinyModel, tinyData(), {
    ...quick,
    steps: 300,
    rate: 5e-3,
    onStep: report => reports.push(report),
  })
  expect(run.testMse!).toBeLessThan(0.8 * untrained.testMse!)
  expect(reports.map(({ step }) => step)).toEqual(Array.from({ length: 300 }, (_, i) => i + 1))
  expect(reports.at(-1)).toMatchObject({ images: 1200, progress: 1 })
  expect(run.step).toBe(300)
  expect(run.images).toBe(1200)
  expect(run.log[0]).toMatchObject({ type: 'start', step: 0, data: { name: 'discs', train: 60, test: 30 } })
  const evaluation = run.log.find(entry => entry.type === 'evaluation')
  expect(evaluation).toMatchObject({ step: 300, count: 30 })
  await run.close()
  await untrained.close()
})

test('the error reported is that of decoding the codes of the test images', async () => {
  const run = await train(tinyModel, tinyData(), quick)
  const { test: images } = tinyData()
  const originals = Float32Array.from(images.pixels, byte => byte / 127.5 - 1)
  const rebuilt = await run.reconstruct(originals)
  const mse = originals.reduce((sum, x, i) => sum + (x - rebuilt[i]) ** 2, 0) / originals.length
  // Sums in float32 in another order.
  expect(run.testMse!).toBeCloseTo(mse, 5)
  await run.close()
})

test('the same seed gives the same weights, bit for bit, and another seed others', async () => {
  const weights = async (seed: number) => {
    const run = await train(tinyModel, tinyData(), { ...quick, seed })
    await run.close()
    return run.model.weights
  }
  const [first, again, other] = [await weights(3), await weights(3), await weights(4)]
  expect(again).toEqual(first)
  expect(other).not.toEqual(first)
})

test('a network takes the channels of its data', async () => {
  const run = await train(tinyModel, Promise.resolve(tinyData(3)), { ...quick, steps: 2 })
  expect(run.config.network.channels).toBe(3)
  expect(await run.sample({ count: 2, seed: 1 })).toHaveLength(2 * 3 * 64)
  expect(bitsOf(run.config.network)).toBe(6)
  await run.close()
})

test('a training stops after the step at which it is asked to', async () => {
  const controller = new AbortController()
  const run = await train(tinyModel, tinyData(), {
    ...quick,
    signal: controller.signal,
    onStep: ({ step }) => {
      if (step === 7) controller.abort()
    },
  })
  expect(run.step).toBe(7)
  expect(run.progress).toBeCloseTo(7 / 40)
  expect(run.testMse).toBeNull()
  await run.close()
})

test('a loss that is no number ends the training with the layer that it came from', async () => {
  // A rate at which the first step throws the weights out of the range of float32.
  const error = await train(tinyModel, tinyData(), { ...quick, rate: 1e38, optimiser: { warmup: 0 } }).catch(
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(DivergenceError)
  expect((error as DivergenceError).message).toMatch(/^step \d+: the loss of layer \d is (NaN|Infinity)/)
})

test('images that do not fit the network are refused', async () => {
  const model = ddn({ size: 16, stages: [{ grid: 16, layers: 1, width: 8, K: 4 }] })
  await expect(train(model, tinyData(), quick)).rejects.toThrow(
    'the images are 1×8×8, the network’s'.replace('’', "'"),
  )
})
