// The points as the page knows them: asks the worker for a frame per picture, and keeps the run between two visits.

import { transfer } from 'comlink'
import type { Frame, Goal, PointsStart } from '../../../workers/grow-density.ts'
import type { PointsApi } from '../../../workers/grow-points.ts'
import { lessMotion } from '../../lib/motion.ts'
import { type Opened, openWorker } from '../../lib/worker.ts'
import { History } from './history.ts'
import { PointsPainter } from './points-painter.ts'

/** What sliders change while the points move. */
export interface Sliders {
  pace: number
  step: number
  split: 'on' | 'off'
}

/** Milliseconds between two drawings of the numbers and the curve: nobody reads faster. */
const READING = 125
/** … and between two pictures, where the visitor asks for less motion. */
const CALM = 500

export class Points {
  playing = $state(!lessMotion())
  ready = $state(false)
  error = $state('')
  /** Beginnings and aims that are not there yet. */
  awaited = $state(0)
  step = $state(0)
  kl = $state(0)
  klReal = $state(0)
  /** Steps in a second, lately. */
  speed = $state(0)
  /** Grows when there is something new in the history. */
  version = $state(0)
  /** Steps, KL of the nodes, KL of real samples. */
  readonly history = new History(2)

  private worker: Opened<PointsApi> | null = null
  private start: PointsStart | null = null
  private goal: Goal | null = null
  private frame: Frame | null = null
  private spare: Pick<Frame, 'nodes' | 'used'> | null = null
  private painter: PointsPainter | null = null
  private sliders: Sliders = { pace: 1, step: 0.4, split: 'on' }
  /** One call of the worker at a time: the next one comes when it has answered. */
  private asking = false
  private wanted = 0
  private request = 0
  private starts = 0
  private painted = 0
  private read = { at: 0, step: 0 }

  /** Paints on this canvas, until the returned function is called. */
  show(canvas: HTMLCanvasElement): () => void {
    this.painter = new PointsPainter(canvas)
    this.refit()
    this.request = requestAnimationFrame(this.tick)
    return () => {
      cancelAnimationFrame(this.request)
      this.painter = null
    }
  }

  /** The canvas has another size, or the colours have changed. */
  refit() {
    this.painter?.fit()
    if (this.goal) this.painter?.setShade(this.goal.shade)
    this.paint(performance.now())
  }

  /** Follows the page's state: another seed or number of nodes begins anew, another density is for the same nodes. */
  follow(start: PointsStart) {
    const { start: last } = this
    if (!last || last.seed !== start.seed || last.nodes !== start.nodes) return this.restart(start)
    if (last.density !== start.density || last.drawing !== start.drawing) this.aim(start)
  }

  slide(sliders: Sliders) {
    this.sliders = sliders
  }

  toggle() {
    this.playing = !this.playing
    // While it plays the numbers follow a little later.
    if (this.frame && !this.playing) this.tell(this.frame, performance.now())
  }

  one() {
    this.playing = false
    this.wanted++
  }

  reset() {
    if (this.start) this.restart(this.start)
  }

  /** What the canvas shows, as a file that knows its recipe. */
  async png(canvas: HTMLCanvasElement, query: string): Promise<Uint8Array> {
    const { width, height } = canvas
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, width, height)
    return this.opened().png(transfer({ width, height, data }, [data.buffer]), query)
  }

  /** The query string that a picture was made with, or null. */
  recipe(bytes: Uint8Array): Promise<string | null> {
    return this.opened().recipe(bytes)
  }

  private opened() {
    this.worker ??= openWorker('grow-points', sentence => {
      this.error = sentence
    })
    return this.worker.api
  }

  private restart(start: PointsStart) {
    this.start = start
    this.wanted = 0
    const mine = ++this.starts
    this.await(async () => {
      const { goal, frame } = await this.opened().start(start)
      // Another one was asked for meanwhile.
      if (mine !== this.starts) return
      this.setGoal(goal)
      this.history.clear()
      this.read = { at: 0, step: 0 }
      this.take(frame)
      this.ready = true
      this.error = ''
    })
  }

  private aim(aim: PointsStart) {
    this.start = aim
    this.await(async () => this.setGoal(await this.opened().aim(aim)))
  }

  private setGoal(goal: Goal) {
    this.goal = goal
    this.klReal = goal.klReal
    this.painter?.setShade(goal.shade)
    this.paint(performance.now())
  }

  private readonly tick = (now: number) => {
    this.request = requestAnimationFrame(this.tick)
    const due = now - this.painted >= (lessMotion() ? CALM : 0)
    const steps = this.playing && due ? this.sliders.pace : this.wanted
    if (this.ready && !this.asking && steps > 0) {
      this.wanted = 0
      const { step: rate, split } = this.sliders
      const spare = this.spare ?? undefined
      this.spare = null
      this.asking = true
      this.ask(async () => {
        const given = spare && transfer(spare, [spare.nodes.buffer, spare.used.buffer])
        const last = this.frame
        this.take(await this.opened().frame({ steps, rate, splits: split === 'on' }, given))
        if (last) this.spare = { nodes: last.nodes, used: last.used }
      }).finally(() => {
        this.asking = false
      })
    } else if (this.painter?.busy) this.paint(now)
  }

  private take(frame: Frame) {
    const now = performance.now()
    this.frame = frame
    if (!lessMotion()) this.painter?.addEvents(frame.events, now)
    this.paint(now)
    this.painted = now
    this.history.add(frame.step, frame.kl, this.klReal)
    if (this.playing && now - this.read.at < READING) return
    this.speed = (1000 * (frame.step - this.read.step)) / (now - this.read.at)
    this.tell(frame, now)
  }

  private tell({ step, kl }: Frame, now: number) {
    this.read = { at: now, step }
    this.step = step
    this.kl = kl
    this.version++
  }

  private paint(now: number) {
    if (this.frame) this.painter?.paint(this.frame, now)
  }

  private async await(work: () => Promise<void>) {
    this.awaited++
    await this.ask(work)
    this.awaited--
  }

  private async ask(work: () => Promise<void>) {
    try {
      await work()
    } catch (error) {
      this.playing = false
      this.error = `${(error as Error).message}. Choose another setting, or reload the page.`
    }
  }
}

/** One for the page: it goes on where it was when the room is entered again. */
export const points = new Points()
