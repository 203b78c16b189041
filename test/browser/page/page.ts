// The page under test: what Playwright calls is on `window.coppice`.

import type { RuntimeOptions } from '../../../src/runtime/index.ts'
import { threes } from './models.ts'
import { type Report, run } from './run.ts'

/** The same in a worker that is ended afterwards. */
function runInWorker(name: string | undefined, options: RuntimeOptions): Promise<Report> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  return new Promise<Report>((resolve, reject) => {
    worker.onmessage = ({ data }) => (data.report ? resolve(data.report) : reject(new Error(data.error)))
    worker.onerror = event => reject(new Error(event.message))
    worker.postMessage({ name, options })
  }).finally(() => worker.terminate())
}

const coppice = { run, runInWorker, threes }
export type Coppice = typeof coppice
Object.assign(window, { coppice })
