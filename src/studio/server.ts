// The studio's server: the built page, the models that come with the package, and the runs of this machine, to be
// looked at from this machine. It only reads.

import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createAdaptorServer } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { compress } from 'hono/compress'
import { streamSSE } from 'hono/streaming'
import { kindOf, packageFolder } from '../data/files.ts'
import { modelsFolder } from '../data/shipped.ts'
import { engineFiles, engineFolder } from './server/engine.ts'
import { inside, isFileName, sendFile } from './server/files.ts'
import { type FollowOptions, followLog, type LogPart } from './server/follow-log.ts'
import { headers, isLoopback, isLoopbackHost } from './server/headers.ts'
import { type Runs, servedFiles } from './server/runs.ts'

export { type RunFacts, Runs } from './server/runs.ts'

export interface StudioOptions {
  runs: Runs
  /** The built page; default `builtPage()`. */
  page?: string
  /** Models that come with the package; default `modelsFolder()`. */
  models?: string
  /** ONNX Runtime's WebAssembly files; default `engineFolder()`. */
  engine?: string
  /** Answer only requests that name this machine; default true. */
  loopback?: boolean
  /** How often a log is looked at. */
  follow?: Pick<FollowOptions, 'every' | 'silence'>
}

/**
 * The server as a Hono app. Addresses:
 *
 * - `/…`: the built page, and `data/digits.png` of it
 * - `/assets/FILE`: the page's scripts, and ONNX Runtime's WebAssembly beside them
 * - `/models/FILE`: safetensors, onnx and json
 * - `/api/runs.json`, also as `/api/runs`: a list of `RunFacts`
 * - `/api/runs/NAME/FILE`: `model.safetensors`, `codes.safetensors`, `prior.safetensors`, `config.json`
 * - `/api/runs/NAME/log`: server-sent events. A message is an entry of the log as JSON; the event `current` says that
 *   all there was has been sent (and comes again in long silences, for a lost connection shows only in sending), and
 *   `restart` that what was sent no longer counts. A client that comes back with `Last-Event-ID`, as an EventSource
 *   does by itself, gets only what it has missed.
 */
export function createStudio(options: StudioOptions): Hono {
  const { runs, page = builtPage(), models = modelsFolder(), loopback = true, follow = {} } = options
  const { engine = engineFolder() } = options
  const app = new Hono()

  app.use(async (c, next) => {
    await next()
    for (const [name, value] of Object.entries(headers)) c.res.headers.set(name, value)
  })
  app.use(async (c, next) => {
    const { method } = c.req
    if (method !== 'GET' && method !== 'HEAD')
      return c.text(`the studio only reads: it answers GET and HEAD, not ${method}\n`, 405, {
        Allow: 'GET, HEAD',
      })
    if (loopback && !namesLoopback(c))
      return c.text('this studio answers only as localhost; see coppice studio --host\n', 403)
    await next()
  })
  // To this machine itself packing would take longer than sending.
  if (!loopback) app.use(compress())

  for (const name of engineFiles)
    app.get(`/assets/${name}`, async c => send(c, await inside(engine, join(engine, name)), 'ask'))

  app.get('/models/:file', async c => {
    const file = c.req.param('file')
    if (!/\.(safetensors|onnx|json)$/.test(file) || !isFileName(file)) return c.notFound()
    return send(c, await inside(models, join(models, file)), 'ask')
  })

  for (const path of ['/api/runs.json', '/api/runs'])
    app.get(path, async c => c.json(await runs.list(), 200, { 'Cache-Control': 'no-store' }))

  app.get('/api/runs/:name/log', async c => {
    const locate = await runs.log(c.req.param('name'))
    if (!locate) return c.notFound()
    if (c.req.method === 'HEAD') return c.body(null, 200, { 'Content-Type': 'text/event-stream' })
    return streamSSE(c, async stream => {
      const ended = new AbortController()
      stream.onAbort(() => ended.abort())
      const after = c.req.header('Last-Event-ID')
      for await (const part of followLog(locate, { ...follow, after, signal: ended.signal }))
        await stream.write(eventsOf(part))
    })
  })

  app.get('/api/runs/:name/:file', async c => {
    const { name, file } = c.req.param()
    const key = (Object.keys(servedFiles) as (keyof typeof servedFiles)[]).find(
      key => servedFiles[key] === file,
    )
    return key ? send(c, await runs.file(name, key), 'ask') : c.notFound()
  })

  app.get('*', async c => {
    // The bundler's names need no escapes; whatever has some is none of them.
    const names = c.req.path === '/' ? ['index.html'] : c.req.path.slice(1).split('/')
    if (!names.every(name => /^[\w.~@$+-]+$/.test(name) && isFileName(name))) return c.notFound()
    return send(c, await inside(page, join(page, ...names)), names[0] === 'assets' ? 'forever' : 'ask')
  })

  app.notFound(c => c.text(`there is nothing at ${c.req.path.slice(0, 200)}\n`, 404))
  app.onError((error, c) => c.text(`the studio could not answer: ${error.message}\n`, 500))
  return app
}

