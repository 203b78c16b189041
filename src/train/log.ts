// The log of a run, `log.jsonl`: what each line holds, and reading a file that a kill may have cut short.

import type { Evaluation } from '../nn/learner.ts'

/** Training began or went on here: one per session. */
export interface StartEntry {
  type: 'start'
  /** Steps done before this session. */
  step: number
  /** ISO 8601. */
  time: string
  coppice: string
  /** `onnxruntime-node 1.30.0` */
  engine: string
  device: string
  threads: number
  data: {
    name: string
    /** Images to train on, and to test on. */
    train: number
    test: number
    /** How many could not be read, and the first of them. */
    skipped: number
    skippedFiles?: { file: string; reason: string }[]
  }
}

/** The first ten steps, then about one entry a second: means over the steps since the entry before. */
export interface StepEntry {
  type: 'step'
  step: number
  /** Images seen so far. */
  images: number
  /** Seconds of training so far, evaluations and checkpoints left out. */
  seconds: number
  /** Share of the budget used, in [0, 1]. */
  progress: number
  /** What is minimised. */
  loss: number
  /** Metrics of the family on the training images, by name: for a DDN `mse`, that of the last layer's choice. */
  metrics: Record<string, number>
  /** Length of the gradient before clipping. */
  norm: number
  /** Adam's learning rate at this step. */
  rate: number
  /** Rows copied since the entry before: nodes split, and as many pruned. */
  copies: number
}

/** The averaged weights on test images. */
export interface EvaluationEntry extends Evaluation {
  type: 'evaluation'
  step: number
  images: number
  seconds: number
}

/** A session ended; a killed one leaves no such line. */
export interface EndEntry {
  type: 'end'
  step: number
  seconds: number
  time: string
  /** `done`: the budget is used up; `stopped`: asked to stop, as by Ctrl-C; `diverged`: a loss was no number. */
  reason: 'done' | 'stopped' | 'diverged'
  message?: string
}

export type LogEntry = StartEntry | StepEntry | EvaluationEntry | EndEntry

/**
 * The entries of a log file. What follows the last line break was cut short by a kill and is left out, and so is
 * a line that is no JSON object.
 */
export function parseLog(text: string): LogEntry[] {
  const entries: LogEntry[] = []
  for (const line of text.split('\n').slice(0, -1)) {
    try {
      const entry: unknown = JSON.parse(line)
      if (typeof entry === 'object' && entry !== null && 'type' in entry) entries.push(entry as LogEntry)
    } catch {
      // Half a line: the machine lost power while it was written.
    }
  }
  return entries
}

/** The last evaluation of a log. */
export function lastEvaluation(log: readonly LogEntry[]): EvaluationEntry | undefined {
  return log.findLast(entry => entry.type === 'evaluation')
}
