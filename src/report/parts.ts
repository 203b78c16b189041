/** What the sections of a report are built from. */

import type { Thumbnail } from './contents.ts'
import { type Html, html } from './html.ts'

/** What a family adds to the page. */
export interface OwnSections {
  /** One sentence: how long it learned, and what it can do now. */
  summary: string
  /** Headline numbers after those that are measured. */
  tiles: Tile[]
  /** Sections before the curves of the training, and after them. */
  first: (Html | null)[]
  rest: (Html | null)[]
  /** What the curves of the training are of. */
  aboutTraining: string
  /** What one can do with it: why, and the command. */
  commands: [why: string, command: string][]
  /** What an export of it is for. */
  exported: string
}

/** One of the headline numbers. */
export type Tile = [name: string, value: string, unit: string, detail: string]

export function section(id: string, title: string, content: Html): Html {
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
${content}
</section>
`
}

/** One image; `own` where no group around it says what it is. */
export function picture({ source, label }: Thumbnail, own = false): Html {
  return html`<img src="${source}" alt="${own ? label : ''}" title="${label}">`
}

export function cls(spare: boolean | undefined): Html | false {
  return spare === true && html`class="spare"`
}

/** Cells of a whole number of screen pixels per pixel keep all of these equally wide. */
function multiple(size: number, wish: number): number {
  return size * Math.max(1, Math.round(wish / size))
}

/** Tiles of about 96 pixels, of large images 128, in as many columns as fit a page; smaller ones for a tablet. */
export function tileStyle(size: number): string {
  const tile = size <= 64 ? multiple(size, size <= 32 ? 96 : 128) : 128
  const small = size <= 64 ? multiple(size, 64) : 64
  return [
    `--tile:${tile}px;--columns:${Math.floor((832 + 8) / (tile + 8))}`,
    `--small:${small}px;--small-columns:${Math.floor((568 + 8) / (small + 8))}`,
  ].join(';')
}

export function depthStyle(size: number): string {
  return `--tile:${size <= 64 ? multiple(size, 64) : 64}px`
}
