// TensorFlow.js' forward pass beside Coppice's forward pass and whole training step, in the same tab, in turn.

import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tfjsFiles, withPage } from './browser.ts'
import { markdown, median, ratios, setting, spread } from './numbers.ts'
import { batch } from './subject.ts'
import type { TrainingOptions } from './training.ts'

export interface TfjsOptions extends TrainingOptions {
  /** A folder whose node_modules have TensorFlow.js. */
  tfjs: string | undefined
}

/** Codes that may differ: candidates whose distances differ by rounding, and what follows from them. */
const DIFFERING = 0.02

export async function tfjs({ rounds, steps, threads, tfjs }: TfjsOptions): Promise<string> {
  const version = await versionOf(tfjs)
  return withPage(async (page, browser) => {
    const engine = await page.evaluate(async threads => {
      const { bench } = window
      const coppice = await bench.coppice.open(threads)
      await bench.coppice.train(10)
      const { weights, images } = await bench.coppice.freeze()
      const { peer, engine } = await bench.openTfjs(threads, weights, images)
      bench.tfjs = peer
      return { coppice, tfjs: engine }
    }, threads)
    const differing = await page.evaluate(async () => {
      const ours = await window.bench.coppice.encode(3)
      const theirs = await window.bench.tfjs!.encode(3)
      return ours.codes.filter((code, i) => code !== theirs.codes[i]).length / ours.codes.length
    })
    if (!(differing <= DIFFERING))
      throw new Error(`not the same network: ${(100 * differing).toFixed(1)} % of the codes differ`)

    const sides = ['TensorFlow.js, forward', 'Coppice, forward', 'Coppice, whole training step'] as const
    const speeds: number[][] = sides.map(() => [])
    for (let round = 0; round < rounds; round++)
      for (const [i] of sides.entries()) {
        const milliseconds = await page.evaluate(
          async ([i, steps]) => {
            const { tfjs, coppice } = window.bench
            if (i === 0) return (await tfjs!.encode(steps)).milliseconds
            return (await (i === 1 ? coppice.encode(steps) : coppice.train(steps))).milliseconds
          },
          [i, steps] as const,
        )
        speeds[i].push((1000 * batch) / median(milliseconds))
      }
    const rows = sides.map((name, i) => [name, spread(speeds[i], 1), spread(ratios(speeds[i], speeds[0]), 2)])
    return [
      `\`tiny\` on digits, batch ${batch}, ${threads} threads; medians (range) of ${rounds} rounds of ${steps} passes.`,
      `Of the codes that both find ${(100 * differing).toFixed(2)} % differ.`,
      setting(`Chromium ${browser.version()}: ${engine.coppice}`, `tfjs ${version}, ${engine.tfjs}`),
      '',
      markdown(['what', 'images/s', 'over TensorFlow.js'], rows),
    ].join('\n')
  }, tfjs)
}

async function versionOf(folder: string | undefined): Promise<string> {
  const how =
    'mkdir tfjs && cd tfjs && npm init -y && npm i @tensorflow/tfjs-core @tensorflow/tfjs-backend-wasm'
  if (!folder)
    throw new Error(`say where TensorFlow.js is, with --tfjs FOLDER; such a folder is made by: ${how}`)
  const packages = join(folder, 'node_modules/@tensorflow')
  for (const file of tfjsFiles)
    await access(join(packages, file)).catch(() => {
      throw new Error(`there is no ${join(packages, file)}; a folder with TensorFlow.js is made by: ${how}`)
    })
  return JSON.parse(await readFile(join(packages, 'tfjs-backend-wasm/package.json'), 'utf8')).version
}
