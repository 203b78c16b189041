// The images as the page knows them: what the worker tells, and the run that is kept while the room is left.

import { proxy } from 'comlink'
import type { Begun, DataTold, ImagesApi, ShownTold, Source, Told } from '../../../workers/grow-images.ts'
import type { GrowSettings } from '../../../workers/grow-network.ts'
import type { Given } from '../../../workers/grow-pictures.ts'
import type { Facts, Split, Use } from '../../../workers/grow-session.ts'
import type { Sheet } from '../../../workers/grow-sheet.ts'
import { lessMotion } from '../../lib/motion.ts'
import { type Opened, openWorker } from '../../lib/worker.ts'
import { History } from './history.ts'

export type From = 'nothing' | 'shipped'

/** What a run is begun with: what else is set can change while it goes on. */
export interface Beginning {
  settings: GrowSettings
  from: From
}

const OPENING = 'Opening …'

export class Images {
  /** What is being done before it can play; empty when it can. */
  stage = $state(OPENING)
  playing = $state(false)
  error = $state('')
  notices: string[] = $state([])
  facts: Facts | null = $state.raw(null)
  data: DataTold | null = $state.raw(null)
  shown: ShownTold | null = $state.raw(null)
  use: Use | null = $state.raw(null)
  splits: Split[] = $state.raw([])
  step = $state(0)
  /** Images seen, and images a second. */
  images = $state(0)
  speed = $state(0)
  loss = $state(Number.NaN)
  /** Steps and pauses that are not shown yet. */
  awaited = $state(0)
  /** The name of the file that the run came from. */
  file = $state('')
  version = $state(0)
  /** Images seen, the loss, the mean squared error on held-out images. */
  readonly history = new History(2)

  private worker: Opened<ImagesApi> | null = null
  /** The run while the room is left. */
  private kept: Uint8Array | null = null
  /** Whether it is to play as soon as it can. */
  private wish = !lessMotion()
  private leaving: Promise<void> = Promise.resolve()
  /** What the run at hand was begun with. */
  private key = ''
  /** Counts what was begun: only the last one's end matters. */
  private beginnings = 0
  /** Pictures that the room Grow was given before the images were there. */
  private waiting: Given[] | null = null

  get ready(): boolean {
    return this.stage === '' && this.facts !== null
  }

  /** The room is entered: the run goes on where it was, or begins. Call the returned function when it is left. */
  enter(beginning: Beginning): () => void {
    let here = true
    void this.leaving.then(() => {
      if (here) this.open(beginning)
    })
    return () => {
      here = false
      this.leave()
    }
  }

  /** Follows the page's state: another seed, K or beginning needs another run. */
  follow(beginning: Beginning) {
    if (this.worker && keyOf(beginning) !== this.key) this.begin('same', beginning)
  }

  /** What may change while it trains. */
  adjust(settings: GrowSettings) {
    void this.worker?.api.adjust(settings)
  }

  reset(beginning: Beginning) {
    this.begin('same', beginning)
  }

  digits(beginning: Beginning) {
    this.begin('digits', beginning)
  }

  /** The visitor's pictures; kept until the room is there for them. */
  pictures(given: Given[], beginning: Beginning) {
    if (this.worker) this.begin(given, beginning)
    else this.waiting = given
  }

  stopReading() {
    void this.worker?.api.stopReading()
  }

  /** Goes on with a saved run, paused. The settings that it was saved with: take them over, then say so to `settle`. */
  async load(file: File): Promise<GrowSettings | null> {
    const bytes = new Uint8Array(await file.arrayBuffer())
    this.wish = false
    const begun = await this.beginWith(api => api.load(bytes, file.name))
    if (!begun) return null
    this.file = file.name
    return begun.settings
  }

  /** What the page says now is what the run at hand was begun with. */
  settle(beginning: Beginning) {
    this.key = keyOf(beginning)
    this.adjust(beginning.settings)
  }

  toggle() {
    if (this.playing) this.pause()
    else this.play()
  }

  one() {
    this.playing = this.wish = false
    this.error = ''
    void this.await(api => api.one())
  }

