// The script of every worker: it becomes what its name says. One script, so that what they share is loaded once.

import { expose } from 'comlink'

const apis = {
  'grow-points': async () => (await import('./grow-points.ts')).api,
  'grow-images': async () => (await import('./grow-images.ts')).api,
  'grow-run': async () => (await import('./grow-run.ts')).api,
  'grow-run-log': async () => (await import('./grow-run-log.ts')).api,
  walk: async () => (await import('./walk.ts')).api,
  steer: async () => (await import('./steer.ts')).api,
  compress: async () => (await import('./compress.ts')).api,
}

/** What a worker of each name can do. */
export type Apis = { [Name in keyof typeof apis]: Awaited<ReturnType<(typeof apis)[Name]>> }

// What the page asks for before that is there.
const early: MessageEvent[] = []
const keep = (event: MessageEvent) => early.push(event)
addEventListener('message', keep)

apis[self.name as keyof Apis]()
  .then(api => {
    removeEventListener('message', keep)
    expose(api)
    for (const { data, ports } of early)
      dispatchEvent(new MessageEvent('message', { data, ports: [...ports] }))
  })
  // As an error of the worker, which the page hears.
  .catch(reportError)
