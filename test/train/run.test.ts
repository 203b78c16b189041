/** Run folders: what they hold, and going on where they were left. */

import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseLog } from '../../src/train/log.ts'
import { resolveConfig } from '../../src/train/resolve.ts'
import { type FolderOptions, openRun, readConfig, train } from '../../src/train/run.ts'
import { readSafetensors } from '../../src/train/safetensors.ts'
import { DivergenceError, VECTORS } from '../../src/train/trainer.ts'
import { quick, tinyData, tinyModel } from './tiny.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-run-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Trains into a folder and closes the run. */
async function trained(name: string, options: FolderOptions = {}) {
  const out = join(folder, name)
  const run = await train(tinyModel, tinyData(), { ...quick, ...options, out })
  await run.close()
  return run
}

const read = (name: string, file: string) => readFile(join(folder, name, file))
const log = async (name: string) => parseLog((await read(name, 'log.jsonl')).toString())
const vectors = async (name: string) => {
  const { tensors } = readSafetensors(await read(name, 'state.safetensors'))
  return VECTORS.map(vector => tensors.get(vector)!.data)
}

describe('a run folder', () => {
  beforeAll(() => trained('whole'))

  test('holds the configuration, the log, the model and the state, and no lock', async () => {
    expect((await readdir(join(folder, 'whole'))).sort()).toEqual([
      'config.json',
      'log.jsonl',
      'model.safetensors',
      'state.safetensors',
    ])
  })

  test('its configuration is valid, whole, and says what made it', async () => {
    const { run, ...config } = JSON.parse((await read('whole', 'config.json')).toString())
    expect(resolveConfig(config)).toEqual(config)
    expect(run).toMatchObject({ coppice: '0.1.0', engine: expect.stringMatching(/^onnxruntime-node \d/) })
    expect(new Date(run.created).toISOString()).toBe(run.created)
  })

  test('its model is named tensors with the configuration, which open as the run does', async () => {
    const { tensors, metadata } = readSafetensors(await read('whole', 'model.safetensors'))
    const run = await openRun(join(folder, 'whole'), { threads: 1 })
    expect([...tensors.keys()].sort()).toEqual(run.model.layout.specs.map(({ name }) => name).sort())
    expect(JSON.parse(metadata.config)).toEqual(run.config)
    expect(run).toMatchObject({ step: 40, images: 160, progress: 1 })
    expect(run.testMse).toBeGreaterThan(0)
    expect(await run.sample({ count: 3, seed: 7 })).toHaveLength(3 * 64)
    await run.close()
  })

  test('its log has the start, steps, the evaluation and the end', async () => {
    const types = (await log('whole')).map(({ type }) => type)
    expect(types[0]).toBe('start')
    expect(types.slice(-2)).toEqual(['evaluation', 'end'])
    expect(types.filter(type => type === 'step').length).toBeGreaterThanOrEqual(11)
  })

  test('is not trained into twice', async () => {
    await expect(trained('whole')).rejects.toThrow('already holds a run; resume it, or give another folder')
  })

  test('that is none is said to be none', async () => {
    await expect(openRun(folder)).rejects.toThrow('holds no run: there is no config.json in it')
    expect(await readConfig(folder)).toBeNull()
  })
})

