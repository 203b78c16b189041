/** Small collections of random codes, and folders for them. */

import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { random } from '../../src/data/rng.ts'
import type { ImageIndex, IndexedImage } from '../../src/search/image-index.ts'

/** Different numbers of candidates, some of more than one digit. */
export const K = [12, 5, 30, 2]

export const maker = { fingerprint: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), K, run: 'runs/a' }

/** Images whose codes are few, so that many paths share some. */
export function collection(count: number, seed = 0, from = 0): IndexedImage[] {
  const rng = random(seed, 'codes')
  return Array.from({ length: count }, (_, i) => ({
    source: 'digits',
    name: `test:${from + i}`,
    split: 'test',
    number: from + i,
    label: String(rng.int(3)),
    hash: BigInt(1000 * seed + from + i),
    codes: K.map(k => rng.int(Math.min(k, 12))),
    residuals: [0.4, 0.3, 0.2, 0.1].map(r => r + 0.1 * rng.next()),
  }))
}

/** A folder of its own for a test file, which takes it away after its tests. */
export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'coppice-search-'))
}

/** The names that a query gives, in its order. */
export async function namesOf(index: ImageIndex, sql: string): Promise<unknown[]> {
  return (await index.query(sql)).map(row => row.name)
}
