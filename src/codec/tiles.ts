// Pictures of any size as tiles of a network's size, which overlap and are blended when they come back.

/** Values of a picture of any size. */
export interface FloatPicture {
  width: number
  height: number
  /** [c, height, width] float32 in [−1, 1]. */
  data: Float32Array
}

/** How pictures are cut. */
export interface Tiling {
  channels: number
  /** Width and height of a tile, s. */
  size: number
  /** Pixels that neighbours share, o: 0 … s / 2, so that no more than two tiles meet along an axis. */
  overlap: number
}

/** The overlap where none is chosen: a quarter of the tile. */
export const defaultOverlap = (size: number) => Math.floor(size / 4)

/**
 * Tiles of a picture: the i-th along an axis begins at i·(s − o), and the last reaches the edge or beyond it. A picture
 * of s × s or less is one tile.
 */
export function tileGrid(width: number, height: number, { size, overlap }: Omit<Tiling, 'channels'>) {
  const along = (length: number) => Math.max(1, Math.ceil((length - overlap) / (size - overlap)))
  const [columns, rows] = [along(width), along(height)]
  return { columns, rows, count: columns * rows }
}

/** Tile `index`, counted row by row, into [c, s, s]; beyond the picture its edge is repeated. */
export function cutTile(
  { width, height, data }: FloatPicture,
  tiling: Tiling,
  index: number,
  into: Float32Array,
): void {
  const { channels, size } = tiling
  const [left, top] = originOf(width, height, tiling, index)
  for (let c = 0, to = 0; c < channels; c++)
    for (let y = 0; y < size; y++) {
      const row = (c * height + Math.min(top + y, height - 1)) * width
      for (let x = 0; x < size; x++) into[to++] = data[row + Math.min(left + x, width - 1)]
    }
}

/**
 * Adds tile `index` [c, s, s] to a picture that is zero at first. Where two tiles meet, at the p-th of o pixels, one
 * counts (p + ½) / o and the other the rest, along each axis: the weights of all tiles add up to 1 everywhere.
 */
export function addTile(
  { width, height, data }: FloatPicture,
  tiling: Tiling,
  index: number,
  tile: ArrayLike<number>,
): void {
  const { channels, size } = tiling
  const [left, top] = originOf(width, height, tiling, index)
  const across = ramp(left, width, tiling)
  const down = ramp(top, height, tiling)
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < down.length; y++) {
      const from = (c * size + y) * size
      const to = (c * height + top + y) * width + left
      for (let x = 0; x < across.length; x++) data[to + x] += down[y] * across[x] * tile[from + x]
    }
}

function originOf(width: number, height: number, tiling: Tiling, index: number): [number, number] {
  const { columns } = tileGrid(width, height, tiling)
  const step = tiling.size - tiling.overlap
  return [(index % columns) * step, Math.floor(index / columns) * step]
}

/** Weights along an axis of a tile that begins at `start`, as far as the picture reaches. */
function ramp(start: number, length: number, { size, overlap }: Tiling): Float64Array {
  const weights = new Float64Array(Math.min(size, length - start)).fill(1)
  for (let p = 0; p < overlap; p++) {
    if (start > 0) weights[p] = (p + 0.5) / overlap
    // There is a next tile wherever the picture goes on.
    if (start + size < length) weights[size - overlap + p] = 1 - (p + 0.5) / overlap
  }
  return weights
}
