// Judges: ONNX models with answers in closed form, and what is said of those that do not fit.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { tokenizerOf } from '../../src/families/text-image/tokenizer.ts'
import {
  add,
  cast,
  concat,
  constant,
  input,
  matmul,
  mul,
  reduceMean,
  reduceSum,
  reshape,
  slice,
  softmax,
  type Tensor,
  transpose,
  writeModel,
} from '../../src/graph/index.ts'
import type { BlackBoxGuide, CandidateImages } from '../../src/guides/guide.ts'
import { type Judge, openJudge } from '../../src/guides/judge.ts'
import { fileReader, openJudgeFile } from '../../src/guides/judge-files.ts'
import {
  certainGuide,
  classGuide,
  judgedStyle,
  similarGuide,
  vectorGuide,
} from '../../src/guides/judge-guides.ts'
import type { JudgeSpecInput } from '../../src/guides/judge-spec.ts'
import { textGuide } from '../../src/guides/judge-text.ts'
import { resizePlanes } from '../../src/guides/resample.ts'
import { type Files, filesOf, halves, model, spec } from './judge-models.ts'
import { noise } from './network.ts'

const runtime = { threads: 1 }
const opened: Judge[] = []
afterAll(async () => {
  for (const judge of opened) await judge.close()
})

async function openWith(changes: Partial<JudgeSpecInput>, files: Files): Promise<Judge> {
  const judge = await openJudge('judges/a.json', inFolder({ 'a.json': spec(changes), ...files }), runtime)
  opened.push(judge)
  return judge
}

const inFolder = (files: Files) =>
  filesOf(Object.fromEntries(Object.entries(files).map(([name, file]) => [`judges/${name}`, file])))

/** n·K candidates of c channels, size × size. */
function candidates(
  images: Float32Array,
  [n, k, c, size]: readonly [number, number, number, number],
): CandidateImages {
  const layer = { index: 0, first: true, size, grid: size, patch: 1, layers: 1, width: 1, K: k }
  return { images, shape: [n, k, c, size, size], results: Int32Array.from({ length: n }, (_, i) => i), layer }
}

async function ask(guide: BlackBoxGuide, images: CandidateImages) {
  const [scores, errors] = [await guide.score(images), await guide.error!(images)]
  return { scores: Array.from(scores), errors: Array.from(errors) }
}

function near(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-5) {
  expect(actual).toHaveLength(expected.length)
  for (let i = 0; i < expected.length; i++)
    if (!(Math.abs(actual[i] - expected[i]) <= tolerance))
      expect.fail(`value ${i} is ${actual[i]}, not ${expected[i]}`)
}

/** Means of the halves of images [count, 1, 4, 4]. */
function meansOf(images: Float32Array): [left: number, right: number][] {
  return Array.from({ length: images.length / 16 }, (_, n) => {
    const sums: [number, number] = [0, 0]
    for (let i = 0; i < 16; i++) sums[i % 4 < 2 ? 0 : 1] += images[n * 16 + i] / 8
    return sums
  })
}

const halvesModel = (batch: number | string = 'N') => model(halves, [batch, 1, 4, 4])

