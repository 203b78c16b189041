/** A tree of codes as one page to wander in, which asks nothing of the network. */

import { createHash } from 'node:crypto'
import { htmlDocument } from './document.ts'
import { plural } from './format.ts'
import { grid } from './grid.ts'
import { type Html, html, raw } from './html.ts'
import { pngUri, type Stack } from './pictures.ts'
import { encodePng } from './png.ts'
import { titleOf } from './sections.ts'
import type { TreeContents } from './tree-contents.ts'
import { treeCamera } from './tree-page-camera.ts'
import { columnsFor, pageTree } from './tree-page-data.ts'
import { flight } from './tree-page-flight.ts'
import { nodeDrawing } from './tree-page-nodes.ts'
import { treeViewer } from './tree-page-script.ts'
import { treeStyle } from './tree-page-style.ts'
import { treeWords } from './tree-page-words.ts'
import { levelColours } from './tree-palette.ts'

/** The whole page. */
export function treePage(contents: TreeContents): string {
  const { levels, data, passing } = contents
  const hash = createHash('sha256').update(script).digest('base64')
  return htmlDocument({
    title: `${titleOf(data)}, a tree of codes`,
    css: treeStyle,
    script: hash,
    body: html`<main>
<div class="stage">
<canvas id="stage" tabindex="0" role="application" aria-label="The tree" aria-roledescription="zoomable picture" aria-describedby="keys"></canvas>
<div class="deeds">${deeds.map(
      ([deed, sign, name]) =>
        html`<button type="button" data-deed="${deed}" aria-label="${name}" title="${name}">${sign}</button>`,
    )}</div>
</div>
<aside>
${about(contents)}
${node}
${keys}
<noscript><p class="note">This page is drawn by a script in it, which is switched off here.</p></noscript>
</aside>
<p id="said" class="unseen" aria-live="polite"></p>
</main>
<div hidden>
${levels.map((images, level) => sheet(`sheet${level}`, images))}${passing && sheet('thumbnails', passing.thumbnails.images)}</div>
<script type="application/json" id="tree">${raw(json(pageTree(contents)))}</script>
<script>${raw(script)}</script>`,
  })
}

const deeds = [
  ['in', '+', 'Zoom in'],
  ['out', '−', 'Zoom out'],
  ['up', '↑', 'To the parent'],
  ['all', '⤢', 'The whole tree'],
]

/** A transpiler may have wrapped functions to keep their names; here they need none. */
const script = `const __name = made => made;(${treeViewer})({flight:${flight},treeCamera:${treeCamera},nodeDrawing:${nodeDrawing},treeWords:${treeWords}})`

/** JSON that cannot end the script element around it. */
const json = (value: object) => JSON.stringify(value).replaceAll('<', '\\u003c')

/** Many images as one picture that is not shown by itself; empty where there are none. */
function sheet(id: string, { data, count, channels, size }: Stack): Html {
  if (count === 0) return html``
  const png = encodePng(grid(data, { count, channels, size, columns: columnsFor(count), gap: 0 }))
  return html`<img id="${id}" src="${pngUri(png)}" alt="">
`
}

function about({ run, step, data, K, layout, whole, condition, passing }: TreeContents): Html {
  const { nodes, levels } = layout
  const pictures = data.includes(':') ? `the pictures of ${titleOf(data)}` : data
  const shown = whole
    ? 'Every node is shown by the whole image that its most used path ends in.'
    : 'Every node is the image that the choices so far have drawn.'
  return html`<header>
<p class="label">Coppice · tree of codes</p>
<h1>${titleOf(data)}</h1>
<p>A network that learned to draw ${pictures} writes an image as ${plural(K.length, 'choice')}, one of ${[...new Set(K)].join(' or ')} each: a path down a tree. ${shown} Around it stand the choices that come next${passing && ', the most used first, from its right clockwise'}.${nodes.some(({ count }) => count === 0) && ' No training image passes through the pale ones.'}${condition !== null && ` It is told ${condition}.`}</p>
<ul class="legend">${levels.map(
    ({ to, from }, level) =>
      html`<li><span class="key ${level < levels.length - 1 && `level${level % levelColours.length}`}"></span>${level === 0 ? (nodes[0].path.length ? nodes[0].path.join(' · ') : 'root') : plural(to - from, 'node')}</li>`,
  )}</ul>
<p class="caption">${run}, step ${step}</p>
</header>`
}

/** Filled by the script. */
const node = html`<section class="node" aria-label="Node">
<nav id="path" aria-label="Path"></nav>
<div class="about"><canvas id="portrait" role="img" aria-label="The node’s image"></canvas>
<dl id="facts"></dl></div>
<div id="nearest" hidden><h2>Nearest training images</h2>
<canvas id="strip" role="img"></canvas>
<p class="caption" id="numbers"></p></div>
</section>`

const keys = html`<details><summary>Ways to move</summary>
<p id="keys">A click or a tap goes to a node. Wheel or two fingers zoom, dragging moves. With the keyboard: arrows go to the node on that side, Enter to the first child, Escape to the parent, plus and minus zoom, Shift with arrows moves, Home shows the whole tree.</p></details>`
