/** A watched training: what it shows against the model itself, what may change, and a run as one file. */

import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { toFloat } from '../../src/data/dataset.ts'
import { random } from '../../src/data/rng.ts'
import { DdnModel } from '../../src/ddn/model.ts'
import { readRun, writeRun } from '../../src/studio/workers/grow-file.ts'
import { adjust, continuedConfig, freshConfig, settingsOf } from '../../src/studio/workers/grow-network.ts'
import { DRAWN, GrowSession, REBUILT } from '../../src/studio/workers/grow-session.ts'
import { loadModel, openModelFile } from '../../src/train/model-file.ts'
import { writeSafetensors } from '../../src/train/safetensors.ts'
import { configOf } from '../../src/train/train.ts'
import { DivergenceError } from '../../src/train/trainer.ts'
import { modelFile } from '../../src/train/weights.ts'
import { tinyData, tinyModel } from '../train/tiny.ts'

const runtime = { threads: 1 }
const data = tinyData()
const settings = { K: 4, rate: 2e-3, dropout: 0, split: true, seed: 5 }
const config = () =>
  adjust(configOf(tinyModel, data, { steps: 1e6, batch: 4, seed: 5, growth: { rule: 'paper' } }), settings)
const begin = (own = true) => GrowSession.begin(config(), data, own, runtime)

async function steps(session: GrowSession, count: number) {
  const reports = []
  for (let i = 0; i < count; i++) reports.push(await session.advance())
  return reports
}

describe('what is shown', () => {
  test('is what the averaged weights draw of fixed codes, and rebuild of held-out images', async () => {
    const session = await begin()
    await steps(session, 12)
    const shown = await session.show()
    const model = await loadModel(await session.weights(), runtime)
    const each = model.imageLength
    expect(shown.drawn).toHaveLength(DRAWN * each)
    const images = toFloat(
      data.test,
      Array.from({ length: 30 }, (_, i) => i),
    )
    const rebuilt = await model.reconstruct(images)
    // Two programs of the same graph, other batches: equal up to float32 rounding.
    shown.rebuilt.forEach((value, i) => {
      expect(Math.abs(value - rebuilt[i])).toBeLessThan(1e-5)
    })
    expect(shown.rebuilt).toHaveLength(REBUILT * each)
    const mse = rebuilt.reduce((sum, value, i) => sum + (value - images[i]) ** 2, 0) / images.length
    expect(shown.heldOut).toBeCloseTo(mse, 5)
    const rng = random(5, 'watched')
    const drawn = await model.decode(Int32Array.from({ length: 3 * DRAWN }, () => rng.int(4)))
    shown.drawn.forEach((value, i) => {
      expect(Math.abs(value - drawn[i])).toBeLessThan(1e-5)
    })
    await model.close()
    await session.close()
  })

  test('are the same codes for the same seed, drawn better and better', async () => {
    const [one, two] = [await begin(), await begin()]
    expect((await one.show()).drawn).toEqual((await two.show()).drawn)
    const before = await one.show()
    await steps(one, 60)
    expect((await one.show()).heldOut).toBeLessThan(before.heldOut)
    await one.close()
    await two.close()
  })

  test('the use of the nodes is fair on average in every layer, and splits are found in their places', async () => {
    const session = await begin()
    const copies = (await steps(session, 30)).flatMap(({ copies }) => copies)
    const splits = session.splitsOf(copies)
    const { K, shares } = session.use
    expect(K).toEqual([4, 4, 4])
    for (let layer = 0; layer < 3; layer++) {
      const sum = shares.slice(4 * layer, 4 * layer + 4).reduce((a, b) => a + b)
      expect(sum).toBeCloseTo(4, 5)
    }
    expect(splits.length).toBeGreaterThan(3)
    copies.forEach(({ parameter, from, to }, i) => {
      expect(splits[i]).toEqual({
        layer: Number(/^layer(\d)\.candidates$/.exec(parameter)![1]),
        split: from,
        pruned: to,
      })
    })
    await session.close()
  })
})

