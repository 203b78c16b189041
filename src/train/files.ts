// Writing files so that a kill, a power cut or a full disk leaves the old file or the new one, whole.

import { randomBytes } from 'node:crypto'
import { access, open, readdir, readFile, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

const ASIDE = /^\..+\.[0-9a-f]{12}\.aside$/

/**
 * Writes a file, whole or in parts, beside its place, waits until the disk has it, then renames it into its place.
 *
 * @throws with the path and the reason; the old file, if any, is as it was
 */
export async function writeAtomic(
  path: string,
  data: Uint8Array | string | readonly Uint8Array[],
): Promise<void> {
  const aside = asideOf(path)
  try {
    const file = await open(aside, 'wx')
    try {
      for (const part of Array.isArray(data) ? data : [data]) await file.writeFile(part)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(aside, path)
  } catch (error) {
    await unlink(aside).catch(() => {})
    throw cannotWrite(path, error)
  }
  await syncFolder(dirname(path))
}

/** A name beside a file for what is to become it. */
export function asideOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.aside`)
}

/** Removes what `writeAtomic` left aside when it was killed. Only for a folder that no one else writes to. */
export async function removeAside(folder: string): Promise<void> {
  for (const name of await readdir(folder))
    if (ASIDE.test(name)) await unlink(join(folder, name)).catch(() => {})
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

/** A text file, or undefined where there is none. */
export async function readText(path: string): Promise<string | undefined> {
  return (await readFileIfAny(path))?.toString('utf8')
}

/** A file, or undefined where there is none. */
export async function readFileIfAny(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new Error(`cannot read ${path}: ${message}`)
  }
}

/** An error of the file system in words that say what to do. */
export function cannotWrite(path: string, error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException
  const reasons: Record<string, string> = {
    ENOSPC: 'the disk is full',
    EDQUOT: 'the disk quota is used up',
    EFBIG: 'the file is larger than this system allows',
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EROFS: 'the file system is read-only',
    ENOENT: `there is no folder ${dirname(path)}`,
    ENOTDIR: `${dirname(path)} is not a folder`,
    EISDIR: 'it is a folder',
  }
  return new Error(`cannot write ${path}: ${(code && reasons[code]) ?? message}`, { cause: error })
}

/** A rename is on the disk once its folder is. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch {
    // Windows and some network file systems cannot sync a folder; the rename itself stands.
  }
}
