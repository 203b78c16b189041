// What in an index is like an image or a path: by shared codes, by expected distance, or by decoded images.

import type { DuckDBConnection } from '@duckdb/node-api'
import { checkPath } from '../codes/tree.ts'
import { fingerprintOf, hex } from '../ddn/fingerprint.ts'
import type { DdnModel } from '../ddn/model.ts'
import { enlarged } from '../guides/shown.ts'
import { append, rowsOf } from './database.ts'
import type { ImageIndex } from './image-index.ts'
import { Siblings } from './siblings.ts'

/**
 * How images are ranked; what is equal comes in the order of the ids.
 *
 * - `prefix`: by the number of codes that they share with the query from the first on, then as by `path`.
 * - `path`: by the squared distance to be expected of an image of which only the codes are known. Of images Y below a
 *   node with mean μ and variance v, E‖x − Y‖² = ‖x − μ‖² + v. The node is the one where an image's codes b leave the
 *   query's k_1 … k_n: after m shared ones it is b_1 … b_l, l = min(m + 1, n). For its μ stands what the network shows of
 *   these codes, for its v the residual r_l that was measured when the index was made. A query by codes alone is itself
 *   known no better than its own node: + r_n.
 * - `image`: by the distance between the query's pixels and an image's decoded codes, of those that are first by `path`.
 */
export type SearchWay = 'image' | 'prefix' | 'path'

export const searchWays: readonly SearchWay[] = ['image', 'prefix', 'path']

/** What is looked for. */
export interface Query {
  /** k_1 … k_n: all L of an image, or those of a node. */
  codes: Int32Array
  /** [c, s, s] in [−1, 1]: the image, or what the network shows of the codes. */
  image: Float32Array
  /** Whether these are the pixels of an image, not of its codes. */
  known: boolean
}

export interface SearchOptions {
  /** Default `image`. */
  by?: SearchWay
  /** How many; default 12. */
  count?: number
  /** For `image`: how many are decoded; default 1000, Infinity is all. */
  shortlist?: number
}

export interface Found {
  id: number
  source: string
  name: string
  label: string | null
  path: string
  codes: Int32Array
  /** Codes shared with the query from the first on. */
  shared: number
  /** Mean squared difference of values in [−1, 1]: measured for `image`, else expected. */
  distance: number
}

/** How many images are decoded at most, where nothing else is asked for. */
export const SHORTLIST = 1000

/** Images decoded at a time. */
const BATCH = 256

type Ranked = Pick<Found, 'id' | 'distance'>

/** Searches an index with the network that it was made with. */
export class Search {
  private constructor(
    private readonly index: ImageIndex,
    private readonly model: DdnModel,
    private readonly siblings: Siblings,
  ) {}

  /**
   * @param name  of the network, for messages
   * @throws where the index holds the codes of another network
   */
  static async open(index: ImageIndex, model: DdnModel, name = 'the given one'): Promise<Search> {
    const own = hex(await fingerprintOf(model))
    const { fingerprint, run } = index.meta
    if (own !== fingerprint)
      throw new Error(
        `${index.path} holds codes of the network ${fingerprint} (${run}), and ${name} is ${own}: search it with its own network`,
      )
    const K = model.layers.map(layer => layer.K)
    if (index.meta.K.join() !== K.join())
      throw new Error(`${index.path} is damaged: its K is ${index.meta.K}, and the network has ${K}`)
    return new Search(index, model, await Siblings.open(model))
  }

  /** A query by an image [c, s, s]. */
  async like(image: Float32Array): Promise<Query> {
    return { codes: await this.model.encode(image), image, known: true }
  }

  /** A query by codes: those of an image, or the first ones, which are a node. */
  async below(codes: readonly number[]): Promise<Query> {
    const { layers, config } = this.model
    const K = layers.map(layer => layer.K)
    checkPath(K, codes)
    if (codes.length === 0) throw new Error('a query needs at least one code: everything is below the root')
    const path = new Int32Array(layers.length)
    path.set(codes)
    const { size } = layers[codes.length - 1]
    const shown = (await this.model.levels(path))[codes.length - 1]
    return {
      codes: Int32Array.from(codes),
      image: enlarged(shown, config.channels, size, config),
      known: false,
    }
  }

  /** The images most like the query, the best first. */
  async find(query: Query, options: SearchOptions = {}): Promise<Found[]> {
    const { by = 'image', count = 12, shortlist = SHORTLIST } = options
    for (const [name, value] of Object.entries({ count, shortlist }))
      if (!(value >= 1 && (Number.isInteger(value) || value === Infinity)))
        throw new Error(`invalid ${name}: ${value}; give a positive integer`)
    if ((await this.index.count()) === 0) throw new Error(`${this.index.path} has no images`)
    const connection = await this.index.connect()
    try {
      const best =
        by === 'image'
          ? await this.nearest(connection, query, count, shortlist)
          : await this.ranked(connection, query, by, count)
      return await describe(connection, query, best)
    } finally {
      connection.closeSync()
    }
  }

