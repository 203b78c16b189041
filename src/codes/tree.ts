// Images as paths down a tree: which of a collection pass through a node, and how many.

export interface Child {
  code: number
  /** Paths that go on through it. */
  count: number
}

/**
 * The paths of a collection, N lists of L codes, in the order of a dictionary: the images below a node are
 * neighbours in it, so that a node is a range, found by halving.
 */
export class CodeTree {
  readonly count: number
  /** Row numbers in the order of their codes. */
  private readonly order: Int32Array

  /**
   * @param K  candidates of each layer
   * @param codes  [N, L], code l in 0 … K_l − 1
   */
  constructor(
    readonly K: readonly number[],
    readonly codes: Int32Array,
  ) {
    const L = K.length
    this.count = codes.length / L
    if (!Number.isInteger(this.count))
      throw new Error(`${codes.length} codes are no whole number of paths of ${L}`)
    this.order = Int32Array.from({ length: this.count }, (_, i) => i)
    this.order.sort((a, b) => {
      for (let l = 0; l < L; l++) {
        const difference = codes[a * L + l] - codes[b * L + l]
        if (difference) return difference
      }
      return a - b
    })
  }

  /** How many paths begin like this. */
  countOf(prefix: ArrayLike<number>): number {
    const [from, to] = this.range(prefix)
    return to - from
  }

  /** The numbers of the paths that begin like this, in the order of their codes. */
  members(prefix: ArrayLike<number>): Int32Array {
    return this.order.subarray(...this.range(prefix))
  }

  /** The children of a node through which paths go, the most used first. */
  children(prefix: ArrayLike<number>): Child[] {
    const { K, codes, order } = this
    const L = K.length
    if (prefix.length >= L) return []
    const counts = new Map<number, number>()
    const [from, to] = this.range(prefix)
    for (let i = from; i < to; i++) {
      const code = codes[order[i] * L + prefix.length]
      counts.set(code, (counts.get(code) ?? 0) + 1)
    }
    return Array.from(counts, ([code, count]) => ({ code, count })).sort(
      (a, b) => b.count - a.count || a.code - b.code,
    )
  }

  private range(prefix: ArrayLike<number>): [from: number, to: number] {
    checkPath(this.K, prefix)
    return [this.first(prefix, false), this.first(prefix, true)]
  }

  /** The first place whose path is not before the prefix, or with `after` is beyond all that begin like it. */
  private first(prefix: ArrayLike<number>, after: boolean): number {
    let [low, high] = [0, this.count]
    while (low < high) {
      const middle = (low + high) >>> 1
      const side = this.compare(this.order[middle], prefix)
      if (side < 0 || (after && side === 0)) low = middle + 1
      else high = middle
    }
    return low
  }

  private compare(row: number, prefix: ArrayLike<number>): number {
    const L = this.K.length
    for (let l = 0; l < prefix.length; l++) {
      const difference = this.codes[row * L + l] - prefix[l]
      if (difference) return difference
    }
    return 0
  }
}

/** Throws where these are not the codes of a node: at most L of them, code l in 0 … K_l − 1. */
export function checkPath(K: readonly number[], path: ArrayLike<number>): void {
  if (path.length > K.length)
    throw new Error(
      `path ${Array.from(path).join(',')} has ${path.length} codes; the tree is ${K.length} deep`,
    )
  for (let l = 0; l < path.length; l++)
    if (!(Number.isInteger(path[l]) && path[l] >= 0 && path[l] < K[l]))
      throw new Error(
        `path ${Array.from(path).join(',')}: ${path[l]} is none of the codes 0 to ${K[l] - 1} of layer ${l}`,
      )
}
