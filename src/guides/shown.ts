// What a guide was told, for a person to look at or to read.

import { LUMINANCE } from '../ddn/condition.ts'
import type { BlackBoxGuide, LinearGuide } from './guide.ts'
import { measuredShape } from './linear.ts'
import { fitPictures, type ImageShape, type Pictures } from './pictures.ts'
import type { SingleSpec } from './spec.ts'

/** What a guide, or the network itself, was told: one for all results, or one for each. */
export interface Shown {
  /** `inpaint`, `class` … */
  name: string
  /** [1 or N, c, s, s] in [−1, 1]; null where it is no picture. */
  pictures: Float32Array | null
  /** A class or a text, [1 or N]; null where it is none. */
  words: readonly string[] | null
}

/**
 * What the guide of a specification was told: the picture as far as the guide knows it, or words.
 *
 * @param pictures  those that it was made from, if any
 */
export function shownOf(
  spec: SingleSpec,
  guide: LinearGuide | BlackBoxGuide,
  pictures: Pictures | undefined,
  shape: ImageShape,
): Shown {
  const name = spec.guide
  const picture = (pictures: Float32Array | null): Shown => ({ name, pictures, words: null })
  const words = (words: string | number | readonly (string | number)[]): Shown => ({
    name,
    pictures: null,
    words: [words].flat().map(String),
  })
  if (spec.guide === 'class') return spec.label === undefined ? picture(null) : words(spec.label)
  if (spec.guide === 'text') return words(spec.text)
  if (guide.kind === 'linear') return picture(shownBy(guide, shape))
  if (!pictures || (spec.guide === 'similar' && spec.to === 'vector')) return picture(null)
  const { images } = fitPictures(pictures, shape)
  return picture(spec.guide === 'edges' ? edgePictures(images, shape) : images)
}

/** What is hidden looks like this: the middle between black and white. */
const HIDDEN = 0

/**
 * What a linear guide wants, as images [1 or N, c, s, s]: averages as large pixels, one channel repeated, hidden pixels
 * grey, thin paint greyer. Null where it is no picture any more, after a matrix.
 */
export function shownBy({ measurement, wanted }: LinearGuide, shape: ImageShape): Float32Array | null {
  const [channels, side] = measuredShape(measurement, shape)
  if (side === undefined) return null
  const last = measurement[measurement.length - 1]
  const weights = last?.map === 'mask' ? last.weights : null
  const seen = weights
    ? wanted.map((value, i) => (weights[i % weights.length] === 0 ? HIDDEN : value))
    : wanted
  return enlarged(seen, channels, side, shape)
}

/** Images [N, from, side, side] as [N, channels, size, size]: each pixel a rectangle, one channel repeated. */
export function enlarged(
  images: Float32Array,
  from: number,
  side: number,
  { channels, size }: ImageShape,
): Float32Array {
  const area = size * size
  const count = images.length / (from * side * side)
  const factor = size / side
  return Float32Array.from({ length: count * channels * area }, (_, i) => {
    const [n, c] = [Math.floor(i / (channels * area)), Math.floor(i / area) % channels]
    const [y, x] = [Math.floor((i % area) / size), i % size]
    return images[((n * from + (c % from)) * side + Math.floor(y / factor)) * side + Math.floor(x / factor)]
  })
}

/**
 * How steep the luminance of images [N, c, s, s] is, as `edges` compares it: the length of Sobel's gradient over 8,
 * from 0 (black) to 1, a change of black to white over two pixels (white). The border has none.
 */
export function edgePictures(images: Float32Array, { channels, size }: ImageShape): Float32Array {
  const area = size * size
  return Float32Array.from(images, (_, i) => {
    const image = Math.floor(i / (channels * area)) * channels * area
    const [y, x] = [Math.floor((i % area) / size), i % size]
    if (x === 0 || y === 0 || x === size - 1 || y === size - 1) return -1
    const grey = (dy: number, dx: number) => {
      const at = image + (y + dy) * size + x + dx
      return channels === 1
        ? images[at]
        : LUMINANCE.reduce((sum, weight, c) => sum + weight * images[at + c * area], 0)
    }
    const down = grey(1, -1) + 2 * grey(1, 0) + grey(1, 1) - grey(-1, -1) - 2 * grey(-1, 0) - grey(-1, 1)
    const right = grey(-1, 1) + 2 * grey(0, 1) + grey(1, 1) - grey(-1, -1) - 2 * grey(0, -1) - grey(1, -1)
    return 2 * Math.min(1, Math.hypot(down, right) / 8) - 1
  })
}
