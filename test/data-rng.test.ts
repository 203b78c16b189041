/** The seeded generator and the batch sampler of src/data/rng.ts. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { batches, hash32, permutation, random } from '../src/data/rng.ts'

test('the generator is xoshiro128**, by its published test vector', () => {
  const rng = random(0, 'vector')
  rng.restore([1, 2, 3, 4])
  const words = Array.from({ length: 10 }, () => rng.next() * 2 ** 32)
  // From the reference implementation, as quoted in the tests of Rust's rand_xoshiro.
  expect(words).toEqual([
    11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
  ])
})

test('the same seed and purpose give the same stream, another seed or purpose another', () => {
  const draw = (seed: number, purpose: string) => Array.from({ length: 4 }, random(seed, purpose).next)
  expect(draw(7, 'noise')).toEqual(draw(7, 'noise'))
  const streams = [
    draw(7, 'noise'),
    draw(8, 'noise'),
    draw(-7, 'noise'),
    draw(7, 'batches'),
    draw(2 ** 40, 'noise'),
  ]
  expect(new Set(streams.map(String)).size).toBe(streams.length)
})

test('uniform numbers have the moments of the uniform distribution', () => {
  const rng = random(1, 'uniform')
  const n = 20_000
  const values = Array.from({ length: n }, rng.next)
  expect(values.every(value => value >= 0 && value < 1)).toBe(true)
  // Five standard errors: sd of the mean is sqrt(1/12/n).
  expect(Math.abs(mean(values) - 1 / 2)).toBeLessThan(5 * Math.sqrt(1 / 12 / n))
  expect(Math.abs(mean(values.map(value => value ** 2)) - 1 / 3)).toBeLessThan(5 * Math.sqrt(4 / 45 / n))
})

test('normal numbers have the moments of the normal distribution', () => {
  const rng = random(2, 'normal')
  const n = 20_000
  const values = Array.from({ length: n }, rng.normal)
  // Five standard errors; the variances of x, x^2, x^3 and x^4 are 1, 2, 15 and 96.
  const moments = [0, 1, 0, 3]
  for (const [i, variance] of [1, 2, 15, 96].entries()) {
    const moment = mean(values.map(value => value ** (i + 1)))
    expect(Math.abs(moment - moments[i])).toBeLessThan(5 * Math.sqrt(variance / n))
  }
})

test('int(n) reaches every value equally often', () => {
  const rng = random(3, 'int')
  const counts = new Array(7).fill(0)
  for (let i = 0; i < 14_000; i++) counts[rng.int(7)]++
  // Chi-square with 6 degrees of freedom exceeds 22.5 once in a thousand; the seed is fixed.
  expect(counts.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0)).toBeLessThan(22.5)
  expect(rng.int(1)).toBe(0)
  expect(rng.int(2 ** 32)).toBeLessThan(2 ** 32)
})

test('a restored generator goes on bit for bit, also between the two normals of a pair, through JSON', () => {
  fc.assert(
    fc.property(
      fc.maxSafeInteger(),
      fc.array(fc.constantFrom('next', 'normal'), { maxLength: 9 }),
      (seed, calls) => {
        const rng = random(seed, 'resume')
        for (const call of calls) rng[call as 'next' | 'normal']()
        const saved = JSON.parse(JSON.stringify(rng.state()))
        const expected = [rng.normal(), rng.normal(), rng.next(), rng.normal()]
        const resumed = random(0, 'other')
        resumed.restore(saved)
        expect([resumed.normal(), resumed.normal(), resumed.next(), resumed.normal()]).toEqual(expected)
      },
    ),
  )
})

test('errors name the wrong seed, range or state', () => {
  const rng = random(0, 'errors')
  expect(() => random(1.5, 'x')).toThrow('invalid seed: 1.5')
  expect(() => rng.int(0)).toThrow('invalid range: 0')
  expect(() => rng.int(2.5)).toThrow('invalid range: 2.5')
  for (const state of [[], [1, 2, 3], [0, 0, 0, 0], [1, 2, 3, -4], [1, 2, 3, 4, 5, 6]]) {
    expect(() => rng.restore(state)).toThrow('invalid generator state')
  }
})

test('a permutation holds every index once', () => {
  expect([...permutation(100, random(4, 'order'))].sort((a, b) => a - b)).toEqual([...new Array(100).keys()])
})

test('all permutations of three are equally likely', () => {
  const rng = random(5, 'order')
  const counts = new Map<string, number>()
  for (let i = 0; i < 6000; i++) {
    const order = String(permutation(3, rng))
    counts.set(order, (counts.get(order) ?? 0) + 1)
  }
  expect(counts.size).toBe(6)
  // Chi-square with 5 degrees of freedom exceeds 20.5 once in a thousand.
  const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)
  expect(chiSquare).toBeLessThan(20.5)
})

const sizes = fc.record({ count: fc.integer({ min: 1, max: 40 }), batch: fc.integer({ min: 1, max: 50 }) })

test('batches walk every image once an epoch, in another order each time, across batch ends', () => {
  fc.assert(
    fc.property(sizes, fc.integer(), ({ count, batch }, seed) => {
      const sampler = batches(count, batch, random(seed, 'batches'))
      const drawn: number[] = []
      while (drawn.length < 3 * count) {
        expect(sampler.epoch).toBe(Math.floor(drawn.length / count))
        drawn.push(...sampler.next())
      }
      for (let epoch = 0; epoch < 3; epoch++) {
        const seen = drawn.slice(epoch * count, (epoch + 1) * count).sort((a, b) => a - b)
        expect(seen).toEqual([...new Array(count).keys()])
      }
    }),
  )
  const sampler = batches(50, 50, random(0, 'batches'))
  expect(sampler.next()).not.toEqual(sampler.next())
})

test('a restored sampler goes on with the same batches, through JSON, in four numbers', () => {
  fc.assert(
    fc.property(sizes, fc.nat(20), fc.integer(), ({ count, batch }, steps, seed) => {
      const sampler = batches(count, batch, random(seed, 'batches'))
      for (let i = 0; i < steps; i++) sampler.next()
      const saved = JSON.parse(JSON.stringify(sampler.state()))
      expect(saved).toHaveLength(4)
      const resumed = batches(count, batch, random(seed + 1, 'another'))
      resumed.restore(saved)
      for (let i = 0; i < 5; i++) expect(resumed.next()).toEqual(sampler.next())
      expect(resumed.state()).toEqual(sampler.state())
    }),
  )
})

test('a sampler refuses nonsense, and a state of other data', () => {
  const sampler = batches(10, 3, random(0, 'batches'))
  expect(() => batches(0, 3, random(0, 'x'))).toThrow('invalid count: 0')
  expect(() => batches(10, 0.5, random(0, 'x'))).toThrow('invalid batch: 0.5')
  expect(() => batches(11, 3, random(0, 'x')).restore(sampler.state())).toThrow(
    'of 10 images, but there are 11',
  )
  expect(() => sampler.restore([1, 10, 0, 11])).toThrow('invalid sampler state')
  expect(() => sampler.restore([1, 10])).toThrow('invalid sampler state')
})

test('the hash spreads short keys evenly over its range', () => {
  const n = 10_000
  const values = Array.from({ length: n }, (_, i) => hash32(String(i)) / 2 ** 32)
  const bins = new Array(20).fill(0)
  for (const value of values) bins[Math.floor(value * 20)]++
  // Chi-square with 19 degrees of freedom exceeds 43.8 once in a thousand.
  expect(bins.reduce((sum, count) => sum + (count - n / 20) ** 2 / (n / 20), 0)).toBeLessThan(43.8)
})

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
