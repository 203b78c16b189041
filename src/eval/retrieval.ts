// How good a search is: whether what it finds is of the query's class.

export interface Retrieval {
  /** Labels of the queries [Q]. */
  queries: ArrayLike<number>
  /** Labels of the collection [N]. */
  labels: ArrayLike<number>
  /** For every query, places in the collection, the best first. */
  rankings: readonly ArrayLike<number>[]
}

/**
 * Label precision at n: the share of the first n results that have their query's label, averaged over the queries,
 *
 *   P@n = 1/Q Σ_q 1/n |{ i ≤ n : label(result_qi) = label(q) }|.
 *
 * 1 is perfect; results by chance give the share of the label in the collection, 0.1 for ten even classes.
 *
 * @throws where a ranking is shorter than n, which would make precision depend on how many were asked for, or a label
 *   is not known (below 0)
 */
export function precisionAt(n: number, { queries, labels, rankings }: Retrieval): number {
  if (!Number.isInteger(n) || n < 1) throw new Error(`invalid n: ${n}; give a positive integer`)
  if (rankings.length !== queries.length || rankings.length === 0)
    throw new Error(
      `${rankings.length} rankings for ${queries.length} queries; give one each, of at least one`,
    )
  let hits = 0
  for (const [q, ranking] of rankings.entries()) {
    if (ranking.length < n) throw new Error(`query ${q} has ${ranking.length} results, fewer than ${n}`)
    for (let i = 0; i < n; i++) {
      const label = labels[ranking[i]]
      if (!(label >= 0)) throw new Error(`query ${q}: result ${ranking[i]} has no label`)
      if (label === queries[q]) hits++
    }
  }
  return hits / (n * rankings.length)
}

/** The places of the n smallest values, the smallest first; of equal ones the earlier first. */
export function smallest(values: ArrayLike<number>, n: number): Int32Array {
  const places = Int32Array.from({ length: values.length }, (_, i) => i)
  return places.sort((a, b) => values[a] - values[b] || a - b).subarray(0, n)
}
