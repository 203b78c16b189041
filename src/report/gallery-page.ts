/** A gallery as one page that asks nothing of the network: what was told, what came of it, and the command for it. */

import type { Condition } from '../ddn/condition.ts'
import { htmlDocument } from './document.ts'
import { duration, plural, precise } from './format.ts'
import type { GalleryContents, GalleryRow, GalleryTask, LeftOut } from './gallery-contents.ts'
import { type Html, html, raw } from './html.ts'
import { depthStyle, section } from './parts.ts'
import { titleOf } from './sections.ts'

/** The whole page. */
export function galleryPage(contents: GalleryContents): string {
  const { trained, leftOut } = contents
  const groups = groupsOf(contents.tasks)
  return htmlDocument({
    title: `${titleOf(trained)}, guided`,
    css: galleryStyle,
    body: html`<main>
${header(contents, groups)}
${groups.map(({ title, id, tasks }) =>
  section(id, title, html`${tasks.map(one => task(one, contents.size))}`),
)}
${leftOut.length > 0 && left(leftOut)}
${about(contents)}
</main>`,
  })
}

interface Group {
  title: string
  id: string
  tasks: GalleryTask[]
}

/** In the order in which they first come. */
function groupsOf(tasks: readonly GalleryTask[]): Group[] {
  const groups = new Map<string, Group>()
  for (const task of tasks) {
    const title = task.group
    const group = groups.get(title) ?? { title, id: title.toLowerCase().replaceAll(' ', '-'), tasks: [] }
    group.tasks.push(task)
    groups.set(title, group)
  }
  return [...groups.values()]
}

function header(
  { trained, layers, condition, size, channels }: GalleryContents,
  groups: readonly Group[],
): Html {
  const images = trained.includes(':') ? `the pictures of ${titleOf(trained)}` : trained
  const kind = `${size} × ${size} pixels${channels === 3 ? ' in colour' : ''}`
  return html`<header>
<p class="label">Coppice · gallery</p>
<h1>${titleOf(trained)}, guided</h1>
<p class="lead">A network learned to draw ${images}, ${kind}, ${condition === null ? 'and nothing else' : toldIn[condition]}. In each of ${plural(layers, 'choice')} it offers candidates, and a guide that it was never told of says which of them come near to what is wanted. No gradients, no training for the task.</p>
<nav aria-label="Tasks"><ul class="groups">${groups.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
</header>`
}

const toldIn: Record<Condition['kind'], string> = {
  class: 'told the class of each',
  grey: 'told the greys of each',
  edges: 'told the edges of each',
  'low-res': 'told each at a low resolution',
}

function task(
  { title, about, columns, told, results, truth, error, count, seconds, command }: GalleryTask,
  size: number,
): Html {
  const rows: GalleryRow[] = [
    ...told,
    { name: 'results', cells: results.map(picture => ({ picture })) },
    ...(truth ? [{ name: 'truth', cells: truth.map(picture => ({ picture })) }] : []),
  ]
  return html`<article>
<h3>${title}</h3>
<p>${about}</p>
<figure class="board" style="${depthStyle(size)};--columns:${columns}">
${rows.map(row => boardRow(row, title))}
<figcaption>Error ${precise(error.mean)}: ${error.of}. ${plural(count, 'result')} in ${duration(seconds).replaceAll(' ', '\u00a0')}.</figcaption>
</figure>
${commandBlock(command)}
</article>
`
}

/** Words, or pictures that are one to those who listen. */
function boardRow({ name, cells }: GalleryRow, title: string): Html {
  const pictures = cells.filter(cell => 'picture' in cell)
  const shown = cells.map(cell =>
    'picture' in cell ? html`<img src="${cell.picture}" alt="">` : html`<span>${cell.word}</span>`,
  )
  return html`<div class="row${!pictures.length && ' words'}"><span class="what">${name}</span>${
    pictures.length
      ? html`<div class="cells" role="img" aria-label="${title}, ${name}: ${plural(cells.length, 'picture')}">${shown}</div>`
      : html`<div class="cells">${shown}</div>`
  }</div>
`
}

