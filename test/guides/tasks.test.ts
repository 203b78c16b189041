// Tasks as guides: what they want of a picture, against closed forms and plain loops.

import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fitImages } from '../../src/data/resize.ts'
import type { DdnModel } from '../../src/ddn/model.ts'
import { input, mul, reduceMean, reduceSum, slice } from '../../src/graph/index.ts'
import { compiled } from '../../src/guides/compiled.ts'
import { edit } from '../../src/guides/edit.ts'
import type { BlackBoxGuide, CandidateImages, LinearGuide, LinearMap } from '../../src/guides/guide.ts'
import { namedMask } from '../../src/guides/masks.ts'
import { greyMap, measure, measured, visibleMap } from '../../src/guides/measure.ts'
import { fitPictures, type Pictures } from '../../src/guides/pictures.ts'
import { resizeMatrix, resizePlanes, resizeTensor } from '../../src/guides/resample.ts'
import {
  addNoise,
  colourise,
  denoise,
  inpaint,
  lowBit,
  reconstruct,
  superResolve,
} from '../../src/guides/tasks/linear.ts'
import { edges, reconstructL1 } from '../../src/guides/tasks/perceptual.ts'
import { strokes } from '../../src/guides/tasks/strokes.ts'
import { style } from '../../src/guides/tasks/style.ts'
import { compile } from '../../src/runtime/index.ts'
import { networks, noise, open } from './network.ts'

const runtime = { threads: 1 }

const pictures = (count: number, channels: number, size: number, seed = 0): Pictures => ({
  images: noise(count * channels * size * size, seed),
  channels,
  size,
})

/** Candidates [n, K, C, H, H] as an engine shows them. */
function candidates(
  images: Float32Array,
  shape: readonly [number, number, number, number, number],
  results = Int32Array.from({ length: shape[0] }, (_, i) => i),
): CandidateImages {
  const layer = {
    index: 0,
    first: true,
    size: shape[3],
    grid: shape[3],
    patch: 1,
    layers: 1,
    width: 1,
    K: shape[1],
  }
  return { images, shape, results, layer }
}

function near(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number) {
  expect(actual).toHaveLength(expected.length)
  for (let i = 0; i < expected.length; i++) {
    const away = Math.abs(actual[i] - expected[i])
    if (!(away <= tolerance)) expect.fail(`value ${i} is ${actual[i]}, not ${expected[i]}`)
  }
}

describe('resampling', () => {
  const side = fc.integer({ min: 1, max: 24 })

  test('has weights that sum to 1, none negative, and keeps the mean where it shrinks', () => {
    fc.assert(
      fc.property(side, side, (from, to) => {
        const matrix = resizeMatrix(from, to)
        for (let i = 0; i < to; i++) {
          const row = matrix.subarray(i * from, (i + 1) * from)
          expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 5)
          expect(Math.min(...row)).toBeGreaterThanOrEqual(0)
        }
        if (to > from) return
        for (let j = 0; j < from; j++) {
          let column = 0
          for (let i = 0; i < to; i++) column += matrix[i * from + j]
          expect(column).toBeCloseTo(to / from, 5)
        }
      }),
      { seed: 1 },
    )
  })

  test('agrees with the one that fits data sets, which rounds to bytes', () => {
    for (const [from, to] of [
      [32, 8],
      [28, 11],
      [5, 16],
      [1, 4],
      [16, 16],
    ]) {
      const pixels = Uint8Array.from({ length: from * from }, (_, i) => (i * 97) % 256)
      const fitted = fitImages(
        { count: 1, channels: 1, rows: from, cols: from, pixels },
        { size: to, channels: 1 },
      )
      near(fitted.pixels, resizePlanes(Float32Array.from(pixels), [from, from], [to, to]), 0.501)
    }
  })

  test('is the same in a graph, also of images that are no squares', async () => {
    const images = input('x', [2, 3, 5, 9])
    const values = noise(2 * 3 * 45)
    for (const [height, width] of [
      [3, 4],
      [10, 9],
      [5, 20],
    ]) {
      const step = await compile({ outputs: { y: resizeTensor(images, height, width) } }, runtime)
      const { y } = await step.run({ x: { data: values, shape: [2, 3, 5, 9] } })
      await step.close()
      // Sums of at most nine float32 products below 1.
      near(y as Float32Array, resizePlanes(values, [5, 9], [height, width]), 1e-6)
    }
  })
})

