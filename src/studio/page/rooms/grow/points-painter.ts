// Paints the points: the density as a shade, every node a dot, every split and prune a flash.

import { bins } from '../../../../ddn/density-targets.ts'
import type { Frame } from '../../../workers/grow-density.ts'
import { type Colours, channelsOf, coloursNow } from './colours.ts'

/** Milliseconds that an event is seen. */
const FLASH = 450
/** Events seen at once. */
const mostFlashes = 400
/** Room around the unit square, in pixels of the page. */
const MARGIN = 8

interface Flash {
  /** Where the pruned node was, and where the split one is. */
  from: readonly [x: number, y: number]
  to: readonly [x: number, y: number]
  since: number
}

export class PointsPainter {
  private readonly context: CanvasRenderingContext2D
  private colours: Colours = coloursNow()
  private shade: Float32Array = new Float32Array(bins * bins)
  /** The picture without nodes, and the one that they are put into. */
  private ground: ImageData | null = null
  private image: ImageData | null = null
  private stamp = stampOf(1)
  private flashes: Flash[] = []
  private scale = 1

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.context = canvas.getContext('2d', { alpha: false, willReadFrequently: true })!
  }

  /** Takes the canvas's size on the page, and the colours of the hour. */
  fit() {
    const side = Math.max(1, Math.round(this.canvas.clientWidth * devicePixelRatio))
    if (this.canvas.width !== side) this.canvas.width = this.canvas.height = side
    this.colours = coloursNow()
    // Smaller dots on a phone.
    this.scale = Math.min(1, Math.max(0.65, this.canvas.clientWidth / 600))
    this.stamp = stampOf(1.5 * this.scale * devicePixelRatio)
    this.ground = null
  }

  /** @param values  [100·100] 0 … 1 */
  setShade(values: Float32Array) {
    this.shade = values
    this.ground = null
  }

  /** Remembers the events of a frame, to be seen from now on. */
  addEvents(events: Float32Array, now: number) {
    for (let i = 0; i < events.length; i += 4)
      this.flashes.push({ from: [events[i], events[i + 1]], to: [events[i + 2], events[i + 3]], since: now })
    this.flashes.splice(0, this.flashes.length - mostFlashes)
  }

  /** Whether something is fading. */
  get busy(): boolean {
    return this.flashes.length > 0
  }

  paint({ nodes, used }: Frame, now: number) {
    const { canvas, context, colours } = this
    const edge = MARGIN * devicePixelRatio
    const side = canvas.width - 2 * edge
    this.ground ??= this.paintGround(edge, side)
    if (this.image?.width !== canvas.width) this.image = context.createImageData(canvas.width, canvas.height)
    this.image.data.set(this.ground.data)
    // What no sample comes near lies below what lives. Dots by hand: ten thousand of them take a few milliseconds.
    for (const [kind, colour, alpha] of [[0, colours.quiet, 0.55] as const, [1, colours.leaf, 1] as const]) {
      const channels = channelsOf(colour)
      for (let k = 0; k < used.length; k++)
        if (used[k] === kind)
          this.dot(this.image, edge + side * nodes[2 * k], edge + side * nodes[2 * k + 1], channels, alpha)
    }
    context.putImageData(this.image, 0, 0)
    this.flashes = this.flashes.filter(({ since }) => now - since < FLASH)
    for (const flash of this.flashes) this.paintFlash(flash, (now - flash.since) / FLASH, edge, side)
  }

  /** The panel's colour, and the density's over it. */
  private paintGround(edge: number, side: number): ImageData {
    const { canvas, context, colours } = this
    const bitmap = new OffscreenCanvas(bins, bins)
    const image = new ImageData(bins, bins)
    const [red, green, blue] = channelsOf(colours.sky)
    this.shade.forEach((value, i) => {
      image.data.set([red, green, blue, 95 * Math.sqrt(value)], 4 * i)
    })
    bitmap.getContext('2d')!.putImageData(image, 0, 0)
    context.globalAlpha = 1
    context.fillStyle = colours.panel
    context.fillRect(0, 0, canvas.width, canvas.height)
    context.imageSmoothingEnabled = false
    context.drawImage(bitmap, edge, edge, side, side)
    return context.getImageData(0, 0, canvas.width, canvas.height)
  }

  /** Lays a round dot of a colour around (x, y). */
  private dot({ data, width }: ImageData, x: number, y: number, colour: readonly number[], alpha: number) {
    const { reach, cover } = this.stamp
    const left = Math.round(x) - reach
    let at = 4 * ((Math.round(y) - reach) * width + left)
    for (let v = 0, i = 0; v <= 2 * reach; v++, at += 4 * (width - 2 * reach - 1))
      for (let u = 0; u <= 2 * reach; u++, i++, at += 4) {
        const share = alpha * cover[i]
        for (let c = 0; c < 3; c++) data[at + c] += share * (colour[c] - data[at + c])
      }
  }

  /** The pruned node leaves a ring that closes, the split one a ring that opens, and a thread between them. */
  private paintFlash({ from, to }: Flash, age: number, edge: number, side: number) {
    const { context, colours } = this
    const at = ([x, y]: readonly [number, number]) => [edge + side * x, edge + side * y] as const
    const ring = (colour: string, point: readonly [number, number], radius: number) => {
      context.strokeStyle = colour
      context.beginPath()
      context.arc(...at(point), radius * this.scale * devicePixelRatio, 0, 2 * Math.PI)
      context.stroke()
    }
    context.lineWidth = devicePixelRatio
    context.globalAlpha = 0.25 * (1 - age)
    context.strokeStyle = colours.bark
    context.beginPath()
    context.moveTo(...at(from))
    context.lineTo(...at(to))
    context.stroke()
    context.globalAlpha = 1 - age
    context.lineWidth = 1.5 * devicePixelRatio
    ring(colours.bark, from, 5 * (1 - age))
    ring(colours.bark, to, 1 + 6 * age)
  }
}

/** How much of each pixel of a square a dot covers: [(2·reach + 1)²]. */
function stampOf(radius: number): { reach: number; cover: Float32Array } {
  const reach = Math.ceil(radius)
  const width = 2 * reach + 1
  const cover = Float32Array.from({ length: width * width }, (_, i) =>
    Math.min(1, Math.max(0, radius + 0.5 - Math.hypot((i % width) - reach, Math.floor(i / width) - reach))),
  )
  return { reach, cover }
}
