// Training in a tab beside training in Node: the same steps on the same digits, in turn.

import { readFile } from 'node:fs/promises'
import { sheetFile, withPage } from './browser.ts'
import { markdown, median, ratios, setting, spread } from './numbers.ts'
import { batch, Subject, type Timed } from './subject.ts'

export interface TrainingOptions {
  rounds: number
  /** Steps of each in a round. */
  steps: number
  threads: number
}

/** Steps before the clock runs. */
const WARM_UP = 10

export function training({ rounds, steps, threads }: TrainingOptions): Promise<string> {
  return withPage(async (page, browser) => {
    const sheet = await readFile(sheetFile)
    const engine = await page.evaluate(threads => window.bench.coppice.open(threads), threads)
    const asleep = await Subject.open(sheet, { threads })
    const spinning = await Subject.open(sheet, { threads, spin: true })
    const sides: [name: string, train: (steps: number) => Promise<Timed>][] = [
      ['a tab of Chromium', steps => page.evaluate(steps => window.bench.coppice.train(steps), steps)],
      ['Node', steps => asleep.train(steps)],
      ['Node, idle threads spin', steps => spinning.train(steps)],
    ]
    const losses: number[] = []
    for (const [, train] of sides) {
      losses.push((await train(1)).loss)
      await train(WARM_UP - 1)
    }
    if (losses.some(loss => !(Math.abs(loss / losses[1] - 1) < 1e-3)))
      throw new Error(`not the same step: the first losses are ${losses.join(', ')}`)
    const speeds: number[][] = sides.map(() => [])
    for (let round = 0; round < rounds; round++)
      for (const [i, [, train]] of sides.entries())
        speeds[i].push((1000 * batch) / median((await train(steps)).milliseconds))
    await asleep.close()
    await spinning.close()
    const rows = sides.map(([name], i) => [
      name,
      spread(speeds[i], 1),
      i === 0 ? '1' : spread(ratios(speeds[0], speeds[i]), 2),
    ])
    return [
      `Training step of \`tiny\` on digits, batch ${batch}; medians (range) of ${rounds} rounds of ${steps} steps.`,
      setting(`Chromium ${browser.version()}: ${engine}`, asleep.engine),
      '',
      markdown(['where', 'images/s', 'the tab over it'], rows),
    ].join('\n')
  })
}
