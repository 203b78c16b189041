/**
 * The charts of a report as static SVG: Observable Plot on a DOM of strings. Each is drawn twice, for wide and for
 * narrow pages, because a chart that is scaled down takes its letters with it.
 */

import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import type { LayerSummary, MetricCurve, Reading, Reconstructions, Training } from './contents.ts'
import { bits, precise, whole } from './format.ts'
import { type Html, html, raw } from './html.ts'

interface Frame {
  width: number
  height: number
  /** Room for fewer ticks. */
  narrow: boolean
}

const frames: Frame[] = [
  { width: 832, height: 340, narrow: false },
  { width: 350, height: 260, narrow: true },
]

/** Points of a curve that a page can show; more are averaged. */
const RESOLUTION = 240

/**
 * The curves of a training, on logarithmic scales: the loss with the metrics on its scale, then every other metric on a
 * chart of its own, shares as what they lack to 100 %.
 */
export function trainingCharts({ loss, metrics }: Pick<Training, 'loss' | 'metrics'>): Html[] {
  const curvesOf = ({ title, train, test }: MetricCurve, shown = (value: number) => value): Curve[] =>
    [
      {
        key: 'train',
        name: `${title}, training images`,
        values: condense(positive(train, shown), RESOLUTION),
      },
      { key: 'test', name: `${title}, test images`, values: positive(test, shown) },
    ].filter(({ values }) => values.length > 0)
  const alike = metrics.filter(({ kind }) => kind === 'loss')
  const others = metrics.filter(({ kind }) => kind !== 'loss')
  const losses = { key: 'loss', name: 'loss', values: condense(positive(loss), RESOLUTION) }
  return [
    curvesChart('loss', [losses, ...alike.flatMap(metric => curvesOf(metric))]),
    ...others.map(metric =>
      metric.kind === 'share'
        ? curvesChart(
            `100 % − ${metric.title}`,
            curvesOf(metric, share => 100 * (1 - share)),
          )
        : curvesChart(metric.title, curvesOf(metric)),
    ),
  ]
}

interface Curve {
  key: string
  name: string
  values: Reading[]
}

function curvesChart(title: string, all: readonly Curve[]): Html {
  const curves = all.filter(({ values }) => values.length > 0)
  if (curves.length === 0) return html`<p class="note">The log holds no ${title} yet.</p>`
  const values = curves.flatMap(curve => curve.values.map(({ value }) => value))
  const last = Math.max(...curves.flatMap(curve => curve.values.map(({ step }) => step)))
  const ends = curves.map(({ name, values }) => `${name} ${precise(values[values.length - 1].value)}`)
  const chart = draw(
    `Curves over ${whole(last)} steps of training, ${title}, at the end: ${ends.join('; ')}.`,
    frame => ({
      x: { domain: [0, last], label: 'step', ticks: frame.narrow ? 4 : 8, tickFormat: whole },
      y: { ...logarithmic(values, frame.narrow ? 5 : 8), grid: true, tickSize: 0, label: title },
      marks: [
        ...curves.map(({ key, values }) =>
          Plot.lineY(values, { x: 'step', y: 'value', className: `line ${key}` }),
        ),
        ...curves
          .filter(({ key, values }) => (key === 'test' ? values.length <= 60 : values.length === 1))
          .map(({ key, values }) =>
            Plot.dot(values, { x: 'step', y: 'value', r: 2.5, className: `dot ${key}` }),
          ),
      ],
    }),
  )
  return html`${legend(curves)}${chart}`
}

/** What the bits buy: error of whole images after each layer. */
export function errorChart({ errors }: Pick<Reconstructions, 'errors'>): Html {
  const points = errors.filter(({ mse }) => mse > 0 && Number.isFinite(mse))
  if (points.length === 0) return html`<p class="note">The reconstructions are exact, or no numbers.</p>`
  const values = points.map(({ mse }) => mse)
  const end = points[points.length - 1]
  return draw(
    `Mean squared error of whole images against the bits spent: from ${precise(values[0])} after ${bits(points[0].bits)} bits to ${precise(end.mse)} after ${bits(end.bits)}.`,
    frame => ({
      x: { domain: [0, end.bits], label: 'bits spent', ticks: frame.narrow ? 4 : 8 },
      y: {
        ...logarithmic(values, frame.narrow ? 5 : 8),
        grid: true,
        tickSize: 0,
        label: 'mean squared error',
      },
      marks: [
        Plot.lineY(points, { x: 'bits', y: 'mse', className: 'line loss' }),
        Plot.dot(points, {
          x: 'bits',
          y: 'mse',
          r: points.length > 40 ? 1.8 : 2.8,
          className: 'dot loss',
          title: (point, i) => `after layer ${i + 1}: ${bits(point.bits)} bits, ${precise(point.mse)}`,
        }),
      ],
    }),
  )
}