describe('a judge of classes', () => {
  const images = noise(2 * 3 * 16)
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))
  const chances = meansOf(images).map(([left, right]) => sigmoid(left - right))

  for (const batch of ['N', 1, 4])
    test(`scores by ln p of the label, with batches of ${batch}`, async () => {
      const judge = await openWith({}, { 'halves.onnx': halvesModel(batch) })
      for (const label of ['left', 0, '0']) {
        const { scores, errors } = await ask(classGuide(judge, label), candidates(images, [2, 3, 1, 4]))
        near(scores, chances.map(Math.log))
        near(
          errors,
          chances.map(p => 1 - p),
        )
      }
    })

  test('scores by a label for each result', async () => {
    const judge = await openWith({}, { 'halves.onnx': halvesModel() })
    const { scores } = await ask(classGuide(judge, ['left', 'right']), candidates(images, [2, 3, 1, 4]))
    near(
      scores,
      chances.map((p, i) => Math.log(i < 3 ? p : 1 - p)),
    )
    await expect(ask(classGuide(judge, ['left', 'right']), candidates(images, [3, 2, 1, 4]))).rejects.toThrow(
      'for each of 2 results, and none for result 2',
    )
  })

  test('or by its certainty', async () => {
    const judge = await openWith({}, { 'halves.onnx': halvesModel() })
    const { scores, errors } = await ask(certainGuide(judge), candidates(images, [2, 3, 1, 4]))
    near(
      scores,
      chances.map(p => Math.log(Math.max(p, 1 - p))),
    )
    near(
      errors,
      chances.map(p => 1 - Math.max(p, 1 - p)),
    )
  })

  test('that gives probabilities scores the same', async () => {
    const probabilities = model(x => softmax(halves(x)), ['N', 1, 4, 4])
    const judge = await openWith({ output: { read: 'probabilities' } }, { 'halves.onnx': probabilities })
    const { scores, errors } = await ask(classGuide(judge, 1), candidates(images, [2, 3, 1, 4]))
    near(
      scores,
      chances.map(p => Math.log(1 - p)),
    )
    near(errors, chances)
  })

  test('names the classes it has when it is asked for another', async () => {
    const judge = await openWith({}, { 'halves.onnx': halvesModel() })
    expect(() => classGuide(judge, 2)).toThrow(
      'judges/a.json has 2 classes, numbered from 0 to 1; there is no 2',
    )
    expect(() => classGuide(judge, -1)).toThrow('there is no -1')
    expect(() => classGuide(judge, 0.5)).toThrow('there is no 0.5')
    expect(() => classGuide(judge, '7')).toThrow('there is no 7')
    expect(() => classGuide(judge, 'lefft')).toThrow(
      'judges/a.json knows no class lefft; did you mean left? Valid are left, right',
    )
    const nameless = await openWith({ output: { read: 'logits' } }, { 'halves.onnx': halvesModel() })
    expect(() => classGuide(nameless, 'left')).toThrow(
      'has no names for its classes; give a number from 0 to 1',
    )
  })

  test('says so when it answers with NaN', async () => {
    const root = model(x => mul(halves(x), constant(Float32Array.of(Infinity, 0))), ['N', 1, 4, 4])
    const judge = await openWith({}, { 'halves.onnx': root })
    await expect(ask(classGuide(judge, 0), candidates(new Float32Array(32), [1, 2, 1, 4]))).rejects.toThrow(
      'judges/a.json answered image 0 of 2 with what is no number (NaN)',
    )
  })

  test('says so of probabilities and embeddings too', async () => {
    const broken = model(x => mul(halves(x), constant(Float32Array.of(Infinity, 0))), ['N', 1, 4, 4])
    const grey = candidates(new Float32Array(32), [1, 2, 1, 4])
    const probable = await openWith({ output: { read: 'probabilities' } }, { 'halves.onnx': broken })
    await expect(classGuide(probable, 0).score(grey)).rejects.toThrow('no number (NaN)')
    await expect(certainGuide(probable).score(grey)).rejects.toThrow('no number (NaN)')
    const embedding = await openWith({ output: { read: 'cosine' } }, { 'halves.onnx': broken })
    await expect(vectorGuide(embedding, [1, 1]).score(grey)).rejects.toThrow('no number (NaN)')
  })

  test('may rule a class out', async () => {
    const never = model(x => add(halves(x), constant(Float32Array.of(0, -Infinity))), ['N', 1, 4, 4])
    const judge = await openWith({}, { 'halves.onnx': never })
    near(
      (await ask(classGuide(judge, 'left'), candidates(images, [2, 3, 1, 4]))).errors,
      chances.map(() => 0),
    )
    near(
      (await ask(classGuide(judge, 'right'), candidates(images, [2, 3, 1, 4]))).errors,
      chances.map(() => 1),
    )
  })

  test('serves two guides at the same time, and none once it is closed', async () => {
    const judge = await openWith({}, { 'halves.onnx': halvesModel(1) })
    const [left, right] = [classGuide(judge, 0), classGuide(judge, 1)]
    const shown = candidates(images, [2, 3, 1, 4])
    const [a, b] = await Promise.all([left.score(shown), right.score(shown)])
    near(a, chances.map(Math.log))
    near(
      b,
      chances.map(p => Math.log(1 - p)),
    )
    await left.close!()
    near(await right.score(shown), b)
    await judge.close()
    await expect(right.score(shown)).rejects.toThrow('judges/a.json is closed')
  })
})

