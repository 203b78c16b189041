// What is seen of the endless tree. A view is told in the unit square of the node that it is in, for in the root's own
// the numbers would run out: fourteen levels down a picture is a billionth of a billionth as wide.

import { flight, type View } from '../../../../report/tree-page-flight.ts'
import { type Cell, commonCell, inFrame, toChild, toParent } from './geometry.ts'

/** A view in the unit square of a cell. */
export interface Framed<T extends Cell> {
  cell: T
  view: View
}

/** What the camera asks of the tree. */
export interface Ground<T extends Cell> {
  root: T
  /** The children that are known, or none. */
  children(cell: T): readonly T[]
  /** Whether it can have children. */
  leaf(cell: T): boolean
}

/** A part of a flight, in one frame. */
interface Leg<T extends Cell> {
  cell: T
  length: number
  at(t: number): View
}

/** The widest view, in the root's square, and the narrowest in that of any node. */
const WIDEST = 1.5
const NARROWEST = 0.08

/** Levels that a single curve may cross: more are flown one by one, so that one sees the way. */
const AT_ONCE = 3

export class Camera<T extends Cell> {
  seen: Framed<T>
  private wanted: Framed<T>
  private flown: { legs: Leg<T>[]; length: number; start: number; duration: number } | null = null
  private before = 0

  /** @param still  whether nothing is to move by itself */
  constructor(
    private readonly ground: Ground<T>,
    readonly window: { width: number; height: number },
    private readonly still: () => boolean,
  ) {
    this.seen = fitted(ground.root, ground.leaf(ground.root))
    this.wanted = this.seen
  }

  get flying(): boolean {
    return this.flown !== null
  }

  /** Where it is going. */
  get goal(): Framed<T> {
    return this.wanted
  }

  /** Pixels of the window in a unit of the seen node's square. */
  get scale(): number {
    return Math.min(this.window.width, this.window.height) / this.seen.view.width
  }

  /** Has a node fill the window: on a flight, or at once. */
  goTo(cell: T, soon: boolean): void {
    this.goToView(fitted(cell, this.ground.leaf(cell)), soon)
  }

  goToView(to: Framed<T>, soon: boolean): void {
    this.wanted = to
    this.flown = null
    if (!soon || this.still()) {
      this.seen = to
      return
    }
    const legs = legsOf(this.settled(this.seen), to, cell => fitted(cell, this.ground.leaf(cell)).view)
    const length = legs.reduce((sum, leg) => sum + leg.length, 0)
    this.flown = { legs, length, start: -1, duration: Math.min(3200, 300 + 260 * length) }
  }

  /** Stops where it is. */
  halt(): void {
    this.flown = null
    this.seen = this.settled(this.seen)
    this.wanted = this.seen
  }

  /**
   * Makes things larger; what is at this place of the window stays there. Without one it is the middle, or, where no
   * child is there, the nearest child: a node's own picture leads nowhere.
   */
  zoom(by: number, at: { x: number; y: number } | null = null, soon = true): void {
    if (this.flown) this.halt()
    const { cell, view } = this.wanted
    const { width: w, height: h } = this.window
    const width = this.limit(cell, view.width / by)
    const share = width / view.width
    const k = view.width / Math.min(w, h)
    const stays = at
      ? { x: view.x + (at.x - w / 2) * k, y: view.y + (at.y - h / 2) * k }
      : (by > 1 && this.nearest(cell, view)) || view
    this.aim(
      {
        cell,
        view: {
          x: stays.x + (view.x - stays.x) * share,
          y: stays.y + (view.y - stays.y) * share,
          width,
        },
      },
      soon,
    )
  }

  /** Moves the view by so many pixels of the window. */
  pan(dx: number, dy: number, soon = false): void {
    if (this.flown) this.halt()
    const { cell, view } = this.wanted
    const k = Math.min(this.window.width, this.window.height) / view.width
    this.aim({ cell, view: { ...view, x: view.x + dx / k, y: view.y + dy / k } }, soon)
  }

  /** Goes on by the time that passed; whether there is more to come. */
  step(now: number): boolean {
    const passed = Math.min(64, now - this.before)
    this.before = now
    if (this.flown) return this.fly(now)
    if (this.seen === this.wanted) return false
    const { cell } = this.seen
    const from = this.seen.view
    const to = inFrame(this.wanted.view, this.wanted.cell, cell)
    // Nearer by a share that depends on the time alone. All three numbers go together: a point that stays, stays.
    const share = 1 - Math.exp(-passed / 55)
    const rest = Math.abs(from.width - to.width) + Math.hypot(from.x - to.x, from.y - to.y)
    this.seen = rest < 1e-3 * to.width ? this.wanted : this.settled({ cell, view: mixed(from, to, share) })
    return this.seen !== this.wanted
  }

