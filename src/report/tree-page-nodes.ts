/** How the nodes of a tree are drawn on the canvas of its page. */

import type { PageTree } from './tree-page-data.ts'

export interface NodeDrawing {
  /** Of every node its level, and its children that are shown: they are first[i] … first[i] + shown[i] − 1. */
  levelOf: Uint8Array
  first: Int32Array
  shown: Int32Array
  /**
   * Fills the brush's canvas: the tree's left top corner is at (left, top), k pixels of the canvas are one of the tree.
   */
  draw(brush: CanvasRenderingContext2D, left: number, top: number, k: number, style: DrawingStyle): void
}

export interface DrawingStyle {
  page: string
  /** Around the images of the deepest level. */
  edge: string
  /** Pixels of the canvas in one of the screen. */
  density: number
}

/**
 * Its text is also part of the page: it must name nothing but its own arguments and what every browser has.
 *
 * @param sheets  the images of each level, in rows
 */
export function nodeDrawing(tree: PageTree, sheets: readonly CanvasImageSource[]): NodeDrawing {
  const { levels, parent, x, y, passing } = tree
  const levelOf = new Uint8Array(parent.length)
  const first = new Int32Array(parent.length)
  const shown = new Int32Array(parent.length)
  for (const [level, { from, to }] of levels.entries()) levelOf.fill(level, from, to)
  for (let i = parent.length - 1; i > 0; i--) {
    first[parent[i]] = i
    shown[parent[i]]++
  }

  function draw(
    brush: CanvasRenderingContext2D,
    left: number,
    top: number,
    k: number,
    { page, edge, density }: DrawingStyle,
  ) {
    const { width, height } = brush.canvas
    const seen = (i: number, size: number) =>
      left + x[i] * k < width &&
      top + y[i] * k < height &&
      left + x[i] * k + size > 0 &&
      top + y[i] * k + size > 0
    brush.globalAlpha = 1
    brush.fillStyle = page
    brush.fillRect(0, 0, width, height)
    let visible = [0]
    for (const [number, level] of levels.entries()) {
      const cell = level.cell * k
      const image = level.image * k
      // Too small to be told apart from its neighbours.
      if (cell < 3) break
      const inset = ((level.cell - level.image) >> 1) * k
      const sheet = sheets[number]
      const deepest = number === levels.length - 1
      const line = deepest ? density : Math.min(6 * density, Math.max(0.75, level.border * k))
      const next: number[] = []
      brush.imageSmoothingEnabled = image < level.size
      brush.beginPath()
      for (const i of visible) {
        const [u, v] = [left + x[i] * k, top + y[i] * k]
        const place = i - level.from
        const sx = (place % level.columns) * level.size
        const sy = Math.floor(place / level.columns) * level.size
        if (passing) brush.globalAlpha = passing.counts[i] > 0 ? 1 : 0.35
        brush.drawImage(sheet, sx, sy, level.size, level.size, u + inset, v + inset, image, image)
        // Of lines around all images there would be more than a moment has time for; they are for large ones.
        if (shown[i] > 0 || (deepest && cell > 20 * density))
          brush.rect(u + inset - line / 2, v + inset - line / 2, image + line, image + line)
        if (shown[i] === 0) continue
        brush.rect(u + line / 2, v + line / 2, cell - line, cell - line)
        const child = levels[number + 1].cell * k
        for (let c = first[i]; c < first[i] + shown[i]; c++) if (seen(c, child)) next.push(c)
      }
      brush.globalAlpha = 1
      brush.strokeStyle = deepest ? edge : level.colour
      brush.lineWidth = line
      brush.stroke()
      visible = next
    }
  }

  return { levelOf, first, shown, draw }
}
