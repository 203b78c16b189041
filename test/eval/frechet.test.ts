// The Fréchet distance against closed forms, and against another way to the root of a product of matrices.

import { inverse, Matrix } from 'ml-matrix'
import { describe, expect, test } from 'vitest'
import { random } from '../../src/data/rng.ts'
import { frechetDistance, Moments } from '../../src/eval/frechet.ts'

/** Rows [count, D] of D independent normals, times a matrix, moved. */
function normals(count: number, D: number, seed: number, mix?: Matrix, shift = 0): Float64Array {
  const rng = random(seed, 'normals')
  const rows = new Matrix(count, D).apply(function (i, j) {
    this.set(i, j, rng.normal())
  })
  return Float64Array.from((mix ? rows.mmul(mix) : rows).to1DArray(), value => value + shift)
}

const mixed = (D: number, seed: number) => Matrix.from1DArray(D, D, normals(D, D, seed))

/** ±a in every dimension in turn: mean 0, covariance diag(a²) up to the factor 2 / (2 D − 1). */
function cross(widths: readonly number[]): Float64Array {
  const D = widths.length
  const rows = new Float64Array(2 * D * D)
  widths.forEach((a, d) => {
    rows[2 * d * D + d] = a
    rows[(2 * d + 1) * D + d] = -a
  })
  return rows
}

describe('closed forms', () => {
  test('a set is at 0 from itself', () => {
    const rows = normals(200, 12, 1, mixed(12, 2), 3)
    expect(frechetDistance(Moments.of(rows, 12), Moments.of(rows, 12))).toBeLessThan(1e-10)
  })

  test('also where it has fewer rows than dimensions', () => {
    const rows = normals(5, 40, 1)
    const distance = frechetDistance(Moments.of(rows, 40), Moments.of(rows, 40))
    expect(distance).toBeLessThan(1e-10)
  })

  test('a set that is moved is at the square of the way', () => {
    // Quarters are exact in binary.
    const rows = normals(100, 8, 4).map(value => Math.round(4 * value) / 4)
    const moved = rows.map((value, i) => value + (i % 8) / 4)
    const way = Array.from({ length: 8 }, (_, d) => (d / 4) ** 2).reduce((a, b) => a + b)
    expect(frechetDistance(Moments.of(rows, 8), Moments.of(moved, 8))).toBeCloseTo(way, 10)
  })

  test('of diagonal covariances it is the sum of the squares of (s₁ − s₂)', () => {
    const [a, b] = [
      [1, 2, 3, 0],
      [3, 2, 0.5, 4],
    ]
    const scale = 2 / 7
    const expected = a.reduce((sum, s, i) => sum + scale * (s - b[i]) ** 2, 0)
    expect(frechetDistance(Moments.of(cross(a), 4), Moments.of(cross(b), 4))).toBeCloseTo(expected, 12)
  })

  test('in one dimension it is (μ₁ − μ₂)² + (σ₁ − σ₂)²', () => {
    // 1, 2, 3: mean 2, variance 1. 0, 6: mean 3, variance 18.
    const distance = frechetDistance(Moments.of([1, 2, 3], 1), Moments.of([0, 6], 1))
    expect(distance).toBeCloseTo(1 + (1 - Math.sqrt(18)) ** 2, 12)
  })

  test('covariances in planes that share nothing leave their traces', () => {
    const flat = normals(50, 6, 5).map((value, i) => (i % 6 < 3 ? value : 0))
    const other = normals(50, 6, 6).map((value, i) => (i % 6 < 3 ? 0 : value))
    const [a, b] = [Moments.of(flat, 6), Moments.of(other, 6)]
    const trace = (m: Moments) =>
      Array.from({ length: 6 }, (_, i) => m.covariance()[7 * i]).reduce((x, y) => x + y)
    const apart = a.mean.reduce((sum, value, i) => sum + (value - b.mean[i]) ** 2, 0)
    expect(frechetDistance(a, b)).toBeCloseTo(apart + trace(a) + trace(b), 10)
  })

  test('is the same in both directions, and after a turn of both sets', () => {
    const [x, y] = [normals(60, 5, 7, mixed(5, 8)), normals(80, 5, 9, mixed(5, 10), 0.5)]
    const distance = frechetDistance(Moments.of(x, 5), Moments.of(y, 5))
    expect(frechetDistance(Moments.of(y, 5), Moments.of(x, 5))).toBeCloseTo(distance, 10)
    const turn = (rows: Float64Array) => {
      const [c, s] = [Math.cos(0.7), Math.sin(0.7)]
      const out = rows.slice()
      for (let i = 0; i < rows.length; i += 5) {
        out[i] = c * rows[i] - s * rows[i + 3]
        out[i + 3] = s * rows[i] + c * rows[i + 3]
      }
      return out
    }
    expect(frechetDistance(Moments.of(turn(x), 5), Moments.of(turn(y), 5))).toBeCloseTo(distance, 10)
  })
})

