// One process at a time writes to a run folder: a lock file with the process's id.

import { link, mkdir, open, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { asideOf, cannotWrite } from './files.ts'

interface Holder {
  pid: number
  host: string
  /** When the process began, where the system tells: ids are used again. */
  born: string | null
}

/**
 * Locks a folder, which is made where there is none, until the returned function is called. A lock whose process
 * is gone is taken over.
 *
 * @throws where a living process holds the lock, with its id
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true }).catch(error => {
    throw cannotWrite(folder, error)
  })
  const path = join(folder, 'lock')
  const own: Holder = { pid: process.pid, host: hostname(), born: await birth(process.pid) }
  for (let attempt = 0; attempt < 3; attempt++) {
    if (await create(path, own)) return () => release(path, own)
    await clearStale(path)
  }
  throw new Error(`cannot lock ${folder}: others keep taking it; try again`)
}

/** Makes the lock unless there is one: written aside and linked, so that a kill leaves none without its holder. */
async function create(path: string, holder: Holder): Promise<boolean> {
  const aside = asideOf(path)
  try {
    await writeFile(aside, JSON.stringify(holder), { flag: 'wx' })
    await link(aside, path)
    return true
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    // What lay aside may have been swept away by the lock's holder.
    if (code === 'EEXIST' || code === 'ENOENT') return false
    if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code)) return createInPlace(path, holder)
    throw cannotWrite(path, error)
  } finally {
    await unlink(aside).catch(() => {})
  }
}

/** The same on a file system without links. */
async function createInPlace(path: string, holder: Holder): Promise<boolean> {
  try {
    const file = await open(path, 'wx')
    try {
      await file.writeFile(JSON.stringify(holder))
    } finally {
      await file.close()
    }
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw cannotWrite(path, error)
  }
}

/** Removes a lock that no living process holds; throws for one that is held. */
async function clearStale(path: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => null)
  if (text === null) return
  const holder = parse(text)
  if (holder ? await alive(holder) : await isYoung(path)) throw new Error(heldBy(path, holder))
  // Between the reading and here another process may have taken the lock over. Moved aside it can be looked at
  // before it is gone.
  const aside = `${path}.${process.pid}.stale`
  await rename(path, aside).catch(() => {})
  const moved = await readFile(aside, 'utf8').catch(() => text)
  if (moved !== text) await link(aside, path).catch(() => {})
  await unlink(aside).catch(() => {})
}

async function release(path: string, own: Holder): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => null)
  if (text === JSON.stringify(own)) await unlink(path).catch(() => {})
}

function parse(text: string): Holder | null {
  try {
    const { pid, host, born } = JSON.parse(text)
    return Number.isInteger(pid) && pid > 0 ? { pid, host, born } : null
  } catch {
    return null
  }
}

/** An empty lock is about to be filled, or was left by a kill between the two. */
async function isYoung(path: string): Promise<boolean> {
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }))
  return Date.now() - mtimeMs < 2000
}

async function alive({ pid, host, born }: Holder): Promise<boolean> {
  // Of another machine's processes nothing is known.
  if (host !== hostname()) return true
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  return born === null || born === (await birth(pid))
}

/** On Linux the boot and the clock tick at which a process began; elsewhere null. */
async function birth(pid: number): Promise<string | null> {
  try {
    const line = await readFile(`/proc/${pid}/stat`, 'utf8')
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    // After the name, which may itself hold blanks and parentheses: field 22 of all.
    const ticks = line.slice(line.lastIndexOf(')') + 2).split(' ')[19]
    return `${boot.trim()} ${ticks}`
  } catch {
    return null
  }
}

function heldBy(path: string, holder: Holder | null): string {
  if (!holder) return `another process is just locking ${path}; try again`
  const elsewhere = holder.host === hostname() ? '' : ` on ${holder.host}`
  return `process ${holder.pid}${elsewhere} is writing to this run; wait for it or stop it (if it is gone, delete ${path})`
}
