// Judges from the file system, in Node.

import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { RuntimeOptions } from '../runtime/index.ts'
import { type Judge, openJudge, type ReadFile } from './judge.ts'

/** Reads files by their paths, relative to a folder (default: the current one). */
export function fileReader(folder = '.'): ReadFile {
  return async name => {
    try {
      return await readFile(resolve(folder, name))
    } catch (cause) {
      throw new Error(reason(name, cause as NodeJS.ErrnoException), { cause })
    }
  }
}

/** Opens a judge from its JSON file; the models are looked for beside it. */
export function openJudgeFile(path: string, runtime: RuntimeOptions = {}): Promise<Judge> {
  return openJudge(path, fileReader(), runtime)
}

function reason(name: string, { code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return `there is no file ${name}`
  if (code === 'EISDIR') return `${name} is a folder, not a file`
  if (code === 'EACCES') return `${name} may not be read`
  return `${name} cannot be read: ${message}`
}
