/** Guided generation: against reconstruction, against the same guide as a black box, against all leaves of the tree. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ddnSchema } from '../../src/ddn/config.ts'
import type { DdnModel } from '../../src/ddn/model.ts'
import { combine } from '../../src/guides/combine.ts'
import { edit } from '../../src/guides/edit.ts'
import { blackBox, type CandidateImages, type LinearGuide } from '../../src/guides/guide.ts'
import { networks, noise, open } from './network.ts'

const N = 5

/** The mean squared distance to target images of any size, as a black box. */
function distanceTo(target: Float32Array, channels: number, size = 8) {
  return ({ images, shape: [n, K, C, H], results }: CandidateImages): Float32Array => {
    const factor = size / H
    const scores = new Float32Array(n * K)
    for (let i = 0; i < n * K; i++)
      for (let c = 0; c < C; c++)
        for (let p = 0; p < H * H; p++) {
          let mean = 0
          for (let q = 0; q < factor * factor; q++) {
            const y = Math.floor(p / H) * factor + Math.floor(q / factor)
            const x = (p % H) * factor + (q % factor)
            const at = target.length === channels * size * size ? 0 : results[Math.floor(i / K)]
            mean += target[((at * channels + c) * size + y) * size + x] / factor ** 2
          }
          scores[i] -= (images[(i * C + c) * H * H + p] - mean) ** 2 / (C * H * H)
        }
    return scores
  }
}

const likeness = (wanted: Float32Array): LinearGuide => ({
  kind: 'linear',
  name: 'likeness',
  measurement: [],
  wanted,
})

for (const [name, config] of Object.entries(networks))
  describe(`a network ${name}`, () => {
    let model: DdnModel
    const { channels } = config
    const images = noise(N * channels * 64)
    beforeAll(async () => {
      model = await open(config)
    })
    afterAll(() => model.close())

    test('guided by likeness to an image reconstructs it, choice by choice', async () => {
      const { codes, images: made, errors } = await edit(model, { guide: likeness(images), count: N })
      expect(codes).toEqual(await model.encode(images))
      close(made, await model.decode(codes), 1e-5)
      for (let i = 0; i < N; i++) {
        let sum = 0
        for (let j = 0; j < channels * 64; j++)
          sum += (made[i * channels * 64 + j] - images[i * channels * 64 + j]) ** 2
        expect(errors[i]).toBeCloseTo(sum / (channels * 64), 5)
      }
    })

    test.each([
      1, 3,
    ])('stopping at every layer for a black box gives the same codes, with beam %i', async beam => {
      const guide = blackBox('distance', distanceTo(images, channels))
      const inside = await edit(model, { guide: likeness(images), count: N, beam })
      const outside = await edit(model, { guide, count: N, beam })
      expect(outside.codes).toEqual(inside.codes)
      close(outside.images, inside.images, 1e-5)
      close(outside.errors, inside.errors, 1e-5)
      // What the codes say is what was made.
      close(await model.decode(inside.codes), inside.images, 1e-5)
    })

    test('with a beam as wide as the tree finds the best of all leaves', async () => {
      const K = 4
      const leaves = Int32Array.from({ length: K ** 3 * 3 }, (_, i) => {
        const leaf = Math.floor(i / 3)
        return Math.floor(leaf / K ** (2 - (i % 3))) % K
      })
      const all = await model.decode(leaves)
      const each = channels * 64
      const { codes } = await edit(model, { guide: likeness(images), count: N, beam: K ** 2 })
      for (let i = 0; i < N; i++) {
        const errors = Array.from({ length: K ** 3 }, (_, leaf) => {
          let sum = 0
          for (let j = 0; j < each; j++) sum += (all[leaf * each + j] - images[i * each + j]) ** 2
          return sum
        })
        const best = errors.indexOf(Math.min(...errors))
        expect([...codes.subarray(i * 3, i * 3 + 3)]).toEqual([...leaves.subarray(best * 3, best * 3 + 3)])
      }
    })
  })

