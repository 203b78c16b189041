/** Indexes: what goes in comes out, once; what is no index stays as it is. */

import { copyFile, lstat, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type IndexedImage, openIndex, openIndexToAdd } from '../../src/search/image-index.ts'
import { collection, K, maker, namesOf, temporaryFolder } from './collection.ts'

let folder: string
let files = 0
const fresh = () => join(folder, `${files++}.duckdb`)
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A closed index of these images. */
async function indexOf(images: readonly IndexedImage[]): Promise<string> {
  const path = fresh()
  const index = await openIndexToAdd(path, maker)
  await index.add(images)
  await index.close()
  return path
}

/** What a database of somebody else's holds. */
async function databaseOf(...statements: string[]): Promise<string> {
  const path = fresh()
  const instance = await DuckDBInstance.create(path)
  const connection = await instance.connect()
  for (const statement of statements) await connection.run(statement)
  connection.closeSync()
  instance.closeSync()
  return path
}

describe('adding', () => {
  test('keeps every field of every image', async () => {
    const images = collection(5)
    delete images[1].label
    images[2] = { ...images[2], source: 'file', split: undefined, number: undefined, name: '/a/ü "b".png' }
    images[3] = { ...images[3], hash: 2n ** 64n - 1n, thumbnail: Uint8Array.of(1, 0, 255) }
    const index = await openIndex(await indexOf(images))
    const rows = await index.query('SELECT * FROM images ORDER BY id')
    expect(rows).toEqual(
      images.map(({ source, name, split = null, number = null, label = null, hash, codes }, id) => ({
        id: BigInt(id),
        source,
        name,
        split,
        number,
        label,
        hash,
        path: Array.from(codes).join('.'),
        codes: Array.from(codes),
      })),
    )
    expect(await index.thumbnails([0, 3])).toEqual(new Map([[3, expect.anything()]]))
    expect(Array.from((await index.thumbnails([3])).get(3)!)).toEqual([1, 0, 255])
    expect(index.meta).toMatchObject({ K, fingerprint: '0102030405060708', run: 'runs/a' })
    await index.close()
  })

  test('again adds only what is new, and replaces what has changed', async () => {
    const path = await indexOf(collection(20))
    const index = await openIndexToAdd(path, maker)
    const more = collection(30)
    expect(await index.missing(more)).toEqual([20, 21, 22, 23, 24, 25, 26, 27, 28, 29])
    expect(await index.add(more)).toEqual({ added: 10, replaced: 0, skipped: 20 })
    const changed = { ...more[4], hash: 99n, codes: [11, 4, 29, 1], thumbnail: Uint8Array.of(7) }
    expect(await index.add([more[3], changed])).toEqual({ added: 0, replaced: 1, skipped: 1 })
    expect(await index.count()).toBe(30)
    expect(await namesOf(index, "SELECT name FROM images WHERE path = '11.4.29.1'")).toContain('test:4')
    expect(await index.query("SELECT id FROM images WHERE name = 'test:4'")).toHaveLength(1)
    await index.close()
  })

  test('of one name twice in a list keeps the last', async () => {
    const [image] = collection(1)
    const index = await openIndexToAdd(fresh(), maker)
    const counts = await index.add([image, { ...image, hash: 5n, label: 'last' }])
    expect(counts).toEqual({ added: 1, replaced: 0, skipped: 1 })
    expect(await index.query('SELECT label FROM images')).toEqual([{ label: 'last' }])
    await index.close()
  })

  test('tells sources apart', async () => {
    const [image] = collection(1)
    const index = await openIndexToAdd(fresh(), maker)
    expect(await index.add([image, { ...image, source: 'folder:/a' }])).toMatchObject({ added: 2 })
    await index.close()
  })

  test('takes all images or none', async () => {
    const index = await openIndexToAdd(fresh(), maker)
    const images = collection(3)
    await expect(index.add([...images, { ...images[0], name: 'x', codes: [0, 5, 0, 0] }])).rejects.toThrow(
      'path 0,5,0,0: 5 is none of the codes 0 to 4 of layer 1',
    )
    await expect(index.add([...images, { ...images[0], name: 'x', codes: [0, 1] }])).rejects.toThrow(
      'x has 2 codes',
    )
    const halfMeasured = { ...images[0], name: 'x', residuals: [0.1, 0.2] }
    await expect(index.add([...images, halfMeasured])).rejects.toThrow('x has 2 residuals for 4 layers')
    // Found out only when it is written, after the images.
    const broken = { ...images[0], name: 'x', thumbnail: 7 as unknown as Uint8Array }
    await expect(index.add([...images, broken])).rejects.toThrow()
    expect(await index.count()).toBe(0)
    expect(await index.residuals()).toBeNull()
    expect(await index.add(images)).toMatchObject({ added: 3 })
    await index.close()
  })

  test('keeps the mean of the residuals over all calls', async () => {
    const images = collection(7)
    const path = await indexOf(images.slice(0, 3))
    const index = await openIndexToAdd(path, maker)
    await index.add(images.slice(3).map((image, i) => (i === 1 ? { ...image, residuals: undefined } : image)))
    const known = images.filter((_, i) => i !== 4).map(({ residuals }) => residuals!)
    const means = K.map((_, l) => known.reduce((sum, one) => sum + one[l], 0) / 6)
    const found = Array.from((await index.residuals())!)
    // Means of means, in float64.
    found.forEach((mean, l) => {
      expect(mean).toBeCloseTo(means[l], 12)
    })
    await index.close()
  })

  test('calls that overlap wait for each other', async () => {
    const index = await openIndexToAdd(fresh(), maker)
    const parts = [0, 1, 2, 3].map(part => collection(5, part, 5 * part))
    const counts = await Promise.all(parts.map(part => index.add(part)))
    expect(counts.map(({ added }) => added)).toEqual([5, 5, 5, 5])
    const ids = await index.query('SELECT count(DISTINCT id) AS ids FROM images')
    expect(ids).toEqual([{ ids: 20n }])
    await index.close()
  })

  test('what was added survives a kill', async () => {
    const path = fresh()
    const index = await openIndexToAdd(path, maker)
    await index.add(collection(10))
    // What a kill leaves: the file as it is on the disk now, and the log beside it.
    const left = fresh()
    await copyFile(path, left)
    await copyFile(`${path}.wal`, `${left}.wal`)
    await index.close()
    const reader = await openIndex(left)
    expect(await reader.count()).toBe(10)
    await reader.close()
    const again = await openIndexToAdd(left, maker)
    expect(await again.add(collection(12))).toEqual({ added: 2, replaced: 0, skipped: 10 })
    await again.close()
  })
})

