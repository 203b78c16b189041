// The page of the benchmarks: what Playwright calls is on `window.bench`.

import { wrap } from 'comlink'
import { TfjsPeer } from './tfjs-peer.ts'
import type { WorkerApi } from './worker.ts'

const bench = {
  coppice: wrap<WorkerApi>(new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })),
  openTfjs: TfjsPeer.open,
  tfjs: null as TfjsPeer | null,
}
export type Bench = typeof bench
Object.assign(window, { bench })
