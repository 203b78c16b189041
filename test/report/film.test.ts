/** A film: when its frames are taken, what becomes of them on a resume, and the GIF. */

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode } from 'fast-png'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { random } from '../../src/data/rng.ts'
import { type DdnConfig, ddnSchema } from '../../src/ddn/config.ts'
import { DdnModel } from '../../src/ddn/model.ts'
import { layoutOf } from '../../src/ddn/program.ts'
import { Film } from '../../src/report/film.ts'
import { frameDrawing, narrowed, treeFor } from '../../src/report/film-frames.ts'
import { filmGif, indexedColours } from '../../src/report/film-gif.ts'
import { grid, type Picture } from '../../src/report/grid.ts'
import { decodePngText } from '../../src/report/png.ts'
import type { Trainer, Vectors } from '../../src/train/trainer.ts'

const runtime = { threads: 1 }
const small = (more: object = {}): DdnConfig =>
  ddnSchema.parse({ size: 8, stages: [{ grid: 4, patch: 2, layers: 2, width: 8, K: 4 }], ...more })
const none = { count: 0, channels: 1 as const, size: 8, pixels: new Uint8Array() }

/** Flat pictures of some colours, 8 × 6. */
function flat(...colours: [number, number, number][]): Picture[] {
  return colours.map(colour => ({
    width: 8,
    height: 6,
    channels: 3,
    data: Uint8Array.from({ length: 144 }, (_, i) => colour[i % 3]),
  }))
}

describe('the GIF', () => {
  test('has every frame, of the size of the pictures', () => {
    const gif = filmGif(flat([0, 0, 0], [250, 0, 0], [250, 0, 0]))
    expect(Buffer.from(gif.subarray(0, 6)).toString()).toBe('GIF89a')
    const view = new DataView(gif.buffer, gif.byteOffset)
    expect([view.getUint16(6, true), view.getUint16(8, true)]).toEqual([8, 6])
    // Graphic control extensions: 0x21 0xf9 4, flags, then the delay in hundredths of a second.
    const delays: number[] = []
    for (let i = 0; i + 6 < gif.length; i++)
      if (gif[i] === 0x21 && gif[i + 1] === 0xf9 && gif[i + 2] === 4) delays.push(view.getUint16(i + 4, true))
    expect(delays).toEqual([70, 12, 300])
  })

  test('keeps few colours as they are, but for the last bit', () => {
    const { palette, indexed } = indexedColours(flat([255, 255, 255], [213, 94, 0], [7, 7, 7]))
    expect(palette).toHaveLength(256)
    expect(indexed.map(pixels => palette[pixels[0]])).toEqual([
      [255, 255, 255],
      [212, 94, 0],
      [6, 6, 6],
    ])
  })

  test('takes near ones where there are many colours', () => {
    const rng = random(1, 'colours')
    const data = Uint8Array.from({ length: 3 * 4096 }, () => rng.int(256))
    const picture: Picture = { width: 64, height: 64, channels: 3, data }
    const { palette, indexed } = indexedColours([picture, picture])
    expect(Math.max(...indexed[0])).toBeLessThan(255)
    let error = 0
    for (let i = 0; i < data.length; i++)
      error += Math.abs(palette[indexed[1][Math.floor(i / 3)]][i % 3] - data[i])
    // 255 colours spread over the cube are 256 / 255^(1/3) = 40 apart: 10 off on the mean, some more where unevenly.
    expect(error / data.length).toBeLessThan(20)
  })

  test('wants at least one frame, and all of one size', () => {
    expect(() => filmGif([])).toThrow('a film needs at least one frame')
    const [a] = flat([0, 0, 0])
    expect(() => filmGif([a, { ...a, width: 6, height: 8 }])).toThrow('all of one size')
  })

  test('is of pictures that are not too wide: means over squares', () => {
    const data = Uint8Array.from({ length: 642 * 4 }, (_, i) => (i % 2 ? 100 : 0))
    const half = narrowed({ width: 642, height: 4, channels: 1, data })
    expect([half.width, half.height]).toEqual([321, 2])
    expect(new Set(half.data)).toEqual(new Set([50]))
    const narrow = { width: 640, height: 1, channels: 1 as const, data: data.slice(0, 640) }
    expect(narrowed(narrow)).toBe(narrow)
  })
})