  close(): Promise<void> {
    return this.siblings.close()
  }

  /** The first by shared codes, or by expected distance. */
  private async ranked(
    connection: DuckDBConnection,
    query: Query,
    by: SearchWay,
    limit: number,
  ): Promise<Ranked[]> {
    await this.tabulate(connection, query)
    const order = by === 'prefix' ? 'shared DESC, distance, id' : 'distance, id'
    const rows = await rowsOf(connection, `${expected(query)} ORDER BY ${order} ${limitTo(limit)}`)
    return rows.map(({ id, distance }) => ({ id: Number(id), distance: distance as number }))
  }

  /** Of the shortlist, or of all, those whose decoded images are nearest. */
  private async nearest(
    connection: DuckDBConnection,
    query: Query,
    count: number,
    shortlist: number,
  ): Promise<Ranked[]> {
    const all = shortlist >= (await this.index.count())
    if (!all) await this.tabulate(connection, query)
    const rows = await connection.stream(
      all
        ? 'SELECT id, codes FROM images'
        : `SELECT id, codes FROM (${expected(query)} ORDER BY distance, id ${limitTo(shortlist)}) JOIN images USING (id)`,
    )
    let best: Ranked[] = []
    for await (const chunk of rows.yieldRowsJs())
      for (let from = 0; from < chunk.length; from += BATCH) {
        const batch = chunk.slice(from, from + BATCH)
        const images = await this.model.decode(batch.flatMap(([, codes]) => codes as number[]))
        const distances = batch.map(([id], i) => ({
          id: Number(id),
          distance: meanSquare(query.image, images, i * query.image.length),
        }))
        best = [...best, ...distances].sort((a, b) => a.distance - b.distance || a.id - b.id).slice(0, count)
      }
    return best
  }

  /** Makes the table `distances` of a query: what is expected of every code at every depth of its path. */
  private async tabulate(connection: DuckDBConnection, { codes, image, known }: Query): Promise<void> {
    const residuals = await this.index.residuals()
    if (!residuals)
      throw new Error(
        `${this.index.path} has no residuals, for its images were added without: only a search by image among all of them can do without`,
      )
    const own = known ? 0 : residuals[codes.length - 1]
    const table = await this.siblings.of(image, codes)
    const depths = table.flatMap((row, depth) => Array.from(row, () => depth))
    const labels = table.flatMap(row => Array.from(row, (_, code) => code))
    const values = table.flatMap((row, depth) => Array.from(row, d => d + residuals[depth] + own))
    await connection.run(
      'CREATE OR REPLACE TEMP TABLE distances (depth USMALLINT, code USMALLINT, distance DOUBLE)',
    )
    await append(connection, 'distances', [depths, labels, values], 'temp')
  }
}

/** SQL that gives `id`, `shared` and `distance` of all images. */
function expected({ codes }: Query): string {
  const shared = Array.from(codes, (code, l) => `WHEN codes[${l + 1}] <> ${code} THEN ${l}`).join(' ')
  return `SELECT id, shared, distance FROM (
    SELECT id, shared, least(shared, ${codes.length - 1}) AS depth, codes[depth + 1] AS code
    FROM (SELECT id, codes, CASE ${shared} ELSE ${codes.length} END AS shared FROM images)
  ) JOIN distances USING (depth, code)`
}

const limitTo = (limit: number) => (limit === Infinity ? '' : `LIMIT ${limit}`)

/** All that is known of the images that were found, in their order. */
async function describe(
  connection: DuckDBConnection,
  query: Query,
  best: readonly Ranked[],
): Promise<Found[]> {
  if (best.length === 0) return []
  const rows = await rowsOf(
    connection,
    `SELECT id, source, name, label, path, codes FROM images WHERE id IN (${best.map(({ id }) => id).join(', ')})`,
  )
  const byId = new Map(rows.map(row => [Number(row.id), row]))
  return best.map(({ id, distance }) => {
    const { source, name, label, path, codes } = byId.get(id)! as unknown as Omit<Found, 'codes'> & {
      codes: number[]
    }
    const parted = query.codes.findIndex((code, l) => code !== codes[l])
    const shared = parted < 0 ? query.codes.length : parted
    return { id, source, name, label, path, codes: Int32Array.from(codes), shared, distance }
  })
}

/** The mean of (a − b)², b being part of a longer array. */
function meanSquare(a: Float32Array, b: Float32Array, from: number): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[from + i]) ** 2
  return sum / a.length
}
