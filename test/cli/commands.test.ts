/** The command: its results as JSON, its pictures, and its help. */

import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode } from 'fast-png'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toFloat } from '../../src/data/dataset.ts'
import { loadDigits } from '../../src/data/digits.ts'
import { grid } from '../../src/report/grid.ts'
import { decodePngText, encodePng } from '../../src/report/png.ts'
import { parseLog } from '../../src/train/log.ts'
import { openRun } from '../../src/train/run.ts'
import { coppice, tinyFlags } from './call.ts'

let folder: string
let run: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-cli-'))
  run = join(folder, 'run')
  const { code, stderr } = await coppice('train', '--steps', '12', '--out', run, ...tinyFlags, '--json')
  expect(code, stderr).toBe(0)
}, 120_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('train', () => {
  test('prints what became of it as the last line, and nothing else there', async () => {
    const out = join(folder, 'trained')
    const { code, stdout, json } = await coppice(
      'train',
      '--steps',
      '5',
      '--out',
      out,
      ...tinyFlags,
      '--json',
    )
    expect(code).toBe(0)
    expect(stdout.trimEnd().split('\n')).toHaveLength(1)
    expect(json).toMatchObject({ run: out, steps: 5, images: 20, bits: 4, done: true })
    for (const key of ['seconds', 'imagesPerSecond', 'loss', 'testMse', 'parameters'])
      expect(json[key], key).toBeGreaterThan(0)
  })

  test('stopped and resumed it ends with the bytes of a training that ran through', async () => {
    const out = join(folder, 'resumed')
    const stopped = await coppice(
      'train',
      '--steps',
      '12',
      '--stop-at',
      '6',
      '--out',
      out,
      ...tinyFlags,
      '--json',
    )
    expect(stopped.json).toMatchObject({ steps: 6, done: false, testMse: null })
    const resumed = await coppice('train', '--resume', out, '--threads', '1', '--no-report', '--json')
    expect(resumed.json).toMatchObject({ steps: 12, done: true })
    const [a, b] = await Promise.all([out, run].map(dir => readFile(join(dir, 'model.safetensors'))))
    expect(a.equals(b)).toBe(true)
  })

  test('says what it does in plain lines where the output is no terminal', async () => {
    const out = join(folder, 'plain')
    const { stdout } = await coppice('train', '--steps', '3', '--out', out, ...tinyFlags)
    expect(stdout).not.toContain('\r')
    expect(stdout).toMatch(/^Training into .*\nLoading digits …\n/)
    expect(stdout).toMatch(/Steps +3: 12 images in 0:0\d, /)
    expect(stdout).toMatch(/^Next {6}npx coppice sample .*plain --count 64/m)
  })

  test('names a broken picture, leaves it out, and counts it in the log', async () => {
    const pictures = join(folder, 'pictures')
    await mkdir(pictures)
    for (let i = 0; i < 12; i++) {
      const image = new Float32Array(32 * 32).fill(i / 6 - 1)
      const picture = grid(image, { count: 1, channels: 1, size: 32, gap: 0 })
      await writeFile(join(pictures, `${i}.png`), encodePng(picture))
    }
    await writeFile(join(pictures, 'broken.png'), 'no picture')
    const out = join(folder, 'from-folder')
    const { code, stdout } = await coppice(
      'train',
      '--data',
      `folder:${pictures}`,
      '--steps',
      '2',
      '--out',
      out,
      ...tinyFlags,
    )
    expect(code).toBe(0)
    expect(stdout).toMatch(/^skipped .*broken\.png: /m)
    const [start] = parseLog(await readFile(join(out, 'log.jsonl'), 'utf8'))
    expect(start).toMatchObject({
      data: { skipped: 1, skippedFiles: [{ file: expect.stringContaining('broken.png') }] },
    })
    // Pictures from a folder are in colour, and found again from anywhere.
    expect(JSON.parse(await readFile(join(out, 'config.json'), 'utf8'))).toMatchObject({
      data: `folder:${pictures}`,
      network: { channels: 3 },
    })
  })

  test('leaves nothing behind where the data cannot be read', async () => {
    const out = join(folder, 'nothing')
    const { code, stderr } = await coppice(
      'train',
      '--data',
      'folder:/nowhere',
      '--steps',
      '2',
      '--out',
      out,
      ...tinyFlags,
    )
    expect(code).toBe(1)
    expect(stderr).toContain('no folder at /nowhere')
    expect(await readdir(folder)).not.toContain('nothing')
  })

  test('writes the report and its pictures', async () => {
    const out = join(folder, 'reported')
    const flags = tinyFlags.filter(flag => flag !== '--no-report')
    const { json } = await coppice('train', '--steps', '3', '--out', out, ...flags, '--json')
    expect(json.report).toBe(join(out, 'report.html'))
    expect(await readdir(out)).toEqual(
      expect.arrayContaining(['report.html', 'samples.png', 'reconstructions.png']),
    )
  })
})

