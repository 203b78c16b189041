/** A zip archive of pictures as a dataset, read entry by entry and on guard against hostile ones. */

import { inflateRawSync } from 'node:zlib'
import { collectionDataset, type Entry, isImagePath, maxFileBytes } from './collection.ts'
import type { Dataset } from './dataset.ts'
import { kindOf, readBytes } from './files.ts'
import { type LoadOptions, loadSettings } from './options.ts'

/** What an archive's directory says of one entry; nothing of it is proven. */
export interface ZipEntry {
  path: string
  /** Byte position of its local header. */
  offset: number
  method: number
  encrypted: boolean
  compressed: number
  uncompressed: number
}

/** All pictures of an archive together, unpacked. */
const maxTotalBytes = 4 * 2 ** 30

/** DEFLATE cannot do better (a 258-byte match in two bits). */
const maxRatio = 1032

/**
 * The pictures of a zip file, treated as `loadFolder` treats those of the folder that it unpacks to. One
 * folder around everything, as archives often have, is taken off the paths. An entry that claims more than
 * 64 MB, or more or less than it holds, is skipped.
 */
export async function loadZip(path: string, options: LoadOptions = {}): Promise<Dataset> {
  const settings = loadSettings(options, 3)
  if ((await kindOf(path)) !== 'file') throw new Error(`no zip file at ${path}: check the path`)
  const bytes = await readBytes(path)
  const files = readZipDirectory(bytes, path).filter(({ path }) => !path.endsWith('/'))
  const pictures = files.filter(({ path }) => isImagePath(path))
  const total = pictures.reduce((sum, { uncompressed }) => sum + Math.min(uncompressed, maxFileBytes), 0)
  if (total > maxTotalBytes) {
    throw new Error(
      `${path}: its images claim ${total} bytes unpacked, at most 4 GiB are read; unpack it, use folder:`,
    )
  }
  const shared = wrapper(pictures)
  const entries: Entry[] = (pictures.length ? pictures : files).map(entry => ({
    path: entry.path.slice(shared),
    read: () => readZipEntry(bytes, entry),
  }))
  return collectionDataset(`zip:${path}`, path, entries, settings)
}

/**
 * The central directory (PKWARE APPNOTE 4.3), with ZIP64, as archives of more than 65,535 files need it.
 *
 * @throws if it is missing or runs out of the file
 */
export function readZipDirectory(bytes: Uint8Array, file = 'zip file'): ZipEntry[] {
  const view = viewOf(bytes)
  const end = findEnd(view)
  if (end < 0) throw new Error(`${file}: not a zip file, or truncated (its directory at the end is missing)`)
  let at = view.getUint32(end + 16, true)
  let count = view.getUint16(end + 10, true)
  if (at === 0xffffffff || count === 0xffff) {
    const record = end >= 20 && view.getUint32(end - 20, true) === 0x07064b50 ? uint64(view, end - 12) : -1
    if (record < 0 || record + 56 > bytes.length || view.getUint32(record, true) !== 0x06064b50) {
      throw new Error(`${file}: damaged zip file, its ZIP64 directory record is missing`)
    }
    count = uint64(view, record + 32)
    at = uint64(view, record + 48)
  }
  const entries: ZipEntry[] = []
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== 0x02014b50) {
      throw new Error(
        `${file}: damaged zip file, directory entry ${i + 1} of ${count} is not where it should be`,
      )
    }
    const nameEnd = at + 46 + view.getUint16(at + 28, true)
    const extraEnd = nameEnd + view.getUint16(at + 30, true)
    if (extraEnd > bytes.length) throw new Error(`${file}: damaged zip file, its directory is truncated`)
    const flags = view.getUint16(at + 8, true)
    const sizes = { uncompressed: at + 24, compressed: at + 20, offset: at + 42 }
    entries.push({
      path: decodeName(bytes.subarray(at + 46, nameEnd)),
      method: view.getUint16(at + 10, true),
      encrypted: (flags & 1) === 1,
      ...wideFields(view, sizes, nameEnd, extraEnd),
    })
    at = extraEnd + view.getUint16(at + 32, true)
  }
  return entries
}

