// The results of an edit as one picture, with what they were made from.

import { grid, type Picture } from './grid.ts'

export interface EditSheet {
  /** What stands above the results, from top to bottom: images [1 or count / each, c, s, s]. */
  above: readonly Float32Array[]
  /** [count, c, s, s]: `each` in turn of every picture. */
  results: Float32Array
  count: number
  each: number
  channels: 1 | 3
  size: number
}

/** Pictures beside each other, at most. */
const COLUMNS = 16

/**
 * A column for every picture: what was told of it, and below that its results. Where one picture serves all results,
 * it stands before them, and they are laid out as square as can be.
 */
export function editSheet({ above, results, count, each, channels, size }: EditSheet): Picture {
  const length = channels * size * size
  const blank = new Float32Array(length).fill(1)
  const image = (row: Float32Array, i: number) => row.subarray(i * length, (i + 1) * length)
  const alone = above.every(row => row.length === length)
  const pictures = alone ? count : count / each
  const columns = alone ? Math.max(above.length, Math.ceil(Math.sqrt(count))) : Math.min(pictures, COLUMNS)
  const cells: Float32Array[] = []
  const line = (images: readonly Float32Array[]) => {
    cells.push(
      ...images,
      ...new Array<Float32Array>((columns - (images.length % columns)) % columns).fill(blank),
    )
  }
  if (alone) {
    line(above)
    line(Array.from({ length: count }, (_, i) => image(results, i)))
  } else {
    for (let first = 0; first < pictures; first += columns) {
      const band = Array.from({ length: Math.min(columns, pictures - first) }, (_, c) => first + c)
      for (const row of above) line(band.map(p => image(row, row.length === length ? 0 : p)))
      for (let e = 0; e < each; e++) line(band.map(p => image(results, p * each + e)))
    }
  }
  const all = new Float32Array(cells.length * length)
  cells.forEach((values, i) => {
    all.set(values, i * length)
  })
  const scale = Math.max(1, Math.floor(64 / size))
  return grid(all, { count: cells.length, channels, size, columns, scale })
}
