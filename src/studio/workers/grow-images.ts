// The worker of Grow's images: a training that plays, and tells the page what there is to see.

import { transfer } from 'comlink'
import { zip } from 'fflate'
import { type Dataset, spread, subset } from '../../data/dataset.ts'
import type { ConfigOf } from '../../train/families.ts'
import { openModelFile } from '../../train/model-file.ts'
import { DivergenceError } from '../../train/trainer.ts'
import { readSheet } from '../sheet.ts'
import { breath } from './breath.ts'
import { readRun } from './grow-file.ts'
import { continuedConfig, freshConfig, type GrowSettings, settingsOf } from './grow-network.ts'
import { type Given, readPictures, skippedText } from './grow-pictures.ts'
import { pngWithRecipe } from './grow-recipe.ts'
import { DRAWN, type Facts, GrowSession, REBUILT, type Split, type Use } from './grow-session.ts'
import { type Sheet, sheetOf, sheetOfBytes } from './grow-sheet.ts'
import { addressOf, fetchBytes } from './models.ts'

/** What is told while something is done. */
export type Told =
  | { type: 'stage'; text: string }
  | { type: 'notice'; text: string }
  | ({ type: 'data' } & DataTold)
  | ({ type: 'steps' } & StepsTold)
  | ({ type: 'shown' } & ShownTold)
  /** It plays no more. */
  | { type: 'stopped'; error: string }

export interface DataTold {
  own: boolean
  count: number
  heldOut: number
  /** What could not be read, in words. */
  skipped: string
  sheet: Sheet
  /** The held-out images that are rebuilt. */
  held: Sheet
}

export interface StepsTold {
  step: number
  /** Images seen. */
  images: number
  /** Images a second, lately, the showing included. */
  speed: number
  /** Mean over the steps since it was last told. */
  loss: number
  use: Use
  /** Since then. */
  splits: Split[]
}

export interface ShownTold {
  step: number
  drawn: Sheet
  rebuilt: Sheet
  /** Mean squared error on held-out images. */
  heldOut: number
}

/** What is learned from: what is there already, the digits, or the visitor's pictures. */
export type Source = 'same' | 'digits' | Given[]

export interface Begun {
  facts: Facts
  settings: GrowSettings
}

type DdnRunConfig = ConfigOf<'ddn'>

/** Images in a row. */
const across = 8
/** Milliseconds between two tellings of numbers, and of pictures. */
const NUMBERS = 120
const PICTURES = 400

let page = ''
let tell: (told: Told) => void = () => {}
let data: Data | null = null
let session: GrowSession | null = null
let playing = false
/** Counts how often it began to play: a loop that ends late must not become a second one. */
let plays = 0
/** Counts what was begun, so that only the last of several beginnings is gone through with. */
let beginnings = 0
let reading: AbortController | null = null
let last: Promise<unknown> = Promise.resolve()
/** Since numbers were last told. */
let since = { at: 0, steps: 0, loss: 0, splits: [] as Split[] }
let shownAt = 0
let showCost = 0

export const api = {
  /** @param address  of the page, for what is fetched */
  listen(address: string, on: (told: Told) => void) {
    page = address
    tell = on
  },

  /** Begins anew; null where another beginning has overtaken it. Where it fails, what was there stays. */
  begin(source: Source, settings: GrowSettings, from: 'nothing' | 'shipped'): Promise<Begun | null> {
    return inTurn(async () => {
      const data = await dataOf(source)
      const { set, own } = data
      const open = (config: DdnRunConfig, weights?: Float32Array) =>
        GrowSession.begin(config, set, own, runtime(), weights)
      if (from === 'nothing')
        return { data, session: await open(freshConfig(set.channels, set.name, settings)) }
      const { config, weights } = await shipped(own ? 'emoji' : 'digits')
      return { data, session: await open(continuedConfig(config, set.name, settings), weights) }
    })
  },

  /** Goes on with a saved run. */
  load(bytes: Uint8Array, file: string): Promise<Begun | null> {
    return inTurn(async () => {
      const run = readRun(bytes, file)
      const data = run.pictures ? { set: run.pictures, own: true } : await dataOf('digits')
      if (!session) tellData(data)
      return { data, session: await GrowSession.resume(run, data.set, runtime()) }
    })
  },

  /** No more pictures are read; those that were being read are forgotten. */
  stopReading() {
    reading?.abort(new Error('stopped: the pictures were not read'))
  },

  play() {
    if (playing || !session) return
    playing = true
    since = { at: performance.now(), steps: 0, loss: 0, splits: [] }
    void run(++plays)
  },

  async pause() {
    playing = false
    await exclusive(async () => {
      if (!session) return
      tellSteps()
      await show()
    })
  },

  /** One step, shown. */
  async one() {
    playing = false
    await exclusive(async () => {
      if (!session || !(await step())) return
      tellSteps()
      await show()
    })
  },

  adjust(settings: GrowSettings): Promise<void> {
    return exclusive(async () => session?.adjust(settings))
  },

  save: () => exclusive(async () => owned(await begun().save())),
  weights: () => exclusive(async () => owned(await begun().weights())),

  /** The ONNX models and what they need, as one zip file. */
  onnx: (name: string) =>
    exclusive(async () => {
      const files = await begun().export(name)
      const encoder = new TextEncoder()
      const bytes = Array.from(files, ([file, content]) => [
        `${name}/${file}`,
        typeof content === 'string' ? encoder.encode(content) : content,
      ])
      const zipped = await new Promise<Uint8Array>((resolve, reject) => {
        zip(Object.fromEntries(bytes), { level: 6, consume: true }, (error, result) =>
          error ? reject(error) : resolve(result),
        )
      })
      return owned(zipped)
    }),

  png: pngWithRecipe,
}

