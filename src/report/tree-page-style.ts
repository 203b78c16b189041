/** How the page of a tree looks, over the style that all pages share. */

import { raw } from './html.ts'
import { hexColour, levelColours } from './tree-palette.ts'

export const treeStyle = raw(`
html, body { height: 100%; }
main { max-width: none; padding: 0; height: 100dvh; display: grid; grid-template-columns: 1fr 22rem; }
.stage { position: relative; min-width: 0; min-height: 0; }
#stage { display: block; width: 100%; height: 100%; touch-action: none; cursor: pointer; background: var(--page); }
#stage.dragged { cursor: grabbing; }
#stage:focus-visible { outline: 2px solid var(--leaf); outline-offset: -2px; }
.deeds { position: absolute; left: 0.75rem; bottom: 0.75rem; display: flex; flex-direction: column; gap: 0.4rem; }
button { font: inherit; color: var(--text); background: var(--page); border: 1px solid var(--line); border-radius: 6px; cursor: pointer; }
.deeds button { width: 2.75rem; height: 2.75rem; font-size: 1.25rem; line-height: 1; }
button:hover { background: var(--faint); }
aside { border-left: 1px solid var(--line); padding: 1.5rem 1.25rem; overflow-y: auto; font-size: 0.9375rem; line-height: 1.5; }
aside h1 { font-size: 1.75rem; }
aside h2 { font: 600 0.75rem/1.4 var(--sans); letter-spacing: 0.08em; text-transform: uppercase; color: var(--quiet); margin-top: 1.25rem; }
aside .label { margin-bottom: 0.4rem; }
aside .legend { margin: 0.9rem 0 0; font-size: 0.8125rem; gap: 0.2rem 1rem; }
aside .caption { margin-top: 0.6rem; font-size: 0.8125rem; overflow-wrap: anywhere; }
aside details { margin-top: 1.5rem; }
aside section { margin-top: 1.5rem; padding-top: 1.25rem; border-top: 1px solid var(--line); }
.key { height: 0.8rem; width: 0.8rem; border-radius: 0; border: 2px solid; background: none; color: var(--line); }
${levelColours.map((colour, level) => `.key.level${level} { color: ${hexColour(colour)}; }`).join('\n')}
#path { display: flex; flex-wrap: wrap; gap: 0.35rem; }
#path button { min-width: 2.25rem; padding: 0.3rem 0.6rem; border-bottom: 3px solid var(--level); font-variant-numeric: tabular-nums; }
#path [aria-current] { font-weight: 600; background: var(--faint); }
.about { display: grid; grid-template-columns: 8rem 1fr; gap: 1rem; margin-top: 1rem; min-height: 8rem; }
#portrait, #strip { display: block; image-rendering: pixelated; box-shadow: 0 0 0 1px var(--edge); }
#portrait { width: 8rem; height: 8rem; }
#facts { margin: 0; display: grid; gap: 0.45rem; align-content: start; font-size: 0.875rem; line-height: 1.3; }
#facts dt { font-size: 0.75rem; color: var(--quiet); }
#facts dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
#strip { max-width: 100%; height: 2.75rem; margin-top: 0.6rem; box-shadow: none; }
#nearest .caption { min-height: 2.6em; }
@media (max-width: 48rem) {
  main { height: auto; grid-template-columns: 1fr; }
  .stage { height: 62dvh; min-height: 18rem; }
  .deeds { flex-direction: row; }
  aside { border-left: 0; border-top: 1px solid var(--line); padding: 1rem 1.25rem 2.5rem; display: flex; flex-direction: column; }
  aside .node { order: -1; margin: 0; padding: 0 0 1.25rem; border-top: 0; border-bottom: 1px solid var(--line); }
  aside header { margin-top: 1.25rem; }
}
@media (prefers-reduced-motion: no-preference) {
  button { transition: background-color 0.15s; }
}
`)
