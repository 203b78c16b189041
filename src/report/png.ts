/** Pictures as PNG files that say in text chunks how they were made, and what such a file says. */

import { encode } from 'fast-png'
import { concatenate, crc32 } from '../data/bytes.ts'
import type { Picture } from './grid.ts'

/**
 * A PNG file. `text` becomes one chunk per keyword: tEXt where the value is printable ASCII, else iTXt, which holds
 * UTF-8. (fast-png writes Latin-1 alone, and reads it back as Windows-1252.)
 *
 * @param text  keywords of 1 to 79 printable ASCII characters → any strings without a NUL
 */
export function encodePng(picture: Picture, text: Record<string, string> = {}): Uint8Array {
  const png = encode(picture, { zlib: { level: 9 } })
  const chunks = Object.entries(text).map(([keyword, value]) => textChunk(keyword, value))
  // The last 12 bytes are IEND, which no chunk may follow.
  const end = png.length - 12
  return concatenate([png.subarray(0, end), ...chunks, png.subarray(end)])
}

/** What the uncompressed text chunks of a PNG file say; throws where the bytes are no PNG or break off. */
export function decodePngText(bytes: Uint8Array): Record<string, string> {
  if (signature.some((byte, i) => bytes[i] !== byte)) throw new Error('this is not a PNG file')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text: [string, string][] = []
  for (let at = signature.length; ; ) {
    if (at + 12 > bytes.length) throw new Error(`the PNG file breaks off after ${bytes.length} bytes`)
    const length = view.getUint32(at)
    const end = at + 8 + length
    if (end + 4 > bytes.length) throw new Error(`the PNG file breaks off after ${bytes.length} bytes`)
    const type = latin1(bytes.subarray(at + 4, at + 8))
    if (type === 'IEND') return Object.fromEntries(text)
    if (type === 'tEXt' || type === 'iTXt') {
      const entry = readText(type, bytes.subarray(at + 8, end))
      if (entry) text.push(entry)
    }
    at = end + 4
  }
}

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

function textChunk(keyword: string, value: string): Uint8Array {
  if (!/^[!-~](?:[ -~]{0,77}[!-~])?$/.test(keyword))
    throw new Error(`invalid keyword: ${JSON.stringify(keyword)}; PNG allows 1 to 79 printable characters`)
  if (value.includes('\0')) throw new Error(`the text of ${keyword} has a NUL, which PNG does not allow`)
  const encoder = new TextEncoder()
  if (/^[\n -~]*$/.test(value)) return chunk('tEXt', encoder.encode(`${keyword}\0${value}`))
  // After the keyword: compression flag and method, language and translated keyword, both empty.
  return chunk('iTXt', encoder.encode(`${keyword}\0\0\0\0\0${value}`))
}

function readText(type: 'tEXt' | 'iTXt', data: Uint8Array): [string, string] | null {
  const keyEnd = data.indexOf(0)
  if (keyEnd < 1) return null
  const keyword = latin1(data.subarray(0, keyEnd))
  if (type === 'tEXt') return [keyword, latin1(data.subarray(keyEnd + 1))]
  if (data[keyEnd + 1] !== 0) return null
  const translated = data.indexOf(0, keyEnd + 3) + 1
  const value = data.indexOf(0, translated) + 1
  return [keyword, new TextDecoder('utf-8', { ignoreBOM: true }).decode(data.subarray(value))]
}

/** Length, type, data and the CRC-32 of type and data. */
function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 12)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, data.length)
  bytes.set(new TextEncoder().encode(type), 4)
  bytes.set(data, 8)
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)))
  return bytes
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, byte => String.fromCharCode(byte)).join('')
}