describe('a run that goes on', () => {
  beforeAll(async () => {
    await trained('straight')
    await trained('resumed', { stopAt: 20 })
  })

  test('ends with the same bytes as one that was never interrupted', async () => {
    expect((await openRun(join(folder, 'resumed'))).step).toBe(20)
    await trained('resumed', { resume: true })
    expect(await read('resumed', 'model.safetensors')).toEqual(await read('straight', 'model.safetensors'))
    expect(await vectors('resumed')).toEqual(await vectors('straight'))
    const [straight, resumed] = [await log('straight'), await log('resumed')]
    const evaluation = (entries: typeof straight) => entries.find(entry => entry.type === 'evaluation')
    expect({ ...evaluation(resumed), seconds: 0 }).toEqual({ ...evaluation(straight), seconds: 0 })
    expect(resumed.filter(({ type }) => type === 'start').map(({ step }) => step)).toEqual([0, 20])
  })

  test('has nothing left to do when it is done, and can then be given more to do', async () => {
    const before = await read('straight', 'model.safetensors')
    const again = await trained('straight', { resume: true })
    expect(again.step).toBe(40)
    expect(await read('straight', 'model.safetensors')).toEqual(before)
    const longer = await trained('straight', { resume: true, steps: 45 })
    expect(longer.step).toBe(45)
    expect((await readConfig(join(folder, 'straight')))!.config.budget).toEqual({ steps: 45 })
  })

  test('loses the log entries after its checkpoint, and a line cut short', async () => {
    await trained('torn', { stopAt: 20 })
    const path = join(folder, 'torn', 'log.jsonl')
    await appendFile(path, `${JSON.stringify({ type: 'step', step: 21, loss: 1 })}\n{"type":"st`)
    await trained('torn', { resume: true })
    const steps = (await log('torn')).filter(({ type }) => type === 'step').map(({ step }) => step)
    expect(steps).toEqual([...steps].sort((a, b) => a - b))
    expect(new Set(steps).size).toBe(steps.length)
    expect((await read('torn', 'log.jsonl')).toString()).not.toContain('"st{')
  })

  test('starts anew where a kill came before the first checkpoint', async () => {
    await trained('young', { stopAt: 3 })
    for (const file of ['state.safetensors', 'model.safetensors']) await rm(join(folder, 'young', file))
    await expect(openRun(join(folder, 'young'))).rejects.toThrow('has no weights yet')
    await trained('young', { resume: true })
    await trained('fresh')
    expect(await read('young', 'model.safetensors')).toEqual(await read('fresh', 'model.safetensors'))
  })

  test('writes the model of its state where a kill came between the two', async () => {
    await trained('between', { stopAt: 10 })
    const older = await read('between', 'model.safetensors')
    await trained('between', { resume: true, stopAt: 20 })
    await writeFile(join(folder, 'between', 'model.safetensors'), older)
    await trained('between', { resume: true, stopAt: 20 })
    expect((await openRun(join(folder, 'between'))).step).toBe(20)
  })

  test('refuses a state that is broken, and keeps it', async () => {
    await trained('broken', { stopAt: 5 })
    const path = join(folder, 'broken', 'state.safetensors')
    await writeFile(path, (await readFile(path)).subarray(0, 1000))
    await expect(trained('broken', { resume: true })).rejects.toThrow(/state\.safetensors: /)
    expect((await stat(path)).size).toBe(1000)
  })

  test('refuses to become another run', async () => {
    await expect(trained('resumed', { resume: true, seed: 5 })).rejects.toThrow('seed cannot change')
  })
})

test('a run that diverges keeps its last good checkpoint and says so', async () => {
  await trained('wild', { stopAt: 10 })
  const before = await read('wild', 'state.safetensors')
  const error = await trained('wild', { resume: true, rate: 1e38, optimiser: { warmup: 0 } }).catch(
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(DivergenceError)
  expect((error as Error).message).toMatch(/layer \d is .* The checkpoint of step 10 is intact\.$/)
  const after = readSafetensors(await read('wild', 'state.safetensors'))
  expect(after.tensors).toEqual(readSafetensors(before).tensors)
  expect((await log('wild')).at(-1)).toMatchObject({ type: 'end', reason: 'diverged' })
  // At a sensible rate it goes on.
  expect((await trained('wild', { resume: true })).step).toBe(40)
})

test('two trainings do not write to one folder', async () => {
  const first = trained('shared', { steps: 400 })
  await expect(
    (async () => {
      // Until the first has taken the lock.
      while (!(await readdir(join(folder, 'shared')).catch(() => [] as string[])).includes('lock'))
        await new Promise(resolve => setTimeout(resolve, 1))
      return trained('shared', { resume: true })
    })(),
  ).rejects.toThrow(`process ${process.pid} is writing to this run`)
  await first
})
