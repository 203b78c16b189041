// What the room Steer shows, and its worker: the address says what is wanted, results come back layer by layer.

import { proxy } from 'comlink'
import { namedMask } from '../../../../guides/masks.ts'
import { readState, type State, writeState } from '../../../state.ts'
import type { NetworkFacts, SteerWorker } from '../../../workers/steer.ts'
import type { SeenLayer, Steered, SteerRequest } from '../../../workers/steer-session.ts'
import { download } from '../../lib/download.ts'
import { networkOf } from '../../lib/models.ts'
import { lessMotion } from '../../lib/motion.ts'
import { sentence } from '../../lib/sentence.ts'
import { state as shared } from '../../lib/url.svelte.ts'
import { type Opened, openWorker } from '../../lib/worker.ts'
import { type GuidesJson, guidesText, type JudgeFacts, MASK_FILE, readGuides, withDrawing } from './form.ts'
import { atSize, blank, isBlank, type Raster, rasterText, readRaster } from './raster.ts'
import { UndoStack } from './undo.ts'

/** What can be undone. */
type Drawn = Pick<State, 'picture' | 'mask' | 'paint' | 'guides'>

/** Images of a layer, [n, c, size, size]: of the first n results. */
export interface Level {
  size: number
  images: Float32Array
}

/** How long changes are gathered before a run begins, in milliseconds. */
const GATHER = 40

export class SteerRoom {
  network = $state.raw<NetworkFacts | null>(null)
  judges = $state.raw<readonly JudgeFacts[]>([])
  /** [c, s, s] */
  picture = $state.raw<Float32Array | null>(null)
  /** By layer, from coarse to fine; of the run under way as far as it is. */
  levels = $state.raw<readonly Level[]>([])
  /** The layer that is shown. */
  depth = $state(0)
  running = $state(false)
  steered = $state.raw<Steered | null>(null)
  /** Milliseconds from the wish to the first layer, and to the last. */
  timing = $state.raw<{ first: number; whole: number } | null>(null)
  error = $state<string | null>(null)
  /** What is wrong with a file that was brought. */
  fileError = $state<string | null>(null)
  /** What is wrong with one of the guides. */
  guideError = $state.raw<{ guide: number; message: string } | null>(null)
  notices = $state.raw<readonly string[]>([])
  canUndo = $state(false)
  canRedo = $state(false)
  playing = $state(false)
  /** A stroke under way: in place of what the address says. */
  draft = $state.raw<Partial<Drawn>>({})

  private readonly worker: Opened<SteerWorker>
  private readonly undoStack = new UndoStack<Drawn>()
  private following = true
  private timer: ReturnType<typeof setTimeout> | undefined
  private run = 0
  private began = 0
  private player: ReturnType<typeof setInterval> | undefined

  constructor() {
    this.worker = openWorker('steer', said => {
      this.error = said
    })
    this.worker.api.judges(document.baseURI).then(
      judges => {
        this.judges = judges
      },
      () => {},
    )
  }

  close(): void {
    clearTimeout(this.timer)
    clearInterval(this.player)
    this.worker.close()
  }

  get guides(): GuidesJson {
    return readGuides(this.draft.guides ?? shared.guides)
  }

  /** Everything that results follow from. */
  get request(): SteerRequest {
    const { picture, mask, paint, guides, seed, top, beam, strictness, candidates, told } = shared
    return { picture, mask, paint, guides, seed, top, beam, strictness, candidates, told, ...this.draft }
  }

  /** What is hidden; null where no guide heeds it. */
  get mask(): Raster | null {
    const said = this.guides.guides.find(({ guide }) => guide === 'inpaint')?.mask
    if (!this.network || typeof said !== 'string') return null
    const { size } = this.network
    if (said === MASK_FILE) return rasterOf(this.draft.mask ?? shared.mask, size)
    try {
      return { size, pixels: Uint32Array.from(namedMask(said, size)) }
    } catch {
      return null
    }
  }

  get paint(): Raster {
    return rasterOf(this.draft.paint ?? shared.paint, this.network?.size ?? 1)
  }

  /** Opens a network. */
  async open(name: string): Promise<void> {
    this.network = null
    this.picture = null
    this.levels = []
    this.steered = null
    this.error = null
    this.running = true
    const run = ++this.run
    try {
      const network = await this.worker.api.open(
        document.baseURI,
        name,
        proxy((text: string) => this.note(sentence(text))),
      )
      if (run === this.run) this.network = network
    } catch (error) {
      if (run !== this.run) return
      this.running = false
      this.error = `${name} could not be opened: ${(error as Error).message}`
    }
  }

  /** Shows the picture that the address means. */
  async show(text: string): Promise<void> {
    try {
      const picture = await this.worker.api.picture(text)
      if (text === shared.picture) this.picture = picture
    } catch (error) {
      this.error = (error as Error).message
    }
  }

  /** Wishes for results; wishes that follow each other quickly are one. */
  wish(request: SteerRequest): void {
    clearTimeout(this.timer)
    this.began ||= performance.now()
    const waited = performance.now() - this.began
    this.timer = setTimeout(() => this.steer(request), Math.max(0, GATHER - waited))
  }

  stop(): void {
    this.pause()
    this.worker.api.stop()
  }

  /** Shows a layer, until the next run. */
  scrub(depth: number): void {
    this.pause()
    this.following = false
    this.depth = depth
  }

