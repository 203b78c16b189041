// k-means against the plain algorithm, and on points whose clusters are known.

import { describe, expect, test } from 'vitest'
import { random } from '../../src/data/rng.ts'
import { firstCentres, fitKMeans, nearestCentres } from '../../src/eval/k-means.ts'

const threads = 1

/** Points around the corners of a cube of side 10, so many around each, in turn. */
function blobs(each: number, seed = 1, spread = 0.5): Float32Array {
  const rng = random(seed, 'blobs')
  return Float32Array.from({ length: 8 * each * 3 }, (_, i) => {
    const blob = Math.floor(i / 3) % 8
    return 10 * ((blob >> (i % 3)) & 1) + spread * rng.normal()
  })
}

const squared = (a: Float32Array, i: number, b: Float32Array, k: number, D: number) => {
  let sum = 0
  for (let d = 0; d < D; d++) sum += (a[i * D + d] - b[k * D + d]) ** 2
  return sum
}

/** The nearest centre of every point in double precision. */
function plainNearest(points: Float32Array, centres: Float32Array, D: number): number[] {
  return Array.from({ length: points.length / D }, (_, i) => {
    let best = 0
    for (let k = 1; k < centres.length / D; k++)
      if (squared(points, i, centres, k, D) < squared(points, i, centres, best, D)) best = k
    return best
  })
}

test('blobs far from each other are found, one centre in each', async () => {
  const points = blobs(40)
  const { nearest, mse, iterations } = await fitKMeans(points, { dimension: 3, K: 8, threads })
  for (let blob = 0; blob < 8; blob++)
    expect(new Set(nearest.filter((_, i) => i % 8 === blob)).size, `blob ${blob}`).toBe(1)
  expect(new Set(nearest).size).toBe(8)
  // The spread's square, but for what 40 points' mean takes of it.
  expect(mse).toBeCloseTo(0.25, 1)
  expect(iterations).toBeLessThan(10)
})

describe('a fit', () => {
  const points = blobs(30, 2, 4)
  const fit = fitKMeans(points, { dimension: 3, K: 12, iterations: 100, threads })

  test('ends where every point is nearest to its centre and every centre is the mean of its points', async () => {
    const { centres, nearest, mse, iterations } = await fit
    expect(iterations).toBeLessThan(100)
    expect(Array.from(nearest)).toEqual(plainNearest(points, centres, 3))
    let sum = 0
    for (let k = 0; k < 12; k++) {
      const members = Array.from(nearest.keys()).filter(i => nearest[i] === k)
      expect(members.length).toBeGreaterThan(0)
      for (let d = 0; d < 3; d++) {
        const mean = members.reduce((total, i) => total + points[3 * i + d], 0) / members.length
        expect(centres[3 * k + d]).toBeCloseTo(mean, 5)
      }
      for (const i of members) sum += squared(points, i, centres, k, 3)
    }
    expect(mse).toBeCloseTo(sum / points.length, 10)
  })

  test('assigns other points too', async () => {
    const others = blobs(700, 3, 4)
    const found = await nearestCentres(await fit, others, { threads })
    expect(Array.from(found)).toEqual(plainNearest(others, (await fit).centres, 3))
  })

  test('is the same again with its seed, and another with another', async () => {
    const again = await fitKMeans(points, { dimension: 3, K: 12, iterations: 100, threads })
    expect(again).toEqual(await fit)
    const other = await fitKMeans(points, { dimension: 3, K: 12, iterations: 100, seed: 1, threads })
    expect(other.centres).not.toEqual((await fit).centres)
  })

  test('of more rounds is never worse', async () => {
    let before = Number.POSITIVE_INFINITY
    for (const iterations of [1, 2, 4, 8]) {
      const { mse } = await fitKMeans(points, { dimension: 3, K: 12, iterations, threads })
      expect(mse).toBeLessThanOrEqual(before)
      before = mse
    }
  })
})