describe('while it trains', () => {
  test('rate, chain dropout and splitting may change', async () => {
    const session = await begin()
    await steps(session, 5)
    session.adjust({ ...settings, rate: 1e-30, split: false })
    const reports = await steps(session, 10)
    expect(reports.every(({ rate, copies }) => rate < 1e-30 && copies.length === 0)).toBe(true)
    expect(settingsOf(session.config)).toEqual({ ...settings, rate: 1e-30, split: false })
    session.adjust(settings)
    const later = await steps(session, 20)
    expect(later.flatMap(({ copies }) => copies).length).toBeGreaterThan(0)
    await session.close()
  })

  test('a rate that is far too large ends in a divergence, and a smaller one goes on from before it', async () => {
    const session = await begin()
    await steps(session, 3)
    session.adjust({ ...settings, rate: 1e25 })
    const error = await steps(session, 20).catch(error => error)
    expect(error).toBeInstanceOf(DivergenceError)
    expect(session.step).toBe(error.step - 1)
    await session.close()
  })
})

describe('a saved run', () => {
  test("goes on in the same bits, with the visitor's pictures", async () => {
    const session = await begin()
    await steps(session, 7)
    const run = readRun(await session.save(), 'run.safetensors')
    expect(run.pictures!.train.pixels).toEqual(data.train.pixels)
    expect(run.pictures!.test.count).toBe(data.test.count)
    const resumed = await GrowSession.resume(run, run.pictures!, runtime)
    expect(resumed.step).toBe(7)
    const [here, there] = [await steps(session, 5), await steps(resumed, 5)]
    expect(there.map(({ losses }) => [...losses])).toEqual(here.map(({ losses }) => [...losses]))
    expect((await resumed.show()).drawn).toEqual((await session.show()).drawn)
    await session.close()
    await resumed.close()
  })

  test('leaves out the digits, which are everywhere, and refuses other data in a sentence', async () => {
    const session = await begin(false)
    await steps(session, 2)
    const run = readRun(await session.save(), 'run.safetensors')
    expect(run.pictures).toBeNull()
    const fewer = { ...data, train: data.test }
    await expect(GrowSession.resume(run, fewer, runtime)).rejects.toThrow(
      'sampler state is of 60 images, but there are 30: use the same data',
    )
    await session.close()
  })

  test('is told from other files', async () => {
    const session = await begin()
    const bytes = await session.save()
    const read = (bytes: Uint8Array) => () => readRun(bytes, 'x')
    expect(read(await session.weights())).toThrow('x: its format is coppice-model-1, not coppice-state-1')
    expect(read(Uint8Array.of(1, 2, 3))).toThrow('x')
    const run = readRun(bytes, 'x')
    const other = { ...run, config: { ...run.config, optimiser: { ...run.config.optimiser, batch: -1 } } }
    expect(read(writeRun(other))).toThrow(
      'x: its configuration: optimiser.batch is -1; it must be at least 1',
    )
    const state = writeSafetensors(new Map(), { format: 'coppice-state-1' })
    expect(read(state)).toThrow('x: parameters is missing')
    await session.close()
  })
})

describe('what is exported', () => {
  test('are the averaged weights and the ONNX models of the command line', async () => {
    const session = await begin()
    await steps(session, 3)
    const files = await session.export('mine')
    expect([...files.keys()].sort()).toEqual([
      'README.md',
      'decoder.onnx',
      'encoder.onnx',
      'manifest.json',
      'model.safetensors',
      'parameters.f32',
      'train-step.onnx',
    ])
    const parameters = files.get('parameters.f32') as Uint8Array
    const weights = new Float32Array(parameters.slice().buffer)
    expect(await session.weights()).toEqual(
      modelFile(session.config, (await DdnModel.open(session.config.network, weights)).layout, weights, 3),
    )
    await session.close()
  })
})

describe('the network', () => {
  test('is a valid one for grey and for colour, and says its settings back', () => {
    for (const channels of [1, 3] as const) {
      const wanted = { K: 32, rate: 0.003, dropout: 0.1, split: false, seed: 9 }
      const made = freshConfig(channels, 'pictures', wanted)
      expect(made.network.channels).toBe(channels)
      expect(new Set(made.network.stages.map(({ K }) => K))).toEqual(new Set([32]))
      expect(settingsOf(made)).toEqual(wanted)
    }
  })

  for (const name of ['digits', 'emoji'])
    test(`the shipped ${name} go on with their own network, from fresh moments`, async () => {
      const bytes = new Uint8Array(
        await readFile(new URL(`../../models/${name}.safetensors`, import.meta.url)),
      )
      const { config, model } = await openModelFile(bytes, name)
      const made = continuedConfig(config as Parameters<typeof continuedConfig>[0], 'digits', settings)
      expect(made.network).toEqual(config.network)
      expect(settingsOf(made)).toEqual({ ...settings, K: 512 })
      await model.close()
    })
})
