/** A folder of pictures, with its sub-folders, as a dataset. */

import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { collectionDataset, type Entry, maxFileBytes } from './collection.ts'
import type { Dataset } from './dataset.ts'
import { kindOf } from './files.ts'
import { type LoadOptions, loadSettings } from './options.ts'

/**
 * All PNG, JPEG, WebP and GIF pictures below a folder, in the order of their relative paths, scaled and
 * cropped to [3, 32, 32] by default. Classes, split and broken files are as `collectionDataset` says;
 * `names` are the relative paths. Hidden files are left out, links are followed.
 */
export async function loadFolder(path: string, options: LoadOptions = {}): Promise<Dataset> {
  const settings = loadSettings(options, 3)
  const kind = await kindOf(path)
  if (!kind) throw new Error(`no folder at ${path}: check the path`)
  if (kind === 'file') throw new Error(`${path} is a file; folder: needs a folder (zip: and idx: read files)`)
  return collectionDataset(`folder:${path}`, path, await listFolder(path), settings)
}

async function listFolder(root: string): Promise<Entry[]> {
  const entries: Entry[] = []
  const walk = async (folder: string, prefix: string, above: string[]) => {
    const real = await realpath(folder)
    // A link to a folder above would be walked for ever.
    if (above.includes(real)) return
    for (const item of await readdir(folder, { withFileTypes: true })) {
      const path = prefix + item.name
      const full = join(folder, item.name)
      if (item.name.startsWith('.')) continue
      const kind = item.isSymbolicLink() ? await kindOf(full) : item.isDirectory() ? 'folder' : 'file'
      if (kind === 'folder') await walk(full, `${path}/`, [...above, real])
      else if (kind === 'file') entries.push({ path, read: () => readPicture(full) })
    }
  }
  await walk(root, '', [])
  return entries
}

async function readPicture(file: string): Promise<Uint8Array> {
  const { size } = await stat(file)
  if (size > maxFileBytes)
    throw new Error(`${size} bytes, images of up to ${maxFileBytes} bytes (64 MB) are read`)
  return readFile(file)
}
