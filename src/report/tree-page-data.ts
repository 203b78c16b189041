/** What the page of a tree tells its script, as JSON; small, for it is part of every page. */

import { bitsOfLevels, type TreeContents } from './tree-contents.ts'
import { hexColour, levelColour } from './tree-palette.ts'

/** Lists of one entry per node are in the layout's order; pictures of a level stand in one sheet, in rows. */
export interface PageTree {
  side: number
  /** Codes of the top, and the layers' numbers of candidates from there on. */
  top: readonly number[]
  K: readonly number[]
  levels: readonly PageLevel[]
  /** Number of the parent, −1 for the top; last code; left and top edge of the cell. */
  parent: readonly number[]
  code: readonly number[]
  x: readonly number[]
  y: readonly number[]
  /** Number → children not shown, and images that pass through them. */
  hidden: Readonly<Record<number, readonly [children: number, images: number]>>
  passing: PagePassing | null
}

export interface PageLevel {
  from: number
  to: number
  /** Sides of a cell and of an image on the picture, and of an image in its own pixels. */
  cell: number
  image: number
  size: number
  border: number
  colour: string
  /** Of the choices down to here. */
  bits: number
  /** Images in a row of the sheet. */
  columns: number
}

export interface PagePassing {
  count: number
  counts: readonly number[]
  /** Thumbnails nearest to each node. */
  nearest: readonly (readonly number[])[]
  /** Numbers of the thumbnails' images, and how they stand in their sheet. */
  numbers: readonly number[]
  columns: number
  size: number
  /** For every node the name of the most frequent label, and how often it is there; empty where it is not known. */
  names: readonly string[]
  labels: readonly (readonly [name: number, count: number] | readonly [])[]
}

/** Images in a row of a sheet that holds so many: as square as can be. */
export const columnsFor = (count: number) => Math.max(1, Math.ceil(Math.sqrt(count)))

export function pageTree(contents: TreeContents): PageTree {
  const { nodes, levels, side } = contents.layout
  const top = nodes[0].path
  const bits = bitsOfLevels(contents)
  return {
    side,
    top,
    K: contents.K.slice(top.length),
    levels: levels.map(({ from, to, size, border }, level) => ({
      from,
      to,
      cell: nodes[from].cell.side,
      image: nodes[from].image.side,
      size,
      border,
      colour: hexColour(levelColour(level)),
      bits: bits[level],
      columns: columnsFor(to - from),
    })),
    parent: nodes.map(node => node.parent),
    code: nodes.map(({ path }) => path[path.length - 1] ?? 0),
    x: nodes.map(({ cell }) => cell.x),
    y: nodes.map(({ cell }) => cell.y),
    hidden: Object.fromEntries(
      nodes.flatMap(({ shown, hidden }, i) =>
        shown > 0 && hidden.children > 0 ? [[i, [hidden.children, hidden.paths]]] : [],
      ),
    ),
    passing: passingOf(contents),
  }
}

function passingOf({ passing, layout }: TreeContents): PagePassing | null {
  if (!passing) return null
  const { count, nearest, thumbnails, labels } = passing
  const places = new Map(Array.from(thumbnails.numbers, (number, place) => [number, place]))
  const names = [...new Set(labels.flatMap(share => (share ? [share.label] : [])))]
  return {
    count,
    counts: layout.nodes.map(node => node.count ?? 0),
    nearest: nearest.map(numbers => Array.from(numbers, number => places.get(number)!)),
    numbers: Array.from(thumbnails.numbers),
    columns: columnsFor(thumbnails.numbers.length),
    size: thumbnails.images.size,
    names,
    labels: labels.map(share => (share ? ([names.indexOf(share.label), share.count] as const) : [])),
  }
}
