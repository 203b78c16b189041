/** The examples, run as they stand with small budgets. */

import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { decodePngText } from '../../src/report/png.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-examples-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Runs an example and returns what it prints; it must print nothing to standard error. */
function example(name: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', `examples/${name}.ts`, ...args],
    { cwd: new URL('../..', import.meta.url), encoding: 'utf8' },
  )
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return stdout
}

test('train and sample, then look at codes', { timeout: 300_000 }, async () => {
  const run = join(folder, 'run')
  expect(example('train-and-sample', '0.02', run)).toMatch(
    /test MSE 0?\.?\d+.* after \d+ steps: \d+ bits an image/,
  )
  expect(decodePngText(await readFile(join(run, 'example.png')))).toEqual({ seed: '7' })
  const told = example('codes', run)
  expect(told).toMatch(/^the first test image, a 7, is \d+ /)
  expect(told).toContain(`one changed choice each, from the first layer to the last: ${run}/changed.png`)
  expect(decodePngText(await readFile(join(run, 'changed.png'))).codes).toMatch(/^\d+( \d+)+$/)
})

test("a guide of one's own: its results please it more than others", { timeout: 120_000 }, async () => {
  const file = join(folder, 'symmetric.png')
  const [, guided, free] = /^fault (\S+) guided, (\S+) free/.exec(example('custom-guide', 'digits', file))!
  expect(Number(guided)).toBeLessThan(Number(free) / 4)
  expect(decodePngText(await readFile(file)).guide).toBe('symmetric')
})

test('an ONNX model as a judge, together with a mask', { timeout: 120_000 }, async () => {
  const file = join(folder, 'guided.png')
  const told = example('onnx-guide', 'digits', '9', file)
  expect(Number(/^class.*: mean error (\S+)/.exec(told)![1])).toBeLessThan(0.5)
  expect(Number(/inpaint: mean error (\S+)/.exec(told)![1])).toBeLessThan(0.1)
  expect(decodePngText(await readFile(file)).label).toBe('9')
})

test('the density experiment', { timeout: 120_000 }, async () => {
  const file = join(folder, 'd.gif')
  expect(example('density', 'blurs', '100', file)).toMatch(
    /^KL \d+\.\d\d with Split-and-Prune, \d+\.\d\d without/,
  )
  expect((await readFile(file)).subarray(0, 6).toString()).toBe('GIF89a')
})
