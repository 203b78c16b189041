/** The contrastive loss and the recall, against plain implementations: src/families/text-image/loss.ts, retrieval.ts. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { random } from '../../src/data/rng.ts'
import { infoNce, MAX_LOG_SCALE } from '../../src/families/text-image/loss.ts'
import { chanceRecall, innerProduct, nearness, recall } from '../../src/families/text-image/retrieval.ts'
import { gradients, input } from '../../src/graph/index.ts'
import { compile } from '../../src/runtime/index.ts'

const N = 5
const D = 3

/** The definition, in float64: mean over both directions of −ln of the softmax at the right one. */
function plainInfoNce(
  images: ArrayLike<number>,
  texts: ArrayLike<number>,
  logScale: number,
  excluded: ArrayLike<number>,
): number {
  const logit = (i: number, j: number) => {
    let sum = 0
    for (let d = 0; d < D; d++) sum += images[i * D + d] * texts[j * D + d]
    return Math.min(Math.exp(logScale), 100) * sum
  }
  let total = 0
  for (let i = 0; i < N; i++) {
    let [row, column] = [0, 0]
    for (let j = 0; j < N; j++) {
      if (!excluded[i * N + j]) row += Math.exp(logit(i, j))
      if (!excluded[j * N + i]) column += Math.exp(logit(j, i))
    }
    total += Math.log(row) + Math.log(column) - 2 * logit(i, i)
  }
  return total / (2 * N)
}

interface Sample {
  images: Float32Array
  texts: Float32Array
  logScale: Float32Array
  excluded: Float32Array
}

function sample(seed: number, logScale: number): Sample {
  const rng = random(seed, 'pairs')
  const vectors = () => {
    const values = Float32Array.from({ length: N * D }, () => rng.normal())
    for (let i = 0; i < N; i++) {
      const row = values.subarray(i * D, (i + 1) * D)
      const norm = Math.hypot(...row)
      row.forEach((value, d) => {
        row[d] = value / norm
      })
    }
    return values
  }
  const excluded = Float32Array.from({ length: N * N }, (_, i) =>
    i % (N + 1) !== 0 && rng.next() < 0.3 ? 1 : 0,
  )
  return { images: vectors(), texts: vectors(), logScale: Float32Array.of(logScale), excluded }
}

async function lossAndGradients({ images, texts, logScale, excluded }: Sample) {
  const a = input('images', [N, D])
  const b = input('texts', [N, D])
  const s = input('logScale', [])
  const loss = infoNce(a, b, s, input('excluded', [N, N]))
  const [byImages, byTexts, byScale] = gradients(loss, [a, b, s])
  const step = await compile({ outputs: { loss, byImages, byTexts, byScale } }, { threads: 1 })
  const outputs = await step.run({
    images: { data: images, shape: [N, D] },
    texts: { data: texts, shape: [N, D] },
    logScale: { data: logScale, shape: [] },
    excluded: { data: excluded, shape: [N, N] },
  })
  await step.close()
  return outputs as Record<'loss' | 'byImages' | 'byTexts' | 'byScale', Float32Array>
}

test('InfoNCE is the mean cross-entropy of both directions, without the excluded pairs', async () => {
  for (const seed of [0, 1, 2]) {
    const pairs = sample(seed, seed)
    const { loss } = await lossAndGradients(pairs)
    // Logits of at most e² ≈ 7, in float32.
    expect(loss[0]).toBeCloseTo(plainInfoNce(pairs.images, pairs.texts, seed, pairs.excluded), 5)
  }
})

test("InfoNCE's gradients are those of finite differences", async () => {
  const pairs = sample(7, 1)
  const found = await lossAndGradients(pairs)
  const h = 1e-4
  const change = (name: 'images' | 'texts' | 'logScale', i: number) => {
    const at = (by: number) => {
      const moved = { ...pairs, [name]: Float64Array.from(pairs[name]) }
      moved[name][i] += by
      return plainInfoNce(moved.images, moved.texts, moved.logScale[0], moved.excluded)
    }
    return (at(h) - at(-h)) / (2 * h)
  }
  for (let i = 0; i < N * D; i++) {
    expect(found.byImages[i]).toBeCloseTo(change('images', i), 4)
    expect(found.byTexts[i]).toBeCloseTo(change('texts', i), 4)
  }
  expect(found.byScale[0]).toBeCloseTo(change('logScale', 0), 4)
})

