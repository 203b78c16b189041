// The course of a training session: steps, evaluations at growing intervals, checkpoints, and when to end.

import type { Images } from '../data/dataset.ts'
import type { EvaluationEntry, LogEntry, StepEntry } from './log.ts'
import { DivergenceError, type StepReport, type Trainer } from './trainer.ts'

export interface LoopOptions {
  /** Called after every step. */
  onStep?: (report: StepReport) => void
  /** Called with every evaluation. */
  onEvaluation?: (evaluation: EvaluationEntry) => void
  /** Awaited before the first step of a session and after every step; it may look at everything and change nothing. */
  watch?: (trainer: Trainer) => Promise<void>
  /** Ends the session after the step that is under way. */
  signal?: AbortSignal
  /** Ends the session after this step, as an interruption would. */
  stopAt?: number
  /** Seconds between checkpoints; default 45. 0: after every step. */
  checkpointEvery?: number
}

export interface LoopHooks {
  /** Images for the evaluations on the way. */
  test: Images
  /** Takes every entry of the log. */
  write: (entry: LogEntry) => void
  /** Keeps the trainer's state. */
  checkpoint?: () => Promise<void>
}

/** Test images of an evaluation on the way: enough for a curve. */
const SOME = 300

/**
 * Advances a trainer until its budget is used up (`done`) or it is asked to stop (`stopped`); the state at the end is
 * kept. Throws `DivergenceError`, and then the last checkpoint stays as it is.
 */
export async function loop(
  trainer: Trainer,
  { test, write, checkpoint }: LoopHooks,
  { onStep, onEvaluation, watch, signal, stopAt = Infinity, checkpointEvery = 45 }: LoopOptions,
): Promise<'done' | 'stopped'> {
  const means = new StepMeans()
  const every = 1000 * checkpointEvery
  let kept = performance.now()
  let nextEvaluation = trainer.seconds + 4
  let unkept = false
  const keep = async () => {
    await checkFinite(trainer)
    await checkpoint?.()
    kept = performance.now()
    unkept = false
  }
  await watch?.(trainer)
  while (!trainer.done && trainer.step < stopAt && !signal?.aborted) {
    const report = await trainer.advance()
    unkept = true
    means.add(report)
    const last = trainer.done || report.step >= stopAt || signal?.aborted === true
    if (last || report.step <= 10 || means.due()) write(means.take(report))
    onStep?.(report)
    await watch?.(trainer)
    if (!last && report.seconds >= nextEvaluation) {
      const started = performance.now()
      const evaluation = await evaluate(trainer, test, SOME)
      write(evaluation)
      onEvaluation?.(evaluation)
      // Ever rarer, and never more than about a twentieth of the time.
      const cost = (performance.now() - started) / 1000
      nextEvaluation = report.seconds + Math.max(8, 20 * cost, report.seconds / 4)
    }
    if (!last && performance.now() - kept >= every) await keep()
  }
  if (unkept || trainer.step === 0) await keep()
  return trainer.done ? 'done' : 'stopped'
}

/** How the averaged weights do on up to `count` test images. */
export async function evaluate(trainer: Trainer, test: Images, count: number): Promise<EvaluationEntry> {
  return {
    type: 'evaluation',
    step: trainer.step,
    images: trainer.step * trainer.config.optimiser.batch,
    seconds: Number(trainer.seconds.toFixed(3)),
    ...(await trainer.evaluate(test, count)),
  }
}

/** A loss can be finite and yet the step after it have spoilt the weights: those must not replace a good checkpoint. */
async function checkFinite(trainer: Trainer): Promise<void> {
  const { parameters } = await trainer.vectors()
  if (parameters.every(Number.isFinite)) return
  for (const { name } of trainer.layout.specs) {
    const bad = trainer.layout.slice(parameters, name).find(value => !Number.isFinite(value))
    if (bad === undefined) continue
    throw new DivergenceError(trainer.step, `a weight of ${name}`, bad)
  }
}

/** Means over the steps since the last entry of the log. */
class StepMeans {
  private steps = 0
  private loss = 0
  private norm = 0
  private copies = 0
  private metrics: Record<string, number> = {}
  private taken = performance.now()

  add({ loss, metrics, norm, copies }: StepReport) {
    this.steps++
    this.loss += loss
    this.norm += norm
    this.copies += copies.length
    for (const [name, value] of Object.entries(metrics))
      this.metrics[name] = (this.metrics[name] ?? 0) + value
  }

  /** About an entry a second. */
  due(): boolean {
    return performance.now() - this.taken >= 1000
  }

  take({ step, images, seconds, progress, rate }: StepReport): StepEntry {
    const { steps, copies } = this
    const mean = (sum: number) => Number((sum / steps).toPrecision(7))
    const entry: StepEntry = {
      type: 'step',
      step,
      images,
      seconds: Number(seconds.toFixed(3)),
      progress: Number(progress.toFixed(6)),
      loss: mean(this.loss),
      metrics: Object.fromEntries(Object.entries(this.metrics).map(([name, sum]) => [name, mean(sum)])),
      norm: mean(this.norm),
      rate: Number(rate.toPrecision(7)),
      copies,
    }
    this.steps = this.loss = this.norm = this.copies = 0
    this.metrics = {}
    this.taken = performance.now()
    return entry
  }
}
