// The visitor's own pictures, decoded by the browser: a dataset to learn from, and what could not be read.

import { type Dataset, type Images, splitByKey } from '../../data/dataset.ts'
import { fitImages, toPlanes } from '../../data/resize.ts'

/** A file, and its path among the others. */
export interface Given {
  path: string
  file: Blob
}

/** Pixels of an opaque square, row by row: red, green, blue, alpha. */
export interface Square {
  side: number
  data: Uint8ClampedArray
}

export interface ReadOptions {
  /** Decodes a picture and cuts out its middle; throws where it is none. */
  square?: (file: Blob) => Promise<Square>
  /** Called after every file. */
  onRead?: (done: number, total: number) => void
  signal?: AbortSignal
}

/** Fewer are too few to learn from. */
export const fewest = 8
/** More would be of no use to a small network. */
export const mostPictures = 5000
/** Width and height of what is learned. */
const SIZE = 32
/** Larger files are no pictures that a page should decode. */
const mostBytes = 64 * 2 ** 20

/**
 * Pictures as [3, 32, 32]: their middle square, transparency on white, area-averaged. They come in the order of their
 * paths, and a tenth of them, chosen by the path's hash, is held out. Files that are no pictures are named in `skipped`.
 *
 * @throws where fewer than `fewest` can be read, and where the signal aborts
 */
export async function readPictures(
  given: readonly Given[],
  { square = squareOf, onRead = () => {}, signal }: ReadOptions = {},
): Promise<Dataset> {
  const files = given
    .filter(({ path }) => !path.split('/').some(part => part.startsWith('.')))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
  const chosen = files.slice(0, mostPictures)
  const pixels: Uint8Array[] = []
  const names: string[] = []
  const skipped: Dataset['skipped'] = []
  for (const [i, { path, file }] of chosen.entries()) {
    signal?.throwIfAborted()
    try {
      pixels.push(await fitted(file, square))
      names.push(path)
    } catch (error) {
      skipped.push({ file: path, reason: (error as Error).message })
    }
    onRead(i + 1, chosen.length)
  }
  for (const { path } of files.slice(mostPictures))
    skipped.push({ file: path, reason: `only the first ${mostPictures} are read` })
  if (names.length < fewest) throw new Error(tooFew(names.length, skipped))
  const images: Images = {
    count: names.length,
    channels: 3,
    size: SIZE,
    pixels: new Uint8Array(names.length * 3 * SIZE ** 2),
    names,
  }
  pixels.forEach((planes, i) => {
    images.pixels.set(planes, i * 3 * SIZE ** 2)
  })
  return { name: 'pictures', channels: 3, size: SIZE, ...splitByKey(images, names), skipped }
}

/** Some skipped files in words: `notes.txt (not a picture) and 3 more`. */
export function skippedText(skipped: Dataset['skipped']): string {
  const named = skipped.slice(0, 3).map(({ file, reason }) => `${file} (${reason})`)
  const more = skipped.length - named.length
  return named.join(', ') + (more > 0 ? ` and ${more} more` : '')
}

function tooFew(read: number, skipped: Dataset['skipped']): string {
  const count = read === 1 ? '1 picture is' : `${read} pictures are`
  const what = read === 0 ? 'there is no picture here' : `${count} too few to learn from`
  const why = skipped.length ? `; skipped: ${skippedText(skipped)}` : ''
  return `${what}: give at least ${fewest}${why}`
}

async function fitted(file: Blob, square: (file: Blob) => Promise<Square>): Promise<Uint8Array> {
  if (file.size === 0) throw new Error('the file is empty')
  if (file.size > mostBytes) throw new Error('more than 64 MB')
  const { side, data } = await square(file)
  const opaque = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  const raw = { count: 1, channels: 3 as const, rows: side, cols: side, pixels: toPlanes(opaque, 4) }
  return fitImages(raw, { size: SIZE, channels: 3 }).pixels
}

/** Sides up to this are read as they are; larger ones the browser makes smaller first. */
const SIDE = 256

async function squareOf(file: Blob): Promise<Square> {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error(
      file.type.startsWith('image/')
        ? 'damaged, or of a kind that this browser cannot read'
        : 'not a picture',
    )
  })
  const { width, height } = bitmap
  const cut = Math.min(width, height)
  const side = Math.max(1, Math.min(SIDE, cut))
  const context = new OffscreenCanvas(side, side).getContext('2d', { willReadFrequently: true })!
  context.fillStyle = '#fff'
  context.fillRect(0, 0, side, side)
  context.imageSmoothingQuality = 'high'
  context.drawImage(bitmap, (width - cut) / 2, (height - cut) / 2, cut, cut, 0, 0, side, side)
  bitmap.close()
  return { side, data: context.getImageData(0, 0, side, side).data }
}