describe('a judge sees images', () => {
  /** What a model sees is what it answers. */
  async function seen(inputSpec: JudgeSpecInput['input'], images: CandidateImages): Promise<Float32Array> {
    const [height, width] =
      typeof inputSpec.size === 'number' ? [inputSpec.size, inputSpec.size] : inputSpec.size
    const { channels } = inputSpec
    const shape = inputSpec.layout === 'NHWC' ? [height, width, channels] : [channels, height, width]
    const judge = await openWith(
      { input: inputSpec, output: { read: 'features' } },
      { 'halves.onnx': model(x => mul(x, 1), ['N', ...shape]) },
    )
    const all: number[] = []
    const [n, k, ...one] = images.shape
    await judge.look(images.images, one, async answers => {
      all.push(...answers)
    })
    expect(all).toHaveLength(n * k * height * width * channels)
    return Float32Array.from(all)
  }

  const colour = candidates(noise(2 * 3 * 16), [1, 2, 3, 4])
  const grey = candidates(noise(2 * 16), [1, 2, 1, 4])
  const unit = (value: number) => (value + 1) / 2

  test('in the range of its model', async () => {
    near(await seen({ size: 4, channels: 3, range: [0, 1] }, colour), colour.images.map(unit), 1e-6)
    near(
      await seen({ size: 4, channels: 3, range: [0, 255] }, colour),
      colour.images.map(v => 255 * unit(v)),
      1e-4,
    )
    near(
      await seen({ size: 4, channels: 3, range: [1, -1] }, colour),
      colour.images.map(v => -v),
      1e-6,
    )
  })

  test('less its mean over its deviation, per channel', async () => {
    const [mean, std] = [
      [0.1, 0.2, 0.3],
      [0.4, 0.5, 0.6],
    ]
    const expected = colour.images.map((v, i) => {
      const c = Math.floor(i / 16) % 3
      return (unit(v) - mean[c]) / std[c]
    })
    near(await seen({ size: 4, channels: 3, mean, std }, colour), expected, 1e-6)
  })

  test('with red and blue exchanged, and channels last', async () => {
    const planes = (n: number, c: number) => colour.images.subarray((n * 3 + c) * 16, (n * 3 + c + 1) * 16)
    const swapped = [0, 1].flatMap(n => [2, 1, 0].flatMap(c => [...planes(n, c)]))
    near(await seen({ size: 4, channels: 3, order: 'BGR', range: [-1, 1] }, colour), swapped, 1e-6)
    const last = [0, 1].flatMap(n =>
      Array.from({ length: 48 }, (_, i) => planes(n, i % 3)[Math.floor(i / 3)]),
    )
    near(await seen({ size: 4, channels: 3, layout: 'NHWC', range: [-1, 1] }, colour), last, 1e-6)
  })

  test('grey is repeated for an RGB model, and colour is luminance for a grey one', async () => {
    const repeated = [0, 1].flatMap(n =>
      [0, 1, 2].flatMap(() => [...grey.images.subarray(n * 16, n * 16 + 16)]),
    )
    near(await seen({ size: 4, channels: 3, range: [-1, 1] }, grey), repeated, 1e-6)
    const luminance = Array.from({ length: 32 }, (_, i) => {
      const at = Math.floor(i / 16) * 48 + (i % 16)
      return 0.299 * colour.images[at] + 0.587 * colour.images[at + 16] + 0.114 * colour.images[at + 32]
    })
    near(await seen({ size: 4, channels: 1, range: [-1, 1] }, colour), luminance, 1e-6)
  })

  test("resized to what it wants, from every layer's size, square or not", async () => {
    for (const size of [
      [2, 2],
      [7, 7],
      [3, 8],
    ] as [number, number][])
      near(
        await seen({ size, channels: 3, range: [-1, 1] }, colour),
        resizePlanes(colour.images, [4, 4], size),
        1e-6,
      )
    const pixel = candidates(Float32Array.of(0.5, -0.25), [1, 2, 1, 1])
    near(
      await seen({ size: 2, channels: 1, range: [-1, 1] }, pixel),
      [0.5, 0.5, 0.5, 0.5, -0.25, -0.25, -0.25, -0.25],
    )
  })

  test('cut off at black and white', async () => {
    const beyond = candidates(Float32Array.of(-3, -1, 0.5, 1.5), [1, 1, 1, 2])
    near(await seen({ size: 2, channels: 1, range: [-1, 1] }, beyond), [-1, -1, 0.5, 1])
  })
})