  save = () => this.call(api => api.save())
  weights = () => this.call(api => api.weights())
  onnx = (name: string) => this.call(api => api.onnx(name))
  png = (sheet: Sheet, query: string) => this.call(api => api.png(sheet, query))

  private play() {
    this.playing = this.wish = true
    this.error = ''
    void this.worker?.api.play()
  }

  private pause() {
    this.playing = this.wish = false
    void this.await(api => api.pause())
  }

  private async open(beginning: Beginning) {
    const worker = openWorker('grow-images', sentence => this.fail(sentence))
    this.worker = worker
    this.notices = []
    await worker.api.listen(document.baseURI, proxy(this.take))
    const { kept, waiting } = this
    this.kept = this.waiting = null
    const same = kept && !waiting && keyOf(beginning) === this.key
    if (same) await this.beginWith(api => api.load(kept, 'the run'), true)
    else await this.begin(waiting ?? 'digits', beginning)
  }

  private leave() {
    const { worker, ready } = this
    this.worker = null
    this.playing = false
    this.stage = OPENING
    this.awaited = 0
    if (!worker) return
    const keep = async () => {
      void worker.api.pause()
      // What is not ready has nothing worth keeping.
      if (ready) this.kept = await worker.api.save()
    }
    this.leaving = keep()
      .catch(() => {})
      .then(() => worker.close())
  }

  private async begin(source: Source, { settings, from }: Beginning) {
    this.key = keyOf({ settings, from })
    if (await this.beginWith(api => api.begin(source, settings, from))) this.file = ''
  }

  /** Waits for a run to be ready, and says so or why it is not; null where it is not, or another one came between. */
  private async beginWith(
    work: (api: Opened<ImagesApi>['api']) => Promise<Begun | null>,
    goesOn = false,
  ): Promise<Begun | null> {
    const { worker } = this
    if (!worker) return null
    const mine = ++this.beginnings
    this.playing = false
    this.error = ''
    this.stage = OPENING
    try {
      const begun = await work(worker.api)
      if (!begun || mine !== this.beginnings || worker !== this.worker) return null
      this.stage = ''
      this.facts = begun.facts
      if (!goesOn) {
        this.history.clear()
        this.loss = Number.NaN
      }
      this.version++
      if (this.wish) this.play()
      return begun
    } catch (error) {
      if (mine === this.beginnings && worker === this.worker) this.fail(`${(error as Error).message}.`)
      return null
    }
  }

  private async await(work: (api: Opened<ImagesApi>['api']) => Promise<void>) {
    const { worker } = this
    if (!worker) return
    this.awaited++
    try {
      await work(worker.api)
    } catch (error) {
      if (worker === this.worker) this.fail(`${(error as Error).message}.`)
    }
    // A worker that was left meanwhile counts no more.
    if (worker === this.worker) this.awaited--
  }

  private async call<T>(work: (api: Opened<ImagesApi>['api']) => Promise<T>): Promise<T | null> {
    if (!this.worker) return null
    try {
      return await work(this.worker.api)
    } catch (error) {
      this.error = `${(error as Error).message}.`
      return null
    }
  }

  private readonly take = (told: Told) => {
    switch (told.type) {
      case 'stage':
        if (this.stage) this.stage = told.text
        break
      case 'notice':
        if (!this.notices.includes(told.text)) this.notices = [...this.notices, told.text]
        break
      case 'data':
        this.data = told
        break
      case 'steps':
        this.step = told.step
        this.images = told.images
        this.speed = told.speed
        this.use = told.use
        this.splits = told.splits
        if (!Number.isFinite(told.loss)) break
        this.loss = told.loss
        this.note(told.images, told.loss, null)
        break
      case 'shown':
        this.shown = told
        this.note(this.images, null, told.heldOut)
        break
      case 'stopped':
        this.fail(told.error)
    }
  }

  private fail(error: string) {
    this.playing = this.wish = false
    this.error = error
    this.stage = ''
  }

  private note(images: number, loss: number | null, heldOut: number | null) {
    this.history.add(images, loss, heldOut)
    this.version++
  }
}

function keyOf({ settings: { K, seed }, from }: Beginning): string {
  return `${seed} ${K} ${from}`
}

/** One for the page. */
export const images = new Images()
