/** The progress line: in place on a terminal, never wider than it, and plain lines elsewhere. */

import { expect, test } from 'vitest'
import { Progress } from '../../src/cli/progress.ts'
import { families } from '../../src/train/families.ts'
import type { EvaluationEntry } from '../../src/train/log.ts'
import type { StepReport } from '../../src/train/trainer.ts'

const steps = 1000
const [mse] = families.ddn.metrics
const [accuracy] = families.classifier.metrics
const report = (step: number): StepReport => ({
  step,
  images: step * 64,
  seconds: step / 4,
  progress: step / steps,
  loss: 0.5 / step,
  losses: Float32Array.of(0.5 / step),
  metrics: {},
  norm: 1,
  rate: 1e-3,
  copies: [],
})

/** 250 ms a step, an evaluation after step 10. */
function show(
  stream: { isTTY?: boolean; columns?: number },
  last = steps,
  metric = mse,
  value = 0.01234,
): string[] {
  const writes: string[] = []
  let now = 0
  const progress = new Progress({ ...stream, write: text => writes.push(text) }, metric, () => now)
  progress.status('Loading digits …')
  for (let step = 1; step <= last; step++) {
    now += 250
    progress.step(report(step))
    if (step === 10) progress.evaluation({ metrics: { [metric.name]: value } } as unknown as EvaluationEntry)
  }
  progress.end()
  return writes
}

test('on a terminal every write goes over the one before it, and the last takes it away', () => {
  const writes = show({ isTTY: true, columns: 100 })
  for (const text of writes) {
    expect([text[0], text.slice(-3)]).toEqual(['\r', '\x1b[K'])
    expect(text.slice(1, -3)).not.toMatch(/[\r\n]/)
  }
  expect(writes.at(-1)).toBe('\r\x1b[K')
  expect(writes.at(-2)).toContain('100%  step 1,000  loss')
})

test('it tells percent, step, loss, test MSE, images per second and time left', () => {
  const line = show({ isTTY: true, columns: 120 }, 500).at(-2)!
  expect(line).toContain(' 50%  step 500  loss 0.001')
  expect(line).toContain('test MSE 0.0123  256 images/s  2:05 left')
  expect(line).toContain('████████░░░░░░░░')
})

test("it tells the family's own metric, shares in percent", () => {
  const line = show({ isTTY: true, columns: 120 }, 500, accuracy, 0.99312).at(-2)!
  expect(line).toContain('test accuracy 99.31 %  256 images/s')
})

test('it fits every width, and keeps percent and step longest', () => {
  for (let columns = 12; columns <= 140; columns++) {
    for (const text of show({ isTTY: true, columns }, 40))
      expect(text.replace('\r', '').replace('\x1b[K', '').length).toBeLessThan(columns)
  }
  expect(show({ isTTY: true, columns: 30 }, 40).at(-2)).toMatch(/ {2}4%.*left/)
})

test('it is drawn no more often than one can see', () => {
  let now = 0
  const writes: string[] = []
  const progress = new Progress({ isTTY: true, write: text => writes.push(text) }, mse, () => now)
  for (let step = 1; step <= 1000; step++) {
    now += 1
    progress.step(report(step))
  }
  expect(writes.length).toBeLessThan(12)
})

test('elsewhere there are plain lines, ever rarer', () => {
  const writes = show({})
  for (const text of writes) {
    expect(text).toMatch(/^[^\r\n]*\n$/)
    expect(text).not.toContain('\x1b')
  }
  // 250 seconds: at once, then after 2, 4, 8 … 128.
  expect(writes.length).toBeGreaterThan(5)
  expect(writes.length).toBeLessThan(15)
  expect(writes[0]).toBe('Loading digits …\n')
  expect(writes.at(-1)).toMatch(
    /^ *\d+% {2}step [\d,]+ {2}loss \S+ {2}test MSE 0\.0123 {2}256 images\/s {2}\d+:\d\d left\n$/,
  )
})

test('a note stays above the line', () => {
  const writes: string[] = []
  const progress = new Progress({ isTTY: true, columns: 80, write: text => writes.push(text) }, mse, () => 0)
  progress.status('Loading …')
  progress.note('skipped broken.png: no image')
  expect(writes.at(-1)).toBe('\rskipped broken.png: no image\x1b[K\nLoading …')
})