describe('a judge of likeness', () => {
  const images = noise(6 * 16)
  const shown = candidates(images, [2, 3, 1, 4])
  const cosine = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, value, i) => sum + value * b[i], 0) / Math.hypot(...a) / Math.hypot(...b)

  test('by cosine to a vector', async () => {
    const judge = await openWith(
      { output: { read: 'cosine' }, vector: [3, -4] },
      { 'halves.onnx': halvesModel() },
    )
    const expected = meansOf(images).map(means => cosine(means, [3, -4]))
    const { scores, errors } = await ask(vectorGuide(judge), shown)
    near(scores, expected)
    near(
      errors,
      expected.map(value => 1 - value),
    )
    near(
      (await ask(vectorGuide(judge, [1, 0]), shown)).scores,
      meansOf(images).map(means => cosine(means, [1, 0])),
    )
    expect(() => vectorGuide(judge, [1, 0, 0])).toThrow('its embeddings have 2 numbers, the vector 3')
  })

  test("by cosine to other pictures' embeddings", async () => {
    const judge = await openWith({ output: { read: 'cosine' } }, { 'halves.onnx': halvesModel(1) })
    const wanted = noise(2 * 16, 5)
    const guide = await similarGuide(judge, { images: wanted, channels: 1, size: 4 })
    const expected = meansOf(images).map((means, i) => cosine(means, meansOf(wanted)[Math.floor(i / 3)]))
    near((await ask(guide, shown)).scores, expected)
    expect(() => vectorGuide(judge)).toThrow('judges/a.json has no vector; give one')
  })

  test("by the squared difference from another picture's features", async () => {
    const judge = await openWith(
      { output: { read: 'features' } },
      { 'halves.onnx': model(x => mul(x, 2), ['N', 1, 4, 4]) },
    )
    const wanted = noise(16, 5)
    const guide = await similarGuide(judge, { images: wanted, channels: 1, size: 4 })
    const expected = Array.from({ length: 6 }, (_, n) => {
      let sum = 0
      for (let i = 0; i < 16; i++) sum += (2 * (images[n * 16 + i] - wanted[i])) ** 2
      return sum / 16
    })
    const { scores, errors } = await ask(guide, shown)
    near(errors, expected)
    near(
      scores,
      expected.map(value => -value),
    )
  })

  for (const layout of ['NCHW', 'NHWC'] as const)
    test(`by the Gram matrices of its features, ${layout}`, async () => {
      const two = (x: Tensor) => (layout === 'NCHW' ? concat([x, mul(x, x)], 1) : concat([x, mul(x, x)], 3))
      const shape = layout === 'NCHW' ? ['N', 1, 4, 4] : ['N', 4, 4, 1]
      const judge = await openWith(
        { input: { size: 4, channels: 1, range: [-1, 1], layout }, output: { read: 'features' } },
        { 'halves.onnx': model(two, shape) },
      )
      const wanted = noise(16, 5)
      const gram = (image: Float32Array) => {
        const maps = [image, image.map(v => v * v)]
        return maps.flatMap(a => maps.map(b => a.reduce((sum, value, i) => sum + value * b[i], 0) / 16))
      }
      const target = gram(wanted)
      const norm = target.reduce((sum, value) => sum + value * value, 0)
      const expected = Array.from({ length: 6 }, (_, n) => {
        const found = gram(images.subarray(n * 16, n * 16 + 16))
        return found.reduce((sum, value, i) => sum + (value - target[i]) ** 2, 0) / norm
      })
      const guide = await judgedStyle(judge, { images: wanted, channels: 1, size: 4 })
      const { scores, errors } = await ask(guide, shown)
      near(errors, expected)
      near(
        scores,
        expected.map(value => -value),
      )
      await guide.close!()
    })

  test('refuses what its output does not say', async () => {
    const judge = await openWith({}, { 'halves.onnx': halvesModel() })
    const pictures = { images, channels: 1, size: 4 }
    await expect(similarGuide(judge, pictures)).rejects.toThrow('is read as logits; likeness needs')
    await expect(judgedStyle(judge, pictures)).rejects.toThrow(
      'style needs features of every place, [N, C, H, W]',
    )
    expect(() => vectorGuide(judge, [1, 1])).toThrow(
      'is read as logits; a vector needs an output that is an embedding',
    )
    const flat = await openWith({ output: { read: 'features' } }, { 'halves.onnx': halvesModel() })
    expect(() => classGuide(flat, 0)).toThrow('is read as features; a class needs')
    expect(() => certainGuide(flat)).toThrow('is read as features; a class needs')
  })
})

