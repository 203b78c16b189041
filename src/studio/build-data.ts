// Writes the studio's data beside its built page: `npx tsx src/studio/build-data.ts [folder]`, default dist/studio/data.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { subset } from '../data/dataset.ts'
import { loadDigits } from '../data/digits.ts'
import { loadEmoji } from '../data/emoji.ts'
import { writeAtomic } from '../train/files.ts'
import { writeSheet } from './sheet.ts'

/** Enough for minutes of training, and little enough to be fetched while one reads the page. */
const TRAIN = 6000
const TEST = 1000

/** Held-out images to look at. */
const EXAMPLES = 100

/** The sheets, by their names in `data/`. */
export async function sheets(train = TRAIN, test = TEST): Promise<Record<string, Uint8Array>> {
  const digits = (limit: number) => loadDigits({ size: 28, limit })
  const learned = { ...(await digits(train)), test: (await digits(test)).test }
  const [shown, emoji] = [await digits(EXAMPLES), await loadEmoji({ limit: 10 * EXAMPLES })]
  const none = (images: typeof emoji.train) => subset(images, [])
  const held = subset(
    emoji.test,
    Array.from({ length: EXAMPLES }, (_, i) => i),
  )
  return {
    'digits.png': writeSheet(learned, 32),
    'digits-examples.png': writeSheet({ ...shown, train: none(shown.train) }, 32),
    'emoji-examples.png': writeSheet({ ...emoji, train: none(emoji.train), test: held }, 32),
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder = fileURLToPath(new URL('../../dist/studio/data', import.meta.url))] = process.argv.slice(2)
  await mkdir(folder, { recursive: true })
  for (const [name, bytes] of Object.entries(await sheets())) await writeAtomic(join(folder, name), bytes)
}
