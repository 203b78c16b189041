/** How a page of clusters looks, beyond what all reports share. */

import { raw } from './html.ts'

/** Ten colours that tell labels apart by day and by night; what has none of its own is grey. */
const labelColours = [
  '#4477aa',
  '#e8825a',
  '#2f8f46',
  '#d9a92e',
  '#aa3377',
  '#55bcdd',
  '#b8432f',
  '#8673c4',
  '#8a6d3b',
  '#3fa796',
]

export const clusterStyle = raw(`
:root { ${labelColours.map((colour, i) => `--label-${i}: ${colour};`).join(' ')} --label-other: #9a9a94; }
.data th[scope=row] { white-space: normal; }
h2 + .scroll { margin-top: 1.25rem; }
.labels { margin: 1.25rem 0 0; gap: 0.25rem 1.1rem; }
.labels li { gap: 0.4rem; overflow-wrap: anywhere; }
.labels .key { width: 0.8rem; height: 0.8rem; flex: none; }
.make-up { display: block; height: 6px; border-radius: 2px; }
.map { display: grid; gap: 8px 5px; grid-template-columns: repeat(auto-fill, var(--tile)); justify-content: space-between; margin-top: 1.5rem; }
.map img { width: var(--tile); height: var(--tile); }
.map .make-up { height: 3px; border-radius: 1px; margin-top: 3px; }
.clusters { list-style: none; margin: 0; padding: 0; }
.clusters li { margin-top: 2rem; break-inside: avoid; }
.head { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 0.75rem; max-width: none; margin: 0; font-size: 0.875rem; color: var(--quiet); font-variant-numeric: tabular-nums; }
.head > b { font: 600 1.0625rem/1.4 var(--serif); color: var(--text); font-variant-numeric: lining-nums; }
.shares { margin-left: auto; overflow-wrap: anywhere; }
.shares b { color: var(--text); }
.clusters .make-up { margin: 0.3rem 0 0.6rem; }
.line { display: grid; grid-template-columns: auto 1fr; gap: 14px; }
.pair { display: grid; gap: 4px; grid-template-columns: repeat(2, var(--tile)); }
.members { display: grid; gap: 4px; grid-template-columns: repeat(auto-fill, var(--tile)); justify-content: space-between; }
.line img { width: 100%; aspect-ratio: 1; }
.pair img:first-child { box-shadow: 0 0 0 2px var(--leaf); }
@media (max-width: 38rem) {
  .line { grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 4px; }
  .pair, .members { display: contents; }
  .shares { margin-left: 0; width: 100%; }
}
@media print { .make-up, .labels .key { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
`)
