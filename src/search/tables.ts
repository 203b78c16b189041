// Making the tables of an index, reading what they say of themselves, and writing them anew in order.

import { resolve } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { hex } from '../ddn/fingerprint.ts'
import { VERSION } from '../version.ts'
import { rowsOf, transaction } from './database.ts'
import { FORMAT, type IndexMeta, imageColumns, metaOf, tables } from './schema.ts'

/** Whose codes an index holds. */
export interface IndexMaker {
  /** See ddn/fingerprint.ts. */
  fingerprint: Uint8Array
  /** Candidates of every layer. */
  K: readonly number[]
  /** The run, as it was named. */
  run: string
}

/** Fills a file that has no tables yet, and leaves any other as it is. */
export async function makeTables(
  connection: DuckDBConnection,
  { fingerprint, K, run }: IndexMaker,
): Promise<void> {
  const [{ count }] = await rowsOf(
    connection,
    'SELECT count(*) AS count FROM duckdb_tables() WHERE NOT internal',
  )
  if (Number(count) > 0) return
  await transaction(connection, async () => {
    for (const statement of tables(K.length)) await connection.run(statement)
    await setMeta(connection, {
      format: FORMAT,
      fingerprint: hex(fingerprint),
      K: K.join(','),
      run,
      coppice: VERSION,
      created: new Date().toISOString(),
      measured: '0',
      ordered: '0',
    })
  })
}

/** Reads what an index says of itself, and checks that its tables are what they should be. */
export async function readMeta(path: string, connection: DuckDBConnection): Promise<IndexMeta> {
  const columns = await rowsOf(
    connection,
    `SELECT table_name AS "table", column_name AS name, data_type AS type
     FROM duckdb_columns() JOIN duckdb_tables() USING (database_name, schema_name, table_name)
     WHERE schema_name = 'main' AND database_name = current_database() AND NOT duckdb_tables.temporary
     ORDER BY column_index`,
  )
  const of = (table: string) =>
    columns.filter(column => column.table === table).map(({ name, type }) => [name, type].join(' '))
  if (of('meta').join() !== 'key VARCHAR,value VARCHAR')
    throw new Error(`${path} is a DuckDB database, but no index of Coppice's; give another file`)
  const meta = metaOf(path, await metaValues(connection))
  const expected = imageColumns(meta.K.length).map(column => column.join(' '))
  if (of('images').join() !== expected.join() || of('thumbnails').join() !== 'id BIGINT,png BLOB')
    throw new Error(`${path}: no index that can be read: its tables are not those of format ${FORMAT}`)
  return meta
}

/** Throws where an index holds the codes of another network. */
export function checkMaker(path: string, meta: IndexMeta, { fingerprint, run }: IndexMaker): void {
  if (hex(fingerprint) === meta.fingerprint) return
  throw new Error(
    `${path} holds codes of the network ${meta.fingerprint} (${meta.run}), and ${run} is ${hex(fingerprint)}: codes mean something to their own network only; give another file`,
  )
}

/** Writes every table of the file into another, and the images in the order of their paths. */
export async function writeOrdered(connection: DuckDBConnection, beside: string): Promise<void> {
  const [{ name }] = await rowsOf(connection, 'SELECT current_database() AS name')
  const quoted = (text: unknown) => `"${String(text).replaceAll('"', '""')}"`
  await connection.run(`ATTACH '${resolve(beside).replaceAll("'", "''")}' AS coppice_ordered`)
  await connection.run(`COPY FROM DATABASE ${quoted(name)} TO coppice_ordered (SCHEMA)`)
  const all = await rowsOf(
    connection,
    `SELECT schema_name AS "schema", table_name AS "table" FROM duckdb_tables()
     WHERE database_name = current_database() AND NOT temporary AND NOT internal`,
  )
  for (const { schema, table } of all) {
    const place = `${quoted(schema)}.${quoted(table)}`
    const order = schema === 'main' && table === 'images' ? 'ORDER BY path, id' : ''
    await connection.run(`INSERT INTO coppice_ordered.${place} SELECT * FROM ${place} ${order}`)
  }
  await connection.run(
    `UPDATE coppice_ordered.meta SET value = (SELECT count(*) FROM images) WHERE key = 'ordered'`,
  )
  await connection.run('CHECKPOINT coppice_ordered')
  await connection.run('DETACH coppice_ordered')
}

/** Every key of `meta` with its value. */
export async function metaValues(connection: DuckDBConnection): Promise<Map<string, string>> {
  const rows = await rowsOf(connection, 'SELECT key, value FROM meta')
  return new Map(rows.map(({ key, value }) => [key as string, value as string]))
}

/** Sets keys of `meta`. */
export async function setMeta(connection: DuckDBConnection, values: Record<string, string>): Promise<void> {
  for (const [key, value] of Object.entries(values))
    await connection.run('INSERT OR REPLACE INTO meta VALUES ($1, $2)', [key, value])
}
