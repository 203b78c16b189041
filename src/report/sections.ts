/** The sections that every report has, each a function from what it shows to HTML. */

import { trainingCharts } from './charts.ts'
import type { ReportContents } from './contents.ts'
import { duration, large, metricText, plural, precise, shellWord } from './format.ts'
import { type Html, html } from './html.ts'
import { type OwnSections, section, type Tile } from './parts.ts'
import { classifierSections } from './sections-classifier.ts'
import { ddnSections } from './sections-ddn.ts'

/** What the family adds; of one that has nothing to show, what can be said of any model. */
export function ownSections(contents: ReportContents): OwnSections {
  const { own, title, training } = contents
  if (own?.model === 'ddn') return ddnSections(contents, own)
  if (own?.model === 'classifier') return classifierSections(contents, own)
  return {
    summary: `In ${duration(training.seconds)} ${title} saw ${plural(training.images, 'image')}.`,
    tiles: [],
    first: [],
    rest: [],
    aboutTraining: 'What is minimised, and what is measured on test images with averaged weights.',
    commands: [],
    exported: 'Take it elsewhere, as ONNX',
  }
}

/** Title, one sentence, the headline numbers, and what the reader must know. */
export function header(contents: ReportContents, { summary, tiles }: OwnSections): Html {
  const { data, size, channels, notes, training } = contents
  return html`<header>
<p class="label">Coppice · training report</p>
<h1>${titleOf(data)}, ${size} × ${size} ${channels === 1 ? 'grey' : 'colour'}</h1>
<p class="lead">${summary}</p>
${numbers(contents, tiles)}
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

function numbers({ training, parameters }: ReportContents, own: readonly Tile[]): Html {
  const { images, seconds, steps, metrics, testCount } = training
  const measured = metrics.map((metric): Tile => {
    const value = metric.test.at(-1)?.value
    const over = testCount ? `over ${plural(testCount, 'image')}` : 'not measured yet'
    return [`Test ${metric.title}`, metricText(metric, value), '', over]
  })
  const tiles: Tile[] = [
    ...measured,
    ...own,
    ['Parameters', large(parameters), '', `${precise((4 * parameters) / 2 ** 20)} MiB`],
    ['Speed', seconds > 0 ? precise(images / seconds) : '–', 'images/s', 'in training'],
    ['Time', duration(seconds), '', `${plural(steps, 'step')}`],
  ]
  return html`<dl class="numbers">${tiles.map(
    ([name, value, unit, detail]) =>
      html`<div><dt>${name}</dt><dd><b>${value}</b>${unit && html` <span>${unit}</span>`}<small>${detail}</small></dd></div>`,
  )}</dl>`
}

export function training({ training }: ReportContents, { aboutTraining }: OwnSections): Html {
  return section(
    'training',
    'Training',
    html`<p>${aboutTraining}</p>
${trainingCharts(training).map(chart => html`<figure>${chart}</figure>`)}`,
  )
}

/** Commands to go on with, for a shell where the report was written. */
export function goOn({ path, training, longer }: ReportContents, own: OwnSections): Html {
  const run = shellWord(path)
  const commands: [why: string, command: string][] = [
    ...own.commands,
    ['Look inside', `npx coppice info ${run}`],
    training.progress < 1
      ? ['Train on, where it stopped', `npx coppice train --resume ${run}`]
      : ['Train it longer', `npx coppice train --resume ${run} ${longer}`],
    [own.exported, `npx coppice export ${run} --out exported`],
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
