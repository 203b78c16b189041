/** The sections that only a DDN's report has: samples, reconstructions, variations, nodes. */

import { errorChart, usageChart } from './charts.ts'
import type { DdnContents, LayerSummary, ReportContents } from './contents.ts'
import { bits, duration, plural, precise, psnr, shellWord, whole } from './format.ts'
import { type Html, html } from './html.ts'
import { cls, depthStyle, type OwnSections, picture, section, tileStyle } from './parts.ts'
import { interpolationsSection, variationsSection } from './variations-section.ts'

export function ddnSections(contents: ReportContents, own: DdnContents): OwnSections {
  const { size, path, data, training } = contents
  const { layers, bits: latent } = own
  const mse = training.metrics[0].test.at(-1)?.value
  const learned = `In ${duration(training.seconds)} a network of ${plural(layers.length, 'layer')} saw ${plural(training.images, 'image')}`
  const spent = `${bits(latent)} ${latent === 1 ? 'bit' : 'bits'}`
  const run = shellWord(path)
  return {
    summary:
      mse === undefined
        ? `${learned}; it writes every image as ${spent}.`
        : `${learned}; it now rebuilds images that it never saw from ${spent} each, with a mean squared error of ${precise(mse)}.`,
    tiles: [
      ['Test PSNR', mse === undefined ? '–' : psnr(mse).toFixed(1), 'dB', 'of that error'],
      ['Latent', bits(latent), 'bits', `${plural(layers.length, 'choice')}`],
    ],
    first: [
      samples(own, size),
      reconstructions(own, size),
      variationsSection(own, size),
      interpolationsSection(own, size),
    ],
    rest: [nodes(own)],
    aboutTraining:
      'Mean squared errors with pixels in [−1, 1]; lower is better. The error is that of the last layer; the loss also counts the coarse layers, each at its own size. Test images are rebuilt with averaged weights.',
    commands: [
      [
        'Draw other images',
        `npx coppice sample ${run} --count 64 --seed ${own.samples.seed + 7} --out more.png`,
      ],
      [
        'Measure on the whole test set',
        `npx coppice reconstruct ${run} --data ${shellWord(data)} --split test --out rebuilt.png`,
      ],
    ],
    exported: 'Take it elsewhere, as ONNX',
  }
}

function samples({ samples, bits: latent }: DdnContents, size: number): Html {
  const { images, seed } = samples
  return section(
    'samples',
    'Samples',
    html`<p>${plural(images.length, 'image')} out of nothing but chance: at every layer one candidate is drawn evenly, ${bits(latent)} coin tosses per image.</p>
<figure><div class="tiles" style="${tileStyle(size)}" role="img" aria-label="${images.length} samples of the network">${images.map(image => picture(image))}</div>
<figcaption>Seed ${seed}; the same as <code>samples.png</code> in the run folder.</figcaption></figure>`,
  )
}

/** Rows of images, columns of layers: each image sharpens from left to right. */
function reconstructions({ reconstructions, layers }: DdnContents, size: number): Html | null {
  if (!reconstructions) return null
  const { depths, rows, errors, count } = reconstructions
  // A phone has room for five, from the first to the last.
  const shown = new Set([0, 1, 2, 3, 4].map(i => Math.round((i * (depths.length - 1)) / 4)))
  const spare = (i: number) => depths.length > 5 && !shown.has(i)
  return section(
    'reconstructions',
    'Reconstructions',
    html`<p>Images from the test set, which training never saw. Every layer takes the candidate nearest to the image, and the choices so far draw it sharper from left to right.</p>
<figure class="scroll"><table class="depths" style="${depthStyle(size)}">
<thead><tr><th scope="col">original</th>${depths.map(
      (depth, i) =>
        html`<th scope="col" ${cls(spare(i))}><b>${bits(depth.bits)}</b> ${i === 0 || i === depths.length - 1 ? 'bits' : ''}<small>layer ${depth.layer}</small></th>`,
    )}</tr></thead>
<tbody>${rows.map(
      ({ original, levels }) =>
        html`<tr><td>${picture(original, true)}</td>${levels.map((level, i) => html`<td ${cls(spare(i))}>${picture(level, true)}</td>`)}</tr>\n`,
    )}</tbody></table>
<figcaption>The bits spent so far, and the layer; ${layers.length} layers in all.</figcaption></figure>
<h3>What the bits buy</h3>
<p>Mean squared error of whole images after every layer, over ${plural(count, 'test image')}, pixels in [−1, 1]. A straight line is a constant gain per bit.</p>
<figure>${errorChart({ errors })}</figure>`,
  )
}

function nodes({ layers, splits }: DdnContents): Html {
  const dead = layers.reduce((sum, layer) => sum + (layer.dead ?? 0), 0)
  const all = layers.reduce((sum, { K }) => sum + K, 0)
  const counted = layers.some(layer => layer.dead !== undefined)
  return section(
    'nodes',
    'Nodes',
    html`<p>A layer’s candidates are its nodes. Used evenly, they carry log₂ K bits. ${
      counted &&
      html`Of ${whole(all)} nodes ${dead === 0 ? 'none is' : dead === 1 ? 'one is' : `${whole(dead)} are`} dead, which is to say chosen less than a twentieth as often as is fair. `
    }Split-and-Prune has replaced ${splits === 0 ? 'none' : plural(splits, 'node')} so far.</p>
<figure>${usageChart(layers)}</figure>
${layerTable(layers)}`,
  )
}

function layerTable(layers: readonly LayerSummary[]): Html {
  const columns: [name: string, cell: (layer: LayerSummary) => string, spare?: true][] = [
    ['Image', ({ size }) => `${size} × ${size}`],
    ['K', ({ K }) => whole(K)],
    ['Width', ({ width }) => whole(width), true],
    ['Test MSE', ({ loss }) => precise(loss)],
    [
      'Entropy',
      ({ entropy, K }) => (entropy === undefined ? '–' : `${entropy.toFixed(2)} / ${bits(Math.log2(K))}`),
    ],
    ['Dead', ({ dead }) => (dead === undefined ? '–' : whole(dead))],
  ]
  return html`<details${layers.length <= 16 && html` open`}><summary>Layer by layer</summary>
<div class="scroll"><table class="data">
<thead><tr><th scope="col">Layer</th>${columns.map(([name, , spare]) => html`<th scope="col" ${cls(spare)}>${name}</th>`)}</tr></thead>
<tbody>${layers.map(
    layer =>
      html`<tr><th scope="row">${layer.number}</th>${columns.map(([, cell, spare]) => html`<td ${cls(spare)}>${cell(layer)}</td>`)}</tr>\n`,
  )}</tbody></table></div>
<p class="caption">Test MSE at the layer’s own size, against the image averaged down to it; entropy in bits, of log₂ K.</p></details>`
}
