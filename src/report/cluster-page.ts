/** Clusters as one page that asks nothing of the network: the scores, all nodes at a glance, and the largest in detail. */

import type { ClusterContents, ClusterNode, LabelShare, ShownCluster } from './cluster-contents.ts'
import { clusterStyle } from './cluster-style.ts'
import { htmlDocument } from './document.ts'
import { duration, plural, precise, whole } from './format.ts'
import { type Html, html } from './html.ts'
import { depthStyle, picture, section, type Tile } from './parts.ts'
import { titleOf } from './sections.ts'

/** The whole page. */
export function clusterPage(contents: ClusterContents): string {
  // Where every node is shown in detail, an overview of them says nothing more.
  const all = contents.shown.length === contents.nodes.length
  return htmlDocument({
    title: `${titleOf(contents.data)} in clusters`,
    css: clusterStyle,
    body: html`<main>
${header(contents)}
${contents.scores && agreement(contents)}
${!all && overview(contents)}
${detail(contents, all)}
${about(contents)}
</main>`,
  })
}

function header(contents: ClusterContents): Html {
  const { data, trained, depth, notes, unscored, toldClass } = contents
  const learned = data === trained ? 'to draw them' : `to draw ${titleOf(trained)}`
  const told = unscored === null ? notes : [`${unscored} So there are no scores.`, ...notes]
  return html`<header>
<p class="label">Coppice · clusters</p>
<h1>${titleOf(data)} in clusters</h1>
<p class="lead">The network codes an image as a list of choices, and ${depth === 1 ? 'the first of them sorts' : `the first ${depth} of them sort`} the images into the nodes of a tree. It learned ${learned}${!toldClass && ', and never saw a label'}.</p>
<dl class="numbers">${tiles(contents).map(
    ([name, value, unit, detail]) =>
      html`<div><dt>${name}</dt><dd><b>${value}</b>${unit && html` <span>${unit}</span>`}<small>${detail}</small></dd></div>`,
  )}</dl>
${told.map(note => html`<p class="note">${note}</p>`)}
</header>`
}

function tiles({ split, images, clusters, nodes, scores, kMeans }: ClusterContents): Tile[] {
  const beside = (value: number | undefined) => (value === undefined ? '' : `k-means ${threeDigits(value)}`)
  return [
    ...(scores
      ? ([
          ['Purity', threeDigits(scores.purity), '', beside(kMeans?.purity)],
          ['NMI', threeDigits(scores.nmi), '', beside(kMeans?.nmi)],
          ['ARI', threeDigits(scores.ari), '', beside(kMeans?.ari)],
        ] satisfies Tile[])
      : []),
    ['Nodes', whole(nodes.length), '', `with images, of ${whole(clusters)}`],
    ['Images', whole(images), '', `of the ${split} split`],
    [
      'Of a node',
      precise(images / nodes.length),
      '',
      `from ${whole(nodes[nodes.length - 1].images)} to ${whole(nodes[0].images)} images`,
    ],
  ]
}

function agreement(contents: ClusterContents): Html {
  const { scores, kMeans, kMeansLeftOut, nodes, labelled, split, seed, size, drawnSize } = contents
  const filled = whole(nodes.filter(node => node.makeUp.length > 0).length)
  const rows: string[][] = [
    [
      'Nodes of the tree',
      whole(nodes.length),
      ...[scores!.purity, scores!.nmi, scores!.ari].map(threeDigits),
    ],
    ...(kMeans
      ? [
          [
            'k-means on pixels',
            whole(kMeans.used),
            ...[kMeans.purity, kMeans.nmi, kMeans.ari].map(threeDigits),
          ],
        ]
      : []),
  ]
  const fair = kMeans
    ? `k-means has ${plural(kMeans.clusters, 'centre')}, as many as the tree has nodes at this depth. It was fitted to the raw pixels of ${plural(kMeans.fitted, 'training image')} (one start by k-means++ with seed ${seed}, ${plural(kMeans.iterations, 'round')}), without labels, as the tree was. Both were then judged on the same ${plural(labelled, `${split} image`)}, which fill ${filled} of the nodes and ${whole(kMeans.used)} of the centres.`
    : `k-means on pixels is left out. ${kMeansLeftOut}`
  const coarse =
    drawnSize < size &&
    ` What the network draws at this depth has ${drawnSize} × ${drawnSize} pixels: its nodes tell apart what so few pixels show${kMeans ? `, where k-means goes by all ${size} × ${size}` : ''}.`
  const head = ['', 'Clusters', 'Purity', 'NMI', 'ARI']
  return section(
    'agreement',
    'Agreement with the labels',
    html`<div class="scroll"><table class="data"><thead><tr>${head.map(name => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map(([name, ...cells]) => html`<tr><th scope="row">${name}</th>${cells.map(cell => html`<td>${cell}</td>`)}</tr>`)}</tbody></table></div>
<p>${fair}${coarse}</p>
<p class="caption">Purity: the share of images whose label is the most frequent one of their cluster; it grows with the number of clusters. NMI: mutual information over the mean of the entropies of clusters and labels. ARI: the Rand index, adjusted for chance, of pairs that are together. All are 1 where clusters and labels are the same.</p>`,
  )
}

/** As many digits in every cell: columns are compared. */
function threeDigits(value: number): string {
  return value.toFixed(3)
}

