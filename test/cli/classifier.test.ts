/** Classifiers by the command: trained, described, exported, and refused where a network is wanted that draws. */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeOutput } from '../../src/cli/output.ts'
import { grid } from '../../src/report/grid.ts'
import { encodePng } from '../../src/report/png.ts'
import { coppice, coppiceProcess } from './call.ts'

let folder: string
let pictures: string
let run: string
const tiny = ['--set', 'network.size=8', '--set', 'network.widths=[8]', '--batch', '4', '--threads', '1']

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-classifier-cli-'))
  pictures = join(folder, 'pictures')
  run = join(folder, 'run')
  for (const [name, shade] of [
    ['dark', -0.8],
    ['light', 0.8],
  ] as const)
    for (let i = 0; i < 12; i++) {
      const image = new Float32Array(64).fill(shade + 0.01 * i)
      const picture = grid(image, { count: 1, channels: 1, size: 8, gap: 0 })
      await writeOutput(join(pictures, name, `${i}.png`), encodePng(picture))
    }
  const args = ['--model', 'classifier', '--data', `folder:${pictures}`, '--out', run]
  const { code, stderr } = await coppice('train', ...args, '--steps', '30', ...tiny, '--json')
  expect(code, stderr).toBe(0)
}, 60_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

test('train tells the accuracy, keeps the names of the classes, and writes a report', async () => {
  const config = JSON.parse(await readFile(join(run, 'config.json'), 'utf8'))
  expect(config.network).toMatchObject({ model: 'classifier', classes: ['dark', 'light'], channels: 3 })
  expect(config).not.toHaveProperty('growth')
  expect(await readdir(run)).toContain('report.html')
  const longer = await coppice('train', '--resume', run, '--steps', '34', '--threads', '1', '--json')
  expect(longer.json).toMatchObject({
    model: 'classifier',
    steps: 34,
    classes: ['dark', 'light'],
    done: true,
  })
  expect(longer.json.testAccuracy).toBe(1)
  expect(longer.json.testCrossEntropy).toBeGreaterThan(0)
  expect(longer.json).not.toHaveProperty('testMse')
  expect(longer.json).not.toHaveProperty('bits')
})

test('train says what it measured, and what to do next', async () => {
  const out = join(folder, 'plain')
  const args = ['--model', 'classifier', '--data', `folder:${pictures}`, '--out', out, '--set', 'part=even']
  const { stdout } = await coppice('train', ...args, '--steps', '2', '--no-report', ...tiny)
  expect(stdout).toMatch(/^Test accuracy +\d+\.\d\d %$/m)
  expect(stdout).toMatch(/^Network +classes dark, light; 0\.00 M parameters$/m)
  expect(stdout).toMatch(/^Next +npx coppice export .*plain --out judge$/m)
  const info = await coppice('info', out)
  expect(info.stdout).toMatch(/^Data +folder:.* \(the even half of its training images\), 3×8×8$/m)
})

test('info says what it is made of and how it went', async () => {
  const { json } = await coppice('info', run, '--json')
  expect(json).toMatchObject({
    model: 'classifier',
    classes: ['dark', 'light'],
    part: 'all',
    testAccuracy: 1,
  })
  expect(json).not.toHaveProperty('layers')
  expect((json.history as object[]).at(-1)).toMatchObject({
    testAccuracy: 1,
    testCrossEntropy: json.testCrossEntropy,
  })
  const { stdout } = await coppice('info', run)
  expect(stdout).toMatch(/^step +time +loss +test accuracy +test cross-entropy$/m)
})

test('export writes the model and the file that makes it a judge', async () => {
  const out = join(folder, 'judge')
  const { json } = await coppice('export', run, '--out', out, '--json')
  expect((json.files as { file: string }[]).map(({ file }) => file)).toEqual([
    'classifier.onnx',
    'classifier.json',
  ])
  expect(JSON.parse(await readFile(join(out, 'classifier.json'), 'utf8'))).toMatchObject({
    format: 'coppice-judge-1',
    output: { classes: ['dark', 'light'] },
  })
})

test('where a network is wanted that draws, it says what it is and what can be done with it', async () => {
  for (const command of ['sample', 'reconstruct']) {
    const { code, stderr } = await coppice(command, run)
    expect(stderr).toBe(
      `${run} holds a classifier, and a Discrete Distribution Network is wanted here; it tells classes, and can be the judge of a guide: coppice export ${run} --out judge (what it is made of: coppice info ${run})\n`,
    )
    expect(code).toBe(1)
  }
})

test('data without labels are refused, and nothing is left behind', async () => {
  const out = join(folder, 'none')
  const args = ['--model', 'classifier', '--data', `folder:${join(pictures, 'dark')}`, '--out', out]
  const { code, stderr } = await coppice('train', ...args, ...tiny)
  expect(stderr).toMatch(/the images have no labels, which a classifier needs; put those of each class into/)
  expect(code).toBe(2)
  expect(await readdir(folder)).not.toContain('none')
})

test('a wrong call leaves no folder', async () => {
  const before = process.cwd()
  process.chdir(folder)
  try {
    await coppice('train', '--model', 'classifier', '--set', 'network.widths=3')
    expect(await readdir(folder)).not.toContain('runs')
  } finally {
    process.chdir(before)
  }
})

test('whoever reads the output may stop reading: no error, whatever is still to be written', async () => {
  const { child, end } = coppiceProcess('info', run, '--json')
  child.stdout!.destroy()
  expect(await end).toMatchObject({ code: 0, stderr: '' })
})