describe('picking', () => {
  let model: DdnModel
  const config = ddnSchema.parse({ size: 4, stages: [{ grid: 4, layers: 2, width: 8, K: 6 }] })
  // Scores that depend on nothing but a candidate's place.
  const scores = [0.1, 0.5, 0.4, -1, 0.3, 0]
  const byPlace = blackBox('by place', ({ shape: [n, K] }) =>
    Float32Array.from({ length: n * K }, (_, i) => scores[i % K]),
  )
  const count = 600
  /** How often each candidate is taken, per layer. */
  const shares = (codes: Int32Array) =>
    [0, 1].map(layer =>
      scores.map((_, k) => codes.filter((code, i) => i % 2 === layer && code === k).length / count),
    )
  // Five standard deviations of a share, at most.
  const slack = 5 * Math.sqrt(0.25 / count)
  beforeAll(async () => {
    model = await open(config)
  })
  afterAll(() => model.close())

  test('takes the best', async () => {
    const { codes } = await edit(model, { guide: byPlace, count: 4 })
    expect([...codes]).toEqual([1, 1, 1, 1, 1, 1, 1, 1])
  })

  test('takes one of the best three, evenly', async () => {
    const { codes } = await edit(model, { guide: byPlace, count, pick: { rule: 'top', of: 3 } })
    for (const share of shares(codes)) {
      for (const k of [1, 2, 4]) expect(Math.abs(share[k] - 1 / 3)).toBeLessThan(slack)
      for (const k of [0, 3, 5]) expect(share[k]).toBe(0)
    }
  })

  test('takes each with its probability at a temperature', async () => {
    const temperature = 0.5
    const { codes } = await edit(model, { guide: byPlace, count, pick: { rule: 'softmax', temperature } })
    const weights = scores.map(score => Math.exp(score / temperature))
    const sum = weights.reduce((a, b) => a + b)
    for (const share of shares(codes))
      share.forEach((value, k) => {
        expect(Math.abs(value - weights[k] / sum)).toBeLessThan(slack)
      })
  })

  test('heeds nobody where a layer is free, and the guide where it is strict', async () => {
    const { codes } = await edit(model, { guide: byPlace, count, strictness: [0, 1] })
    const [free, strict] = shares(codes)
    for (const share of free) expect(Math.abs(share - 1 / 6)).toBeLessThan(slack)
    expect(strict[1]).toBe(1)
  })

  test('asks nobody where nobody is heeded', async () => {
    const asked: number[] = []
    const guide = blackBox('curious', candidates => {
      asked.push(candidates.layer.index)
      return byPlace.score(candidates)
    })
    await edit(model, { guide, strictness: [0, 1] })
    // The last time for the error of the result.
    expect(asked).toEqual([1, 1])
  })

  test('the same seed gives the same results, another seed others, and more results begin with the same', async () => {
    const options = { guide: byPlace, pick: { rule: 'top', of: 6 } } as const
    const first = await edit(model, { ...options, count: 40, seed: 1 })
    expect((await edit(model, { ...options, count: 40, seed: 1 })).codes).toEqual(first.codes)
    expect((await edit(model, { ...options, count: 40, seed: 2 })).codes).not.toEqual(first.codes)
    expect((await edit(model, { ...options, count: 7, seed: 1 })).codes).toEqual(first.codes.subarray(0, 14))
  })
})

describe('several guides', () => {
  let model: DdnModel
  const config = networks['grey, of patches']
  const [a, b] = [noise(64, 1), noise(64, 2)]
  const box = (target: Float32Array, name: string) => blackBox(name, distanceTo(target, 1))
  beforeAll(async () => {
    model = await open(config)
  })
  afterAll(() => model.close())

  test.each(['ranks', 'scores'] as const)('by %s: linear and black box agree, in any mixture', async by => {
    const parts = (first: LinearGuide | ReturnType<typeof box>, second: typeof first) =>
      combine(
        [
          { guide: first, weight: 2 },
          { guide: second, weight: 1, layers: [0, 1] },
        ],
        by,
      )
    const reference = await edit(model, { guide: parts(likeness(a), likeness(b)), beam: 2 })
    for (const guide of [parts(box(a, 'a'), likeness(b)), parts(box(a, 'a'), box(b, 'b'))]) {
      const found = await edit(model, { guide, beam: 2 })
      expect(found.codes).toEqual(reference.codes)
      close(found.errors, reference.errors, 1e-5)
    }
    const [first, second] = reference.parts
    expect(reference.errors[0]).toBeCloseTo((2 * first.errors[0] + second.errors[0]) / 3, 5)
  })

  test('one alone decides as by itself, however it is weighed', async () => {
    const alone = await edit(model, { guide: likeness(a) })
    for (const by of ['ranks', 'scores'] as const) {
      const guide = combine(
        [
          { guide: likeness(a), weight: 0.3 },
          { guide: likeness(b), weight: 0 },
        ],
        by,
      )
      expect((await edit(model, { guide })).codes).toEqual(alone.codes)
    }
  })

  test('weights that say nothing are refused', () => {
    expect(() => combine([])).toThrow('no guides')
    expect(() => combine([{ guide: likeness(a), weight: 0 }])).toThrow('all weights are 0')
    expect(() => combine([{ guide: likeness(a), weight: -1 }])).toThrow('the weight of likeness is -1')
  })
})

