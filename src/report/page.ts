/** The page around the sections: one file that asks nothing of the network. */

import type { ReportContents } from './contents.ts'
import { html } from './html.ts'
import { about, goOn, header, ownSections, training } from './sections.ts'
import { style } from './style.ts'

/** The whole report. */
export function page(contents: ReportContents): string {
  const own = ownSections(contents)
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Coppice">
<title>${contents.name} · Coppice</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<main>
${header(contents, own)}
${own.first}
${training(contents, own)}
${own.rest}
${goOn(contents, own)}
${about(contents)}
</main>
</body>
</html>
`.text
}
