// Workers, where all computing is done: a room opens its own, and closes it when it is left for good.

import { type Remote, wrap } from 'comlink'

export interface Opened<T> {
  api: Remote<T>
  close(): void
}

/** Wraps a worker, made by the caller so that the bundler sees its address: `new Worker(new URL(…, import.meta.url), { type: 'module' })`. */
export function opened<T>(worker: Worker): Opened<T> {
  return { api: wrap<T>(worker), close: () => worker.terminate() }
}