describe('a judge of texts', () => {
  const tokenizer = tokenizerOf(['owl', 'red', 'bird'])
  /** A text is the number of its words in the first of two numbers, and of tokens of pieces in the second. */
  const encoder = (dtype: 'int32' | 'int64' = 'int32') => {
    const [words, tokens] = tokenizer.shape
    const ids = input('tokens', [1, words, tokens], dtype)
    const clamped = (from: number, to: number) =>
      reshape(reduceSum(cast(cast(slice(ids, 2, from, to), 'bool'), 'float32')), [1, 1])
    return writeModel({ vector: concat([clamped(0, 1), clamped(1, tokens)], 1) })
  }
  const images = noise(3 * 16)
  const shown = candidates(images, [1, 3, 1, 4])
  const judged = (text: object = {}, file: Uint8Array = encoder()) =>
    openWith(
      { output: { read: 'cosine' }, text: { model: 'text.onnx', tokenizer, ...text } },
      { 'halves.onnx': halvesModel(), 'text.onnx': file },
    )

  for (const dtype of ['int32', 'int64'] as const)
    test(`scores by the cosine of image and text, tokens in ${dtype}`, async () => {
      const judge = await judged({}, encoder(dtype))
      const notes: string[] = []
      const guide = await textGuide(judge, 'A red owl!', note => notes.push(note))
      // Of three words two are known, and no two of the known words share a piece.
      const expected = meansOf(images).map(([left, right]) => left / Math.hypot(left, right))
      const { scores, errors } = await ask(guide, shown)
      near(scores, expected)
      near(
        errors,
        expected.map(value => 1 - value),
      )
      expect(notes).toEqual(['judges/a.json does not know a'])
    })

  test('says which words it knows instead, and refuses a text of unknown words only', async () => {
    const judge = await judged()
    const notes: string[] = []
    await textGuide(judge, 'red brid', note => notes.push(note))
    expect(notes).toEqual(['judges/a.json does not know brid; did you mean bird?'])
    await expect(textGuide(judge, 'owls')).rejects.toThrow(
      'judges/a.json knows no word of the text "owls"; did you mean owl?',
    )
    await expect(textGuide(judge, 'xyzzy')).rejects.toThrow(/knows no word of the text "xyzzy"$/)
    await expect(textGuide(judge, '!?')).rejects.toThrow('the text "!?" has no words')
    await expect(textGuide(judge, [])).rejects.toThrow('no text is given')
  })

  test('takes a text for each result', async () => {
    const judge = await judged()
    const guide = await textGuide(judge, ['owl', 'bird owl'])
    const both = candidates(images.subarray(0, 32), [2, 1, 1, 4])
    near((await ask(guide, both)).scores, (await ask(await textGuide(judge, 'owl'), both)).scores)
  })

  test('without an encoder, or with one that does not fit, is an error that says what is missing', async () => {
    const without = await openWith({ output: { read: 'cosine' } }, { 'halves.onnx': halvesModel() })
    await expect(textGuide(without, 'owl')).rejects.toThrow(
      'judges/a.json has no text encoder (its field text); add one, or a vector',
    )
    const missing = await openWith(
      { output: { read: 'cosine' }, text: { model: 'txt.onnx', tokenizer } },
      { 'halves.onnx': halvesModel() },
    )
    await expect(textGuide(missing, 'owl')).rejects.toThrow(
      'judges/a.json: text.model is txt.onnx: there is no file judges/txt.onnx',
    )
    await expect(textGuide(await judged({ input: 'ids' }), 'owl')).rejects.toThrow(
      'judges/a.json: text.input is ids; valid are tokens',
    )
    await expect(textGuide(await judged({ output: 'vectr' }), 'owl')).rejects.toThrow(
      'judges/a.json: text.output is vectr; did you mean vector?',
    )
    await expect(textGuide(await judged({}, halvesModel()), 'owl')).rejects.toThrow(
      'text.model is text.onnx, which must take tokens alone, as int32 or int64',
    )
    const [words, tokens] = tokenizer.shape
    const long = writeModel({
      vector: matmul(
        cast(reshape(input('tokens', [1, words, tokens], 'int32'), [1, words * tokens]), 'float32'),
        constant(new Float32Array(words * tokens * 3), [words * tokens, 3]),
      ),
    })
    await expect(textGuide(await judged({}, long), 'owl')).rejects.toThrow(
      'text.output: text.onnx makes 3 numbers of a text, halves.onnx 2 of an image',
    )
  })
})

