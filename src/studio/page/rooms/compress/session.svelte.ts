// What the room knows: a picture, its codes and its bits, asked of the worker one after the other.

import { proxy } from 'comlink'
import type { FloatPicture } from '../../../../codec/tiles.ts'
import type { State } from '../../../state.ts'
import type { Compress, CountedFile, FileThumb, OpenedFile } from '../../../workers/compress.ts'
import { formats, type Peer } from '../../../workers/compress-peers.ts'
import { sentence } from '../../lib/sentence.ts'
import type { Stroke } from '../../lib/strokes.ts'
import { type Opened, openWorker } from '../../lib/worker.ts'
import { type Address, follow, keyOf, type Request, type Source } from './follow.ts'
import { codesToText } from './link.ts'
import { type Busy, type Loaded, load } from './load.ts'

type Wishes = Pick<State, 'model' | 'seed' | 'codes' | 'fit' | 'beam' | 'prior'>

/** Milliseconds that need no word. */
const PATIENCE = 200

export class Session {
  shown = $state.raw<Loaded | null>(null)
  /** What will be shown first. */
  coming = $state.raw<Pick<Loaded, 'title' | 'original'> | null>(null)
  /** The bits of what is shown; null while they are counted for the first time. */
  counted = $state.raw<CountedFile | null>(null)
  peers = $state.raw<Peer[]>([])
  file = $state.raw<OpenedFile | null>(null)
  thumbs = $state.raw<FileThumb[]>([])
  /** The first image of the strip. */
  first = $state(0)
  /** What is done that takes a while, and which share of it is. */
  work = $state.raw<{ says: string; share: number | null } | null>(null)
  /** What is wrong: with what was given, with the prior, with the strip. */
  error = $state<string | null>(null)
  priorError = $state<string | null>(null)
  stripNotes = $state.raw<string[]>([])
  /** What the engine had to say. */
  notices = $state.raw<readonly string[]>([])
  /** Light becomes dark, and dark light, in pictures from files. */
  invert = $state(false)
  source = $state.raw<Source>({ kind: 'example' })
  /** Whether something newer than what is shown is on its way. */
  running = $state(false)

  private worker: Opened<Compress>
  private seen: Address | null = null
  private wishes: Wishes | null = null
  private ids = 0
  private again = false
  /** The last one loaded, and the keys of what is loaded, counted and open. */
  private loaded: Loaded | null = null
  private done = { picture: '', count: '', file: '' }
  /** What the address said of it, to which a failure goes back. */
  private settled: Wishes | null = null
  /** A file of another model, which its own may open yet. */
  private refused: Source | null = null
  private idle: ReturnType<typeof setTimeout> | undefined

  /** @param tell  changes the address */
  constructor(private readonly tell: (state: Partial<State>) => void) {
    this.worker = this.opened()
  }

  /** Goes after the address: to be called whenever that changes. */
  wish(wishes: Wishes): void {
    const { model, seed, codes } = wishes
    const refused = this.seen && this.seen.model !== model ? this.refused : null
    const source = refused ?? follow({ model, seed, codes }, this.seen, this.source)
    if (source !== this.source) {
      this.source = source
      this.refused = null
      this.error = null
    }
    this.seen = { model, seed, codes }
    this.wishes = wishes
    if (source.kind === 'example') this.tellCodes('')
    this.go()
  }

  open(blob: Blob, name: string): void {
    this.take({ kind: 'file', id: ++this.ids, name, blob })
  }

  openDdn(bytes: Uint8Array<ArrayBuffer>, name: string): void {
    this.take({ kind: 'ddn', id: ++this.ids, name, bytes, index: null })
  }

  draw(strokes: readonly Stroke[]): void {
    this.take({ kind: 'drawing', id: ++this.ids, strokes })
  }

  /** Another image of the file that is open. */
  pick(index: number): void {
    if (this.source.kind === 'ddn') this.take({ ...this.source, index })
  }

  exchange(invert: boolean): void {
    this.invert = invert
    this.go()
  }

  /** Ends what takes too long; what was shown before stays. */
  stop(): void {
    this.worker.close()
    this.worker = this.opened()
    this.running = false
    this.again = false
    this.work = null
    this.done.file = ''
    this.error = 'Stopped.'
    if (!this.loaded || !this.settled) return
    this.source = this.loaded.source
    this.wishes = this.settled
    this.seen = { ...this.settled }
    this.tell(this.settled)
  }

  close(): void {
    clearTimeout(this.idle)
    this.worker.close()
  }

  /** A PNG file of a picture, which says how it was made. */
  png(picture: FloatPicture, text: Record<string, string>): Promise<Uint8Array> {
    return this.worker.api.png(picture, text)
  }

  /** Shows the images of the open file from `from` on. */
  async page(from: number): Promise<void> {
    const { file, worker } = this
    this.first = from
    this.thumbs = []
    const { thumbs, notes } = await worker.api
      .thumbs(this.wishes!.model, from)
      .catch((error: Error) => ({ thumbs: [], notes: [sentence(error)] }))
    if (this.file !== file || this.first !== from) return
    this.thumbs = thumbs
    this.stripNotes = notes
  }

  private take(source: Source): void {
    this.error = null
    this.refused = null
    this.source = source
    this.go()
  }