export interface ServeOptions extends Omit<StudioOptions, 'loopback'> {
  /** Address to listen on; default 127.0.0.1, which is reached from this machine alone. */
  host?: string
  /** Default: 4646, or the next that is free. 0: any that is free. */
  port?: number
}

export interface Served {
  /** With a slash at its end. */
  url: string
  port: number
  /** Ends every answer that is under way. */
  close(): Promise<void>
}

/** Serves the studio; throws where the page is not built, or where the address cannot be listened on. */
export async function serveStudio({ host = '127.0.0.1', port, ...options }: ServeOptions): Promise<Served> {
  const page = options.page ?? builtPage()
  await checkPage(page)
  const app = createStudio({ ...options, page, loopback: isLoopback(host) })
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as HttpServer
  const bound = await listen(server, host, port)
  return {
    url: `http://${hostInUrl(host)}:${bound}/`,
    port: bound,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Where `npm run build` puts the page, and where the package has it. */
export function builtPage(): string {
  return join(packageFolder('coppice'), 'dist', 'studio')
}

/** Throws where the page is not built. */
export async function checkPage(page: string): Promise<void> {
  if ((await kindOf(join(page, 'index.html'))) !== 'file')
    throw new Error(
      `the studio's page is not built: there is no ${join(page, 'index.html')}; run: npm run build`,
    )
}

type HttpServer = import('node:http').Server

function namesLoopback(c: Context): boolean {
  return [c.req.header('Host'), new URL(c.req.url).host].every(
    host => host === undefined || isLoopbackHost(host),
  )
}

async function send(c: Context, path: string | null, cache: 'ask' | 'forever'): Promise<Response> {
  return (path === null ? null : await sendFile(c, path, cache)) ?? c.notFound()
}

function eventsOf({ restarted, entries, current }: LogPart): string {
  const events = entries.map(({ entry, place }) => `id: ${place}\ndata: ${JSON.stringify(entry)}\n\n`)
  if (restarted) events.unshift('event: restart\ndata: restart\n\n')
  if (current) events.push('event: current\ndata: current\n\n')
  return events.join('')
}

const DEFAULT_PORT = 4646
const TRIED = 100

/** Listens, and gives the port. Only where none was asked for is another one taken. */
async function listen(server: HttpServer, host: string, wanted: number | undefined): Promise<number> {
  const first = wanted ?? DEFAULT_PORT
  for (let port = first; ; port++) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, () => {
          server.off('error', reject)
          resolve()
        })
      })
      return (server.address() as AddressInfo).port
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EADDRINUSE' && wanted === undefined && port < first + TRIED) continue
      throw cannotListen(host, port, error)
    }
  }
}

function cannotListen(host: string, port: number, error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException
  const reasons: Record<string, string> = {
    EADDRINUSE: 'something else listens there; give another --port, or none, and a free one is taken',
    EACCES: 'permission denied; ports from 1024 up are free for all',
    EADDRNOTAVAIL: 'this machine has no such address',
    ENOTFOUND: 'there is no machine of that name',
  }
  return new Error(`cannot listen on ${host}, port ${port}: ${(code && reasons[code]) ?? message}`, {
    cause: error,
  })
}

/** Every address of the machine is also this one. */
function hostInUrl(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
