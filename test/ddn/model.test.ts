/** Encoding, decoding and sampling: the same bits for the same image, however many come along. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toFloat } from '../../src/data/dataset.ts'
import { random } from '../../src/data/rng.ts'
import { type DdnConfig, ddnSchema } from '../../src/ddn/config.ts'
import { DdnModel } from '../../src/ddn/model.ts'
import { encoder, layoutOf } from '../../src/ddn/program.ts'
import { compile } from '../../src/runtime/index.ts'
import { discs } from '../train/tiny.ts'

const stages = [
  { grid: 1, layers: 1, width: 16, K: 5 },
  { grid: 2, layers: 1, width: 16, K: 8 },
  { grid: 8, layers: 2, width: 16, K: 8 },
]
const networks: Record<string, DdnConfig> = {
  'of residual blocks': ddnSchema.parse({ size: 8, stages, block: 'residual' }),
  "of the paper's kind, in colour": ddnSchema.parse({
    size: 8,
    channels: 3,
    stages,
    block: 'residual',
    feedback: 'channels',
    leak: true,
    bias: true,
  }),
  'of mixer blocks with patches': ddnSchema.parse({
    size: 8,
    block: 'mixer',
    stages: [
      { grid: 1, layers: 1, width: 16, K: 5 },
      { grid: 4, patch: 2, layers: 3, width: 16, features: 8, K: 8 },
    ],
  }),
}

for (const [name, config] of Object.entries(networks))
  describe(`a network ${name}`, () => {
    let model: DdnModel
    const N = 41
    const images = toFloat(
      discs(N, config.channels, 8),
      Array.from({ length: N }, (_, i) => i),
    )
    const L = config.stages.reduce((sum, { layers }) => sum + layers, 0)
    const pixels = config.channels * 64
    beforeAll(async () => {
      const weights = layoutOf(config).initialise(random(1, 'weights'))
      model = await DdnModel.open(config, weights, { threads: 1 })
    })
    afterAll(() => model.close())

    test('decodes the codes of images to their reconstructions, bit for bit', async () => {
      const codes = await model.encode(images)
      expect(codes).toHaveLength(N * L)
      expect(await model.decode(codes)).toEqual(await model.reconstruct(images))
    })

    test('gives an image the same codes and the same bits alone as among others', async () => {
      const codes = await model.encode(images)
      const rebuilt = await model.decode(codes)
      for (const i of [0, 1, 17, 31, 32, 40]) {
        const alone = await model.encode(images.slice(i * pixels, (i + 1) * pixels))
        expect(alone).toEqual(codes.slice(i * L, (i + 1) * L))
        expect(await model.decode(alone)).toEqual(rebuilt.slice(i * pixels, (i + 1) * pixels))
      }
    })

    test('computes as many at a time as it is told, and the same', async () => {
      const few = await DdnModel.open(config, model.weights, { threads: 1, batch: 3 })
      const codes = await model.encode(images)
      expect(await few.encode(images)).toEqual(codes)
      const [one, other] = [await few.decode(codes), await model.decode(codes)]
      // Another batch may be added up in another order.
      expect(Math.max(...one.map((value, i) => Math.abs(value - other[i])))).toBeLessThan(1e-5)
      await few.close()
    })

    test('shows the image of every layer, the last being the decoded one', async () => {
      const codes = await model.encode(images)
      const levels = await model.levels(codes)
      expect(levels.map(level => level.length)).toEqual(
        model.layers.map(({ size }) => N * config.channels * size ** 2),
      )
      expect(levels.at(-1)).toEqual(await model.decode(codes))
    })

    test('finds the codes that the encoder program with its weights as state finds', async () => {
      const step = await compile(encoder(config, model.layout, { batch: N }), { threads: 1 })
      await step.write('parameters', model.weights)
      const { codes } = await step.run({ images: { data: images, shape: [N, config.channels, 8, 8] } })
      expect(codes).toEqual(await model.encode(images))
      await step.close()
    })
  })

describe('using a model', () => {
  const config = networks['of residual blocks']
  let model: DdnModel
  beforeAll(async () => {
    model = await DdnModel.open(config, layoutOf(config).initialise(random(1, 'weights')), { threads: 1 })
  })
  afterAll(() => model.close())

  test('samples are drawn evenly from every layer, the same for the same seed, whatever their number', async () => {
    const few = await model.sample({ count: 3, seed: 9 })
    const many = await model.sample({ count: 35, seed: 9 })
    expect(many.codes.slice(0, few.codes.length)).toEqual(few.codes)
    expect(many.images.slice(0, few.images.length)).toEqual(few.images)
    expect((await model.sample({ count: 3, seed: 10 })).codes).not.toEqual(few.codes)
    const drawn = model.draw({ count: 8000, seed: 0 })
    const counts = new Float64Array(8)
    for (let i = 1; i < drawn.length; i += 4) counts[drawn[i]]++
    // Each of 8 codes is binomial: 1000 ± 30.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(5 * 30)
    expect(Math.max(...drawn.filter((_, i) => i % 4 === 0))).toBe(4)
  })

  test('calls that overlap wait for each other', async () => {
    const [a, b] = await Promise.all([
      model.sample({ count: 2, seed: 1 }),
      model.sample({ count: 40, seed: 1 }),
    ])
    expect(b.images.slice(0, a.images.length)).toEqual(a.images)
  })

  test('wrong codes, images and counts are named', async () => {
    await expect(model.decode([0, 0, 8, 0])).rejects.toThrow(
      'image 0 has 8 at layer 2, which has the codes 0 to 7',
    )
    await expect(model.decode([0, 0, 0, 0, 0, -1, 0, 0])).rejects.toThrow('image 1 has -1 at layer 1')
    await expect(model.decode([0.5, 0, 0, 0])).rejects.toThrow('image 0 has 0.5 at layer 0')
    await expect(model.decode([0, 0])).rejects.toThrow(
      'codes: 2 values are no whole number of images of 4 codes',
    )
    await expect(model.encode(new Float32Array(63))).rejects.toThrow(
      '63 values are no whole number of images of 1×8×8',
    )
    await expect(model.encode(new Float32Array(64).fill(Number.NaN))).rejects.toThrow('value 0 is NaN')
    await expect(model.sample({ count: 0 })).rejects.toThrow('invalid count: 0')
    await expect(DdnModel.open(config, model.weights, { batch: 0.5 })).rejects.toThrow('invalid batch: 0.5')
    await expect(DdnModel.open(config, new Float32Array(3))).rejects.toThrow(/has \d+ weights, not 3/)
  })

  test('a closed model says so', async () => {
    const closed = await DdnModel.open(config, model.weights, { threads: 1 })
    await closed.close()
    await expect(closed.sample({ count: 1 })).rejects.toThrow('this model is closed')
  })
})
