/** Counts of contexts against plain filters, the formula, and leaving one out by hand: src/codes/counts.ts, contexts.ts. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Contexts } from '../../src/codes/contexts.ts'
import { type CountsFit, countsPrior, fitCounts, type Smoothing } from '../../src/codes/counts.ts'
import { bitsOfPaths, type Prior } from '../../src/codes/prior.ts'
import { hash32, random } from '../../src/data/rng.ts'

/** K of some layers and paths of these. */
const collections = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }).chain(K =>
  fc.record({
    K: fc.constant(K),
    paths: fc.array(fc.tuple(...K.map(k => fc.nat(k - 1))), { minLength: 1, maxLength: 30 }),
  }),
)

const flat = (paths: readonly (readonly number[])[]) => Int32Array.from(paths.flat())

/** The paths whose last m codes before a layer are those of `path`. */
const agreeing = (paths: readonly (readonly number[])[], path: readonly number[], layer: number, m: number) =>
  paths.filter(other => path.slice(layer - m, layer).every((code, i) => other[layer - m + i] === code))

/** p_m of the docblock, as a recursion over filtered lists. */
function plain(
  paths: readonly (readonly number[])[],
  path: readonly number[],
  layer: number,
  code: number,
  K: number,
  smoothing: readonly Smoothing[],
): number {
  if (smoothing.length === 0) return 1 / K
  const m = smoothing.length - 1
  const below = plain(paths, path, layer, code, K, smoothing.slice(0, -1))
  const here = agreeing(paths, path, layer, m)
  if (here.length === 0) return below
  const { discount, strength } = smoothing[m]
  const same = here.filter(other => other[layer] === code).length
  const different = new Set(here.map(other => other[layer])).size
  return (Math.max(same - discount, 0) + (strength + discount * different) * below) / (here.length + strength)
}

/** All distributions on the way along a path. */
function along(prior: Prior, path: ArrayLike<number>): Float64Array[] {
  const walk = prior.walk()
  return prior.K.map((_, l) => {
    const p = walk.probabilities()
    walk.take(path[l])
    return p
  })
}

test('a longer context holds the paths that agree in one more code', () => {
  fc.assert(
    fc.property(collections, ({ K, paths }) => {
      const contexts = new Contexts(K, flat(paths))
      const path = paths[0]
      for (let layer = 0; layer < K.length; layer++) {
        let range = contexts.whole
        for (let m = 1; m <= layer; m++) {
          const all = contexts.allLonger(layer, range, m - 1)
          range = contexts.longer(layer, range, m - 1, path[layer - m])
          const rows = Array.from({ length: range.to - range.from }, (_, i) =>
            contexts.row(layer, range.from + i),
          )
          const wanted = agreeing(paths, path, layer, m)
          expect(rows.map(row => paths[row])).toHaveLength(wanted.length)
          for (const row of rows) expect(wanted).toContain(paths[row])
          expect(all).toContainEqual(range)
        }
      }
    }),
    { numRuns: 100, seed: 1 },
  )
})

test('the probabilities are those of the formula, also for paths that were never seen', () => {
  const smoothings = fc.array(
    fc.record({
      discount: fc.double({ min: 0, max: 0.9, noNaN: true }),
      strength: fc.double({ min: 0.1, max: 50, noNaN: true }),
    }),
    { minLength: 5, maxLength: 5 },
  )
  fc.assert(
    fc.property(
      collections,
      smoothings,
      fc.array(fc.nat(), { minLength: 5, maxLength: 5 }),
      (data, all, other) => {
        const { K, paths } = data
        const fit = K.map((_, l) => all.slice(0, l + 1))
        const path = K.map((k, l) => other[l] % k)
        along(countsPrior(K, flat(paths), fit), path).forEach((p, l) => {
          p.forEach((value, k) => {
            expect(value).toBeCloseTo(plain(paths, path, l, k, K[l], fit[l]), 12)
          })
        })
      },
    ),
    { numRuns: 100, seed: 2 },
  )
})

test('the probabilities of a fitted prior are above 0 and sum to 1', () => {
  fc.assert(
    fc.property(collections, ({ K, paths }) => {
      for (const p of along(countsPrior(K, flat(paths)), paths[0])) {
        expect(Math.min(...p)).toBeGreaterThan(0)
        expect(p.reduce((a, b) => a + b)).toBeCloseTo(1, 12)
      }
    }),
    { numRuns: 50, seed: 3 },
  )
})

