/** Finds and loads IDX files in Node: one images file, or a folder named as MNIST names it. */

import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { chooseByKey, type Dataset, type Images, splitByKey, spread } from './dataset.ts'
import { kindOf, readBytes } from './files.ts'
import { idxImages } from './idx.ts'
import { type LoadOptions, type LoadSettings, loadSettings } from './options.ts'

const imagesName = /images[-.]idx3(-ubyte)?(\.gz)?$/i

/**
 * @param path  an images IDX3 file, plain or gzip; or a folder with `train-images-idx3-ubyte` and
 *   `t10k-images-idx3-ubyte` (or `test-...`; '.' for the second '-'; `.gz` after it). Labels are taken from
 *   the IDX1 file of the same name with `labels` for `images`, where there is one. A single images file is
 *   split by the hash of each image's index.
 */
export async function loadIdx(path: string, options: LoadOptions = {}): Promise<Dataset> {
  const settings = loadSettings(options, 1)
  const kind = await kindOf(path)
  if (!kind) throw new Error(`no IDX file or folder at ${path}`)
  const { train, test } = kind === 'file' ? { train: path, test: undefined } : await findImages(path)
  const name = `idx:${path}`
  const thinned = (count: number) => spread(count, settings.limit)
  if (test) {
    return assemble(name, await loadSide(train, settings, thinned), await loadSide(test, settings, thinned))
  }
  let keys: string[] = []
  const all = await loadSide(train, settings, count => {
    const every = Array.from({ length: count }, (_, index) => String(index))
    const chosen = chooseByKey(every, settings.testFraction, settings.limit)
    keys = Array.from(chosen, String)
    return chosen
  })
  const sides = splitByKey(all, keys, settings.testFraction)
  return assemble(name, sides.train, sides.test)
}

/** Puts two sides together; the classes are the label values from 0 up. */
export function assemble(name: string, train: Images, test: Images): Dataset {
  const { channels, size } = train
  const dataset: Dataset = { name, channels, size, train, test, skipped: [] }
  let highest = -1
  for (const { labels = [] } of [train, test]) for (const label of labels) highest = Math.max(highest, label)
  if (highest >= 0) {
    dataset.classes = Array.from({ length: highest + 1 }, (_, label) => String(label))
    // The two sides have the same fields, also where the labels of one are missing.
    for (const side of [train, test]) side.labels ??= new Int32Array(side.count).fill(-1)
  }
  return dataset
}

/** One images file and the labels beside it; `choose` says which of its images. */
export async function loadSide(
  file: string,
  { size, channels }: LoadSettings,
  choose: (count: number) => ArrayLike<number>,
): Promise<Images> {
  const labelsFile = await findLabels(file)
  const [images, labels] = await Promise.all([
    readBytes(file),
    labelsFile ? readBytes(labelsFile) : undefined,
  ])
  return idxImages(images, labels, { size, channels, choose, imagesFile: file, labelsFile })
}

async function findLabels(file: string): Promise<string | undefined> {
  const name = basename(file)
  const labels = name.replace(/images(?!.*images)/i, 'labels').replace(/idx3/i, 'idx1')
  if (labels === name || !/images/i.test(name)) return undefined
  const plain = labels.replace(/\.gz$/i, '')
  for (const candidate of [labels, plain, `${plain}.gz`]) {
    const path = join(dirname(file), candidate)
    if ((await kindOf(path)) === 'file') return path
  }
  return undefined
}

async function findImages(folder: string): Promise<{ train: string; test?: string }> {
  const found = (await readdir(folder)).filter(name => imagesName.test(name)).sort()
  // A file that is there both plain and compressed is the same data: the plain one comes first and is taken.
  const files = found.filter(name => !(/\.gz$/i.test(name) && found.includes(name.replace(/\.gz$/i, ''))))
  if (files.length === 0) {
    throw new Error(
      `no IDX images in ${folder}: looked for train-images-idx3-ubyte and t10k-images-idx3-ubyte, ` +
        "also with '.' before idx3 and with .gz",
    )
  }
  const path = (name: string) => join(folder, name)
  if (files.length === 1) return { train: path(files[0]) }
  const train = files.filter(name => /train/i.test(name))
  const test = files.filter(name => /t10k|test/i.test(name))
  if (files.length === 2 && train.length === 1 && test.length === 1 && train[0] !== test[0]) {
    return { train: path(train[0]), test: path(test[0]) }
  }
  throw new Error(
    `${folder} holds ${files.length} images files (${files.join(', ')}), not one train and one test; ` +
      `name one: idx:${path(files[0])}`,
  )
}