/** Entropy of every layer's nodes, within the most that it could be: log₂ K. */
export function usageChart(layers: readonly LayerSummary[]): Html {
  const used = layers.flatMap(({ number, K, entropy, dead }) =>
    entropy === undefined ? [] : [{ number, most: Math.log2(K), entropy, dead: dead ?? 0 }],
  )
  if (used.length === 0) return html`<p class="note">The log holds no counts of nodes yet.</p>`
  const top = Math.max(...used.map(({ most }) => most))
  const dead = used.filter(layer => layer.dead > 0)
  const lowest = used.reduce((a, b) => (b.entropy / b.most < a.entropy / a.most ? b : a))
  const label = `Entropy of the nodes' shares per layer, in bits; the lowest is ${precise(lowest.entropy)} of ${precise(lowest.most)} bits at layer ${lowest.number}.`
  const chart = draw(label, frame => {
    const every = Math.ceil(used.length / (frame.narrow ? 10 : 26))
    const pitch = (frame.width - 60) / used.length
    // Few layers would otherwise make bars as wide as doors, many would print numbers over each other.
    const bar = {
      x: 'number',
      insetLeft: Math.max(0, 0.3 * pitch - 26),
      insetRight: Math.max(0, 0.3 * pitch - 26),
    }
    const roomy = pitch > 22
    return {
      height: frame.narrow ? 220 : 260,
      x: {
        type: 'band',
        label: 'layer',
        padding: used.length > 40 ? 0.15 : 0.4,
        tickFormat: (n: number) => (n % every === 0 || n === 1 ? n : ''),
      },
      y: { domain: [0, top * 1.08], label: 'bits', ticks: 5, grid: true, tickSize: 0 },
      marks: [
        Plot.barY(used, { ...bar, y: 'most', className: 'capacity' }),
        Plot.barY(used, {
          ...bar,
          y: 'entropy',
          className: 'bar',
          title: ({ number, entropy, most, dead }) =>
            `layer ${number}: ${entropy.toFixed(2)} of ${precise(most)} bits, ${dead} dead`,
        }),
        Plot.text(dead, {
          x: 'number',
          y: 'most',
          text: roomy ? 'dead' : () => '•',
          dy: -7,
          className: 'dead',
        }),
      ],
    }
  })
  const keys = [
    { key: 'bar', name: 'entropy of the nodes’ shares' },
    { key: 'capacity', name: 'the most there could be, log₂ K' },
    ...(dead.length ? [{ key: 'dead', name: 'dead nodes' }] : []),
  ]
  return html`${legend(keys)}${chart}`
}

/** At most `count` readings, each the mean of its neighbours: the geometric one, as the scale is logarithmic. */
export function condense(readings: readonly Reading[], count: number): Reading[] {
  if (readings.length <= count) return [...readings]
  return Array.from({ length: count }, (_, i) => {
    const part = readings.slice(
      Math.floor((i * readings.length) / count),
      Math.floor(((i + 1) * readings.length) / count),
    )
    const mean = part.reduce((sum, { value }) => sum + Math.log(value), 0) / part.length
    return { step: part[part.length - 1].step, value: Math.exp(mean) }
  })
}

/** A logarithmic scale over the values, ticks at as many round numbers as `most` allows. */
export function logarithmic(values: readonly number[], most: number) {
  const low = Math.min(...values) / 1.12
  const high = Math.max(...values) * 1.12
  // From 1 to below 10, a few tenths apart.
  const every = (tenths: number) =>
    Array.from({ length: Math.ceil(90 / tenths) }, (_, i) => (10 + i * tenths) / 10)
  const decades = (factors: number[]) => {
    const ticks: number[] = []
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
      for (const factor of factors) {
        // Written as text and read again, 2e-3 is the number that prints as 0.002.
        const tick = Number(`${factor}e${power}`)
        if (tick >= low && tick <= high) ticks.push(tick)
      }
    return ticks
  }
  const candidates = [
    every(1),
    every(2),
    every(5),
    [1, 1.5, 2, 3, 4, 5, 6, 8],
    [1, 1.5, 2, 3, 5, 7],
    [1, 2, 3, 5],
    [1, 2, 5],
    [1, 3],
    [1],
  ].map(decades)
  const ticks = candidates.find(ticks => ticks.length <= most) ?? candidates[candidates.length - 1]
  return { type: 'log' as const, domain: [low, high], ticks, tickFormat: (value: number) => String(value) }
}

/** The readings that a logarithmic scale can show, as `shown` makes them. */
function positive(readings: readonly Reading[], shown = (value: number) => value): Reading[] {
  return readings
    .map(({ step, value }) => ({ step, value: shown(value) }))
    .filter(({ value }) => value > 0 && Number.isFinite(value))
}

function legend(keys: readonly { key: string; name: string }[]): Html {
  return html`<ul class="legend">${keys.map(({ key, name }) => html`<li><i class="key ${key}"></i>${name}</li>`)}</ul>`
}

/** The same chart for wide and for narrow pages; a reader that cannot see hears `label`. */
function draw(label: string, options: (frame: Frame) => Plot.PlotOptions): Html {
  const drawings = frames.map(frame => {
    const { document } = parseHTML('<!doctype html><html><body></body></html>')
    const svg = Plot.plot({
      document: document as unknown as Document,
      width: frame.width,
      height: frame.height,
      marginLeft: 48,
      marginRight: 12,
      marginBottom: 40,
      marginTop: 28,
      className: 'plot',
      ...options(frame),
    })
    // Plot's own style sets colours that the page decides on.
    svg.querySelector('style')?.remove()
    svg.removeAttribute('xmlns')
    svg.removeAttribute('xmlns:xlink')
    svg.setAttribute('class', `plot ${frame.narrow ? 'narrow' : 'wide'}`)
    svg.setAttribute('role', 'img')
    svg.setAttribute('aria-label', label)
    return raw(svg.outerHTML)
  })
  return html`<div class="chart">${drawings}</div>`
}
