/** Several priors as one: src/codes/mixture.ts. */

import { expect, test } from 'vitest'
import { countsPrior } from '../../src/codes/counts.ts'
import { fitShares, mixedPrior } from '../../src/codes/mixture.ts'
import { bitsOfPaths, type Prior, uniformPrior } from '../../src/codes/prior.ts'
import { random } from '../../src/data/rng.ts'

const K = [2, 3]

/** The same at every path. */
const fixed = (...layers: number[][]): Prior => ({
  name: 'fixed',
  K: layers.map(p => p.length),
  walk() {
    let layer = 0
    return {
      probabilities: () => Float64Array.from(layers[layer]),
      take: () => {
        layer++
      },
    }
  },
})

test('each layer has its own shares', () => {
  const one = fixed([0.9, 0.1], [0.5, 0.25, 0.25])
  const mixed = mixedPrior(
    [one, uniformPrior(K)],
    [
      [0.5, 0.5],
      [0, 1],
    ],
  )
  const walk = mixed.walk()
  expect([...walk.probabilities()]).toEqual([0.7, 0.3])
  walk.take(1)
  expect([...walk.probabilities()]).toEqual([1 / 3, 1 / 3, 1 / 3])
})

test('the shares are those of the parts that paths are drawn from', () => {
  const rng = random(1, 'parts')
  const one = fixed([0.95, 0.05])
  const other = fixed([0.1, 0.9])
  const codes = Int32Array.from({ length: 20000 }, () =>
    rng.next() < 0.7 ? Number(rng.next() >= 0.95) : Number(rng.next() >= 0.1),
  )
  // The share of code 0 is known to 0.0033, and that of the first part is that over 0.85.
  const [[share, rest]] = fitShares([one, other], codes)
  expect(Math.abs(share - 0.7)).toBeLessThan(0.02)
  expect(share + rest).toBeCloseTo(1, 12)
})

test('on the paths it was fitted on, a mixture is as good as the best of its parts at every layer', () => {
  const rng = random(2, 'paths')
  const draw = (count: number) =>
    Int32Array.from({ length: count * 2 }, (_, i) => (i % 2 ? rng.int(3) : Number(rng.next() < 0.2)))
  const held = draw(200)
  const parts = [countsPrior(K, draw(20)), uniformPrior(K), fixed([0.3, 0.7], [0.6, 0.2, 0.2])]
  const mixed = bitsOfPaths(mixedPrior(parts, fitShares(parts, held)), held).layers
  for (const part of parts)
    bitsOfPaths(part, held).layers.forEach((bits, l) => {
      // A hundred rounds come this near where a share should end at 0.
      expect(mixed[l]).toBeLessThan(bits * 1.001)
    })
})

test('priors of other layers, and shares that are none, are refused', () => {
  const even = uniformPrior(K)
  expect(() => mixedPrior([even, uniformPrior([2, 4])], [])).toThrow('none is of K = 2,4, but none of 2,3')
  expect(() => mixedPrior([even], [[1], [0.5]])).toThrow('layer 1: 0.5 are no shares of 1 priors')
  expect(() => fitShares([even], Int32Array.of(1))).toThrow('1 codes are no whole number of paths of 2')
})
