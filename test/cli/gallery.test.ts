/** `coppice gallery`: every task of small runs, the commands on the page, and what is left out. */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode } from 'fast-png'
import { parseHTML } from 'linkedom'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { coppice } from './call.ts'
import { small, writeJudges, writePictures, writeRun } from './small-runs.ts'

let folder: string
let data: string
const at = (name: string) => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-gallery-'))
  data = await writePictures(at('pictures'))
  await writeRun(at('grey'), small, data)
  await writeRun(at('in colour'), { ...small, channels: 3 }, data)
  await writeRun(at('of classes'), { ...small, condition: { kind: 'class', classes: 2 } }, data)
  await writeRun(at('of averages'), { ...small, condition: { kind: 'low-res', size: 4 } }, data)
  await writeJudges(at('judges'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface Result {
  out: string
  tasks: { id: string; count: number; guideError: number; seconds: number; command: string }[]
  leftOut: { id: string; reason: string; todo: string[] }[]
  files: string[]
}

async function gallery(run: string, ...args: string[]) {
  const { code, stdout, stderr } = await coppice(
    'gallery',
    ...[at(run), '--out', at(`${run}.html`), '--count', '3', '--threads', '1', '--json', ...args],
  )
  return { code, stdout, stderr, json: (stdout ? JSON.parse(stdout) : {}) as Result }
}

/** The task's cells as PNG files, row by row. */
async function cellsOn(page: string, index: number): Promise<Buffer[][]> {
  const { document } = parseHTML(await readFile(page, 'utf8'))
  const article = [...document.querySelectorAll('article')][index]
  return [...article.querySelectorAll('.row')].map(row =>
    [...row.querySelectorAll('img')].map(image =>
      Buffer.from(image.getAttribute('src')!.split(',')[1], 'base64'),
    ),
  )
}

const judges = ['classes', 'likeness'].flatMap(name => ['--judge', name])
const withJudges = () => judges.map(word => (word.startsWith('--') ? word : at(`judges/${word}.json`)))

describe('of a run in colour, with judges of all kinds', () => {
  let result: Awaited<ReturnType<typeof gallery>>
  beforeAll(async () => {
    result = await gallery('in colour', ...withJudges(), '--text', 'owl', '--text', 'red owl', '--seed', '4')
  }, 60_000)

  test('leaves nothing out but what takes a condition', () => {
    const { code, json, stdout } = result
    expect(code).toBe(0)
    expect(stdout.trimEnd().split('\n')).toHaveLength(1)
    expect(json.leftOut).toEqual([])
    const ids = json.tasks.map(({ id }) => id)
    for (const id of [
      'colourise',
      'similar',
      'class',
      'certain',
      'text',
      'strokes',
      'several-class',
      'diversity',
    ])
      expect(ids).toContain(id)
    for (const { guideError, seconds } of json.tasks) {
      expect(guideError).toBeGreaterThanOrEqual(0)
      expect(seconds).toBeGreaterThan(0)
    }
  })

  test('says what it is at on standard error, a line for every task', () => {
    const lines = result.stderr.trimEnd().split('\n')
    expect(lines.filter(line => /^\d+ of \d+: .* …$/.test(line))).toHaveLength(result.json.tasks.length)
  })

  test('writes the page, and the strokes that its command reads', async () => {
    expect(result.json.files).toEqual([at('in colour.html'), at('in colour-strokes.png')])
    const { command } = result.json.tasks.find(({ id }) => id === 'strokes')!
    expect(command).toContain(`--overlay '${at('in colour-strokes.png')}'`)
    expect(decode(await readFile(at('in colour-strokes.png')))).toMatchObject({ width: 64, channels: 4 })
  })

  test('shows what its commands make', async () => {
    for (const [index, { id, command, count }] of result.json.tasks.entries()) {
      // One of each kind: by picture, by label, by chance, several at once.
      if (!['super-resolve', 'edges', 'class', 'text', 'strokes', 'several-class', 'diversity'].includes(id))
        continue
      const bare = command.match(/(?:'[^']*'|[^\s'])+/g)!.map(word => word.replaceAll("'", ''))
      expect(bare.slice(0, 3)).toEqual(['npx', 'coppice', 'edit'])
      const out = at(`again ${id}`)
      const { code, stderr } = await coppice(...bare.slice(2), '--out', out)
      expect(code, stderr).toBe(0)
      const made = (await readdir(out)).filter(name => /^\d/.test(name)).sort()
      const results = await Promise.all(
        made.map(async name => Array.from(decode(await readFile(join(out, name))).data)),
      )
      const each = Number(/--each (\d+)/.exec(command)?.[1] ?? 1)
      const rows = await cellsOn(at('in colour.html'), index)
      const shown = rows
        .map(row => row.map(png => Array.from(decode(png).data)))
        .find(row => row.length === count)!
      const columns = count / each
      // A column of the page is a picture, label or text, of which --each results follow each other.
      const columnwise = (i: number) => (each > 1 ? (i % columns) * each + Math.floor(i / columns) : i)
      expect(shown, id).toEqual(shown.map((_, i) => results[columnwise(i)]))
    }
  })
})

