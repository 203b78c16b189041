// Precision and recall against cases done by hand, and against all distances in double precision.

import { describe, expect, test } from 'vitest'
import { random } from '../../src/data/rng.ts'
import { precisionRecall } from '../../src/eval/precision-recall.ts'

const threads = 1

function normals(count: number, D: number, seed: number, shift = 0, spread = 1): Float32Array {
  const rng = random(seed, 'normals')
  return Float32Array.from({ length: count * D }, () => shift + spread * rng.normal())
}

/** The definition, word by word. */
function plain(real: Float32Array, generated: Float32Array, D: number, k: number) {
  const rowsOf = (flat: Float32Array) =>
    Array.from({ length: flat.length / D }, (_, n) => flat.subarray(n * D, (n + 1) * D))
  const squared = (x: Float32Array, y: Float32Array) =>
    x.reduce((sum, value, d) => sum + (value - y[d]) ** 2, 0)
  const [a, b] = [rowsOf(real), rowsOf(generated)]
  const radii = [a, b].map(set =>
    set.map((x, i) => {
      const others = set.filter((_, j) => j !== i).map(y => squared(x, y))
      return others.sort((p, q) => p - q)[k - 1]
    }),
  )
  const share = (of: Float32Array[], on: Float32Array[], radius: number[]) =>
    of.filter(x => on.some((y, j) => squared(x, y) <= radius[j])).length / of.length
  return { precision: share(b, a, radii[0]), recall: share(a, b, radii[1]) }
}

describe('closed forms', () => {
  test('a set has precision and recall 1 against itself', async () => {
    const rows = normals(200, 16, 1, 5)
    expect(await precisionRecall(rows, rows, 16, { threads })).toEqual({ precision: 1, recall: 1 })
  })

  test('sets far from each other have 0', async () => {
    const far = await precisionRecall(normals(100, 8, 1), normals(100, 8, 2, 100), 8, { threads })
    expect(far).toEqual({ precision: 0, recall: 0 })
  })

  test('a generator that leaves out one of two modes has precision 1 and recall 1/2', async () => {
    const [mode, other] = [normals(60, 4, 1), normals(60, 4, 2, 50)]
    const real = Float32Array.of(...mode, ...other)
    expect(await precisionRecall(real, mode, 4, { threads })).toEqual({ precision: 1, recall: 0.5 })
    expect(await precisionRecall(mode, real, 4, { threads })).toEqual({ precision: 0.5, recall: 1 })
  })

  test('on a line, with surfaces that belong to their balls', async () => {
    // Radii of the first neighbour: 1, 1, 3 and 2, 2, 90.
    const [real, generated] = [Float32Array.of(0, 1, 4), Float32Array.of(8, 10, 100)]
    // 4 + 3 < 8; and 4 is in none of 8 ± 2, 10 ± 2 and 100 ± 90.
    expect(await precisionRecall(real, generated, 1, { k: 1, threads })).toEqual({ precision: 0, recall: 0 })
    // 7 = 4 + 3 is on the surface; its own radius 3 reaches 4.
    const touching = Float32Array.of(7, 10, 100)
    const shares = await precisionRecall(real, touching, 1, { k: 1, threads })
    expect([shares.precision, shares.recall]).toEqual([1 / 3, 1 / 3])
    // The second neighbours are at 4, 3, 4: what is up to 8 is on the manifold of the real.
    const wider = await precisionRecall(real, Float32Array.of(7.5, 8, 8.5), 1, { k: 2, threads })
    expect(wider.precision).toBeCloseTo(2 / 3, 12)
  })

  test('rows that repeat have balls without width, which still hold their equals', async () => {
    const same = Float32Array.of(...Array(5).fill([1, 2]).flat())
    expect(await precisionRecall(same, same, 2, { threads })).toEqual({ precision: 1, recall: 1 })
    const beside = same.map(value => value + 1e-6)
    expect(await precisionRecall(same, beside, 2, { threads })).toEqual({ precision: 0, recall: 0 })
  })
})

describe('the plain algorithm', () => {
  const cases: [what: string, real: Float32Array, generated: Float32Array, D: number][] = [
    ['normals that overlap', normals(300, 8, 1), normals(250, 8, 2, 0.5), 8],
    ['a narrow set in a wide one', normals(300, 5, 3), normals(300, 5, 4, 0, 0.2), 5],
    [
      'sets far from zero, where float32 products alone lose all digits',
      normals(200, 6, 5, 1e4),
      normals(200, 6, 6, 1e4),
      6,
    ],
    [
      'two clouds far apart',
      Float32Array.of(...normals(100, 3, 7, 0, 1e-3), ...normals(100, 3, 8, 1e3, 1e-3)),
      normals(200, 3, 7, 0, 1e-3),
      3,
    ],
    [
      'a grid, where most distances are equal to others',
      Float32Array.from({ length: 600 }, (_, i) => (i * 7919) % 5),
      Float32Array.from({ length: 600 }, (_, i) => (i * 104729) % 6),
      3,
    ],
    ['numbers near the ends of float32', normals(80, 2, 9, 0, 1e37), normals(80, 2, 10, 0, 1e37), 2],
    ['numbers as small as float32 has', normals(80, 2, 9, 0, 1e-40), normals(80, 2, 10, 0, 1e-40), 2],
  ] // prettier-ignore
  test.each(cases)('%s', async (_, real, generated, D) => {
    for (const k of [1, 3])
      expect(await precisionRecall(real, generated, D, { k, threads })).toEqual(plain(real, generated, D, k))
  })
})

test('rows come in blocks without a seam', async () => {
  // 4 Mi products are some 1,400 rows of 3,000: three blocks. One dimension, sorted, is its own oracle.
  const count = 3000
  const rows = Float32Array.from({ length: count }, (_, i) => i ** 1.2)
  const moved = rows.map((value, i) => value + (i % 2 ? 0 : 0.999 * ((i + 3) ** 1.2 - i ** 1.2)))
  const { precision, recall } = await precisionRecall(rows, moved, 1, { k: 1, threads })
  const radius = (set: Float32Array, i: number) =>
    Math.min(i > 0 ? set[i] - set[i - 1] : Infinity, i < count - 1 ? set[i + 1] - set[i] : Infinity)
  const share = (of: Float32Array, on: Float32Array) => {
    const sorted = Float32Array.from(on).sort()
    const widths = Array.from(sorted, (_, i) => radius(sorted, i))
    return Array.from(of).filter(x => sorted.some((y, j) => Math.abs(x - y) <= widths[j])).length / count
  }
  expect(precision).toBe(share(moved, rows))
  expect(recall).toBe(share(rows, moved))
})

describe('what cannot be measured', () => {
  const rows = normals(10, 2, 1)

  test('sets of no more than k images', async () => {
    await expect(precisionRecall(rows, rows.slice(0, 6), 2)).rejects.toThrow(
      'generated: 3 images have no 3 neighbours each; give at least 4',
    )
  })

  test('rows that are no numbers, or not whole', async () => {
    const bad = rows.slice()
    bad[3] = Number.NaN
    await expect(precisionRecall(bad, rows, 2)).rejects.toThrow('real: value 1 of row 1 is NaN')
    await expect(precisionRecall(rows, rows.slice(1), 2)).rejects.toThrow(
      '19 values are no whole number of rows of 2',
    )
  })

  test('a neighbour or a dimension that is none', async () => {
    await expect(precisionRecall(rows, rows, 2, { k: 0 })).rejects.toThrow('invalid k: 0')
    await expect(precisionRecall(rows, rows, 0.5)).rejects.toThrow('invalid dimension: 0.5')
  })
})
