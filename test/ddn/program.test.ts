/** The training step against what it is made of: losses of decoded codes, differences of losses, Adam by hand. */

import { beforeAll, describe, expect, test } from 'vitest'
import { toFloat } from '../../src/data/dataset.ts'
import { random } from '../../src/data/rng.ts'
import { type DdnConfig, ddnSchema } from '../../src/ddn/config.ts'
import { DdnModel } from '../../src/ddn/model.ts'
import { layoutOf, lossWeights, trainingStep } from '../../src/ddn/program.ts'
import { adamRate } from '../../src/nn/adam.ts'
import { compile } from '../../src/runtime/index.ts'
import { VECTORS, type Vectors } from '../../src/train/trainer.ts'
import { discs } from '../train/tiny.ts'

const networks: Record<string, DdnConfig> = {
  mixer: ddnSchema.parse({
    size: 8,
    channels: 3,
    block: 'mixer',
    lossGrowth: 3,
    stages: [
      { grid: 1, layers: 1, width: 8, K: 4 },
      { grid: 4, patch: 2, layers: 2, width: 8, features: 4, K: 4 },
    ],
  }),
  residual: ddnSchema.parse({
    size: 8,
    block: 'residual',
    feedback: 'channels',
    leak: true,
    bias: true,
    stages: [
      { grid: 2, layers: 1, width: 8, K: 4 },
      { grid: 8, layers: 2, width: 8, K: 4 },
    ],
  }),
}

const batch = 3
const settings = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, clipNorm: 1 }

for (const [name, config] of Object.entries(networks))
  describe(`a training step of a ${name} network`, () => {
    const layout = layoutOf(config)
    // Not as initialised: there the blocks are silent, and their gradients with them.
    const weights = layout.initialise(random(2, 'weights'))
    const noise = random(3, 'noise')
    for (let i = 0; i < weights.length; i++) weights[i] += 0.1 * noise.normal()
    const images = toFloat(discs(batch, config.channels), [0, 1, 2])
    const L = config.stages.reduce((sum, { layers }) => sum + layers, 0)
    let model: DdnModel
    beforeAll(async () => {
      model = await DdnModel.open(config, weights, { threads: 1 })
    })

    /** One step from these weights and zero moments. */
    async function run(codes: ArrayLike<number> | null, from = weights, clipNorm = 1) {
      const step = await compile(trainingStep(config, layout, batch, { ...settings, clipNorm }), {
        threads: 1,
      })
      await step.write('parameters', from)
      await step.write('average', weights)
      const rates = adamRate(1e-3, 1, settings)
      const scalar = (value: number) => ({ data: Float32Array.of(value), shape: [] })
      const forced = BigInt64Array.from({ length: batch * L }, (_, i) => BigInt(codes ? codes[i] : -1))
      const outputs = await step.run({
        images: { data: images, shape: [batch, config.channels, 8, 8] },
        forced: { data: forced, shape: [batch, L] },
        rate: scalar(rates.rate),
        epsilon: scalar(rates.epsilon),
        averageDecay: scalar(0.75),
      })
      const state = {} as Vectors
      for (const vector of VECTORS) state[vector] = await step.read(vector)
      await step.close()
      return { outputs, state, rates }
    }

    /** J of every layer by loops: mean squared error of the decoded codes against area averages. */
    async function lossesOf(codes: ArrayLike<number>): Promise<number[]> {
      const levels = await model.levels(codes)
      return levels.map((level, l) => {
        const { size } = model.layers[l]
        const factor = 8 / size
        let sum = 0
        level.forEach((value, i) => {
          const [x, y] = [i % size, Math.floor(i / size) % size]
          const plane = Math.floor(i / size ** 2)
          let area = 0
          for (let v = 0; v < factor; v++)
            for (let u = 0; u < factor; u++) area += images[(plane * 8 + y * factor + v) * 8 + x * factor + u]
          sum += (value - area / factor ** 2) ** 2
        })
        return sum / level.length
      })
    }

    test('takes the nearest, and its losses are the errors of the decoded codes', async () => {
      const { outputs } = await run(null)
      const codes = await model.encode(images)
      expect(outputs.nearest).toEqual(codes)
      ;(await lossesOf(codes)).forEach((loss, l) => {
        expect(outputs.losses[l]).toBeCloseTo(loss, 5)
      })
    })

    test('takes a forced index, and still tells which was nearest', async () => {
      const codes = model.draw({ count: batch, seed: 4 })
      const { outputs } = await run(codes)
      const losses = await lossesOf(codes)
      losses.forEach((loss, l) => {
        expect(outputs.losses[l]).toBeCloseTo(loss, 4)
      })
      // The first layer's nearest does not depend on what is forced.
      const free = await model.encode(images)
      for (let i = 0; i < batch; i++) expect(outputs.nearest[i * L]).toBe(free[i * L])
    })

    test('moves along the gradient of the weighted loss: central differences along random directions', async () => {
      const codes = await model.encode(images)
      const shares = lossWeights(config)
      const loss = async (from: Float32Array) => {
        const { losses } = (await run(codes, from)).outputs
        return shares.reduce((sum, share, l) => sum + share * Number(losses[l]), 0)
      }
      const { state, outputs } = await run(codes, weights, 1e9)
      const gradient = state.moment1.map(value => value / (1 - settings.beta1))
      const norm = Math.hypot(...gradient)
      expect(outputs.norm[0] as number).toBeCloseTo(norm, 3)
      for (let direction = 0; direction < 3; direction++) {
        const rng = random(direction, 'direction')
        // Half at random, half along the gradient, so that the slope stands out from rounding.
        const towards = gradient.map(g => g / norm + rng.normal() / Math.sqrt(gradient.length))
        const slope = towards.reduce((sum, t, i) => sum + t * gradient[i], 0)
        const h = 1e-2
        const shifted = (sign: number) => weights.map((w, i) => w + sign * h * towards[i])
        const measured = ((await loss(shifted(1))) - (await loss(shifted(-1)))) / (2 * h)
        // h² of the third derivative, and float32 rounding over h: about 1 %.
        expect(Math.abs(measured / slope - 1)).toBeLessThan(0.03)
      }
    })

    test('is Adam with clipping and an average', async () => {
      const codes = await model.encode(images)
      const { state } = await run(codes, weights, 1e9)
      const gradient = Float64Array.from(state.moment1, value => value / (1 - settings.beta1))
      const norm = Math.hypot(...gradient)
      const clipped = await run(codes, weights, norm / 2)
      // α m̂ / (√v̂ + ε) at the first step: the moments' corrections undo their decay.
      for (let i = 0; i < weights.length; i += 7) {
        const g = gradient[i] / 2
        expect(clipped.state.moment1[i]).toBeCloseTo(0.1 * g, 6)
        expect(clipped.state.moment2[i]).toBeCloseTo(0.01 * g * g, 6)
        if (Math.abs(g) < 1e-6) continue
        const moved = weights[i] - (1e-3 * g) / (Math.abs(g) + settings.epsilon)
        expect(clipped.state.parameters[i]).toBeCloseTo(moved, 5)
        expect(clipped.state.average[i]).toBeCloseTo(0.75 * weights[i] + 0.25 * moved, 5)
      }
    })
  })
