// The log of one run as the page knows it: a worker listens to it.

import { proxy } from 'comlink'
import type { RunFacts } from '../../../server/runs.ts'
import type { Heard, Link } from '../../../workers/grow-run-log.ts'
import { nothing, type Told } from '../../../workers/grow-run-story.ts'
import type { Apis } from '../../../workers/main.ts'
import { type Opened, openWorker } from '../../lib/worker.ts'
import type { History } from './history.ts'
import { metricOf } from './run-words.ts'

type Curve = Pick<History, 'columns'>

const EMPTY: Curve = { columns: [[], []] }

export class RunWatch {
  /** `closed` where no one listens. */
  link: Link | 'closed' = $state('closed')
  told: Told = $state.raw(nothing)
  /** Steps, and the loss and the test metric there. */
  losses: Curve = $state.raw(EMPTY)
  tests: Curve = $state.raw(EMPTY)
  /** Grows when there is something new in the curves. */
  version = $state(0)
  /** When an entry was heard last, as `performance.now()` has it. */
  heard = -Infinity
  error = $state('')

  private worker: Opened<Apis['grow-run-log']> | null = null

  constructor(private readonly run: Pick<RunFacts, 'name' | 'family' | 'metrics'>) {}

  /** Listens from the first entry on; where it does so already nothing happens. */
  listen() {
    if (this.worker && this.link !== 'refused') return
    this.link = this.worker ? 'lost' : 'reading'
    this.worker ??= openWorker('grow-run-log', sentence => {
      // As where the server was gone while the worker loaded: the next time it may be there.
      this.close()
      this.error = sentence
    })
    const { worker } = this
    const { name, family, metrics } = this.run
    const metric = metricOf(family, metrics)?.name ?? null
    const take = (heard: Heard) => {
      if (this.worker === worker) this.take(heard)
    }
    void worker.api.listen({ page: document.baseURI, run: name, metric }, proxy(take))
  }

  /** Ends listening; what was told stays. */
  close() {
    this.worker?.close()
    this.worker = null
    this.link = 'closed'
  }

  private take({ link, told, losses, tests }: Heard) {
    this.link = link
    this.error = ''
    // A stream that begins again after a loss has nothing to tell yet.
    if (told.entries === 0 && told.unreadable === 0 && link !== 'open') return
    if (told.entries !== this.told.entries) this.heard = performance.now()
    this.told = told
    this.losses = { columns: losses }
    this.tests = { columns: tests }
    this.version++
  }
}
