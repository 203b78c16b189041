/** What is seen of a large picture, and how that changes: at once, within moments, or on a flight. */

import type { flight as Flight, View } from './tree-page-flight.ts'

export interface CameraOptions {
  /** Side of the picture, which is a square. */
  side: number
  /** The least that is ever seen of it. */
  narrowest: number
  /** Width and height of the window. */
  window: { readonly width: number; readonly height: number }
  /** Whether nothing is to move by itself. */
  still: () => boolean
  /** Called once a frame where there is something to be drawn. */
  draw: () => void
}

export interface Camera {
  /** What is seen now, and what is to be seen soon. */
  readonly view: View
  readonly wanted: View
  /** Pixels of the window in one of the picture. */
  factor(): number
  /** Has the picture drawn with the next frame. */
  ask(): void
  /** Goes somewhere at once, or soon. */
  go(to: View, soon?: boolean): void
  fly(to: View): void
  /** Makes things larger or smaller; what is at this place of the window, by default its middle, stays there. */
  zoom(by: number, at?: { x: number; y: number }, soon?: boolean): void
}

/** Its text is also part of the page: it must name nothing but its own arguments and what every browser has. */
export function treeCamera(
  flight: typeof Flight,
  { side, narrowest, window, still, draw }: CameraOptions,
): Camera {
  const widest = 1.3 * side
  let view: View = { x: side / 2, y: side / 2, width: widest }
  let wanted = view
  let flown: { at: (t: number) => View; start: number; duration: number } | null = null
  let asked = false
  let before = 0

  function limited({ x, y, width }: View): View {
    const inside = (value: number) => Math.min(side, Math.max(0, value))
    return { x: inside(x), y: inside(y), width: Math.min(widest, Math.max(narrowest, width)) }
  }

  function ask() {
    if (!asked) requestAnimationFrame(frame)
    asked = true
  }

  function go(to: View, soon = false) {
    flown = null
    wanted = limited(to)
    if (!soon || still()) view = wanted
    ask()
  }

  function fly(to: View) {
    wanted = limited(to)
    const { at, length } = flight(view, wanted)
    // About a second for a factor of 16.
    flown = still() ? null : { at, start: -1, duration: Math.min(1600, 350 + 350 * length) }
    if (!flown) view = wanted
    ask()
  }

  function zoom(by: number, at = { x: window.width / 2, y: window.height / 2 }, soon = true) {
    const width = Math.min(widest, Math.max(narrowest, wanted.width / by))
    const short = Math.min(window.width, window.height)
    const change = (wanted.width - width) / short
    const x = wanted.x + (at.x - window.width / 2) * change
    const y = wanted.y + (at.y - window.height / 2) * change
    go({ x, y, width }, soon)
  }

  function frame(now: number) {
    asked = false
    if (flown) {
      if (flown.start < 0) flown.start = now
      const t = Math.min(1, (now - flown.start) / flown.duration)
      view = t < 1 ? flown.at(t < 0.5 ? 2 * t * t : 1 - 2 * (1 - t) * (1 - t)) : wanted
      if (t === 1) flown = null
    } else if (view !== wanted) {
      // Nearer by a share that depends on the time alone. All three numbers go together: a point that stays, stays.
      const share = 1 - Math.exp(-Math.min(64, now - before) / 55)
      const part = (from: number, to: number) => from + (to - from) * share
      view = { x: part(view.x, wanted.x), y: part(view.y, wanted.y), width: part(view.width, wanted.width) }
      const rest = Math.abs(view.width - wanted.width) + Math.hypot(view.x - wanted.x, view.y - wanted.y)
      if (rest < 1e-3 * wanted.width) view = wanted
    }
    if (view !== wanted) ask()
    before = now
    draw()
  }

  return {
    get view() {
      return view
    },
    get wanted() {
      return wanted
    },
    factor: () => Math.min(window.width, window.height) / view.width,
    ask,
    go,
    fly,
    zoom,
  }
}