describe('centres that nothing is nearest to', () => {
  test('start anew at any points too', async () => {
    const places = [0, 1, 100, 101]
    const points = Float32Array.from({ length: 40 }, (_, i) => places[i % 4])
    for (let seed = 0; seed < 5; seed++) {
      const { mse } = await fitKMeans(points, {
        dimension: 1,
        K: 12,
        iterations: 100,
        seed,
        start: 'any',
        threads,
      })
      // Twelve centres on four places: most have none, again and again, until every place has one.
      expect(mse).toBe(0)
    }
  })

  test('move to points far from theirs', async () => {
    // Four places and four centres, of which the mean of two places would leave one unused.
    const places = [0, 1, 100, 101]
    for (let seed = 0; seed < 20; seed++) {
      const points = Float32Array.from({ length: 40 }, (_, i) => places[i % 4])
      const { centres, mse } = await fitKMeans(points, { dimension: 1, K: 4, seed, threads })
      expect(Array.from(centres).sort((a, b) => a - b)).toEqual(places)
      expect(mse).toBe(0)
    }
  })

  test('stay unused where there are fewer distinct points than centres', async () => {
    const points = Float32Array.from({ length: 20 }, (_, i) => (i % 2 ? 4 : -3))
    const { centres, nearest, mse } = await fitKMeans(points, { dimension: 1, K: 5, threads })
    expect(mse).toBe(0)
    expect(new Set(nearest).size).toBe(2)
    expect(centres.every(value => value === 4 || value === -3)).toBe(true)
  })

  test('one point for each centre is a fit without error', async () => {
    const points = Float32Array.of(3, 1, 4, 1.5, 9)
    const { nearest, mse } = await fitKMeans(points, { dimension: 1, K: 5, threads })
    expect(mse).toBe(0)
    expect(new Set(nearest).size).toBe(5)
  })
})

describe('k-means++', () => {
  test('takes the next centre in proportion to the squared distance from those before', async () => {
    // From 0 the others are at 1, 9 and 90 (squared): 1 %, 9 % and 90 %.
    const points = Float32Array.of(0, 1, 3, Math.sqrt(90))
    const counts = [0, 0, 0, 0]
    const rng = random(5, 'draws')
    let began = 0
    while (began < 100) {
      const [first, second] = await firstCentres(points, { dimension: 1, K: 2, rng, threads })
      if (first !== 0) continue
      began++
      counts[points.indexOf(second)]++
    }
    expect(counts[0]).toBe(0)
    // Binomial: 9 ± 2.9 and 90 ± 3; four deviations.
    expect(Math.abs(counts[2] - 9)).toBeLessThan(12)
    expect(Math.abs(counts[3] - 90)).toBeLessThan(12)
  })

  test('chooses different points, of many points too', async () => {
    const points = Float32Array.from({ length: 2 * 5000 }, (_, i) => ((i * 7919) % 10007) / 100)
    const centres = await firstCentres(points, { dimension: 2, K: 50, rng: random(0, 'seeds'), threads })
    const places = new Set<string>()
    for (let i = 0; i < 5000; i++) places.add(`${points[2 * i]} ${points[2 * i + 1]}`)
    const chosen = Array.from({ length: 50 }, (_, k) => `${centres[2 * k]} ${centres[2 * k + 1]}`)
    expect(new Set(chosen).size).toBe(50)
    expect(chosen.every(place => places.has(place))).toBe(true)
  })
})

test('centres may start at any points, different ones', async () => {
  const points = Float32Array.from({ length: 30 }, (_, i) => i)
  const { nearest, mse } = await fitKMeans(points, { dimension: 1, K: 30, start: 'any', threads })
  expect(mse).toBe(0)
  expect(new Set(nearest).size).toBe(30)
  // From there Lloyd's iteration is the same: of blobs far apart it may leave two to one centre, but never gets worse.
  const fits = await Promise.all(
    [1, 20].map(iterations =>
      fitKMeans(blobs(20), { dimension: 3, K: 8, start: 'any', iterations, threads }),
    ),
  )
  expect(fits[1].mse).toBeLessThanOrEqual(fits[0].mse)
})

test('what cannot be fitted is refused', async () => {
  const attempt = (points: number[], dimension: number, K: number, iterations = 3) =>
    fitKMeans(Float32Array.from(points), { dimension, K, iterations, threads })
  await expect(attempt([1, 2, 3], 2, 1)).rejects.toThrow('3 values are no whole number of points of 2')
  await expect(attempt([1, 2], 1, 3)).rejects.toThrow('2 points cannot have 3 centres')
  await expect(attempt([1, Number.NaN], 1, 1)).rejects.toThrow('value 0 of point 1 is NaN')
  await expect(attempt([1, 2], 1, 0)).rejects.toThrow('invalid K: 0')
  await expect(attempt([1, 2], 0, 1)).rejects.toThrow('invalid dimension: 0')
  await expect(attempt([1, 2], 1, 1, 0)).rejects.toThrow('invalid iterations: 0')
})