describe('order', () => {
  const disorder = `SELECT count(*) AS places FROM
    (SELECT path < lag(path) OVER (ORDER BY rowid) AS back FROM images) WHERE back`

  test('puts rows in the order of their paths, and loses nothing', async () => {
    const path = fresh()
    const index = await openIndexToAdd(path, maker)
    for (let part = 0; part < 5; part++) await index.add(collection(20, part, 20 * part))
    await index.query('CREATE TABLE "my ""notes" AS SELECT id, \'good\' AS note FROM images WHERE number < 3')
    await index.query('CREATE VIEW numbers AS SELECT number FROM images')
    const everything = async () => ({
      images: await index.query('SELECT * FROM images ORDER BY id'),
      notes: await index.query('SELECT * FROM "my ""notes" ORDER BY id'),
      meta: await index.query("SELECT * FROM meta WHERE key <> 'ordered' ORDER BY key"),
    })
    const before = await everything()
    expect((await index.query(disorder))[0].places).not.toBe(0n)
    await index.order()
    expect((await index.query(disorder))[0].places).toBe(0n)
    expect(await everything()).toEqual(before)
    expect(await index.query('SELECT count(*) AS count FROM numbers')).toEqual([{ count: 100n }])
    expect(await index.add(collection(1, 9, 500))).toMatchObject({ added: 1 })
    await index.close()
  })

  test('leaves a file as it is where few rows are new', async () => {
    const index = await openIndexToAdd(fresh(), maker)
    await index.add(collection(100))
    await index.order()
    await index.add(collection(5, 1, 100))
    const { ino } = await stat(index.path)
    await index.order()
    expect((await stat(index.path)).ino).toBe(ino)
    await index.add(collection(50, 2, 200))
    await index.order()
    expect((await stat(index.path)).ino).not.toBe(ino)
    await index.close()
  })

  test('replaces the file that a link leads to, and not the link', async () => {
    const path = await indexOf(collection(10))
    const link = fresh()
    await symlink(path, link)
    const index = await openIndexToAdd(link, maker)
    await index.order()
    await index.close()
    expect((await lstat(link)).isSymbolicLink()).toBe(true)
    const reader = await openIndex(path)
    expect((await reader.query(disorder))[0].places).toBe(0n)
    await reader.close()
  })

  test('is not disturbed by what a kill left beside the file', async () => {
    const path = await indexOf(collection(10))
    await writeFile(`${path}.ordering`, 'half of a database')
    const index = await openIndexToAdd(path, maker)
    await index.order()
    expect(await index.count()).toBe(10)
    await index.close()
  })
})

