// JPEG, WebP and AVIF as peers of a codec for small images: how many bits they take, and what they lose.

import sharp, { type Sharp } from 'sharp'
import type { Images } from '../data/dataset.ts'

export type PictureFormat = 'jpeg' | 'webp' | 'avif'

export const pictureFormats = ['jpeg', 'webp', 'avif'] as const

/** What a setting of a codec costs, and what it leaves. */
export interface RatePoint {
  /** Bits per image, the mean. */
  bits: number
  /** Mean squared error, pixels in [−1, 1]. */
  mse: number
  setting: string
}

/** Three ways of counting what the same codec takes. */
export interface PictureCurves {
  /** A file for each image. */
  files: RatePoint[]
  /** The same less what the file of an image of one colour takes with the same setting: headers and tables. */
  payloads: RatePoint[]
  /** All images side by side in one file, whose header they share. */
  sheet: RatePoint[]
}

const QUALITIES = [1, 5, 10, 20, 30, 40, 50, 60, 75, 90]
/** The codec sees images of this share of their size, which are enlarged afterwards: at few bits that is its best. */
const SCALES = [1, 1 / 2, 1 / 4]

/**
 * Every quality at every scale.
 *
 * @param each  the first so many images get files of their own
 * @param sheet  the first so many stand on the sheet
 */
export async function pictureCurves(
  images: Images,
  format: PictureFormat,
  { each, sheet }: { each: number; sheet: number },
): Promise<PictureCurves> {
  const curves: PictureCurves = { files: [], payloads: [], sheet: [] }
  const { channels, size } = images
  const single = Array.from({ length: Math.min(each, images.count) }, (_, i) => pictureOf(images, [i], 1))
  const together = Math.min(sheet, images.count)
  const columns = Math.ceil(Math.sqrt(together))
  const all = Array.from({ length: together }, (_, i) => i)
  const sheetPicture = pictureOf(images, all, columns)
  const flat = { width: size, height: size, channels, data: new Uint8Array(channels * size * size).fill(128) }
  for (const scale of SCALES)
    for (const quality of QUALITIES) {
      const setting = `${format} ${quality}${scale === 1 ? '' : ` at 1/${1 / scale}`}`
      const results = []
      for (const picture of single) results.push(await roundTrip(picture, format, quality, scale))
      const header = (await roundTrip(flat, format, quality, scale)).bits
      const bits = mean(results.map(result => result.bits))
      const mse = mean(results.map(result => result.mse))
      curves.files.push({ bits, mse, setting })
      curves.payloads.push({ bits: mean(results.map(r => Math.max(0, r.bits - header))), mse, setting })
      const whole = await roundTrip(sheetPicture, format, quality, scale)
      // Empty places of the sheet cost next to nothing, and lose nothing.
      const places = (columns * Math.ceil(together / columns)) / together
      curves.sheet.push({ bits: whole.bits / together, mse: whole.mse * places, setting })
    }
  return curves
}

/**
 * What is lost at so many bits: the points that no other beats, and between two of them the straight line of
 * log mse over bits. Null below the first point.
 */
export function mseAt(points: readonly RatePoint[], bits: number): number | null {
  const best: RatePoint[] = []
  for (const point of [...points].sort((a, b) => a.bits - b.bits || a.mse - b.mse))
    if (best.length === 0 || point.mse < best[best.length - 1].mse) best.push(point)
  const next = best.findIndex(point => point.bits > bits)
  if (next === 0) return null
  const before = best[next < 0 ? best.length - 1 : next - 1]
  if (next < 0) return before.mse
  const share = (bits - before.bits) / (best[next].bits - before.bits)
  return before.mse * (best[next].mse / before.mse) ** share
}

/** Bytes, channels interleaved. */
interface Picture {
  width: number
  height: number
  channels: 1 | 3
  data: Uint8Array
}

/** Images side by side, in rows of `columns`; what is left over is black. */
function pictureOf({ channels, size, pixels }: Images, indices: readonly number[], columns: number): Picture {
  const width = columns * size
  const height = Math.ceil(indices.length / columns) * size
  const data = new Uint8Array(width * height * channels)
  indices.forEach((index, place) => {
    const left = (place % columns) * size
    const top = Math.floor(place / columns) * size
    for (let c = 0; c < channels; c++)
      for (let y = 0; y < size; y++)
        for (let x = 0; x < size; x++)
          data[((top + y) * width + left + x) * channels + c] =
            pixels[((index * channels + c) * size + y) * size + x]
  })
  return { width, height, channels, data }
}

async function roundTrip(
  { width, height, channels, data }: Picture,
  format: PictureFormat,
  quality: number,
  scale: number,
) {
  let picture = sharp(data, { raw: { width, height, channels } })
  if (scale < 1) picture = picture.resize(width * scale, height * scale, { kernel: 'lanczos3' })
  const file = await encoded(picture, format, quality)
  let back = sharp(file)
  if (scale < 1) back = back.resize(width, height, { kernel: 'cubic' })
  back = channels === 1 ? back.toColourspace('b-w') : back.toColourspace('srgb')
  const bytes = await back.removeAlpha().raw().toBuffer()
  let sum = 0
  for (let i = 0; i < data.length; i++) sum += ((data[i] - bytes[i]) / 127.5) ** 2
  return { bits: 8 * file.length, mse: sum / data.length }
}

/** Each with what makes its files small; AVIF with its own default, beyond which it takes minutes. */
function encoded(picture: Sharp, format: PictureFormat, quality: number): Promise<Buffer> {
  if (format === 'jpeg') return picture.jpeg({ quality, mozjpeg: true }).toBuffer()
  if (format === 'webp') return picture.webp({ quality, effort: 6 }).toBuffer()
  return picture.avif({ quality }).toBuffer()
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
