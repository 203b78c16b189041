/** IDX, the format of MNIST and its relatives: parsed from bytes, on any platform. */

import { type Images, spread } from './dataset.ts'
import { fitImages } from './resize.ts'

/** An IDX array of unsigned bytes: `data.length` is the product of `shape`; `data` is a view of the file. */
export interface Idx {
  shape: number[]
  data: Uint8Array
}

export interface IdxOptions {
  size: number
  channels: 1 | 3
  /** Which of `count` images, in which order; all when absent. */
  choose?: (count: number) => ArrayLike<number>
  /** Names of the two files, for error messages. */
  imagesFile?: string
  labelsFile?: string
}

/** Element types of the format; only the first is read. */
const elementTypes: Record<number, string> = {
  8: 'unsigned bytes',
  9: 'signed bytes',
  11: 'int16',
  12: 'int32',
  13: 'float32',
  14: 'float64',
}

/** No image of a dataset is larger, and a lying header cannot ask for more. */
const maxSide = 4096

/**
 * Reads one IDX file: two zero bytes, the element type (8), the number of dimensions, each dimension as
 * big-endian uint32, then the elements, and nothing after them.
 *
 * @param file  its name, for error messages
 * @throws if the header is not IDX, or claims more or less than the file holds; nothing is allocated before
 */
export function parseIdx(bytes: Uint8Array, file = 'IDX file'): Idx {
  if (bytes.length < 4) {
    throw new Error(
      `${file}: ${bytes.length} bytes are too few, an IDX file starts with a 4-byte magic number`,
    )
  }
  const magic = Array.from(bytes.subarray(0, 4), byte => byte.toString(16).padStart(2, '0')).join('')
  const [first, second, type, dimensions] = bytes
  if (first === 0x1f && second === 0x8b)
    throw new Error(`${file}: is compressed by gzip; decompress it first`)
  if (first !== 0 || second !== 0 || !(type in elementTypes) || dimensions === 0) {
    throw new Error(
      `${file}: wrong magic number 0x${magic}, expected 0x00000803 (images) or 0x00000801 (labels)`,
    )
  }
  if (type !== 8) {
    throw new Error(
      `${file}: holds ${elementTypes[type]} (magic number 0x${magic}), only unsigned bytes are read`,
    )
  }
  const header = 4 + 4 * dimensions
  if (bytes.length < header) {
    throw new Error(
      `${file}: truncated in its header, expected ${header} bytes for ${dimensions} dimensions, ` +
        `found ${bytes.length}`,
    )
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i))
  const expected = shape.reduce((product, side) => product * side, 1)
  const found = bytes.length - header
  if (found !== expected) {
    const what = found < expected ? 'is truncated' : 'is longer than its header says'
    throw new Error(
      `${file}: ${what}, expected ${shape.join(' × ')} = ${expected} bytes of data, found ${found}`,
    )
  }
  return { shape, data: bytes.subarray(header) }
}

/**
 * The images of an IDX3 file [count, rows, cols], with the labels of an IDX1 file [count] when given.
 *
 * Images of 28 × 28, MNIST's, are padded with zeros to 32 × 32, and other sizes are resampled from that, so
 * that a digit takes the same share of the picture at every size; size 28 alone gives them as they are.
 * Images of another shape are centred in a square of zeros and resampled.
 */
export function idxImages(images: Uint8Array, labels: Uint8Array | undefined, options: IdxOptions): Images {
  const { size, channels, choose = spread, imagesFile = 'images', labelsFile = 'labels' } = options
  const { shape, data } = parseIdx(images, imagesFile)
  if (shape.length !== 3) {
    throw new Error(`${imagesFile}: has ${shape.length} dimensions, images have 3 (count × rows × columns)`)
  }
  const [count, rows, cols] = shape
  if (count === 0) throw new Error(`${imagesFile}: holds no image`)
  if (Math.min(rows, cols) < 1 || Math.max(rows, cols) > maxSide) {
    throw new Error(`${imagesFile}: images of ${rows} × ${cols}, each side must be 1 to ${maxSide}`)
  }
  const known = labels && idxLabels(labels, count, imagesFile, labelsFile)
  const indices = choose(count)
  const canvas = rows === 28 && cols === 28 && size !== 28 ? 32 : Math.max(rows, cols)
  const result = fitImages(
    { count, channels: 1, rows, cols, pixels: data },
    { size, channels, indices, canvas },
  )
  if (known) result.labels = Int32Array.from(indices, index => known[index])
  return result
}

function idxLabels(labels: Uint8Array, count: number, imagesFile: string, labelsFile: string): Uint8Array {
  const { shape, data } = parseIdx(labels, labelsFile)
  if (shape.length !== 1) {
    throw new Error(`${labelsFile}: has ${shape.length} dimensions, labels have 1 (are these the labels?)`)
  }
  if (shape[0] !== count) {
    throw new Error(`${labelsFile}: ${shape[0]} labels, but ${imagesFile} has ${count} images`)
  }
  return data
}
