// The tables of an index of codes, for whoever wants to ask it with SQL of their own.

/**
 * An index is a DuckDB database, and any DuckDB client can read it. Its tables:
 *
 *     images      id BIGINT           which row: counted from 0
 *                 source VARCHAR      where the picture is from: `digits`, `folder:/home/ada/photos`; `file` for files
 *                 name VARCHAR        which one of the source: a path in its folder, a file's absolute path, or where the
 *                                     source has no names the split and the number, `test:17`; unique in its source
 *                 split VARCHAR       `train` or `test`; NULL for files
 *                 number INTEGER      its place in that split, from 0, when it was added; NULL for files
 *                 label VARCHAR       the name of its class; NULL where it is not known
 *                 hash UBIGINT        the first 8 bytes of the SHA-256 of its pixels, as the network sees them
 *                 path VARCHAR        its codes as text, `3.17.5`: L whole numbers with points between them
 *                 codes USMALLINT[L]  the same as numbers; SQL counts from 1, so codes[1] is the first layer's
 *     thumbnails  id BIGINT, png BLOB the pictures as the network sees them, where they were asked for
 *     meta        key VARCHAR, value VARCHAR
 *                 format        '1'
 *                 fingerprint   of the network, in hex: codes mean something to no other
 *                 K             candidates of every layer, `512,512,…`: there are L
 *                 run, coppice, created   what made it, and when
 *                 residuals     r_1 … r_L as JSON: see `Residuals` in image-index.ts
 *                 measured      of how many images these are the mean
 *                 ordered       how many rows were in the order of their paths when they were last put in it
 *
 * What is below a node begins with its path and a point. Rows lie in the order of their paths, so that DuckDB, which
 * knows the least and the greatest path of every stretch of the table, reads only the stretches that can hold them.
 * `LIKE` with a constant is turned into such a range.
 *
 * The images below a node, here 3 and then 1:
 *
 *     SELECT name, label, path FROM images WHERE path LIKE '3.1.%' ORDER BY codes;
 *
 * The nodes at depth 2 through which most images go, and how many labels meet there:
 *
 *     SELECT codes[1:2] AS node, count(*) AS images, count(DISTINCT label) AS labels
 *     FROM images GROUP BY node ORDER BY images DESC, node LIMIT 5;
 *
 * Which images of the same label share at least two codes with a file:
 *
 *     SELECT other.name, other.path FROM images AS file JOIN images AS other
 *     ON other.codes[1:2] = file.codes[1:2] AND other.label = file.label AND other.id <> file.id
 *     WHERE file.name = 'test:0' ORDER BY other.id;
 */
export const FORMAT = '1'

/** The columns of `images`, in order, for codes of L layers. */
export const imageColumns = (L: number): readonly (readonly [name: string, type: string])[] => [
  ['id', 'BIGINT'],
  ['source', 'VARCHAR'],
  ['name', 'VARCHAR'],
  ['split', 'VARCHAR'],
  ['number', 'INTEGER'],
  ['label', 'VARCHAR'],
  ['hash', 'UBIGINT'],
  ['path', 'VARCHAR'],
  ['codes', `USMALLINT[${L}]`],
]

/** The statements that make empty tables. */
export const tables = (L: number): readonly string[] => [
  `CREATE TABLE images (${imageColumns(L)
    .map(column => column.join(' '))
    .join(', ')})`,
  'CREATE TABLE thumbnails (id BIGINT, png BLOB)',
  'CREATE TABLE meta (key VARCHAR PRIMARY KEY, value VARCHAR)',
]

/** What `meta` says. */
export interface IndexMeta {
  /** 16 hex digits. */
  fingerprint: string
  K: readonly number[]
  /** The run that the images were first encoded with, as it was named. */
  run: string
  /** ISO 8601. */
  created: string
}

/**
 * Reads `meta`, and throws where this is no index or one of a format to come.
 *
 * @param values  every key with its value
 */
export function metaOf(path: string, values: ReadonlyMap<string, string>): IndexMeta {
  const format = values.get('format')
  if (format !== FORMAT)
    throw new Error(
      `${path}: an index of format ${format ?? 'unknown'}; this version of Coppice reads format ${FORMAT}`,
    )
  const [fingerprint, K, run, created] = ['fingerprint', 'K', 'run', 'created'].map(key => {
    const value = values.get(key)
    if (value === undefined) throw new Error(`${path}: no index that can be read: meta has no ${key}`)
    return value
  })
  const counts = K.split(',').map(Number)
  if (!counts.every(k => Number.isInteger(k) && k >= 2 && k <= 65536))
    throw new Error(`${path}: no index that can be read: K is ${K}`)
  return { fingerprint, K: counts, run, created }
}

/** Codes as a path, `3.17.5`. */
export const pathOf = (codes: ArrayLike<number>): string => Array.from(codes).join('.')
