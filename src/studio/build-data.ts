// Writes the studio's data beside its built page: `npx tsx src/studio/build-data.ts [folder]`, default dist/studio/data.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadDigits } from '../data/digits.ts'
import { writeAtomic } from '../train/files.ts'
import { writeDigitsSheet } from './digits-sheet.ts'

/** Enough for minutes of training, and little enough to be fetched while one reads the page. */
const TRAIN = 6000
const TEST = 1000

const [folder = fileURLToPath(new URL('../../dist/studio/data', import.meta.url))] = process.argv.slice(2)
const { train } = await loadDigits({ size: 28, limit: TRAIN })
const { test } = await loadDigits({ size: 28, limit: TEST })
await mkdir(folder, { recursive: true })
await writeAtomic(join(folder, 'digits.png'), writeDigitsSheet(train, test))
