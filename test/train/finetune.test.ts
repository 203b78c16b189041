/** Rewards: a judge's gradient reaches every parameter along a drawn image's path, and raises its reward. */

import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { random } from '../../src/data/rng.ts'
import { forward } from '../../src/ddn/network.ts'
import {
  apply,
  cast,
  concat,
  gradients,
  input,
  mul,
  reduceMean,
  reshape,
  slice,
  type Tensor,
  writeModel,
} from '../../src/graph/index.ts'
import { classGuide, type Judge, openJudge } from '../../src/guides/index.ts'
import { classReward } from '../../src/guides/reward.ts'
import { compile } from '../../src/runtime/index.ts'
import { finetune } from '../../src/train/finetune.ts'
import { type FolderRun, openRun, train, trainInFolder } from '../../src/train/run.ts'
import { configOf } from '../../src/train/train.ts'
import { tinyData, tinyModel } from './tiny.ts'

/** A judge of two classes: how bright the left half is, and the right half. */
function brightness(answer: (logits: Tensor) => Tensor = x => x): Uint8Array {
  const images = input('images', ['N', 1, 8, 8])
  const half = (from: number) =>
    reshape(mul(reduceMean(slice(images, 3, from, from + 4), [1, 2, 3]), 8), ['N', 1])
  return writeModel({ logits: answer(concat([half(0), half(4)], 1)) })
}

const open = (model: Uint8Array): Promise<Judge> =>
  openJudge(
    {
      format: 'coppice-judge-1',
      model: 'judge.onnx',
      input: { name: 'images', size: 8, channels: 1, layout: 'NCHW', range: [-1, 1] },
      output: { name: 'logits', read: 'logits', classes: ['left', 'right'] },
    },
    async () => model,
    { threads: 1 },
  )

describe('a reward', () => {
  let folder: string
  let run: FolderRun
  let judge: Judge
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coppice-finetune-'))
    const options = { steps: 30, batch: 4, runtime: { threads: 1 } }
    const config = configOf(tinyModel, tinyData(), options)
    run = await trainInFolder(join(folder, 'run'), config, async () => tinyData(), options)
    judge = await open(brightness())
  })
  afterAll(async () => {
    await judge.close()
    await run.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('has the gradient that finite differences find, in every parameter along the path', async () => {
    const { config, weights, layout } = run.model
    const of = await classReward(judge, 'left', config)
    const vector = input('parameters', [layout.size])
    const codes = input('codes', [2, 3], 'int32')
    const select = (spec: { index: number }) =>
      cast(reshape(slice(codes, 1, spec.index, spec.index + 1), [2]), 'int64')
    const layers = forward(config, { parameters: layout.view(vector), select, target: null, batch: codes })
    const y = reduceMean(of(layers[2].image))
    const [gradient] = gradients(y, [vector])
    const step = await compile({ outputs: { y, gradient } }, { threads: 1 })
    const drawn = { data: Int32Array.from([0, 1, 2, 3, 0, 1]), shape: [2, 3] }
    const at = async (values: Float32Array) =>
      step.run({ parameters: { data: values, shape: [layout.size] }, codes: drawn })
    const { gradient: found } = (await at(weights)) as { gradient: Float32Array }
    // Along random directions: a single weight's difference would drown in float32's rounding.
    const rng = random(4, 'directions')
    for (let trial = 0; trial < 6; trial++) {
      const direction = Float32Array.from({ length: layout.size }, () => rng.normal())
      const epsilon = 1e-3
      const moved = (sign: number) => weights.map((w, i) => w + sign * epsilon * direction[i])
      const [plus, minus] = [(await at(moved(1))).y[0] as number, (await at(moved(-1))).y[0] as number]
      const expected = (plus - minus) / (2 * epsilon)
      const got = direction.reduce((sum, d, i) => sum + d * found[i], 0)
      expect(Math.abs(got - expected)).toBeLessThan(0.02 * Math.abs(expected) + 1e-3)
    }
    // What is not on the path has none: the rows of other candidates.
    const rows = layout.slice(found, 'layer0.candidates')
    const width = rows.length / 4
    const used = [0, 1, 2, 3].map(k => rows.subarray(k * width, (k + 1) * width).some(value => value !== 0))
    expect(used).toEqual([true, false, false, true])
    await step.close()
  })

  test('rises, and the run tells what it was taught', async () => {
    const pleased = async ({ model }: FolderRun) => {
      const { images } = await model.sample({ count: 64, seed: 1 })
      const errors = await classGuide(judge, 'left').error!({
        images,
        shape: [64, 1, 1, 8, 8],
        results: new Int32Array(64),
        layer: model.layers[2],
      })
      return 1 - Array.from(errors).reduce((a, b) => a + b) / 64
    }
    const options = { judge, label: 'left', steps: 60, weight: 0.05, rate: 5e-3, runtime: { threads: 1 } }
    const after = await finetune(run, async () => tinyData(), { ...options, out: join(folder, 'taught') })
    expect(await pleased(after)).toBeGreaterThan((await pleased(run)) + 0.2)
    const last = after.log.findLast(entry => entry.type === 'evaluation')
    expect(last?.metrics.mse).toBeGreaterThan(0)
    await after.close()
    const again = await openRun(join(folder, 'taught'))
    expect(again.config.reward).toEqual({ run: run.dir, judge: judge.name, label: 'left', weight: 0.05 })
    expect(again.config.growth.rule).toBe('none')
    await again.close()
    await expect(
      train(tinyModel, tinyData(), { out: join(folder, 'taught'), steps: 90, resume: true }),
    ).rejects.toThrow()
  })

  test('of weight 0 leaves the ordinary training as it is', async () => {
    const options = { judge, label: 0, steps: 5, weight: 0, runtime: { threads: 1 } }
    const first = await finetune(run, async () => tinyData(), { ...options, out: join(folder, 'a') })
    const second = await finetune(run, async () => tinyData(), {
      ...options,
      label: 1,
      out: join(folder, 'b'),
    })
    expect(first.model.weights).toEqual(second.model.weights)
    await first.close()
    await second.close()
  })

  test('needs gradients: operators without one are named', async () => {
    const hard = await open(brightness(logits => apply('Floor', [logits], logits.shape, 'float32')))
    await expect(classReward(hard, 'left', { channels: 1, size: 8 })).rejects.toThrow(
      'cannot teach: Floor (1) of judge.onnx have no gradient here',
    )
    await hard.close()
  })

  test('of a class that there is not, or a weight that is none, is refused before anything is written', async () => {
    const options = { judge, label: 'left', steps: 1, out: join(folder, 'c') }
    const load = async () => tinyData()
    await expect(finetune(run, load, { ...options, label: 'up' })).rejects.toThrow('knows no class up')
    await expect(finetune(run, load, { ...options, weight: -1 })).rejects.toThrow('reward.weight is -1')
    expect(existsSync(options.out)).toBe(false)
  })
})
