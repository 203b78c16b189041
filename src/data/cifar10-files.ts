/** Finds and loads a folder of CIFAR-10 batches in Node. */

import { join } from 'node:path'
import { cifar10Classes, parseCifar10 } from './cifar10.ts'
import { type Dataset, type Images, spread } from './dataset.ts'
import { kindOf, readBytes } from './files.ts'
import { type LoadOptions, type LoadSettings, loadSettings } from './options.ts'
import { fitImages } from './resize.ts'

const trainFiles = [1, 2, 3, 4, 5].map(number => `data_batch_${number}.bin`)
const testFiles = ['test_batch.bin']

/**
 * 50,000 images to train and 10,000 to test, [3, 32, 32] by default, other sizes resampled.
 *
 * @param path  the folder with `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin`, or the one
 *   above its `cifar-10-batches-bin`; class names are read from `batches.meta.txt` where there is one
 */
export async function loadCifar10(path: string, options: LoadOptions = {}): Promise<Dataset> {
  const settings = loadSettings(options, 3)
  const { size, channels } = settings
  const folder = await findFolder(path)
  const train = await loadSide(folder, trainFiles, settings)
  const test = await loadSide(folder, testFiles, settings)
  const classes = await readClasses(folder)
  return { name: `cifar10:${path}`, channels, size, train, test, classes, skipped: [] }
}

async function findFolder(path: string): Promise<string> {
  if ((await kindOf(path)) !== 'folder') throw new Error(`no CIFAR-10 folder at ${path}`)
  const folders = [path, join(path, 'cifar-10-batches-bin')]
  let closest: string[] = []
  for (const folder of folders) {
    const missing: string[] = []
    for (const name of [...trainFiles, ...testFiles]) {
      if ((await kindOf(join(folder, name))) !== 'file') missing.push(name)
    }
    if (missing.length === 0) return folder
    if (closest.length === 0 || missing.length < closest.length) closest = missing
  }
  throw new Error(
    `no complete CIFAR-10 (binary version) in ${path} or its cifar-10-batches-bin: ` +
      `missing ${closest.join(', ')}`,
  )
}

async function loadSide(folder: string, names: string[], settings: LoadSettings): Promise<Images> {
  const files = await Promise.all(
    names.map(async name => ({ file: join(folder, name), bytes: await readBytes(join(folder, name)) })),
  )
  const raw = parseCifar10(files)
  const indices = spread(raw.count, settings.limit)
  const images = fitImages(raw, { size: settings.size, channels: settings.channels, indices })
  images.labels = Int32Array.from(indices, index => raw.labels[index])
  return images
}

async function readClasses(folder: string): Promise<string[]> {
  const file = join(folder, 'batches.meta.txt')
  if (!(await kindOf(file))) return cifar10Classes
  const names = new TextDecoder().decode(await readBytes(file)).split(/\s*\n\s*/)
  const classes = names.map(name => name.trim()).filter(name => name !== '')
  if (classes.length !== 10)
    throw new Error(`${file}: ${classes.length} class names, expected 10, one a line`)
  return classes
}