describe('prefixes', () => {
  test('a path LIKE a prefix with its point finds what a filter finds', async () => {
    const images = collection(300)
    const index = await openIndex(await indexOf(images))
    const prefix = fc
      .tuple(fc.integer({ min: 0, max: 11 }), fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 11 }))
      .chain(codes => fc.integer({ min: 1, max: 3 }).map(depth => codes.slice(0, depth)))
    await fc.assert(
      fc.asyncProperty(prefix, async codes => {
        const found = await namesOf(
          index,
          `SELECT name FROM images WHERE path LIKE '${codes.join('.')}.%' ORDER BY id`,
        )
        const below = images.filter(image => codes.every((code, l) => image.codes[l] === code))
        expect(found).toEqual(below.map(({ name }) => name))
      }),
      { numRuns: 40, seed: 1 },
    )
    await index.close()
  })

  test('are looked for in a range of paths, so that DuckDB can pass over the rest', async () => {
    const index = await openIndex(await indexOf(collection(10)))
    const [plan] = await index.query("EXPLAIN SELECT name FROM images WHERE path LIKE '3.1.%'")
    expect(
      Object.values(plan)
        .join()
        .replace(/\s*│\s*/g, ''),
    ).toMatch(/path>='3\.1\.' AND path<'3\.1\/'/)
    await index.close()
  })
})