describe('sample', () => {
  test('writes a picture with its recipe, and the codes of its images', async () => {
    const out = join(folder, 's.png')
    const { json } = await coppice(
      'sample',
      run,
      '--count',
      '10',
      '--seed',
      '7',
      '--out',
      out,
      '--threads',
      '1',
      '--json',
    )
    expect(json).toMatchObject({ count: 10, codes: join(folder, 's.codes.json'), image: out })
    const png = await readFile(out)
    const text = decodePngText(png)
    expect(text).toMatchObject({ run, seed: '7', count: '10', codes: json.codes, Software: 'coppice 0.1.0' })
    // 4 columns and 3 rows of 32 pixels, twice enlarged, with gaps of 2.
    expect(decode(png)).toMatchObject({ width: 4 * 66 + 2, height: 3 * 66 + 2, channels: 1 })
    const { codes } = JSON.parse(await readFile(json.codes as string, 'utf8'))
    const opened = await openRun(run, { threads: 1 })
    expect(codes.flat()).toEqual([...opened.model.draw({ count: 10, seed: 7 })])
    await opened.close()
  })

  test('writes the same picture for the same seed', async () => {
    const files = [join(folder, 'a.png'), join(folder, 'b.png')]
    for (const file of files)
      await coppice(
        'sample',
        run,
        '--count',
        '2',
        '--codes',
        join(folder, 'c.json'),
        '--out',
        file,
        '--threads',
        '1',
      )
    const [a, b] = await Promise.all(files.map(file => readFile(file)))
    expect(a.equals(b)).toBe(true)
  })
})

test('reconstruct measures the error of decoded codes, with a peak-to-peak of 2, and shows pairs', async () => {
  const out = join(folder, 'r.png')
  const args = [
    '--data',
    'digits',
    '--split',
    'test',
    '--count',
    '37',
    '--out',
    out,
    '--threads',
    '1',
    '--json',
  ]
  const { json } = await coppice('reconstruct', run, ...args)
  const { test: images } = await loadDigits({})
  const originals = toFloat(
    images,
    Array.from({ length: 37 }, (_, i) => i),
  )
  const opened = await openRun(run, { threads: 1 })
  const rebuilt = await opened.reconstruct(originals)
  await opened.close()
  const mse = originals.reduce((sum, x, i) => sum + (x - rebuilt[i]) ** 2, 0) / originals.length
  expect(json.mse).toBeCloseTo(mse, 9)
  expect(json.psnr).toBeCloseTo(20 * Math.log10(2 / Math.sqrt(mse)), 9)
  expect(json).toMatchObject({ bits: 4, count: 37 })
  // 16 columns; 3 rows of originals, each with one of reconstructions below.
  expect(decode(await readFile(out))).toMatchObject({ width: 16 * 66 + 2, height: 6 * 66 + 2 })
})

test('info says what the run is made of, how its nodes are used and how it went', async () => {
  const { json } = await coppice('info', run, '--json')
  expect(json).toMatchObject({ bits: 4, steps: 12, images: 48, size: 32, channels: 1, receptiveField: 32 })
  expect(json.layers).toHaveLength(2)
  expect((json.layers as object[])[1]).toMatchObject({ index: 1, size: 32, grid: 4, patch: 8, K: 4, bits: 2 })
  expect(json.history).toHaveLength(1)
  const { stdout } = await coppice('info', run)
  expect(stdout).toMatch(/layer +image +grid +width +K +bits +sees +loss +entropy +dead\n0 +32×32 +4×4/)
})

test('export writes the models, their manifest and a README', async () => {
  const out = join(folder, 'onnx')
  const { json } = await coppice('export', run, '--out', out, '--json')
  const files = [
    'README.md',
    'decoder.onnx',
    'encoder.onnx',
    'manifest.json',
    'model.safetensors',
    'parameters.f32',
    'train-step.onnx',
  ]
  expect((await readdir(out)).sort()).toEqual(files)
  expect((json.files as { file: string }[]).map(({ file }) => file).sort()).toEqual(files)
})

test('density writes an animation and compares three divergences', async () => {
  const out = join(folder, 'd.gif')
  const args = ['--target', 'blurs', '--nodes', '200', '--steps', '100', '--batch', '40', '--seed', '0']
  const { json } = await coppice('density', ...args, '--out', out, '--json')
  expect(Object.keys(json)).toEqual(expect.arrayContaining(['kl', 'klReal', 'klWithoutSplit']))
  expect(json.kl).toBeLessThan(json.klWithoutSplit as number)
  expect((await readFile(out)).subarray(0, 6).toString()).toBe('GIF89a')
})

test('bench times the step of the reference net at two sizes', async () => {
  const { json } = await coppice('bench', '--batch', '1', '--steps', '1', '--threads', '1', '--json')
  expect(json.steps).toMatchObject([
    { K: 64, bits: 102 },
    { K: 512, bits: 153 },
  ])
  expect(json.stepTimeRatio).toBeGreaterThan(0)
})

test('a run without a name gets the next number', async () => {
  const before = process.cwd()
  process.chdir(folder)
  try {
    const first = await coppice('train', '--steps', '1', ...tinyFlags, '--json')
    const second = await coppice('train', '--steps', '1', ...tinyFlags, '--json')
    expect([first.json.run, second.json.run]).toEqual(['runs/001-digits-small', 'runs/002-digits-small'])
    expect((await stat(join(folder, 'runs/002-digits-small/model.safetensors'))).isFile()).toBe(true)
  } finally {
    process.chdir(before)
  }
})

describe('help', () => {
  const names = ['demo', 'train', 'sample', 'reconstruct', 'info', 'export', 'density', 'bench']
  for (const name of names)
    test(`${name} --help shows the options and examples`, async () => {
      const { code, stdout } = await coppice(name, '--help')
      expect(code).toBe(0)
      expect(stdout).toContain(`Usage: coppice ${name}`)
      expect(stdout).toContain('--json')
      expect(stdout).toContain(`Examples:\n  $ coppice ${name}`)
    })

  test('--help lists every command, --version the version', async () => {
    const { stdout } = await coppice('--help')
    for (const name of names) expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'))
    expect((await coppice('--version')).stdout).toBe('0.1.0\n')
  })
})
