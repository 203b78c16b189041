/** The sections of a report, each a function from what it shows to HTML. */

import { errorChart, trainingChart, usageChart } from './charts.ts'
import type { LayerSummary, ReportContents, Thumbnail } from './contents.ts'
import { bits, duration, large, plural, precise, psnr, shellWord, whole } from './format.ts'
import { type Html, html } from './html.ts'

/** Title, one sentence, the headline numbers, and what the reader must know. */
export function header(contents: ReportContents): Html {
  const { data, size, channels, notes, training } = contents
  return html`<header>
<p class="label">Coppice · training report</p>
<h1>${titleOf(data)}, ${size} × ${size} ${channels === 1 ? 'grey' : 'colour'}</h1>
<p class="lead">${summary(contents)}</p>
${numbers(contents)}
${training.progress < 1 && html`<p class="note">Training is not over: ${precise(100 * training.progress, 2)} % of its budget is used.</p>`}
${notes.map(note => html`<p class="note">${note}</p>`)}
</header>`
}

/** `digits` → Digits, `folder:/home/me/birds` → birds. */
export function titleOf(data: string): string {
  const path = data.slice(data.indexOf(':') + 1)
  if (path === data) return data.charAt(0).toUpperCase() + data.slice(1)
  return path.split(/[\\/]/).findLast(part => part !== '') ?? data
}

function summary({ layers, training, bits: latent }: ReportContents): string {
  const mse = testMse(training)
  const learned = `In ${duration(training.seconds)} a network of ${plural(layers.length, 'layer')} saw ${plural(training.images, 'image')}`
  const spent = `${bits(latent)} ${latent === 1 ? 'bit' : 'bits'}`
  if (mse === undefined) return `${learned}; it writes every image as ${spent}.`
  return `${learned}; it now rebuilds images that it never saw from ${spent} each, with a mean squared error of ${precise(mse)}.`
}

function numbers({ training, bits: latent, parameters, layers }: ReportContents): Html {
  const mse = testMse(training)
  const { images, seconds, steps } = training
  const tiles: [name: string, value: string, unit: string, detail: string][] = [
    [
      'Test MSE',
      precise(mse),
      '',
      training.testCount ? `over ${plural(training.testCount, 'image')}` : 'not measured yet',
    ],
    ['Test PSNR', mse === undefined ? '–' : psnr(mse).toFixed(1), 'dB', 'of that error'],
    ['Latent', bits(latent), 'bits', `${plural(layers.length, 'choice')}`],
    ['Parameters', large(parameters), '', `${precise((4 * parameters) / 2 ** 20)} MiB`],
    ['Speed', seconds > 0 ? precise(images / seconds) : '–', 'images/s', 'in training'],
    ['Time', duration(seconds), '', `${plural(steps, 'step')}`],
  ]
  return html`<dl class="numbers">${tiles.map(
    ([name, value, unit, detail]) =>
      html`<div><dt>${name}</dt><dd><b>${value}</b>${unit && html` <span>${unit}</span>`}<small>${detail}</small></dd></div>`,
  )}</dl>`
}

