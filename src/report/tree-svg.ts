/** A tree of codes as a drawing that scales: each node with its image inside, and a title that says what it is. */

import { bits, percent, plural, whole } from './format.ts'
import { type Html, html } from './html.ts'
import { dataUris } from './pictures.ts'
import { bitsOfLevels, type TreeContents } from './tree-contents.ts'
import type { Square, TreeNode } from './tree-layout.ts'
import { hexColour, levelColour } from './tree-palette.ts'
import { type Background, paper } from './tree-picture.ts'

/** The SVG file, which asks nothing of the network. */
export function treeSvg(contents: TreeContents, background: Background): string {
  const { layout, levels, run, step } = contents
  const { side, nodes } = layout
  const images = levels.flatMap(dataUris)
  const spent = bitsOfLevels(contents)
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}" width="${side}" height="${side}" font-family="sans-serif">
<title>The tree of codes of ${run}, step ${step}</title>
<desc>${plural(nodes.length, 'node')} on ${plural(levels.length, 'level')}, recursively: around each node’s image stand its children.</desc>
<rect width="${side}" height="${side}" fill="${hexColour(paper[background])}"/>
${nodes.map((node, i) => drawn(node, layout.levels[node.level].border, images[i], titleOf(node, spent, contents)))}</svg>
`.text
}

/** Lines have no width of their own: they are strokes, half of which lies on either side. */
function drawn({ cell, image, level, shown }: TreeNode, border: number, source: string, title: string): Html {
  const { x, y, side } = image
  const line = (square: Square, out: number) =>
    html`<rect x="${square.x - out}" y="${square.y - out}" width="${square.side + 2 * out}" height="${square.side + 2 * out}" fill="none" stroke="${hexColour(levelColour(level))}" stroke-width="${border}"/>`
  return html`<g><title>${title}</title>${shown > 0 && [line(cell, -border / 2), line(image, border / 2)]}<image x="${x}" y="${y}" width="${side}" height="${side}" href="${source}" style="image-rendering:pixelated"/></g>
`
}

/** `3 · 17: 18 bits; 1,203 of 60,000 images (2.01 %); not shown: 4 children with 20 images`. */
function titleOf(node: TreeNode, spent: readonly number[], { layout }: TreeContents): string {
  const { path, level, count, hidden } = node
  const parts = [`${path.length ? path.join(' · ') : 'Root'}: ${bits(spent[level])} bits`]
  const { tree } = layout
  if (tree && count !== null)
    parts.push(
      `${whole(count)} of ${plural(tree.count, 'image')} (${percent(count / Math.max(1, tree.count))})`,
    )
  if (hidden.children && node.shown) {
    const images = tree ? ` with ${plural(hidden.paths, 'image')}` : ''
    parts.push(`not shown: ${hidden.children} ${hidden.children === 1 ? 'child' : 'children'}${images}`)
  }
  return parts.join('; ')
}
