// A `.ddn` file back to pictures, whole or as far as some of their bits go.

import { fingerprintOf, hex } from '../ddn/fingerprint.ts'
import type { DdnModel } from '../ddn/model.ts'
import { resizePlanes } from '../guides/resample.ts'
import { type CodedPrior, DdnFile, type ImageCodes, type ReadOptions } from './container.ts'
import { checkUnconditional, priorFor } from './encode.ts'
import { DdnError } from './header.ts'
import { addTile, type FloatPicture } from './tiles.ts'

export interface DecodeOptions extends ReadOptions {
  /** The prior that the file was encoded with; default: none. */
  prior?: CodedPrior
}

export interface DecodedPicture extends FloatPicture {
  /** Which image of the file, from 0. */
  index: number
  /** As the file has it: not to be trusted as a path; see fileNames. */
  name?: string
}

/** Tiles at a time. */
const LOT = 256

/**
 * Decodes images one after the other, in [−1, 1] or a little beyond. Only the blocks that hold them are read, and no
 * more than one of these is in memory.
 *
 * @param file  an opened file, or its bytes
 * @throws DdnError where the file is another network's or another prior's, and where a block is damaged, unless
 *   `onDamage` is there to be told
 */
export async function* decodeImages(
  model: DdnModel,
  file: DdnFile | Uint8Array,
  options: DecodeOptions = {},
): AsyncGenerator<DecodedPicture> {
  const opened =
    file instanceof Uint8Array ? DdnFile.open(file, undefined, { cut: options.onDamage !== undefined }) : file
  await checkModel(model, opened)
  const { channels } = model.config
  const { size, overlap } = opened.header
  const tiling = { channels, size, overlap }
  const length = model.imageLength
  let lot: { image: ImageCodes; tile: number }[] = []
  let picture: DecodedPicture
  const flush = async (): Promise<DecodedPicture[]> => {
    const tiles = await tilesOf(model, lot)
    const done: DecodedPicture[] = []
    for (const [i, { image, tile }] of lot.entries()) {
      if (tile === 0) {
        const { index, name, width, height } = image
        const data = new Float32Array(channels * width * height)
        picture = { index, ...(name !== undefined && { name }), width, height, data }
      }
      addTile(picture, tiling, tile, tiles.subarray(i * length, (i + 1) * length))
      if (tile === image.depths.length - 1) done.push(picture)
    }
    lot = []
    return done
  }
  for (const image of opened.codes(priorFor(model, options.prior), options))
    for (let tile = 0; tile < image.depths.length; tile++) {
      lot.push({ image, tile })
      if (lot.length === LOT) yield* await flush()
    }
  if (lot.length > 0) yield* await flush()
}

/** Throws where a network is told a condition, a file is of another one, or claims another shape than the network's. */
export async function checkModel(model: DdnModel, { header, file }: DdnFile): Promise<void> {
  checkUnconditional(model)
  const own = hex(await fingerprintOf(model))
  const wanted = hex(header.model)
  if (own !== wanted)
    throw new DdnError(
      `${file}: it was encoded with the network ${wanted}, and this one is ${own}; give the one that encoded it`,
    )
  const { channels, size } = model.config
  if (header.channels !== channels || header.size !== size)
    throw new DdnError(
      `${file}: it claims tiles of ${header.channels}×${header.size}×${header.size}, and its network makes ${channels}×${size}×${size}`,
    )
}

/**
 * The images [n, c, s, s] of tiles. Where only m of the codes are known it is the image of layer m − 1, enlarged; where
 * none is, it is grey.
 */
async function tilesOf(
  model: DdnModel,
  tiles: readonly { image: ImageCodes; tile: number }[],
): Promise<Float32Array> {
  const L = model.layers.length
  const length = model.imageLength
  const { channels, size } = model.config
  const depths = tiles.map(({ image, tile }) => image.depths[tile])
  const codesOf = (rows: readonly number[]) => {
    const codes = new Int32Array(rows.length * L)
    rows.forEach((row, i) => {
      const { image, tile } = tiles[row]
      codes.set(image.codes.subarray(tile * L, (tile + 1) * L), i * L)
    })
    return codes
  }
  const out = new Float32Array(tiles.length * length)
  const whole = rowsWhere(depths, depth => depth === L)
  if (whole.length > 0) {
    const images = await model.decode(codesOf(whole))
    whole.forEach((row, i) => {
      out.set(images.subarray(i * length, (i + 1) * length), row * length)
    })
  }
  const partly = rowsWhere(depths, depth => depth > 0 && depth < L)
  // The images of all layers are many: as few tiles at a time as the network takes.
  for (let from = 0; from < partly.length; from += 32) {
    const rows = partly.slice(from, from + 32)
    const levels = await model.levels(codesOf(rows))
    rows.forEach((row, i) => {
      const layer = depths[row] - 1
      const side = model.layers[layer].size
      const each = channels * side * side
      const image = levels[layer].subarray(i * each, (i + 1) * each)
      out.set(resizePlanes(image, [side, side], [size, size]), row * length)
    })
  }
  return out
}

function rowsWhere(depths: readonly number[], wanted: (depth: number) => boolean): number[] {
  return [...depths.keys()].filter(row => wanted(depths[row]))
}