describe('what a guide must not do', () => {
  let model: DdnModel
  beforeAll(async () => {
    model = await open(networks['grey, of patches'])
  })
  afterAll(() => model.close())

  test('give NaN', async () => {
    const guide = blackBox('nan', ({ shape: [n, K] }) => new Float32Array(n * K).fill(Number.NaN))
    await expect(edit(model, { guide })).rejects.toThrow(
      'the guide nan gave NaN as the score of candidate 0 at layer 0; it must be a number',
    )
  })

  test('give a wrong number of scores, or none', async () => {
    const short = blackBox('short', () => new Float32Array(3))
    await expect(edit(model, { guide: short })).rejects.toThrow('gave 3 scores for 1 × 4 candidates')
    const nothing = blackBox('nothing', () => undefined as unknown as number[])
    await expect(edit(model, { guide: nothing })).rejects.toThrow('the guide nothing gave undefined scores')
  })

  test('throw: the error comes through, and the model can be used again', async () => {
    const guide = blackBox('broken', async () => {
      throw new Error('the service is away')
    })
    await expect(edit(model, { guide })).rejects.toThrow('the service is away')
    await edit(model, { guide: likeness(noise(64)) })
  })

  test('want another number of images, or no number', async () => {
    await expect(edit(model, { guide: likeness(noise(65)) })).rejects.toThrow(
      '65 wanted values are neither one nor 1',
    )
    const wanted = noise(64)
    wanted[3] = Number.POSITIVE_INFINITY
    await expect(edit(model, { guide: likeness(wanted) })).rejects.toThrow('wanted value 3 is Infinity')
  })

  test('options out of range are named', async () => {
    const guide = likeness(noise(64))
    await expect(edit(model, { guide, count: 0 })).rejects.toThrow('invalid count: 0')
    await expect(edit(model, { guide, beam: 1.5 })).rejects.toThrow('invalid beam: 1.5')
    await expect(edit(model, { guide, pick: { rule: 'top', of: 0 } })).rejects.toThrow('invalid top: 0')
    await expect(edit(model, { guide, strictness: [2] })).rejects.toThrow('invalid strictness: 2')
    await expect(edit(model, { guide, condition: { labels: [1] } })).rejects.toThrow('trained without one')
  })
})

function close(a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number) {
  expect(a.length).toBe(b.length)
  let most = 0
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i] - b[i]))
  expect(most).toBeLessThan(tolerance)
}

test('of all candidates only some are considered, where that is asked for', async () => {
  const model = await open(networks['grey, of patches'])
  const images = noise(N * 64)
  const options = { count: N, candidates: 2, beam: 3 }
  const inside = await edit(model, { ...options, guide: likeness(images) })
  const outside = await edit(model, { ...options, guide: blackBox('distance', distanceTo(images, 1)) })
  expect(outside.codes).toEqual(inside.codes)
  for (const layer of [0, 1, 2])
    expect(new Set(inside.codes.filter((_, i) => i % 3 === layer)).size).toBeLessThanOrEqual(2)
  const all = await edit(model, { count: N, candidates: 4, guide: likeness(images) })
  expect(all.codes).toEqual(await model.encode(images))
  await expect(edit(model, { guide: likeness(images), count: N, candidates: 0 })).rejects.toThrow(
    'candidates: 0',
  )
  await model.close()
})
