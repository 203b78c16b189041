// The list of runs while it is looked at: asked for again every few seconds, but not behind another tab.

import type { RunFacts } from '../../../server/runs.ts'
import { askForRuns, type RunList } from '../../lib/runs.ts'
import { sorted } from './run-words.ts'

/** Milliseconds between an answer and the next question. */
const EVERY = 3000

export class RunsAtHand {
  /** Those that train first; null before the first answer. */
  runs: RunFacts[] | null = $state.raw(null)
  source: RunList['source'] = $state('server')
  /** When the runs were asked for, as `performance.now()` has it. */
  asked = $state(-Infinity)
  /** The name of the first one of the first list that had any. */
  first = $state('')

  private readonly known = new Map<string, RunFacts>()
  private timer: ReturnType<typeof setTimeout> | undefined
  private asking = false
  private here = false

  /** Begins to ask, until the returned function is called. */
  enter(): () => void {
    this.here = true
    const look = () => {
      if (!document.hidden) void this.ask()
    }
    document.addEventListener('visibilitychange', look)
    look()
    return () => {
      this.here = false
      clearTimeout(this.timer)
      document.removeEventListener('visibilitychange', look)
    }
  }

  /** A run as it is, or, where it is gone, as it was; null where there never was one. */
  find(name: string): { run: RunFacts; gone: boolean } | null {
    const run = this.runs?.find(run => run.name === name)
    const last = run ?? this.known.get(name)
    return last ? { run: last, gone: !run } : null
  }

  private async ask() {
    if (this.asking) return
    this.asking = true
    clearTimeout(this.timer)
    const asked = performance.now()
    const { runs, source } = await askForRuns()
    this.asking = false
    // Where no one answers what was known stays.
    if (source !== 'no one') this.runs = sorted(runs)
    for (const run of runs) this.known.set(run.name, run)
    this.first ||= this.runs?.[0]?.name ?? ''
    this.source = source
    this.asked = asked
    // The files of a web host stay as they are.
    if (this.here && !document.hidden && source !== 'files') this.timer = setTimeout(() => this.ask(), EVERY)
  }
}
