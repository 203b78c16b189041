/** Classifiers: what they learn, how, that a resumed training is the same, and that an export says the same. */

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as ort from 'onnxruntime-web'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Dataset, type Images, subset, toFloat } from '../../src/data/dataset.ts'
import { loadDigits } from '../../src/data/digits.ts'
import { random } from '../../src/data/rng.ts'
import { type ClassifierConfig, classifierSchema } from '../../src/families/classifier/config.ts'
import { exportClassifier } from '../../src/families/classifier/export.ts'
import { Classifier } from '../../src/families/classifier/model.ts'
import { classifierLayout, classifierStep } from '../../src/families/classifier/network.ts'
import { parseJudgeSpec } from '../../src/guides/judge-spec.ts'
import { adamRate } from '../../src/nn/adam.ts'
import { compile } from '../../src/runtime/index.ts'
import { imagesOf } from '../../src/train/config.ts'
import { exportFiles } from '../../src/train/export.ts'
import { classifier } from '../../src/train/resolve.ts'
import { openRun, train as trainInto } from '../../src/train/run.ts'
import { train } from '../../src/train/train.ts'
import { Trainer, VECTORS } from '../../src/train/trainer.ts'
import { checkModel } from '../graph/check-model.ts'
import { tinyData } from '../train/tiny.ts'

const runtime = { threads: 1 }
const blocks = ['plain', 'residual'] as const

/** As small as can be: 8×8 images, two stages. */
const tiny = (block: 'plain' | 'residual') =>
  classifier({ size: 8, patch: 1, widths: [8, 16], groups: 4, block })

