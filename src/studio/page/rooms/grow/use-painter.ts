// Paints how often each node is used: a row per layer, a cell per node, and a flash where one was split over another.

import type { Split, Use } from '../../../workers/grow-session.ts'
import { lessMotion } from '../../lib/motion.ts'
import { channelsOf, coloursNow } from './colours.ts'

/** Milliseconds that a split is seen. */
const FLASH = 700
/** Splits seen at once. */
const mostFlashes = 600
/** Pixels of the page: a layer's row, and what is between two. */
export const ROW = 14
export const GAP = 3

export class UsePainter {
  private readonly context: CanvasRenderingContext2D
  private use: Use | null = null
  private flashes: (Split & { since: number })[] = []
  private request = 0
  private colours = coloursNow()
  private cells = cellsContext(1, 1)

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.context = canvas.getContext('2d')!
  }

  set(use: Use, splits: readonly Split[]) {
    this.use = use
    const now = performance.now()
    if (!lessMotion()) for (const split of splits) this.flashes.push({ ...split, since: now })
    this.flashes.splice(0, this.flashes.length - mostFlashes)
    this.fillCells(use)
    this.refresh()
  }

  /** The colours of the hour. */
  recolour() {
    this.colours = coloursNow()
    if (this.use) this.fillCells(this.use)
    this.refresh()
  }

  /** Paints now, and on while something fades. */
  refresh() {
    cancelAnimationFrame(this.request)
    this.paint(performance.now())
    if (this.flashes.length) this.request = requestAnimationFrame(() => this.refresh())
  }

  stop() {
    cancelAnimationFrame(this.request)
  }

  private paint(now: number) {
    const { canvas, context, use } = this
    if (!use) return
    const ratio = devicePixelRatio
    const width = Math.max(1, Math.round(canvas.clientWidth * ratio))
    const height = Math.round((use.K.length * (ROW + GAP) - GAP) * ratio)
    if (canvas.width !== width) canvas.width = width
    if (canvas.height !== height) canvas.height = height
    context.clearRect(0, 0, width, height)
    context.imageSmoothingEnabled = false
    context.globalAlpha = 1
    use.K.forEach((K, layer) => {
      context.drawImage(this.cells.canvas, 0, layer, K, 1, 0, layer * (ROW + GAP) * ratio, width, ROW * ratio)
    })
    this.flashes = this.flashes.filter(({ since }) => now - since < FLASH)
    for (const { layer, split, pruned, since } of this.flashes) {
      const cell = width / use.K[layer]
      context.globalAlpha = 1 - (now - since) / FLASH
      for (const [node, colour] of [
        [split, this.colours.sky] as const,
        [pruned, this.colours.bark] as const,
      ]) {
        context.fillStyle = colour
        context.fillRect(node * cell, layer * (ROW + GAP) * ratio, Math.max(cell, 2 * ratio), ROW * ratio)
      }
    }
  }

  /** A pixel per node, from no use to twice the fair share and more. */
  private fillCells(use: Use) {
    const none = channelsOf(this.colours.faint)
    const much = channelsOf(this.colours.leaf)
    const width = Math.max(...use.K)
    if (this.cells.canvas.width !== width || this.cells.canvas.height !== use.K.length)
      this.cells = cellsContext(width, use.K.length)
    const image = new ImageData(width, use.K.length)
    let from = 0
    use.K.forEach((K, layer) => {
      for (let k = 0; k < K; k++) {
        const share = Math.min(1, use.shares[from++] / 2)
        const at = 4 * (layer * width + k)
        for (let c = 0; c < 3; c++) image.data[at + c] = none[c] + share * (much[c] - none[c])
        image.data[at + 3] = 255
      }
    })
    this.cells.putImageData(image, 0, 0)
  }
}

function cellsContext(width: number, height: number): OffscreenCanvasRenderingContext2D {
  return new OffscreenCanvas(width, height).getContext('2d')!
}