export function samples({ samples, size, bits: latent }: ReportContents): Html {
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
export function reconstructions({ reconstructions, size, layers }: ReportContents): Html | null {
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

export function variations({ variations, size, layers }: ReportContents): Html | null {
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

export function training({ training }: ReportContents): Html {
  return section(
    'training',
    'Training',
    html`<p>Mean squared errors with pixels in [−1, 1]; lower is better. The loss also counts the coarse layers, each at its own size. Test images are rebuilt with averaged weights.</p>
<figure>${trainingChart(training)}</figure>`,
  )
}

export function nodes({ layers, training }: ReportContents): Html {
  const dead = layers.reduce((sum, layer) => sum + (layer.dead ?? 0), 0)
  const all = layers.reduce((sum, { K }) => sum + K, 0)
  const counted = layers.some(layer => layer.dead !== undefined)
  return section(
    'nodes',
    'Nodes',
    html`<p>A layer’s candidates are its nodes. Used evenly, they carry log₂ K bits. ${
      counted &&
      html`Of ${whole(all)} nodes ${dead === 0 ? 'none is' : dead === 1 ? 'one is' : `${whole(dead)} are`} dead, which is to say chosen less than a twentieth as often as is fair. `
    }Split-and-Prune has replaced ${training.splits === 0 ? 'none' : plural(training.splits, 'node')} so far.</p>
<figure>${usageChart(layers)}</figure>
${layerTable(layers)}`,
  )
}

function layerTable(layers: ReportContents['layers']): Html {
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

/** Commands to go on with, for a shell where the report was written. */
export function goOn({ path, data, samples, training, longer }: ReportContents): Html {
  const run = shellWord(path)
  const commands: [why: string, command: string][] = [
    ['Draw other images', `npx coppice sample ${run} --count 64 --seed ${samples.seed + 7} --out more.png`],
    [
      'Measure on the whole test set',
      `npx coppice reconstruct ${run} --data ${shellWord(data)} --split test --out rebuilt.png`,
    ],
    ['Look inside', `npx coppice info ${run}`],
    training.progress < 1
      ? ['Train on, where it stopped', `npx coppice train --resume ${run}`]
      : ['Train it longer', `npx coppice train --resume ${run} ${longer}`],
    ['Take it elsewhere, as ONNX', `npx coppice export ${run} --out exported`],
  ]
  return section(
    'go-on',
    'Go on',
    html`<dl class="commands">${commands.map(([why, command]) => html`<dt>${why}</dt><dd><code>${words(command)}</code></dd>`)}</dl>`,
  )
}

/** Lines break between words, not after the hyphens of a flag. */
function words(command: string): Html[] {
  return command.split(' ').map((word, i) => html`${i > 0 && ' '}<span>${word}</span>`)
}

export function about({ config, versions, seed, written, name }: ReportContents): Html {
  const facts: [string, string][] = [
    ['Run', name],
    ['Seed', String(seed)],
    ...Object.entries(versions),
    ['Written', `${written.toISOString().slice(0, 16).replace('T', ' ')} UTC`],
  ]
  return section(
    'about',
    'About this run',
    html`<dl class="facts">${facts.map(([key, value]) => html`<div><dt>${key}</dt><dd>${value}</dd></div>`)}</dl>
<details><summary>Configuration</summary><pre><code>${JSON.stringify(config, null, 2)}</code></pre></details>`,
  )
}

function section(id: string, title: string, content: Html): Html {
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
${content}
</section>
`
}

/** One image; `own` where no group around it says what it is. */
function picture({ source, label }: Thumbnail, own = false): Html {
  return html`<img src="${source}" alt="${own ? label : ''}" title="${label}">`
}

function cls(spare: boolean | undefined): Html | false {
  return spare === true && html`class="spare"`
}

/** Cells of a whole number of screen pixels per pixel keep all of these equally wide. */
function multiple(size: number, wish: number): number {
  return size * Math.max(1, Math.round(wish / size))
}

/** Tiles of about 96 pixels, of large images 128, in as many columns as fit a page; smaller ones for a tablet. */
function tileStyle(size: number): string {
  const tile = size <= 64 ? multiple(size, size <= 32 ? 96 : 128) : 128
  const small = size <= 64 ? multiple(size, 64) : 64
  return [
    `--tile:${tile}px;--columns:${Math.floor((832 + 8) / (tile + 8))}`,
    `--small:${small}px;--small-columns:${Math.floor((568 + 8) / (small + 8))}`,
  ].join(';')
}

function depthStyle(size: number): string {
  return `--tile:${size <= 64 ? multiple(size, 64) : 64}px`
}

function testMse(training: ReportContents['training']): number | undefined {
  return training.testMse.at(-1)?.value
}
