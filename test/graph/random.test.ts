// Random numbers as a function of the seed, against SplitMix64 in BigInt.

import { expect, it } from 'vitest'
import { input, randomNormal, randomUniform, writeModel } from '../../src/graph/index.ts'
import { checkModel } from './check-model.ts'
import { openSession, toOrt } from './engine.ts'
import { evaluate, fromValues, type Value } from './reference.ts'

const GOLDEN = 0x9e3779b97f4a7c15n
const SPREAD = 0xd1342543de82ef95n
const wrap = (x: bigint) => BigInt.asUintN(64, x)

/** SplitMix64: the state moves by the golden ratio, and its mix is the number; here its upper 24 bits. */
function splitMix(seed: bigint, count: number): number[] {
  let state = wrap(seed * SPREAD)
  return Array.from({ length: count }, () => {
    state = wrap(state + GOLDEN)
    let z = state
    z = wrap((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n)
    z = wrap((z ^ (z >> 27n)) * 0x94d049bb133111ebn)
    z ^= z >> 31n
    return Number(z >> 40n) / 2 ** 24
  })
}

const seedOf = (seed: bigint, shape: number[] = []): Value =>
  fromValues(BigInt64Array.of(seed), shape, 'int64')

async function sampler(make: typeof randomUniform, shape: number[], seedShape: number[] = []) {
  const y = make(input('seed', seedShape, 'int64'), shape)
  const model = writeModel({ y })
  checkModel(model)
  const session = await openSession(model)
  return async (seed: bigint) => {
    const { y: result } = await session.run({ seed: toOrt(seedOf(seed, seedShape)) })
    expect(result.dims).toEqual(shape)
    return Array.from(result.data as Float32Array)
  }
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
function moment(values: readonly number[], k: number): number {
  const centre = mean(values)
  return mean(values.map(x => (x - centre) ** k))
}

const seeds = [0n, 1n, -1n, 42n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)]

it.each(seeds)('draws uniforms that are SplitMix64 of the seed %s, bit for bit', async seed => {
  const uniform = await sampler(randomUniform, [5, 7])
  expect(await uniform(seed)).toEqual(splitMix(seed, 35))
})

it('agrees with the reference interpreter of the same graph', () => {
  const y = randomUniform(input('seed', [], 'int64'), [16])
  expect(evaluate([y], { seed: seedOf(7n) })[0].data).toEqual(splitMix(7n, 16))
})

it('draws normals by Box and Muller from two streams of uniforms', async () => {
  const normal = await sampler(randomNormal, [3, 4])
  const u = splitMix(9n, 24)
  const expected = u
    .slice(0, 12)
    .map((x, i) => Math.sqrt(-2 * Math.log(1 - x)) * Math.cos(2 * Math.PI * u[12 + i]))
  // float32 of an angle up to 2π: 4e-7, times a radius below 6.
  ;(await normal(9n)).forEach((x, i) => {
    expect(Math.abs(x - expected[i])).toBeLessThan(5e-6)
  })
})

it('has the moments of its distribution', async () => {
  // 100,000 draws: tolerances are five standard errors of the moment.
  const n = 100_000
  const uniform = await (await sampler(randomUniform, [n]))(3n)
  expect(uniform.every(x => x >= 0 && x < 1)).toBe(true)
  expect(Math.abs(mean(uniform) - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / n))
  expect(Math.abs(moment(uniform, 2) - 1 / 12)).toBeLessThan(5 * Math.sqrt(1 / 180 / n))
  const normal = await (await sampler(randomNormal, [n]))(3n)
  expect(normal.every(Number.isFinite)).toBe(true)
  expect(Math.abs(mean(normal))).toBeLessThan(5 / Math.sqrt(n))
  expect(Math.abs(moment(normal, 2) - 1)).toBeLessThan(5 * Math.sqrt(2 / n))
  expect(Math.abs(moment(normal, 3))).toBeLessThan(5 * Math.sqrt(15 / n))
  expect(Math.abs(moment(normal, 4) - 3)).toBeLessThan(5 * Math.sqrt(96 / n))
})

it('gives the same numbers for the same seed and others for another', async () => {
  for (const make of [randomUniform, randomNormal]) {
    const draw = await sampler(make, [64], [1])
    const [first, again, other] = [await draw(5n), await draw(5n), await draw(6n)]
    expect(again).toEqual(first)
    const same = first.filter((x, i) => x === other[i]).length
    expect(same).toBe(0)
    // 64 independent pairs: a correlation above 0.5 has odds of 1 in 30,000.
    const [a, b] = [mean(first), mean(other)]
    const covariance = mean(first.map((x, i) => (x - a) * (other[i] - b)))
    expect(Math.abs(covariance) / Math.sqrt(moment(first, 2) * moment(other, 2))).toBeLessThan(0.5)
  }
})

it('keeps the streams of ten thousand neighbouring seeds further apart than anybody draws', () => {
  // seed + d starts k steps after seed, with k · GOLDEN = d · SPREAD modulo 2⁶⁴.
  let inverse = GOLDEN
  for (let i = 0; i < 6; i++) inverse = wrap(inverse * (2n - GOLDEN * inverse))
  let nearest = 2n ** 63n
  for (let d = 1n; d <= 10_000n; d++) {
    const steps = wrap(d * SPREAD * inverse)
    const distance = steps > 2n ** 63n ? 2n ** 64n - steps : steps
    if (distance < nearest) nearest = distance
  }
  expect(nearest).toBeGreaterThan(2n ** 40n)
})
