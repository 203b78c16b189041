/** The runs that the studio shows, and what it says of them. */

import { readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createStudio, Runs } from '../../src/studio/server.ts'
import { writeSafetensors } from '../../src/train/safetensors.ts'
import { CREATED, type Folders, makeFolders, network, writeFiles, writeRunFolder } from './server-folders.ts'

let folders: Folders
beforeEach(async () => {
  folders = await makeFolders()
})
afterEach(() => folders.remove())

const start = { type: 'start', step: 0, time: CREATED }
const step = { type: 'step', step: 40, seconds: 3.5, loss: 1, metrics: { mse: 0.5 } }
const evaluation = { type: 'evaluation', step: 40, seconds: 3.5, metrics: { mse: 0.25 }, count: 300 }
const end = { type: 'end', step: 50, seconds: 4, time: CREATED, reason: 'stopped' }
const logged = (...entries: object[]) => entries.map(entry => `${JSON.stringify(entry)}\n`).join('')

async function listed(folder = folders.runs, named?: string) {
  return (await Runs.open(folder, named)).list()
}

describe('a run is described', () => {
  test('by its configuration and its log', async () => {
    await writeFile(join(folders.runs, 'first', 'log.jsonl'), logged(start, step, evaluation, end))
    expect(await listed()).toEqual([
      {
        name: 'first',
        family: 'ddn',
        data: 'digits',
        created: CREATED,
        step: 50,
        seconds: 4,
        progress: 0.5,
        metrics: { mse: 0.25 },
        size: 8,
        channels: 1,
        // Three choices of four.
        bits: 6,
        training: false,
        files: { model: true, codes: false, prior: false, config: true, log: true },
      },
    ])
  })

  test('before anything is logged or kept', async () => {
    await rm(join(folders.runs, 'first', 'model.safetensors'))
    expect((await listed())[0]).toMatchObject({
      step: 0,
      seconds: 0,
      progress: 0,
      metrics: null,
      files: { model: false },
    })
  })

  test('without bits, where its family has none', async () => {
    const config = { network: { model: 'classifier', size: 8, channels: 3, widths: [4] }, data: 'emoji' }
    await writeRunFolder(join(folders.runs, 'judge'), config)
    expect((await listed()).find(({ name }) => name === 'judge')).toMatchObject({
      family: 'classifier',
      bits: null,
      channels: 3,
    })
  })

  test('as in training while it is locked and writes', async () => {
    const [log, lock] = ['log.jsonl', 'lock'].map(name => join(folders.runs, 'first', name))
    const training = async () => (await listed())[0].training
    await writeFile(log, logged(start, step))
    expect(await training()).toBe(false)
    await writeFile(lock, '{}')
    expect(await training()).toBe(true)
    // Killed: the lock was left behind.
    for (const path of [log, lock]) await utimes(path, new Date(), new Date(Date.now() - 600_000))
    expect(await training()).toBe(false)
    await writeFile(log, logged(start, step, end))
    expect(await training()).toBe(false)
  })
})

describe('the list', () => {
  test('has the folders with a configuration that can be read, by name, and none that a link leads out to', async () => {
    await writeRunFolder(join(folders.runs, 'another'))
    await writeFiles(folders.runs, {
      'broken/config.json': '{"network":',
      'later/config.json': '{"network":{"model":"not yet known"}}',
      'a file': '',
      '.hidden/config.json': await readFile(join(folders.runs, 'first', 'config.json')),
    })
    expect((await listed()).map(({ name }) => name)).toEqual(['another', 'first'])
  })

  test('is empty where there is no such folder', async () => {
    expect(await listed(join(folders.root, 'none'))).toEqual([])
  })

  test('follows what happens in the folder', async () => {
    const runs = await Runs.open(folders.runs)
    expect(await runs.list()).toHaveLength(1)
    await writeRunFolder(join(folders.runs, 'second'))
    expect(await runs.list()).toHaveLength(2)
    await rm(join(folders.runs, 'first'), { recursive: true })
    expect((await runs.list()).map(({ name }) => name)).toEqual(['second'])
  })
})

describe('a run that was named', () => {
  test('is shown from wherever it is, first, and under a name of its own', async () => {
    const elsewhere = join(folders.root, 'elsewhere', 'first')
    await writeRunFolder(elsewhere, { network, data: 'emoji' })
    const runs = await Runs.open(folders.runs, elsewhere)
    expect(runs.name).toBe('first-2')
    expect((await runs.list()).map(({ name, data }) => [name, data])).toEqual([
      ['first-2', 'emoji'],
      ['first', 'digits'],
    ])
    expect(await runs.file('first-2', 'model')).toBe(join(elsewhere, 'model.safetensors'))
  })

  test('is not shown twice', async () => {
    const runs = await Runs.open(folders.runs, join(folders.runs, 'first'))
    expect(runs.name).toBe('first')
    expect(await runs.list()).toHaveLength(1)
  })

  test('may be a model by its file, with what lies beside it', async () => {
    const file = join(folders.root, 'alone', 'owls.safetensors')
    const { run: _, ...config } = JSON.parse(
      await readFile(join(folders.runs, 'first', 'config.json'), 'utf8'),
    )
    const metadata = {
      format: 'coppice-model-1',
      coppice: '0.1.0',
      step: '12',
      config: JSON.stringify(config),
    }
    await writeFiles(folders.root, {
      'alone/owls.safetensors': writeSafetensors(new Map(), metadata),
      'alone/owls.codes.safetensors': 'codes',
    })
    const runs = await Runs.open(folders.runs, file)
    expect((await runs.list())[0]).toMatchObject({
      name: 'owls',
      step: 12,
      bits: 6,
      created: null,
      metrics: null,
      files: { model: true, codes: true, prior: false, config: false, log: false },
    })
    const app = createStudio({ ...folders, runs })
    const status = async (path: string) =>
      (await app.request(`/api/runs/owls/${path}`, { method: 'HEAD', headers: { Host: 'localhost' } })).status
    expect(await status('model.safetensors')).toBe(200)
    expect(await status('codes.safetensors')).toBe(200)
    expect(await status('prior.safetensors')).toBe(404)
    expect(await status('log')).toBe(404)
  })

  test('must be one', async () => {
    const wrong = (name: string) => Runs.open(folders.runs, join(folders.root, name))
    await expect(wrong('none')).rejects.toThrow(/^no such run: .*none$/)
    await expect(wrong('models')).rejects.toThrow(/models holds no run: there is no config\.json in it$/)
    await expect(wrong('models/digits.safetensors')).rejects.toThrow(/digits\.safetensors/)
  })
})
