// The pictures of a node's children as one picture, each where it stands around the node.

import { toByte } from '../../report/grid.ts'
import { INNER, placesFor, tileAt } from '../page/rooms/walk/geometry.ts'

export interface AtlasPixels {
  /** Pixels along one side. */
  side: number
  /** Red, green, blue, opacity: transparent where no child is. */
  data: Uint8ClampedArray<ArrayBuffer>
  /** Side of a child's picture in it. */
  tile: number
}

/** Smaller pictures are enlarged to so many pixels, so that the gaps between them are whole ones. */
const LEAST = 16

/**
 * The inner square of a node, its children's pictures in their places: gaps are an eighth of a picture, as the
 * geometry has them.
 *
 * @param images  [count, channels, size, size] in [−1, 1], in the order of the children
 */
export function atlasOf(images: Float32Array, count: number, channels: number, size: number): AtlasPixels {
  const { grid, places } = placesFor(count)
  const factor = Math.max(1, Math.ceil(LEAST / size))
  const tile = size * factor
  const pitch = tile / INNER
  const side = Math.round(grid.n * pitch)
  const data = new Uint8ClampedArray(side * side * 4)
  places.forEach((place, i) => {
    const { left, top } = tileAt(place, side)
    const plane = size * size
    for (let v = 0; v < tile; v++)
      for (let u = 0; u < tile; u++) {
        const from = i * channels * plane + Math.floor(v / factor) * size + Math.floor(u / factor)
        const to = 4 * ((top + v) * side + left + u)
        for (let c = 0; c < 3; c++) data[to + c] = toByte(images[from + (c % channels) * plane])
        data[to + 3] = 255
      }
  })
  return { side, data, tile }
}

/** One image [channels, size, size] as pixels. */
export function pixelsOf(
  image: Float32Array,
  channels: number,
  size: number,
): Uint8ClampedArray<ArrayBuffer> {
  const plane = size * size
  const data = new Uint8ClampedArray(4 * plane)
  for (let p = 0; p < plane; p++) {
    for (let c = 0; c < 3; c++) data[4 * p + c] = toByte(image[p + (c % channels) * plane])
    data[4 * p + 3] = 255
  }
  return data
}