export type ImagesApi = typeof api

/** Steps until it is paused. */
async function run(play: number) {
  while (playing && play === plays) {
    await exclusive(async () => {
      if (!playing || !(await step())) return
      const now = performance.now()
      if (now - since.at >= NUMBERS) tellSteps()
      // Seeing must not cost much more than a fifth of the time.
      if (now - shownAt >= Math.max(PICTURES, 5 * showCost)) await show()
    })
    await breath()
  }
}

/** Whether a step was done; where it was not, the page is told why, and it plays no more. */
async function step(): Promise<boolean> {
  try {
    const { loss, copies } = await session!.advance()
    since.steps++
    since.loss += loss
    since.splits.push(...session!.splitsOf(copies))
    return true
  } catch (error) {
    playing = false
    tell({ type: 'stopped', error: sentenceOf(error) })
    return false
  }
}

function sentenceOf(error: unknown): string {
  if (error instanceof DivergenceError)
    return `Paused at step ${error.step}: ${error.what} is no number any more. The weights before that step are kept: choose a smaller learning rate and play on, or reset.`
  return `Paused: ${(error as Error).message}. Reset to begin anew.`
}

function tellSteps() {
  const { step, facts, use } = session!
  const now = performance.now()
  const { steps, loss, splits, at } = since
  if (steps > 0)
    tell({
      type: 'steps',
      step,
      images: step * facts.batch,
      speed: (1000 * steps * facts.batch) / (now - at),
      loss: loss / steps,
      use,
      splits,
    })
  since = { at: now, steps: 0, loss: 0, splits: [] }
}

async function show() {
  const started = performance.now()
  const { drawn, rebuilt, heldOut } = await session!.show()
  const { channels, size } = data!.set
  tell({
    type: 'shown',
    step: session!.step,
    drawn: sheetOf(drawn, { channels, size, columns: across }),
    rebuilt: sheetOf(rebuilt, { channels, size, columns: across }),
    heldOut,
  })
  shownAt = performance.now()
  showCost = shownAt - started
}

interface Data {
  set: Dataset
  own: boolean
}

/** Replaces data and session by others, after what is going on has ended. */
function inTurn(open: () => Promise<{ data: Data; session: GrowSession }>): Promise<Begun | null> {
  playing = false
  reading?.abort(new Error('another beginning was asked for'))
  const mine = ++beginnings
  return exclusive(async () => {
    if (mine !== beginnings) return null
    const next = await open()
    await session?.close()
    ;({ data, session } = next)
    tellData(next.data)
    const { facts, config, use, step } = session
    tell({ type: 'steps', step, images: step * facts.batch, speed: 0, loss: Number.NaN, use, splits: [] })
    await show()
    return { facts, settings: settingsOf(config) }
  })
}

async function dataOf(source: Source): Promise<Data> {
  if (source === 'same' && data) return data
  if (source === 'digits' && data && !data.own) return data
  let next: Data
  if (typeof source === 'object') next = { set: await readGiven(source), own: true }
  else {
    tell({ type: 'stage', text: 'Fetching the digits …' })
    next = { set: readSheet(await fetchBytes(page, 'data/digits.png')), own: false }
  }
  // On the first screen there is nothing yet that it would not belong to.
  if (!session) tellData(next)
  return next
}

/** A network that comes with Coppice. */
async function shipped(name: string): Promise<{ config: DdnRunConfig; weights: Float32Array }> {
  const address = addressOf(name, 'model')
  tell({ type: 'stage', text: `Fetching ${address} …` })
  const bytes = await fetchBytes(page, address)
  const { config, model } = await openModelFile(bytes, address)
  if (config.network.model !== 'ddn') throw new Error(`${address} is no Discrete Distribution Network`)
  return { config: config as DdnRunConfig, weights: model.weights }
}

async function readGiven(given: readonly Given[]): Promise<Dataset> {
  const stop = (reading = new AbortController())
  let told = 0
  try {
    return await readPictures(given, {
      signal: stop.signal,
      onRead(done, total) {
        if (performance.now() - told < NUMBERS && done < total) return
        told = performance.now()
        tell({ type: 'stage', text: `Reading pictures: ${done} of ${total} …` })
      },
    })
  } finally {
    reading = null
  }
}

function tellData({ set, own }: Data) {
  const { train, test, channels, size } = set
  const first = Array.from({ length: Math.min(REBUILT, test.count) }, (_, i) => i)
  tell({
    type: 'data',
    own,
    count: train.count,
    heldOut: test.count,
    skipped: set.skipped.length ? skippedText(set.skipped) : '',
    sheet: sheetOfBytes(subset(train, spread(train.count, DRAWN)).pixels, {
      channels,
      size,
      columns: across,
    }),
    held: sheetOfBytes(subset(test, first).pixels, { channels, size, columns: across }),
  })
}

function runtime() {
  tell({ type: 'stage', text: 'Building the network …' })
  return { onNotice: (text: string) => tell({ type: 'notice', text }) }
}

function begun(): GrowSession {
  if (!session) throw new Error('there is no network yet')
  return session
}

/** The engine does one thing at a time. */
function exclusive<T>(work: () => Promise<T>): Promise<T> {
  const result = last.then(work)
  last = result.catch(() => {})
  return result
}

/** Bytes that go over to the page instead of being copied. */
function owned(bytes: Uint8Array): Uint8Array {
  return transfer(bytes, [bytes.buffer])
}
