// An index: the codes of a collection of images in a DuckDB file. See schema.ts for its tables.

import { mkdir, realpath, rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'
import { checkPath } from '../codes/tree.ts'
import { append, Database, explained, library, type Row, rowsOf, transaction } from './database.ts'
import { type IndexMeta, imageColumns, pathOf } from './schema.ts'
import {
  checkMaker,
  type IndexMaker,
  makeTables,
  metaValues,
  readMeta,
  setMeta,
  writeOrdered,
} from './tables.ts'

export type { IndexMaker } from './tables.ts'

/** What tells an image from the others, and whether it has changed. */
export interface ImageKey {
  /** Where it is from. */
  source: string
  /** Which one of that source. */
  name: string
  /** Of its pixels: 64 bits. */
  hash: bigint
}

export interface IndexedImage extends ImageKey {
  split?: 'train' | 'test'
  number?: number
  label?: string
  /** L codes. */
  codes: ArrayLike<number>
  /** Its L residuals, where they were measured: see `Residuals`. */
  residuals?: ArrayLike<number>
  /** A PNG file. */
  thumbnail?: Uint8Array
}

/**
 * r_l = mean over images X and their values of (X − up(x_l))²: how far images are from their image x_l of layer l,
 * each of whose pixels is a square at full size. It is the variance v of a node of depth l, on average.
 */
export type Residuals = Float64Array

/** How many images came in anew, took the place of what had changed, or were there already. */
export interface Added {
  added: number
  replaced: number
  skipped: number
}

/** Rows are put in order again when more than this share of them is not. */
const UNORDERED = 0.1

/** Opens an index to search it. */
export function openIndex(path: string): Promise<ImageIndex> {
  return ImageIndex.open(path, null)
}

/**
 * Opens an index to add to it, and makes one where there is none.
 *
 * @throws where it holds the codes of another network
 */
export async function openIndexToAdd(path: string, maker: IndexMaker): Promise<ImageIndex> {
  await mkdir(dirname(resolve(path)), { recursive: true })
  return ImageIndex.open(path, maker)
}

export class ImageIndex {
  private queue: Promise<unknown> = Promise.resolve()

  private constructor(
    readonly path: string,
    readonly meta: IndexMeta,
    private database: Database,
    private connection: DuckDBConnection,
  ) {}

  /** See `openIndex` and `openIndexToAdd`. */
  static async open(path: string, maker: IndexMaker | null): Promise<ImageIndex> {
    const database = await Database.open(path, maker ? 'write' : 'read')
    const connection = await database.connect()
    try {
      if (maker) await makeTables(connection, maker)
      const meta = await readMeta(path, connection)
      if (maker) checkMaker(path, meta, maker)
      return new ImageIndex(path, meta, database, connection)
    } catch (error) {
      connection.closeSync()
      database.close()
      throw explained(path, error)
    }
  }

  /** How many images there are. */
  async count(): Promise<number> {
    const [{ count }] = await this.query('SELECT count(*) AS count FROM images')
    return Number(count)
  }

  /** Rows of a query of one's own, with $1, $2 … for values. */
  async query(sql: string, values: DuckDBValue[] = []): Promise<Row[]> {
    return this.after(() => rowsOf(this.connection, sql, values))
  }

  /** The pictures that were kept of some images, PNG files, by id. */
  async thumbnails(ids: readonly number[]): Promise<Map<number, Uint8Array>> {
    if (ids.length === 0) return new Map()
    const rows = await this.query(
      `SELECT id, png FROM thumbnails WHERE id IN (${ids.map(Number).join(', ')})`,
    )
    return new Map(rows.map(({ id, png }) => [Number(id), png as Uint8Array]))
  }

  /** The mean residuals of the images that came with some; null where none did. */
  async residuals(): Promise<Residuals | null> {
    const { sums, measured } = await this.after(() => this.measured())
    return measured > 0 ? sums.map(sum => sum / measured) : null
  }

  /** Which of some images are new or have changed: their places in the list. Of those of one name only the last counts. */
  async missing(images: readonly ImageKey[]): Promise<number[]> {
    return this.after(async () => (await this.changes(images)).map(({ at }) => at))
  }

  /**
   * Adds images, all or none; those whose source and name are there with the same hash are passed over, and those whose
   * hash is another take the place of the old. What was added stays, whatever happens later.
   */
  async add(images: readonly IndexedImage[]): Promise<Added> {
    const { K } = this.meta
    for (const { name, codes, residuals } of images) {
      if (codes.length !== K.length)
        throw new Error(`${name} has ${codes.length} codes, and those of ${this.path} ${K.length}`)
      checkPath(K, codes)
      if (residuals && residuals.length !== K.length)
        throw new Error(`${name} has ${residuals.length} residuals for ${K.length} layers`)
    }
    return this.after(async () => {
      const changes = await this.changes(images)
      const old = changes.flatMap(({ id }) => (id === null ? [] : [id]))
      if (changes.length > 0)
        await transaction(this.connection, async () => {
          for (const table of old.length > 0 ? ['images', 'thumbnails'] : [])
            await this.connection.run(`DELETE FROM ${table} WHERE id IN (${old.join(', ')})`)
          await this.append(changes.map(({ at }) => images[at]))
        })
      const added = changes.length - old.length
      return { added, replaced: old.length, skipped: images.length - changes.length }
    })
  }

  /**
   * Puts the rows in the order of their paths where many are not, by writing the whole file anew beside its place. A
   * kill leaves the old file or the new one.
   */
  async order(): Promise<void> {
    await this.after(async () => {
      const [{ count, ordered }] = await rowsOf(
        this.connection,
        `SELECT count(*) AS count, (SELECT value::BIGINT FROM meta WHERE key = 'ordered') AS ordered FROM images`,
      )
      if (Number(count) - Number(ordered) <= UNORDERED * Number(count)) return
      // Where the path is a link, it is the file that is replaced.
      const place = await realpath(this.path)
      const beside = `${place}.ordering`
      for (const file of [beside, `${beside}.wal`]) await rm(file, { force: true })
      await writeOrdered(this.connection, beside)
      // What was still in the log must not be taken for the new file's.
      await this.connection.run('CHECKPOINT')
      this.release()
      await rename(beside, place)
      this.database = await Database.open(this.path, 'write')
      this.connection = await this.database.connect()
    })
  }

  /** A connection for a search, which makes temporary tables on it and closes it. */
  connect(): Promise<DuckDBConnection> {
    return this.database.connect()
  }

  close(): Promise<void> {
    return this.after(async () => this.release())
  }

  private release() {
    this.connection.closeSync()
    this.database.close()
  }

  /** One thing after another: they share a connection. */
  private after<T>(work: () => Promise<T>): Promise<T> {
    const guarded = () =>
      work().catch(error => {
        throw explained(this.path, error)
      })
    const done = this.queue.then(guarded, guarded)
    this.queue = done.catch(() => {})
    return done
  }

  /** The images that are to be written, and the id of the row that each replaces. */
  private async changes(images: readonly ImageKey[]): Promise<{ at: number; id: bigint | null }[]> {
    await this.connection.run(
      'CREATE OR REPLACE TEMP TABLE wanted (place INTEGER, source VARCHAR, name VARCHAR, hash UBIGINT)',
    )
    const last = new Map(images.map(({ source, name }, at) => [JSON.stringify([source, name]), at]))
    const places = [...last.values()]
    const columns = [
      places,
      ...(['source', 'name', 'hash'] as const).map(key => places.map(at => images[at][key])),
    ]
    await append(this.connection, 'wanted', columns, 'temp')
    const there = await rowsOf(
      this.connection,
      `SELECT place, id, images.hash = wanted.hash AS same FROM images JOIN wanted USING (source, name)`,
    )
    const known = new Map(there.map(row => [row.place, row]))
    return places.flatMap(at => {
      const row = known.get(at)
      return row?.same ? [] : [{ at, id: row ? (row.id as bigint) : null }]
    })
  }

  /** Appends rows in the order of their paths, so that at least these lie together. */
  private async append(images: readonly IndexedImage[]): Promise<void> {
    const { arrayValue, blobValue } = await library()
    const [{ next }] = await rowsOf(this.connection, 'SELECT coalesce(max(id) + 1, 0) AS next FROM images')
    const rows = images.map((image, i) => ({
      ...image,
      id: (next as bigint) + BigInt(i),
      path: pathOf(image.codes),
    }))
    rows.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
    const cellOf = (row: (typeof rows)[number], column: string): DuckDBValue =>
      column === 'codes'
        ? arrayValue(Array.from(row.codes))
        : ((row as unknown as Record<string, DuckDBValue>)[column] ?? null)
    const columns = imageColumns(this.meta.K.length).map(([name]) => rows.map(row => cellOf(row, name)))
    await append(this.connection, 'images', columns)
    const shown = rows.filter(row => row.thumbnail)
    if (shown.length > 0)
      await append(this.connection, 'thumbnails', [
        shown.map(row => row.id),
        shown.map(row => blobValue(row.thumbnail!)),
      ])
    await this.measure(images)
  }

  /** Counts the residuals of images in. */
  private async measure(images: readonly IndexedImage[]): Promise<void> {
    const known = images.flatMap(({ residuals }) => (residuals ? [residuals] : []))
    if (known.length === 0) return
    const { sums, measured } = await this.measured()
    const total = measured + known.length
    const means = Array.from(sums, (sum, l) => known.reduce((all, one) => all + one[l], sum) / total)
    await setMeta(this.connection, { residuals: JSON.stringify(means), measured: String(total) })
  }

  private async measured(): Promise<{ sums: Float64Array; measured: number }> {
    const values = await metaValues(this.connection)
    const measured = Number(values.get('measured') ?? 0)
    const means: number[] = measured > 0 ? JSON.parse(values.get('residuals')!) : this.meta.K.map(() => 0)
    return { sums: Float64Array.from(means, mean => mean * measured), measured }
  }
}