describe('refuses, and leaves as it is,', () => {
  const unchanged = async (path: string, message: string | RegExp) => {
    const before = await readFile(path)
    await expect(openIndexToAdd(path, maker)).rejects.toThrow(message)
    await expect(openIndex(path)).rejects.toThrow(message)
    expect(before.equals(await readFile(path))).toBe(true)
  }

  test('a file that is no DuckDB database', async () => {
    for (const content of ['', 'DUCK', 'some notes of mine, long enough for a header'.repeat(100)]) {
      const path = fresh()
      await writeFile(path, content)
      await unchanged(path, `${path} is no DuckDB database, and stays as it is`)
    }
  })

  test('a database that is cut short or damaged', async () => {
    const whole = await readFile(await indexOf(collection(50)))
    const cut = fresh()
    await writeFile(cut, whole.subarray(0, 9000))
    await expect(openIndex(cut)).rejects.toThrow(cut)
    const damaged = fresh()
    await writeFile(damaged, whole.fill(0xa5, 12288))
    await expect(openIndex(damaged)).rejects.toThrow(damaged)
  })

  test('a database of something else', async () => {
    const path = await databaseOf('CREATE TABLE images (x INTEGER)')
    await unchanged(path, `${path} is a DuckDB database, but no index of Coppice's`)
  })

  test('tables that are not an index’s, or views in their place, which could read any file', async () => {
    const meta = [
      'CREATE TABLE meta (key VARCHAR PRIMARY KEY, value VARCHAR)',
      "INSERT INTO meta VALUES ('format', '1'), ('fingerprint', '00'), ('K', '4,4'), ('run', 'a'), ('created', 'b')",
      'CREATE TABLE thumbnails (id BIGINT, png BLOB)',
    ]
    const columns = `0::BIGINT AS id, '' AS source, '' AS name, '' AS split, 0 AS number, '' AS label,
      0::UBIGINT AS hash, '' AS path, [0, 0]::USMALLINT[2] AS codes`
    for (const images of [
      'CREATE TABLE images (id BIGINT)',
      `CREATE VIEW images AS SELECT ${columns}`,
      `CREATE VIEW images AS SELECT ${columns} FROM read_text('/etc/hostname')`,
    ])
      await unchanged(await databaseOf(...meta, images), 'its tables are not those of format 1')
  })

  test('a format to come, and what meta should say but does not', async () => {
    const change = async (sql: string) => {
      const path = await indexOf(collection(2))
      const index = await openIndexToAdd(path, maker)
      await index.query(sql)
      await index.close()
      return path
    }
    await unchanged(await change("UPDATE meta SET value = '2' WHERE key = 'format'"), 'an index of format 2')
    await unchanged(await change("DELETE FROM meta WHERE key = 'K'"), 'meta has no K')
    await unchanged(await change("UPDATE meta SET value = '4,x' WHERE key = 'K'"), 'K is 4,x')
  })

  test('codes of another network, naming both', async () => {
    const path = await indexOf(collection(2))
    const other = { ...maker, fingerprint: Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9), run: 'runs/b' }
    await expect(openIndexToAdd(path, other)).rejects.toThrow(
      /0102030405060708 \(runs\/a\), and runs\/b is 0909090909090909/,
    )
  })

  test('a folder, and to search what is not there', async () => {
    const path = fresh()
    await mkdir(path)
    await expect(openIndexToAdd(path, maker)).rejects.toThrow(`${path} is a folder`)
    const none = fresh()
    await expect(openIndex(none)).rejects.toThrow(`there is no index ${none}; make one with: coppice index`)
    await expect(stat(none)).rejects.toThrow('ENOENT')
  })

  test('to be written to by two, or while it is read', async () => {
    const path = await indexOf(collection(2))
    const writer = await openIndexToAdd(path, maker)
    await expect(openIndexToAdd(path, maker)).rejects.toThrow('already open in this process')
    await expect(openIndex(path)).rejects.toThrow('already open in this process')
    await writer.close()
    const readers = [await openIndex(path), await openIndex(path)]
    await expect(openIndexToAdd(path, maker)).rejects.toThrow('already open in this process')
    await readers[0].close()
    expect(await readers[1].count()).toBe(2)
    await expect(openIndexToAdd(path, maker)).rejects.toThrow('already open in this process')
    await readers[1].close()
    await (await openIndexToAdd(path, maker)).close()
  })
})

test('a reader’s own SQL can neither write nor read other files', async () => {
  const index = await openIndex(await indexOf(collection(2)))
  await expect(index.query('DELETE FROM images')).rejects.toThrow(/read-only/)
  await expect(index.query("SELECT * FROM read_text('/etc/hostname')")).rejects.toThrow(/disabled/)
  await expect(index.query('SELECT nothing FROM images')).rejects.toThrow(`${index.path}: `)
  await index.close()
})

test('names with quotes, and those that mean something to DuckDB, are names like others', async () => {
  for (const name of ["it's.duckdb", 'temp.duckdb', 'a "b".duckdb', ':memory:']) {
    const path = join(folder, name)
    const index = await openIndexToAdd(path, maker)
    await index.add(collection(3))
    await index.order()
    await index.close()
    const reader = await openIndex(path)
    expect(await reader.count()).toBe(3)
    await reader.close()
  }
})
