// `.ddn` files in the page: what is in them, a page of their images at a time, and what of a damaged one is left.

import { type DamagedBlock, DdnFile } from '../../codec/container.ts'
import { checkModel } from '../../codec/decode.ts'
import { DdnError } from '../../codec/header.ts'
import { tileGrid } from '../../codec/tiles.ts'
import type { DdnModel } from '../../ddn/model.ts'
import { type NamedPrior, type PriorName, priorNames } from '../../train/named-prior.ts'
import { MAX_TILES } from './compress-pictures.ts'

/** What the page is told of a file. */
export interface FileFacts {
  name: string
  /** Images. */
  count: number
  bytes: number
  headerBytes: number
  prior: PriorName
}

/** An image of a file. */
export interface FileImage {
  index: number
  name?: string
  width: number
  height: number
  /** [tiles, L]; null where its bits are lost, or it has more tiles than are shown. */
  codes: Int32Array | null
}

export interface FilePage {
  images: FileImage[]
  /** What is not shown, and why, in sentences. */
  notes: string[]
}

/** Images that stand in the strip at a time. */
export const PAGE = 24

/**
 * Opens a file for a network. Of one that is cut short or too long the whole blocks can be read.
 *
 * @returns it, and in a sentence why it is damaged, if its length says so
 * @throws where it is no `.ddn` file, its header is damaged, or it is of another network or an unknown prior
 */
export async function openDdn(
  model: DdnModel,
  bytes: Uint8Array,
  name: string,
): Promise<{ file: DdnFile; facts: FileFacts; damage: string | null }> {
  let damage: string | null = null
  let file: DdnFile
  try {
    file = DdnFile.open(bytes, name)
  } catch (error) {
    if (!(error instanceof DdnError)) throw error
    // Where the header itself cannot be read, this says the same again.
    file = DdnFile.open(bytes, name, { cut: true })
    damage = error.message.replace(/; recover .*$/, '')
  }
  await checkModel(model, file)
  const { header, headerBytes, count } = file
  const prior = priorNames.find(known => known === header.prior.name)
  if (!prior)
    throw new Error(
      `${name}: it was coded with the prior ${header.prior.name}; this page has ${priorNames.join(', ')}`,
    )
  return { file, facts: { name, count, bytes: bytes.length, headerBytes, prior }, damage }
}

/** What is lost of a file, block by block, in sentences, and how many images are left. */
export function survey(file: DdnFile, prior: NamedPrior): { notes: string[]; left: number } {
  const { blockImages } = file.header
  const notes: string[] = []
  let left = file.count
  const onDamage = ({ block, from, to, reason }: DamagedBlock) => {
    const lost = from === to ? `image ${from} is` : `images ${from} to ${to} are`
    notes.push(`Block ${block} is damaged (${reason}): ${lost} lost.`)
    left -= to - from + 1
  }
  // To read one image its whole block is checked.
  for (let from = 0; from < file.count; from += blockImages)
    for (const _ of file.codes(prior, { from, to: from + 1, onDamage }));
  return { notes, left }
}

/** The images from `from` on, `PAGE` of them at most. */
export function pageOf(file: DdnFile, prior: NamedPrior, from: number): FilePage {
  const to = Math.min(file.count, from + PAGE)
  const images: FileImage[] = Array.from({ length: to - from }, (_, i) => ({
    index: from + i,
    ...file.size(from + i),
    codes: null,
  }))
  const notes: string[] = []
  for (const { index, name, codes } of file.codes(prior, { from, to, onDamage: () => {} })) {
    const image = images[index - from]
    if (name !== undefined) image.name = name
    const { count } = tileGrid(image.width, image.height, file.header)
    if (count <= MAX_TILES) image.codes = codes
    else notes.push(tooLarge(image, count))
  }
  return { images, notes }
}

function tooLarge({ index, width, height }: FileImage, tiles: number): string {
  return `Image ${index} is ${width} × ${height}, of ${tiles} tiles; this page shows up to ${MAX_TILES}. coppice decode shows it.`
}