function overview(contents: ClusterContents): Html {
  const { nodes, size } = contents
  const mapped = nodes.filter(node => node.mean !== undefined)
  const left = nodes.slice(mapped.length)
  const cells = mapped.map(
    node => html`<span title="${wordsOf(node)}"><img src="${node.mean}" alt="">${bar(node.makeUp)}</span>`,
  )
  return section(
    'nodes',
    left.length ? `The ${whole(mapped.length)} largest nodes` : 'All nodes',
    html`<p>The mean of each node’s images${contents.legend.length > 0 && ', and under it their labels'}; the most populated come first.${left.length > 0 && ` Left out are ${plural(left.length, 'smaller node')} with ${plural(imagesOf(left), 'image')} in all.`}</p>
${legend(contents)}
<div class="map" style="--tile:${size <= 32 ? size * Math.max(1, Math.round(32 / size)) : 32}px" role="img" aria-label="${plural(mapped.length, 'node')} as the means of their images">${cells}</div>`,
  )
}

function detail(contents: ClusterContents, all: boolean): Html {
  const { shown, nodes, size, drawnSize, images } = contents
  const covered = imagesOf(nodes.slice(0, shown.length))
  const share = all
    ? ''
    : ` These have ${whole(covered)} of the ${plural(images, 'image')}; ${plural(nodes.length - shown.length, 'smaller node')} are not shown here.`
  return section(
    'largest',
    all ? 'Node by node' : `The ${whole(shown.length)} largest, in detail`,
    html`<p>First what the network draws at the node, ${drawnSize < size && `in the ${drawnSize} × ${drawnSize} pixels of its layer, `}then the mean of the node’s images, then some of them.${share}</p>
${all && legend(contents)}
<ol class="clusters" style="${depthStyle(size)}">${shown.map(one => cluster(one, contents))}</ol>`,
  )
}

function cluster({ node, drawn, mean, members }: ShownCluster, { nodes, images }: ClusterContents): Html {
  const { path, images: count, makeUp } = nodes[node]
  return html`<li>
<p class="head"><b>Node ${path.join(' › ')}</b> <span>${plural(count, 'image')}, ${precise((100 * count) / images, 2)} %</span>${makeUp.length > 0 && html` <span class="shares">${shares(makeUp)}</span>`}</p>
${bar(makeUp)}
<div class="line">
<div class="pair" role="img" aria-label="what the network draws at the node, and the mean of its images">${picture({ source: drawn, label: 'what the network draws here' })}${picture({ source: mean, label: 'the mean of the images' })}</div>
<div class="members" role="img" aria-label="${members.length} of ${plural(count, 'image')}">${members.map(member => picture(member))}</div>
</div>
</li>
`
}

/** Labels written out; more would only be a row of small numbers. */
const WRITTEN = 3

function shares(makeUp: readonly LabelShare[]): Html[] {
  const labelled = imagesOf(makeUp)
  const shown = makeUp
    .slice(0, WRITTEN)
    .map(
      ({ name, images }, i) =>
        html`${i > 0 && ' · '}<b>${name}</b> ${Math.round((100 * images) / labelled)} %`,
    )
  const more = makeUp.length - shown.length
  return more > 0 ? [...shown, html` · ${more} more`] : shown
}

/** `node 3: 12 images, mostly owl (83 %)` */
function wordsOf({ path, images, makeUp }: ClusterNode): string {
  const node = `node ${path.join(' › ')}: ${plural(images, 'image')}`
  if (makeUp.length === 0) return node
  const share = Math.round((100 * makeUp[0].images) / imagesOf(makeUp))
  return `${node}, ${share === 100 ? 'all' : 'mostly'} ${makeUp[0].name}${share === 100 ? '' : ` (${share} %)`}`
}

/** The labels as stretches of one bar, the most frequent first; nothing where none is known. */
function bar(makeUp: readonly LabelShare[]): Html | false {
  if (makeUp.length === 0) return false
  const total = imagesOf(makeUp)
  let from = 0
  const stops = makeUp.map(({ colour, images }) => {
    const to = from + (100 * images) / total
    const stop = `var(--${colourOf(colour)}) ${from.toFixed(1)}% ${to.toFixed(1)}%`
    from = to
    return stop
  })
  return html`<i class="make-up" style="background:linear-gradient(90deg,${stops.join(',')})"></i>`
}

function legend({ legend, others }: ClusterContents): Html | false {
  if (legend.length === 0) return false
  const entries = [
    ...legend.map((name, i) => [name, i] as const),
    ...(others ? [['others', -1] as const] : []),
  ]
  return html`<ul class="legend labels">${entries.map(
    ([name, colour]) =>
      html`<li><span class="key" style="background:var(--${colourOf(colour)})"></span>${name}</li>`,
  )}</ul>`
}

function colourOf(colour: number): string {
  return colour < 0 ? 'label-other' : `label-${colour}`
}

function imagesOf(parts: readonly { images: number }[]): number {
  return parts.reduce((sum, { images }) => sum + images, 0)
}

function about(contents: ClusterContents): Html {
  const { run, step, trained, data, split, images, splitImages, depth, seed, command } = contents
  const facts: [string, string][] = [
    ['Run', run],
    ['Step', whole(step)],
    ['Trained on', trained],
    [
      'Images',
      images === splitImages
        ? `${data}, ${split}, all ${whole(images)}`
        : `${data}, ${split}, ${whole(images)} of ${whole(splitImages)}, evenly spaced`,
    ],
    ['Depth', plural(depth, 'choice')],
    ['Seed', String(seed)],
    ['Made in', duration(contents.seconds)],
    ['Coppice', contents.version],
    ['Written', `${contents.written.toISOString().slice(0, 16).replace('T', ' ')} UTC`],
  ]
  return section(
    'about',
    'About this page',
    html`<dl class="commands"><dt>Make it again</dt><dd><code>${command.split(' ').map((word, i) => html`${i > 0 && ' '}<span>${word}</span>`)}</code></dd></dl>
<dl class="facts">${facts.map(([key, value]) => html`<div><dt>${key}</dt><dd>${value}</dd></div>`)}</dl>`,
  )
}