describe('a frame', () => {
  test('is the tree where that is small, as deep as is cheap', () => {
    const of = (K: number, layers: number, more: object = {}) =>
      treeFor(small({ stages: [{ grid: 4, patch: 2, layers, width: 8, K }], ...more }))
    expect(of(8, 3)!.nodes).toHaveLength(1 + 8 + 64 + 512)
    expect(of(16, 3)!.nodes).toHaveLength(1 + 16 + 256)
    expect(of(2, 4)!.levels).toHaveLength(4)
    expect(of(17, 3)).toBeNull()
    expect(of(4, 5)).toBeNull()
    expect(of(4, 2, { condition: { kind: 'edges' } })).toBeNull()
  })

  test('is else the same codes as the weights now draw them', async () => {
    const config = small({ stages: [{ grid: 4, patch: 2, layers: 2, width: 8, K: 20 }] })
    const weights = layoutOf(config).initialise(random(1, 'weights'))
    const drawing = await frameDrawing(config, none, runtime)
    const model = await DdnModel.open(config, weights, runtime)
    const rng = random(0, 'film')
    const codes = Int32Array.from({ length: 72 }, () => rng.int(20))
    const truth = grid(await model.decode(codes), { count: 36, channels: 1, size: 8, scale: 8, gap: 4 })
    const picture = await drawing.draw(weights)
    expect([picture.width, picture.height]).toEqual([truth.width, truth.height])
    // Two programs of one network may round a pixel to either side.
    expect(picture.data.every((value, i) => Math.abs(value - truth.data[i]) <= 1)).toBe(true)
    const other = await drawing.draw(layoutOf(config).initialise(random(2, 'weights')))
    expect(other.data).not.toEqual(picture.data)
    await model.close()
    await drawing.close()
  })

  test('of a conditional network is told of the images', async () => {
    const config = small({ condition: { kind: 'class', classes: 3 } })
    const labels = Int32Array.of(2, 0)
    const images = { count: 2, channels: 1 as const, size: 8, pixels: new Uint8Array(128), labels }
    const drawing = await frameDrawing(config, images, runtime)
    const picture = await drawing.draw(layoutOf(config).initialise(random(1, 'weights')))
    expect(picture.width).toBe(6 * 68 + 4)
    await drawing.close()
  })
})

describe('a film', () => {
  const config = small({ stages: [{ grid: 4, patch: 2, layers: 1, width: 8, K: 2 }] })
  const average = layoutOf(config).initialise(random(3, 'weights'))
  let dir: string
  let film: Film
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'coppice-film-'))
    film = open()
  })
  afterEach(async () => {
    await film.close()
    await rm(dir, { recursive: true, force: true })
  })
  const open = () => new Film({ dir, images: () => none, runtime })
  const names = async () => (await readdir(join(dir, 'film'))).sort()
  const steps = async () => (await names()).map(name => Number(/step-(\d+)/.exec(name)![1]))
  /** A trainer at a step of `of`; seconds so many that frames never cost too much. */
  const at = (step: number, of: number): Trainer =>
    ({
      ...{ step, seconds: 1e6, progress: Math.min(1, step / of), done: step >= of },
      ...{ config: { network: config }, vectors: async () => ({ average }) as unknown as Vectors },
    }) as unknown as Trainer

  test('has frames that are the closer the earlier, the first and the last step among them', async () => {
    for (let step = 0; step <= 400; step++) await film.watch(at(step, 400))
    const taken = await steps()
    expect(taken.slice(0, 3)).toEqual([0, 1, 2])
    expect(taken.at(-1)).toBe(400)
    expect(taken.length).toBeGreaterThan(30)
    expect(taken.length).toBeLessThanOrEqual(62)
    const gaps = taken.slice(1).map((step, i) => step - taken[i])
    const mean = (part: number[]) => part.reduce((a, b) => a + b) / part.length
    expect(mean(gaps.slice(0, 10)) * 3).toBeLessThan(mean(gaps.slice(-10)))
    expect((await names())[1]).toBe('0001-step-1.png')
    const png = await readFile(join(dir, 'film', '0001-step-1.png'))
    expect(decodePngText(png)).toMatchObject({ step: '1', shows: 'the tree, 1 level deep' })
    const gif = await readFile((await film.finish())!)
    expect(new DataView(gif.buffer, gif.byteOffset).getUint16(6, true)).toBe(decode(png).width)
  })

  test('goes on where it was: numbers go on, and what will be taken again is taken away', async () => {
    for (const step of [0, 1, 2, 3, 4]) await film.watch(at(step, 100))
    expect(await steps()).toEqual([0, 1, 2, 3, 4])
    // Killed after step 4; the checkpoint is of step 2.
    const resumed = open()
    for (const step of [2, 3]) await resumed.watch(at(step, 100))
    await resumed.watch(at(100, 100))
    await resumed.close()
    expect(await names()).toEqual([
      '0000-step-0.png',
      '0001-step-1.png',
      '0002-step-2.png',
      '0003-step-3.png',
      '0004-step-100.png',
    ])
    // Resumed once more with nothing left to do.
    const done = open()
    await done.watch(at(100, 100))
    await done.close()
    expect(await steps()).toEqual([0, 1, 2, 3, 100])
  })

  test('leaves frames out rather than make training wait, but for the last', async () => {
    const hurried = (step: number) => ({ ...at(step, 100), seconds: -1e6 }) as Trainer
    for (const step of [0, 1, 2, 99, 100]) await film.watch(hurried(step))
    expect(await steps()).toEqual([100])
  })

  test('of no frames is none; other files are left alone', async () => {
    expect(await film.finish()).toBeNull()
    await film.watch(at(0, 10))
    await writeFile(join(dir, 'film', 'mine.png'), '')
    await open().watch(at(0, 10))
    expect(await names()).toEqual(['0000-step-0.png', 'mine.png'])
  })
})
