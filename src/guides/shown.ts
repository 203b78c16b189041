// What a guide was told, as pictures a person can look at.

import type { LinearGuide } from './guide.ts'
import { measuredShape } from './linear.ts'
import type { ImageShape } from './pictures.ts'

/** What is hidden looks like this: the middle between black and white. */
const HIDDEN = 0

/**
 * What a linear guide wants, as images [1 or N, c, s, s]: averages as large pixels, one channel repeated, hidden pixels
 * grey, thin paint greyer. Null where it is no picture any more, after a matrix.
 */
export function shownBy({ measurement, wanted }: LinearGuide, shape: ImageShape): Float32Array | null {
  const [from, side] = measuredShape(measurement, shape)
  if (side === undefined) return null
  const last = measurement[measurement.length - 1]
  const weights = last?.map === 'mask' ? last.weights : null
  const { channels, size } = shape
  const count = wanted.length / (from * side * side)
  const factor = size / side
  return Float32Array.from({ length: count * channels * size * size }, (_, i) => {
    const [n, c] = [Math.floor(i / (channels * size * size)), Math.floor(i / (size * size)) % channels]
    const [y, x] = [Math.floor(i / size) % size, i % size]
    const pixel = Math.floor(y / factor) * side + Math.floor(x / factor)
    return weights?.[pixel] === 0 ? HIDDEN : wanted[(n * from + (c % from)) * side * side + pixel]
  })
}
