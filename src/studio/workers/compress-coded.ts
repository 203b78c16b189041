// A picture that is codes, and the picture of its first bits: all that the slider needs to be instant.

import { addTile, type FloatPicture, type Tiling } from '../../codec/tiles.ts'

export interface Coded {
  width: number
  height: number
  tiling: Tiling
  /** [tiles, L], row by row. */
  codes: Int32Array
  /** The image of every layer, enlarged to a tile: [tiles, L, c, s, s]. */
  levels: Float32Array
}

export interface Counted {
  /** The strings of all tiles, one after the other: 0 and 1, one a byte. */
  bits: Uint8Array
  /** Where the string of every tile begins, and the last one ends [tiles + 1]. */
  starts: Int32Array
  /** Of how many bits of its tile's string every code is certain [tiles, L]. */
  certain: Int32Array
  /** −log₂ p of every code [tiles, L]. */
  costs: Float64Array
}

/** How many codes of every tile its first so many bits say. */
export function depthsAt({ certain, starts }: Counted, bits: number): Int32Array {
  const tiles = starts.length - 1
  const L = certain.length / tiles
  return Int32Array.from({ length: tiles }, (_, tile) => {
    let depth = 0
    while (depth < L && certain[tile * L + depth] <= bits) depth++
    return depth
  })
}

/** The bits of the longest tile: beyond them nothing changes. */
export function longest({ starts }: Counted): number {
  let most = 0
  for (let tile = 1; tile < starts.length; tile++) most = Math.max(most, starts[tile] - starts[tile - 1])
  return most
}

/**
 * The picture of as many codes of every tile as `depths` says: the same that `decodeImages` makes of so many of its
 * bits. Where no code is known it is grey.
 */
export function pictureAt({ width, height, tiling, levels }: Coded, depths: ArrayLike<number>): FloatPicture {
  const { channels, size } = tiling
  const length = channels * size * size
  const L = levels.length / (length * depths.length)
  const picture = { width, height, data: new Float32Array(channels * width * height) }
  for (let tile = 0; tile < depths.length; tile++) {
    if (depths[tile] === 0) continue
    const at = (tile * L + depths[tile] - 1) * length
    addTile(picture, tiling, tile, levels.subarray(at, at + length))
  }
  return picture
}

/** Mean squared error. */
export function meanSquare(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2
  return sum / a.length
}
