/** Choosing the nearest candidate without making any, against making all of them. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { random } from '../../src/data/rng.ts'
import { type Candidates, choose, distances, distancesByImages, nearest } from '../../src/ddn/layer.ts'
import { input, type Tensor } from '../../src/graph/index.ts'
import { compile, type Feed } from '../../src/runtime/index.ts'

interface Case {
  n: number
  /** Features, grid, patch, image channels, candidates. */
  C: number
  S: number
  p: number
  c: number
  K: number
  previous: boolean
  seed: number
}

const cases: fc.Arbitrary<Case> = fc.record({
  n: fc.integer({ min: 1, max: 3 }),
  C: fc.integer({ min: 1, max: 9 }),
  S: fc.constantFrom(1, 2, 3, 4),
  p: fc.constantFrom(1, 2, 4),
  c: fc.constantFrom(1, 3),
  K: fc.integer({ min: 2, max: 7 }),
  previous: fc.boolean(),
  seed: fc.nat(1e6),
})

/** Random values, and the graph's inputs for them. */
function setUp({ n, C, S, p, c, K, previous, seed }: Case) {
  const rng = random(seed, 'layer')
  const side = S * p
  const draw = (shape: number[]) => {
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => rng.normal())
    return { data, shape }
  }
  const feeds: Record<string, { data: Float32Array; shape: number[] }> = {
    weights: draw([K, c * p * p * C]),
    features: draw([n, C, S, S]),
    target: draw([n, c, side, side]),
  }
  if (previous) feeds.previous = draw([n, c, side, side])
  const tensor = (name: string) => input(name, feeds[name].shape)
  const candidates: Candidates = {
    weights: tensor('weights'),
    features: tensor('features'),
    patch: p,
    previous: previous ? tensor('previous') : null,
    channels: c,
  }
  return { feeds, candidates, target: tensor('target') }
}

async function evaluate(outputs: Record<string, Tensor>, feeds: Record<string, Feed>) {
  const step = await compile({ outputs }, { threads: 1 })
  const results = await step.run(feeds)
  await step.close()
  return results
}

/** Every candidate's image, by loops in float64: [n][K] images [c, S·p, S·p], straight from the definition. */
function candidatesByLoops(
  { n, C, S, p, c, K }: Case,
  feeds: ReturnType<typeof setUp>['feeds'],
): Float64Array[][] {
  const side = S * p
  const at = (image: number, ch: number, y: number, x: number) => ((image * c + ch) * side + y) * side + x
  return Array.from({ length: n }, (_, i) =>
    Array.from({ length: K }, (_, k) => {
      const image = new Float64Array(c * side * side)
      for (let ch = 0; ch < c; ch++)
        for (let y = 0; y < side; y++)
          for (let x = 0; x < side; x++) {
            // The patch's pixel and the position that paints it.
            const row = (ch * p + (y % p)) * p + (x % p)
            const position = Math.floor(y / p) * S + Math.floor(x / p)
            let sum = feeds.previous ? feeds.previous.data[at(i, ch, y, x)] : 0
            for (let f = 0; f < C; f++)
              sum +=
                feeds.weights.data[(k * c * p * p + row) * C + f] *
                feeds.features.data[(i * C + f) * S * S + position]
            image[at(0, ch, y, x)] = sum
          }
      return image
    }),
  )
}

const squaredDistance = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2
  return sum
}

test('all distances, and the nearest, are those of images that are really made', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async one => {
      const { feeds, candidates, target } = setUp(one)
      const results = await evaluate(
        {
          short: distances(candidates, target),
          long: distancesByImages(candidates, target),
          index: nearest(candidates, target),
        },
        feeds,
      )
      const { n, K, c, S, p } = one
      const length = c * (S * p) ** 2
      const made = candidatesByLoops(one, feeds)
      for (let i = 0; i < n; i++) {
        const wanted = feeds.target.data.subarray(i * length, (i + 1) * length)
        const exact = made[i].map(image => squaredDistance(image, wanted))
        // What all candidates have in common is left out of the short form.
        const before = feeds.previous?.data.subarray(i * length, (i + 1) * length) ?? new Float32Array(length)
        const common = squaredDistance(wanted, before)
        // Float32 sums of so many terms of this size.
        const tolerance = 1e-5 * Math.max(...exact, common, 1)
        for (let k = 0; k < K; k++) {
          expect(Math.abs(Number(results.short[i * K + k]) + common - exact[k])).toBeLessThan(tolerance)
          expect(Math.abs(Number(results.long[i * K + k]) - exact[k])).toBeLessThan(tolerance)
        }
        const chosen = Number(results.index[i])
        expect(exact[chosen] - Math.min(...exact)).toBeLessThan(2 * tolerance)
      }
    }),
    { numRuns: 25 },
  )
})

test('the chosen image is that candidate, pixel for pixel', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async one => {
      const { feeds, candidates } = setUp(one)
      const { target: _, ...inputs } = feeds
      const rng = random(one.seed, 'index')
      const index = Array.from({ length: one.n }, () => rng.int(one.K))
      const { image } = await evaluate(
        { image: choose(candidates, input('index', [one.n], 'int64')) },
        { ...inputs, index: { data: BigInt64Array.from(index, BigInt), shape: [one.n] } },
      )
      const made = candidatesByLoops(one, feeds)
      const expected = index.flatMap((k, i) => [...made[i][k]])
      expected.forEach((value, i) => {
        expect(Math.abs(Number(image[i]) - value)).toBeLessThan(1e-4)
      })
    }),
    { numRuns: 10 },
  )
})
