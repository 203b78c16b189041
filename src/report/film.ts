/** A film of a training: what the network draws, at growing intervals, as numbered PNG files and at the end a GIF. */

import { mkdir, readdir, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { decode } from 'fast-png'
import type { Images } from '../data/dataset.ts'
import type { DdnConfig } from '../ddn/config.ts'
import type { RuntimeOptions } from '../runtime/index.ts'
import { writeAtomic } from '../train/files.ts'
import type { Trainer } from '../train/trainer.ts'
import { VERSION } from '../version.ts'
import { type FrameDrawing, frameDrawing } from './film-frames.ts'
import { filmGif } from './film-gif.ts'
import type { Picture } from './grid.ts'
import { encodePng } from './png.ts'

export interface FilmOptions {
  /** The run's folder: frames go into `film/` in it, the film is `film.gif`. */
  dir: string
  /** Images that a conditional network is told of; asked for with the first frame. */
  images: () => Images
  runtime?: RuntimeOptions
}

/** Frames of a training from the first step to the last. */
const FRAMES = 60

/** What frames may cost: these seconds, and this share of the training's. */
const COST = { seconds: 4, share: 0.08 }

/** What a film looks at. */
type Watched = Pick<Trainer, 'step' | 'seconds' | 'progress' | 'done' | 'vectors'> & {
  config: { network: unknown }
}

/**
 * Takes frames of averaged weights: frame i of 60 when (i / 60)² of the budget is used, so that they are the closer the
 * earlier, and later where they would cost too much time. A run that goes on adds to the frames that are there; those of
 * steps that it takes again are taken again.
 */
export class Film {
  private drawing: FrameDrawing | null = null
  /** Of the last frame: its number, its step, and the progress at which the next is due. */
  private number = -1
  private step = -1
  private next = 0
  private cost = 0
  private readonly folder: string

  constructor(private readonly options: FilmOptions) {
    this.folder = join(options.dir, 'film')
  }

  /** Called before the first step, and after each. */
  readonly watch = async (trainer: Watched): Promise<void> => {
    if (!this.drawing) await this.begin(trainer)
    const begun = performance.now()
    if (trainer.step === this.step) return
    const due = trainer.progress >= this.next && this.cost <= COST.seconds + COST.share * trainer.seconds
    if (!due && !trainer.done) return
    await this.take(trainer)
    this.next = (Math.sqrt(trainer.progress) + 1 / FRAMES) ** 2
    this.cost += (performance.now() - begun) / 1000
  }

  /** Writes the GIF of all frames and returns its path; null where there are none. */
  async finish(): Promise<string | null> {
    const frames = await framesIn(this.folder)
    if (frames.length === 0) return null
    const pictures = await Promise.all(
      frames.map(async ({ name }) => pictureOf(await readFile(join(this.folder, name)))),
    )
    const path = join(this.options.dir, 'film.gif')
    await writeAtomic(path, filmGif(pictures))
    return path
  }

  async close(): Promise<void> {
    await this.drawing?.close()
  }

  private async begin({ config, step, progress }: Watched): Promise<void> {
    const { images, runtime } = this.options
    this.drawing = await frameDrawing(config.network as DdnConfig, images(), runtime)
    await mkdir(this.folder, { recursive: true })
    const frames = await framesIn(this.folder)
    const standing = frames.filter(frame => frame.step <= step)
    for (const { name } of frames.slice(standing.length)) await unlink(join(this.folder, name))
    const last = standing.at(-1)
    if (!last) return
    this.number = last.number
    this.step = last.step
    this.next = (Math.sqrt((progress * last.step) / Math.max(1, step)) + 1 / FRAMES) ** 2
  }

  private async take(trainer: Watched): Promise<void> {
    const { average } = await trainer.vectors()
    const picture = await this.drawing!.draw(average)
    const name = `${String(++this.number).padStart(4, '0')}-step-${trainer.step}.png`
    const recipe = { Software: `coppice ${VERSION}`, step: String(trainer.step), shows: this.drawing!.what }
    await writeAtomic(join(this.folder, name), encodePng(picture, recipe))
    this.step = trainer.step
  }
}

interface FrameFile {
  name: string
  number: number
  step: number
}

/** In order. */
async function framesIn(folder: string): Promise<FrameFile[]> {
  const names = await readdir(folder).catch(() => [])
  return names
    .flatMap((name): FrameFile[] => {
      const parts = /^(\d{4,})-step-(\d+)\.png$/.exec(name)
      return parts ? [{ name, number: Number(parts[1]), step: Number(parts[2]) }] : []
    })
    .sort((a, b) => a.number - b.number)
}

function pictureOf(png: Uint8Array): Picture {
  const { width, height, channels, data } = decode(png)
  return { width, height, channels: channels as 1 | 3, data: data as Uint8Array }
}
