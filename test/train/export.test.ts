/** The exported models, run by onnxruntime-web alone, and the program of their README. */

import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as ort from 'onnxruntime-web'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { toFloat } from '../../src/data/dataset.ts'
import { batches, random } from '../../src/data/rng.ts'
import { exportFiles } from '../../src/train/export.ts'
import { type Run, train } from '../../src/train/train.ts'
import { Trainer } from '../../src/train/trainer.ts'
import { checkModel } from '../graph/check-model.ts'
import { discs, quick, tinyData, tinyModel } from './tiny.ts'

let run: Run
let files: ReturnType<typeof exportFiles>
const images = toFloat(discs(5), [0, 1, 2, 3, 4])
beforeAll(async () => {
  ort.env.wasm.numThreads = 1
  run = await train(tinyModel, tinyData(), quick)
  files = exportFiles(run, 'tiny')
})
afterAll(() => run.close())

const open = (name: string) => ort.InferenceSession.create(files.get(name) as Uint8Array)
const floats = (data: Float32Array, ...dims: number[]) => new ort.Tensor('float32', data, dims)

test('the encoder finds the codes that the run finds, for any number of images', async () => {
  const encoder = await open('encoder.onnx')
  for (const count of [1, 5]) {
    const some = images.slice(0, count * 64)
    const { codes } = await encoder.run({ images: floats(some, count, 1, 8, 8) })
    expect([...(codes.data as Int32Array)]).toEqual([...(await run.encode(some))])
  }
})

test("the decoder draws the run's images", async () => {
  const decoder = await open('decoder.onnx')
  const codes = run.model.draw({ count: 7, seed: 1 })
  const { image } = await decoder.run({ codes: new ort.Tensor('int32', codes, [7, 3]) })
  const expected = await run.decode(codes)
  // Another build with other kernels: rounding differs.
  const off = (image.data as Float32Array).map((value, i) => Math.abs(value - expected[i]))
  expect(Math.max(...off)).toBeLessThan(1e-5)
})

test("the training step does the trainer's first step", async () => {
  const step = await open('train-step.onnx')
  const manifest = JSON.parse(files.get('manifest.json') as string)
  const trainer = await Trainer.create(
    { ...run.config, growth: { ...run.config.growth, chainDropout: 0, rule: 'none' } },
    tinyData().train,
    quick.runtime,
  )
  const { parameters } = await trainer.vectors()
  const { images, forced } = manifest.files['train-step.onnx'].inputs
  expect(images.shape).toEqual([4, 1, 8, 8])
  // The same images as in the trainer's first batch.
  const order = batches(60, 4, random(run.config.seed, 'batches')).next()
  const batch = toFloat(tinyData().train, order)
  const report = await trainer.advance()
  const size = parameters.length
  const feeds: Record<string, ort.Tensor> = {
    images: floats(batch, ...images.shape),
    forced: new ort.Tensor('int64', new BigInt64Array(12).fill(-1n), forced.shape),
    rate: new ort.Tensor('float32', [0], []),
    epsilon: new ort.Tensor('float32', [1e-8], []),
    averageDecay: new ort.Tensor('float32', [0], []),
  }
  for (const name of Object.keys(manifest.files['train-step.onnx'].state))
    feeds[name] = floats(name === 'parameters' ? parameters.slice() : new Float32Array(size), size)
  const results = await step.run(feeds)
  ;[...report.losses].forEach((loss, l) => {
    expect((results.losses.data as Float32Array)[l]).toBeCloseTo(loss, 5)
  })
  expect((results.norm.data as Float32Array)[0]).toBeCloseTo(report.norm, 4)
  expect(results['after:moment1'].dims).toEqual([size])
  await trainer.close()
})

test('the weights are the averaged ones, at the offsets of the manifest', () => {
  const { parameters } = JSON.parse(files.get('manifest.json') as string)
  const bytes = files.get('parameters.f32') as Uint8Array
  expect(bytes.length).toBe(4 * run.model.layout.size)
  const vector = new Float32Array(bytes.slice().buffer)
  for (const { name, offset, shape } of parameters) {
    const length = shape.reduce((a: number, b: number) => a * b, 1)
    expect(vector.slice(offset, offset + length)).toEqual(run.model.layout.slice(run.model.weights, name))
  }
})

test('the models are valid and use nothing but the standard', () => {
  for (const [name, data] of files) if (name.endsWith('.onnx')) checkModel(data as Uint8Array)
  for (const [name, data] of files)
    if (name.endsWith('.onnx')) expect(Buffer.from(data).includes('com.microsoft'), name).toBe(false)
})

test('the program in the README runs as it stands', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coppice-export-'))
  try {
    for (const [name, data] of files) await writeFile(join(folder, name), data)
    await symlink(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(folder, 'node_modules'))
    const program = /```js\n(.*?)```/s.exec(files.get('README.md') as string)![1]
    expect(program.trimEnd().split('\n')).toHaveLength(10)
    await writeFile(join(folder, 'sample.mjs'), program)
    const { status, stdout, stderr } = spawnSync(process.execPath, ['sample.mjs'], {
      cwd: folder,
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^drawn \d+,\d+,\d+ read back \d+,\d+,\d+\n$/)
  } finally {
    await rm(folder, { recursive: true })
  }
})