test('the root agrees with that of the Denman-Beavers iteration', () => {
  for (const seed of [1, 2, 3]) {
    const D = 10
    const a = Moments.of(normals(100, D, seed, mixed(D, seed + 10)), D)
    const b = Moments.of(normals(120, D, seed + 20, mixed(D, seed + 30), 1), D)
    const [s1, s2] = [a, b].map(m => Matrix.from1DArray(D, D, m.covariance()))
    // Y → (Y + Z⁻¹)/2, Z → (Z + Y⁻¹)/2 from Y = Σ₁Σ₂, Z = 1 goes to the root of Y.
    let [y, z] = [s1.mmul(s2), Matrix.eye(D)]
    for (let i = 0; i < 40; i++)
      [y, z] = [Matrix.add(y, inverse(z)).mul(0.5), Matrix.add(z, inverse(y)).mul(0.5)]
    const apart = a.mean.reduce((sum, value, i) => sum + (value - b.mean[i]) ** 2, 0)
    const expected = apart + s1.trace() + s2.trace() - 2 * y.trace()
    // The iteration inverts badly conditioned matrices: some six digits are left.
    expect(frechetDistance(a, b) / expected).toBeCloseTo(1, 5)
  }
})

describe('moments', () => {
  test('are those of all rows, whatever parts they come in', () => {
    const rows = normals(333, 4, 11, mixed(4, 12))
    const parts = new Moments(4)
    for (const [from, to] of [
      [0, 1],
      [1, 66],
      [66, 66],
      [66, 333],
    ])
      parts.add(rows.subarray(4 * from, 4 * to)) // prettier-ignore
    expect(parts.count).toBe(333)
    const mean = [0, 1, 2, 3].map(
      d => rows.reduce((sum, value, i) => (i % 4 === d ? sum + value : sum), 0) / 333,
    )
    const covariance = parts.covariance()
    for (let i = 0; i < 4; i++) {
      expect(parts.mean[i]).toBeCloseTo(mean[i], 12)
      for (let j = 0; j < 4; j++) {
        let sum = 0
        for (let n = 0; n < 333; n++) sum += (rows[4 * n + i] - mean[i]) * (rows[4 * n + j] - mean[j])
        expect(covariance[4 * i + j]).toBeCloseTo(sum / 332, 10)
      }
    }
  })

  test('keep a spread that is small beside the mean', () => {
    const rows = normals(1000, 1, 13).map(value => value * 1e-3)
    const near = Moments.of(rows, 1).covariance()[0]
    const far = Moments.of(
      rows.map(value => value + 1e6),
      1,
    ).covariance()[0] // prettier-ignore
    // 1e6 + 1e-3 keeps 1e-10 of the latter: seven digits of a spread.
    expect(far / near).toBeCloseTo(1, 6)
  })
})

describe('what cannot be compared', () => {
  const one = Moments.of([1, 2, 3, 4], 2)

  test('sets of fewer than two images', () => {
    expect(() => frechetDistance(one, Moments.of([1, 2], 2))).toThrow(
      'needs at least 2 images, and there is 1',
    )
    expect(() => frechetDistance(new Moments(2), one)).toThrow('at least 2 images, and there are none')
  })

  test('features of different networks', () => {
    expect(() => frechetDistance(one, Moments.of([1, 2, 3], 1))).toThrow('features of 2 and of 1 values')
  })

  test('rows that are no numbers, or not whole; then nothing is taken in', () => {
    const moments = new Moments(2)
    expect(() => moments.add([1, 2, 3, Number.NaN])).toThrow('value 1 of row 1 is NaN')
    expect(() => moments.add([1, 2, 3])).toThrow('3 values are no whole number of rows of 2')
    expect(moments.count).toBe(0)
    expect(() => new Moments(0)).toThrow('invalid dimension: 0')
  })
})
