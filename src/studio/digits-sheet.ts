// `data/digits.png`: some thousand of MNIST's digits in one picture, for training in a page.

import { decode } from 'fast-png'
import { z } from 'zod'
import { type Dataset, type Images, subset } from '../data/dataset.ts'
import { fitImages } from '../data/resize.ts'
import type { Picture } from '../report/grid.ts'
import { decodePngText, encodePng } from '../report/png.ts'

/** Images beside each other. The compressed size hardly depends on it, and no browser limits pictures of 2800 × 1960. */
const COLUMNS = 100

/** The key of the text chunk that says how the sheet is laid out. */
const KEY = 'digits'

const layoutSchema = z.object({
  /** Side of an image. */
  size: z.number().int().min(1).max(256),
  columns: z.number().int().min(1).max(1000),
  train: z.number().int().min(1).max(100_000),
  test: z.number().int().min(1).max(100_000),
  /** One digit per image, in the images' order. */
  labels: z.string().regex(/^\d+$/),
})

type SheetLayout = z.output<typeof layoutSchema>

/**
 * The sheet as a PNG file. Format: a grey picture of 8 bits, without gaps; image n stands in column n mod `columns` of
 * row ⌊n / columns⌋, the training images first, then the test images. The text chunk `digits` is JSON: `size`,
 * `columns`, `train` and `test` (how many of each), and `labels`, a string with one digit per image.
 *
 * @param train  [n, 1, size, size] with labels 0 … 9
 * @param test  [m, 1, size, size], likewise
 */
export function writeDigitsSheet(train: Images, test: Images): Uint8Array {
  const { size } = train
  const count = train.count + test.count
  const columns = Math.min(COLUMNS, count)
  const pixels = new Uint8Array(count * size ** 2)
  pixels.set(train.pixels)
  pixels.set(test.pixels, train.pixels.length)
  const labels = [train, test].flatMap(side => Array.from(side.labels!)).join('')
  const layout: SheetLayout = { size, columns, train: train.count, test: test.count, labels }
  const picture: Picture = { ...sizeOf(layout), channels: 1, data: new Uint8Array(areaOf(layout)) }
  eachRow(layout, (image, sheet) => {
    picture.data.set(pixels.subarray(image, image + size), sheet)
  })
  return encodePng(picture, { [KEY]: JSON.stringify(layout) })
}

/**
 * Reads what `writeDigitsSheet` wrote, in Node and in browsers: the same images that `loadDigits` gives, [1, 32, 32],
 * padded with zeros.
 *
 * @throws where the bytes are no such sheet
 */
export function readDigitsSheet(bytes: Uint8Array): Dataset {
  const layout = layoutOf(bytes)
  const { size, train, test, labels } = layout
  const { width, height, channels, depth, data } = decode(bytes)
  const wanted = sizeOf(layout)
  if (width !== wanted.width || height !== wanted.height || channels !== 1 || depth !== 8)
    throw new Error(
      `the sheet of digits is ${width} × ${height} with ${channels} channels of ${depth} bits; it says of itself ${wanted.width} × ${wanted.height}, grey, 8 bits`,
    )
  const pixels = new Uint8Array((train + test) * size ** 2)
  eachRow(layout, (image, sheet) => {
    pixels.set(data.subarray(sheet, sheet + size) as Uint8Array, image)
  })
  const raw = { count: train + test, channels: 1 as const, rows: size, cols: size, pixels }
  const images: Images = {
    ...fitImages(raw, { size: 32, channels: 1, canvas: 32 }),
    labels: Int32Array.from(labels, Number),
  }
  const indices = Array.from({ length: images.count }, (_, i) => i)
  return {
    name: 'digits',
    channels: 1,
    size: 32,
    train: subset(images, indices.slice(0, train)),
    test: subset(images, indices.slice(train)),
    classes: Array.from('0123456789'),
    skipped: [],
  }
}

function layoutOf(bytes: Uint8Array): SheetLayout {
  let said: unknown
  try {
    said = JSON.parse(decodePngText(bytes)[KEY])
  } catch {
    throw new Error('this is not a sheet of digits: it is no PNG file with the text chunk "digits"')
  }
  const { success, data } = layoutSchema.safeParse(said)
  if (!success || data.labels.length !== data.train + data.test)
    throw new Error('the sheet of digits is broken: its text chunk does not say how it is laid out')
  return data
}

function sizeOf({ size, columns, train, test }: SheetLayout): { width: number; height: number } {
  return { width: columns * size, height: Math.ceil((train + test) / columns) * size }
}

function areaOf(layout: SheetLayout): number {
  const { width, height } = sizeOf(layout)
  return width * height
}

/** Calls `copy` for every row of every image: where it begins among the images [n, size, size], and where in the sheet. */
function eachRow(
  { size, columns, train, test }: SheetLayout,
  copy: (image: number, sheet: number) => void,
): void {
  for (let n = 0, image = 0; n < train + test; n++) {
    const corner = (Math.floor(n / columns) * size * columns + (n % columns)) * size
    for (let y = 0; y < size; y++, image += size) copy(image, corner + y * columns * size)
  }
}