describe("a judge's file", () => {
  const wrong = async (changes: object, sentence: string | RegExp, files: Files = {}) => {
    const given = { ...spec(), ...changes }
    const all = { 'halves.onnx': halvesModel(), 'a.json': given, ...files }
    await expect(openJudge('judges/a.json', inFolder(all), runtime)).rejects.toThrow(sentence)
  }
  const inputOf = (changes: object) => ({ input: { ...spec().input, ...changes } })
  const outputOf = (changes: object) => ({ output: { ...spec().output, ...changes } })

  test('names the field that is missing, unknown or wrong', async () => {
    await wrong({ format: undefined }, 'judges/a.json: format is missing; give "coppice-judge-1"')
    await wrong({ format: 'coppice-judge-2' }, 'judges/a.json: format is "coppice-judge-2"; did you mean')
    await wrong({ model: undefined }, 'judges/a.json: model is missing')
    await wrong({ inputs: {} }, 'unknown field inputs; did you mean input?')
    await wrong(inputOf({ chanels: 3 }), 'unknown field input.chanels; did you mean channels?')
    await wrong(inputOf({ channels: 2 }), 'input.channels is 2; valid are 1, 3')
    await wrong(
      inputOf({ size: 'big' }),
      'input.size is "big"; it must be a whole number from 1 to 4096, or two',
    )
    await wrong(inputOf({ layout: 'HWC' }), 'input.layout is "HWC"; did you mean NHWC?')
    await wrong(inputOf({ range: undefined }), 'input.range is missing; give either range, or mean and std')
    await wrong(inputOf({ mean: [0], std: [1] }), 'input.range is [-1,1]; give either range, or mean and std')
    await wrong(inputOf({ range: undefined, mean: [0] }), 'give either range, or mean and std')
    await wrong(
      inputOf({ range: undefined, mean: [0, 0], std: [1] }),
      'input.mean is [0,0]; it must have one number for each of 1 channels',
    )
    await wrong(inputOf({ range: [1, 1] }), 'input.range is [1,1]; black and white must differ')
    await wrong(outputOf({ read: 'logit' }), 'output.read is "logit"; did you mean logits?')
    await wrong(
      outputOf({ classes: ['a', 'a'] }),
      'output.classes is ["a","a"]; two classes have the same name',
    )
    await wrong(outputOf({ read: 'cosine' }), 'only logits and probabilities have classes, not cosine')
    await wrong(
      { vector: [1, 2] },
      'vector is [1,2]; it needs an output that is read as cosine, not as logits',
    )
    await wrong({ vector: 'up' }, 'vector is "up"; it must be an array')
  })

  test('that is no JSON, or is not there, is named', async () => {
    await wrong({}, 'judges/a.json is not JSON', { 'a.json': Uint8Array.of(123) })
    await wrong({}, 'judges/a.json: it is [1]; it must be an object', { 'a.json': [1] })
    await expect(openJudge('judges/b.json', inFolder({}), runtime)).rejects.toThrow(
      'there is no file judges/b.json',
    )
  })

  test('names the model that is not there or no model', async () => {
    await wrong({ model: 'b.onnx' }, 'judges/a.json: model is b.onnx: there is no file judges/b.onnx')
    await wrong({}, /judges\/a.json: model is halves.onnx: cannot open the model: /, {
      'halves.onnx': Uint8Array.of(1, 2, 3),
    })
  })

  test('must say what the model says of its input', async () => {
    await wrong(inputOf({ name: 'image' }), 'input.name is image; did you mean images?')
    await wrong(
      inputOf({ size: 8 }),
      'the input images of halves.onnx is [N, 1, 4, 4], which does not fit input.size 8',
    )
    await wrong(inputOf({ size: [4, 8] }), 'does not fit input.size [4,8] and input.layout NCHW')
    await wrong(inputOf({ channels: 3 }), 'does not fit input.channels 3 and input.layout NCHW')
    await wrong(inputOf({ layout: 'NHWC' }), 'does not fit input.size 4 and input.layout NHWC')
    await wrong({}, 'the input images of halves.onnx is [N, 16]; a judge takes four dimensions, NCHW', {
      'halves.onnx': model(x => mul(x, 1), ['N', 16]),
    })
    await wrong({}, 'the input images of halves.onnx is uint8; a judge takes float32', {
      'halves.onnx': model(x => halves(cast(x, 'float32')), ['N', 1, 4, 4], { dtype: 'uint8' }),
    })
    const two = writeModel({ answer: add(halves(input('images', ['N', 1, 4, 4])), input('ids', ['N', 2])) })
    await wrong({}, 'input.name is missing; the inputs of halves.onnx are images, ids', {
      'halves.onnx': two,
    })
    await wrong(
      inputOf({ name: 'images' }),
      "halves.onnx also wants ids; a judge's model takes images alone",
      {
        'halves.onnx': two,
      },
    )
  })

  test('must say what the model says of its output', async () => {
    await wrong(outputOf({ name: 'anser' }), 'output.name is anser; did you mean answer?')
    const x = input('images', ['N', 1, 4, 4])
    const two = writeModel({ answer: halves(x), features: mul(x, 1) })
    await wrong({}, 'output.name is missing; the outputs of halves.onnx are answer, features', {
      'halves.onnx': two,
    })
    await wrong(
      outputOf({ classes: ['a', 'b', 'c'] }),
      'the output answer of halves.onnx is [2, 2], but output.classes names 3 classes',
    )
    await wrong(
      { output: { read: 'cosine' }, vector: [1, 2, 3] },
      'the output answer of halves.onnx is [2, 2], but vector has 3 numbers',
    )
    await wrong({}, 'the output answer is int64; a judge answers in float32', {
      'halves.onnx': model(x => cast(halves(x), 'int64'), ['N', 1, 4, 4]),
    })
    await wrong({}, 'the output answer of halves.onnx is [1, 2] for 2 images; a judge answers every image', {
      'halves.onnx': model(x => reduceMean(halves(x), [0], true), ['N', 1, 4, 4]),
    })
    await wrong({ output: { read: 'logits' } }, 'to be read as logits an answer needs more than one number', {
      'halves.onnx': model(x => reshape(reduceMean(x, [1, 2, 3]), ['N', 1]), ['N', 1, 4, 4]),
    })
  })

  test('may leave sizes to the model, and takes one output of several', async () => {
    const x = input('images', ['N', 1, 'H', 'W'])
    const answer = transpose(concat([reduceMean(x, [2, 3]), reduceMean(mul(x, 2), [2, 3])], 1), [0, 1])
    const judge = await openWith(
      { input: { size: 6, channels: 1, range: [-1, 1] }, output: { name: 'answer', read: 'features' } },
      { 'halves.onnx': writeModel({ answer, same: mul(x, 1) }) },
    )
    expect(judge.shape).toEqual([2])
  })

  test('can be an object, with models beside nothing', async () => {
    const judge = await openJudge(spec(), filesOf({ 'halves.onnx': halvesModel() }), runtime)
    opened.push(judge)
    expect(() => classGuide(judge, 5)).toThrow('the judge has 2 classes')
  })

  test('is found in a folder, and its model beside it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'judge-'))
    try {
      await writeFile(join(folder, 'a.json'), JSON.stringify(spec()))
      await expect(openJudgeFile(join(folder, 'a.json'), runtime)).rejects.toThrow(
        `model is halves.onnx: there is no file ${join(folder, 'halves.onnx')}`,
      )
      await writeFile(join(folder, 'halves.onnx'), halvesModel())
      opened.push(await openJudgeFile(join(folder, 'a.json'), runtime))
      opened.push(await openJudge('a.json', fileReader(folder), runtime))
      await expect(openJudgeFile(folder, runtime)).rejects.toThrow(`${folder} is a folder, not a file`)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