describe('measurements', () => {
  test('an area is averaged to any size', () => {
    for (const [size, low] of [
      [8, 4],
      [8, 3],
      [9, 5],
      [7, 1],
    ]) {
      const given = pictures(2, 3, size)
      const averages = resizePlanes(given.images, [size, size], [low, low])
      near(measured([{ map: 'area', size: low }], given), averages, 1e-6)
    }
  })

  test('maps follow one another', () => {
    const given = pictures(2, 3, 4)
    const grey = Float32Array.from({ length: 32 }, (_, i) => {
      const at = Math.floor(i / 16) * 48 + (i % 16)
      return 0.299 * given.images[at] + 0.587 * given.images[at + 16] + 0.114 * given.images[at + 32]
    })
    near(measured([greyMap], given), grey, 1e-6)
    const small = resizePlanes(grey, [4, 4], [2, 2])
    near(measured([greyMap, { map: 'area', size: 2 }], given), small, 1e-6)
    const weights = Float32Array.of(1, 0, 0.5, 2)
    const masked = small.map((value, i) => value * weights[i % 4])
    const maps: LinearMap[] = [greyMap, { map: 'area', size: 2 }, { map: 'mask', weights }]
    near(measured(maps, given), masked, 1e-6)
    const sum: LinearMap = { map: 'matrix', rows: 1, matrix: new Float32Array(4).fill(1) }
    const sums = [0, 4].map(at => masked.subarray(at, at + 4).reduce((a, b) => a + b))
    near(measured([...maps, sum], given), sums, 1e-6)
  })

  test('that do not fit are errors', () => {
    const given = pictures(1, 3, 4)
    const matrix: LinearMap = { map: 'matrix', rows: 2, matrix: new Float32Array(96) }
    expect(() => measured([matrix, { map: 'area', size: 2 }], given)).toThrow('area after a matrix')
    expect(() => measured([{ map: 'mask', weights: new Float32Array(9) }], given)).toThrow(
      '9 weights for an image of 4×4',
    )
    expect(() => measured([{ map: 'mix', matrix: [[1, 1]] }], given)).toThrow('mix: rows of 2 for 3 channels')
    expect(() => measured([{ ...matrix, matrix: new Float32Array(98) }], given)).toThrow(
      'matrix: 98 values in 2 rows',
    )
    expect(() => measured([], { ...given, images: new Float32Array(47) })).toThrow(
      '47 values are not whole images of 3×4×4',
    )
    expect(() => measured([], { ...given, images: new Float32Array(48).fill(NaN) })).toThrow(
      'the value at 0 is NaN',
    )
    expect(() => measure([], Float32Array.of(0, Infinity))).toThrow(
      'measure: the wanted value at 1 is Infinity',
    )
    expect(() => measured([{ map: 'area', size: 5 }], given)).toThrow('5 is no size from 1 to 4')
  })
})

