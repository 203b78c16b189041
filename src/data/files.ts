/** Reading files and finding installed data packages in Node, with errors that say what to do. */

import { readFile, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** Node's own limit on one read, and what a compressed file may unfold to. */
const maxBytes = 2 ** 31 - 1

/** A whole file, unpacked when it is compressed by gzip (told by its first bytes, not by its name). */
export async function readBytes(path: string): Promise<Uint8Array> {
  const { size } = await stat(path).catch(error => fail(path, error))
  if (size > maxBytes) throw new Error(`${path}: ${size} bytes, files of up to 2 GiB are read`)
  const bytes = await readFile(path).catch(error => fail(path, error))
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes })
  } catch (error) {
    throw new Error(`${path}: cannot be unpacked as gzip: ${(error as Error).message}`)
  }
}

/** 'folder', 'file', or undefined when nothing is there. */
export async function kindOf(path: string): Promise<'folder' | 'file' | undefined> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file'
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    return fail(path, error)
  }
}

/**
 * The folder of an installed package, looked for from this library, then from the working directory.
 *
 * @param install  what to install when it is missing, the package itself by default
 */
export function packageFolder(name: string, install = name): string {
  for (const from of [import.meta.url, join(process.cwd(), 'package.json')]) {
    try {
      return dirname(createRequire(from).resolve(`${name}/package.json`))
    } catch {
      // Not there: try the next place.
    }
  }
  throw new Error(`the package ${name} is not installed; run: npm install ${install}`)
}

/** Runs `work` on every item, as many at a time as libuv has threads to decode with. */
export async function inParallel<T>(
  items: T[],
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < items.length) {
      const index = next++
      await work(items[index], index)
    }
  }
  await Promise.all(Array.from({ length: 4 }, worker))
}

function fail(path: string, error: unknown): never {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ENOTDIR') throw new Error(`no such file or folder: ${resolve(path)}`)
  throw new Error(`${path}: cannot be read: ${message}`)
}
