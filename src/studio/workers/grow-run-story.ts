// A run as its log tells it: entry after entry becomes the numbers and the curves that are shown.

import type { EndEntry, EvaluationEntry, LogEntry, StartEntry, StepEntry } from '../../train/log.ts'
import { History } from '../page/rooms/grow/history.ts'

/** Entries that the speed is a mean over: about so many seconds. */
const RECENT = 20

/** What is shown of it now. */
export interface Told {
  /** Of the last session. */
  start: StartEntry | null
  last: StepEntry | null
  evaluation: EvaluationEntry | null
  /** Null while a session goes on. */
  end: EndEntry | null
  /** Steps done, whatever entry says so. */
  step: number
  /** Splits, and as many prunes. */
  copies: number
  /** Images per second of training, lately; null before two entries of a session. */
  speed: number | null
  entries: number
  /** Lines that are no entry. */
  unreadable: number
}

/** Before the first entry. */
export const nothing: Told = {
  start: null,
  last: null,
  evaluation: null,
  end: null,
  step: 0,
  copies: 0,
  speed: null,
  entries: 0,
  unreadable: 0,
}

export class RunStory {
  /** Step and loss. */
  readonly losses = new History(1)
  /** Step and the metric, of every evaluation. */
  readonly tests = new History(1)
  private now: Told = { ...nothing }
  private recent: Pick<StepEntry, 'images' | 'seconds'>[] = []

  /** @param metricOf  what to draw of an evaluation's metrics; undefined where there is nothing */
  constructor(private readonly metricOf: (metrics: Record<string, number>) => number | undefined) {}

  get told(): Told {
    return { ...this.now }
  }

  /** Takes a line of the log. */
  take(line: string) {
    const entry = readEntry(line)
    if (!entry) {
      this.now.unreadable++
      return
    }
    const { now } = this
    now.entries++
    now.step = entry.step
    if (entry.type === 'start') {
      now.start = entry
      now.end = null
      now.speed = null
      this.recent = []
    } else if (entry.type === 'step') this.takeStep(entry)
    else if (entry.type === 'evaluation') {
      now.evaluation = entry
      const value = this.metricOf(entry.metrics)
      if (typeof value === 'number' && Number.isFinite(value)) this.tests.add(entry.step, value)
    } else now.end = entry
  }

  /** What was told no longer counts. */
  clear() {
    this.now = { ...nothing }
    this.recent = []
    this.losses.clear()
    this.tests.clear()
  }

  private takeStep(entry: StepEntry) {
    const { now, recent } = this
    now.last = entry
    now.copies += entry.copies
    this.losses.add(entry.step, entry.loss)
    recent.push(entry)
    if (recent.length > RECENT) recent.shift()
    const [first] = recent
    const seconds = entry.seconds - first.seconds
    if (seconds > 0) now.speed = (entry.images - first.images) / seconds
  }
}

/** An entry, or null for what is none of those that this version writes. */
export function readEntry(line: string): LogEntry | null {
  let entry: Partial<Record<string, unknown>>
  try {
    entry = JSON.parse(line)
  } catch {
    return null
  }
  if (typeof entry !== 'object' || entry === null || !isNumber(entry.step)) return null
  return known(entry) ? (entry as unknown as LogEntry) : null
}

function known(entry: Partial<Record<string, unknown>>): boolean {
  const numbers = (...names: string[]) => names.every(name => isNumber(entry[name]))
  if (entry.type === 'step') return numbers('images', 'seconds', 'progress', 'loss', 'rate', 'copies')
  if (entry.type === 'evaluation') return numbers('images', 'seconds') && isObject(entry.metrics)
  if (entry.type === 'end')
    return numbers('seconds') && ['done', 'stopped', 'diverged'].includes(entry.reason as string)
  if (entry.type !== 'start' || !isObject(entry.data)) return false
  const { name, train, test } = entry.data
  const texts = [name, entry.coppice, entry.engine, entry.device]
  return (
    texts.every(text => typeof text === 'string') && numbers('threads') && isNumber(train) && isNumber(test)
  )
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
