// What a brush leaves behind: a square of whole pixels, at the network's own size, as text in the address.

import { distanceToSegment } from '../../lib/strokes.ts'

/** Pixels row by row; 0 is nothing. A mask has 1 where the picture is hidden, paint a colour as `paintOf` gives it. */
export interface Raster {
  size: number
  pixels: Uint32Array
}

export function blank(size: number): Raster {
  return { size, pixels: new Uint32Array(size * size) }
}

export function isBlank({ pixels }: Raster): boolean {
  return pixels.every(value => value === 0)
}

/** Paint of a colour `#rrggbb`: black too is more than nothing. */
export function paintOf(colour: string): number {
  return Number.parseInt(colour.slice(1), 16) + 1
}

/** The colour of paint, 0 … 255 each. */
export function colourOf(paint: number): [red: number, green: number, blue: number] {
  const colour = paint - 1
  return [colour >> 16, (colour >> 8) & 255, colour & 255]
}

/** A place on the raster, in pixels from its upper left corner. */
export interface Point {
  x: number
  y: number
}

/**
 * The raster after a brush went straight from one point to another: every pixel whose centre is within half the
 * diameter of the way has the value, and so have the pixels that it began and ended in.
 */
export function brushed(raster: Raster, from: Point, to: Point, diameter: number, value: number): Raster {
  const { size } = raster
  const pixels = raster.pixels.slice()
  const reach = diameter / 2
  const span = (a: number, b: number) => [
    Math.max(0, Math.floor(Math.min(a, b) - reach)),
    Math.min(size - 1, Math.floor(Math.max(a, b) + reach)),
  ]
  const [left, right] = span(from.x, to.x)
  const [top, bottom] = span(from.y, to.y)
  for (let y = top; y <= bottom; y++)
    for (let x = left; x <= right; x++)
      if (distanceToSegment(x + 0.5, y + 0.5, from.x, from.y, to.x, to.y) <= reach)
        pixels[y * size + x] = value
  for (const { x, y } of [from, to])
    if (x >= 0 && y >= 0 && x < size && y < size) pixels[Math.floor(y) * size + Math.floor(x)] = value
  return { size, pixels }
}

/** The raster at another size: every pixel has the value that was at its centre. */
export function atSize(raster: Raster, size: number): Raster {
  if (raster.size === size) return raster
  const at = (i: number) => Math.floor(((i + 0.5) * raster.size) / size)
  const pixels = Uint32Array.from(
    { length: size * size },
    (_, i) => raster.pixels[at(Math.floor(i / size)) * raster.size + at(i % size)],
  )
  return { size, pixels }
}

/**
 * A raster as text: `size.runs.values`. The size is in base 36; a run is a letter, A for nothing and B onwards for a
 * value (after Z comes BA), and its length in base 36; the values are hexadecimal, with hyphens. Nothing at all is ''.
 */
export function rasterText({ size, pixels }: Raster): string {
  const values: number[] = [0]
  let runs = ''
  for (let i = 0; i < pixels.length; ) {
    const value = pixels[i]
    const start = i
    while (i < pixels.length && pixels[i] === value) i++
    let name = values.indexOf(value)
    if (name < 0) name = values.push(value) - 1
    runs += letters(name) + (i - start).toString(36)
  }
  if (values.length === 1) return ''
  const named = values.slice(1).map(value => value.toString(16))
  return `${size.toString(36)}.${runs}.${named.join('-')}`
}

/** What `rasterText` wrote; throws where it cannot have. */
export function readRaster(text: string, what: string): Raster {
  const broken = new Error(`${what} in the address is broken: ${text.slice(0, 40)}`)
  const parts = /^([0-9a-z]+)\.((?:[A-Z]+[0-9a-z]+)+)\.([0-9a-f]+(?:-[0-9a-f]+)*)$/.exec(text)
  if (!parts) throw broken
  const size = Number.parseInt(parts[1], 36)
  if (size < 1 || size > 256) throw broken
  const values = [0, ...parts[3].split('-').map(value => Number.parseInt(value, 16))]
  const pixels = new Uint32Array(size * size)
  let end = 0
  for (const [, name, length] of parts[2].matchAll(/([A-Z]+)([0-9a-z]+)/g)) {
    const start = end
    end += Number.parseInt(length, 36)
    const value = values[number(name)]
    if (value === undefined || value > 0x1000000 || end > pixels.length) throw broken
    pixels.fill(value, start, end)
  }
  if (end !== pixels.length) throw broken
  return { size, pixels }
}

/** 0 → A, 25 → Z, 26 → BA: base 26. */
function letters(n: number): string {
  const last = String.fromCharCode(65 + (n % 26))
  return n < 26 ? last : letters(Math.floor(n / 26)) + last
}

function number(name: string): number {
  return Array.from(name, letter => letter.charCodeAt(0) - 65).reduce((n, digit) => 26 * n + digit, 0)
}
