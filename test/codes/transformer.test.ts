/** The transformer over codes: its plain arithmetic against the graph and against Math.exp, its bits, and what it learns. */

import { expect, test } from 'vitest'
import { countsPrior } from '../../src/codes/counts.ts'
import { exp, softmax } from '../../src/codes/deterministic-math.ts'
import { mixedPrior } from '../../src/codes/mixture.ts'
import { bitsOfPaths, type Prior } from '../../src/codes/prior.ts'
import {
  type TransformerConfig,
  transformerLayout,
  transformerLogits,
  transformerPrior,
  transformerSchema,
} from '../../src/codes/transformer.ts'
import { logitsOf, transformerNats } from '../../src/codes/transformer-network.ts'
import { type TransformerReport, trainTransformer } from '../../src/codes/transformer-training.ts'
import { hash32, random } from '../../src/data/rng.ts'
import { input } from '../../src/graph/index.ts'
import { weightsOf } from '../../src/nn/training-program.ts'
import { compile } from '../../src/runtime/index.ts'

const runtime = { threads: 1 }

const tiny = transformerSchema.parse({ K: [3, 5, 5, 2, 6], width: 12, blocks: 2, heads: 3 })

/** Every weight evenly in [−0.7, 0.7), by integers and one product: the same bits everywhere. */
function weightsFor(config: TransformerConfig, seed: number): Float32Array {
  const rng = random(seed, 'weights')
  return Float32Array.from({ length: transformerLayout(config).size }, () => (rng.next() - 0.5) * 1.4)
}

function drawEvenly(K: readonly number[], count: number, seed: number): Int32Array {
  const rng = random(seed, 'paths')
  return Int32Array.from({ length: count * K.length }, (_, i) => rng.int(K[i % K.length]))
}

/** All probabilities on the way along a path. */
function along(prior: Prior, path: Int32Array): Float64Array[] {
  const walk = prior.walk()
  return prior.K.map((_, l) => {
    const p = walk.probabilities()
    walk.take(path[l])
    return p
  })
}

test('the exponential is right to the last places, and 2 to a whole power is exact', () => {
  let worst = 0
  for (let i = -70000; i <= 70000; i++) {
    const x = i / 100 + i * 1e-9
    if (Math.abs(x) <= 700) worst = Math.max(worst, Math.abs(exp(x) / Math.exp(x) - 1))
  }
  // Math.exp itself is within one unit in the last place, 2.2e-16.
  expect(worst).toBeLessThan(1e-15)
  expect(exp(0)).toBe(1)
  expect(exp(-1e9)).toBe(exp(-700))
  expect(exp(-1e9)).toBeGreaterThan(0)
  expect(exp(Infinity)).toBeLessThan(Infinity)
  expect(exp(Number.NaN)).toBeNaN()
})

test('the soft-max of far-off logits sums to 1', () => {
  const x = Float64Array.of(-1e6, 3, 1e6, 1e6)
  softmax(x)
  expect(x[2]).toBe(x[3])
  expect(x.reduce((a, b) => a + b)).toBeCloseTo(1, 15)
  expect(x[0]).toBeGreaterThan(0)
})

test('plain arithmetic gives the logits of the graph', async () => {
  const weights = weightsFor(tiny, 1)
  const codes = drawEvenly(tiny.K, 7, 1)
  const { parameters } = weightsOf(transformerLayout(tiny), weights)
  const groups = logitsOf(input('codes', [7, 5], 'int32'), tiny, parameters)
  const step = await compile(
    { outputs: Object.fromEntries(groups.map((group, i) => [`${i}`, group])) },
    runtime,
  )
  const outputs = await step.run({ codes: { data: codes, shape: [7, 5] } })
  await step.close()
  // Layers with the same K next to each other come together: 3, then 5 and 5, then 2, then 6.
  const places = [
    [0, 0],
    [1, 0],
    [1, 1],
    [2, 0],
    [3, 0],
  ]
  transformerLogits(tiny, weights, codes).forEach((layers, n) => {
    layers.forEach((logits, l) => {
      const [group, layer] = places[l]
      const K = tiny.K[l]
      const wanted = outputs[group].subarray((layer * 7 + n) * K, (layer * 7 + n + 1) * K)
      // The graph is float32, with sums of up to 48 products.
      for (let k = 0; k < K; k++) expect(Math.abs(logits[k] - Number(wanted[k]))).toBeLessThan(1e-4)
    })
  })
})

