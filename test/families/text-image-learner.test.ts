/** A text-image model in training, in use and as files: src/families/text-image. */

import ort from 'onnxruntime-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Images, toFloat } from '../../src/data/dataset.ts'
import { random } from '../../src/data/rng.ts'
import { changed } from '../../src/families/text-image/augment.ts'
import { holdOutDrawings, vocabularyOf } from '../../src/families/text-image/captions.ts'
import {
  captionsSchema,
  checkTextImage,
  pictureChangesSchema,
  textImageSchema,
} from '../../src/families/text-image/config.ts'
import { textImageFiles } from '../../src/families/text-image/export.ts'
import { TextImageLearner } from '../../src/families/text-image/learner.ts'
import { TextImageModel } from '../../src/families/text-image/model.ts'
import { encodeTokens } from '../../src/families/text-image/tokenizer.ts'
import { parseJudgeSpec } from '../../src/guides/judge-spec.ts'
import { adamRate } from '../../src/nn/adam.ts'
import { compile } from '../../src/runtime/index.ts'

const colours = { red: [255, 0, 0], green: [0, 255, 0], blue: [0, 0, 255], white: [255, 255, 255] }
const shapes = {
  square: (x: number, y: number) => x > 1 && x < 6 && y > 1 && y < 6,
  bar: (x: number) => x > 2 && x < 5,
  beam: (_: number, y: number) => y > 2 && y < 5,
}

/** Coloured shapes on black, each drawn twice, a little lighter and darker. */
function colouredShapes(): Images {
  const things = Object.entries(colours).flatMap(([colour, rgb]) =>
    Object.entries(shapes).map(([shape, inside]) => ({ rgb, inside, text: `${colour} ${shape}\n${shape}s` })),
  )
  const drawings = [...things, ...things]
  const pixels = new Uint8Array(drawings.length * 192)
  drawings.forEach(({ rgb, inside }, i) => {
    for (let at = 0; at < 192; at++) {
      const [c, y, x] = [at >> 6, (at >> 3) & 7, at & 7]
      if (inside(x, y)) pixels[i * 192 + at] = rgb[c] * (i < things.length ? 1 : 0.8)
    }
  })
  return { count: drawings.length, channels: 3, size: 8, pixels, texts: drawings.map(({ text }) => text) }
}

const images = colouredShapes()
const dataset = { name: 'shapes', channels: 3 as const, size: 8, train: images, test: images, skipped: [] }
const network = textImageSchema.parse({
  size: 8,
  embedding: 8,
  widths: [8, 16],
  depths: [1, 1],
  groups: 4,
  wordWidth: 8,
  textHidden: 16,
  vocabulary: vocabularyOf(dataset),
})
const optimiser = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, clipNorm: 1, batch: 16 }
const settings = {
  network,
  augmentation: pictureChangesSchema.parse({ shift: 0.5 }),
  captions: captionsSchema.parse({}),
  heldOut: 0.3,
  optimiser,
}
const threads = { threads: 1 }
const learner = new TextImageLearner(settings, threads)
const chanceOf = (seed: number) => {
  const known = new Map<string, ReturnType<typeof random>>()
  return (purpose: string) => {
    const rng = known.get(purpose) ?? random(seed, purpose)
    known.set(purpose, rng)
    return rng
  }
}
const everything = Array.from({ length: images.count }, (_, i) => i)
const unit = (vectors: Float32Array) =>
  Array.from({ length: vectors.length / 8 }, (_, i) => Math.hypot(...vectors.subarray(i * 8, i * 8 + 8)))

let weights: Float32Array
let model: TextImageModel
const losses: number[] = []

beforeAll(async () => {
  const step = await compile(learner.program, threads)
  const initial = learner.layout.initialise(random(0, 'weights'))
  await step.write('parameters', initial)
  await step.write('average', initial)
  const chance = chanceOf(0)
  for (let t = 1; t <= 120; t++) {
    const indices = Int32Array.from({ length: 16 }, () => chance('order').int(images.count))
    const { rate, epsilon } = adamRate(5e-3, t, optimiser)
    const scalar = (value: number) => ({ data: Float32Array.of(value), shape: [] })
    const outputs = await step.run({
      ...learner.feeds(images, indices, chance),
      rate: scalar(rate),
      epsilon: scalar(epsilon),
      averageDecay: scalar(0.9),
    })
    losses.push(learner.read(outputs).loss)
  }
  weights = (await step.read('average')).slice()
  await step.close()
  model = await TextImageModel.open(network, weights, threads)
})
afterAll(() => model.close())

test('training on a few coloured shapes lets texts and pictures find each other', async () => {
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length
  expect(mean(losses.slice(-20))).toBeLessThan(0.5 * mean(losses.slice(0, 20)))
  const { metrics, count } = await learner.evaluate(weights, images, images.count)
  expect(count).toBe(images.count)
  // Among 24 pictures and 12 texts chance is 37 % and 42 %.
  expect(metrics.textToImage).toBeGreaterThan(0.9)
  expect(metrics.imageToText).toBeGreaterThan(0.9)
})

