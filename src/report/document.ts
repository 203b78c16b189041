/** The shell of every page that Coppice writes: one file that asks nothing of the network. */

import { type Html, html, raw, type Value } from './html.ts'
import { style } from './style.ts'

export interface DocumentParts {
  title: string
  /** Rules beside those that all pages have. */
  css?: Html
  /** The SHA-256, in base64, of the one script that may run. */
  script?: string
  body: Value
}

/** A whole HTML document. */
export function htmlDocument({ title, css = raw(''), script, body }: DocumentParts): string {
  const scripts = script === undefined ? '' : `; script-src 'sha256-${script}'`
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${raw(`default-src 'none'; img-src data:; style-src 'unsafe-inline'${scripts}`)}">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Coppice">
<title>${title} · Coppice</title>
<link rel="icon" href="data:,">
<style>${style}${css}</style>
</head>
<body>
${body}
</body>
</html>
`.text
}