test('of a grey run with few pictures says what is missing, and what to run', async () => {
  await writePictures(at('few'), 20)
  const few = `idx:${at('few')}/images-idx3-ubyte`
  const { json, stderr } = await gallery('grey', '--data', few, '--count', '16')
  const columns = json.tasks.find(({ id }) => id === 'reconstruct')!.count
  expect(columns).toBeLessThan(16)
  expect(stderr).toContain(`${few} has ${columns} test images, so there are no more columns\n`)
  const missing = Object.fromEntries(json.leftOut.map(({ id, reason, todo }) => [id, { reason, todo }]))
  expect(Object.keys(missing).sort()).toEqual(
    ['certain', 'class', 'colourise', 'several-class', 'several-colour', 'similar', 'text'].sort(),
  )
  expect(missing.class.reason).toBe('No judge was given that tells classes.')
  expect(missing.class.todo[0]).toContain('coppice train --model classifier --data')
  expect(missing.text.todo).toEqual([])
  expect(missing.colourise.reason).toMatch(/^The network paints grey images/)
  expect(stderr).not.toContain('left out')
  const { document } = parseHTML(await readFile(at('grey.html'), 'utf8'))
  expect(document.querySelector('#left-out')).not.toBeNull()
})

test('of a conditional run tells it something, and shows what', async () => {
  for (const [run, own, label] of [
    ['of classes', 'told-classes', 'told'],
    ['of averages', 'told-other', 'told'],
  ]) {
    const { json, stderr, code } = await gallery(run, '--judge', at('judges/classes.json'))
    expect(code, stderr).toBe(0)
    const ids = json.tasks.map(({ id }) => id)
    for (const id of ['told', own, 'class', 'strokes', 'several-class']) expect(ids).toContain(id)
    expect(json.leftOut.map(({ id }) => id).sort()).toEqual([
      'colourise',
      'several-colour',
      'similar',
      'text',
    ])
    const { document } = parseHTML(await readFile(at(`${run}.html`), 'utf8'))
    for (const article of [...document.querySelectorAll('article')].slice(0, ids.length))
      expect(article.querySelector('.what')!.textContent).toBe(label)
  }
}, 60_000)

test('a task that fails is left out with its reason, and the others are shown', async () => {
  const { json, stderr } = await gallery('grey', '--judge', at('judges/nan.json'))
  const failed = json.leftOut.filter(({ reason }) => reason.includes('no number (NaN)'))
  expect(failed.map(({ id }) => id)).toEqual(['class', 'certain', 'several-class'])
  expect(stderr).toMatch(/^A class is left out: .*nan\.json answered image/m)
  expect(json.tasks.length).toBeGreaterThan(8)
})

test('a judge that is missing, or no run, is an error, and nothing is written', async () => {
  const out = ['--out', at('none.html')]
  const judge = await gallery('grey', '--judge', 'none.json', ...out)
  expect(judge.code).toBe(1)
  expect(judge.stderr).toMatch(
    /^there is no file none\.json, and none of that name among Coppice's own models/,
  )
  expect((await gallery('nowhere', ...out)).stderr).toMatch(/holds no run/)
  expect(await readdir(folder)).not.toContain('none.html')
})

test('Ctrl-C ends with 130 and leaves nothing', async () => {
  const before = process.listenerCount('SIGINT')
  const ended = gallery('grey', '--out', at('stopped.html'))
  while (process.listenerCount('SIGINT') === before) await new Promise(setImmediate)
  process.emit('SIGINT')
  const { stdout, stderr } = await ended
  try {
    expect(process.exitCode).toBe(130)
  } finally {
    process.exitCode = undefined
  }
  expect(stdout).toBe('')
  expect(stderr).toContain('Stopping.\n')
  expect((await readdir(folder)).filter(name => name.startsWith('stopped'))).toEqual([])
})
