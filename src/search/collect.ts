// From pictures to rows of an index: hashed, encoded where they are new, and their residuals measured.

import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { maxFileBytes } from '../data/collection.ts'
import { type Dataset, type Images, toFloat } from '../data/dataset.ts'
import { decodeImage } from '../data/image.ts'
import type { DdnModel } from '../ddn/model.ts'
import { fileReader } from '../guides/judge-files.ts'
import { enlarged } from '../guides/shown.ts'
import { grid } from '../report/grid.ts'
import { encodePng } from '../report/png.ts'
import type { Added, ImageIndex, IndexedImage } from './image-index.ts'

/** A picture that may go into an index. */
export type Picture = Omit<IndexedImage, 'hash' | 'codes' | 'residuals' | 'thumbnail'> & {
  /** [c, s, s] in 0 … 255, as the network sees it. */
  pixels: Uint8Array
}

export interface CollectOptions {
  /** Keep the pictures too, as PNG. */
  thumbnails?: boolean
  /** Gets the number of pictures that were looked at so far. */
  onProgress?: (done: number) => void
  /** Ends the work after what is in hand. */
  signal?: AbortSignal
}

/** Pictures that are added at a time: what a kill can cost. */
const BATCH = 512

/** Residuals are measured of every so manieth image: enough for a mean, and it takes decoding. */
const MEASURED = 8

/** Adds to an index what of these pictures is new or has changed. */
export async function collect(
  index: ImageIndex,
  model: DdnModel,
  pictures: AsyncIterable<Picture> | Iterable<Picture>,
  { thumbnails = false, onProgress, signal }: CollectOptions = {},
): Promise<Added> {
  if (model.config.condition)
    throw new Error(
      `this network is told ${model.config.condition.kind}: its codes show an image only together with that, and cannot be compared; index with a network without a condition`,
    )
  const total: Added = { added: 0, replaced: 0, skipped: 0 }
  let done = 0
  for await (const batch of inBatches(pictures)) {
    const counts = await index.add(await newRows(index, model, batch, thumbnails))
    const fresh = counts.added + counts.replaced
    total.added += counts.added
    total.replaced += counts.replaced
    total.skipped += batch.length - fresh
    onProgress?.((done += batch.length))
    if (signal?.aborted) break
  }
  return total
}

/** The pictures of a data set. Its source is the specification, a path in it made absolute. */
export function* picturesOfDataset(
  dataset: Dataset,
  spec: string,
  splits: readonly ('train' | 'test')[],
): Generator<Picture> {
  const [kind, ...path] = spec.split(':')
  const source = path.length > 0 ? `${kind}:${resolve(path.join(':'))}` : kind
  const length = dataset.channels * dataset.size ** 2
  for (const split of splits) {
    const { count, pixels, labels, names } = dataset[split]
    for (let number = 0; number < count; number++) {
      const label = labels?.[number] ?? -1
      yield {
        source,
        name: names?.[number] ?? `${split}:${number}`,
        split,
        number,
        label: label < 0 ? undefined : (dataset.classes?.[label] ?? String(label)),
        pixels: pixels.subarray(number * length, (number + 1) * length),
      }
    }
  }
}

/**
 * Picture files, cut to the square in their middle and resized as the network's images are.
 *
 * @param onSkip  gets what could not be read, and why
 */
export async function* picturesOfFiles(
  files: readonly string[],
  { size, channels }: { size: number; channels: 1 | 3 },
  onSkip: (file: string, reason: string) => void,
): AsyncGenerator<Picture> {
  for (const file of files) {
    try {
      const { size: bytes } = await stat(file).catch(() => ({ size: 0 }))
      if (bytes > maxFileBytes)
        throw new Error(`${bytes} bytes, images of up to ${maxFileBytes} bytes (64 MB) are read`)
      const pixels = await decodeImage(await fileReader()(file), size, channels)
      yield { source: 'file', name: resolve(file), pixels }
    } catch (error) {
      onSkip(file, (error as Error).message)
    }
  }
}

/** Rows of those pictures that the index lacks. */
async function newRows(
  index: ImageIndex,
  model: DdnModel,
  batch: readonly Picture[],
  thumbnails: boolean,
): Promise<IndexedImage[]> {
  const { channels, size } = model.config
  const keyed = batch.map(picture => ({ ...picture, hash: hashOf(picture.pixels) }))
  const fresh = (await index.missing(keyed)).map(at => keyed[at])
  if (fresh.length === 0) return []
  const length = model.imageLength
  const bytes = new Uint8Array(fresh.length * length)
  fresh.forEach(({ pixels }, i) => {
    bytes.set(pixels, i * length)
  })
  const stack: Images = { count: fresh.length, channels, size, pixels: bytes }
  const images = toFloat(
    stack,
    fresh.map((_, i) => i),
  )
  const codes = await model.encode(images)
  const L = model.layers.length
  const residuals = await residualsOf(model, images, codes)
  return fresh.map(({ pixels: _, ...row }, i) => ({
    ...row,
    codes: codes.subarray(i * L, (i + 1) * L),
    residuals: residuals.get(i),
    thumbnail: thumbnails
      ? encodePng(grid(images.subarray(i * length, (i + 1) * length), { count: 1, channels, size, gap: 0 }))
      : undefined,
  }))
}

/** mean (X − up(x_l))² of every so manieth image, by its place: L numbers each. See `Residuals`. */
async function residualsOf(
  model: DdnModel,
  images: Float32Array,
  codes: Int32Array,
): Promise<Map<number, Float64Array>> {
  const { layers, imageLength, config } = model
  const { channels, size } = config
  const L = layers.length
  const places = Array.from({ length: Math.ceil(codes.length / L / MEASURED) }, (_, i) => i * MEASURED)
  const levels = await model.levels(places.flatMap(at => Array.from(codes.subarray(at * L, (at + 1) * L))))
  const residuals = places.map(() => new Float64Array(L))
  for (const [l, level] of levels.entries()) {
    const shown = enlarged(level, channels, layers[l].size, { channels, size })
    places.forEach((at, i) => {
      for (let j = 0; j < imageLength; j++)
        residuals[i][l] += (images[at * imageLength + j] - shown[i * imageLength + j]) ** 2 / imageLength
    })
  }
  return new Map(places.map((at, i) => [at, residuals[i]]))
}

/** The first 8 bytes of the SHA-256, as a number. */
function hashOf(pixels: Uint8Array): bigint {
  return createHash('sha256').update(pixels).digest().readBigUInt64BE(0)
}

async function* inBatches<T>(items: AsyncIterable<T> | Iterable<T>): AsyncGenerator<T[]> {
  let batch: T[] = []
  for await (const item of items) {
    batch.push(item)
    if (batch.length === BATCH) {
      yield batch
      batch = []
    }
  }
  if (batch.length > 0) yield batch
}
