// JPEG and WebP as this browser writes them, beside the codec: at its quality, and as small as they can be.

import type { FloatPicture } from '../../codec/tiles.ts'
import { toByte } from '../../report/grid.ts'
import { meanSquare } from './compress-coded.ts'
import { toValues } from './compress-pictures.ts'

/** A picture as a file, and what is left of it. */
export interface Trip {
  bytes: number
  mse: number
}

export interface Point extends Trip {
  /** In [0, 1], as canvases take it. */
  quality: number
}

export interface PeerPoint extends Point {
  /** What a picture of one colour takes, of the same size and with the same quality. */
  flat: number
}

export interface Peer {
  format: 'JPEG' | 'WebP'
  /** At the quality whose error is nearest to the codec's; null where the browser cannot write the format. */
  same: PeerPoint | null
  /** The fewest bytes. */
  smallest: PeerPoint | null
}

export type Format = Peer['format']

export const formats: readonly Format[] = ['JPEG', 'WebP']

/** What formats make of a picture, [c, h, w] with so many channels, compared with a codec of that error. */
export async function comparePeers(
  picture: FloatPicture,
  mse: number,
  { signal, onPeer }: { signal: AbortSignal; onPeer: (peer: Peer) => void },
): Promise<void> {
  const flat = { ...picture, data: new Float32Array(picture.data.length) }
  for (const format of formats) {
    const found = await search(quality => {
      signal.throwIfAborted()
      return trip(picture, format, quality)
    }, mse)
    const withFlat = async (point: Point): Promise<PeerPoint> => ({
      ...point,
      flat: (await trip(flat, format, point.quality))!.bytes,
    })
    onPeer({
      format,
      same: found && (await withFlat(found.same)),
      smallest: found && (await withFlat(found.smallest)),
    })
  }
}

/**
 * The quality, of 0, 0.01 … 1, whose error is nearest to `mse` by ratio, and the one of the fewest bytes: eleven are
 * tried, and then those around the two best. Null where the first cannot be tried.
 */
export async function search(
  trip: (quality: number) => Promise<Trip | null>,
  mse: number,
): Promise<{ same: Point; smallest: Point } | null> {
  const tried = new Map<number, Point>()
  const attempt = async (percent: number): Promise<boolean> => {
    if (percent < 0 || percent > 100 || tried.has(percent)) return true
    const made = await trip(percent / 100)
    if (made) tried.set(percent, { quality: percent / 100, ...made })
    return made !== null
  }
  const off = (point: Point) => Math.abs(Math.log(Math.max(point.mse, 1e-9) / Math.max(mse, 1e-9)))
  const best = (cost: (point: Point) => number) =>
    [...tried.values()].reduce((a, b) =>
      cost(b) < cost(a) || (cost(b) === cost(a) && b.bytes < a.bytes) ? b : a,
    )
  for (let percent = 0; percent <= 100; percent += 10) if (!(await attempt(percent))) return null
  for (const { quality } of [best(off), best(point => point.bytes)])
    for (let by = -9; by <= 9; by++) await attempt(Math.round(quality * 100) + by)
  return { same: best(off), smallest: best(point => point.bytes) }
}

const types: Record<Format, string> = { JPEG: 'image/jpeg', WebP: 'image/webp' }

/**
 * Bytes of a file without the colour profile that browsers add: of JPEG without its segments APP2, of WebP the one chunk
 * of the picture itself, behind the 12 bytes of the container.
 */
export function bareLength(format: Format, bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let length = bytes.length
  if (format === 'JPEG') {
    // Segments follow one another, each with its length, until the picture itself begins.
    for (let at = 2; at + 4 <= bytes.length && bytes[at + 1] !== SOS; at += 2 + view.getUint16(at + 2))
      if (bytes[at + 1] === APP2) length -= 2 + view.getUint16(at + 2)
    return length
  }
  for (let at = 12; at + 8 <= bytes.length; ) {
    const padded = view.getUint32(at + 4, true) + (view.getUint32(at + 4, true) & 1)
    // 'VP8 ' or 'VP8L', but not 'VP8X', which only announces what there is.
    const isPicture = view.getUint32(at) === 0x56503820 || view.getUint32(at) === 0x5650384c
    if (isPicture) return 12 + 8 + padded
    at += 8 + padded
  }
  return length
}

const SOS = 0xda
const APP2 = 0xe2

/** Writes a picture and reads it back; null where the browser writes another format instead. */
async function trip(picture: FloatPicture, format: Format, quality: number): Promise<Trip | null> {
  const { width, height, data } = picture
  const canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d', { willReadFrequently: true })!
  const area = width * height
  const channels = data.length === area ? 1 : 3
  const image = context.createImageData(width, height)
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = toByte(data[(c % channels) * area + i])
    image.data[4 * i + 3] = 255
  }
  context.putImageData(image, 0, 0)
  const blob = await canvas.convertToBlob({ type: types[format], quality })
  if (blob.type !== types[format]) return null
  const bitmap = await createImageBitmap(blob)
  context.drawImage(bitmap, 0, 0)
  bitmap.close()
  const back = toValues(context.getImageData(0, 0, width, height), channels)
  const bytes = bareLength(format, new Uint8Array(await blob.arrayBuffer()))
  return { bytes, mse: meanSquare(back.data, data) }
}
