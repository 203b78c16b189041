/** The runs in the room Grow: what a log tells, which there are, and what is said of one. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkRuns, isModel, modelOf } from '../../src/studio/page/lib/runs.ts'
import {
  endText,
  metricOf,
  progressText,
  skippedText,
  sorted,
  startText,
  testText,
  timeText,
  unreadableText,
  valueText,
} from '../../src/studio/page/rooms/grow/run-words.ts'
import { type RunFacts, Runs } from '../../src/studio/server.ts'
import { nothing, RunStory, readEntry } from '../../src/studio/workers/grow-run-story.ts'
import { families, type ModelName, modelNames } from '../../src/train/families.ts'
import type { LogEntry, StartEntry, StepEntry } from '../../src/train/log.ts'
import { train } from '../../src/train/run.ts'
import { quick, tinyData, tinyModel } from '../train/tiny.ts'
import { type Folders, makeFolders } from './server-folders.ts'

const start: StartEntry = {
  type: 'start',
  step: 0,
  time: '2026-01-01T00:00:00.000Z',
  coppice: '0.1.0',
  engine: 'onnxruntime-node 1.30.0',
  device: 'cpu',
  threads: 2,
  data: { name: 'discs', train: 60, test: 30, skipped: 0 },
}
const stepAt = (step: number, more: Partial<StepEntry> = {}): StepEntry => ({
  type: 'step',
  step,
  images: 4 * step,
  seconds: step / 2,
  progress: step / 1000,
  loss: 1 / step,
  metrics: { mse: 1 / step },
  norm: 1,
  rate: 0.001,
  copies: 2,
  ...more,
})
const evaluationAt = (step: number, mse: number): LogEntry => ({
  type: 'evaluation',
  step,
  images: 4 * step,
  seconds: step / 2,
  metrics: { mse },
  count: 30,
})
const endAt = (step: number): LogEntry => ({
  type: 'end',
  step,
  seconds: step / 2,
  time: start.time,
  reason: 'stopped',
})

function storyOf(...entries: object[]): RunStory {
  const story = new RunStory(({ mse }) => mse)
  for (const entry of entries) story.take(JSON.stringify(entry))
  return story
}

describe('a log tells', () => {
  test('every line that a training writes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'coppice-runs-'))
    const run = await train(tinyModel, tinyData(), { ...quick, out: join(folder, 'run') })
    await run.close()
    await rm(folder, { recursive: true })
    const { log } = run
    expect(log.map(entry => readEntry(JSON.stringify(entry)))).toEqual(log)
    const { told, losses, tests } = storyOf(...log)
    expect(told).toMatchObject({
      start: log[0],
      end: log.at(-1),
      step: 40,
      unreadable: 0,
      entries: log.length,
    })
    const steps = log.filter(entry => entry.type === 'step')
    expect(losses.columns).toEqual([steps.map(({ step }) => step), steps.map(({ loss }) => loss)])
    expect(told.copies).toBe(steps.reduce((sum, { copies }) => sum + copies, 0))
    const evaluations = log.filter(entry => entry.type === 'evaluation')
    expect(evaluations.length).toBeGreaterThan(0)
    expect(tests.columns[1]).toEqual(evaluations.map(({ metrics }) => metrics.mse))
  })

  test('splits of all sessions, and the speed of the last seconds of this one', () => {
    const story = storyOf(start, stepAt(1), stepAt(2), endAt(2))
    expect(story.told).toMatchObject({ copies: 4, speed: 8, end: { reason: 'stopped' } })
    story.take(JSON.stringify({ ...start, step: 2 }))
    expect(story.told).toMatchObject({ end: null, speed: null })
    // A pause between two sessions is no training: 400 images in ten seconds, and nothing of before.
    for (const step of [3, 4])
      story.take(JSON.stringify(stepAt(step, { images: 400 * step, seconds: 10 * step })))
    expect(story.told).toMatchObject({ copies: 8, speed: 40 })
    for (let step = 5; step < 60; step++)
      story.take(JSON.stringify(stepAt(step, { images: 5 * step, seconds: step })))
    expect(story.told.speed).toBeCloseTo(5, 10)
  })

  test('nothing any more when it was begun anew', () => {
    const story = storyOf(start, stepAt(1), evaluationAt(1, 0.5), { type: 'other' })
    story.clear()
    expect(story.told).toEqual(nothing)
    expect([...story.losses.columns, ...story.tests.columns]).toEqual([[], [], [], []])
    story.take(JSON.stringify(stepAt(1)))
    expect(story.losses.columns).toEqual([[1], [1]])
  })

  test('as many values as can be seen of the loss, however long it is, and every evaluation', () => {
    const entries = Array.from({ length: 20_000 }, (_, i) => stepAt(i + 1))
    const tests = entries.filter((_, i) => i % 500 === 499).map(({ step }) => evaluationAt(step, 1 / step))
    const story = storyOf(start, ...[...entries, ...tests].sort((a, b) => a.step - b.step))
    const [steps, losses] = story.losses.columns as number[][]
    expect(steps.length).toBeLessThan(1000)
    expect(steps.length).toBeGreaterThan(400)
    expect(losses).toEqual(steps.map(step => 1 / step))
    expect(story.tests.columns[0]).toEqual(tests.map(({ step }) => step))
    expect(story.told).toMatchObject({ step: 20_000, copies: 40_000 })
  })

  test('which lines it could not read, and the others', () => {
    const story = storyOf(start, { type: 'weather', step: 1 }, { ...stepAt(2), loss: null }, stepAt(3))
    for (const line of ['', '{"type": "st', '[]', 'null', '3', '{"type":"step","step":4}']) story.take(line)
    expect(story.told).toMatchObject({ entries: 2, unreadable: 8, step: 3 })
    expect(story.losses.columns[0]).toEqual([3])
  })

  test('an evaluation that is no number leaves the curve as it is', () => {
    const story = storyOf(evaluationAt(1, 0.5), evaluationAt(2, Number.NaN), evaluationAt(3, 0.25))
    expect(story.told.unreadable).toBe(0)
    expect(story.tests.columns).toEqual([
      [1, 3],
      [0.5, 0.25],
    ])
  })

  test('nothing that is no entry, whatever the line', () => {
    const value = fc.oneof(fc.constantFrom('start', 'step', 'evaluation', 'end', 'done'), fc.jsonValue())
    const entry = fc.record(
      { type: value, step: value, images: value, data: value, metrics: value, reason: value, loss: value },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          entry.map(object => JSON.stringify(object)),
        ),
        line => {
          const story = new RunStory(({ mse }) => mse)
          story.take(line)
          expect(story.told.entries + story.told.unreadable).toBe(1)
        },
      ),
      { seed: 5, numRuns: 300 },
    )
  })
})

describe('a list of runs', () => {
  let folders: Folders
  beforeEach(async () => {
    folders = await makeFolders()
  })
  afterEach(() => folders.remove())

  const facts = async (): Promise<RunFacts> => (await (await Runs.open(folders.runs)).list())[0]

  test('is taken as the server gives it', async () => {
    const listed = JSON.parse(JSON.stringify([await facts()]))
    expect(checkRuns(listed)).toEqual(listed)
    expect(isModel(listed[0])).toBe(true)
    expect(modelOf(listed[0])).toBe('run:first')
  })

  test('leaves out what is no run, and keeps one whose metric is no number', async () => {
    const run = await facts()
    const diverged = JSON.parse(JSON.stringify({ ...run, metrics: { mse: Number.NaN } }))
    const found = checkRuns([null, 3, { ...run, step: 'many' }, { ...run, name: '' }, diverged])
    expect(found).toEqual([{ ...run, metrics: { mse: Number.NaN } }])
    expect(testText(found[0])).toBe('–')
    expect(isModel({ ...run, family: 'classifier' })).toBe(false)
    expect(isModel({ ...run, files: { ...run.files, model: false } })).toBe(false)
  })

  test('has those that train first, then the newest, and without a date last', async () => {
    const run = await facts()
    const named = (name: string, created: string | null, training = false) => ({
      ...run,
      name,
      created,
      training,
    })
    const runs = [
      named('none', null),
      named('old', '2026-01-01T00:00:00.000Z'),
      named('b', '2026-03-01T00:00:00.000Z'),
      named('a', '2026-03-01T00:00:00.000Z'),
      named('trains', '2025-01-01T00:00:00.000Z', true),
    ]
    expect(sorted(runs).map(({ name }) => name)).toEqual(['trains', 'a', 'b', 'old', 'none'])
  })
})

describe('it is said', () => {
  test('by which metric a family is compared, as the families themselves have it', () => {
    for (const family of modelNames as readonly ModelName[]) {
      const [{ name, title, kind }] = families[family].metrics
      expect(metricOf(family, null)).toEqual({ name, title, share: kind === 'share' })
    }
    expect(metricOf('later', { beauty: 1 })).toEqual({ name: 'beauty', title: 'beauty', share: false })
    expect(metricOf('later', null)).toBeNull()
    expect(metricOf('constructor', null)).toBeNull()
  })

  test('how long it took, how much is done, and what came out', () => {
    expect([0, 42.4, 60, 200, 599, 3599, 3600, 7512].map(timeText)).toEqual([
      '0 s',
      '42 s',
      '1 min',
      '3.3 min',
      '10 min',
      '1 h 0 min',
      '1 h 0 min',
      '2 h 5 min',
    ])
    expect(progressText(0.25, 60, true)).toBe('25 %, about 3 min left')
    expect(progressText(0.25, 60, false)).toBe('25 %')
    expect(progressText(1, 60, true)).toBe('100 %')
    expect([0.05234, 1234.5, null, undefined, Number.NaN].map(value => valueText(value))).toEqual([
      '0.0523',
      '1230',
      '–',
      '–',
      '–',
    ])
    expect(valueText(0.9712, true)).toBe('97.1 %')
  })

  test('what it began with, and what it could not read', () => {
    expect(startText(start)).toBe(
      'Coppice 0.1.0 on onnxruntime-node 1.30.0 (cpu, 2 threads). discs: 60 images to learn from, 30 to test on.',
    )
    expect(skippedText(start)).toBe('')
    const skippedFiles = [{ file: 'a.png', reason: 'damaged' }]
    expect(skippedText({ ...start, data: { ...start.data, skipped: 2, skippedFiles } })).toBe(
      '2 files could not be read: a.png (damaged), 1 more.',
    )
    expect(unreadableText(0)).toBe('')
    expect(unreadableText(1)).toMatch(/^1 line of the log could not be read and is left out: /)
    expect(unreadableText(1200)).toMatch(/^1,200 lines of the log could not be read and are left out: /)
  })

  test('how it ended', () => {
    const end = { type: 'end', step: 1200, seconds: 90, time: start.time } as const
    expect(endText({ ...end, reason: 'done' })).toBe(
      'It is done: its budget is used up after 1,200 steps in 1.5 min.',
    )
    expect(endText({ ...end, reason: 'stopped' })).toMatch(/^It was stopped after 1,200 steps .* --resume/)
    expect(endText({ ...end, reason: 'diverged', message: 'step 1200: the loss is NaN.' })).toBe(
      'It diverged after 1,200 steps in 1.5 min: step 1200: the loss is NaN. What it kept before is intact.',
    )
  })
})
