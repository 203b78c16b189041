/** PNG, JPEG, WebP and GIF to bytes by sharp, in Node. */

import { luminance, type RawImages, toPlanes } from './resize.ts'

/** No decoder is started for a picture that claims more pixels than this. */
const maxPixels = 2 ** 27

/** The extensions of the formats that are read. */
export const imageExtension = /\.(png|jpe?g|webp|gif)$/i

/**
 * One picture, scaled and cropped around its centre to fill a square (Lanczos), turned as its EXIF says,
 * transparency composited on white; of an animation the first frame.
 *
 * @returns [channels, size, size] uint8; grey is Rec. 601 luminance
 * @throws if it is none of the four formats, damaged or cut short
 */
export async function decodeImage(bytes: Uint8Array, size: number, channels: 1 | 3): Promise<Uint8Array> {
  const pipeline = (await open(bytes)).resize(size, size, { fit: 'cover' })
  const { planes } = await finish(pipeline)
  return channels === 3 ? planes : luminance(planes)
}

/** One picture at its own size, colour, on white: for a sheet of many, cut up and fitted afterwards. */
export async function decodeWhole(bytes: Uint8Array): Promise<RawImages> {
  const { planes, rows, cols } = await finish(await open(bytes))
  return { count: 1, channels: 3, rows, cols, pixels: planes }
}

/** Tells the format by the first bytes, whatever the name says. */
export function imageFormat(bytes: Uint8Array): 'png' | 'jpeg' | 'webp' | 'gif' | undefined {
  const start = String.fromCharCode(...bytes.subarray(0, 12))
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return 'png'
  if (start.startsWith('\xff\xd8\xff')) return 'jpeg'
  if (start.startsWith('RIFF') && start.endsWith('WEBP')) return 'webp'
  if (start.startsWith('GIF87a') || start.startsWith('GIF89a')) return 'gif'
  return undefined
}

type Sharp = import('sharp').Sharp

async function open(bytes: Uint8Array): Promise<Sharp> {
  if (bytes.length === 0) throw new Error('the file is empty')
  // sharp would also read SVG and others, whose decoders reach further than a folder of pictures should.
  if (!imageFormat(bytes)) throw new Error('not a PNG, JPEG, WebP or GIF image')
  const sharp = await library()
  return sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels }).autoOrient()
}

async function finish(pipeline: Sharp): Promise<{ planes: Uint8Array; rows: number; cols: number }> {
  const white = pipeline.flatten({ background: '#ffffff' }).toColourspace('srgb').raw({ depth: 'uchar' })
  try {
    const { data, info } = await white.toBuffer({ resolveWithObject: true })
    return { planes: toPlanes(data, info.channels), rows: info.height, cols: info.width }
  } catch (cause) {
    // libvips gathers its messages in one place for all threads, so those of two broken files mix: the reason
    // that stands in the dataset must not depend on that.
    const tooLarge = /pixel limit/i.test((cause as Error).message)
    throw new Error(tooLarge ? `more than ${maxPixels} pixels` : 'damaged or truncated image', { cause })
  }
}

let loading: Promise<typeof import('sharp')> | undefined

/** sharp brings a native library, which only those who decode pictures should pay for. */
async function library() {
  loading ??= import('sharp')
  return (await loading).default
}