/** A click selects the whole of it. Lines break before a flag, and after the commas of a list. */
function commandBlock(command: string): Html {
  const flags = command.split(/ (?=--)/).map((flag, i) => {
    const parts = flag.split(/(?<=,)/).map((part, j) => html`${j > 0 && raw('<wbr>')}${part}`)
    return html`${i > 0 && ' '}<span>${parts}</span>`
  })
  return html`<p class="command"><code>${flags}</code></p>`
}

/** Tasks that lack the same stand together. */
function left(leftOut: readonly LeftOut[]): Html {
  const reasons = new Map<string, LeftOut[]>()
  for (const one of leftOut) {
    const key = JSON.stringify([one.reason, one.todo])
    reasons.set(key, [...(reasons.get(key) ?? []), one])
  }
  return section(
    'left-out',
    'Left out',
    html`${[...reasons.values()].map(
      ([one, ...others]) => html`<article>
<h3>${[one, ...others].map(({ title }) => title).join(' · ')}</h3>
<p>${one.reason}</p>
${one.todo.map(commandBlock)}
</article>
`,
    )}`,
  )
}

function about({
  run,
  step,
  trained,
  data,
  pictures,
  seed,
  seconds,
  version,
  written,
}: GalleryContents): Html {
  const facts: [string, string][] = [
    ['Run', run],
    ['Step', String(step)],
    ['Trained on', trained],
    ['Pictures', `${data}, test images ${pictures.join(', ')}`],
    ['Seed', String(seed)],
    ['Made in', duration(seconds)],
    ['Coppice', version],
    ['Written', `${written.toISOString().slice(0, 16).replace('T', ' ')} UTC`],
  ]
  return section(
    'about',
    'About this gallery',
    html`<p>The command under a task makes its results again, to the bit on the same machine; a click selects it. Pixels are in [−1, 1].</p>
<dl class="facts">${facts.map(([key, value]) => html`<div><dt>${key}</dt><dd>${value}</dd></div>`)}</dl>`,
  )
}

const galleryStyle = raw(`
.groups { list-style: none; display: flex; flex-wrap: wrap; gap: 0.35rem 1.5rem; margin: 1.75rem 0 0; padding: 1rem 0 0; border-top: 1px solid var(--line); font-size: 0.9375rem; }
.groups a { color: var(--leaf); text-underline-offset: 0.2em; text-decoration-thickness: 1px; }
article { margin-top: 2.75rem; }
h2 + article { margin-top: 1.75rem; }
article h3 { margin: 0; }
article p { margin-top: 0.4rem; }
.board { display: grid; gap: 8px; margin-top: 1rem; }
.row { display: grid; grid-template-columns: 4.5rem 1fr; gap: 12px; }
.words { align-items: baseline; }
.words .what { padding-top: 0; }
.what { font-size: 0.8125rem; line-height: 1.3; color: var(--quiet); padding-top: 0.2rem; }
.cells { display: grid; gap: 8px; grid-template-columns: repeat(var(--columns), minmax(0, var(--tile))); }
.cells img { width: 100%; aspect-ratio: 1; }
.cells span { font-size: 0.8125rem; line-height: 1.25; overflow-wrap: anywhere; text-align: center; }
.board figcaption { margin-top: 0.35rem; }
.command { max-width: none; margin-top: 0.6rem !important; background: var(--faint); border-radius: 4px; }
.command code { display: block; padding: 0.6rem 0.9rem 0.6rem calc(0.9rem + 2ch); text-indent: -2ch; white-space: pre-wrap; user-select: all; cursor: pointer; }
.command span { display: inline-block; max-width: 100%; text-indent: 0; overflow-wrap: anywhere; }
@media (max-width: 38rem) {
  .row { grid-template-columns: 1fr; gap: 4px; }
  .cells { gap: 4px; }
  .cells span { font-size: 0.6875rem; }
}
@media print { article { break-inside: avoid; } }
`)
