// `coppice cluster`: the nodes of a run's tree as clusters of images, scored by labels, on one page.

import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { gatherClusters } from '../report/cluster-gather.ts'
import { shellWord } from '../report/format.ts'
import { families } from '../train/families.ts'
import { openRun } from '../train/run.ts'
import { stoppable } from './interrupt.ts'
import {
  type CommonOptions,
  common,
  oneOf,
  type RuntimeFlags,
  runtimeFlags,
  runtimeOf,
  whole,
  wholeFrom,
} from './options.ts'
import { grouped, present, short, table, writeOutput } from './output.ts'
import { codingProgress, Progress } from './progress.ts'

type Split = 'train' | 'test'

interface ClusterFlags extends CommonOptions, RuntimeFlags {
  data?: string
  split: Split
  depth: number
  count?: number
  out?: string
  seed: number
}

export function clusterCommand(program: Command): void {
  const command = program
    .command('cluster')
    .description(
      "sort images into the nodes of a run's tree, and score these as clusters by the images' labels",
    )
    .argument('<run>', 'folder of the run')
    .option('--data <spec>', "which images, as for train (default: the run's own data)")
    .addOption(
      new Option('--split <name>', 'train or test')
        .argParser(oneOf<Split>(['train', 'test']))
        .default('test'),
    )
    .option('--depth <n>', 'how many choices name a cluster: 1, 2 …', wholeFrom(1), 1)
    .option('--count <n>', 'so many images, evenly spaced (default: all)', wholeFrom(1))
    .option(
      '--out <file>',
      'the page (default: clusters.html in the run folder, or here for a model that is a file)',
    )
    .option('--seed <n>', 'of k-means, which is fitted for comparison', whole, 0)
  runtimeFlags(command)
  common(command, [
    'cluster runs/digits --out clusters.html',
    'cluster digits --depth 2 --count 2000 --json',
    'cluster runs/shapes --data folder:photos --split train',
  ]).action(cluster)
}

async function cluster(folder: string, flags: ClusterFlags): Promise<void> {
  const progress = new Progress(process.stderr, families.ddn.metrics[0])
  await stoppable(progress, async signal => {
    const run = await openRun(folder, runtimeOf(flags))
    try {
      const { data, split, depth, count, seed } = flags
      const out = flags.out ?? (run.file === null ? join(folder, 'clusters.html') : 'clusters.html')
      const contents = await gatherClusters(run, {
        name: folder,
        data,
        split,
        depth,
        count,
        seed,
        command: commandOf(folder, flags),
        coding: codingProgress(progress),
        onStatus: text => progress.status(text),
        signal,
      })
      progress.end()
      // Charts, which a report's sections bring, come with a DOM that no other command waits for.
      const { clusterPage } = await import('../report/cluster-page.ts')
      await writeOutput(out, clusterPage(contents))
      const { images, clusters, labelled, scores, unscored, kMeans, kMeansLeftOut, notes } = contents
      const used = contents.nodes.length
      const seconds = Number(contents.seconds.toFixed(3))
      const scored = scores ?? { purity: null, nmi: null, ari: null }
      const result = {
        run: folder,
        out,
        ...{ data: contents.data, split, images, labelled, depth, clusters, used },
        ...scored,
        kmeans: kMeans,
        leftOut: unscored ?? kMeansLeftOut,
        notes,
        seconds,
      }
      present(flags, result, [
        ['Clusters', `${grouped(used)} of ${grouped(clusters)} nodes have images, at depth ${depth}`],
        ['Images', `${grouped(images)} of ${contents.data}, ${split}`],
        ...notes.map(note => ['Note', note] as const),
        ...(unscored === null ? [] : [['No scores', unscored] as const]),
        ...(kMeansLeftOut === null ? [] : [['No k-means', kMeansLeftOut] as const]),
        ['Page', `${out}, made in ${short(seconds)} s`],
        ...(scores
          ? [
              '',
              ...table(
                ['', 'clusters', 'purity', 'NMI', 'ARI'],
                [
                  row('nodes of the tree', used, scores),
                  ...(kMeans ? [row('k-means on pixels', kMeans.used, kMeans)] : []),
                ],
              ),
            ]
          : []),
      ])
    } finally {
      await run.close()
    }
  })
}

function row(
  name: string,
  clusters: number,
  { purity, nmi, ari }: { purity: number; nmi: number; ari: number },
): string[] {
  return [name, grouped(clusters), ...[purity, nmi, ari].map(value => value.toFixed(3))]
}

/** What makes the page again. */
function commandOf(folder: string, { data, split, depth, count, out, seed }: ClusterFlags): string {
  const flags = Object.entries({ data, split, depth, count, seed, out })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `--${name} ${shellWord(String(value))}`)
  return ['npx coppice cluster', shellWord(folder), ...flags].join(' ')
}
