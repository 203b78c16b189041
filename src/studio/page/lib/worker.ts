// Workers, where all computing is done: a room opens its own, and closes it when it is left for good.

import { type Remote, wrap } from 'comlink'
import type { Apis } from '../../workers/main.ts'

export interface Opened<T> {
  api: Remote<T>
  close(): void
}

/** @param onError  is told, in a sentence, that the worker could not be started, or has failed by itself */
export function openWorker<Name extends keyof Apis>(
  name: Name,
  onError: (sentence: string) => void,
): Opened<Apis[Name]> {
  const worker = new Worker(new URL('../../workers/main.ts', import.meta.url), { type: 'module', name })
  worker.onerror = () =>
    onError('The part that computes could not be started or has failed. Reload the page.')
  return { api: wrap<Apis[Name]>(worker), close: () => worker.terminate() }
}
