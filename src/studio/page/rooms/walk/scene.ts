// Which nodes are seen, where they stand in the window, and whose pictures are still to come.

import { gridFor } from '../../../../report/tree-layout.ts'
import { shownOf } from '../../../workers/walk-family.ts'
import type { Framed } from './camera.ts'
import { INNER, middleSide } from './geometry.ts'
import type { WalkNode } from './nodes.ts'

/** A square of the window, in pixels. */
export interface Box {
  x: number
  y: number
  side: number
}

export interface Item {
  kind: 'picture' | 'children' | 'line'
  node: WalkNode
  /** Of a picture: what it covers. Of children: the node's square. Of a line: where its middle runs. */
  box: Box
  alpha: number
  /** Pixels; of a line only. */
  width: number
}

export interface Scene {
  /** From back to front. */
  items: Item[]
  /** Nodes whose children are to be fetched, the most urgent first. */
  wanted: WalkNode[]
  /** Pictures are fading in: another frame is to come. */
  fading: boolean
}

export interface SceneOptions {
  seen: Framed<WalkNode>
  window: { width: number; height: number }
  /** Candidates of each layer. */
  K: readonly number[]
  /** Pixels of the canvas in one of the screen. */
  density: number
  now: number
  /** Nothing fades. */
  still: boolean
  /** Number of the frame: nodes whose children are drawn are marked with it. */
  frame: number
}

/** Sides of a child's square, in pixels of the screen: from the first on children appear, at the second they are all there. */
const APPEAR = [13.6, 15.2] as const

/** The time in which pictures fade in, in milliseconds. */
const FADE = 220

/** The square of the topmost node that is needed to fill the window, in pixels. */
export function baseOf({ cell, view }: Framed<WalkNode>, window: { width: number; height: number }) {
  let node = cell
  let side = Math.min(window.width, window.height) / view.width
  let x = window.width / 2 - view.x * side
  let y = window.height / 2 - view.y * side
  while (node.parent && !(x <= 0 && y <= 0 && x + side >= window.width && y + side >= window.height)) {
    const { place } = node
    side /= place.side
    x -= place.x * side
    y -= place.y * side
    node = node.parent
  }
  return { node, box: { x, y, side } }
}

export function sceneOf(options: SceneOptions): Scene {
  const { seen, window, K, density, now, still, frame } = options
  const scene: Scene = { items: [], wanted: [], fading: false }
  const wishes: { node: WalkNode; urgency: number }[] = []
  const { node, box } = baseOf(seen, window)
  wish(node, box)
  visit(node, box, 1)
  scene.wanted = wishes.sort((a, b) => b.urgency - a.urgency).map(wish => wish.node)
  return scene

  function visit(node: WalkNode, box: Box, alpha: number) {
    const open = opened(node, box)
    const { family, atlas } = node
    const side = family && open > 0 ? INNER + (middleSide(family.grid) - INNER) * open : INNER
    scene.items.push({ kind: 'picture', node, box: within(box, side), alpha, width: 0 })
    if (!family || !atlas || open <= 0) return
    node.drawn = frame
    const line = Math.min(4 * density, Math.max(0.8 * density, box.side * 0.004))
    scene.items.push({ kind: 'line', node, box: within(box, INNER), alpha: open * alpha, width: line })
    const pitch = (INNER / family.grid.n) * box.side
    const inner = family.children.map(child => ({
      child,
      box: { x: box.x + child.place.x * box.side, y: box.y + child.place.y * box.side, side: pitch },
    }))
    const visible = inner.filter(({ box }) => overlaps(box))
    for (const { child, box } of visible) wish(child, box)
    // Where none of them is open, all are one picture.
    if (visible.every(({ child, box }) => opened(child, box) === 0)) {
      scene.items.push({ kind: 'children', node, box, alpha: open * alpha, width: 0 })
      return
    }
    for (const { child, box } of visible) visit(child, box, open * alpha)
  }

  /** How far a node's children are there, in 0 … 1. */
  function opened(node: WalkNode, box: Box): number {
    const { family, atlas } = node
    if (!family || !atlas) return 0
    const pitch = ((INNER / family.grid.n) * box.side) / density
    const open = smooth((Math.log(pitch) - Math.log(APPEAR[0])) / Math.log(APPEAR[1] / APPEAR[0]))
    if (open === 0 || still) return open
    const age = (now - atlas.since) / FADE
    if (age < 1) scene.fading = true
    return open * smooth(age)
  }

  function wish(node: WalkNode, box: Box) {
    if (node.atlas || node.depth === K.length) return
    const shown = shownOf(K[node.depth], node.count === null ? null : Math.min(K[node.depth], node.count))
    const pitch = ((INNER / gridFor(shown).n) * box.side) / density
    if (pitch < APPEAR[0] * 0.8) return
    const middle = Math.hypot(
      box.x + box.side / 2 - window.width / 2,
      box.y + box.side / 2 - window.height / 2,
    )
    // Level by level; there the most used first, and those in the middle before those at the edge.
    wishes.push({ node, urgency: -1e6 * node.depth + (node.count ?? 0) - middle })
  }

  function overlaps({ x, y, side }: Box): boolean {
    return x < window.width && y < window.height && x + side > 0 && y + side > 0
  }
}

/** The node at a place of the window; null outside the root. */
export function nodeUnder(scene: Scene, { x, y }: { x: number; y: number }): WalkNode | null {
  let found: WalkNode | null = null
  for (const { kind, node, box } of scene.items) {
    if (!(x >= box.x && y >= box.y && x < box.x + box.side && y < box.y + box.side)) continue
    if (kind !== 'children') found = node
    else
      found =
        node.family!.children.find(({ place }) => {
          const [u, v] = [(x - box.x) / box.side, (y - box.y) / box.side]
          return u >= place.x && v >= place.y && u < place.x + place.side && v < place.y + place.side
        }) ?? found
  }
  return found
}

/** The middle part of a square. */
export function within({ x, y, side }: Box, share: number): Box {
  const inset = (side * (1 - share)) / 2
  return { x: x + inset, y: y + inset, side: side * share }
}

function smooth(t: number): number {
  const u = Math.min(1, Math.max(0, t))
  return u * u * (3 - 2 * u)
}
