// Files over HTTP: none from outside its folder, whole and unchanged while it is sent, and not again when it is known.

import { constants } from 'node:fs'
import { type FileHandle, open, realpath } from 'node:fs/promises'
import { isAbsolute, relative, sep } from 'node:path'
import type { Context } from 'hono'
import { getMimeType } from 'hono/utils/mime'

/** A name whose content never changes, or one to ask about each time. */
export const cacheControl = {
  forever: 'public, max-age=31536000, immutable',
  ask: 'no-cache',
} as const

/** Part of an address that can name a file: not hidden, not `..`, without separators of any system. */
export function isFileName(name: string): boolean {
  return /^[^./\\:\0][^/\\:\0]*$/.test(name)
}

/** The real path of what is at `path`, or null where nothing is, or where a link leads out of `folder`. */
export async function inside(folder: string, path: string): Promise<string | null> {
  try {
    const [root, real] = await Promise.all([realpath(folder), realpath(path)])
    const way = relative(root, real)
    return isAbsolute(way) || way.split(sep)[0] === '..' ? null : real
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

/** Answers with a file at a path that `inside` gave; null where it is gone or is no plain file. */
export async function sendFile(
  c: Context,
  path: string,
  cache: keyof typeof cacheControl,
): Promise<Response | null> {
  const file = await openFile(path)
  if (!file) return null
  let sent = false
  try {
    const stats = await file.stat()
    if (!stats.isFile()) return null
    const { size } = stats
    const tag = `"${[stats.ino, size, Math.round(stats.mtimeMs)].map(part => part.toString(36)).join('-')}"`
    c.header('Cache-Control', cacheControl[cache])
    c.header('ETag', tag)
    if (isKnown(c.req.header('If-None-Match'), tag)) return c.body(null, 304)
    c.header('Content-Type', getMimeType(path) ?? 'application/octet-stream')
    c.header('Content-Length', String(size))
    if (c.req.method === 'HEAD' || size === 0) return c.body(null)
    sent = true
    return c.body(contentOf(file, size))
  } finally {
    if (!sent) await file.close()
  }
}

/** A whole file is opened once: what replaces it meanwhile is another file. A pipe of that name must not be waited for. */
async function openFile(path: string): Promise<FileHandle | null> {
  const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = constants
  try {
    return await open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

const CHUNK = 2 ** 18

/** The first `size` bytes; the file is closed after them, and when no one wants them any more. */
function contentOf(file: FileHandle, size: number): ReadableStream<Uint8Array> {
  let at = 0
  return new ReadableStream({
    async pull(controller) {
      const chunk = new Uint8Array(Math.min(CHUNK, size - at))
      const { bytesRead } = await file.read(chunk, 0, chunk.length, at).catch(async error => {
        await file.close()
        throw error
      })
      at += bytesRead
      if (bytesRead) controller.enqueue(chunk.subarray(0, bytesRead))
      if (bytesRead && at < size) return
      await file.close()
      if (at < size) throw new Error(`the file ended after ${at} of ${size} bytes`)
      controller.close()
    },
    cancel: () => file.close(),
  })
}

/** `If-None-Match` lists tags; compression makes them weak. */
function isKnown(listed: string | undefined, tag: string): boolean {
  return (listed ?? '').split(',').some(other => other.trim().replace(/^W\//, '') === tag)
}

function isMissing(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException
  return ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE', 'EISDIR', 'ENXIO'].includes(
    code,
  )
}