describe('linear tasks', () => {
  const mask = namedMask('left', 8)
  const given = pictures(2, 3, 8)
  const grey = pictures(2, 1, 8)
  const tasks: Record<string, LinearGuide> = {
    reconstruct: reconstruct(given),
    'super-resolve': superResolve(given, 4),
    'super-resolve by 3': superResolve(given, 3),
    inpaint: inpaint(given, mask),
    colourise: colourise(given),
    denoise: denoise(given),
  }

  for (const [name, guide] of Object.entries(tasks))
    test(`${name} is content with the picture itself, and keeps nothing but what it asks`, () => {
      near(measured(guide.measurement, given), guide.wanted, 1e-6)
    })

  test('super-resolution wants area averages, of any factor, or takes them as they are', () => {
    near(tasks['super-resolve'].wanted, resizePlanes(given.images, [8, 8], [2, 2]), 1e-6)
    near(tasks['super-resolve by 3'].wanted, resizePlanes(given.images, [8, 8], [3, 3]), 1e-6)
    const low = { images: tasks['super-resolve by 3'].wanted, channels: 3, size: 3 }
    expect(superResolve(low, 3, 8)).toEqual(tasks['super-resolve by 3'])
    expect(superResolve(given, 8).wanted).toHaveLength(6)
  })

  test('inpainting sees nothing under the mask, and soft masks weigh squared errors', () => {
    const other = { ...given, images: given.images.map((value, i) => (mask[i % 64] ? -value : value)) }
    expect(inpaint(other, mask).wanted.map(Math.abs)).toEqual(tasks.inpaint.wanted.map(Math.abs))
    const soft = Float32Array.from({ length: 64 }, (_, i) => i / 64)
    const [map] = inpaint(given, soft).measurement as [LinearMap & { map: 'mask' }]
    near(
      map.weights.map(weight => weight ** 2),
      soft.map(hidden => 1 - hidden),
      1e-6,
    )
  })

  test('colouring takes grey pictures, or the luminance of coloured ones', () => {
    expect(colourise(grey).wanted).toEqual(grey.images)
    const repeated = fitPictures(grey, { channels: 3, size: 8 })
    near(colourise(repeated).wanted, grey.images, 1e-6)
  })

  test('low-bit rounds to so many shades', () => {
    const shades = (levels: number, ...values: number[]) =>
      Array.from(lowBit({ images: Float32Array.from(values), channels: 1, size: 2 }, levels).wanted)
    expect(shades(2, -0.1, 0.1, -3, 3)).toEqual([-1, 1, -1, 1])
    near(shades(4, -0.9, -0.4, 0.2, 0.9), [-1, -1 / 3, 1 / 3, 1], 1e-6)
    expect(new Set(lowBit(given).wanted).size).toBe(4)
  })

  test('noise has the deviation asked for, follows from the seed, and does not depend on later pictures', () => {
    const flat = { images: new Float32Array(3 * 64 * 64), channels: 3, size: 64 }
    const { images } = addNoise(flat, 0.53, 1)
    const mean = images.reduce((sum, value) => sum + value, 0) / images.length
    const deviation = Math.sqrt(images.reduce((sum, value) => sum + value * value, 0) / images.length)
    // 12,288 samples: three standard errors are 0.014 and 0.010.
    expect(Math.abs(mean)).toBeLessThan(0.015)
    expect(Math.abs(deviation - 0.53)).toBeLessThan(0.011)
    expect(addNoise(flat, 0.53, 1).images).toEqual(images)
    expect(addNoise(flat, 0.53, 2).images).not.toEqual(images)
    const first = addNoise({ ...given, images: given.images.subarray(0, 192) }, 0.1, 0)
    expect(addNoise(given, 0.1, 0).images.subarray(0, 192)).toEqual(first.images)
  })

  test('what cannot be is an error of one sentence', () => {
    expect(() => superResolve(given, 1)).toThrow('super-resolve: factor is 1; it must be from 2 to 8')
    expect(() => superResolve(given, 9)).toThrow('super-resolve: factor is 9')
    expect(() => superResolve(given, 2, 32)).toThrow('makes 32×32 from 16×16; the picture is 8×8')
    expect(() => inpaint(given, new Float32Array(64))).toThrow('hides nothing')
    expect(() => inpaint(given, new Float32Array(64).fill(1))).toThrow('hides all')
    expect(() => inpaint(given, new Float32Array(16))).toThrow(
      'the mask has 16 values; images of 8×8 need 64',
    )
    expect(() => lowBit(given, 1)).toThrow('low-bit: levels is 1')
    expect(() => addNoise(given, -1, 0)).toThrow('denoise: sigma is -1')
  })
})

