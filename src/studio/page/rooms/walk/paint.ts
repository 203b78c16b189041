// The seen part of the tree on a canvas.

import { hexColour, levelColour } from '../../../../report/tree-palette.ts'
import type { Framed } from './camera.ts'
import { INNER, middleSide, placesFor, tileAt } from './geometry.ts'
import type { WalkNode } from './nodes.ts'
import { type Box, baseOf, type Item, type Scene, within } from './scene.ts'

export interface Look {
  page: string
  text: string
  faint: string
  /** Pixels of the canvas in one of the screen. */
  density: number
}

/** Through which no image passes: there is less of them. */
const UNUSED = 0.6

export function paintScene(brush: CanvasRenderingContext2D, { items }: Scene, look: Look): void {
  const { width, height } = brush.canvas
  brush.globalAlpha = 1
  brush.fillStyle = look.page
  brush.fillRect(0, 0, width, height)
  for (const item of items) {
    if (item.kind === 'picture') paintPicture(brush, item, look)
    else if (item.kind === 'children') paintChildren(brush, item, look)
    else paintLine(brush, item)
  }
  brush.globalAlpha = 1
}

/** A ring around a node, wherever it is. */
export function paintRing(
  brush: CanvasRenderingContext2D,
  _node: WalkNode,
  box: Box,
  { text, page, density }: Look,
  width: number,
): void {
  const { x, y, side } = within(box, (1 + INNER) / 2)
  for (const [style, line] of [
    [page, width + 2],
    [text, width],
  ] as const) {
    brush.strokeStyle = style
    brush.lineWidth = line * density
    brush.strokeRect(x, y, side, side)
  }
}

/** The square of a node in the window. */
export function boxOf(
  node: WalkNode,
  seen: Framed<WalkNode>,
  window: { width: number; height: number },
): Box | null {
  const base = baseOf(seen, window)
  const way: WalkNode[] = []
  let one: WalkNode | null = node
  for (; one && one !== base.node; one = one.parent) way.unshift(one)
  if (!one) return null
  let { x, y, side } = base.box
  for (const { place } of way) {
    x += place.x * side
    y += place.y * side
    side *= place.side
  }
  return { x, y, side }
}

function paintPicture(brush: CanvasRenderingContext2D, { node, box, alpha }: Item, { faint }: Look) {
  const { parent } = node
  const { x, y, side } = box
  const { width, height } = brush.canvas
  if (x > width || y > height || x + side < 0 || y + side < 0) return
  const unused = parent !== null && node.count === 0
  brush.globalAlpha = alpha * (unused && side < 200 ? UNUSED : 1)
  if (parent?.atlas) {
    const { picture, tile } = parent.atlas
    const { left, top } = tileAt(node.place, picture.width)
    brush.imageSmoothingEnabled = side < tile
    brush.drawImage(picture, left, top, tile, tile, x, y, side, side)
  } else if (node.picture) {
    brush.imageSmoothingEnabled = false
    brush.drawImage(node.picture, x, y, side, side)
  } else {
    brush.fillStyle = faint
    brush.fillRect(x, y, side, side)
  }
}

function paintChildren(brush: CanvasRenderingContext2D, { node, box, alpha }: Item, { page }: Look) {
  const { picture } = node.atlas!
  const grid = within(box, INNER)
  brush.globalAlpha = alpha
  brush.imageSmoothingEnabled = grid.side < picture.width
  brush.drawImage(picture, grid.x, grid.y, grid.side, grid.side)
  const unused = node.family!.children.filter(child => child.count === 0)
  if (unused.length === 0) return
  brush.globalAlpha = alpha * (1 - UNUSED)
  brush.fillStyle = page
  brush.beginPath()
  for (const { place } of unused)
    brush.rect(
      box.x + place.x * box.side,
      box.y + place.y * box.side,
      place.side * box.side,
      place.side * box.side,
    )
  brush.fill()
}

function paintLine(brush: CanvasRenderingContext2D, { node, box, alpha, width }: Item) {
  brush.globalAlpha = alpha
  brush.strokeStyle = hexColour(levelColour(node.depth))
  brush.lineWidth = width
  brush.strokeRect(box.x, box.y, box.side, box.side)
}

/** A node's picture alone, pixel for pixel, over a canvas; whether it is there. */
export function paintPortrait(canvas: HTMLCanvasElement, node: WalkNode, size: number): boolean {
  const { parent, picture } = node
  if (canvas.width !== size) canvas.width = canvas.height = size
  const brush = canvas.getContext('2d')!
  brush.imageSmoothingEnabled = false
  brush.clearRect(0, 0, size, size)
  if (parent?.atlas) {
    const { picture, tile } = parent.atlas
    const { left, top } = tileAt(node.place, picture.width)
    brush.drawImage(picture, left, top, tile, tile, 0, 0, size, size)
  } else if (picture) brush.drawImage(picture, 0, 0, size, size)
  else return false
  return true
}

/** Where the tree will be, while nothing is known of it. */
export function paintSkeleton(brush: CanvasRenderingContext2D, { page, faint }: Look): void {
  const { width, height } = brush.canvas
  brush.globalAlpha = 1
  brush.fillStyle = page
  brush.fillRect(0, 0, width, height)
  brush.fillStyle = faint
  const side = (Math.min(width, height) / 1.03) * INNER
  const [left, top] = [(width - side) / 2, (height - side) / 2]
  const { grid, places } = placesFor(8)
  const cell = (side / grid.n) * INNER
  for (const place of places) {
    const at = tileAt(place, side)
    brush.fillRect(left + at.left, top + at.top, cell, cell)
  }
  const middle = (middleSide(grid) / INNER) * side
  brush.fillRect((width - middle) / 2, (height - middle) / 2, middle, middle)
}
