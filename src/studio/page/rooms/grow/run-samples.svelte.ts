// What the network of a run draws: asked of the worker one at a time, the latest wish last.

import type { Drawn } from '../../../workers/grow-run.ts'
import type { Apis } from '../../../workers/main.ts'
import { sentence } from '../../lib/sentence.ts'
import { type Opened, openWorker } from '../../lib/worker.ts'

type Worker = Opened<Apis['grow-run']>

export class RunSamples {
  drawn: Drawn | null = $state.raw(null)
  error = $state('')

  private working = false
  private worker: Worker | null = null
  private wish: { run: string; seed: number } | null = null
  /** Whose images are shown. */
  private run = ''

  /** Shows what the run draws now. Where its weights and the seed are still the same, what is shown stays. */
  ask(run: string, seed: number) {
    if (run !== this.run) {
      this.run = run
      this.drawn = null
      this.error = ''
    }
    this.wish = { run, seed }
    if (!this.working) void this.work()
  }

  close() {
    this.worker?.close()
    this.worker = null
    this.wish = null
    this.working = false
  }

  private async work() {
    const { api } = this.opened()
    this.working = true
    for (let wish = this.wish; wish && this.worker; wish = this.wish) {
      this.wish = null
      try {
        const drawn = await api.draw({ page: document.baseURI, ...wish, anew: !this.drawn })
        if (wish.run !== this.run) continue
        if (drawn) this.drawn = drawn
        this.error = ''
      } catch (error) {
        if (wish.run === this.run) this.error = sentence(error)
      }
    }
    this.working = false
  }

  private opened(): Worker {
    this.worker ??= openWorker('grow-run', said => {
      this.error = said
    })
    return this.worker
  }
}
