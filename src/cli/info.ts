// `coppice info`: what a run is made of, how its nodes are used, and how its training went.

import type { Command } from 'commander'
import { receptiveFields } from '../eval/receptive.ts'
import { metricText } from '../report/format.ts'
import { families } from '../train/families.ts'
import { lastEvaluation } from '../train/log.ts'
import { testResults } from '../train/metrics.ts'
import { type AnyFolderRun, type FolderRun, openRun } from '../train/run.ts'
import { type CommonOptions, common } from './options.ts'
import { clock, grouped, millions, present, short, table } from './output.ts'
import { measured } from './progress.ts'

export function infoCommand(program: Command): void {
  const command = program
    .command('info')
    .description('show what a run is made of, how its nodes are used, and how its training went')
    .argument('<run>', 'folder of the run')
  common(command, ['info runs/digits', 'info runs/digits --json']).action(info)
}

async function info(folder: string, flags: CommonOptions): Promise<void> {
  const run = await openRun(folder, { model: 'any' })
  try {
    const { metrics } = families[run.family]
    const facts = factsOf(run, folder)
    const layers = run.family === 'ddn' ? layersOf(run) : null
    present(flags, { ...facts, ...(layers && { receptiveField: seen(layers), layers }) }, [
      ['Run', `${folder}, begun ${facts.created}`],
      ['Data', `${facts.data}${partText[facts.part]}, ${facts.channels}×${facts.size}×${facts.size}`],
      ['Network', run.about.text],
      ['Parameters', millions(facts.parameters)],
      [
        'Training',
        `${grouped(facts.steps)} steps, ${grouped(facts.images)} images in ${clock(facts.seconds)}; ${(100 * facts.progress).toFixed(0)} % of its budget`,
      ],
      ...measured(metrics, run.metrics),
      '',
      ...(layers ? [...layerTable(layers), ''] : []),
      ...table(
        ['step', 'time', 'loss', ...metrics.map(({ title }) => `test ${title}`)],
        historyOf(run).map(({ step, seconds, loss, values }) => [
          grouped(step),
          clock(seconds),
          cell(loss),
          ...metrics.map(metric => metricText(metric, values[metric.name])),
        ]),
      ),
    ])
  } finally {
    await run.close()
  }
}

const partText = {
  all: '',
  even: ' (the even half of its training images)',
  odd: ' (the odd half of its training images)',
}

/** Everything that a run of any family says of itself. */
export function factsOf(run: AnyFolderRun, name: string) {
  const { config, model, step, images, seconds } = run
  const { metrics } = families[run.family]
  return {
    run: name,
    model: run.family,
    created: run.made.created,
    versions: { coppice: run.made.coppice, engine: run.made.engine },
    data: config.data,
    part: config.part,
    seed: config.seed,
    size: config.network.size,
    channels: config.network.channels,
    ...run.about.facts,
    parameters: model.layout.size,
    steps: step,
    images,
    seconds,
    progress: run.progress,
    loss: run.loss,
    ...testResults(metrics, run.metrics),
    history: historyOf(run).map(({ values, ...point }) => ({ ...point, ...testResults(metrics, values) })),
    config,
  }
}

type LayerFacts = ReturnType<typeof layersOf>[number]

/** The layers of a DDN, and how their nodes are used. */
function layersOf({ model, config, log }: FolderRun<'ddn'>) {
  const evaluation = lastEvaluation(log)
  const fields = receptiveFields(config.network)
  return model.layers.map(({ index, grid, patch, size, width, features, K }) => ({
    index,
    grid,
    patch,
    size,
    width,
    features: features ?? width,
    K,
    bits: Math.log2(K),
    receptiveField: fields[index],
    loss: evaluation?.losses?.[index] ?? null,
    entropy: evaluation?.usage?.[index].entropy ?? null,
    perplexity: evaluation?.usage?.[index].perplexity ?? null,
    dead: evaluation?.usage?.[index].dead ?? null,
  }))
}

const seen = (layers: readonly LayerFacts[]) => Math.max(...layers.map(layer => layer.receptiveField))

function layerTable(layers: readonly LayerFacts[]): string[] {
  return table(
    ['layer', 'image', 'grid', 'width', 'K', 'bits', 'sees', 'loss', 'entropy', 'dead'],
    layers.map(layer => [
      String(layer.index),
      `${layer.size}×${layer.size}`,
      `${layer.grid}×${layer.grid}`,
      String(layer.width),
      String(layer.K),
      String(Number(layer.bits.toFixed(2))),
      `${layer.receptiveField} px`,
      cell(layer.loss),
      layer.entropy === null ? '–' : layer.entropy.toFixed(2),
      layer.dead === null ? '–' : String(layer.dead),
    ]),
  )
}

const cell = (value: number | null) => (value === null ? '–' : short(value))

/** The evaluations, each with the training loss of about that time. */
function historyOf({ log }: AnyFolderRun) {
  let loss: number | null = null
  const history: { step: number; seconds: number; loss: number | null; values: Record<string, number> }[] = []
  for (const entry of log) {
    if (entry.type === 'step') loss = entry.loss
    if (entry.type === 'evaluation')
      history.push({ step: entry.step, seconds: entry.seconds, loss, values: entry.metrics })
  }
  return history
}