let digits: Dataset
let folder: string
beforeAll(async () => {
  ort.env.wasm.numThreads = 1
  digits = await loadDigits({ size: 8, limit: 2000 })
  folder = await mkdtemp(join(tmpdir(), 'coppice-classifier-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Two pixels are a quarter of such an image. */
const quick = {
  steps: 200,
  batch: 32,
  rate: 1e-2,
  optimiser: { averageDecay: 0.9 },
  augmentation: { shift: 0.5, rotation: 5, scaling: 0.05 },
  runtime,
} as const

describe.each(blocks)('a %s classifier', block => {
  const config: ClassifierConfig = classifierSchema.parse({
    ...tiny(block).network,
    channels: 3,
    classes: ['a', 'b', 'c'],
    labelSmoothing: 0.1,
  })
  const layout = classifierLayout(config)
  const batch = 4
  const settings = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, clipNorm: 1e9 }
  // Not as initialised: there a residual branch is almost silent, and its gradients with it.
  const noise = random(3, 'noise')
  const weights = layout.initialise(random(2, 'weights')).map(weight => weight + 0.2 * noise.normal())
  const images = Float32Array.from({ length: batch * 192 }, () => 2 * noise.next() - 1)
  const labels = [2, 0, 1, 2]

  /** One step from these weights, its outputs and its gradient. */
  async function step(from: Float32Array) {
    const program = await compile(classifierStep(config, layout, batch, settings), runtime)
    await program.write('parameters', from)
    const scalar = (value: number) => ({ data: Float32Array.of(value), shape: [] })
    const rates = adamRate(1e-3, 1, settings)
    const oneHot = Float32Array.from({ length: batch * 3 }, (_, i) =>
      Number(labels[Math.floor(i / 3)] === i % 3),
    )
    const outputs = await program.run({
      images: { data: images, shape: [batch, 3, 8, 8] },
      labels: { data: oneHot, shape: [batch, 3] },
      rate: scalar(rates.rate),
      epsilon: scalar(rates.epsilon),
      averageDecay: scalar(0),
    })
    const moment = await program.read('moment1')
    const gradient = moment.map(value => value / (1 - settings.beta1))
    await program.close()
    return { outputs, gradient }
  }

  test('its loss is the cross-entropy against smoothed labels, by loops over its own logits', async () => {
    const { outputs } = await step(weights)
    const model = await Classifier.open(config, weights, runtime)
    const [logits, probabilities] = [await model.logits(images), await model.classify(images)]
    await model.close()
    let [loss, crossEntropy, right] = [0, 0, 0]
    labels.forEach((label, n) => {
      const row = [...logits.subarray(3 * n, 3 * n + 3)]
      const sum = row.reduce((total, x) => total + Math.exp(x), 0)
      row.forEach((x, k) => {
        const p = Math.exp(x) / sum
        expect(probabilities[3 * n + k]).toBeCloseTo(p, 5)
        loss -= (((k === label ? 0.9 : 0) + 0.1 / 3) * Math.log(p)) / batch
        if (k === label) crossEntropy -= Math.log(p) / batch
      })
      right += Number(row.indexOf(Math.max(...row)) === label)
    })
    expect(outputs.loss[0]).toBeCloseTo(loss, 5)
    expect(outputs.crossEntropy[0]).toBeCloseTo(crossEntropy, 5)
    expect(outputs.accuracy[0]).toBeCloseTo(right / batch, 6)
  })

  test('its gradient is what central differences of the loss find along random directions', async () => {
    const { gradient, outputs } = await step(weights)
    const norm = Math.hypot(...gradient)
    expect(outputs.norm[0] as number).toBeCloseTo(norm, 4)
    for (let direction = 0; direction < 3; direction++) {
      const rng = random(direction, 'direction')
      // Half at random, half along the gradient, so that the slope stands out from rounding.
      const towards = gradient.map(g => g / norm + rng.normal() / Math.sqrt(gradient.length))
      const slope = towards.reduce((sum, t, i) => sum + t * gradient[i], 0)
      const h = 1e-2
      const loss = async (sign: number) =>
        Number((await step(weights.map((w, i) => w + sign * h * towards[i]))).outputs.loss[0])
      const measured = ((await loss(1)) - (await loss(-1))) / (2 * h)
      // h² of the third derivative, and float32 rounding over h: about 1 %.
      expect(Math.abs(measured / slope - 1)).toBeLessThan(0.03)
    }
  })

  test('an image gives the same bits, alone or among others', async () => {
    const model = await Classifier.open(config, weights, runtime)
    const all = await model.classify(images)
    for (let n = 0; n < batch; n++)
      expect(await model.classify(images.slice(192 * n, 192 * (n + 1)))).toEqual(all.slice(3 * n, 3 * n + 3))
    await model.close()
  })

  test('exported it gives the same logits to any number of images, in standard operators', async () => {
    const model = await Classifier.open(config, weights, runtime)
    const files = exportClassifier(model, 'a test')
    const onnx = files.get('classifier.onnx') as Uint8Array
    checkModel(onnx)
    expect(Buffer.from(onnx).includes('com.microsoft')).toBe(false)
    const session = await ort.InferenceSession.create(onnx)
    expect([session.inputNames, session.outputNames]).toEqual([['images'], ['logits']])
    for (const count of [1, 3]) {
      const some = images.slice(0, 192 * count)
      const { logits } = await session.run({ images: new ort.Tensor('float32', some, [count, 3, 8, 8]) })
      const expected = await model.logits(some)
      expect(logits.dims).toEqual([count, 3])
      // Another build with other kernels: rounding differs.
      expected.forEach((value, i) => {
        expect((logits.data as Float32Array)[i]).toBeCloseTo(value, 4)
      })
    }
    await model.close()
  })

  test('learns digits of 8×8 pixels in 200 steps', async () => {
    const run = await train(tiny(block), digits, quick)
    expect(run.family).toBe('classifier')
    expect(run.config.network.classes).toEqual(Array.from('0123456789'))
    // Guessing is 0.1; both blocks reach 0.85, on a machine of any speed, for the steps are counted.
    expect(run.metrics!.accuracy).toBeGreaterThan(0.8)
    // The accuracy told is that of the model handed over.
    const { test: images } = digits
    const probabilities = await run.model.classify(
      toFloat(
        images,
        Array.from({ length: images.count }, (_, i) => i),
      ),
    )
    let right = 0
    for (let i = 0; i < images.count; i++) {
      const row = probabilities.subarray(10 * i, 10 * i + 10)
      expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 5)
      right += Number(row.indexOf(Math.max(...row)) === images.labels![i])
    }
    expect(run.metrics!.accuracy).toBeCloseTo(right / images.count, 12)
    await run.close()
  })
})

test('a resumed training ends with the bytes of one that ran through', async () => {
  const options = { ...quick, steps: 30 }
  const [straight, resumed] = ['straight', 'resumed'].map(name => join(folder, name))
  await (await trainInto(tiny('plain'), digits, { ...options, out: straight })).close()
  await (await trainInto(tiny('plain'), digits, { ...options, out: resumed, stopAt: 13 })).close()
  const run = await trainInto(tiny('plain'), digits, { ...options, out: resumed, resume: true })
  expect(run.step).toBe(30)
  await run.close()
  const [a, b] = await Promise.all([straight, resumed].map(dir => readFile(join(dir, 'model.safetensors'))))
  expect(a.equals(b)).toBe(true)
})

test('a state taken while the next batch is ready goes on with the same images, moved in the same way', async () => {
  const make = async () => {
    const { config } = await untrained()
    return Trainer.create(config, digits.train, runtime)
  }
  const [first, second] = [await make(), await make()]
  for (let i = 0; i < 3; i++) await first.advance()
  const vectors = await first.vectors()
  const copies = Object.fromEntries(VECTORS.map(name => [name, vectors[name].slice()])) as typeof vectors
  await second.restore(JSON.parse(JSON.stringify(first.state())), copies)
  const [a, b] = [await first.advance(), await second.advance()]
  expect({ ...b, seconds: 0 }).toEqual({ ...a, seconds: 0 })
  await first.close()
  await second.close()
})

const untrained = () => train(tiny('plain'), digits, { ...quick, steps: 1, rate: 1e-12 })

describe('a run of a classifier', () => {
  const out = () => join(folder, 'run')
  beforeAll(async () => {
    await (
      await trainInto(tiny('residual'), digits, { ...quick, steps: 20, part: 'odd', out: out() })
    ).close()
  })

  test('opens as what it is', async () => {
    const run = await openRun(out(), { model: 'classifier' })
    expect(run.config.network.classes).toHaveLength(10)
    expect(run.log[0]).toMatchObject({
      type: 'start',
      data: { train: imagesOf('odd', 2000).length, test: 2000 },
    })
    expect(run.log.at(-2)).toMatchObject({ type: 'evaluation', metrics: { accuracy: run.metrics!.accuracy } })
    await run.close()
    const any = await openRun(out(), { model: 'any' })
    expect(any.family).toBe('classifier')
    await any.close()
  })

  test('is no network with codes, and says what it is instead', async () => {
    await expect(openRun(out())).rejects.toThrow(
      `${out()} holds a classifier, and a Discrete Distribution Network is wanted here; it tells classes, and can be the judge of a guide: coppice export ${out()} --out judge`,
    )
    const run = await openRun(out(), { model: 'classifier' })
    expect(() => (run as unknown as { encode(x: unknown): unknown }).encode(null)).toThrow(
      'this run is of a classifier, which has no codes',
    )
    await run.close()
  })

  test('is exported as a judge that guides can read', async () => {
    const run = await openRun(out(), { model: 'classifier' })
    const files = exportFiles(run, 'run')
    expect([...files.keys()]).toEqual(['classifier.onnx', 'classifier.json'])
    const judge = parseJudgeSpec(JSON.parse(files.get('classifier.json') as string))
    expect(judge).toMatchObject({
      model: 'classifier.onnx',
      input: { name: 'images', size: 8, channels: 1, layout: 'NCHW', order: 'RGB', range: [-1, 1] },
      output: { name: 'logits', read: 'logits', classes: Array.from('0123456789') },
    })
    expect(judge.about).toContain(
      `20 steps (640 images) on digits (the odd half of its training images), seed 0`,
    )
    expect(judge.about).toContain(`accuracy ${Number(run.metrics!.accuracy.toFixed(5))}`)
    await run.close()
  })
})

describe('data that cannot serve are refused in one sentence', () => {
  const message = (data: Partial<Dataset>, model = tiny('plain')) =>
    train(model, { ...digits, ...data }, quick).then(
      () => 'nothing',
      (error: Error) => error.message,
    )
  const withLabels = (images: Images, labels?: Int32Array): Images => ({ ...images, labels })

  test('no labels', async () => {
    expect(await message({ train: withLabels(digits.train) })).toBe(
      'digits: the images have no labels, which a classifier needs; put those of each class into a folder of their own, or give an IDX file with labels',
    )
    expect(await message({ test: withLabels(digits.test) })).toBe(
      'digits: 2000 of the 2000 test images have no label; leave them out',
    )
  })

  test('an image without a label', async () => {
    const labels = digits.train.labels!.map((label, i) => (i < 3 ? -1 : label))
    expect(await message({ train: withLabels(digits.train, labels) })).toBe(
      'digits: 3 of the 2000 training images have no label; leave them out',
    )
  })

  test('fewer classes than labels', async () => {
    const few = classifier({ size: 8, widths: [8], classes: ['zero', 'one'] })
    expect(await message({}, few)).toBe('digits: there are labels up to 9, but only 2 classes: zero, one')
  })

  test('one class', async () => {
    const zeros = subset(
      digits.train,
      [...digits.train.labels!.keys()].filter(i => digits.train.labels![i] === 0),
    )
    expect(await message({ train: zeros, test: zeros, classes: ['0'] })).toBe(
      'digits: all images are of one class, 0; a classifier needs at least two',
    )
  })

  test('images of another size', async () => {
    expect(await message({}, classifier({ size: 16, widths: [8] }))).toBe(
      "the images are 1×8×8, the network's 1×16×16",
    )
  })
})

test('labels without names are their own names', async () => {
  const run = await train(tiny('plain'), { ...digits, classes: undefined }, { ...quick, steps: 1 })
  expect(run.config.network.classes).toEqual(Array.from('0123456789'))
  await run.close()
})

test('settings that do not fit together are refused', () => {
  const message = (network: object) =>
    train(classifier({ widths: [8, 8], ...network }), tinyData(), quick).catch(
      (error: Error) => error.message,
    )
  return Promise.all([
    expect(message({ size: 8, patch: 3 })).resolves.toMatch(
      /patches of 3 and 2 stages.* do not divide 8 pixels/,
    ),
    expect(message({ size: 8, groups: 3 })).resolves.toMatch(
      /^network.widths: 3 groups do not divide 8 channels/,
    ),
    expect(message({ size: 8, classes: ['a', 'a'] })).resolves.toMatch(/two classes are called a/),
  ])
})
