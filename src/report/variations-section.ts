/** The sections of a report that show new paths made from old ones. */

import type { DdnContents } from './contents.ts'
import { bits } from './format.ts'
import { type Html, html } from './html.ts'
import { cls, depthStyle, picture, section } from './parts.ts'

export function variationsSection({ variations, layers }: DdnContents, size: number): Html | null {
  if (!variations) return null
  return section(
    'variations',
    'Same first choices, other details',
    html`<p>The first choices of one image are kept and all the others drawn by chance: what stays the same across a row is what the kept bits say.</p>
<figure class="scroll"><table class="depths variations" style="${depthStyle(size)}">
<thead class="unseen"><tr><th scope="col">so far</th><th scope="col">kept</th><th scope="col" colspan="${variations.rows[0]?.images.length ?? 1}">variations</th></tr></thead>
<tbody>${variations.rows.map(
      ({ layers: count, bits: spent, kept, images }) =>
        html`<tr><td>${picture(kept, true)}</td><th scope="row"><b>${bits(spent)}</b> bits<small>${count} of ${layers.length} layers</small></th>${images.map(
          (image, i) => html`<td ${cls(i >= 4)}>${picture(image, true)}</td>`,
        )}</tr>\n`,
    )}</tbody></table>
<figcaption>Left, what the kept choices have drawn so far; right, ways on from there.</figcaption></figure>`,
  )
}

export function interpolationsSection({ interpolations }: DdnContents, size: number): Html | null {
  if (!interpolations) return null
  const columns = Math.max(...interpolations.map(({ images }) => images.length))
  return section(
    'interpolations',
    'From one image to another',
    html`<p>The codes of two test images are exchanged one by one. From the first code on, the other’s shape comes soon and its details follow; from the last code on, the first image keeps its shape for long while it takes on the other’s details.</p>
<figure class="scroll"><table class="depths variations" style="${depthStyle(size)}">
<thead class="unseen"><tr><th scope="col">exchanged</th><th scope="col" colspan="${columns}">from left to right, more and more</th></tr></thead>
<tbody>${interpolations.map(({ order, images }) => {
      // A phone has room for five, from the first to the last.
      const shown = new Set([0, 1, 2, 3, 4].map(i => Math.round((i * (images.length - 1)) / 4)))
      return html`<tr><th scope="row">from the<small>${order === 'coarse' ? 'first' : 'last'} code</small></th>${images.map(
        (image, i) => html`<td ${cls(images.length > 5 && !shown.has(i))}>${picture(image, true)}</td>`,
      )}</tr>\n`
    })}</tbody></table>
<figcaption>Left one image, right the other, each as its own codes draw it.</figcaption></figure>`,
  )
}
