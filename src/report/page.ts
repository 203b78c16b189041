/** The page around the sections: one file that asks nothing of the network. */

import type { ReportContents } from './contents.ts'
import { htmlDocument } from './document.ts'
import { html } from './html.ts'
import { about, goOn, header, ownSections, training } from './sections.ts'

/** The whole report. */
export function page(contents: ReportContents): string {
  const own = ownSections(contents)
  return htmlDocument({
    title: contents.name,
    body: html`<main>
${header(contents, own)}
${own.first}
${training(contents, own)}
${own.rest}
${goOn(contents, own)}
${about(contents)}
</main>`,
  })
}
