// How far a training has come: one line that stays in place on a terminal, plain lines anywhere else.

import type { Metric } from '../nn/learner.ts'
import { metricText } from '../report/format.ts'
import type { CodedOptions } from '../train/coded-data.ts'
import type { EvaluationEntry } from '../train/log.ts'
import type { StepReport } from '../train/trainer.ts'
import { clock, grouped, short } from './output.ts'

export interface ProgressStream {
  write(text: string): unknown
  isTTY?: boolean
  columns?: number
}

/** What of a step is shown. */
type Steps = Pick<StepReport, 'step' | 'progress' | 'images' | 'loss'>

/** Drawn at most this often; more would only flicker. */
const REDRAW = 120
const BAR = 16

/** Means over about so many steps: the loss of one batch jumps about. */
const SMOOTH = 30

export class Progress {
  private drawn = -Infinity
  private nextLine = 0
  private loss: number | null = null
  private measured: number | undefined
  private begun: { at: number; progress: number; images: number } | null = null
  private text = ''

  /** @param metric  what evaluations are told by, where there are any */
  constructor(
    private readonly stream: ProgressStream,
    private readonly metric: Metric | null = null,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** What is being done, while there are no steps. */
  status(text: string) {
    if (this.stream.isTTY) this.draw(text)
    else this.stream.write(`${text}\n`)
  }

  step(report: Steps) {
    const now = this.now()
    this.begun ??= { at: now, progress: report.progress, images: report.images }
    this.loss =
      this.loss === null || !Number.isFinite(this.loss)
        ? report.loss
        : this.loss + (report.loss - this.loss) / Math.min(report.step, SMOOTH)
    if (this.stream.isTTY) {
      if (now - this.drawn < REDRAW) return
      this.draw(this.line(report, now, this.stream.columns ?? 80))
    } else if (now - this.begun.at >= this.nextLine) {
      this.stream.write(`${this.fields(report, now).filter(Boolean).join('  ')}\n`)
      // 2, 5, 10, 20, 40 … seconds, at last every five minutes.
      this.nextLine = Math.min(Math.max(2000, 2 * (now - this.begun.at)), now - this.begun.at + 300_000)
    }
  }

  evaluation({ metrics }: EvaluationEntry) {
    this.measured = this.metric ? metrics[this.metric.name] : undefined
  }

  /** A line that stays. */
  note(text: string) {
    if (!this.stream.isTTY) this.stream.write(`${text}\n`)
    else {
      this.stream.write(`\r${text}\x1b[K\n${this.text}`)
    }
  }

  /** Takes the line away. */
  end() {
    if (this.stream.isTTY && this.text) this.stream.write('\r\x1b[K')
    this.text = ''
  }

  /** The whole in one write over what stood there, and only then cleared to the right: nothing flickers. */
  private draw(text: string) {
    const width = Math.max(10, (this.stream.columns ?? 80) - 1)
    this.text = text.slice(0, width)
    this.drawn = this.now()
    this.stream.write(`\r${this.text}\x1b[K`)
  }

  /** As many fields as fit, the most important first; then a bar where there is room. */
  private line(report: Steps, now: number, columns: number): string {
    const fields = this.fields(report, now)
    // What goes first when the terminal is narrow.
    for (const least of [4, 1, 3, 2, 5]) {
      if (fields.filter(Boolean).join('  ').length < columns) break
      fields[least] = ''
    }
    const text = fields.filter(Boolean).join('  ')
    if (text.length + BAR + 2 >= columns) return text
    const filled = Math.round(BAR * report.progress)
    return `${'█'.repeat(filled)}${'░'.repeat(BAR - filled)}  ${text}`
  }

  private fields({ step, progress, images }: Steps, now: number): string[] {
    const begun = this.begun!
    const seconds = (now - begun.at) / 1000
    const done = progress - begun.progress
    const rate = seconds > 0.2 ? (images - begun.images) / seconds : 0
    const left = done > 0 && seconds > 1 ? ((1 - progress) * seconds) / done : null
    return [
      `${(100 * progress).toFixed(0).padStart(3)}%`,
      `step ${grouped(step)}`,
      `loss ${short(this.loss ?? Number.NaN)}`,
      this.measured === undefined || !this.metric
        ? ''
        : `test ${this.metric.title} ${metricText(this.metric, this.measured)}`,
      rate ? `${rate.toFixed(0)} images/s` : '',
      left === null ? '' : `${clock(left)} left`,
    ]
  }
}

/** Shows how far encoding a collection has come. */
export function codingProgress(progress: Progress, stream: ProgressStream = process.stderr): CodedOptions {
  return {
    onNote: note => progress.note(note),
    // A line for every batch would be too many where lines stay.
    onProgress: (done, total) => {
      if (stream.isTTY) progress.status(`Encoding: ${grouped(done)} of ${grouped(total)} images`)
    },
  }
}

/** Lines of a result for what was measured on test images. */
export function measured(
  metrics: readonly Metric[],
  values: Readonly<Record<string, number>> | null,
): [string, string][] {
  return metrics.map(metric => [
    `Test ${metric.title}`,
    values ? metricText(metric, values[metric.name]) : 'not yet measured',
  ])
}
