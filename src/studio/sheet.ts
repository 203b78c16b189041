// A data set as one picture, for pages: `data/digits.png` to train on, `data/*-examples.png` to look at.

import { decode } from 'fast-png'
import { z } from 'zod'
import { type Dataset, subset } from '../data/dataset.ts'
import { fitImages } from '../data/resize.ts'
import { decodePngText, encodePng } from '../report/png.ts'

/** Images beside each other. The compressed size hardly depends on it, and no browser limits pictures of 2800 × 1960. */
const COLUMNS = 100

/** The key of the text chunk that says what is on the sheet. */
const KEY = 'images'

const layoutSchema = z.object({
  /** What the data set is called, as for `coppice train`. */
  data: z.string().max(100),
  /** Side of an image on the sheet, and of the square that it stands in the middle of, black around it. */
  size: z.number().int().min(1).max(256),
  canvas: z.number().int().min(1).max(256),
  columns: z.number().int().min(1).max(1000),
  train: z.number().int().min(0).max(100_000),
  test: z.number().int().min(1).max(100_000),
  /** What labels mean, and one of them per image, in the images' order. */
  classes: z.array(z.string()).max(1000),
  labels: z.array(z.number().int().min(0)),
  /** One per image, or none. */
  names: z.array(z.string()),
})

type SheetLayout = z.output<typeof layoutSchema>

/** Where a sheet's images come from. */
export type SheetSource = Pick<Dataset, 'name' | 'train' | 'test' | 'classes'>

/**
 * The sheet as a PNG file. Format: a picture of 8 bits, grey or RGB, without gaps; image n stands in column n mod
 * `columns` of row ⌊n / columns⌋, the training images first, then the test images. The text chunk `images` is JSON:
 * see `layoutSchema`.
 *
 * @param source  images [n, c, size, size], labelled with the classes
 * @param canvas  side of the images that are read from it: what they lack is black
 */
export function writeSheet({ name, train, test, classes = [] }: SheetSource, canvas: number): Uint8Array {
  const { size, channels } = test
  const count = train.count + test.count
  const layout: SheetLayout = {
    data: name,
    size,
    canvas,
    columns: Math.min(COLUMNS, count),
    train: train.count,
    test: test.count,
    classes,
    labels: [train, test].flatMap(({ labels }) => Array.from(labels!)),
    names: [train, test].flatMap(({ names = [] }) => names),
  }
  const pixels = new Uint8Array(train.pixels.length + test.pixels.length)
  pixels.set(train.pixels)
  pixels.set(test.pixels, train.pixels.length)
  const { width, height } = sizeOf(layout)
  const data = new Uint8Array(width * height * channels)
  eachValue(layout, channels, (image, sheet) => {
    data[sheet] = pixels[image]
  })
  return encodePng({ width, height, channels, data }, { [KEY]: JSON.stringify(layout) })
}

/**
 * Reads what `writeSheet` wrote, in Node and in browsers.
 *
 * @throws where the bytes are no such sheet
 */
export function readSheet(bytes: Uint8Array): Dataset {
  const layout = layoutOf(bytes)
  const { data: name, size, canvas, train, test, classes, labels, names } = layout
  const { width, height, channels, depth, data } = decode(bytes)
  const wanted = sizeOf(layout)
  if (width !== wanted.width || height !== wanted.height || (channels !== 1 && channels !== 3) || depth !== 8)
    throw new Error(
      `the sheet of images is ${width} × ${height} with ${channels} channels of ${depth} bits; it says of itself ${wanted.width} × ${wanted.height}, grey or RGB, 8 bits`,
    )
  const pixels = new Uint8Array((train + test) * channels * size ** 2)
  eachValue(layout, channels, (image, sheet) => {
    pixels[image] = data[sheet]
  })
  const raw = { count: train + test, channels: channels as 1 | 3, rows: size, cols: size, pixels }
  const images = {
    ...fitImages(raw, { size: canvas, channels: raw.channels, canvas }),
    labels: Int32Array.from(labels),
    ...(names.length ? { names } : {}),
  }
  const indices = Array.from({ length: images.count }, (_, i) => i)
  return {
    name,
    channels: raw.channels,
    size: canvas,
    train: subset(images, indices.slice(0, train)),
    test: subset(images, indices.slice(train)),
    ...(classes.length ? { classes } : {}),
    skipped: [],
  }
}

function layoutOf(bytes: Uint8Array): SheetLayout {
  let said: unknown
  try {
    said = JSON.parse(decodePngText(bytes)[KEY])
  } catch {
    throw new Error(`this is not a sheet of images: it is no PNG file with the text chunk "${KEY}"`)
  }
  const { success, data } = layoutSchema.safeParse(said)
  const count = data ? data.train + data.test : 0
  if (
    !success ||
    data.labels.length !== count ||
    data.labels.some(label => label >= data.classes.length) ||
    ![0, count].includes(data.names.length) ||
    data.canvas < data.size
  )
    throw new Error('the sheet of images is broken: its text chunk does not say what is on it')
  return data
}

function sizeOf({ size, columns, train, test }: SheetLayout): { width: number; height: number } {
  return { width: columns * size, height: Math.ceil((train + test) / columns) * size }
}

/** Calls `copy` for every value: where it is among the images [n, c, size, size], and where on the sheet [height, width, c]. */
function eachValue(
  { size, columns, train, test }: SheetLayout,
  channels: number,
  copy: (image: number, sheet: number) => void,
): void {
  for (let n = 0, image = 0; n < train + test; n++) {
    const corner = (Math.floor(n / columns) * size * columns + (n % columns)) * size
    for (let c = 0; c < channels; c++)
      for (let y = 0; y < size; y++)
        for (let x = 0, pixel = corner + y * columns * size; x < size; x++, pixel++)
          copy(image++, pixel * channels + c)
  }
}
