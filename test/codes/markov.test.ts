/** The chain from layer to layer: src/codes/markov.ts. */

import { expect, test } from 'vitest'
import { fitMarkov, markovPrior } from '../../src/codes/markov.ts'
import { bitsOfPaths, type Prior } from '../../src/codes/prior.ts'
import { random } from '../../src/data/rng.ts'

/** A chain of three states, row by row where it goes from each; the first is drawn evenly. */
const TO = [
  [0.8, 0.1, 0.1],
  [0.2, 0.2, 0.6],
  [0.5, 0.25, 0.25],
]
const K = [3, 3, 3, 3, 3]

function draw(count: number, seed: number): Int32Array {
  const rng = random(seed, 'chain')
  return Int32Array.from(
    Array.from({ length: count }, () => {
      const path = [rng.int(3)]
      while (path.length < K.length) {
        const u = rng.next()
        const [a, b] = TO[path[path.length - 1]]
        path.push(u < a ? 0 : u < a + b ? 1 : 2)
      }
      return path
    }).flat(),
  )
}

const after = (prior: Prior, path: readonly number[]) => {
  const walk = prior.walk()
  for (const code of path) walk.take(code)
  return walk.probabilities()
}

test('the chain that made the paths is found', () => {
  const prior = markovPrior(K, draw(20000, 1))
  // Shares of some 4,000 to 9,000 paths: a standard deviation of at most 0.008.
  for (const [from, to] of TO.entries())
    after(prior, [0, 1, from]).forEach((p, k) => {
      expect(Math.abs(p - to[k])).toBeLessThan(0.03)
    })
  const entropy = -TO[0].reduce((sum, p) => sum + p * Math.log2(p), 0)
  const next = after(prior, [0])
  expect(-next.reduce((sum, p) => sum + p * Math.log2(p), 0)).toBeCloseTo(entropy, 1)
})

test('only the code before counts', () => {
  const prior = markovPrior(K, draw(200, 2))
  expect(after(prior, [0, 1, 2])).toEqual(after(prior, [2, 0, 2]))
  expect(after(prior, [0, 1, 2])).not.toEqual(after(prior, [0, 1, 1]))
})

test('the fitted numbers and the paths give the same prior again', () => {
  const codes = draw(300, 3)
  const fit = fitMarkov(K, codes)
  expect(fit.every(layer => layer.length <= 2)).toBe(true)
  const kept = JSON.parse(JSON.stringify(fit))
  const test = draw(50, 4)
  expect(bitsOfPaths(markovPrior(K, codes, kept), test)).toEqual(bitsOfPaths(markovPrior(K, codes), test))
})
