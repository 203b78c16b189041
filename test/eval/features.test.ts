// Features: inner tensors of models whose values are known, and of the classifier that comes with the package.

import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { afterAll, describe, expect, test } from 'vitest'
import { random } from '../../src/data/rng.ts'
import { findModel } from '../../src/data/shipped.ts'
import { type FeatureNetwork, type FeatureOptions, openFeatures } from '../../src/eval/features.ts'
import { ModelProtoSchema } from '../../src/graph/generated/onnx_pb.ts'
import {
  add,
  argMax,
  constant,
  type Dim,
  input,
  matmul,
  relu,
  reshape,
  softmax,
  transpose,
  writeModel,
} from '../../src/graph/index.ts'
import { openJudge } from '../../src/guides/judge.ts'
import { fileReader } from '../../src/guides/judge-files.ts'
import type { JudgeSpecInput } from '../../src/guides/judge-spec.ts'
import { filesOf } from '../guides/judge-models.ts'

const runtime = { threads: 1 }
const opened: FeatureNetwork[] = []
afterAll(async () => {
  for (const one of opened) await one.close()
})

const noise = (length: number, seed = 1) => {
  const rng = random(seed, 'noise')
  return Float32Array.from({ length }, () => 2 * rng.next() - 1)
}

/** 2×2 pixels → 3 hidden values → 2 classes. */
const first = noise(12, 2)
const second = noise(6, 3)

function network({ attention = false, batch = 'N' as Dim } = {}): Uint8Array {
  const images = input('images', [batch, 1, 2, 2])
  const hidden = relu(matmul(reshape(images, [batch, 4]), constant(first, [4, 3])))
  const scores = add(matmul(hidden, constant(second, [3, 2])), constant(Float32Array.of(1, -1)))
  if (!attention) return writeModel({ scores: softmax(scores), hidden, best: argMax(scores, 1) })
  // A product of a value with itself, after the last one with weights.
  const column = reshape(scores, [batch, 2, 1])
  return writeModel({
    scores: reshape(matmul(column, transpose(column, [0, 2, 1])), [batch, 4]),
    hidden,
  })
}

const spec = (changes: Partial<JudgeSpecInput> = {}): JudgeSpecInput => ({
  format: 'coppice-judge-1',
  model: 'net.onnx',
  input: { size: 2, channels: 1, range: [-1, 1] },
  output: { name: 'scores', read: 'probabilities' },
  ...changes,
})

async function open(
  model: Uint8Array,
  options: FeatureOptions = {},
  changes: Partial<JudgeSpecInput> = {},
): Promise<FeatureNetwork> {
  const readFile = filesOf({ 'nets/a.json': spec(changes), 'nets/net.onnx': model })
  const one = await openFeatures('nets/a.json', { readFile, runtime, ...options })
  opened.push(one)
  return one
}

/** max(0, x W₁), in double precision. */
function hiddenOf(images: Float32Array): number[] {
  return Array.from({ length: (images.length / 4) * 3 }, (_, i) => {
    let sum = 0
    for (let j = 0; j < 4; j++) sum += images[Math.floor(i / 3) * 4 + j] * first[j * 3 + (i % 3)]
    return Math.max(0, sum)
  })
}

function near(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-6) {
  expect(actual).toHaveLength(expected.length)
  for (let i = 0; i < expected.length; i++)
    if (!(Math.abs(actual[i] - expected[i]) <= tolerance))
      expect.fail(`value ${i} is ${actual[i]}, not ${expected[i]}`)
}

describe('by default', () => {
  test('features are what the last linear layer before the scores takes in', async () => {
    const features = await open(network())
    expect([features.tensor, features.dimension]).toEqual(['hidden', 3])
    const images = noise(4 * 7)
    near(await features.of(images, [1, 2, 2]), hiddenOf(images))
  })

  test('a product of values with each other is no linear layer', async () => {
    expect((await open(network({ attention: true }))).tensor).toBe('hidden')
  })

  test('those of a model of features, or of embeddings, are its output', async () => {
    for (const read of ['features', 'cosine'] as const) {
      const one = await open(network(), {}, { output: { name: 'scores', read } })
      expect([one.tensor, one.dimension]).toEqual(['scores', 2])
    }
  })

  test('the layer is found where linear layers are written as Gemm', async () => {
    const proto = fromBinary(ModelProtoSchema, network())
    for (const node of proto.graph!.node) if (node.opType === 'MatMul') node.opType = 'Gemm'
    const features = await open(toBinary(ModelProtoSchema, proto))
    expect(features.tensor).toBe('hidden')
    near(await features.of(noise(4), [1, 2, 2]), hiddenOf(noise(4)))
  })

  test('a model without a linear layer wants a name, and offers some', async () => {
    const model = writeModel({ scores: softmax(reshape(relu(input('images', ['N', 1, 2, 2])), ['N', 4])) })
    await expect(open(model)).rejects.toThrow(
      /^nets\/a\.json: net\.onnx has no linear layer before scores; name the tensor to read, such as \S*Reshape/,
    )
  })
})

