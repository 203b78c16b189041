// A query and what was found, as one picture.

import { grid, type Picture } from '../report/grid.ts'

export interface SearchSheet {
  /** [c, s, s] */
  query: Float32Array
  /** [count, c, s, s], the best first. */
  results: Float32Array
  count: number
  channels: 1 | 3
  size: number
}

/** Results beside each other, at most; fewer of them make two rows, which are as high as the query. */
const COLUMNS = 8
/** Pixels between images, and around them. */
const GAP = 4
/** Pixels more between the query and the results. */
const APART = 24

/** The query on the left, twice as large; the results to its right, row by row. */
export function searchSheet({ query, results, count, channels, size }: SearchSheet): Picture {
  const scale = Math.max(1, Math.floor(64 / size))
  const columns = Math.min(COLUMNS, Math.ceil(count / 2))
  const shape = { channels, size, gap: GAP }
  const left = grid(query, { ...shape, count: 1, scale: 2 * scale })
  const right = grid(results, { ...shape, count, columns, scale })
  return beside(left, right, APART)
}

/** Two pictures beside each other, their upper edges level, on white. */
function beside(left: Picture, right: Picture, apart: number): Picture {
  const { channels } = left
  const width = left.width + apart + right.width
  const height = Math.max(left.height, right.height)
  const data = new Uint8Array(width * height * channels).fill(255)
  for (const [picture, x] of [[left, 0] as const, [right, left.width + apart] as const]) {
    const line = picture.width * channels
    for (let y = 0; y < picture.height; y++)
      data.set(picture.data.subarray(y * line, (y + 1) * line), (y * width + x) * channels)
  }
  return { width, height, channels, data }
}
