// `coppice info`: what a run is made of, how its nodes are used, and how its training went.

import type { Command } from 'commander'
import { receptiveFields } from '../eval/receptive.ts'
import { lastEvaluation } from '../train/log.ts'
import { type FolderRun, openRun } from '../train/run.ts'
import { type CommonOptions, common } from './options.ts'
import { clock, grouped, millions, present, short, table } from './output.ts'

export function infoCommand(program: Command): void {
  const command = program
    .command('info')
    .description('show what a run is made of, how its nodes are used, and how its training went')
    .argument('<run>', 'folder of the run')
  common(command, ['info runs/digits', 'info runs/digits --json']).action(info)
}

async function info(folder: string, flags: CommonOptions): Promise<void> {
  const run = await openRun(folder)
  try {
    const facts = factsOf(run, folder)
    const head = ['layer', 'image', 'grid', 'width', 'K', 'bits', 'sees', 'loss', 'entropy', 'dead']
    const cell = (value: number | null) => (value === null ? '–' : short(value))
    const rows = facts.layers.map(layer => [
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
    ])
    present(flags, facts, [
      ['Run', `${folder}, begun ${facts.created}`],
      ['Data', `${facts.data}, ${facts.channels}×${facts.size}×${facts.size}`],
      ['Latent', `${Number(facts.bits.toFixed(1))} bits in ${facts.layers.length} choices`],
      ['Parameters', millions(facts.parameters)],
      [
        'Training',
        `${grouped(facts.steps)} steps, ${grouped(facts.images)} images in ${clock(facts.seconds)}; ${(100 * facts.progress).toFixed(0)} % of its budget`,
      ],
      ['Test MSE', facts.testMse === null ? 'not yet measured' : short(facts.testMse)],
      '',
      ...table(head, rows),
      '',
      ...table(
        ['step', 'time', 'loss', 'test MSE'],
        facts.history.map(point => [
          grouped(point.step),
          clock(point.seconds),
          cell(point.loss),
          cell(point.testMse),
        ]),
      ),
    ])
  } finally {
    await run.close()
  }
}

/** Everything that a run says of itself. */
export function factsOf(run: FolderRun, name: string) {
  const { config, model, log, step, images, seconds } = run
  const evaluation = lastEvaluation(log)
  const fields = receptiveFields(config.network)
  return {
    run: name,
    created: run.made.created,
    versions: { coppice: run.made.coppice, engine: run.made.engine },
    data: config.data,
    seed: config.seed,
    size: config.network.size,
    channels: config.network.channels,
    bits: model.bits,
    parameters: model.layout.size,
    receptiveField: Math.max(...fields),
    steps: step,
    images,
    seconds,
    progress: run.progress,
    loss: run.loss,
    testMse: run.testMse,
    layers: model.layers.map(({ index, grid, patch, size, width, features, K }) => ({
      index,
      grid,
      patch,
      size,
      width,
      features: features ?? width,
      K,
      bits: Math.log2(K),
      receptiveField: fields[index],
      loss: evaluation?.losses[index] ?? null,
      entropy: evaluation?.usage[index].entropy ?? null,
      perplexity: evaluation?.usage[index].perplexity ?? null,
      dead: evaluation?.usage[index].dead ?? null,
    })),
    history: historyOf(run),
    config,
  }
}

/** The evaluations, each with the training loss of about that time. */
function historyOf({ log }: FolderRun) {
  let loss: number | null = null
  const history: { step: number; seconds: number; loss: number | null; testMse: number | null }[] = []
  for (const entry of log) {
    if (entry.type === 'step') loss = entry.loss
    if (entry.type === 'evaluation')
      history.push({ step: entry.step, seconds: entry.seconds, loss, testMse: entry.testMse })
  }
  return history
}
