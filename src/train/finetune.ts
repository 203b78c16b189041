// Teaching a trained network a judge's taste: the ordinary loss on real images, minus the reward of images it draws.

import type { Dataset } from '../data/dataset.ts'
import { DdnLearner } from '../ddn/learner.ts'
import type { Judge, Label } from '../guides/index.ts'
import { classReward } from '../guides/reward.ts'
import { resolveConfig } from './resolve.ts'
import { type FolderOptions, type FolderRun, trainInFolder } from './run.ts'

export interface FinetuneOptions extends FolderOptions {
  /** A new folder. */
  out: string
  /** Of a class, whose operators all have gradients here. */
  judge: Judge
  label: Label
  steps: number
  /** Weight of the mean reward against the loss of the data; default 0.002. */
  weight?: number
  /** Peak learning rate; default a quarter of the run's. */
  rate?: number
  seed?: number
}

/**
 * Goes on training the weights of a run, into a folder of its own. The loss is
 *   L(real images) − weight · mean ln p(label | image),
 * the images of codes drawn evenly, each differentiable in every parameter along its path. Nodes are neither split nor
 * pruned.
 */
export async function finetune(
  run: FolderRun,
  load: () => Promise<Dataset>,
  { out, judge, label, steps, weight = 0.002, rate, seed, ...options }: FinetuneOptions,
): Promise<FolderRun> {
  const { network, optimiser, growth } = run.config
  const config = resolveConfig({
    ...run.config,
    optimiser: { ...optimiser, rate: rate ?? optimiser.rate / 4, warmup: Math.min(20, steps) },
    growth: { ...growth, rule: 'none' },
    seed: seed ?? run.config.seed,
    budget: { steps },
    reward: { run: run.dir, judge: judge.name, label, weight },
  }) as typeof run.config
  const reward = { of: await classReward(judge, label, network), weight }
  const learner = new DdnLearner(config, options.runtime, reward)
  return trainInFolder<'ddn'>(out, config, load, options, { weights: run.model.weights, learner })
}
