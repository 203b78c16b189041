// The worker that listens to the log of a run: entries may come by the thousand, and the page gets what they tell.

import { RunStory, type Told } from './grow-run-story.ts'

export interface Ask {
  /** The page's own address. */
  page: string
  /** The run's name. */
  run: string
  /** What its curve shows of an evaluation's metrics; null: the first. */
  metric: string | null
}

/**
 * How the stream is: `reading` what is there already; `open` for what comes; `lost`, and tried again; `refused` by an
 * answer that is no stream, and not tried again.
 */
export type Link = 'reading' | 'open' | 'lost' | 'refused'

export interface Heard {
  link: Link
  told: Told
  /** Steps, and the loss and the metric there. */
  losses: (number | null)[][]
  tests: (number | null)[][]
}

/** Milliseconds between two tellings: nobody reads faster. */
const READING = 200

let source: EventSource | null = null

export const api = {
  /** Listens from the first entry on, in place of the log before, and tells what is new a few times a second at most. */
  listen({ page, run, metric }: Ask, tell: (heard: Heard) => void): void {
    source?.close()
    const story = new RunStory(metrics => (metric === null ? Object.values(metrics)[0] : metrics[metric]))
    let link: Link = 'reading'
    let timer: ReturnType<typeof setTimeout> | undefined
    let last = -Infinity
    const opened = new EventSource(new URL(`api/runs/${encodeURIComponent(run)}/log`, page))
    source = opened
    const tellNow = () => {
      timer = undefined
      last = performance.now()
      // Another log took its place.
      if (source !== opened) return
      const { told, losses, tests } = story
      tell({ link, told, losses: losses.columns, tests: tests.columns })
    }
    const later = () => {
      if (timer === undefined) timer = setTimeout(tellNow, Math.max(0, last + READING - performance.now()))
    }
    opened.onmessage = ({ data }) => {
      story.take(data)
      later()
    }
    opened.addEventListener('restart', () => {
      story.clear()
      later()
    })
    opened.addEventListener('current', () => {
      link = 'open'
      later()
    })
    opened.onerror = () => {
      link = opened.readyState === EventSource.CLOSED ? 'refused' : 'lost'
      later()
    }
  },
}
