// Names for runs that were given none: runs/001-digits-small, runs/002-emoji-tiny …

import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { cannotWrite } from '../train/files.ts'

/** Makes a new, numbered folder in `runs/` and returns its path. */
export async function newRunFolder(name: string, parent = 'runs'): Promise<string> {
  await mkdir(parent, { recursive: true }).catch(error => {
    throw cannotWrite(parent, error)
  })
  for (;;) {
    const numbers = (await readdir(parent)).map(entry => Number(/^(\d+)-/.exec(entry)?.[1] ?? 0))
    const path = join(parent, `${String(Math.max(0, ...numbers) + 1).padStart(3, '0')}-${name}`)
    try {
      await mkdir(path)
      return path
    } catch (error) {
      // Another process took the number.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw cannotWrite(path, error)
    }
  }
}
