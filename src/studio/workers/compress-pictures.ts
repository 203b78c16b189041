// Pixels of any picture as what a network takes: fitted to its size, or at their own, as far as the tiles go.

import { defaultOverlap, type FloatPicture, tileGrid } from '../../codec/tiles.ts'
import { luminance, toPlanes } from '../../data/resize.ts'
import { resizePlanes } from '../../guides/resample.ts'

/** Bytes as a canvas has them: red, green, blue, opacity; nothing of it transparent. */
export interface Pixels {
  width: number
  height: number
  data: Uint8Array | Uint8ClampedArray
}

export interface Shape {
  channels: 1 | 3
  /** Width and height of a tile. */
  size: number
}

/** What became of a picture, in sentences. */
export interface Taken {
  picture: FloatPicture
  notes: string[]
}

/** Tiles that are still a pleasure: their layers take some 25 MB. */
export const MAX_TILES = 144

/** Values [c, height, width] in [−1, 1]; grey by luminance. */
export function toValues({ width, height, data }: Pixels, channels: 1 | 3): FloatPicture {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  const planes = toPlanes(bytes, 4)
  const values = channels === 3 ? planes : luminance(planes)
  return { width, height, data: Float32Array.from(values, byte => byte / 127.5 - 1) }
}

/** The whole picture at the network's size; one that is not square stands on the mean colour of its edge. */
export function fitted(picture: FloatPicture, { channels, size }: Shape): Taken {
  const { width, height } = picture
  const side = Math.max(width, height)
  const notes: string[] = []
  if (side > size)
    notes.push(`The picture is ${width} × ${height}; it was made smaller, to ${size} × ${size}.`)
  if (side < size) notes.push(`The picture is ${width} × ${height}; it was enlarged to ${size} × ${size}.`)
  if (width !== height) notes.push('It is not square: the rest is filled with the mean colour of its edge.')
  const square = new Float32Array(channels * side * side)
  const [left, top] = [(side - width) >> 1, (side - height) >> 1]
  for (let c = 0; c < channels; c++) {
    const plane = picture.data.subarray(c * width * height, (c + 1) * width * height)
    square.fill(width === height ? 0 : edgeMean(plane, width, height), c * side * side, (c + 1) * side * side)
    for (let y = 0; y < height; y++)
      square.set(plane.subarray(y * width, (y + 1) * width), (c * side + top + y) * side + left)
  }
  const data = resizePlanes(square, [side, side], [size, size])
  return { picture: { width: size, height: size, data }, notes }
}

/** The picture at its own size, or at the largest that takes no more than `MAX_TILES`. */
export function tiled(picture: FloatPicture, { size }: Shape): Taken {
  const { width, height } = picture
  const target = within(width, height, size)
  if (target.width === width && target.height === height) return { picture, notes: [] }
  const data = resizePlanes(picture.data, [height, width], [target.height, target.width])
  const { count } = tileGrid(target.width, target.height, { size, overlap: defaultOverlap(size) })
  return {
    picture: { ...target, data },
    notes: [
      `The picture is ${width} × ${height}; it was made smaller, to ${target.width} × ${target.height}, ` +
        `which are ${count} tiles: this page takes up to ${MAX_TILES}.`,
    ],
  }
}

/** Light becomes dark, and dark light. */
export function inverted({ width, height, data }: FloatPicture): FloatPicture {
  return { width, height, data: data.map(value => -value) }
}

/** The largest size of the same shape that takes no more than `MAX_TILES`. */
export function within(width: number, height: number, size: number): { width: number; height: number } {
  const tiles = (w: number, h: number) => tileGrid(w, h, { size, overlap: defaultOverlap(size) }).count
  if (tiles(width, height) <= MAX_TILES) return { width, height }
  const at = (longer: number) => {
    const scale = longer / Math.max(width, height)
    return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
  }
  let [low, high] = [1, Math.max(width, height)]
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    const { width: w, height: h } = at(middle)
    if (tiles(w, h) <= MAX_TILES) low = middle
    else high = middle
  }
  return at(low)
}

function edgeMean(plane: Float32Array, width: number, height: number): number {
  let [sum, count] = [0, 0]
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x += y === 0 || y === height - 1 ? 1 : Math.max(1, width - 1)) {
      sum += plane[y * width + x]
      count++
    }
  return sum / count
}
