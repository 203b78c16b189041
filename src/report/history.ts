/** What a log says over time. */

import type { Metric } from '../nn/learner.ts'
import type { EvaluationEntry, LogEntry } from '../train/log.ts'
import type { Reading, Training } from './contents.ts'

export interface History extends Pick<Training, 'loss' | 'metrics'> {
  /** Rows copied: nodes split, and as many pruned. */
  copies: number
  /** The latest evaluation, if any. */
  evaluation?: EvaluationEntry
}

/** The curves of a run up to its checkpoint, `until`: what a killed session did after that will be done again. */
export function history(
  log: readonly LogEntry[],
  metrics: readonly Metric[],
  until = Number.POSITIVE_INFINITY,
): History {
  const standing = log.filter(({ step }) => step <= until)
  const steps = standing.filter(entry => entry.type === 'step')
  const evaluations = standing.filter(entry => entry.type === 'evaluation')
  const readings = (entries: readonly { step: number; metrics: Record<string, number> }[], name: string) =>
    entries.flatMap(({ step, metrics }): Reading[] =>
      metrics[name] === undefined ? [] : [{ step, value: metrics[name] }],
    )
  return {
    loss: steps.map(({ step, loss }) => ({ step, value: loss })),
    metrics: metrics.map(metric => ({
      ...metric,
      train: readings(steps, metric.name),
      test: readings(evaluations, metric.name),
    })),
    copies: steps.reduce((sum, { copies }) => sum + copies, 0),
    evaluation: evaluations.at(-1),
  }
}
