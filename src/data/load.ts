/** Any dataset from one short text, in Node: the command line's, the schema's and the studio's `data`. */

import { loadCifar10 } from './cifar10-files.ts'
import type { Dataset } from './dataset.ts'
import { loadDigits } from './digits.ts'
import { loadEmoji } from './emoji.ts'
import { kindOf } from './files.ts'
import { loadFolder } from './folder.ts'
import { loadIdx } from './idx-files.ts'
import type { LoadOptions } from './options.ts'
import { loadZip } from './zip.ts'

export type { LoadOptions } from './options.ts'

type Loader =
  | { path: false; load: (options: LoadOptions) => Promise<Dataset> }
  | { path: true; load: PathLoader }
type PathLoader = (path: string, options: LoadOptions) => Promise<Dataset>

const loaders: Record<string, Loader> = {
  digits: { path: false, load: loadDigits },
  emoji: { path: false, load: loadEmoji },
  folder: { path: true, load: loadFolder },
  zip: { path: true, load: loadZip },
  idx: { path: true, load: loadIdx },
  cifar10: { path: true, load: loadCifar10 },
}

/** What else the data is called, for the suggestion after an unknown name. */
const otherNames: Record<string, string> = { mnist: 'digits', images: 'folder', cifar: 'cifar10' }

/** Every form a spec can take: 'digits', 'emoji', 'folder:PATH', ... */
export const dataSpecs = Object.entries(loaders).map(([name, { path }]) => (path ? `${name}:PATH` : name))

/**
 * Loads the data that a spec names; how each is read, sized, labelled and split is said at its loader.
 *
 * @param spec  `digits`, `emoji`, `folder:PATH`, `zip:PATH`, `idx:PATH` or `cifar10:PATH`
 */
export async function loadDataset(spec: string, options: LoadOptions = {}): Promise<Dataset> {
  const colon = spec.indexOf(':')
  const name = colon < 0 ? spec : spec.slice(0, colon)
  const path = colon < 0 ? '' : spec.slice(colon + 1)
  const loader = Object.hasOwn(loaders, name) ? loaders[name] : undefined
  if (!loader) throw new Error(await unknownSpec(spec, name, path))
  if (loader.path) {
    if (path === '') throw new Error(`${spec} needs a path: ${name}:PATH`)
    return loader.load(path, options)
  }
  if (colon >= 0) throw new Error(`invalid data: ${spec}; ${name} takes no path, write: ${name}`)
  return loader.load(options)
}

async function unknownSpec(spec: string, name: string, path: string): Promise<string> {
  const kind = spec ? await kindOf(spec).catch(() => undefined) : undefined
  let meant: string
  if (kind === 'folder') meant = `folder:${spec}`
  else if (kind === 'file') meant = `${/\.zip$/i.test(spec) ? 'zip' : 'idx'}:${spec}`
  else {
    const given = name.toLowerCase()
    const known = Object.keys({ ...loaders, ...otherNames })
    const nearest = known.sort((a, b) => distance(a, given) - distance(b, given))[0]
    const near = otherNames[nearest] ?? nearest
    meant = loaders[near].path ? `${near}:${path || 'PATH'}` : near
  }
  return `unknown data: ${spec || "''"}; did you mean ${meant}? Valid are ${dataSpecs.join(', ')}`
}

/** Levenshtein's edit distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]
}