test('drawings kept back are never shown, and all others are', () => {
  const { kept, heldOut } = holdOutDrawings(images.texts!, settings.heldOut)
  expect(heldOut.length).toBeGreaterThan(0)
  const still = new TextImageLearner(
    {
      ...settings,
      augmentation: { shift: 0, rotation: 0, scaling: 0, contrast: 0, tint: 0 },
      optimiser: { ...optimiser, batch: images.count },
    },
    threads,
  )
  const { data } = still.feeds(images, Int32Array.from(everything), chanceOf(1)).images
  const length = 192
  const same = (n: number, index: number) =>
    toFloat(images, [index]).every((value, d) => Math.abs(value - Number(data[n * length + d])) < 1e-6)
  const shown = everything.map(n => everything.filter(index => same(n, index)))
  expect(shown.every(([index]) => kept.includes(index))).toBe(true)
  expect(kept.every(index => shown[index].includes(index))).toBe(true)
})

test('what is fed follows from the generators alone', () => {
  const indices = Int32Array.from({ length: 16 }, (_, i) => i)
  const feeds = (seed: number) => learner.feeds(images, indices, chanceOf(seed))
  expect(feeds(5)).toEqual(feeds(5))
  expect(feeds(5).tokens).not.toEqual(feeds(6).tokens)
  expect(feeds(5).images).not.toEqual(feeds(6).images)
})

test('a batch of drawings that are all kept back is refused', () => {
  const { heldOut } = holdOutDrawings(images.texts!, settings.heldOut)
  const all = () => learner.feeds(images, Int32Array.of(heldOut[0], heldOut[0]), chanceOf(0))
  expect(all).toThrow('make the batch larger')
})

test('pictures change in colour within the limits, and not at all where these are 0', () => {
  const still = { shift: 0, rotation: 0, scaling: 0, contrast: 0, tint: 0 }
  expect(changed(images, everything, still, random(0, 'augmentation'))).toEqual(toFloat(images, everything))
  const tinted = changed(
    images,
    everything,
    { ...still, contrast: 0.2, tint: 0.1 },
    random(0, 'augmentation'),
  )
  const before = toFloat(images, everything)
  // |x (1 ± 0.2) ± 0.1 ± 0.1 − x| ≤ 0.4 for |x| ≤ 1.
  expect(tinted.every((value, i) => Math.abs(value) <= 1 && Math.abs(value - before[i]) <= 0.4 + 1e-6)).toBe(
    true,
  )
  expect(tinted).not.toEqual(before)
})

test('vectors are of unit norm, and the same alone as among others', async () => {
  const pixels = toFloat(images, everything)
  const all = await model.embedImages(pixels)
  const texts = [...new Set(images.texts!)]
  const said = await model.embedTexts(texts)
  for (const norm of [...unit(all), ...unit(said)]) expect(norm).toBeCloseTo(1, 5)
  expect(await model.embedImages(pixels.subarray(5 * 192, 6 * 192))).toEqual(all.slice(5 * 8, 6 * 8))
  expect(await model.embedTexts([texts[3]])).toEqual(said.slice(3 * 8, 4 * 8))
})

test('a text that was not written quite right is near the one that is meant', async () => {
  const [right, wrong, other] = await Promise.all(
    ['red square', 'red squarre', 'blue bar'].map(text => model.embedTexts([text])),
  )
  const similarity = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, d) => sum + value * b[d], 0)
  expect(similarity(right, wrong)).toBeGreaterThan(similarity(right, other))
  expect(similarity(right, wrong)).toBeGreaterThan(0.7)
})

test('the files are plain ONNX that gives the same vectors, and a judge that guides accept', async () => {
  const files = textImageFiles(model, 'for a test')
  const judge = parseJudgeSpec(JSON.parse(files.get('text-image.json') as string))
  expect(judge.output).toEqual({ name: 'embeddings', read: 'cosine' })
  const options = { intraOpNumThreads: 1 }
  const run = async (file: string, input: string, tensor: ort.Tensor) => {
    const session = await ort.InferenceSession.create(files.get(file) as Uint8Array, options)
    const { embeddings } = await session.run({ [input]: tensor })
    await session.release()
    return { values: embeddings.data as Float32Array, dims: embeddings.dims }
  }
  const pixels = toFloat(images, [0, 7, 20])
  const pictures = await run(judge.model, judge.input.name!, new ort.Tensor('float32', pixels, [3, 3, 8, 8]))
  expect(pictures.dims).toEqual([3, 8])
  const direct = await model.embedImages(pixels)
  // Another batch size takes other paths through float32 sums.
  for (const [i, value] of pictures.values.entries()) expect(value).toBeCloseTo(direct[i], 5)
  const { tokens, shape } = encodeTokens(judge.text!.tokenizer, 'green beams')
  const text = await run(judge.text!.model, judge.text!.input!, new ort.Tensor('int32', tokens, shape))
  const said = await model.embedTexts(['green beams'])
  for (const [i, value] of text.values.entries()) expect(value).toBeCloseTo(said[i], 5)
})

test('data without texts, and settings that do not fit together, are named', () => {
  const { texts: _, ...silent } = images
  expect(() => vocabularyOf({ ...dataset, train: silent })).toThrow(
    'shapes: its training images have no texts',
  )
  expect(() =>
    vocabularyOf({ ...dataset, train: { ...images, texts: images.texts!.map(() => '…') } }),
  ).toThrow('no words')
  expect(() => checkTextImage({ ...network, depths: [1] })).toThrow('1 depths for 2 widths')
  expect(() => checkTextImage({ ...network, size: 10 })).toThrow('do not divide 10 pixels')
  expect(() => checkTextImage({ ...network, groups: 3 })).toThrow('3 groups do not divide 8 channels')
  const { vocabulary: __, ...unfitted } = network
  expect(() => new TextImageLearner({ ...settings, network: unfitted })).toThrow(
    'network.vocabulary is missing',
  )
})
