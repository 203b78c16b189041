/** Files that are whole at any moment, and folders that one process at a time writes to. */

import { spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { access, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { removeAside, writeAtomic } from '../../src/train/files.ts'
import { lockFolder } from '../../src/train/lock.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-files-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('a file is written whole or not at all', () => {
  test('a new file and its successor are there, and nothing beside them', async () => {
    const path = join(folder, 'state')
    await writeAtomic(path, 'one')
    await writeAtomic(path, Uint8Array.of(50))
    expect(await readFile(path, 'utf8')).toBe('2')
    expect(await readdir(folder)).toEqual(['state'])
  })

  test('a write that fails leaves the old file, nothing aside, and an error that names both', async () => {
    const path = join(folder, 'state')
    await writeAtomic(path, 'old')
    // A file larger than the system allows fails in the middle, as a full disk does.
    const script = `
      import { writeAtomic } from ${JSON.stringify(new URL('../../src/train/files.ts', import.meta.url).href)}
      await writeAtomic(${JSON.stringify(path)}, new Uint8Array(10_000_000)).catch(error => console.log(error.message))`
    const { stdout } = await run('sh', [
      '-c',
      `ulimit -f 4096; exec "$0" --import tsx --input-type=module -e "$1"`,
      process.execPath,
      script,
    ])
    expect(stdout).toContain(`cannot write ${path}`)
    expect(await readFile(path, 'utf8')).toBe('old')
    expect(await readdir(folder)).toEqual(['state'])
  })

  test('a folder that is not there is named', async () => {
    await expect(writeAtomic(join(folder, 'none', 'x'), '')).rejects.toThrow(
      `there is no folder ${folder}/none`,
    )
    await mkdir(join(folder, 'dir'))
    await expect(writeAtomic(join(folder, 'dir'), '')).rejects.toThrow(`cannot write ${folder}/dir`)
  })

  test('what a kill left aside is removed, and nothing else', async () => {
    await writeFile(join(folder, '.state.0123456789ab.aside'), 'half')
    await writeFile(join(folder, '.mine.aside'), 'kept')
    await removeAside(folder)
    expect(await readdir(folder)).toEqual(['.mine.aside'])
  })
})

describe('a folder is locked by one process', () => {
  const lock = () => join(folder, 'lock')

  test('a second one is refused with the id of the first, until that lets go', async () => {
    const unlock = await lockFolder(folder)
    await expect(lockFolder(folder)).rejects.toThrow(`process ${process.pid} is writing to this run`)
    await unlock()
    await expect(access(lock(), constants.F_OK)).rejects.toThrow()
    await (await lockFolder(folder))()
  })

  test('a lock of a process that is gone is taken over', async () => {
    const { pid } = await run(process.execPath, ['-e', ''])
    await writeFile(lock(), JSON.stringify({ pid, host: hostname(), born: null }))
    await (await lockFolder(folder))()
  })

  test('a lock of an id that another process has got since is taken over', async () => {
    const born = 'another boot 1'
    await writeFile(lock(), JSON.stringify({ pid: process.pid, host: hostname(), born }))
    if (process.platform === 'linux') await (await lockFolder(folder))()
    else await expect(lockFolder(folder)).rejects.toThrow('is writing to this run')
  })

  test('a lock of another machine is kept, for nothing is known of its processes', async () => {
    await writeFile(lock(), JSON.stringify({ pid: 1, host: 'elsewhere', born: null }))
    await expect(lockFolder(folder)).rejects.toThrow('process 1 on elsewhere is writing to this run')
  })

  test('an empty lock, left by a kill, is taken over when it is a few seconds old', async () => {
    await writeFile(lock(), '')
    await expect(lockFolder(folder)).rejects.toThrow('just locking')
    const past = new Date(Date.now() - 10_000)
    await utimes(lock(), past, past)
    await (await lockFolder(folder))()
  })

  test('of many that try at once, one gets it', async () => {
    const tries = await Promise.allSettled(Array.from({ length: 10 }, () => lockFolder(folder)))
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test('a folder that is not there is made', async () => {
    const unlock = await lockFolder(join(folder, 'a', 'b'))
    expect(await readdir(join(folder, 'a', 'b'))).toEqual(['lock'])
    await unlock()
  })
})

/** Runs a program to its end. */
function run(command: string, args: string[]): Promise<{ pid: number; stdout: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: new URL('../..', import.meta.url) })
    let stdout = ''
    child.stdout.on('data', data => (stdout += data))
    child.on('error', reject)
    child.on('close', () => resolve({ pid: child.pid!, stdout }))
  })
}
