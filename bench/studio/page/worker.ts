// Coppice in a worker, as the studio has it.

import { expose } from 'comlink'
import { Subject } from '../subject.ts'

let subject: Subject

const api = {
  async open(threads: number): Promise<string> {
    const sheet = new Uint8Array(await (await fetch('../data/digits.png')).arrayBuffer())
    subject = await Subject.open(sheet, { device: 'wasm', threads })
    return subject.engine
  },
  train: (steps: number) => subject.train(steps),
  freeze: () => subject.freeze(),
  encode: (times: number) => subject.encode(times),
}
export type WorkerApi = typeof api
expose(api)