test('the smoothing of a layer is the one under which paths left out in turn are likeliest', () => {
  const rng = random(5, 'paths')
  const K = [3, 4]
  // The second code follows the first by half of the times.
  const paths = Array.from({ length: 25 }, () => {
    const first = rng.int(3)
    return [first, rng.next() < 0.5 ? first : rng.int(4)]
  })
  const fit = fitCounts(K, flat(paths))
  expect(fit[1]).toHaveLength(2)
  const bitsLeftOut = (tried: CountsFit) =>
    paths.reduce((sum, path, i) => {
      const others = countsPrior(K, flat(paths.filter((_, j) => j !== i)), tried)
      return sum + bitsOfPaths(others, Int32Array.from(path)).layers[1]
    }, 0)
  const best = bitsLeftOut(fit)
  for (const discount of [0, 0.25, 0.5, 0.75, 0.9])
    for (const strength of [0.25, 1, 4, 16, 64]) {
      // Rounding of another order of sums.
      const other = bitsLeftOut([fit[0], [fit[1][0], { discount, strength }]])
      expect(other).toBeGreaterThan(best - 1e-9)
    }
})

test('a code that follows from the two before it is found, and one that follows from nothing costs no more than even', () => {
  const rng = random(1, 'paths')
  const draw = (count: number) =>
    flat(
      Array.from({ length: count }, () => {
        const [a, b] = [rng.int(4), rng.int(4)]
        return [a, b, (a + b) % 4, rng.int(64)]
      }),
    )
  const prior = countsPrior([4, 4, 4, 64], draw(2000))
  const { layers } = bitsOfPaths(prior, draw(500))
  expect(layers[2] / 500).toBeLessThan(0.1)
  expect(layers[3] / 500).toBeLessThan(6 + 0.05)
})

test('contexts are no longer than asked for', () => {
  const codes = Int32Array.from({ length: 300 }, (_, i) => (i % 3 === 2 ? 1 : (i * 7) % 2))
  expect(fitCounts([2, 2, 2], codes, { longest: 0 }).map(layer => layer.length)).toEqual([1, 1, 1])
})

test('fitting 20,000 paths of 14 codes and walking 200 of them takes less than ten seconds', () => {
  const rng = random(2, 'paths')
  const K = Array<number>(14).fill(512)
  const codes = Int32Array.from({ length: 20000 * 14 }, () => rng.int(512))
  const started = performance.now()
  const prior = countsPrior(K, codes)
  const { layers } = bitsOfPaths(prior, codes.subarray(0, 200 * 14))
  expect(performance.now() - started).toBeLessThan(10_000)
  expect(layers).toHaveLength(14)
})

test('a path alone makes its codes the likeliest, and no other impossible', () => {
  const prior = countsPrior([4, 4], Int32Array.of(1, 2))
  const [first, second] = along(prior, [1])
  expect(first.indexOf(Math.max(...first))).toBe(1)
  expect(second.indexOf(Math.max(...second))).toBe(2)
  expect(Math.min(...first, ...second)).toBeGreaterThan(0)
})

test('the fit and its probabilities are the same bits on every machine', () => {
  const rng = random(3, 'paths')
  const K = [3, 4, 5]
  const draw = (count: number) =>
    Array.from({ length: count }, () => {
      const first = rng.int(3)
      return [first, rng.int(2) + first, rng.int(5)]
    })
  const prior = countsPrior(K, flat(draw(60)))
  const all = draw(5).flatMap(path => along(prior, path).flatMap(p => [...p]))
  // What was compressed with these bits is lost if they change.
  expect(all).toHaveLength(60)
  expect(hash32(all.map(p => new BigUint64Array(Float64Array.of(p).buffer)[0].toString(16)).join())).toBe(
    2559641749,
  )
})

test('what cannot be counted is named', () => {
  expect(() => countsPrior([2, 2], Int32Array.of(0, 1, 1))).toThrow(
    '3 codes are no whole number of paths of 2',
  )
  expect(() => countsPrior([2, 3], Int32Array.of(0, 3))).toThrow('3 is none of the codes 0 to 2 of layer 1')
  const codes = Int32Array.of(0, 1)
  expect(() => countsPrior([2, 2], codes, [[{ discount: 0, strength: 1 }]])).toThrow('1 layers, not 2')
  const one = { discount: 0, strength: 1 }
  expect(() => countsPrior([2, 2], codes, [[one, one], [one]])).toThrow('layer 0: smoothing for 2 contexts')
  expect(() => countsPrior([2, 2], codes, [[one], [{ discount: 1, strength: 1 }]])).toThrow(
    'layer 1: {"discount":1',
  )
})
