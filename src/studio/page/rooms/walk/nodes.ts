// The nodes of the tree that the page knows so far: they come as they are looked at, and go when there are too many.

import type { Grid } from '../../../../report/tree-layout.ts'
import type { Family } from '../../../workers/walk-family.ts'
import { type Cell, type Place, placesFor } from './geometry.ts'

/** The pictures of a node's children in one, each where it stands in the node's grid. */
export interface Atlas {
  picture: CanvasImageSource & { width: number; close?(): void }
  /** Side of a child's picture in it, in pixels. */
  tile: number
  /** When it came, in milliseconds; it fades in from then on. */
  since: number
}

export interface WalkNode extends Cell {
  readonly path: readonly number[]
  readonly parent: WalkNode | null
  place: Place
  /** Images that pass through it; null where nothing is counted. */
  count: number | null
  /** Null: not known yet. */
  family: KnownFamily | null
  atlas: Atlas | null
  /** Its own picture, where it came before those of its siblings. */
  picture: CanvasImageSource | null
  /** The last frame in which its children were drawn. */
  drawn: number
}

export interface KnownFamily {
  grid: Grid
  children: readonly WalkNode[]
  used: number | null
}

export function nodeAt(path: readonly number[], parent: WalkNode | null, place: Place): WalkNode {
  return {
    path,
    parent,
    place,
    depth: path.length,
    count: null,
    family: null,
    atlas: null,
    picture: null,
    drawn: 0,
  }
}

/** The top of a tree. */
export function rootNode(count: number | null, picture: CanvasImageSource | null): WalkNode {
  return { ...nodeAt([], null, { x: 0, y: 0, side: 1 }), count, picture }
}

/** Says which children a node has. Those that it had before stay who they are. */
export function adopt(node: WalkNode, { codes, counts, used }: Family): void {
  const before = new Map(node.family?.children.map(child => [codeOf(child), child]))
  const { grid, places } = placesFor(codes.length)
  const children = codes.map((code, i) => {
    const child = before.get(code) ?? nodeAt([...node.path, code], node, places[i])
    child.place = places[i]
    child.count = counts ? counts[i] : null
    return child
  })
  const same =
    children.length === before.size && children.every((child, i) => node.family?.children[i] === child)
  if (!same) dropAtlas(node)
  node.family = { grid, children, used }
}

/** The node of a path, as far down as it is known. */
export function findNode(root: WalkNode, path: readonly number[]): WalkNode {
  let node = root
  for (const code of path) {
    const child = childOf(node, code)
    if (!child) break
    node = child
  }
  return node
}

export function childOf(node: WalkNode, code: number): WalkNode | null {
  return node.family?.children.find(child => codeOf(child) === code) ?? null
}

export function codeOf({ path }: WalkNode): number {
  return path[path.length - 1]
}

/** The node and all above it, the root first. */
export function lineage(node: WalkNode): WalkNode[] {
  const line: WalkNode[] = []
  for (let one: WalkNode | null = node; one; one = one.parent) line.unshift(one)
  return line
}

/** Atlases that are kept: some 240 kB each, of forty pictures of 32 × 32. */
const KEPT = 400

/**
 * Forgets the children of nodes that were not drawn for longest, where there are too many. A node is drawn whenever
 * one below it is, so that those below go first.
 *
 * @param frame  the one that was drawn last: nothing of it goes
 */
export function forget(root: WalkNode, frame: number, kept = KEPT): void {
  const open: WalkNode[] = []
  const stack = [root]
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (!node.family) continue
    if (node.atlas) open.push(node)
    stack.push(...node.family.children)
  }
  if (open.length <= kept) return
  open.sort((a, b) => a.drawn - b.drawn || b.depth - a.depth)
  for (const node of open.slice(0, open.length - kept)) {
    if (node.drawn >= frame) return
    dropBelow(node)
  }
}

function dropBelow(node: WalkNode): void {
  dropAtlas(node)
  for (const child of node.family?.children ?? []) dropBelow(child)
  node.family = null
}

function dropAtlas(node: WalkNode): void {
  node.atlas?.picture.close?.()
  node.atlas = null
}
