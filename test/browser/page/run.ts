// What a page and its worker do for a test: run one body of the suite, and tell what it took place on.

import { input, mul } from '../../../src/graph/index.ts'
import { compile, type RuntimeOptions } from '../../../src/runtime/index.ts'
import { bodies } from '../../runtime/suite.ts'

export interface Report {
  notices: string[]
  /** Where the options led. */
  device: string
  threads: number
}

/** A body by its name; without a name only the options are tried. */
export async function run(name: string | undefined, options: RuntimeOptions): Promise<Report> {
  const notices: string[] = []
  const x = input('x', [1])
  const step = await compile(
    { outputs: { y: mul(x, 2) } },
    { ...options, onNotice: text => notices.push(text) },
  )
  const { y } = await step.run({ x: { data: Float32Array.of(21), shape: [1] } })
  if (y[0] !== 42) throw new Error(`2 · 21 = ${y[0]}`)
  await step.close()
  if (name) await bodies[name](options)
  return { notices, device: step.device, threads: step.threads }
}
