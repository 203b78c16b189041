// The contexts of codes: for every layer, the paths of a collection sorted by the codes that come before it.

/** Paths between two places of a layer's order. */
export interface Range {
  from: number
  to: number
}

/**
 * N paths of L codes, sorted L times: for layer l by code l−1, then l−2, and so on back to the root. So the paths that
 * agree in the last m codes before layer l are neighbours, for every m, and those with a longer context lie inside.
 */
export class Contexts {
  readonly count: number
  /** Row numbers in the order of each layer, [L][N]. */
  private readonly orders: Int32Array[] = []
  /** The codes of each layer, [L][N]: side by side, for they are read in every order. */
  private readonly layers: Int32Array[]

  /**
   * @param K  candidates of each layer
   * @param codes  [N, L], code l in 0 … K_l − 1
   */
  constructor(
    readonly K: readonly number[],
    codes: Int32Array,
  ) {
    const L = K.length
    this.count = countPaths(K, codes)
    this.layers = K.map((_, l) => Int32Array.from({ length: this.count }, (_, i) => codes[i * L + l]))
    let order = Int32Array.from({ length: this.count }, (_, i) => i)
    for (let l = 0; l < L; l++) {
      this.orders.push(order)
      if (l < L - 1) order = this.sortedBy(l, order)
    }
  }

  /** All paths: the context of no codes. */
  get whole(): Range {
    return { from: 0, to: this.count }
  }

  /** The row number of the path that stands at a place. */
  row(layer: number, place: number): number {
    return this.orders[layer][place]
  }

  /** Code `of` (a layer's number) of the path that stands at a place of a layer's order. */
  code(layer: number, place: number, of: number): number {
    return this.layers[of][this.orders[layer][place]]
  }

  /** Of the paths of a layer's context with m codes, those whose next code back, that of layer l−1−m, is this one. */
  longer(layer: number, { from, to }: Range, m: number, code: number): Range {
    const first = (wanted: number) => {
      let [low, high] = [from, to]
      while (low < high) {
        const middle = (low + high) >>> 1
        if (this.code(layer, middle, layer - 1 - m) < wanted) low = middle + 1
        else high = middle
      }
      return low
    }
    return { from: first(code), to: first(code + 1) }
  }

  /** All that `longer` gives of a context, without the empty ones. */
  allLonger(layer: number, { from, to }: Range, m: number): Range[] {
    const ranges: Range[] = []
    let start = from
    let here = from < to ? this.code(layer, from, layer - 1 - m) : 0
    for (let place = from + 1; place < to; place++) {
      const next = this.code(layer, place, layer - 1 - m)
      if (next === here) continue
      ranges.push({ from: start, to: place })
      start = place
      here = next
    }
    if (start < to) ranges.push({ from: start, to })
    return ranges
  }

  /** A stable counting sort. */
  private sortedBy(layer: number, order: Int32Array): Int32Array<ArrayBuffer> {
    const codes = this.layers[layer]
    const places = new Int32Array(this.K[layer] + 1)
    for (const code of codes) places[code + 1]++
    for (let k = 0; k < this.K[layer]; k++) places[k + 1] += places[k]
    const sorted = new Int32Array(order.length)
    for (const row of order) sorted[places[codes[row]]++] = row
    return sorted
  }
}

/** How many paths [N, L] these are, at least one; throws where they are none, or a code is not in 0 … K_l − 1. */
export function countPaths(K: readonly number[], codes: Int32Array): number {
  const L = K.length
  const count = codes.length / L
  if (!Number.isInteger(count) || count < 1)
    throw new Error(`${codes.length} codes are no whole number of paths of ${L}`)
  const bad = codes.findIndex((code, i) => !(code >= 0 && code < K[i % L]))
  if (bad >= 0)
    throw new Error(`${codes[bad]} is none of the codes 0 to ${K[bad % L] - 1} of layer ${bad % L}`)
  return count
}
