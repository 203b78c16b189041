// What is said of a run: its numbers as text, and how it stands in sentences.

import type { EndEntry, StartEntry } from '../../../../train/log.ts'
import type { RunFacts } from '../../../server/runs.ts'

export interface MetricWords {
  /** Its key in `metrics`. */
  name: string
  /** After "test". */
  title: string
  /** In [0, 1], and said in percent. */
  share: boolean
}

/** What runs of a family are compared by: the first of its metrics, as train/families.ts has them. */
const metrics: Readonly<Record<string, MetricWords>> = {
  ddn: { name: 'mse', title: 'MSE', share: false },
  classifier: { name: 'accuracy', title: 'accuracy', share: true },
  'text-image': { name: 'textToImage', title: 'recall at 5 of images', share: true },
}

/** A family that this page does not know is compared by what it measures first; null where it measures nothing. */
export function metricOf(family: string, measured: Record<string, number> | null): MetricWords | null {
  if (Object.hasOwn(metrics, family)) return metrics[family]
  const [name] = Object.keys(measured ?? {})
  return name === undefined ? null : { name, title: name, share: false }
}

/** `0.0523`, `97.1 %`, and `–` for what is not there. */
export function valueText(value: number | null | undefined, share = false): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–'
  return share ? `${(100 * value).toFixed(1)} %` : String(Number(value.toPrecision(3)))
}

/** Test metric of a run's last evaluation. */
export function testText({ family, metrics }: RunFacts): string {
  const metric = metricOf(family, metrics)
  return metric ? valueText(metrics?.[metric.name], metric.share) : '–'
}

/** `12 s`, `3.5 min`, `2 h 5 min` */
export function timeText(seconds: number): string {
  if (seconds < 59.5) return `${Math.round(seconds)} s`
  if (seconds < 600) return `${Number((seconds / 60).toFixed(1))} min`
  const minutes = Math.round(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

export const whole = (value: number): string => Math.round(value).toLocaleString('en')

/** `42 %, about 3 min left` */
export function progressText(progress: number, seconds: number, training: boolean): string {
  const share = `${Math.floor(100 * progress)} %`
  if (!training || progress <= 0 || progress >= 1) return share
  return `${share}, about ${timeText((seconds * (1 - progress)) / progress)} left`
}

/** What computes, and on what: the sentences of a session's beginning. */
export function startText({ engine, device, threads, coppice, data }: StartEntry): string {
  const cores = threads > 0 ? `, ${threads === 1 ? 'one thread' : `${threads} threads`}` : ''
  return `Coppice ${coppice} on ${engine} (${device}${cores}). ${data.name}: ${whole(data.train)} images to learn from, ${whole(data.test)} to test on.`
}

/** Which images could not be read; empty where all could. */
export function skippedText({ data: { skipped, skippedFiles = [] } }: StartEntry): string {
  if (!skipped) return ''
  const first = skippedFiles.slice(0, 3).map(({ file, reason }) => `${file} (${reason})`)
  const others = skipped - first.length
  const named = [...first, ...(others && first.length ? [`${whole(others)} more`] : [])].join(', ')
  return `${whole(skipped)} ${skipped === 1 ? 'file' : 'files'} could not be read${named && `: ${named}`}.`
}

/** How a session ended. */
export function endText({ reason, step, seconds, message }: EndEntry): string {
  const when = `after ${whole(step)} steps in ${timeText(seconds)}`
  if (reason === 'done') return `It is done: its budget is used up ${when}.`
  if (reason === 'stopped') return `It was stopped ${when}. ${GO_ON}`
  return `It diverged ${when}${message ? `: ${message.replace(/\.$/, '')}` : ''}. What it kept before is intact.`
}

/** A run without an end that no one goes on with. */
export const interruptedText = () =>
  `It does not train now, and its log has no end: it was interrupted. ${GO_ON}`

const GO_ON = 'To go on: npx coppice train --resume, with its folder.'

/** Entries that are left out. */
export function unreadableText(count: number): string {
  if (count === 0) return ''
  const [lines, are] = count === 1 ? ['line', 'is'] : ['lines', 'are']
  return `${whole(count)} ${lines} of the log could not be read and ${are} left out: another version of Coppice may have written ${count === 1 ? 'it' : 'them'}.`
}

/** Those that train first, then the newest; what has no date stands last. */
export function sorted(runs: readonly RunFacts[]): RunFacts[] {
  const key = ({ training, created }: RunFacts) => `${training ? 1 : 0} ${created ?? ''}`
  return [...runs].sort((a, b) => compare(key(b), key(a)) || compare(a.name, b.name))
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