describe('strokes', () => {
  const overlay = (width: number, height: number, pixels: readonly number[][]) => ({
    width,
    height,
    data: Uint8Array.from(pixels.flat()),
  })
  const clear = [255, 255, 255, 0]

  test('weigh squared errors by their opacity', () => {
    const guide = strokes(overlay(2, 2, [[255, 0, 0, 255], clear, [0, 255, 0, 51], clear]), {
      channels: 3,
      size: 2,
    })
    const [{ weights }] = guide.measurement as [LinearMap & { map: 'mask' }]
    near(weights, [1, 0, Math.sqrt(0.2), 0], 1e-6)
    const painted = [1, 0, -1, 0, -1, 0, 1, 0, -1, 0, -1, 0]
    near(
      guide.wanted,
      painted.map((value, i) => value * weights[i % 4]),
      1e-6,
    )
  })

  test('are resized with their colours unstained by what is transparent', () => {
    const red = [255, 0, 0, 255]
    const pixels = Array.from({ length: 16 }, (_, i) => (i % 4 === 0 ? red : clear))
    const guide = strokes(overlay(4, 4, pixels), { channels: 3, size: 2 })
    const [{ weights }] = guide.measurement as [LinearMap & { map: 'mask' }]
    near(weights, [Math.SQRT1_2, 0, Math.SQRT1_2, 0], 1e-6)
    const colour = guide.wanted.map((value, i) => (weights[i % 4] ? value / weights[i % 4] : 0))
    near(colour, [1, 0, 1, 0, -1, 0, -1, 0, -1, 0, -1, 0], 1e-6)
  })

  test('count by their luminance for a grey network', () => {
    const guide = strokes(overlay(1, 1, [[255, 0, 0, 255]]), { channels: 1, size: 2 })
    near(guide.wanted, new Float32Array(4).fill(0.299 - 0.587 - 0.114), 1e-6)
  })

  test('that are transparent everywhere, or broken off, are errors', () => {
    expect(() => strokes(overlay(1, 1, [clear]), { channels: 1, size: 2 })).toThrow('transparent everywhere')
    expect(() => strokes(overlay(2, 1, [clear]), { channels: 1, size: 2 })).toThrow(
      '4 values are no overlay of 2×1',
    )
  })
})

describe('in the network', () => {
  let model: DdnModel
  beforeAll(async () => {
    model = await open(networks['in colour'])
  })
  afterAll(() => model.close())

  const given = pictures(1, 3, 8, 3)
  const small: LinearMap[] = [greyMap, { map: 'area', size: 4 }]
  const guides: LinearGuide[] = [
    reconstruct(given),
    superResolve(given, 2),
    superResolve(given, 3),
    colourise(given),
    lowBit(given),
    measure(small, measured(small, given), 'colourise and super-resolve'),
  ]
  for (const guide of guides)
    test(`${guide.name} leaves the error that the measurement on the host says`, async () => {
      const { images, errors } = await edit(model, { guide, count: 2 })
      const found = measured(guide.measurement, { ...given, images })
      const rows = guide.wanted.length
      const expected = [0, 1].map(n => {
        const squares = guide.wanted.map((value, i) => (found[n * rows + i] - value) ** 2)
        return squares.reduce((a, b) => a + b) / rows
      })
      near(errors, expected, 1e-5)
    })

  test('a mask leaves the mean squared error of what is known', async () => {
    const mask = namedMask('checkerboard', 8)
    const { images, errors } = await edit(model, { guide: inpaint(given, mask), count: 1 })
    let sum = 0
    for (let i = 0; i < 192; i++) if (!mask[i % 64]) sum += (images[i] - given.images[i]) ** 2
    near(errors, [sum / 96], 1e-5)
    expect(visibleMap(mask)).toEqual({ map: 'mask', weights: mask.map(hidden => 1 - hidden) })
  })
})