test('the bits of the graph are those of the prior', async () => {
  const weights = weightsFor(tiny, 2)
  const codes = drawEvenly(tiny.K, 9, 2)
  const step = await compile(
    transformerNats(tiny, transformerLayout(tiny), { batch: 9, values: weights }),
    runtime,
  )
  const { nats } = await step.run({ codes: { data: codes, shape: [9, 5] } })
  await step.close()
  bitsOfPaths(transformerPrior(tiny, weights), codes).layers.forEach((bits, l) => {
    let sum = 0
    for (let i = 0; i < 9; i++) sum += Number(nats[l * 9 + i]) / Math.LN2
    // Besides rounding, a 4096th of every probability is shared evenly: at most 0.0004 bits more for each of nine.
    expect(bits).toBeLessThan(sum + 9 * 4e-4)
    expect(bits).toBeGreaterThan(sum - 0.05)
  })
})

test('later codes change nothing before them, and earlier ones do', () => {
  const prior = transformerPrior(tiny, weightsFor(tiny, 3))
  const [path, other] = [Int32Array.of(1, 4, 0, 1, 5), Int32Array.of(1, 4, 2, 0, 3)]
  const [p, q] = [along(prior, path), along(prior, other)]
  for (const l of [0, 1, 2]) expect(q[l]).toEqual(p[l])
  for (const l of [3, 4]) expect(q[l]).not.toEqual(p[l])
})

test('a walk that asks only at the end is told the same', () => {
  const prior = transformerPrior(tiny, weightsFor(tiny, 4))
  const path = Int32Array.of(2, 0, 3, 1, 0)
  const walk = prior.walk()
  for (const code of path.subarray(0, 4)) walk.take(code)
  expect(walk.probabilities()).toEqual(along(prior, path)[4])
})

test('probabilities are above 0 and sum to 1, also under weights that are sure', () => {
  const weights = weightsFor(tiny, 5).map(value => value * 200)
  for (const p of along(transformerPrior(tiny, weights), Int32Array.of(0, 1, 2, 1, 0))) {
    expect(Math.min(...p)).toBeGreaterThanOrEqual(2 ** -12 / p.length)
    expect(p.reduce((a, b) => a + b)).toBeCloseTo(1, 12)
  }
})

test('the probabilities are the same bits on every machine', () => {
  const prior = transformerPrior(tiny, weightsFor(tiny, 6))
  const all = along(prior, Int32Array.of(2, 3, 1, 0, 4)).flatMap(p => [...p])
  // What was compressed with these bits is lost if they change.
  expect(all).toHaveLength(21)
  expect(hash32(all.map(p => new BigUint64Array(Float64Array.of(p).buffer)[0].toString(16)).join())).toBe(
    2643159673,
  )
})

test('one layer, and layers of one candidate, have a prior too', () => {
  const config = transformerSchema.parse({ K: [4], width: 4, blocks: 1, heads: 1 })
  const [p] = along(transformerPrior(config, weightsFor(config, 7)), Int32Array.of(0))
  expect(p).toHaveLength(4)
  const sure = transformerSchema.parse({ K: [1, 2, 1], width: 4, blocks: 1, heads: 2 })
  expect(along(transformerPrior(sure, weightsFor(sure, 8)), Int32Array.of(0, 1, 0))[2][0]).toBeCloseTo(1, 15)
})

test('the default size for 14 layers of 512 is below 3 MB in half precision', () => {
  const config = transformerSchema.parse({ K: Array(14).fill(512) })
  expect(2 * transformerLayout(config).size).toBeLessThan(3e6)
})

test('weights that do not fit, and widths that heads do not share, are refused', () => {
  expect(() => transformerPrior(tiny, new Float32Array(3))).toThrow('weights, not 3')
  const broken = weightsFor(tiny, 9)
  broken[5] = Number.NaN
  expect(() => transformerPrior(tiny, broken)).toThrow('a weight of the transformer is no number')
  expect(() => transformerSchema.parse({ K: [2], width: 10, heads: 4 })).toThrow('multiple of heads')
})

/** The third code is the sum of the first two, which are as they come; the fourth is the third but for one in four. */
function sums(count: number, seed: number): Int32Array {
  const rng = random(seed, 'sums')
  return Int32Array.from(
    Array.from({ length: count }, () => {
      const [a, b] = [rng.int(8), rng.int(8)]
      const sum = (a + b) % 8
      return [a, b, sum, rng.next() < 0.75 ? sum : rng.int(8)]
    }).flat(),
  )
}
const K8 = [8, 8, 8, 8]
const small = {
  width: 32,
  blocks: 1,
  heads: 2,
  steps: 300,
  batch: 64,
  rate: 0.01,
  dropout: 0,
  runtime,
} as const