test('an excluded pair pulls neither way', async () => {
  // Only pair (0, 1) beside the diagonal, and it is excluded: nothing is left to tell apart.
  const pairs = sample(3, 1)
  pairs.excluded.forEach((_, i) => {
    pairs.excluded[i] = i % (N + 1) === 0 ? 0 : 1
  })
  const { loss, byImages, byTexts } = await lossAndGradients(pairs)
  expect(Math.abs(loss[0])).toBe(0)
  expect(Math.max(...[...byImages, ...byTexts].map(Math.abs))).toBe(0)
})

test('the scale stops at 100, and from there its gradient leads down but not up', async () => {
  const pairs = sample(0, MAX_LOG_SCALE + 1)
  pairs.excluded.fill(0)
  // Wrong pairs: a smaller scale is better, and the gradient says so.
  const wrong = await lossAndGradients(pairs)
  expect(wrong.loss[0]).toBeCloseTo(plainInfoNce(pairs.images, pairs.texts, 9, pairs.excluded), 3)
  expect(wrong.byScale[0]).toBeGreaterThan(0)
  // Right pairs that are hard to tell apart: a larger one would be better, but there is none.
  const near = Float32Array.from({ length: N * D }, (_, i) => (i % D === 0 ? 1 : Math.floor(i / D) * 0.02))
  const right = (logScale: number) =>
    lossAndGradients({ ...pairs, images: near, texts: near, logScale: Float32Array.of(logScale) })
  expect((await right(MAX_LOG_SCALE - 1e-3)).byScale[0]).toBeLessThan(-0.05)
  expect((await right(MAX_LOG_SCALE + 1e-3)).byScale[0]).toBe(0)
})

test('recall is the share of queries with a hit among the k most similar, by sorting them all', () => {
  const things = fc.integer({ min: 0, max: 4 }).map(i => `thing ${i}`)
  const value = fc.integer({ min: -3, max: 3 })
  const item = fc.tuple(things, fc.array(value, { minLength: 2, maxLength: 2 }))
  const everything = Array.from({ length: 5 }, (_, i): [string, number[]] => [`thing ${i}`, [i - 2, 1]])
  fc.assert(
    fc.property(fc.array(item, { minLength: 1, maxLength: 8 }), fc.array(item), (queries, more) => {
      const gallery = [...everything, ...more]
      const ks = [1, 3, gallery.length]
      const sorted = queries.map(([thing, [x, y]]) =>
        gallery
          .map(([other, [u, v]]) => ({ hit: other === thing, score: x * u + y * v }))
          .sort((a, b) => b.score - a.score || Number(a.hit) - Number(b.hit))
          .findIndex(({ hit }) => hit),
      )
      const flat = (items: [string, number[]][]) => Float32Array.from(items.flatMap(([, vector]) => vector))
      const found = recall(
        {
          queries: queries.map(([thing]) => thing),
          gallery: gallery.map(([thing]) => thing),
          score: innerProduct(flat(queries), flat(gallery), 2),
        },
        ks,
      )
      expect(found).toEqual(ks.map(k => sorted.filter(rank => rank < k).length / queries.length))
    }),
  )
})

test('recall by chance is what random orders find', () => {
  const rng = random(0, 'orders')
  const gallery = ['a', 'b', 'b', 'c', 'd', 'e']
  const queries = ['a', 'b']
  const ks = [1, 2, 5, 6]
  const trials = 4000
  const found = ks.map(() => 0)
  for (let t = 0; t < trials; t++) {
    const scores = gallery.map(() => rng.next())
    recall({ queries, gallery, score: (_, item) => scores[item] }, ks).forEach((share, i) => {
      found[i] += share / trials
    })
  }
  // Three standard errors: 3 · ½ / √4000.
  chanceRecall({ queries, gallery }, ks).forEach((share, i) => {
    expect(Math.abs(share - found[i])).toBeLessThan(0.024)
  })
})

test('nearness puts the nearest first, by the distance and not by the direction', () => {
  const score = nearness(Float32Array.of(9, 9, 1, 0), Float32Array.of(5, 5, 1, 1, 9, 0), 2)
  expect([0, 1, 2].map(item => score(1, item))).toEqual([-41, -1, -64])
})

test('recall names what nothing in the gallery is of', () => {
  const wanted = { queries: ['owl'], gallery: ['cat'], score: () => 1 }
  expect(() => recall(wanted, [1])).toThrow('nothing in the gallery is of owl')
})