describe('black boxes of graphs', () => {
  test('score what a graph says, in batches, at every size that they are shown', async () => {
    const guide = compiled(
      'left half',
      images => reduceMean(slice(images, 3, 0, (images.shape[3] as number) / 2), [1, 2, 3]),
      { batch: 4, runtime, error: images => reduceSum(mul(images, images), [1, 2, 3]) },
    )
    for (const size of [2, 4]) {
      const [n, k, c] = [3, 5, 1]
      const images = noise(n * k * c * size * size)
      const scores = await guide.score(candidates(images, [n, k, c, size, size]))
      const errors = await guide.error!(candidates(images, [n * k, 1, c, size, size]))
      const each = Array.from({ length: n * k }, (_, i) =>
        images.subarray(i * size * size, (i + 1) * size * size),
      )
      const left = each.map(image => image.filter((_, i) => i % size < size / 2))
      near(
        scores,
        left.map(values => values.reduce((a, b) => a + b) / values.length),
        1e-6,
      )
      near(
        errors,
        each.map(image => image.reduce((sum, value) => sum + value * value, 0)),
        1e-5,
      )
    }
    await guide.close!()
  })

  test('that give anything but one number per image are errors with their names', async () => {
    const guide = compiled('rows', images => reduceMean(images, [1, 3]), { batch: 2, runtime })
    await expect(guide.score(candidates(noise(32), [1, 2, 1, 4, 4]))).rejects.toThrow(
      'rows: [2, 4] is not one number for each of 2 images',
    )
  })
})

/** Scores are the negative errors; the errors of candidates by a plain function of two images. */
async function checkDistances(
  guide: BlackBoxGuide,
  given: Pictures,
  size: number,
  plain: (image: Float32Array, wanted: Float32Array) => number,
  tolerance: number,
) {
  const [n, k, c] = [3, 4, given.channels]
  const images = noise(n * k * c * size * size, 7)
  // Results 1, 0, 1, as a beam may ask.
  const results = Int32Array.of(1, 0, 1)
  const length = c * size * size
  const small = resizePlanes(given.images, [given.size, given.size], [size, size])
  const expected = Array.from({ length: n * k }, (_, i) => {
    const result = results[Math.floor(i / k)] * length
    return plain(images.subarray(i * length, (i + 1) * length), small.subarray(result, result + length))
  })
  const shape = [n, k, c, size, size] as const
  near(await guide.error!(candidates(images, shape, results)), expected, tolerance)
  near(
    await guide.score(candidates(images, shape, results)),
    expected.map(value => -value),
    tolerance,
  )
}

describe('comparisons', () => {
  test('by absolute differences are those of a plain loop, at the size of the layer', async () => {
    const given = pictures(2, 3, 8)
    const guide = reconstructL1(given, { batch: 5, runtime })
    for (const size of [1, 4, 8])
      await checkDistances(
        guide,
        given,
        size,
        (image, wanted) =>
          image.reduce((sum, value, i) => sum + Math.abs(value - wanted[i]), 0) / image.length,
        1e-6,
      )
    near(await guide.error!(candidates(given.images, [2, 1, 3, 8, 8])), [0, 0], 1e-7)
    await guide.close!()
  })

  test("of edges are those of Sobel's operator in a plain loop", async () => {
    const sobel = (image: Float32Array, size: number) => {
      const area = size * size
      const grey = Array.from({ length: area }, (_, i) =>
        image.length === area
          ? image[i]
          : 0.299 * image[i] + 0.587 * image[i + area] + 0.114 * image[i + 2 * area],
      )
      const lengths: number[] = []
      for (let y = 1; y < size - 1; y++)
        for (let x = 1; x < size - 1; x++) {
          const at = (v: number, u: number) => grey[(y + v) * size + x + u]
          const across = at(-1, 1) + 2 * at(0, 1) + at(1, 1) - at(-1, -1) - 2 * at(0, -1) - at(1, -1)
          const down = at(1, -1) + 2 * at(1, 0) + at(1, 1) - at(-1, -1) - 2 * at(-1, 0) - at(-1, 1)
          lengths.push(Math.hypot(across, down) / 8)
        }
      return lengths
    }
    for (const channels of [1, 3]) {
      const given = pictures(2, channels, 8)
      const guide = edges(given, { runtime })
      expect(guide.size).toBe(8)
      await checkDistances(
        guide,
        given,
        8,
        (image, wanted) => {
          const target = sobel(wanted, 8)
          return sobel(image, 8).reduce((sum, value, i) => sum + (value - target[i]) ** 2, 0) / target.length
        },
        1e-5,
      )
      // A negative has the same edges.
      near(
        await guide.error!(
          candidates(
            given.images.map(v => -v),
            [2, 1, channels, 8, 8],
          ),
        ),
        [0, 0],
        1e-7,
      )
      await guide.close!()
    }
    expect(() => edges(pictures(1, 1, 2))).toThrow('edges: images of 2×2 have none')
  })

  test('want a picture for every result that is asked about', async () => {
    const guide = reconstructL1(pictures(2, 1, 4), { runtime })
    await expect(guide.score(candidates(noise(32), [1, 2, 1, 4, 4], Int32Array.of(2)))).rejects.toThrow(
      'there is a picture for each of 2 results, and none for result 2',
    )
    await expect(guide.score(candidates(noise(96), [1, 2, 3, 4, 4]))).rejects.toThrow(
      'reconstruct-l1: the picture is grey, the network paints RGB; fitPictures makes it fit',
    )
    await guide.close!()
  })
})

