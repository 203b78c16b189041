/** Ctrl-C: saves and ends; the second one ends at once. */

import type { ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { onInterrupt } from '../../src/cli/interrupt.ts'
import { parseLog } from '../../src/train/log.ts'
import { openRun } from '../../src/train/run.ts'
import { coppice, coppiceProcess, tinyFlags } from './call.ts'

const before = process.listenerCount('SIGINT')
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-interrupt-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Steps without end, until a step is reported. */
async function training(out: string) {
  const started = coppiceProcess('train', '--steps', '100000000', '--out', out, ...tinyFlags)
  await Promise.race([stepsOf(started.child), started.end])
  return started
}

const stepsOf = (child: ChildProcess) =>
  new Promise<void>(resolve => {
    child.stdout!.on('data', data => String(data).includes('step ') && resolve())
  })

test('Ctrl-C ends with 130 after saving, says how to go on, and that goes on', async () => {
  const out = join(folder, 'once')
  const { child, end } = await training(out)
  child.kill('SIGINT')
  const { code, stdout, stderr } = await end
  expect(stderr).toBe('')
  expect(code).toBe(130)
  expect(stdout).toContain('Stopping after this step; once more to stop at once.')
  expect(stdout).toContain(`coppice train --resume ${out}`)
  const { step } = await openRun(out)
  expect(step).toBeGreaterThan(0)
  expect(parseLog(await readFile(join(out, 'log.jsonl'), 'utf8')).at(-1)).toMatchObject({
    type: 'end',
    step,
    reason: 'stopped',
  })
  const resumed = await coppice(
    'train',
    '--resume',
    out,
    '--stop-at',
    String(step + 1),
    '--threads',
    '1',
    '--json',
  )
  expect(resumed.json).toMatchObject({ steps: step + 1 })
}, 120_000)

test('SIGTERM saves as well and ends with 143', async () => {
  const out = join(folder, 'term')
  const { child, end } = await training(out)
  child.kill('SIGTERM')
  expect((await end).code).toBe(143)
  expect((await openRun(out)).step).toBeGreaterThan(0)
}, 120_000)

test('the first signal asks, the second ends at once with its own code', () => {
  const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never)
  const notice = vi.fn()
  const interrupt = onInterrupt(notice)
  try {
    expect([interrupt.signal.aborted, interrupt.code]).toEqual([false, 0])
    process.emit('SIGINT')
    expect([interrupt.signal.aborted, interrupt.code]).toEqual([true, 130])
    expect(notice).toHaveBeenCalledTimes(1)
    expect(exit).not.toHaveBeenCalled()
    process.emit('SIGTERM')
    expect(exit).toHaveBeenCalledWith(143)
    expect(notice).toHaveBeenCalledTimes(1)
  } finally {
    interrupt.dispose()
    exit.mockRestore()
  }
  expect(process.listenerCount('SIGINT')).toBe(before)
})
