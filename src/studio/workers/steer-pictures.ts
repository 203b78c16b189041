// Pictures of the room Steer as text for the address, and a handful to begin with.

import { decode, encode } from 'fast-png'
import { fitPictures, type ImageShape, luminanceOf, type Pictures } from '../../guides/pictures.ts'
import { toByte } from '../../report/grid.ts'
import type { CodedData } from '../../train/codes-file.ts'
import { colourOf, type Raster } from '../page/rooms/steer/raster.ts'
import { chooseExamples } from './examples.ts'

/** Longer ones are written in fewer shades: a server takes no address of any length. */
const LONGEST = 8000

/** An image [c, s, s] in [−1, 1] as a PNG file in base64 for URLs; the largest in fewer shades than it has. */
export function pictureText(image: Float32Array, { channels, size }: ImageShape): string {
  const plane = size * size
  for (const step of [1, 8, 16, 32, 64]) {
    const data = new Uint8Array(image.length)
    for (let i = 0; i < image.length; i++) {
      const shade = toByte(image[(i % channels) * plane + Math.floor(i / channels)])
      data[i] = Math.min(255, Math.round(shade / step) * step)
    }
    const text = toBase64(encode({ width: size, height: size, channels, data }, { zlib: { level: 9 } }))
    if (text.length <= LONGEST || step === 64) return text
  }
  throw new Error('unreachable')
}

/**
 * The picture that a text means, in a network's shape: `example:N`, `empty` (black), or what `pictureText` wrote.
 *
 * @param examples  [n, c, s, s]
 * @throws where it is none of them
 */
export function readPicture(text: string, examples: Float32Array, shape: ImageShape): Float32Array {
  const { channels, size } = shape
  const length = channels * size * size
  if (text === 'empty') return new Float32Array(length).fill(-1)
  if (text.startsWith('example:')) {
    const count = examples.length / length
    const index = Number(text.slice(8)) % count
    if (!Number.isInteger(index)) throw new Error(`there is no picture ${text.slice(0, 40)}`)
    return examples.slice(index * length, (index + 1) * length)
  }
  return fitPictures(readPng(text), shape).images
}

function readPng(text: string): Pictures {
  try {
    const { width, height, channels, depth, data } = decode(fromBase64(text))
    if (width !== height || depth !== 8 || (channels !== 1 && channels !== 3))
      throw new Error(`${width}×${height}`)
    const plane = width * width
    const images = new Float32Array(channels * plane)
    for (let i = 0; i < images.length; i++)
      images[(i % channels) * plane + Math.floor(i / channels)] = data[i] / 127.5 - 1
    return { images, channels, size: width }
  } catch {
    throw new Error('the picture in the address is broken; open one, or choose an example')
  }
}

/** Pixels as a page has them, cut to a square and drawn on white, as an image [c, s, s]. */
export function imageOf(rgba: Uint8ClampedArray, { channels, size }: ImageShape): Float32Array {
  const plane = size * size
  const planes = new Float32Array(3 * plane)
  for (let i = 0; i < planes.length; i++) {
    const at = 4 * (i % plane)
    const opacity = rgba[at + 3] / 255
    planes[i] = (opacity * rgba[at + Math.floor(i / plane)] + (1 - opacity) * 255) / 127.5 - 1
  }
  return channels === 3 ? planes : luminanceOf(planes)
}

/** A mask as the file that a guide reads: white is hidden. */
export function maskFile({ size, pixels }: Raster): Uint8Array {
  return encode({
    width: size,
    height: size,
    channels: 1,
    data: Uint8Array.from(pixels, hidden => 255 * hidden),
  })
}

/** Paint as the file that a guide reads: transparent where there is none. */
export function paintFile({ size, pixels }: Raster): Uint8Array {
  const data = Uint8Array.from({ length: 4 * pixels.length }, (_, i) => {
    const paint = pixels[i >> 2]
    return paint === 0 ? 0 : i % 4 === 3 ? 255 : colourOf(paint)[i % 4]
  })
  return encode({ width: size, height: size, channels: 4, data })
}

/** Codes [count, L] of images that the network was not trained on. */
export function exampleCodes({ K, test, testLabels }: CodedData, count: number): Int32Array {
  const L = K.length
  const rows = chooseExamples(test.length / L, testLabels, count)
  return Int32Array.from(rows.flatMap(row => [...test.subarray(row * L, (row + 1) * L)]))
}

function toBase64(bytes: Uint8Array): string {
  const text = Array.from(bytes, byte => String.fromCharCode(byte)).join('')
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

function fromBase64(text: string): Uint8Array {
  const bytes = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(bytes, letter => letter.charCodeAt(0))
}