describe('style', () => {
  const size = 32
  const textures: Record<string, (x: number, y: number) => number> = {
    upright: x => Math.sin((Math.PI * x) / 2),
    'moved by one': x => Math.sin((Math.PI * (x + 1)) / 2),
    lying: (_, y) => Math.sin((Math.PI * y) / 2),
    wider: x => Math.sin((Math.PI * x) / 4),
    plain: () => 0,
  }
  const image = (value: (x: number, y: number) => number) =>
    Float32Array.from({ length: size * size }, (_, i) => 0.8 * value(i % size, Math.floor(i / size)))

  test('is the same wherever the texture lies, and another for other textures', async () => {
    const guide = style({ images: image(textures.upright), channels: 1, size }, { runtime })
    expect(guide.size).toBe(size)
    const error = async (name: string) =>
      (await guide.error!(candidates(image(textures[name]), [1, 1, 1, size, size])))[0]
    expect(await error('upright')).toBeLessThan(1e-10)
    const moved = await error('moved by one')
    // The borders cut the waves elsewhere.
    expect(moved).toBeLessThan(0.02)
    for (const other of ['lying', 'wider', 'plain']) expect(await error(other)).toBeGreaterThan(10 * moved)
    await guide.close!()
  })

  test('is as far from a black image as 1', async () => {
    for (const channels of [1, 3]) {
      const given = pictures(2, channels, 16)
      const guide = style(given, { runtime })
      const black = new Float32Array(given.images.length).fill(-1)
      near(await guide.error!(candidates(black, [2, 1, channels, 16, 16])), [1, 1], 1e-4)
      near(await guide.score(candidates(given.images, [2, 1, channels, 16, 16])), [0, 0], 1e-9)
      await guide.close!()
    }
  })

  test('tells colours apart', async () => {
    const of = (...colour: number[]) =>
      Float32Array.from({ length: 3 * 256 }, (_, i) => colour[Math.floor(i / 256)] + 0.1 * Math.sin(i))
    const guide = style({ images: of(0.5, -0.5, -0.5), channels: 3, size: 16 }, { runtime })
    const [red] = Array.from(await guide.error!(candidates(of(0.5, -0.5, -0.5), [1, 1, 3, 16, 16])))
    const [rather, blue] = Array.from(
      await guide.error!(
        candidates(
          Float32Array.from([...of(0.4, -0.4, -0.5), ...of(-0.5, -0.5, 0.5)]),
          [1, 2, 3, 16, 16],
          Int32Array.of(0),
        ),
      ),
    )
    expect(red).toBeLessThan(1e-10)
    expect(blue).toBeGreaterThan(3 * rather)
    await guide.close!()
  })

  test('needs images that its filters fit into', () => {
    expect(() => style(pictures(1, 1, 4))).toThrow('style: images of 4×4 are too small; 8×8 is the least')
  })
})
