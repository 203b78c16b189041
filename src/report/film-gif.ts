/** The frames of a film as one animated GIF. */

import * as gifenc from 'gifenc'
import type { Picture } from './grid.ts'

/** Milliseconds: every frame, the first (nothing learned yet), the last (the result). */
const delays = { each: 120, first: 700, last: 3000 }

/** Colours of a palette; one more number is left for pixels that stay as they were. */
const COLOURS = 255
const UNCHANGED = 255

/** The GIF file, repeating for ever; all frames must be of one size. */
export function filmGif(frames: readonly Picture[]): Uint8Array {
  if (frames.length === 0) throw new Error('a film needs at least one frame')
  const [{ width, height }] = frames
  if (frames.some(frame => frame.width !== width || frame.height !== height))
    throw new Error('the frames of a film are all of one size')
  const { palette, indexed } = indexedColours(frames)
  // Named exports under a bundler, the default's properties under Node.
  const { GIFEncoder } = library()
  const gif = GIFEncoder()
  let before: Uint8Array | null = null
  indexed.forEach((pixels, i) => {
    const delay = i === indexed.length - 1 ? delays.last : i === 0 ? delays.first : delays.each
    if (!before) gif.writeFrame(pixels, width, height, { palette, delay, repeat: 0, dispose: 1 })
    else {
      const last = before
      const changed = pixels.map((value, at) => (value === last[at] ? UNCHANGED : value))
      gif.writeFrame(changed, width, height, {
        delay,
        transparent: true,
        transparentIndex: UNCHANGED,
        dispose: 1,
      })
    }
    before = pixels
  })
  gif.finish()
  return gif.bytes()
}

const library = () => (gifenc.default.GIFEncoder ? gifenc.default : gifenc) as typeof gifenc

/**
 * All frames in one palette: their own colours where these are few (the 128 even greys and some lines are), else
 * those that stand for them best.
 */
export function indexedColours(frames: readonly Picture[]): { palette: number[][]; indexed: Uint8Array[] } {
  const colours = new Map<number, number>()
  const indexed = frames.map(frame => new Uint8Array(frame.width * frame.height))
  const few = frames.every((frame, f) => {
    for (let i = 0; i < indexed[f].length; i++) {
      const colour = even(frame, i)
      if (!colours.has(colour) && colours.size === COLOURS) return false
      if (!colours.has(colour)) colours.set(colour, colours.size)
      indexed[f][i] = colours.get(colour)!
    }
    return true
  })
  const padded = (palette: number[][]) => [...palette, ...Array(COLOURS + 1 - palette.length).fill([0, 0, 0])]
  if (few)
    return {
      palette: padded(Array.from(colours.keys(), rgb => [rgb >> 16, (rgb >> 8) & 255, rgb & 255])),
      indexed,
    }
  const { quantize, applyPalette } = library()
  // The end has all the colours that there ever are, and a frame on the way the duller ones.
  const shown = [frames[frames.length - 1], frames[frames.length >> 1]].map(rgba)
  const both = new Uint8Array(shown[0].length + shown[1].length)
  both.set(shown[0])
  both.set(shown[1], shown[0].length)
  const palette = quantize(both, COLOURS)
  return { palette: padded(palette), indexed: frames.map(frame => applyPalette(rgba(frame), palette)) }
}

/** A pixel as 0xrrggbb of even parts; white stays white. */
function even({ data, channels }: Picture, i: number): number {
  const part = (c: number) => {
    const value = data[i * channels + (c % channels)]
    return value === 255 ? 255 : value & 254
  }
  return (part(0) << 16) | (part(1) << 8) | part(2)
}

function rgba({ width, height, channels, data }: Picture): Uint8Array {
  const pixels = new Uint8Array(width * height * 4).fill(255)
  for (let i = 0; i < width * height; i++)
    for (let c = 0; c < 3; c++) pixels[4 * i + c] = data[i * channels + (c % channels)]
  return pixels
}