  /** The node that fills most of the window's middle. */
  middle(): T {
    let { cell, view } = this.settled(this.wanted)
    for (;;) {
      const child = this.childAt(cell, view, 0.6)
      if (!child) break
      view = toChild(view, child.place)
      cell = child
    }
    // Of a node at the edge, or seen from far, its parent is the one that is looked at.
    while (cell.parent && (view.width > 1 / 0.6 || !inside(view))) {
      view = toParent(view, cell.place)
      cell = cell.parent as T
    }
    return cell
  }

  private fly(now: number): boolean {
    const flown = this.flown!
    if (flown.start < 0) flown.start = now
    const t = Math.min(1, (now - flown.start) / flown.duration)
    if (t === 1) {
      this.flown = null
      this.seen = this.wanted
      return false
    }
    let left = (t < 0.5 ? 2 * t * t : 1 - 2 * (1 - t) * (1 - t)) * flown.length
    let leg = flown.legs[0]
    for (const one of flown.legs) {
      leg = one
      if (left <= one.length) break
      left -= one.length
    }
    this.seen = { cell: leg.cell, view: leg.at(leg.length ? Math.min(1, left / leg.length) : 1) }
    return true
  }

  private aim(to: Framed<T>, soon: boolean): void {
    const { root } = this.ground
    const { cell, view } = this.settled(to)
    const limited = (value: number) => Math.min(1, Math.max(0, value))
    this.wanted =
      cell === root ? { cell, view: { ...view, x: limited(view.x), y: limited(view.y) } } : { cell, view }
    if (!soon || this.still()) this.seen = this.wanted
  }

  private limit(cell: T, width: number): number {
    return Math.min(cell === this.ground.root ? WIDEST : Infinity, Math.max(NARROWEST, width))
  }

  /** The same view, told in the smallest square that is not smaller than it. */
  private settled({ cell, view }: Framed<T>): Framed<T> {
    while (cell.parent && (view.width > 1.2 || !inside(view))) {
      view = toParent(view, cell.place)
      cell = cell.parent as T
    }
    for (let child = this.childAt(cell, view, 1); child; child = this.childAt(cell, view, 1)) {
      view = toChild(view, child.place)
      cell = child
    }
    return { cell, view: { ...view, width: this.limit(cell, view.width) } }
  }

  /** The middle of the nearest child. */
  private nearest(cell: T, { x, y }: View): { x: number; y: number } | null {
    const apart = (place: { x: number; y: number }) => Math.hypot(place.x - x, place.y - y)
    const middles = this.ground
      .children(cell)
      .map(({ place }) => ({ x: place.x + place.side / 2, y: place.y + place.side / 2 }))
    return middles.reduce<{ x: number; y: number } | null>(
      (best, one) => (best && apart(best) <= apart(one) ? best : one),
      null,
    )
  }

  /** The child in which the view's middle is, if it is at least so large against the view. */
  private childAt(cell: T, { x, y, width }: View, share: number): T | null {
    const found = this.ground
      .children(cell)
      .find(
        ({ place }) => x >= place.x && y >= place.y && x < place.x + place.side && y < place.y + place.side,
      )
    return found && found.place.side >= share * width ? found : null
  }
}

/** A node with all that is below it; one that stands alone, with a little of its neighbours. */
export function fitted<T extends Cell>(cell: T, leaf: boolean): Framed<T> {
  return { cell, view: { x: 0.5, y: 0.5, width: leaf ? 1.6 : 1.03 } }
}

/**
 * The way from one view to another: one curve where they are near each other; else up to what is above both, and down
 * again, level by level.
 */
export function legsOf<T extends Cell>(from: Framed<T>, to: Framed<T>, viewOf: (cell: T) => View): Leg<T>[] {
  const common = commonCell(from.cell, to.cell)
  const up = from.cell.depth - common.depth
  const down = to.cell.depth - common.depth
  const legs: Leg<T>[] = []
  let here = from
  const go = (frame: T, next: Framed<T>) => {
    const { length, at } = flight(inFrame(here.view, here.cell, frame), inFrame(next.view, next.cell, frame))
    legs.push({ cell: frame, length, at })
    here = next
  }
  if (up <= AT_ONCE && down <= AT_ONCE) {
    go(common, to)
    return legs
  }
  if (up > AT_ONCE)
    for (let cell = from.cell; cell !== common; cell = cell.parent as T) {
      const above = cell.parent as T
      go(above, { cell: above, view: viewOf(above) })
    }
  const way: T[] = []
  for (let cell = to.cell; cell !== common; cell = cell.parent as T) way.unshift(cell)
  if (down <= AT_ONCE) go(common, to)
  else for (const cell of way) go(cell.parent as T, cell === to.cell ? to : { cell, view: viewOf(cell) })
  return legs
}

function inside({ x, y }: View): boolean {
  return x >= 0 && y >= 0 && x < 1 && y < 1
}

function mixed(from: View, to: View, share: number): View {
  const part = (a: number, b: number) => a + (b - a) * share
  return { x: part(from.x, to.x), y: part(from.y, to.y), width: part(from.width, to.width) }
}
