// Residual vector quantisation: its codes name sums of centres, and every stage is k-means on what is left.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { random } from '../../src/data/rng.ts'
import { fitRvq, type Rvq } from '../../src/eval/rvq.ts'

const threads = 1
const [D, L, K] = [6, 3, 8]
const rng = random(1, 'images')
const images = Float32Array.from({ length: 400 * D }, () => rng.normal())
const stages: number[] = []
let rvq: Rvq
beforeAll(async () => {
  const onStage = (_: number, mse: number) => stages.push(mse)
  rvq = await fitRvq(images, { dimension: D, L, K, threads, onStage })
})
afterAll(() => rvq.close())

const mseOf = (a: Float32Array, b: Float32Array) =>
  a.reduce((sum, x, i) => sum + (x - b[i]) ** 2, 0) / a.length

test('what is left after every stage is what was told while fitting, and ever less', async () => {
  const codes = await rvq.encode(images)
  expect(codes).toHaveLength(400 * L)
  const errors = [1, 2, 3].map(l => mseOf(images, rvq.decode(codes, l)))
  // Sums of float32 in another order.
  errors.forEach((mse, l) => {
    expect(mse).toBeCloseTo(stages[l], 6)
  })
  expect(errors[0]).toBeLessThan(mseOf(images, new Float32Array(images.length)))
  expect(errors[1]).toBeLessThan(errors[0])
  expect(errors[2]).toBeLessThan(errors[1])
})

test('codes are the nearest centres of what the stages before left', async () => {
  const other = Float32Array.from({ length: 50 * D }, () => rng.normal())
  const codes = await rvq.encode(other)
  for (let i = 0; i < 50; i++) {
    const left = other.slice(i * D, (i + 1) * D)
    for (let l = 0; l < L; l++) {
      const distances = Array.from({ length: K }, (_, k) =>
        left.reduce((sum, value, d) => sum + (value - rvq.codebooks[l][k * D + d]) ** 2, 0),
      )
      const code = codes[i * L + l]
      expect(distances[code]).toBeLessThanOrEqual(Math.min(...distances) + 1e-5)
      left.forEach((value, d) => {
        left[d] = value - rvq.codebooks[l][code * D + d]
      })
    }
  }
})

test('decoded images are the sums of their centres', () => {
  const image = rvq.decode(Int32Array.of(3, 0, 7))
  for (let d = 0; d < D; d++) {
    const [a, b, c] = [3, 0, 7].map((code, l) => rvq.codebooks[l][code * D + d])
    expect(image[d]).toBeCloseTo(a + b + c, 6)
  }
})

test('sums of two grids are kept without error', async () => {
  // Nine places of a coarse grid, each with four small steps: two stages of 9 and 9 name them all.
  const points = Float32Array.from({ length: 36 * 2 }, (_, i) => {
    const [place, step] = [Math.floor(i / 2) % 9, Math.floor(i / 18)]
    return i % 2 ? 100 * (place % 3) + (step % 2) : 100 * Math.floor(place / 3) + (step >> 1)
  })
  const fitted = await fitRvq(points, { dimension: 2, L: 2, K: 9, threads })
  const codes = await fitted.encode(points)
  expect(mseOf(points, fitted.decode(codes))).toBeLessThan(1e-9)
  await fitted.close()
})

test('the same seed gives the same centres', async () => {
  const again = await fitRvq(images, { dimension: D, L, K, threads })
  expect(again.codebooks).toEqual(rvq.codebooks)
  await again.close()
  const other = await fitRvq(images, { dimension: D, L: 1, K, seed: 1, threads })
  expect(other.codebooks[0]).not.toEqual(rvq.codebooks[0])
  await other.close()
})

test('what does not fit is refused', async () => {
  await expect(fitRvq(images, { dimension: D, L: 0, K })).rejects.toThrow('invalid L: 0')
  await expect(fitRvq(images.slice(0, 3 * D), { dimension: D, L, K })).rejects.toThrow(
    '3 points cannot have 8',
  )
  await expect(rvq.encode(images.slice(1))).rejects.toThrow('no whole number of points of 6')
  expect(() => rvq.decode(Int32Array.of(0, 8, 0))).toThrow('image 0 has 8 at stage 1')
  expect(() => rvq.decode(Int32Array.of(0, 1))).toThrow('2 codes are no whole number of lists of 3')
  expect(() => rvq.decode(Int32Array.of(0, 1, 2), 4)).toThrow(
    'invalid stages: 4; give an integer from 1 to 3',
  )
})
