// DuckDB files, opened with care: what is none is never written to, and one process does not write twice at a time.

import { open as openFile, realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { DuckDBConnection, DuckDBInstance, DuckDBValue } from '@duckdb/node-api'
import { kindOf } from '../data/files.ts'

export type Row = Record<string, unknown>

/** Memory for DuckDB, which needs more only to sort, and then goes to the disk. */
const MEMORY = '1GB'

/** Rows of DuckDB's data chunks. */
const CHUNK = 2048

/** The files that this process has open: how many readers, or 'writer'. Two instances on one file would ruin it. */
const opened = new Map<string, number | 'writer'>()

/** An open file. */
export class Database {
  private constructor(
    readonly path: string,
    private readonly key: string,
    private readonly instance: DuckDBInstance,
  ) {}

  /**
   * Opens a file to read it, which any number may do at a time, or to write to it, which is for one alone. Whatever
   * its tables say, nothing but the file itself is read.
   *
   * @throws where there is no DuckDB file (to write: where there is another), or it is in use or damaged
   */
  static async open(path: string, mode: 'read' | 'write'): Promise<Database> {
    const there = await checkFile(path)
    if (!there && mode === 'read') throw new Error(`there is no index ${path}; make one with: coppice index`)
    const key = there ? await realpath(path) : resolve(path)
    const users = opened.get(key) ?? 0
    if (users === 'writer' || (mode === 'write' && users > 0))
      throw new Error(`${path} is already open in this process; close it first`)
    opened.set(key, mode === 'write' ? 'writer' : users + 1)
    try {
      const { DuckDBInstance } = await library()
      const settings = { memory_limit: MEMORY, autoinstall_known_extensions: 'false' }
      const instance =
        mode === 'write'
          ? await DuckDBInstance.create(resolve(path), settings)
          : await DuckDBInstance.fromCache(resolve(path), {
              ...settings,
              access_mode: 'READ_ONLY',
              enable_external_access: 'false',
            })
      return new Database(path, key, instance)
    } catch (error) {
      release(key)
      throw explained(path, error)
    }
  }

  connect(): Promise<DuckDBConnection> {
    return this.instance.connect()
  }

  /** Writes what is left to write. Its connections must have been closed. */
  close(): void {
    this.instance.closeSync()
    release(this.key)
  }
}

/** The rows that a query gives, as objects; BIGINT is a bigint. */
export async function rowsOf(
  connection: DuckDBConnection,
  sql: string,
  values: DuckDBValue[] = [],
): Promise<Row[]> {
  return (await connection.runAndReadAll(sql, values)).getRowObjectsJS() as Row[]
}

/** Appends rows to a table, column by column: the quickest way in. */
export async function append(
  connection: DuckDBConnection,
  table: string,
  columns: readonly (readonly DuckDBValue[])[],
  where: 'file' | 'temp' = 'file',
): Promise<void> {
  const { DuckDBDataChunk } = await library()
  const appender = await connection.createAppender(table, 'main', where === 'temp' ? 'temp' : undefined)
  const types = columns.map((_, i) => appender.columnType(i))
  for (let from = 0; from < columns[0].length; from += CHUNK) {
    const chunk = DuckDBDataChunk.create(types)
    chunk.setColumns(columns.map(column => column.slice(from, from + CHUNK)))
    appender.appendDataChunk(chunk)
  }
  appender.closeSync()
}

/** Runs work as one: all of it is done, or nothing. */
export async function transaction<T>(connection: DuckDBConnection, work: () => Promise<T>): Promise<T> {
  await connection.run('BEGIN')
  try {
    const result = await work()
    await connection.run('COMMIT')
    return result
  } catch (error) {
    // Where COMMIT itself failed there is nothing left to take back.
    await connection.run('ROLLBACK').catch(() => {})
    throw error
  }
}

/** An error of DuckDB's, `IO Error: …`, in a sentence that names the file; any other as it is. */
export function explained(path: string, error: unknown): Error {
  const [line] = (error as Error).message.split('\n')
  const message = line.replace(/^[\w ]+ Error: /, '')
  if (message === line) return error as Error
  if (/set lock on file/.test(message))
    return new Error(`${path} is in use by another process; try again when that is done`, { cause: error })
  return new Error(`${path}: ${message}`, { cause: error })
}

let loading: Promise<typeof import('@duckdb/node-api')> | undefined

/** DuckDB is a large native library, which only those who open an index should pay for. */
export function library(): Promise<typeof import('@duckdb/node-api')> {
  loading ??= import('@duckdb/node-api')
  return loading
}

/** Whether there is a file; throws where it is no DuckDB file, which has DUCK at byte 8. */
async function checkFile(path: string): Promise<boolean> {
  const kind = await kindOf(path)
  if (!kind) return false
  if (kind === 'folder') throw new Error(`${path} is a folder; give the file of an index`)
  const file = await openFile(path, 'r').catch(error => {
    throw new Error(`${path} cannot be read: ${(error as Error).message}`)
  })
  try {
    const head = Buffer.alloc(12)
    await file.read(head, 0, 12, 0)
    if (head.toString('latin1', 8) === 'DUCK') return true
  } finally {
    await file.close()
  }
  throw new Error(`${path} is no DuckDB database, and stays as it is; give another file for the index`)
}

function release(key: string): void {
  const users = opened.get(key)
  if (typeof users === 'number' && users > 1) opened.set(key, users - 1)
  else opened.delete(key)
}
