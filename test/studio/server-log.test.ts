/** A log that grows, as a reader of the server's events sees it. */

import { appendFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { followLog } from '../../src/studio/server/follow-log.ts'
import { createStudio, Runs, serveStudio } from '../../src/studio/server.ts'
import { type Folders, makeFolders } from './server-folders.ts'

let folders: Folders
let log: string
beforeAll(async () => {
  folders = await makeFolders()
  log = join(folders.runs, 'first', 'log.jsonl')
})
afterAll(() => folders.remove())

const entry = (step: number, more = '') => ({ type: 'step', step, loss: 1 / step, more })
const lines = (...steps: number[]) => steps.map(step => `${JSON.stringify(entry(step))}\n`).join('')

/** Looks every millisecond, so that no test waits. */
const follow = { every: 1 }

interface Event {
  event: string
  id?: string
  data: unknown
}

/** An open stream of events; `next` is one event, `until` all up to one of a kind. */
async function listen(after?: string) {
  const app = createStudio({ ...folders, runs: await Runs.open(folders.runs), follow })
  const headers = { Host: 'localhost', ...(after && { 'Last-Event-ID': after }) }
  const response = await app.request('/api/runs/first/log', { headers })
  expect(response.headers.get('Content-Type')).toBe('text/event-stream')
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const next = async (): Promise<Event> => {
    for (;;) {
      const end = text.indexOf('\n\n')
      if (end >= 0) {
        const event = readEvent(text.slice(0, end))
        text = text.slice(end + 2)
        return event
      }
      const { value, done } = await reader.read()
      if (done) throw new Error('the stream ended')
      text += value
    }
  }
  const until = async (kind: string): Promise<Event[]> => {
    const events = [await next()]
    while (events.at(-1)!.event !== kind) events.push(await next())
    return events
  }
  return { next, until, close: () => reader.cancel() }
}

function readEvent(text: string): Event {
  const fields = Object.fromEntries(text.split('\n').map(line => line.split(/: (.*)/s, 2)))
  const event = fields.event ?? 'message'
  return { event, id: fields.id, data: event === 'message' ? JSON.parse(fields.data) : fields.data }
}

const stepsOf = (events: Event[]) =>
  events.filter(({ event }) => event === 'message').map(({ data }) => (data as { step: number }).step)

describe('the events of a log', () => {
  test('are its entries, then those that are appended', async () => {
    await writeFile(log, lines(1, 2))
    const stream = await listen()
    const first = await stream.until('current')
    expect(first.map(({ event, data }) => [event, data])).toEqual([
      ['message', entry(1)],
      ['message', entry(2)],
      ['current', 'current'],
    ])
    await appendFile(log, lines(3))
    expect(stepsOf(await stream.until('current'))).toEqual([3])
    await appendFile(log, lines(4, 5))
    expect(stepsOf([await stream.next(), await stream.next()])).toEqual([4, 5])
    await stream.close()
  })

  test('leave half a line until the rest of it is there, and leave out what is no entry', async () => {
    const [whole, half] = [lines(1), lines(2)]
    await writeFile(log, whole + half.slice(0, 10))
    const stream = await listen()
    expect(stepsOf(await stream.until('current'))).toEqual([1])
    await appendFile(log, half.slice(10, -1))
    await appendFile(log, '\nno entry\n{"half": \n[]\n')
    await appendFile(log, lines(3))
    const messages: Event[] = []
    while (messages.length < 2) messages.push((await stream.until('message')).at(-1)!)
    expect(stepsOf(messages)).toEqual([2, 3])
    await stream.close()
  })

  test('begin with the run, where nothing is logged yet', async () => {
    await rm(log)
    const stream = await listen()
    expect(await stream.next()).toMatchObject({ event: 'current' })
    await writeFile(log, lines(1))
    expect(stepsOf([await stream.next()])).toEqual([1])
    await stream.close()
  })

  test('say so when a resumed run has cut the log back', async () => {
    await writeFile(log, lines(1, 2, 3))
    const stream = await listen()
    await stream.until('current')
    await replace(lines(1, 2))
    expect((await stream.next()).event).toBe('restart')
    expect(stepsOf(await stream.until('current'))).toEqual([1, 2])
    await stream.close()
  })

  test('go on after the last one that was received', async () => {
    await writeFile(log, lines(1, 2, 3))
    const before = await listen()
    const [one, two] = [await before.next(), await before.next()]
    await before.close()
    await appendFile(log, lines(4))
    for (const [last, rest] of [
      [one, [2, 3, 4]],
      [two, [3, 4]],
    ] as const) {
      const stream = await listen(last.id)
      const events = await stream.until('current')
      expect(stepsOf(events)).toEqual(rest)
      expect(events.some(({ event }) => event === 'restart')).toBe(false)
      await stream.close()
    }
    // Of another file, or no place at all: from the start.
    await replace(lines(7, 8))
    for (const [place, restarts] of [
      [two.id, true],
      ['nonsense', false],
    ] as const) {
      const stream = await listen(place)
      const events = await stream.until('current')
      expect(stepsOf(events)).toEqual([7, 8])
      expect(events[0].event === 'restart').toBe(restarts)
      await stream.close()
    }
  })

  test('end with the client, and with the server', async () => {
    await writeFile(log, lines(1))
    const runs = await Runs.open(folders.runs)
    let looks = 0
    vi.spyOn(runs, 'log').mockResolvedValue(async () => {
      looks++
      return log
    })
    const served = await serveStudio({ ...folders, port: 0, runs, follow })
    const leave = new AbortController()
    const address = `${served.url}api/runs/first/log`
    const [one, other] = await Promise.all([fetch(address, { signal: leave.signal }), fetch(address)])
    const [reader, rest] = [one.body!.getReader(), other.body!.getReader()]
    await Promise.all([reader.read(), rest.read()])
    leave.abort()
    await expect(reader.read()).rejects.toThrow('aborted')
    await served.close()
    await expect(rest.read()).rejects.toThrow()
    // Then no one looks at the file any more, as long as it takes to look about twenty times.
    await vi.waitFor(
      async () => {
        const before = looks
        await wait(20)
        expect(looks).toBe(before)
      },
      { interval: 1, timeout: 5000 },
    )
    expect(looks).toBeGreaterThan(1)
  })
})

test('entries come whole, once and in order, however the file is written', async () => {
  const path = join(folders.root, 'written.jsonl')
  const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }), { minLength: 1, maxLength: 12 })
  const cuts = fc.array(fc.nat(), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(texts, cuts, async (texts, cuts) => {
      const wanted = texts.map((text, i) => entry(i + 1, text))
      const bytes = Buffer.from(wanted.map(value => `${JSON.stringify(value)}\n`).join(''))
      const ends = [...cuts.map(cut => cut % bytes.length), bytes.length].sort((a, b) => a - b)
      await writeFile(path, bytes.subarray(0, ends[0]))
      const ended = new AbortController()
      const found: unknown[] = []
      let cut = 0
      for await (const { entries } of followLog(async () => path, {
        signal: ended.signal,
        every: 0,
        silence: 0,
      })) {
        found.push(...entries.map(({ entry }) => entry))
        if (++cut < ends.length) await appendFile(path, bytes.subarray(ends[cut - 1], ends[cut]))
        else if (found.length >= wanted.length) ended.abort()
      }
      expect(found).toEqual(wanted)
    }),
    { numRuns: 60, seed: 3 },
  )
})

test('a log of more than a megabyte comes in parts, of which the last alone is current', async () => {
  const path = join(folders.root, 'long.jsonl')
  const steps = Array.from({ length: 30_000 }, (_, i) => i + 1)
  await writeFile(path, lines(...steps))
  const ended = new AbortController()
  const found: number[] = []
  let parts = 0
  for await (const { entries, current } of followLog(async () => path, { signal: ended.signal })) {
    for (const { entry } of entries) found.push(entry.step)
    parts++
    if (current) ended.abort()
  }
  expect(found).toEqual(steps)
  expect(parts).toBe(2)
})

/** As a resumed run does: another file under the same name. */
async function replace(text: string) {
  await writeFile(`${log}.aside`, text)
  await rename(`${log}.aside`, log)
}
