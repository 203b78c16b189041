/** What a log says over time. */

import type { EvaluationEntry, LogEntry } from '../train/log.ts'
import type { Training } from './contents.ts'

export interface History extends Pick<Training, 'loss' | 'mse' | 'testMse' | 'splits'> {
  /** The latest evaluation, if any. */
  evaluation?: EvaluationEntry
}

/** The curves of a run up to its checkpoint, `until`: what a killed session did after that will be done again. */
export function history(log: readonly LogEntry[], until = Number.POSITIVE_INFINITY): History {
  const standing = log.filter(({ step }) => step <= until)
  const steps = standing.filter(entry => entry.type === 'step')
  const evaluations = standing.filter(entry => entry.type === 'evaluation')
  return {
    loss: steps.map(({ step, loss }) => ({ step, value: loss })),
    mse: steps.map(({ step, mse }) => ({ step, value: mse })),
    testMse: evaluations.map(({ step, testMse }) => ({ step, value: testMse })),
    splits: steps.reduce((sum, { events }) => sum + events, 0),
    evaluation: evaluations.at(-1),
  }
}
