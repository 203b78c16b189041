// Pictures that an edit goes by, in Node: of a file, or of a data set by their numbers.

import { type Dataset, toFloat } from '../data/dataset.ts'
import { decodeImage, decodeWhole } from '../data/image.ts'
import { loadDataset } from '../data/load.ts'
import { luminance } from '../data/resize.ts'
import type { DdnModel } from '../ddn/model.ts'
import type { Pictures } from '../guides/index.ts'
import { fileReader } from '../guides/judge-files.ts'
import type { EditContext, EditRequest } from './editing.ts'

/** A file: one picture for all results. */
export interface FileSource {
  input: string
}

/** A data set: a picture for each. */
export interface DataSource {
  data: string
  split: 'train' | 'test'
  /** Which pictures, counted from 0; default: the first so many. */
  images?: readonly number[]
}

export interface Source {
  pictures: Pictures
  /** −1 where it is not known; null where none is. */
  labels: readonly number[] | null
}

/** What a request's guides go by; null where it brings no pictures. */
export async function sourceOf(
  model: DdnModel,
  request: EditRequest,
  { load = loadDataset, onNote }: EditContext,
): Promise<Source | null> {
  const { source, count, each = 1 } = request
  if (!source) return null
  if ('input' in source)
    return { pictures: await pictureFrom(source.input, model.config, onNote), labels: null }
  const most = count / each
  const wanted = source.images ?? Array.from({ length: most }, (_, i) => i)
  if (wanted.length !== 1 && wanted.length !== most)
    throw new Error(
      `${wanted.length} pictures are chosen for ${count} results, ${each} of every picture: choose one, or ${most}`,
    )
  return picturesOf(await dataOf(source, model, load), source, wanted)
}

/** The data set that a source names, in the network's shape. */
export function dataOf({ data }: DataSource, { config }: DdnModel, load: typeof loadDataset) {
  return load(data, { size: config.size, channels: config.channels })
}

/** Pictures of a data set by their numbers. */
export function picturesOf(
  dataset: Dataset,
  { data, split, images: chosen }: DataSource,
  wanted: readonly number[],
): Source {
  const { channels, size } = dataset
  const images = dataset[split]
  const missing = wanted.find(index => index >= images.count)
  if (missing !== undefined)
    throw new Error(
      chosen
        ? `${data} has ${images.count} ${split} images, numbered from 0; there is no ${missing}`
        : `${data} has ${images.count} ${split} images, not ${wanted.length}; ask for fewer`,
    )
  return {
    pictures: { images: toFloat(images, wanted), channels, size },
    labels: images.labels ? wanted.map(index => images.labels![index]) : null,
  }
}

/**
 * A picture file as the network's images are: cut to the square in its middle and resized, grey repeated, colour to
 * luminance. A square that is smaller is left so: it may be what a larger one is to be made of.
 */
export async function pictureFrom(
  path: string,
  { channels, size }: { channels: 1 | 3; size: number },
  onNote?: (note: string) => void,
): Promise<Pictures> {
  const bytes = await fileReader()(path)
  const named = (error: Error): never => {
    throw new Error(`${path}: ${error.message}`)
  }
  const { rows, cols, pixels } = await decodeWhole(bytes).catch(named)
  const small = rows === cols && rows < size
  const bytesOf = small
    ? channels === 3
      ? pixels
      : luminance(pixels)
    : await decodeImage(bytes, size, channels)
  if (!small && (rows !== size || cols !== size))
    onNote?.(`${path} is ${cols}×${rows}; its middle was resized to ${size}×${size}`)
  const images = Float32Array.from(bytesOf, byte => byte / 127.5 - 1)
  return { images, channels, size: small ? rows : size }
}
