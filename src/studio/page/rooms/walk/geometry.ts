// Where things stand in the endless tree: every node has a unit square of its own, in which its children have theirs.

import { type Grid, gridFor, spiral } from '../../../../report/tree-layout.ts'
import type { View } from '../../../../report/tree-page-flight.ts'

/** A square in the unit square of another node. */
export interface Place {
  x: number
  y: number
  side: number
}

/** What the camera needs to know of a node. */
export interface Cell {
  readonly parent: Cell | null
  /** In the parent's unit square; that of the root does not matter. */
  readonly place: Place
  /** Codes of its path. */
  readonly depth: number
}

/** Share of a node's square that its picture takes, or the grid of its children; the rest is the gap around it. */
export const INNER = 8 / 9

/** Places around a node that has so many children to show: whole rings. */
export function capacity(children: number): number {
  const { n, m } = gridFor(children)
  return n * n - m * m
}

/** The grid of so many children, and the squares in which they stand; few stand apart from each other. */
export function placesFor(count: number): { grid: Grid; places: Place[] } {
  const grid = gridFor(count)
  const around = cellsOf(grid)
  const pitch = INNER / grid.n
  const apart = count < 8 ? around.length / count : 1
  const places = Array.from({ length: count }, (_, i) => {
    const [column, row] = around[Math.floor(i * apart)]
    return { x: 0.5 + (column - 0.5) * pitch, y: 0.5 + (row - 0.5) * pitch, side: pitch }
  })
  return { grid, places }
}

/** Side of the picture in the middle of a grid, in the node's unit square. */
export function middleSide({ n, m }: Grid): number {
  return ((m - 1 + INNER) * INNER) / n
}

/** Where the picture of a child begins in its parent's atlas, whose side is the inner square's, in pixels. */
export function tileAt({ x, y, side }: Place, pixels: number): { left: number; top: number } {
  const margin = (1 - INNER) / 2
  const at = (from: number) => Math.round(((from + side * margin - margin) / INNER) * pixels)
  return { left: at(x), top: at(y) }
}

/** A view in a node's unit square as one in its parent's, and back. */
export function toParent({ x, y, width }: View, place: Place): View {
  return { x: place.x + x * place.side, y: place.y + y * place.side, width: width * place.side }
}

export function toChild({ x, y, width }: View, place: Place): View {
  return { x: (x - place.x) / place.side, y: (y - place.y) / place.side, width: width / place.side }
}

/** The deepest node above both, or one of them. */
export function commonCell<T extends Cell>(a: T, b: T): T {
  let [u, v]: [Cell, Cell] = [a, b]
  while (u.depth > v.depth) u = u.parent!
  while (v.depth > u.depth) v = v.parent!
  while (u !== v) {
    u = u.parent!
    v = v.parent!
  }
  return u as T
}

/** A view in the unit square of one node as one in that of another. */
export function inFrame(view: View, from: Cell, to: Cell): View {
  const common = commonCell(from, to)
  let seen = view
  for (let cell = from; cell !== common; cell = cell.parent!) seen = toParent(seen, cell.place)
  const way: Cell[] = []
  for (let cell = to; cell !== common; cell = cell.parent!) way.push(cell)
  for (const cell of way.reverse()) seen = toChild(seen, cell.place)
  return seen
}

/** Columns and rows around the middle of a grid, in the order of children. */
const known = new Map<number, [number, number][]>()

function cellsOf(grid: Grid): [number, number][] {
  const key = grid.n * 1024 + grid.m
  let cells = known.get(key)
  if (!cells) {
    cells = spiral(grid)
    known.set(key, cells)
  }
  return cells
}
