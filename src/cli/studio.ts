// `coppice studio`: the page to grow, walk, steer and compress in, served from this machine or written for any host.

import { spawn } from 'node:child_process'
import type { Command } from 'commander'
import { kindOf } from '../data/files.ts'
import { findModel, modelsFolder } from '../data/shipped.ts'
import { isLoopback } from '../studio/server/headers.ts'
import { defaults, writeState } from '../studio/state.ts'
import { onInterrupt } from './interrupt.ts'
import { type CommonOptions, common, wholeFrom } from './options.ts'
import { present } from './output.ts'

export interface StudioFlags extends CommonOptions {
  port?: number
  host: string
  runs?: string
  open?: boolean
  build?: string
}

/** Where the page, the models and ONNX Runtime's WebAssembly are, if not in their packages. */
export interface StudioFolders {
  page?: string
  models?: string
  engine?: string
}

export function studioCommand(program: Command, folders: StudioFolders = {}): void {
  const command = program
    .command('studio')
    .description(
      'open the studio: a page to watch a network learn, walk its tree, steer it, compress with it',
    )
    .argument('[run]', "folder of a run, a model's file, or the name of a model that comes with Coppice")
    .option('--port <n>', 'port to listen on (default: 4646, or the next that is free)', wholeFrom(0, 65_535))
    .option('--host <address>', 'address to listen on; by default no other machine reaches it', '127.0.0.1')
    .option('--runs <folder>', 'folder whose runs are shown (default: runs)')
    .option('--open', 'open it in the browser')
    .option('--build <folder>', 'write it as a static site for any web host instead, with the run')
  common(command, ['studio', 'studio runs/digits --open', 'studio runs/digits --build site']).action(
    (run: string | undefined, flags: StudioFlags) => studio(run, flags, folders),
  )
}

async function studio(run: string | undefined, flags: StudioFlags, folders: StudioFolders): Promise<void> {
  // The server comes with libraries that no other command waits for.
  const { builtPage, checkPage, Runs, serveStudio } = await import('../studio/server.ts')
  const { page = builtPage(), models = modelsFolder(), engine } = folders
  await checkPage(page)
  if (flags.runs !== undefined && (await kindOf(flags.runs)) !== 'folder')
    throw new Error(`there is no folder ${flags.runs}`)
  const shipped = run !== undefined && (await kindOf(run)) === undefined && !/[/\\]/.test(run)
  // Throws with the names that there are.
  if (shipped) await findModel(`${run}.safetensors`)
  const runs = await Runs.open(flags.runs ?? 'runs', shipped ? undefined : run)
  const list = await runs.list()
  const named = list.find(({ name }) => name === runs.name)
  if (named && named.family !== 'ddn')
    throw new Error(
      `${run} holds a model of the family ${named.family}; the studio opens Discrete Distribution Networks`,
    )
  const model = shipped ? run! : named ? `run:${named.name}` : defaults.model
  const query = writeState({ ...defaults, model })
  const path = query ? `?${query}` : ''

  if (flags.build !== undefined) {
    const { buildStatic } = await import('../studio/server/static-site.ts')
    const { files, bytes } = await buildStatic(flags.build, { page, models, engine, runs })
    present(flags, { out: flags.build, address: path || './', bytes, files }, [
      [
        'Site',
        `${flags.build}: ${files.length} files, ${(bytes / 1e6).toFixed(1)} MB, for any web host with https`,
      ],
      ...(path ? [['Shows', `${named?.name ?? run}, at its address with ${path}`] as const] : []),
    ])
    return
  }

  const { host, port } = flags
  const interrupt = onInterrupt(() => {})
  try {
    const served = await serveStudio({ host, port, runs, page, models, engine })
    try {
      const url = served.url + path
      present(flags, { url, port: served.port, host, model, runs: list.map(({ name }) => name) }, [
        ['Studio', url],
        ['Shows', shownText(run, list.length, runs.folder)],
        'Ctrl-C ends it.',
      ])
      if (!isLoopback(host)) process.stderr.write(`${openWarning(host)}\n`)
      if (flags.open) openInBrowser(url)
      await aborted(interrupt.signal)
    } finally {
      await served.close()
    }
  } finally {
    interrupt.dispose()
  }
}

function shownText(run: string | undefined, count: number, folder: string): string {
  const runs =
    count === 0 ? `no runs yet in ${folder}` : `${count} ${count === 1 ? 'run' : 'runs'}, from ${folder}`
  return run === undefined ? `the models that come with Coppice; ${runs}` : `${run}; ${runs}`
}

function openWarning(host: string): string {
  return `Whoever reaches ${host} over the network can read these runs; and without https other machines' browsers compute with one thread and no GPU.`
}

/** The program that opens an address in the browser, and its arguments; none of them goes through a shell. */
export function opener(platform: NodeJS.Platform, url: string): [program: string, args: string[]] {
  if (platform === 'darwin') return ['open', [url]]
  if (platform === 'win32') return ['rundll32', ['url.dll,FileProtocolHandler', url]]
  return ['xdg-open', [url]]
}

function openInBrowser(url: string): void {
  const [program, args] = opener(process.platform, url)
  const child = spawn(program, args, { stdio: 'ignore', detached: true })
  child.on('error', () => process.stderr.write(`No browser could be opened; the address is ${url}\n`))
  child.unref()
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
