/** Calling the command: in this process, or in one of its own that can be killed. */

import { type ChildProcess, spawn } from 'node:child_process'
import { vi } from 'vitest'
import { run } from '../../src/cli/program.ts'

export interface Outcome {
  code: number | null
  stdout: string
  stderr: string
  /** The last line of standard output, read as JSON. */
  readonly json: Record<string, unknown>
}

/** The smallest training that the command allows: 32×32 images, 2 choices of 4. */
export const tinyFlags = [
  '--set',
  'network.stages=[{"grid":4,"patch":8,"layers":2,"width":8,"K":4}]',
  ...['--batch', '4', '--threads', '1', '--evaluate', '100', '--no-report'],
]

/** Runs a command here; standard output is no terminal. */
export async function coppice(...args: string[]): Promise<Outcome> {
  const written = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map(name =>
    vi.spyOn(process[name], 'write').mockImplementation(text => {
      written[name] += text
      return true
    }),
  )
  try {
    const code = await run(args)
    return outcome(code, written.stdout, written.stderr)
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}

/** Runs a command in a process of its own. */
export function coppiceProcess(...args: string[]): { child: ChildProcess; end: Promise<Outcome> } {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], {
    cwd: new URL('../..', import.meta.url),
  })
  const written = { stdout: '', stderr: '' }
  child.stdout.on('data', data => (written.stdout += data))
  child.stderr.on('data', data => (written.stderr += data))
  const end = new Promise<Outcome>(resolve =>
    child.on('close', code => resolve(outcome(code, written.stdout, written.stderr))),
  )
  return { child, end }
}

function outcome(code: number | null, stdout: string, stderr: string): Outcome {
  return {
    code,
    stdout,
    stderr,
    get json() {
      return JSON.parse(stdout.trimEnd().split('\n').at(-1)!)
    },
  }
}
