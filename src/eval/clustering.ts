// How well clusters agree with labels: purity, normalised mutual information, adjusted Rand index. Both are lists of
// integers, one for each item; which integer stands for which cluster or label makes no difference.

export interface ClusterScores {
  purity: number
  nmi: number
  ari: number
}

/** All three of them. Throws where the lists differ in length, or are empty. */
export function clusterScores(clusters: ArrayLike<number>, labels: ArrayLike<number>): ClusterScores {
  const table = contingency(clusters, labels)
  return { purity: purityOf(table), nmi: nmiOf(table), ari: ariOf(table) }
}

/**
 * Purity: the share of items that have the label most frequent in their cluster, (1/N) Σ_c max_l n_cl, above 0 and up to
 * 1. It grows with the number of clusters, to 1 where each item is one: compare at the same number.
 */
export function purity(clusters: ArrayLike<number>, labels: ArrayLike<number>): number {
  return purityOf(contingency(clusters, labels))
}

/**
 * Normalised mutual information, I(C; L) / ((H(C) + H(L)) / 2): normalised by the arithmetic mean of the entropies, which
 * is the default of scikit-learn. From 0, independent, to 1, the same partition; 1 too where both are one cluster.
 * Source: Strehl and Ghosh, JMLR 3, 2002; on means, Vinh, Epps and Bailey, JMLR 11, 2010.
 */
export function normalisedMutualInformation(clusters: ArrayLike<number>, labels: ArrayLike<number>): number {
  return nmiOf(contingency(clusters, labels))
}

/**
 * Adjusted Rand index: of the pairs of items, how many more are together in both than chance alone would bring,
 *   (Σ_cl C(n_cl, 2) − E) / ((Σ_c C(n_c, 2) + Σ_l C(n_l, 2)) / 2 − E),  E = Σ_c C(n_c, 2) Σ_l C(n_l, 2) / C(N, 2).
 * 1 for the same partition, about 0 for chance, below 0 for less than chance.
 * Source: Hubert and Arabie, Journal of Classification 2, 1985.
 */
export function adjustedRandIndex(clusters: ArrayLike<number>, labels: ArrayLike<number>): number {
  return ariOf(contingency(clusters, labels))
}

/** How many items there are of every cluster and label that occur together, of each cluster, and of each label. */
interface Contingency {
  count: number
  /** By cluster, then by label. */
  cells: Map<number, Map<number, number>>
  clusters: number[]
  labels: number[]
}

function contingency(clusters: ArrayLike<number>, labels: ArrayLike<number>): Contingency {
  const count = clusters.length
  if (count !== labels.length)
    throw new Error(`${count} clusters and ${labels.length} labels: give one of each for every item`)
  if (count === 0) throw new Error('there are no items to score')
  const cells = new Map<number, Map<number, number>>()
  const totals = new Map<number, number>()
  for (let i = 0; i < count; i++) {
    let row = cells.get(clusters[i])
    if (!row) cells.set(clusters[i], (row = new Map()))
    row.set(labels[i], (row.get(labels[i]) ?? 0) + 1)
    totals.set(labels[i], (totals.get(labels[i]) ?? 0) + 1)
  }
  const sizes = Array.from(cells.values(), row => sum(row.values()))
  return { count, cells, clusters: sizes, labels: [...totals.values()] }
}

function purityOf({ count, cells }: Contingency): number {
  return sum(Array.from(cells.values(), row => Math.max(...row.values()))) / count
}

function nmiOf({ count, cells, clusters, labels }: Contingency): number {
  const entropy = (sizes: Iterable<number>) =>
    sum(Array.from(sizes, size => -(size / count) * Math.log(size / count)))
  const mean = (entropy(clusters) + entropy(labels)) / 2
  if (mean === 0) return 1
  // I(C; L) = H(C) + H(L) − H(C, L), which rounding may take a little out of its range.
  const joint = entropy(Array.from(cells.values(), row => [...row.values()]).flat())
  return Math.min(1, Math.max(0, (2 * mean - joint) / mean))
}

function ariOf({ count, cells, clusters, labels }: Contingency): number {
  const pairs = (sizes: Iterable<number>) => sum(Array.from(sizes, size => (size * (size - 1)) / 2))
  const together = sum(Array.from(cells.values(), row => pairs(row.values())))
  const [a, b] = [pairs(clusters), pairs(labels)]
  const all = pairs([count])
  // Where every pair is together in both, or apart in both, the partitions are the same.
  if (a === b && (a === 0 || a === all)) return 1
  const expected = (a * b) / all
  return (together - expected) / ((a + b) / 2 - expected)
}

function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}
