// A picture to codes, and what every layer makes of them.

import { cutTile, defaultOverlap, type FloatPicture, type Tiling, tileGrid } from '../../codec/tiles.ts'
import type { DdnModel } from '../../ddn/model.ts'
import { edit } from '../../guides/edit.ts'
import { resizePlanes } from '../../guides/resample.ts'
import { reconstruct } from '../../guides/tasks/linear.ts'
import { type Coded, meanSquare } from './compress-coded.ts'

export interface CodingOptions {
  /** Paths kept while codes are chosen: as for `encodeImages`. */
  beam?: number
  /** Called with the share that is done, in [0, 1]. */
  onProgress?: (share: number) => void
}

/** Tiles between two reports. */
const LOT = 32

export function tilingOf({ config: { channels, size } }: DdnModel): Tiling {
  return { channels, size, overlap: defaultOverlap(size) }
}

/** The codes that `encodeImages` gives this picture, [tiles, L]. */
export async function codesOf(
  model: DdnModel,
  picture: FloatPicture,
  { beam = 1, onProgress = () => {} }: CodingOptions = {},
): Promise<Int32Array> {
  const tiling = tilingOf(model)
  const { count } = tileGrid(picture.width, picture.height, tiling)
  const length = model.imageLength
  const tiles = new Float32Array(count * length)
  for (let i = 0; i < count; i++) cutTile(picture, tiling, i, tiles.subarray(i * length, (i + 1) * length))
  const L = model.layers.length
  const codes = new Int32Array(count * L)
  for (let from = 0; from < count; from += LOT) {
    const to = Math.min(count, from + LOT)
    codes.set(await model.encode(tiles.subarray(from * length, to * length)), from * L)
    onProgress(to / count / beam)
  }
  if (beam === 1) return codes
  const { channels, size } = tiling
  const guide = reconstruct({ images: tiles, channels, size })
  const wider = await edit(model, {
    guide,
    count,
    beam,
    onProgress: share => onProgress((1 + share * (beam - 1)) / beam),
  })
  const nearest = await model.decode(codes)
  for (let i = 0; i < count; i++) {
    const part = (values: Float32Array) => values.subarray(i * length, (i + 1) * length)
    // A prefix that is better for now can crowd out the one that would have been best.
    if (meanSquare(part(wider.images), part(tiles)) < meanSquare(part(nearest), part(tiles)))
      codes.set(wider.codes.subarray(i * L, (i + 1) * L), i * L)
  }
  return codes
}

/** What the layers make of codes [tiles, L]. */
export async function codedOf(
  model: DdnModel,
  { width, height, codes }: Pick<Coded, 'width' | 'height' | 'codes'>,
): Promise<Coded> {
  const tiling = tilingOf(model)
  const { channels, size } = tiling
  const L = model.layers.length
  const length = model.imageLength
  const count = codes.length / L
  const levels = new Float32Array(count * L * length)
  for (let from = 0; from < count; from += LOT) {
    const to = Math.min(count, from + LOT)
    const made = await model.levels(codes.subarray(from * L, to * L))
    made.forEach((images, l) => {
      const side = model.layers[l].size
      const each = channels * side * side
      for (let i = from; i < to; i++) {
        const image = images.subarray((i - from) * each, (i - from + 1) * each)
        levels.set(resizePlanes(image, [side, side], [size, size]), (i * L + l) * length)
      }
    })
  }
  return { width, height, tiling, codes, levels }
}