describe('of a tensor by its name', () => {
  test('of more dimensions it is read flat', async () => {
    const images = input('images', ['N', 1, 2, 2])
    const model = writeModel({ scores: reshape(images, ['N', 4]), inside: transpose(images, [0, 3, 2, 1]) })
    const features = await open(model, { tensor: 'inside' })
    expect(features.dimension).toBe(4)
    near(await features.of(Float32Array.of(0.1, 0.2, 0.3, 0.4), [1, 2, 2]), [0.1, 0.3, 0.2, 0.4])
  })

  test('the file need not say of what type and shape it is', async () => {
    const proto = fromBinary(ModelProtoSchema, network())
    proto.graph!.valueInfo = []
    proto.graph!.output = proto.graph!.output.filter(({ name }) => name === 'scores')
    const features = await open(toBinary(ModelProtoSchema, proto), { tensor: 'hidden' })
    near(await features.of(noise(8), [1, 2, 2]), hiddenOf(noise(8)))
  })

  test('one that there is not brings those of similar names', async () => {
    await expect(open(network(), { tensor: 'hiden' })).rejects.toThrow(
      'nets/a.json: net.onnx has no tensor hiden; near it are hidden',
    )
    await expect(open(network(), { tensor: 'mat' })).rejects.toThrow(/near it are MatMul/)
    await expect(open(network(), { tensor: 'xxxxxxxxxxxxxxxxxxxxx' })).rejects.toThrow(
      /the last of its \d+ are .*scores/,
    )
  })

  test('one that holds no numbers of float32 is refused', async () => {
    await expect(open(network(), { tensor: 'best' })).rejects.toThrow(/best is int64/)
  })

  test('a file that is no model is refused', async () => {
    await expect(open(Uint8Array.of(1, 2, 3))).rejects.toThrow('nets/a.json: net.onnx is no ONNX model')
  })
})

describe('any number of images', () => {
  test('an image has the same bits alone and among others', async () => {
    const features = await open(network())
    const images = noise(4 * 300)
    const all = await features.of(images, [1, 2, 2])
    for (const i of [0, 255, 256, 299])
      expect(await features.of(images.slice(4 * i, 4 * i + 4), [1, 2, 2])).toEqual(
        all.slice(3 * i, 3 * i + 3),
      )
  })

  test('a model of a fixed batch takes any number too', async () => {
    const features = await open(network({ batch: 2 }))
    near(await features.of(noise(20), [1, 2, 2]), hiddenOf(noise(20)))
  })

  test('images of a data set are those of their bytes', async () => {
    const features = await open(network())
    const pixels = Uint8Array.from({ length: 12 }, (_, i) => 20 * i)
    const data = { count: 3, channels: 1 as const, size: 2, pixels }
    const images = Float32Array.from(pixels, byte => byte / 127.5 - 1)
    expect(await features.ofData(data)).toEqual(await features.of(images, [1, 2, 2]))
    expect(await features.ofData(data, [2])).toEqual(await features.of(images.slice(8), [1, 2, 2]))
  })

  test('what is no image is refused', async () => {
    const features = await open(network())
    await expect(features.of(noise(5), [1, 2, 2])).rejects.toThrow('5 values are no whole number of images')
    await expect(features.of(new Float32Array(0), [1, 2, 2])).rejects.toThrow('give at least one')
    await expect(features.of(Float32Array.of(0, Number.NaN, 0, 0), [1, 2, 2])).rejects.toThrow(
      'value 1 is NaN',
    )
  })
})

test("the classifier of digits: its logits are its features' product with its last weights", async () => {
  const features = await openFeatures('classifier.json', { runtime })
  opened.push(features)
  const path = await findModel('classifier.json')
  const judge = await openJudge(path, fileReader(), runtime)
  const images = noise(3 * 1024)
  let logits = new Float32Array()
  await judge.look(images, [1, 32, 32], async answers => {
    logits = answers.slice()
  })
  await judge.close()
  const { graph } = fromBinary(ModelProtoSchema, await fileReader()(path.replace(/json$/, 'onnx')))
  const product = graph!.node.findLast(({ opType }) => opType === 'MatMul')!
  expect(features.tensor).toBe(product.input[0])
  const values = (name: string) => {
    const { rawData } = graph!.initializer.find(one => one.name === name)!
    return new Float32Array(new Uint8Array(rawData).buffer)
  }
  const weights = values(product.input[1])
  const bias = values(graph!.node.at(-1)!.input.find(name => name !== product.output[0])!)
  const rows = await features.of(images, [1, 32, 32])
  const D = features.dimension
  expect(weights).toHaveLength(10 * D)
  const expected = Array.from({ length: 30 }, (_, i) => {
    let sum = bias[i % 10]
    for (let d = 0; d < D; d++) sum += rows[Math.floor(i / 10) * D + d] * weights[d * 10 + (i % 10)]
    return sum
  })
  // Sums of a few hundred float32 products in another order.
  near(logits, expected, 1e-4)
})
