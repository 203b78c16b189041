/** How a report looks: on paper, by day and by night, on a desk and on a phone. */

import { raw } from './html.ts'

export const style = raw(`
:root {
  color-scheme: light dark;
  --page: #fbfaf7;
  --text: #22261f;
  --quiet: #62685c;
  --line: #dfded5;
  --faint: #efede5;
  --leaf: #2d7a46;
  --bark: #b4530f;
  --sky: #5f86b3;
  --alarm: #b3261e;
  --bar: #3d8a55;
  --edge: rgb(0 0 0 / 0.1);
  --serif: 'Iowan Old Style', 'Palatino Linotype', 'URW Palladio L', P052, Palatino, Georgia, serif;
  --sans: system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif;
  --mono: ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14170f;
    --text: #e6e7df;
    --quiet: #9fa596;
    --line: #363b2f;
    --faint: #1f231a;
    --leaf: #7cc68d;
    --bark: #f0a05c;
    --sky: #84a9d4;
    --alarm: #ff8a80;
    --bar: #4c8f5f;
    --edge: rgb(255 255 255 / 0.16);
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--text); font: 1.0625rem/1.6 var(--sans); }
main { max-width: 55rem; margin: 0 auto; padding: 4.5rem 1.5rem 6rem; }
section { margin-top: 5rem; }
h1, h2, h3 { font-family: var(--serif); font-weight: 600; line-height: 1.15; text-wrap: balance; margin: 0; }
h1 { font-size: clamp(2.1rem, 6vw, 3.1rem); letter-spacing: -0.015em; overflow-wrap: anywhere; }
h2 { font-size: 1.75rem; letter-spacing: -0.01em; }
h3 { font-size: 1.2rem; margin-top: 3rem; }
p { max-width: 62ch; margin: 0.75rem 0 0; text-wrap: pretty; }
code, pre { font-family: var(--mono); font-size: 0.875em; }
.label, .numbers dt, .facts dt, .data thead th {
  font-size: 0.75rem; font-weight: 600; letter-spacing: 0.08em; text-transform: uppercase; color: var(--quiet);
}
.label { margin: 0 0 0.9rem; color: var(--leaf); }
.lead { font-size: 1.25rem; line-height: 1.5; max-width: 56ch; margin-top: 1.1rem; }
.note { border-left: 3px solid var(--bark); padding-left: 0.9rem; color: var(--quiet); margin-top: 1.25rem; overflow-wrap: anywhere; }
figure { margin: 1.75rem 0 0; }
figure.scroll { margin-left: -1px; }
figcaption, .caption { font-size: 0.875rem; color: var(--quiet); margin-top: 0.9rem; max-width: none; }

.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); margin: 2.5rem 0 0; border-top: 1px solid var(--line); }
.numbers div { padding: 1.1rem 1rem 0 0; }
.numbers dd { margin: 0.3rem 0 0; color: var(--quiet); font-size: 0.875rem; line-height: 1.4; }
.numbers b { font: 600 1.6rem/1.2 var(--serif); color: var(--text); font-variant-numeric: lining-nums tabular-nums; white-space: nowrap; }
.numbers small { display: block; font-size: 0.8125rem; }

img { display: block; image-rendering: pixelated; background: var(--faint); box-shadow: 0 0 0 1px var(--edge); }
.tiles { display: grid; gap: 8px; grid-template-columns: repeat(var(--columns), var(--tile)); }
.tiles img { width: 100%; aspect-ratio: 1; }
.answers { list-style: none; display: grid; gap: 1.25rem 8px; grid-template-columns: repeat(var(--columns), var(--tile)); margin: 1.75rem 0 0; padding: 0; font-size: 0.8125rem; line-height: 1.35; color: var(--quiet); }
.answers img { width: 100%; aspect-ratio: 1; margin-bottom: 0.4rem; }
.answers b { color: var(--text); }
.answers small { display: block; font-size: inherit; overflow-wrap: anywhere; }

table { border-collapse: collapse; }
.scroll { overflow-x: auto; padding: 1px; }
.depths { border-spacing: 0; }
.depths td { padding: 0 8px 8px 0; }
.depths img { width: var(--tile); height: var(--tile); }
.depths th { padding: 0 8px 8px 0; text-align: left; vertical-align: bottom; font-size: 0.8125rem; line-height: 1.3; font-weight: 400; color: var(--quiet); white-space: nowrap; }
.depths th b { color: var(--text); font-variant-numeric: tabular-nums; }
.depths th small { display: block; font-size: 0.75rem; }
.depths td:first-child, .depths thead th:first-child { padding-right: 20px; }
.variations tbody th { padding: 0 20px 8px 0; vertical-align: middle; font-size: 0.875rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }

.data { width: 100%; font-size: 0.9375rem; font-variant-numeric: tabular-nums; }
.data th, .data td { text-align: right; padding: 0.4rem 0 0.4rem 1.1rem; white-space: nowrap; border-bottom: 1px solid var(--line); font-weight: 400; }
.data th:first-child { padding-left: 0; text-align: left; }

details { margin-top: 2rem; }
summary { cursor: pointer; font-weight: 600; padding: 0.25rem 0; }
summary::marker { color: var(--leaf); }
:focus-visible { outline: 2px solid var(--leaf); outline-offset: 3px; border-radius: 2px; }
details .scroll { margin-top: 0.75rem; }
pre { background: var(--faint); padding: 1rem 1.2rem; overflow-x: auto; line-height: 1.5; margin: 0.75rem 0 0; border-radius: 4px; }

.commands { margin: 1.5rem 0 0; }
.commands dt { font-size: 0.9375rem; color: var(--quiet); margin-top: 1rem; }
.commands dd { margin: 0.3rem 0 0; background: var(--faint); border-radius: 4px; }
.commands code { display: block; padding: 0.6rem 0.9rem 0.6rem calc(0.9rem + 2ch); text-indent: -2ch; white-space: pre-wrap; }
.commands span { display: inline-block; max-width: 100%; text-indent: 0; overflow-wrap: anywhere; }
.commands code::before { content: '$ '; color: var(--quiet); user-select: none; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(11rem, 42%), 1fr)); gap: 1.25rem 1.5rem; margin: 1.5rem 0 0; }
.facts dd { margin: 0.15rem 0 0; overflow-wrap: anywhere; font-size: 0.9375rem; }

.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; margin: 0 0 0.75rem; padding: 0; font-size: 0.875rem; color: var(--quiet); }
.legend li { display: flex; align-items: center; gap: 0.5rem; }
.key { width: 1.1rem; height: 3px; border-radius: 2px; background: currentColor; }
.key.bar, .key.capacity, .key.dead { width: 0.8rem; height: 0.8rem; }
.loss { color: var(--leaf); }
.train { color: var(--sky); }
.test { color: var(--bark); }
.plot { display: block; color: var(--quiet); font-family: var(--sans); font-size: 12px; overflow: visible; height: auto; max-width: 100%; }
.plot .line { stroke-width: 1.75; }
.plot .line.train { stroke-width: 1.25; }
.plot .line.loss { color: var(--leaf); }
.plot .line.train { color: var(--sky); }
.plot .line.test { color: var(--bark); stroke-width: 2.25; }
.plot .dot { fill: currentColor; }
.plot .dot.loss { color: var(--leaf); }
.plot .dot.train { color: var(--sky); }
.plot .dot.test { color: var(--bark); }
.plot .capacity { fill: var(--line); }
.key.capacity { background: var(--line); }
.plot .bar { fill: var(--bar); }
.key.bar { background: var(--bar); }
.plot .dead { fill: var(--alarm); font-weight: 600; }
.key.dead { background: var(--alarm); }
.plot.narrow { display: none; }

@media (max-width: 56rem) {
  .tiles { grid-template-columns: repeat(var(--small-columns), var(--small)); }
  .answers { grid-template-columns: repeat(auto-fill, minmax(5.5rem, 1fr)); }
  .depths { --tile: 48px !important; }
  .numbers { grid-template-columns: repeat(3, 1fr); }
}
@media (max-width: 42rem) {
  .spare { display: none; }
}
@media (max-width: 38rem) {
  body { font-size: 1rem; }
  main { padding: 2.5rem 1.25rem 4rem; }
  section { margin-top: 3.75rem; }
  .lead { font-size: 1.125rem; }
  .numbers { grid-template-columns: repeat(2, 1fr); margin-top: 2rem; }
  .tiles { grid-template-columns: repeat(4, 1fr); gap: 6px; }
  .data { font-size: 0.875rem; }
  .data th, .data td { padding-left: 0.75rem; }
  .data thead th { font-size: 0.6875rem; letter-spacing: 0.04em; }
  .depths { --tile: clamp(36px, calc((100vw - 5.5rem) / 6), 60px) !important; }
  .depths.variations { --tile: clamp(36px, calc((100vw - 9.5rem) / 5), 60px) !important; }
  .depths td { padding: 0 6px 6px 0; }
  .depths th { padding: 0 6px 6px 0; font-size: 0.75rem; }
  .depths th small { font-size: 0.6875rem; }
  .depths tbody th { white-space: normal; }
  .depths td:first-child, .depths thead th:first-child { padding-right: 12px; }
  .plot.wide { display: none; }
  .plot.narrow { display: block; }
}
@media print {
  :root { --page: #fff; --text: #000; --quiet: #444; --line: #ccc; --faint: #f4f4f4; --leaf: #2d7a46; --bark: #b4530f; --sky: #5f86b3; --alarm: #b3261e; --bar: #3d8a55; --edge: rgb(0 0 0 / 0.1); }
  body { font-size: 10.5pt; }
  main { padding: 0; max-width: none; }
  section { margin-top: 2.5rem; }
  h2, h3, summary { break-after: avoid; }
  tr, img, .plot, .numbers { break-inside: avoid; }
  img, .plot, .key { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  details::details-content { content-visibility: visible; height: auto; }
}
`)
