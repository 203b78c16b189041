// A query from one short text, in Node: a picture file, a picture of the data, or codes.

import { decodeImage } from '../data/image.ts'
import type { loadDataset } from '../data/load.ts'
import type { DdnModel } from '../ddn/model.ts'
import { picturesOf } from '../eval/editing-sources.ts'
import { fileReader } from '../guides/judge-files.ts'
import type { Query, Search } from './search.ts'

/** What a query's text means. */
export type QuerySpec =
  | { codes: number[] }
  | { split: 'train' | 'test'; number: number }
  /** A path. */
  | { file: string }

/** `codes:3,17,5` (or with points, as in an index), `test:17`, `train:17`, or the path of a picture. */
export function parseQuery(text: string): QuerySpec {
  const [kind, rest] = [text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1)]
  if (kind === 'codes') {
    const codes = rest.split(/[,.]/).map(part => (/^\s*\d+\s*$/.test(part) ? Number(part) : Number.NaN))
    if (!codes.every(Number.isSafeInteger))
      throw new Error(`${text}: give codes as whole numbers with commas, such as codes:3,17,5`)
    return { codes }
  }
  if (kind === 'test' || kind === 'train') {
    if (!/^\d+$/.test(rest))
      throw new Error(`${text}: give a picture's number in the data, such as ${kind}:17`)
    return { split: kind, number: Number(rest) }
  }
  return { file: text }
}

/**
 * The query that a text stands for.
 *
 * @param data  where `test:17` is looked for
 */
export async function queryOf(
  search: Search,
  { config }: DdnModel,
  text: string,
  data: string,
  load: typeof loadDataset,
): Promise<Query> {
  const spec = parseQuery(text)
  if ('codes' in spec) return search.below(spec.codes)
  const { size, channels } = config
  if ('file' in spec) {
    const bytes = await fileReader()(spec.file)
    const pixels = await decodeImage(bytes, size, channels).catch(error => {
      throw new Error(`${spec.file}: ${error.message}`)
    })
    return search.like(Float32Array.from(pixels, byte => byte / 127.5 - 1))
  }
  const { split, number } = spec
  const dataset = await load(data, { size, channels })
  const { pictures } = picturesOf(dataset, { data, split, images: [number] }, [number])
  return search.like(pictures.images)
}
