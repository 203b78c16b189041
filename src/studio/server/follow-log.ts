// The log of a run as it grows: everything that is there, then what is appended.

import { open } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { type LogEntry, parseLog } from '../../train/log.ts'

export interface LogPart {
  /** The log was begun anew, or cut back by a resumed run: what was given before no longer counts. */
  restarted: boolean
  /** Each with the place after it, from which another reader can go on. */
  entries: { entry: LogEntry; place: string }[]
  /** Nothing more is there for now. */
  current: boolean
}

export interface FollowOptions {
  /** Ends the reading. */
  signal: AbortSignal
  /** Go on after this place, if it is one of this file. */
  after?: string
  /** Milliseconds between looks at the file; default 500. */
  every?: number
  /** An empty part is given when there was nothing for so many milliseconds; default 15,000. */
  silence?: number
}

/**
 * Gives entries until the signal, the first part at once. A last line without its line break is left until it has
 * one. The file is looked at in intervals, for not every file system tells of changes, and is closed in between.
 *
 * @param locate  the file's path, asked for at every look; null while there is none
 */
export async function* followLog(
  locate: () => Promise<string | null>,
  { signal, after, every = 500, silence = 15_000 }: FollowOptions,
): AsyncGenerator<LogPart> {
  let at = placeOf(after)
  let given = -Infinity
  let first = true
  while (!signal.aborted) {
    const part = await readOn(locate, at)
    if (part) at = part.end
    const now = performance.now()
    if (first || part?.restarted || part?.entries.length || now - given >= silence) {
      yield part ?? { restarted: false, entries: [], current: true }
      given = now
      first = false
    }
    // A full part may not be all that is there.
    if (part?.current ?? true) await wait(every, undefined, { signal }).catch(() => {})
  }
}

/** A place in a log: which file, by its inode, and how many bytes into it; at first no file is known. */
interface Place {
  file: string | null
  offset: number
}

function placeOf(text: string | undefined): Place {
  const [, file, offset] = /^(\d+)-(\d{1,15})$/.exec(text ?? '') ?? []
  return file === undefined ? { file: null, offset: 0 } : { file, offset: Number(offset) }
}

/** Read at once: some thousand entries. */
const CHUNK = 2 ** 20

/** The whole lines from a place on, at most about a chunk of them; null where there is no file. */
async function readOn(
  locate: () => Promise<string | null>,
  place: Place,
): Promise<(LogPart & { end: Place }) | null> {
  const path = await locate()
  const file = path === null ? null : await open(path, 'r').catch(() => null)
  if (!file) return null
  try {
    const { ino, size } = await file.stat({ bigint: true })
    const known = place.file === String(ino) && place.offset <= size
    const offset = known ? place.offset : 0
    const text = await readLines(file, offset, Number(size))
    const entries: LogPart['entries'] = []
    let end = offset
    for (const line of text.lines) {
      end += line.length
      for (const entry of parseLog(line.toString('utf8'))) entries.push({ entry, place: `${ino}-${end}` })
    }
    return {
      restarted: !known && place.file !== null,
      entries,
      current: text.current,
      end: { file: String(ino), offset: end },
    }
  } finally {
    await file.close()
  }
}

/** Whole lines, each with its line break; `current` where no other follows. A chunk that is no whole line grows. */
async function readLines(
  file: Awaited<ReturnType<typeof open>>,
  offset: number,
  size: number,
): Promise<{ lines: Buffer[]; current: boolean }> {
  if (offset >= size) return { lines: [], current: true }
  for (let length = CHUNK; ; length *= 2) {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(length, size - offset)), {
      position: offset,
    })
    const bytes = buffer.subarray(0, bytesRead)
    const current = offset + bytesRead >= size || bytesRead === 0
    const lines: Buffer[] = []
    for (let from = 0; ; ) {
      const to = bytes.indexOf(10, from) + 1
      if (to === 0) break
      lines.push(bytes.subarray(from, to))
      from = to
    }
    if (lines.length || current) return { lines, current }
  }
}
