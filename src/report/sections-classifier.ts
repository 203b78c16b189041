/** The sections that only a classifier's report has: its classes, and its mistakes. */

import type { ClassifierContents, ReportContents } from './contents.ts'
import { duration, percent, plural, whole } from './format.ts'
import { type Html, html } from './html.ts'
import { type OwnSections, picture, section, tileStyle } from './parts.ts'

export function classifierSections(contents: ReportContents, own: ClassifierContents): OwnSections {
  const { training } = contents
  const { count, wrong } = own
  return {
    summary: `In ${duration(training.seconds)} a classifier of ${whole(own.classes.length)} classes saw ${plural(training.images, 'image')}; it now knows ${percent(1 - wrong / count)} of ${plural(count, 'image')} that it never saw.`,
    tiles: [['Mistakes', whole(wrong), '', `of ${plural(count, 'test image')}`]],
    first: [classes(own), mistakes(own, contents.size)],
    rest: [],
    aboutTraining:
      'The loss is the cross-entropy against labels that are smoothed a little, in nats, on images that are moved a little; so it is higher than the cross-entropy of the labels themselves, and training images are the harder ones. Test images are classified with averaged weights.',
    commands: [],
    exported: 'Take it elsewhere, as ONNX, and as the judge of a guide',
  }
}

/** How well each class is known, and what it is taken for. */
function classes({ classes }: ClassifierContents): Html {
  return section(
    'classes',
    'Classes',
    html`<div class="scroll"><table class="data">
<thead><tr><th scope="col">Class</th><th scope="col">Test images</th><th scope="col">Known</th><th scope="col">Taken for</th></tr></thead>
<tbody>${classes.map(
      ({ name, count, right, confusion }) =>
        html`<tr><th scope="row">${name}</th><td>${whole(count)}</td><td>${count ? percent(right / count) : '–'}</td><td>${confusion ? `${confusion.name}, ${whole(confusion.count)} ×` : '–'}</td></tr>\n`,
    )}</tbody></table></div>
<p class="caption">The share of each class’s test images that are known, and what they are most often taken for where they are not.</p>`,
  )
}

/** The images that it is surest and wrong about. */
function mistakes({ mistakes, wrong }: ClassifierContents, size: number): Html | null {
  if (mistakes.length === 0) return null
  return section(
    'mistakes',
    'Mistakes',
    html`<p>The ${mistakes.length === wrong ? '' : `${mistakes.length} `}test images that it is wrong about and surest of, the surest first.</p>
<ul class="answers" style="${tileStyle(size)}">${mistakes.map(
      ({ picture: image, label, said, probability }) =>
        html`<li>${picture(image, true)}<b>${said}</b>, ${percent(probability)}<small>is ${label}</small></li>\n`,
    )}</ul>`,
  )
}