  /** Shows all layers in turn, from blur to sharp. */
  play(): void {
    this.pause()
    if (this.levels.length === 0) return
    this.following = false
    this.depth = 0
    this.playing = true
    this.player = setInterval(() => {
      if (this.depth + 1 >= this.levels.length) this.pause()
      else this.depth += 1
    }, 110)
  }

  pause(): void {
    clearInterval(this.player)
    this.playing = false
  }

  /** Changes what is drawn or wished for, so that it can be undone; changes of the same group in a row as one. */
  change(change: Partial<Drawn>, group: string | null = null): void {
    this.fileError = null
    this.undoStack.leave(this.drawn(), group)
    this.put(change)
  }

  /** The next change is one of its own. */
  settle(): void {
    this.undoStack.settle()
  }

  undo(): void {
    this.put(this.undoStack.undo(this.drawn()) ?? {})
  }

  redo(): void {
    this.put(this.undoStack.redo(this.drawn()) ?? {})
  }

  setGuides(guides: GuidesJson, group: string | null = null): void {
    this.change({ guides: guidesText(guides) }, group)
  }

  /** A stroke as far as it is; `done` when the brush is lifted. */
  draw(kind: 'mask' | 'paint', raster: Raster, done: boolean): void {
    const guides = guidesText(withDrawing(readGuides(shared.guides), kind, isBlank(raster)))
    const drawn = { [kind]: rasterText(raster), guides }
    if (done) this.change(drawn)
    else this.draft = drawn
  }

  /** Takes files in, whatever they are. */
  async bring(files: Iterable<File>): Promise<void> {
    this.fileError = null
    // The list of an event, or of an input, is empty soon.
    const all = [...files]
    // A description is worth nothing without its model: the last word of several files counts.
    let lacks: string | null = null
    for (const file of all)
      try {
        const brought = await this.worker.api.bring(file)
        lacks = 'lacks' in brought ? brought.lacks : null
        if ('recipe' in brought) Object.assign(shared, readState(brought.recipe))
        if ('picture' in brought) this.change({ picture: brought.picture })
        if ('guides' in brought) this.setGuides(readGuides(brought.guides))
        if ('judge' in brought) this.welcome(brought.judge)
      } catch (error) {
        this.fileError = (error as Error).message
        return
      }
    this.fileError = lacks
  }

  async invert(): Promise<void> {
    this.change({ picture: await this.worker.api.inverted(shared.picture) })
  }

  /** A result becomes the picture. */
  async adopt(result: number): Promise<void> {
    this.change({ picture: await this.worker.api.adopted(result) })
  }

  async download(): Promise<void> {
    try {
      const png = await this.worker.api.png(writeState({ ...shared }))
      const network = networkOf('steer', shared.model)
      download(png, `coppice-${network.replace(/\W+/g, '-')}-${shared.seed}.png`, 'image/png')
    } catch (error) {
      this.error = (error as Error).message
    }
  }

  private drawn(): Drawn {
    const { picture, mask, paint, guides } = shared
    return { picture, mask, paint, guides }
  }

  private put(change: Partial<Drawn>): void {
    this.draft = {}
    Object.assign(shared, change)
    this.canUndo = this.undoStack.canUndo
    this.canRedo = this.undoStack.canRedo
  }

  private async steer(request: SteerRequest): Promise<void> {
    const run = ++this.run
    const { began } = this
    this.began = 0
    this.pause()
    this.following = true
    this.running = true
    this.error = null
    this.guideError = null
    let first = 0
    const levels: Level[] = []
    const onLayer = (seen: SeenLayer) => {
      if (run !== this.run) return
      first ||= performance.now() - began
      add(levels, seen)
      if (!lessMotion()) this.showLevels(levels, seen.layer)
    }
    const answer = await this.worker.api.run(request, proxy(onLayer))
    if (run !== this.run) return
    this.running = false
    // What is shown is not what could be downloaded, once a run has begun to show its own.
    if (!('steered' in answer) && levels.length > 0) this.steered = null
    if ('stopped' in answer) return
    if ('error' in answer) {
      if (answer.guide === null) this.error = answer.error
      else this.guideError = { guide: answer.guide, message: answer.error }
      return
    }
    const { steered } = answer
    steered.levels?.forEach((images, layer) => {
      levels[layer] = { ...levels[layer], images }
    })
    this.timing = { first, whole: performance.now() - began }
    this.steered = steered
    this.showLevels(levels, levels.length - 1)
  }

  private showLevels(levels: readonly Level[], newest: number): void {
    this.levels = [...levels]
    if (this.following) this.depth = newest
  }

  /** A judge that was brought, in place of one with its name. */
  private welcome(judge: JudgeFacts): void {
    this.judges = [...this.judges.filter(({ name }) => name !== judge.name), judge]
    this.note(`${judge.name} can judge now: choose it in a guide.`)
    if (this.network) this.wish(this.request)
  }

  private note(text: string): void {
    if (!this.notices.includes(text)) this.notices = [...this.notices, text]
  }
}

/** Puts images that came into their layer; those of the next batch come after the first. */
function add(levels: Level[], { layer, size, first, images }: SeenLayer): void {
  const before = first > 0 ? levels[layer].images : new Float32Array(0)
  const all = new Float32Array(before.length + images.length)
  all.set(before)
  all.set(images, before.length)
  levels[layer] = { size, images: all }
}

/** The raster of a text; a broken one is empty, and the run says so. */
function rasterOf(text: string, size: number): Raster {
  try {
    return text ? atSize(readRaster(text, 'the drawing'), size) : blank(size)
  } catch {
    return blank(size)
  }
}
