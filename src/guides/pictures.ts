// Pictures that a guide goes by: what they are, whether they are whole, and others made to fit the network.

import { LUMINANCE } from '../ddn/condition.ts'
import { resizePlanes } from './resample.ts'

/** One or more square images. */
export interface Pictures {
  /** [N, channels, size, size] float32 in [−1, 1]; N follows from the length. */
  images: Float32Array
  /** 1 for grey, 3 for RGB. */
  channels: number
  size: number
}

/** What of an image's shape a network fixes. */
export type ImageShape = Pick<Pictures, 'channels' | 'size'>

/** How many pictures there are; throws where they are none, broken off, or hold what is no number. */
export function countOf({ images, channels, size }: Pictures, what = 'images'): number {
  const count = images.length / (channels * size * size)
  if (!Number.isInteger(count) || count < 1)
    throw new Error(`${what}: ${images.length} values are not whole images of ${channels}×${size}×${size}`)
  if (channels !== 1 && channels !== 3)
    throw new Error(`${what}: images have 1 channel (grey) or 3 (RGB), not ${channels}`)
  const bad = images.findIndex(value => !Number.isFinite(value))
  if (bad >= 0) throw new Error(`${what}: the value at ${bad} is ${images[bad]}; pixels are in [−1, 1]`)
  return count
}

/**
 * The same pictures in another shape. Grey becomes colour by repetition, colour grey by luminance; sizes
 * change by area averages down and bilinear interpolation up.
 */
export function fitPictures(pictures: Pictures, shape: ImageShape): Pictures {
  countOf(pictures)
  const { size } = shape
  const images = resizePlanes(pictures.images, [pictures.size, pictures.size], [size, size])
  return { ...shape, images: toChannels(images, pictures.channels, shape.channels, size * size) }
}

function toChannels(images: Float32Array, from: number, to: number, area: number): Float32Array {
  if (from === to) return images
  const count = images.length / (from * area)
  const out = new Float32Array(count * to * area)
  for (let n = 0; n < count; n++) {
    const image = images.subarray(n * from * area, (n + 1) * from * area)
    if (from === 1) for (let c = 0; c < to; c++) out.set(image, (n * to + c) * area)
    else out.set(luminanceOf(image), n * area)
  }
  return out
}

/** Rec. 601 luminance of planes [3, …]. */
export function luminanceOf(planes: Float32Array): Float32Array {
  const area = planes.length / 3
  const [r, g, b] = LUMINANCE
  const grey = new Float32Array(area)
  for (let i = 0; i < area; i++) grey[i] = r * planes[i] + g * planes[i + area] + b * planes[i + 2 * area]
  return grey
}