  /** One after the other: what is wished for meanwhile waits, and only the last of it is done. */
  private async go(): Promise<void> {
    this.again = true
    clearTimeout(this.idle)
    if (this.running || !this.wishes) return
    this.running = true
    const { worker } = this
    const here = () => worker === this.worker
    while (this.again) {
      this.again = false
      const { source } = this
      try {
        await this.picture(source, here)
        if (here() && !this.again) await this.count(here)
      } catch (error) {
        if (here()) this.fail(source, error)
      }
      if (!here()) return
    }
    this.running = false
    this.idle = setTimeout(() => this.compare(), PATIENCE)
  }

  private async picture(source: Source, here: () => boolean): Promise<void> {
    const { model, seed, codes, fit, beam } = this.wishes!
    const request: Request = { model, seed, codes, fit, beam, source, invert: this.invert }
    const key = keyOf(request)
    if (key === this.done.picture) return
    if (source.kind === 'ddn') await this.openFile(source, model, here)
    const loaded = await load(this.worker.api, request, this.busy(here), original => {
      if (here() && !this.loaded) this.coming = original
    })
    if (!here() || source !== this.source) return
    this.loaded = loaded
    this.done.picture = key
    this.done.count = ''
    this.settled = { ...this.wishes!, prior: this.settled?.prior ?? 'none' }
    if (source.kind !== 'ddn') this.file = null
    const { coded, facts } = loaded
    const isTile = coded.width === facts.size && coded.height === facts.size
    if (source.kind === 'example' || !isTile) this.tellCodes('')
    else this.tellCodes(codesToText(facts.K, coded.codes))
    this.settled.codes = this.seen!.codes
  }

  /** Opens a file unless it is open. */
  private async openFile(
    { id, name, bytes }: Extract<Source, { kind: 'ddn' }>,
    model: string,
    here: () => boolean,
  ): Promise<void> {
    const key = `${id} ${model}`
    if (key === this.done.file) return
    const { api } = this.worker
    const busy = this.busy(here)
    await busy('Fetching the model …', () => api.open(model))
    const file = await busy('Reading the file …', () => api.openFile(model, bytes, name))
    if (!here()) return
    this.done.file = key
    this.file = file
    this.wishes = { ...this.wishes!, prior: file.prior }
    this.tell({ prior: file.prior })
    this.page(0)
  }

  /** The bits of what was loaded. They come together with its picture, unless they take long. */
  private async count(here: () => boolean): Promise<void> {
    const { loaded } = this
    const { model, prior } = this.wishes!
    const key = `${this.done.picture} ${prior}`
    if (!loaded || key === this.done.count) return
    const { width, height, tiling, codes } = loaded.coded
    const soon = setTimeout(() => this.show(loaded, null), PATIENCE)
    try {
      const counted = await this.busy(here)('Counting bits …', onShare =>
        this.worker.api.count(model, prior, { width, height, tiling, codes }, proxy(onShare)),
      )
      if (!here()) return
      this.show(loaded, counted)
      this.done.count = key
      this.settled = { ...this.settled!, prior }
      if (prior !== 'none') this.priorError = null
    } catch (error) {
      if (!here()) return
      if (prior === 'none') throw error
      this.priorError = sentence(error)
      this.tell({ prior: 'none' })
    } finally {
      clearTimeout(soon)
    }
  }

  private show(loaded: Loaded, counted: CountedFile | null): void {
    if (this.shown === loaded && !counted) return
    if (this.shown !== loaded) this.peers = []
    this.shown = loaded
    this.counted = counted
  }

  /** What JPEG and WebP make of the same picture. */
  private async compare(): Promise<void> {
    const { shown } = this
    if (!shown?.original || shown.mse === null || this.peers.length === formats.length) return
    this.peers = []
    const onPeer = (peer: Peer) => {
      if (this.shown === shown) this.peers = [...this.peers, peer]
    }
    await this.worker.api.peers(shown.original, shown.mse, proxy(onPeer)).catch((error: Error) => {
      if (this.shown === shown) this.error = sentence(error)
    })
  }

  /** What could not be shown leaves room for what was, or for the example. */
  private fail(source: Source, error: unknown): void {
    this.error = sentence(error)
    if (source !== this.source) return
    if (source.kind === 'ddn') this.refused = source
    const same = this.loaded?.facts.name === this.wishes!.model
    const before: Source = same ? this.loaded!.source : { kind: 'example' }
    if (source === before || source.kind === 'example') return
    this.source = before
    this.tellCodes(before.kind === 'example' ? '' : this.settled!.codes)
    this.again = true
  }

  private tellCodes(codes: string): void {
    if (this.seen) this.seen.codes = codes
    if (this.wishes) this.wishes = { ...this.wishes, codes }
    this.tell({ codes })
  }

  private opened(): Opened<Compress> {
    const worker = openWorker('compress', said => {
      this.error = said
    })
    const heard = (notice: string) => {
      const told = sentence(notice)
      if (!this.notices.includes(told)) this.notices = [...this.notices, told]
    }
    worker.api.from(document.baseURI, proxy(heard))
    return worker
  }

  private busy(here: () => boolean): Busy {
    return async (says, work) => {
      let share: number | null = null
      let spoken = false
      const say = () => {
        spoken = true
        if (here()) this.work = { says, share }
      }
      const soon = setTimeout(say, PATIENCE)
      try {
        return await work(done => {
          share = done
          if (spoken) say()
        })
      } finally {
        clearTimeout(soon)
        if (here()) this.work = null
      }
    }
  }
}
