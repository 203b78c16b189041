// How often the right one is found among many: recall at k.

/** What is looked for, and what is looked through. */
export interface Retrieval {
  /** What each query and each item of the gallery is of: a hit is an item of the query's thing. */
  queries: readonly string[]
  gallery: readonly string[]
  /** How well an item of the gallery fits a query, higher is better. */
  score(query: number, item: number): number
}

/**
 * Recall at k: the share of the queries of which a hit is among the k best of the gallery. Of equals those that are no
 * hits come first, so that a score that tells nothing apart finds nothing.
 *
 * @throws where a query has no hit in the gallery
 */
export function recall({ queries, gallery, score }: Retrieval, ks: readonly number[]): number[] {
  const found = ks.map(() => 0)
  for (const [query, thing] of queries.entries()) {
    const scores = gallery.map((_, item) => score(query, item))
    const isHit = (item: number) => gallery[item] === thing
    const best = scores.reduce((most, s, item) => (isHit(item) ? Math.max(most, s) : most), -Infinity)
    if (best === -Infinity) throw new Error(`recall: nothing in the gallery is of ${thing}`)
    const before = scores.filter((s, item) => s >= best && !isHit(item)).length
    for (const [i, k] of ks.entries()) if (before < k) found[i]++
  }
  return found.map(count => count / queries.length)
}

/**
 * What k of the gallery drawn at random would find, on average over the queries: 1 − C(G − h, k) / C(G, k) for a query
 * with h hits among G.
 */
export function chanceRecall(
  { queries, gallery }: Pick<Retrieval, 'queries' | 'gallery'>,
  ks: readonly number[],
): number[] {
  const hits = new Map<string, number>()
  for (const thing of gallery) hits.set(thing, (hits.get(thing) ?? 0) + 1)
  const G = gallery.length
  const missed = (h: number, k: number) => {
    let share = 1
    for (let i = 0; i < k; i++) share *= Math.max(0, G - h - i) / (G - i)
    return share
  }
  return ks.map(k => {
    const shares = queries.map(thing => missed(hits.get(thing) ?? 0, Math.min(k, G)))
    return 1 - shares.reduce((a, b) => a + b, 0) / queries.length
  })
}

/** The score of vectors [Q, length] and [G, length]: their inner product. */
export function innerProduct(a: Float32Array, b: Float32Array, length: number): Retrieval['score'] {
  return (query, item) => {
    let sum = 0
    for (let d = 0, i = query * length, j = item * length; d < length; d++) sum += a[i++] * b[j++]
    return sum
  }
}

/** The score of vectors [Q, length] and [G, length]: minus their squared distance. */
export function nearness(a: Float32Array, b: Float32Array, length: number): Retrieval['score'] {
  return (query, item) => {
    let sum = 0
    for (let d = 0, i = query * length, j = item * length; d < length; d++) sum -= (a[i++] - b[j++]) ** 2
    return sum
  }
}
