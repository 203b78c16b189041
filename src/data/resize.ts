/** Bytes to the shape asked for: padding, resampling, grey and colour, in plain code for any platform. */

import type { Images } from './dataset.ts'

/** Decoded images of any shape: `pixels` is [count, channels, rows, cols] uint8. */
export interface RawImages {
  count: number
  channels: 1 | 3
  rows: number
  cols: number
  pixels: Uint8Array
}

export interface FitOptions {
  /** Side of the square result. */
  size: number
  channels: 1 | 3
  /** Which images, in which order; all of them when absent. */
  indices?: ArrayLike<number>
  /** Side of the square of zeros in whose centre each image is put before it is resampled. */
  canvas?: number
}

/**
 * Puts each image in the centre of a black square, resamples that to [channels, size, size], and converts
 * between grey (Rec. 601 luminance) and colour (repetition).
 */
export function fitImages(raw: RawImages, options: FitOptions): Images {
  const { size, channels } = options
  const canvas = options.canvas ?? Math.max(raw.rows, raw.cols)
  const count = options.indices?.length ?? raw.count
  const pixels = allocatePixels(count, channels, size)
  const image = raw.channels * raw.rows * raw.cols
  const top = (canvas - raw.rows) >> 1
  const left = (canvas - raw.cols) >> 1
  const resample = canvas === size ? undefined : resampler(canvas, size)
  // Every image lands on the same part of the canvas, so its margin stays zero.
  const square = new Uint8Array(resample ? canvas ** 2 : 0)
  const toGrey = raw.channels === 3 && channels === 1

  for (let n = 0; n < count; n++) {
    const start = (options.indices?.[n] ?? n) * image
    const source = raw.pixels.subarray(start, start + image)
    const planes = toGrey ? luminance(source) : source
    for (let c = 0; c < Math.min(channels, raw.channels); c++) {
      const target = (n * channels + c) * size ** 2
      const [into, offset] = resample ? [square, 0] : [pixels, target]
      for (let y = 0, from = c * raw.rows * raw.cols; y < raw.rows; y++) {
        let to = offset + (top + y) * canvas + left
        for (const end = to + raw.cols; to < end; ) into[to++] = planes[from++]
      }
      resample?.(square, pixels, target)
    }
    if (channels > raw.channels) {
      const first = n * channels * size ** 2
      for (let c = 1; c < channels; c++) pixels.copyWithin(first + c * size ** 2, first, first + size ** 2)
    }
  }
  return { count, channels, size, pixels }
}

/** Rec. 601 luma of planes [3, ...], 0.299 R + 0.587 G + 0.114 B; its weights sum to 2^16, so grey stays. */
export function luminance(planes: Uint8Array): Uint8Array {
  const area = planes.length / 3
  const grey = new Uint8Array(area)
  for (let i = 0; i < area; i++) {
    grey[i] = (19595 * planes[i] + 38470 * planes[i + area] + 7471 * planes[i + 2 * area] + 32768) >> 16
  }
  return grey
}

/** Interleaved pixels [rows, cols, step] as planes [3, rows, cols]; a single channel is repeated. */
export function toPlanes(interleaved: Uint8Array, step: number): Uint8Array {
  const area = interleaved.length / step
  const planes = new Uint8Array(3 * area)
  for (let c = 0; c < 3; c++) {
    for (let i = 0, from = step < 3 ? 0 : c; i < area; i++, from += step)
      planes[c * area + i] = interleaved[from]
  }
  return planes
}

/** Zeroed [count, channels, size, size] bytes, refusing more than 2 GiB with a way out. */
export function allocatePixels(count: number, channels: number, size: number): Uint8Array {
  const bytes = count * channels * size ** 2
  if (bytes > 2 ** 31) {
    const gib = (bytes / 2 ** 30).toFixed(1)
    throw new Error(
      `${count} images of ${channels}×${size}×${size} need ${gib} GiB, more than the 2 GiB allowed: ` +
        'give a smaller size, or a limit',
    )
  }
  return new Uint8Array(bytes)
}

type Resample = (square: Uint8Array, out: Uint8Array, offset: number) => void

/**
 * Separable resampling of a square: the exact area average when it shrinks, bilinear when it grows. Neither
 * overshoots, so flat regions and pure black and white survive.
 */
function resampler(from: number, to: number): Resample {
  const taps = Array.from({ length: to }, (_, i) => weights(i, from, to))
  const rows = new Float64Array(from * to)
  return (square, out, offset) => {
    for (let y = 0; y < from; y++) {
      for (let x = 0; x < to; x++) {
        const { start, weight } = taps[x]
        let sum = 0
        for (let k = 0; k < weight.length; k++) sum += weight[k] * square[y * from + start + k]
        rows[y * to + x] = sum
      }
    }
    for (let y = 0; y < to; y++) {
      const { start, weight } = taps[y]
      for (let x = 0; x < to; x++) {
        let sum = 0.5
        for (let k = 0; k < weight.length; k++) sum += weight[k] * rows[(start + k) * to + x]
        out[offset + y * to + x] = sum
      }
    }
  }
}

/** The source pixels under output pixel i and their weights, which sum to 1. */
function weights(i: number, from: number, to: number): { start: number; weight: number[] } {
  const scale = from / to
  if (scale < 1) {
    const centre = Math.min(Math.max((i + 0.5) * scale - 0.5, 0), from - 1)
    const start = Math.min(Math.floor(centre), Math.max(from - 2, 0))
    return from === 1 ? { start, weight: [1] } : { start, weight: [1 - (centre - start), centre - start] }
  }
  const low = (i * from) / to
  const high = ((i + 1) * from) / to
  const start = Math.floor(low)
  const weight: number[] = []
  for (let k = start; k < high && k < from; k++) {
    weight.push((Math.min(k + 1, high) - Math.max(k, low)) / (high - low))
  }
  return { start, weight }
}
