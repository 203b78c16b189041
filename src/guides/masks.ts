// Masks for inpainting, [s, s]: 1 where the image is hidden and to be filled, 0 where it is known.
//
// A name says what is hidden: with `left` the left half is missing. In a picture of a mask, white is what is
// hidden.

import { suggestion } from '../data/nearest.ts'
import { LUMINANCE } from '../ddn/condition.ts'
import { resizePlanes } from './resample.ts'
import type { RgbaPicture } from './rgba.ts'

/**
 * Is the pixel with its centre at (u, v) hidden? Both run from 0 to 1, u to the right and v down; s is the
 * size.
 */
type Region = (u: number, v: number, s: number) => boolean

const regions = {
  /** The left half. */
  left: u => u < 0.5,
  right: u => u > 0.5,
  top: (_, v) => v < 0.5,
  bottom: (_, v) => v > 0.5,
  /** A band across the upper middle, where the eyes of a face are. */
  eyes: (_, v) => v >= 0.3 && v < 0.55,
  /** A vertical and a horizontal bar, a quarter of the side wide. */
  cross: (u, v) => Math.abs(u - 0.5) <= 0.125 || Math.abs(v - 0.5) <= 0.125,
  /** A square of half the side. */
  centre: (u, v) => Math.abs(u - 0.5) < 0.25 && Math.abs(v - 0.5) < 0.25,
  /** Every other field of a board of 8 × 8, or of every pixel where the image is smaller. */
  checkerboard: (u, v, s) => (Math.floor(u * Math.min(8, s)) + Math.floor(v * Math.min(8, s))) % 2 === 1,
  /** The letter A. */
  letter: (u, v) => strokesOfA.some(stroke => distanceTo(stroke, u, v) < 0.065),
} satisfies Record<string, Region>

export type MaskName = keyof typeof regions

export const maskNames = Object.keys(regions) as readonly MaskName[]

/** A mask by its name, for images of any size at which it hides something and leaves something. */
export function namedMask(name: string, size: number): Float32Array {
  if (!Object.hasOwn(regions, name)) throw new Error(`unknown mask ${name}${suggestion(name, maskNames)}`)
  const region: Region = regions[name as MaskName]
  const centre = (i: number) => (i + 0.5) / size
  const mask = Float32Array.from({ length: size * size }, (_, i) =>
    region(centre(i % size), centre(Math.floor(i / size)), size) ? 1 : 0,
  )
  return checkMask(mask, size, `mask ${name}`)
}

/**
 * A mask that somebody painted: hidden is where more than half is white. Transparent pixels count as white,
 * for some programs erase what is to be filled. A picture of another size is cut to the square in its middle
 * and averaged down or interpolated up, which `note` then says.
 */
export function maskFromPicture(
  { width, height, data }: RgbaPicture,
  size: number,
  what = 'the mask',
): { mask: Float32Array; note?: string } {
  if (data.length !== 4 * width * height || data.length === 0)
    throw new Error(`${what}: ${data.length} values are no picture of ${width}×${height} in RGBA`)
  const side = Math.min(width, height)
  const [left, top] = [(width - side) >> 1, (height - side) >> 1]
  const square = Float32Array.from({ length: side * side }, (_, i) =>
    whiteness(data, (top + Math.floor(i / side)) * width + left + (i % side)),
  )
  const mask = resizePlanes(square, [side, side], [size, size]).map(white => (white > 0.5 ? 1 : 0))
  checkMask(mask, size, what)
  if (width === size && height === size) return { mask }
  const cut = width === height ? '' : `cut to the ${side}×${side} in its middle and `
  return { mask, note: `${what} is ${width}×${height}; it was ${cut}resized to ${size}×${size}` }
}

/** Rec. 601 luminance in 0 … 1, on white. */
function whiteness(data: ArrayLike<number>, pixel: number): number {
  const [r, g, b, alpha] = [0, 1, 2, 3].map(c => data[4 * pixel + c] / 255)
  return alpha * (LUMINANCE[0] * r + LUMINANCE[1] * g + LUMINANCE[2] * b) + 1 - alpha
}

/** The mask, if it is [size, size] in [0, 1], hides something and leaves something. */
export function checkMask(mask: Float32Array, size: number, what = 'the mask'): Float32Array {
  if (mask.length !== size * size)
    throw new Error(`${what} has ${mask.length} values; images of ${size}×${size} need ${size * size}`)
  const bad = mask.findIndex(value => !(value >= 0 && value <= 1))
  if (bad >= 0) throw new Error(`${what}: the value at ${bad} is ${mask[bad]}; 1 is hidden, 0 is known`)
  if (!mask.some(value => value > 0))
    throw new Error(`${what} hides nothing of ${size}×${size} pixels: there is nothing to fill`)
  if (!mask.some(value => value < 1))
    throw new Error(`${what} hides all of ${size}×${size} pixels: nothing is known to go by`)
  return mask
}

type Stroke = readonly [u: number, v: number, toU: number, toV: number]

const strokesOfA: readonly Stroke[] = [
  [0.5, 0.12, 0.16, 0.88],
  [0.5, 0.12, 0.84, 0.88],
  [0.3, 0.62, 0.7, 0.62],
]

/** From a point to a line segment. */
function distanceTo([u0, v0, u1, v1]: Stroke, u: number, v: number): number {
  const [du, dv] = [u1 - u0, v1 - v0]
  const along = ((u - u0) * du + (v - v0) * dv) / (du * du + dv * dv)
  const t = Math.min(1, Math.max(0, along))
  return Math.hypot(u - u0 - t * du, v - v0 - t * dv)
}
