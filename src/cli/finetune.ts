// `coppice finetune`: a trained network goes on to please a judge, without forgetting its data.

import { join } from 'node:path'
import type { Command } from 'commander'
import type { Images } from '../data/dataset.ts'
import { findModel } from '../data/shipped.ts'
import { reconstructionOf } from '../eval/reconstruction.ts'
import { toldOf } from '../eval/told.ts'
import { classGuide, type Judge, openJudge } from '../guides/index.ts'
import { fileReader } from '../guides/judge-files.ts'
import { grid } from '../report/grid.ts'
import { encodePng } from '../report/png.ts'
import { families } from '../train/families.ts'
import { finetune } from '../train/finetune.ts'
import { type FolderRun, openRun } from '../train/run.ts'
import { VERSION } from '../version.ts'
import { newRunFolder } from './folders.ts'
import { onInterrupt } from './interrupt.ts'
import {
  type CommonOptions,
  common,
  notNegative,
  positive,
  type RuntimeFlags,
  runtimeFlags,
  runtimeOf,
  whole,
  wholeFrom,
} from './options.ts'
import { present, short, table, writeOutput } from './output.ts'
import { Progress } from './progress.ts'
import { scaleFor } from './sample.ts'
import { load } from './train.ts'

interface FinetuneFlags extends CommonOptions, RuntimeFlags {
  reward: string
  label: string
  steps: number
  weight?: number
  rate?: number
  seed?: number
  evaluate?: number
  out?: string
}

/** Images that a judge's opinion of a network is the mean of, and those on the picture. */
const DRAWN = 256
const SHOWN = 32

export function finetuneCommand(program: Command): void {
  const command = program
    .command('finetune')
    .description('go on training a network so that its images please a judge, and stay near the data')
    .argument('<run>', 'folder of the run')
    .requiredOption(
      '--reward <file>',
      "the judge's JSON file: one of classes, whose operators have gradients",
    )
    .requiredOption('--label <label>', 'the class wanted: a number or a name')
    .option('--steps <n>', 'how many steps', wholeFrom(1), 300)
    .option(
      '--weight <w>',
      'weight of the mean reward ln p(label) against the loss of the data (default: 0.002)',
      notNegative,
    )
    .option('--rate <r>', "peak learning rate (default: a quarter of the run's)", positive)
    .option('--seed <n>', "every random choice follows from it (default: the run's)", whole)
    .option('--evaluate <n>', 'test images to measure with (default: all)', wholeFrom(1))
    .option('--out <folder>', 'where the new run is kept (default: a new folder in runs/)')
  runtimeFlags(command)
  common(command, [
    'finetune runs/digits --reward classifier.json --label 3 --steps 300 --out runs/threes',
  ]).action(runFinetune)
}

async function runFinetune(folder: string, flags: FinetuneFlags): Promise<void> {
  const runtime = runtimeOf(flags)
  const progress = new Progress(flags.json ? process.stderr : process.stdout, families.ddn.metrics[0])
  const interrupt = onInterrupt(() => progress.note('Stopping after this step; once more to stop at once.'))
  const before = await openRun(folder, runtime)
  let judge: Judge | null = null
  let after: FolderRun | null = null
  try {
    judge = await openJudge(await findModel(flags.reward), fileReader(), runtime)
    const dataset = await load(before.config, progress)
    const out = flags.out ?? (await newRunFolder(`finetuned-${flags.label}`))
    progress.status(`Training into ${out}`)
    after = await finetune(before, async () => dataset, {
      ...flags,
      out,
      judge,
      runtime,
      signal: interrupt.signal,
      onStep: report => progress.step(report),
      onEvaluation: evaluation => progress.evaluation(evaluation),
      onFinish: () => progress.status('Testing …'),
    })
    progress.status('Comparing …')
    const opinions = [
      await opinionOf(before, judge, flags, dataset.test),
      await opinionOf(after, judge, flags, dataset.test),
    ]
    const { size, channels } = before.config.network
    const all = new Float32Array(2 * SHOWN * channels * size * size)
    opinions.forEach(({ images }, i) => {
      all.set(images.subarray(0, all.length / 2), (i * all.length) / 2)
    })
    const picture = join(out, 'finetuned.png')
    const sheet = grid(all, { count: 2 * SHOWN, channels, size, columns: SHOWN / 2, scale: scaleFor(size) })
    const { weight, seed } = { weight: after.config.reward!.weight, seed: after.config.seed }
    const command = `coppice finetune ${folder} --reward ${flags.reward} --label ${flags.label} --steps ${flags.steps} --weight ${weight} --seed ${seed} --out ${out}`
    await writeOutput(
      picture,
      encodePng(sheet, { Software: `coppice ${VERSION}`, run: folder, seed: String(seed), command }),
    )
    progress.end()
    const [was, is] = opinions
    const rows = [
      [`p(${flags.label}) of ${DRAWN} samples`, short(was.probability), short(is.probability)],
      ['test MSE', short(was.mse), short(is.mse)],
    ]
    present(
      flags,
      {
        run: out,
        steps: after.step,
        before: { probability: was.probability, testMse: was.mse },
        after: { probability: is.probability, testMse: is.mse },
        picture,
      },
      [
        ...table(['', 'before', 'after'], rows),
        `Samples of the same codes, before (two rows) and after: ${picture}`,
        `Run: ${out}`,
      ],
    )
    if (interrupt.code) process.exitCode = interrupt.code
  } finally {
    progress.end()
    interrupt.dispose()
    await judge?.close()
    await after?.close()
    await before.close()
  }
}

/** What a judge thinks of images drawn evenly, and how much of test images is lost. */
async function opinionOf(
  { model }: FolderRun,
  judge: Judge,
  { label, evaluate }: FinetuneFlags,
  test: Images,
) {
  const { channels, size } = model.config
  const told = toldOf(
    model,
    test,
    Int32Array.from({ length: DRAWN }, (_, i) => i % test.count),
  )
  const { images } = await model.sample({ count: DRAWN, seed: 0, ...told })
  const layer = model.layers[model.layers.length - 1]
  const errors = await classGuide(judge, label).error!({
    images,
    shape: [DRAWN, 1, channels, size, size],
    results: new Int32Array(DRAWN),
    layer,
  })
  let sum = 0
  for (let i = 0; i < DRAWN; i++) sum += 1 - errors[i]
  const { mse } = await reconstructionOf(model, test, Math.min(evaluate ?? test.count, test.count))
  return { images, probability: sum / DRAWN, mse }
}
