/** Many picture files to one dataset: labels and split from their paths, the broken ones skipped. */

import { chooseByKey, type Dataset, type Images, splitByKey, spread, subset } from './dataset.ts'
import { inParallel } from './files.ts'
import { decodeImage, imageExtension } from './image.ts'
import type { LoadSettings } from './options.ts'
import { allocatePixels } from './resize.ts'

/** A file that may be a picture: `path` is relative with '/' separators. */
export interface Entry {
  path: string
  read(): Promise<Uint8Array> | Uint8Array
}

/** Larger files are skipped: no photograph is, and a hostile archive could claim anything. */
export const maxFileBytes = 64 * 2 ** 20

/** Whether a path names a picture and none of its parts is hidden or the litter of macOS archives. */
export function isImagePath(path: string): boolean {
  return (
    imageExtension.test(path) && !path.split('/').some(part => part.startsWith('.') || part === '__MACOSX')
  )
}

/**
 * Decodes pictures in the order of their paths.
 *
 * - If the top-level folders are exactly `train` and `test`, they are the split; otherwise each picture's
 *   side follows from the hash of its path.
 * - If every picture is in a sub-folder (of its side), the sub-folders' names are the classes.
 *
 * @param source  where they come from, for error messages
 */
export async function collectionDataset(
  name: string,
  source: string,
  entries: Entry[],
  settings: LoadSettings,
): Promise<Dataset> {
  const pictures = entries.filter(entry => isImagePath(entry.path)).sort((a, b) => compare(a.path, b.path))
  if (pictures.length === 0) {
    throw new Error(
      `no image in ${source}: looked for .png, .jpg, .jpeg, .webp and .gif, in sub-folders too, ` +
        `among ${entries.length} ${entries.length === 1 ? 'file' : 'files'}`,
    )
  }
  const given = hasGivenSplit(pictures)
  const { size, channels, limit, testFraction } = settings
  const paths = pictures.map(({ path }) => path)
  const chosen = given
    ? ['test/', 'train/'].flatMap(side => {
        const within = pictures.filter(({ path }) => path.startsWith(side))
        return Array.from(spread(within.length, limit), i => within[i])
      })
    : Array.from(chooseByKey(paths, testFraction, limit), i => pictures[i])

  const { images, skipped } = await decodeAll(chosen, settings)
  if (images.count === 0) {
    throw new Error(`every image in ${source} is broken, ${skipped.length} in all: ${listed(skipped)}`)
  }
  const read = images.names!
  const inside = (path: string) => (given ? afterFirst(path) : path)
  // Of all pictures: a limit or a broken picture must not renumber the classes.
  const classes = topFolders(paths.map(inside))
  if (classes) images.labels = Int32Array.from(read, path => classes.indexOf(topFolder(inside(path))))
  let sides: { train: Images; test: Images }
  if (given) {
    const where = (test: boolean) => [...read.keys()].filter(i => read[i].startsWith('test/') === test)
    sides = { train: subset(images, where(false)), test: subset(images, where(true)) }
    for (const side of ['train', 'test'] as const) {
      if (sides[side].count > 0) continue
      throw new Error(`every image in ${source}/${side} is broken: ${listed(skipped)}`)
    }
  } else {
    sides = splitByKey(images, read, testFraction)
  }
  return { name, channels, size, ...sides, ...(classes && { classes }), skipped }
}

async function decodeAll(entries: Entry[], { size, channels, onSkip }: LoadSettings) {
  const length = channels * size ** 2
  const all: Images = {
    count: entries.length,
    channels,
    size,
    pixels: allocatePixels(entries.length, channels, size),
    names: entries.map(entry => entry.path),
  }
  const reasons = new Map<number, string>()
  await inParallel(entries, async ({ path, read }, i) => {
    try {
      all.pixels.set(await decodeImage(await read(), size, channels), i * length)
    } catch (error) {
      const reason = (error as Error).message.split('\n')[0]
      reasons.set(i, reason)
      onSkip(path, reason)
    }
  })
  const order = [...reasons.keys()].sort((a, b) => a - b)
  const skipped = order.map(i => ({ file: entries[i].path, reason: reasons.get(i)! }))
  const read = [...entries.keys()].filter(i => !reasons.has(i))
  return { images: skipped.length ? subset(all, read) : all, skipped }
}

/** The different first folders of the paths, sorted, or undefined where a path has none. */
function topFolders(paths: string[]): string[] | undefined {
  const folders = new Set(paths.map(topFolder))
  return folders.has('') ? undefined : [...folders].sort(compare)
}

function hasGivenSplit(pictures: Entry[]): boolean {
  return topFolders(pictures.map(({ path }) => path))?.join('/') === 'test/train'
}

const afterFirst = (path: string) => path.slice(path.indexOf('/') + 1)
const topFolder = (path: string) => path.slice(0, Math.max(path.indexOf('/'), 0))

/** By UTF-16 code units: the same on every machine and in every language. */
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

const listed = (skipped: Dataset['skipped']) => {
  const shown = skipped.slice(0, 3).map(({ file, reason }) => `${file} (${reason})`)
  return shown.join(', ') + (skipped.length > 3 ? ', …' : '')
}
