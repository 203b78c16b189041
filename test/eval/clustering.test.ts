// Scores of clusters: cases done by hand, published ones, and what holds for all.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { permutation, random } from '../../src/data/rng.ts'
import {
  adjustedRandIndex,
  clusterScores,
  normalisedMutualInformation,
  purity,
} from '../../src/eval/clustering.ts'

/** Items of a table of counts, clusters by labels. */
function itemsOf(table: readonly (readonly number[])[]): [clusters: number[], labels: number[]] {
  const items = table.flatMap((row, c) => row.flatMap((n, l) => Array.from({ length: n }, () => [c, l])))
  return [items.map(([c]) => c), items.map(([, l]) => l)]
}

describe('published examples', () => {
  test('17 items in three clusters (Manning, Raghavan and Schütze, Introduction to Information Retrieval, 16.3)', () => {
    const scores = clusterScores(
      ...itemsOf([
        [5, 1, 0],
        [1, 4, 1],
        [2, 0, 3],
      ]),
    ) // prettier-ignore
    expect(scores.purity).toBeCloseTo(12 / 17, 12)
    // Printed as 0.71 and 0.36.
    expect(scores.purity).toBeCloseTo(0.71, 2)
    expect(scores.nmi).toBeCloseTo(0.36, 2)
    // 20 pairs together in both, 40 in clusters, 44 in labels, of 136: the book's table of pairs.
    expect(scores.ari).toBeCloseTo((20 - (40 * 44) / 136) / (42 - (40 * 44) / 136), 12)
  })

  test('10 items, an adjusted Rand index of 0.313 (Yeung and Ruzzo, Bioinformatics 17, 2001)', () => {
    const ari = adjustedRandIndex(
      ...itemsOf([
        [1, 1, 0],
        [1, 2, 1],
        [0, 0, 4],
      ]),
    ) // prettier-ignore
    expect(ari).toBeCloseTo((7 - (13 * 14) / 45) / (13.5 - (13 * 14) / 45), 12)
    expect(ari).toBeCloseTo(0.313, 3)
  })
})

describe('by hand', () => {
  test('four items, one label split in two', () => {
    const scores = clusterScores([0, 0, 1, 2], [5, 5, 7, 7])
    expect(scores.purity).toBe(1)
    // Entropies 3/2 ln 2 and ln 2, in common ln 2.
    expect(scores.nmi).toBeCloseTo(1 / 1.25, 12)
    expect(scores.ari).toBeCloseTo(4 / 7, 12)
  })

  test('clusters that say nothing of the labels', () => {
    const independent = clusterScores([0, 0, 1, 1], [0, 1, 0, 1])
    expect(independent.purity).toBe(0.5)
    expect(independent.nmi).toBeCloseTo(0, 12)
    // No pair together, where chance would bring 2/3 of one.
    expect(independent.ari).toBeCloseTo(-2 / 3 / (2 - 2 / 3), 12)
    expect(clusterScores([3, 3, 3, 3], [0, 1, 0, 1])).toEqual({ purity: 0.5, nmi: 0, ari: 0 })
  })

  test('every item a cluster is pure, and still no better than chance in pairs', () => {
    const scores = clusterScores([0, 1, 2, 3], [0, 0, 1, 1])
    expect([scores.purity, scores.ari]).toEqual([1, 0])
    expect(scores.nmi).toBeCloseTo(2 / 3, 12)
  })

  test('partitions without any choice, all together or all apart, are the same', () => {
    for (const one of [[7, 7, 7], [1, 2, 3], [4]]) // prettier-ignore
      expect(clusterScores(one, one)).toEqual({ purity: 1, nmi: 1, ari: 1 })
  })
})

const lists = fc
  .array(fc.tuple(fc.integer({ min: -2, max: 4 }), fc.integer({ min: -1, max: 3 })), {
    minLength: 1,
    maxLength: 30,
  })
  .map(items => [items.map(([c]) => c), items.map(([, l]) => l)] as const)

describe('always', () => {
  test('names of clusters, names of labels and the order of items make no difference', () => {
    fc.assert(
      fc.property(lists, fc.integer(), ([clusters, labels], seed) => {
        const order = permutation(clusters.length, random(seed, 'order'))
        const renamed = (values: readonly number[]) => Array.from(order, i => 100 - 7 * values[i])
        const [a, b] = [clusterScores(clusters, labels), clusterScores(renamed(clusters), renamed(labels))]
        // Sums in another order.
        for (const key of ['purity', 'nmi', 'ari'] as const) expect(b[key]).toBeCloseTo(a[key], 9)
      }),
    )
  })

  test('the adjusted Rand index is that of counting pairs', () => {
    fc.assert(
      fc.property(lists, ([clusters, labels]) => {
        // a together in both, b in clusters alone, c in labels alone, d in neither.
        let [a, b, c, d] = [0, 0, 0, 0]
        for (let i = 0; i < clusters.length; i++)
          for (let j = 0; j < i; j++) {
            const [one, other] = [clusters[i] === clusters[j], labels[i] === labels[j]]
            if (one && other) a++
            else if (one) b++
            else if (other) c++
            else d++
          }
        const below = (a + b) * (b + d) + (a + c) * (c + d)
        const expected = below === 0 ? 1 : (2 * (a * d - b * c)) / below
        expect(adjustedRandIndex(clusters, labels)).toBeCloseTo(expected, 9)
      }),
    )
  })

  test('mutual information and Rand index are symmetric, and scores stay in their ranges', () => {
    fc.assert(
      fc.property(lists, ([clusters, labels]) => {
        const { purity, nmi, ari } = clusterScores(clusters, labels)
        expect(normalisedMutualInformation(labels, clusters)).toBeCloseTo(nmi, 9)
        expect(adjustedRandIndex(labels, clusters)).toBeCloseTo(ari, 9)
        expect(purity > 0 && purity <= 1 && nmi >= 0 && nmi <= 1 && ari <= 1).toBe(true)
      }),
    )
  })
})

test('mutual information is Σ p(c, l) ln(p(c, l) / p(c) p(l)) over the mean of the entropies', () => {
  const table = [
    [10, 3, 0],
    [1, 20, 5],
  ] // prettier-ignore
  const N = 39
  const [rows, columns] = [
    [13, 26],
    [11, 23, 5],
  ] // prettier-ignore
  const entropy = (sizes: number[]) => -sizes.reduce((sum, n) => sum + (n / N) * Math.log(n / N), 0)
  const information = table
    .flatMap((row, c) => row.map((n, l) => (n ? (n / N) * Math.log((n * N) / (rows[c] * columns[l])) : 0)))
    .reduce((a, b) => a + b)
  const expected = information / ((entropy(rows) + entropy(columns)) / 2)
  expect(normalisedMutualInformation(...itemsOf(table))).toBeCloseTo(expected, 12)
})

test('lists that do not fit are refused', () => {
  expect(() => purity([1, 2], [1])).toThrow('2 clusters and 1 labels: give one of each for every item')
  expect(() => clusterScores([], [])).toThrow('there are no items')
})