test('it learns what follows from two codes together, and measures itself on paths held out', async () => {
  const reports: TransformerReport[] = []
  const { config, weights, bits, step } = await trainTransformer(K8, sums(2000, 1), {
    ...small,
    onStep: report => reports.push(report),
  })
  const { layers } = bitsOfPaths(transformerPrior(config, weights), sums(500, 2))
  const each = layers.map(sum => sum / 500)
  // Codes drawn evenly take 3 bits.
  expect(each[0]).toBeGreaterThan(2.95)
  expect(each[2]).toBeLessThan(0.3)
  expect(each[3]).toBeLessThan(1.7)
  expect(reports.length).toBeLessThanOrEqual(300)
  expect(Math.min(...reports.map(({ heldOutBits }) => heldOutBits ?? Infinity))).toBe(bits)
  expect(reports[step - 1].heldOutBits).toBe(bits)
  expect(Math.abs(bits - each.reduce((a, b) => a + b))).toBeLessThan(0.3)
})

test('the same seed and steps give the same weights', async () => {
  const losses: number[][] = [[], []]
  const train = (run: number) =>
    trainTransformer(K8, sums(100, 3), {
      ...small,
      steps: 6,
      dropout: 0.2,
      seed: 3,
      onStep: ({ bits }) => losses[run].push(bits),
    })
  const [one, two] = [await train(0), await train(1)]
  expect(losses[1]).toEqual(losses[0])
  expect(two.weights).toEqual(one.weights)
  expect(two.shares).toEqual(one.shares)
})

test('few paths do not make it worse than the marginals, nor its mixture with the counts worse than these', async () => {
  const rng = random(9, 'few')
  // Twelve kinds of path and a code by chance: to be remembered rather than understood.
  const kinds = drawEvenly([64, 64, 64], 12, 4)
  const draw = (count: number) =>
    Int32Array.from(
      Array.from({ length: count }, () => {
        const kind = rng.int(12)
        return [...kinds.subarray(3 * kind, 3 * kind + 3), rng.int(64)]
      }).flat(),
    )
  const K = [64, 64, 64, 64]
  const [codes, test] = [draw(150), draw(300)]
  const { config, weights, shares } = await trainTransformer(K, codes, { ...small, steps: 60, dropout: 0.1 })
  const transformer = transformerPrior(config, weights)
  const counts = countsPrior(K, codes)
  const [own, counted, mixed] = [transformer, counts, mixedPrior([transformer, counts], shares)].map(
    prior => bitsOfPaths(prior, test).images.reduce((a, b) => a + b) / 300,
  )
  expect(own).toBeLessThan(4 * 6 + 0.5)
  // The shares are fitted on 15 paths.
  expect(mixed).toBeLessThan(counted + 0.5)
})

test('128 layers of 2 candidates train and predict', async () => {
  const K = Array<number>(128).fill(2)
  const rng = random(5, 'stripes')
  const codes = Int32Array.from(
    Array.from({ length: 60 }, () => {
      const start = rng.int(2)
      return K.map((_, l) => (l + start) % 2)
    }).flat(),
  )
  const { config, weights } = await trainTransformer(K, codes, {
    ...small,
    width: 16,
    heads: 1,
    steps: 30,
    batch: 16,
  })
  const { images } = bitsOfPaths(transformerPrior(config, weights), codes.subarray(0, 128 * 4))
  // Even codes take 128 bits; a few steps are enough to see that they alternate.
  expect(images.reduce((a, b) => a + b) / 4).toBeLessThan(96)
})

test('what cannot be trained is named', async () => {
  const codes = sums(20, 6)
  await expect(trainTransformer(K8, codes, { steps: 1, minutes: 1 })).rejects.toThrow('give one of them')
  await expect(trainTransformer(K8, codes, { minutes: 0 })).rejects.toThrow('invalid budget: 0')
  await expect(trainTransformer(K8, codes.subarray(0, 4))).rejects.toThrow('nothing to train on')
  await expect(trainTransformer([8, 8, 8, 2], codes)).rejects.toThrow(
    'is none of the codes 0 to 1 of layer 3',
  )
  await expect(trainTransformer(K8, codes, { heldOut: 1 })).rejects.toThrow('invalid heldOut: 1')
})
