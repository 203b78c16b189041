// The studio as a folder of files for any web host: what the server would answer, written down.

import { copyFile, mkdir, readdir, readFile, rmdir, stat, unlink, writeFile } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { kindOf } from '../../data/files.ts'
import { readText } from '../../train/files.ts'
import { VERSION } from '../../version.ts'
import { engineFiles, engineFolder } from './engine.ts'
import { inside, isFileName } from './files.ts'
import { contentPolicy } from './headers.ts'
import { type Runs, servedFiles } from './runs.ts'

export interface StaticOptions {
  /** The built page. */
  page: string
  /** The models that come with the package. */
  models: string
  /** ONNX Runtime's WebAssembly files; default `engineFolder()`. */
  engine?: string
  /** Of these the run that was named is taken along, and no other. */
  runs: Runs
}

/** Lists the files of a build, so that the next one takes away these and nothing else. */
const MANIFEST = '.coppice-studio.json'

/**
 * Writes the site into a folder. `api/runs.json` is the list of the runs taken along, `.nojekyll` keeps GitHub from
 * leaving files out, and `isolation.js`, called by this page alone, isolates it where the host cannot.
 *
 * @returns the files, relative to the folder, and their bytes in all
 * @throws where the folder holds anything and is no former build
 */
export async function buildStatic(
  folder: string,
  { page, models, engine = engineFolder(), runs }: StaticOptions,
): Promise<{ files: string[]; bytes: number }> {
  const sources = new Map<string, string | { text: string }>()
  for (const name of await filesIn(page)) sources.set(name, join(page, name))
  sources.set('index.html', { text: staticPage(await readFile(join(page, 'index.html'), 'utf8')) })
  for (const name of engineFiles) sources.set(join('assets', name), join(engine, name))
  for (const name of await filesIn(models))
    if (/\.(safetensors|onnx|json)$/.test(name)) sources.set(join('models', name), join(models, name))
  const facts = (await runs.list()).filter(({ name }) => name === runs.name)
  for (const { name } of facts)
    for (const key of Object.keys(servedFiles) as (keyof typeof servedFiles)[]) {
      const path = await runs.file(name, key)
      if (path) sources.set(join('api', 'runs', name, servedFiles[key]), path)
    }
  const listed = facts.map(run => ({ ...run, training: false, files: { ...run.files, log: false } }))
  sources.set(join('api', 'runs.json'), { text: `${JSON.stringify(listed)}\n` })
  sources.set('.nojekyll', { text: '' })

  const files = [...sources.keys()].map(name => name.split(sep).join('/')).sort()
  await clear(folder)
  await mkdir(folder, { recursive: true })
  // First, so that a build that was interrupted is known as one.
  await writeFile(join(folder, MANIFEST), `${JSON.stringify({ coppice: VERSION, files }, null, 2)}\n`)
  let bytes = 0
  for (const [name, source] of sources) {
    const path = join(folder, name)
    await mkdir(dirname(path), { recursive: true })
    if (typeof source === 'string') await copyFile(source, path)
    else await writeFile(path, source.text)
    bytes += (await stat(path)).size
  }
  return { files, bytes }
}

/** Without a server the page itself brings the policy, and asks for isolation before anything else runs. */
function staticPage(html: string): string {
  const charset = '<meta charset="utf-8">'
  if (!html.includes(charset)) throw new Error(`the studio's page has no ${charset}; run: npm run build`)
  return html.replace(
    charset,
    `${charset}\n<meta http-equiv="Content-Security-Policy" content="${contentPolicy}">\n<script src="./isolation.js"></script>`,
  )
}

/** Takes a former build away, and leaves whatever else is in the folder, such as `CNAME` or `.git`. */
async function clear(folder: string): Promise<void> {
  const kind = await kindOf(folder)
  if (kind === undefined) return
  if (kind === 'file') throw new Error(`${folder} is a file; give a folder for the site`)
  if ((await readdir(folder)).length === 0) return
  for (const name of await formerFiles(folder)) {
    const names = name.split('/')
    const parent = names.every(part => isFileName(part) || part === '.nojekyll')
      ? await inside(folder, join(folder, ...names.slice(0, -1)))
      : null
    if (parent === null) continue
    await unlink(join(parent, names.at(-1)!)).catch(() => {})
    // Folders that are empty now.
    for (let above = dirname(join(folder, name)); resolve(above) !== resolve(folder); above = dirname(above))
      await rmdir(above).catch(() => {})
  }
}

async function formerFiles(folder: string): Promise<string[]> {
  const text = await readText(join(folder, MANIFEST))
  if (text === undefined)
    throw new Error(
      `${folder} is not empty, and no former build of the studio; give a new or an empty folder`,
    )
  try {
    const { files } = JSON.parse(text)
    return (files as unknown[]).map(String)
  } catch {
    throw new Error(`${join(folder, MANIFEST)} cannot be read as JSON; give another folder`)
  }
}

/** What the server would serve of a folder: relative to it, all the way down. */
async function filesIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder, { recursive: true })).filter(name => name.split(sep).every(isFileName))
  const served = await Promise.all(
    names.map(async name => {
      const path = await inside(folder, join(folder, name))
      return path !== null && (await kindOf(path)) === 'file'
    }),
  )
  return names.filter((_, i) => served[i])
}