/** The bytes of one entry, its claims checked before anything is allocated. */
export function readZipEntry(bytes: Uint8Array, entry: ZipEntry): Uint8Array {
  const { offset, method, encrypted, compressed, uncompressed } = entry
  if (encrypted) throw new Error('is encrypted')
  if (method !== 0 && method !== 8) throw new Error(`is compressed by method ${method}, only DEFLATE is read`)
  if (uncompressed > maxFileBytes) {
    throw new Error(
      `claims ${uncompressed} bytes unpacked, images of up to ${maxFileBytes} bytes (64 MB) are read`,
    )
  }
  if (uncompressed > (method === 8 ? maxRatio : 1) * compressed) {
    throw new Error(
      `claims ${uncompressed} bytes unpacked, more than ${compressed} compressed bytes can hold`,
    )
  }
  const view = viewOf(bytes)
  if (offset + 30 > bytes.length || view.getUint32(offset, true) !== 0x04034b50) {
    throw new Error('its data is not where the directory says')
  }
  const start = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true)
  if (start + compressed > bytes.length) throw new Error('its data is truncated')
  const data = bytes.subarray(start, start + compressed)
  let content: Uint8Array
  try {
    // Stops at once where the data holds more than it claims.
    content = method === 0 ? data : inflateRawSync(data, { maxOutputLength: Math.max(uncompressed, 1) })
  } catch (error) {
    throw new Error(`cannot be unpacked to the ${uncompressed} bytes it claims: ${(error as Error).message}`)
  }
  if (content.length !== uncompressed) {
    throw new Error(`claims ${uncompressed} bytes unpacked, but holds ${content.length}`)
  }
  return content
}

/** Position of the end record, which only a comment of up to 65,535 bytes may follow, or -1. */
function findEnd(view: DataView): number {
  const last = view.byteLength - 22
  for (let at = last; at >= Math.max(0, last - 0xffff); at--) {
    if (view.getUint32(at, true) === 0x06054b50) return at
  }
  return -1
}

/** The three fields that ZIP64 moves, where they are all ones, in this order to extra field 1. */
function wideFields<Name extends string>(
  view: DataView,
  fields: Record<Name, number>,
  extra: number,
  extraEnd: number,
): Record<Name, number> {
  let wide = -1
  let wideEnd = -1
  for (let at = extra; at + 4 <= extraEnd; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) === 1) {
      wide = at + 4
      wideEnd = Math.min(wide + view.getUint16(at + 2, true), extraEnd)
    }
  }
  const result = {} as Record<Name, number>
  for (const name in fields) {
    result[name] = view.getUint32(fields[name], true)
    if (result[name] !== 0xffffffff || wide < 0 || wide + 8 > wideEnd) continue
    result[name] = uint64(view, wide)
    wide += 8
  }
  return result
}

/** Length of the folder name, with '/', that all paths begin with, or 0. */
function wrapper(entries: ZipEntry[]): number {
  const length = (entries[0]?.path.indexOf('/') ?? -1) + 1
  const prefix = entries[0]?.path.slice(0, length)
  return entries.every(({ path }) => path.startsWith(prefix)) ? length : 0
}

/** UTF-8 where it is valid, else Latin-1, whatever the flag says: many archivers forget it. */
function decodeName(bytes: Uint8Array): string {
  let name: string
  try {
    name = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    name = new TextDecoder('latin1').decode(bytes)
  }
  return name.replaceAll('\\', '/').replace(/^(\.?\/)+/, '')
}

/** Beyond 2^53 rounded, which every later bounds check refuses. */
const uint64 = (view: DataView, at: number) => Number(view.getBigUint64(at, true))

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
