/** Drawing: brushes against distances sampled along their way, rasters and pictures as text and back, undo against a log. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { random } from '../../src/data/rng.ts'
import { maskFromPicture } from '../../src/guides/masks.ts'
import { decodeRgba } from '../../src/guides/rgba.ts'
import { resizeOverlay } from '../../src/guides/tasks/strokes.ts'
import {
  atSize,
  blank,
  brushed,
  colourOf,
  isBlank,
  paintOf,
  type Raster,
  rasterText,
  readRaster,
} from '../../src/studio/page/rooms/steer/raster.ts'
import { UndoStack } from '../../src/studio/page/rooms/steer/undo.ts'
import { readState, type State, writeState } from '../../src/studio/state.ts'
import {
  exampleCodes,
  imageOf,
  maskFile,
  paintFile,
  pictureText,
  readPicture,
} from '../../src/studio/workers/steer-pictures.ts'

const rasters = fc.integer({ min: 1, max: 12 }).chain(size =>
  fc
    .array(fc.oneof(fc.constant(0), fc.constant(1), fc.integer({ min: 0, max: 0x1000000 })), {
      minLength: size * size,
      maxLength: size * size,
    })
    .map((pixels): Raster => ({ size, pixels: Uint32Array.from(pixels) })),
)

describe('a brush', () => {
  const points = fc.record({
    x: fc.double({ min: -3, max: 15, noNaN: true }),
    y: fc.double({ min: -3, max: 15, noNaN: true }),
  })

  test('covers the pixels whose centres are near its way, and no others', () => {
    fc.assert(
      fc.property(points, points, fc.integer({ min: 1, max: 9 }), (from, to, diameter) => {
        const size = 12
        const { pixels } = brushed(blank(size), from, to, diameter, 7)
        const steps = 400
        const spacing = Math.hypot(to.x - from.x, to.y - from.y) / steps
        pixels.forEach((value, i) => {
          const [x, y] = [i % size, Math.floor(i / size)]
          let nearest = Infinity
          for (let s = 0; s <= steps; s++) {
            const t = s / steps
            const [px, py] = [from.x + t * (to.x - from.x), from.y + t * (to.y - from.y)]
            nearest = Math.min(nearest, Math.hypot(px - x - 0.5, py - y - 0.5))
          }
          const holds = [from, to].some(p => Math.floor(p.x) === x && Math.floor(p.y) === y)
          // The nearest sample is at most half a spacing further than the way itself.
          if (holds || nearest <= diameter / 2) expect(value).toBe(7)
          else if (nearest > diameter / 2 + spacing) expect(value).toBe(0)
        })
      }),
      { numRuns: 60 },
    )
  })

  test('leaves the raster that it began on as it was, and a thin line without gaps', () => {
    const before = blank(16)
    const after = brushed(before, { x: 0.5, y: 1.2 }, { x: 15.5, y: 13.9 }, 1, 1)
    expect(isBlank(before)).toBe(true)
    const touched = [...after.pixels.keys()].filter(i => after.pixels[i])
    for (let x = 0; x < 16; x++) expect(touched.some(i => i % 16 === x)).toBe(true)
    for (const i of touched.slice(1))
      expect(
        touched.some(
          j => j !== i && Math.abs((i % 16) - (j % 16)) <= 1 && Math.abs((i >> 4) - (j >> 4)) <= 1,
        ),
      ).toBe(true)
  })

  test('with nothing on it rubs out', () => {
    const full: Raster = { size: 4, pixels: new Uint32Array(16).fill(5) }
    expect([...brushed(full, { x: 0.5, y: 0.5 }, { x: 3.5, y: 0.5 }, 1, 0).pixels]).toEqual([
      ...[0, 0, 0, 0],
      ...Array.from({ length: 12 }, () => 5),
    ])
  })
})

describe('a raster', () => {
  test('comes back from its text, which fits into an address', () => {
    fc.assert(
      fc.property(rasters, raster => {
        const text = rasterText(raster)
        expect(text === '').toBe(isBlank(raster))
        if (text === '') return
        expect(text).toMatch(/^[\w.-]+$/)
        expect(encodeURIComponent(text)).toBe(text)
        expect(readRaster(text, 'it')).toEqual(raster)
      }),
    )
  })

  test('of many colours has names enough', () => {
    const raster: Raster = { size: 30, pixels: Uint32Array.from({ length: 900 }, (_, i) => i) }
    expect(readRaster(rasterText(raster), 'it')).toEqual(raster)
  })

  test('from a text that nobody wrote is refused, whatever it is', () => {
    for (const text of [
      'x',
      '4.A8.1',
      '4.A8B9.1',
      '4.A8C8.1',
      '4.A8B8.',
      '4.A8B8.fffffff',
      '0.B0.1',
      'zz.B1.1',
      '4.A8B8.1.2',
    ])
      expect(() => readRaster(text, 'the mask')).toThrow('the mask in the address is broken: ')
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'012az.ABZ-f'), maxLength: 30 }), text => {
        let raster: Raster
        try {
          raster = readRaster(text, 'it')
        } catch (error) {
          expect((error as Error).message).toContain('it in the address is broken')
          return
        }
        expect(raster.pixels).toHaveLength(raster.size ** 2)
      }),
    )
  })

  test('at another size has the value that was at each centre', () => {
    const raster: Raster = { size: 2, pixels: Uint32Array.of(1, 2, 3, 4) }
    expect([...atSize(raster, 4).pixels]).toEqual([1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4])
    expect(atSize(atSize(raster, 8), 2)).toEqual(raster)
    expect([...atSize({ size: 3, pixels: Uint32Array.from({ length: 9 }, (_, i) => i) }, 1).pixels]).toEqual([
      4,
    ])
  })

  test('is the file that a guide reads: white hides, paint has its colour, nothing is transparent', () => {
    const mask: Raster = { size: 4, pixels: Uint32Array.from({ length: 16 }, (_, i) => i % 3 && 1) }
    expect(maskFromPicture(decodeRgba(maskFile(mask), 'it'), 4).mask).toEqual(Float32Array.from(mask.pixels))
    const paint: Raster = { size: 2, pixels: Uint32Array.of(0, paintOf('#000000'), paintOf('#ff8040'), 0) }
    expect(colourOf(paint.pixels[2])).toEqual([255, 128, 64])
    const { colour, alpha } = resizeOverlay(decodeRgba(paintFile(paint), 'it'), 2)
    expect([...alpha]).toEqual([0, 1, 1, 0])
    expect([1, 5, 9].map(i => colour[i])).toEqual([-1, -1, -1])
    expect([2, 6, 10].map(i => Math.round((colour[i] + 1) * 127.5))).toEqual([255, 128, 64])
  })
})

describe('a picture', () => {
  const noise = (length: number) => {
    const rng = random(1, 'picture')
    return Float32Array.from({ length }, () => 2 * rng.next() - 1)
  }

  test.each([1, 3] as const)('of %i channels comes back from its text to the nearest shade', channels => {
    const shape = { channels, size: 32 }
    const image = noise(channels * 1024)
    const text = pictureText(image, shape)
    expect(text).toMatch(/^[\w-]+$/)
    const back = readPicture(text, new Float32Array(), shape)
    // Half a step of 255, and a rounding to float32.
    image.forEach((value, i) => {
      expect(Math.abs(value - back[i])).toBeLessThan(0.5 / 127.5 + 1e-6)
    })
    expect(readState(`picture=${text}`).picture).toBe(text)
  })

  test('too large for an address loses shades, not pixels', () => {
    const shape = { channels: 3, size: 64 }
    const image = noise(3 * 4096)
    const text = pictureText(image, shape)
    expect(text.length).toBeLessThanOrEqual(8000)
    const back = readPicture(text, new Float32Array(), shape)
    image.forEach((value, i) => {
      expect(Math.abs(value - back[i])).toBeLessThan(64 / 127.5)
    })
  })

  test('fits another network: colour to grey, and another size', () => {
    const red = new Float32Array(3 * 16).fill(-1)
    red.fill(1, 0, 16)
    const text = pictureText(red, { channels: 3, size: 4 })
    const grey = readPicture(text, new Float32Array(), { channels: 1, size: 8 })
    expect(grey).toHaveLength(64)
    for (const value of grey) expect(value).toBeCloseTo(2 * 0.299 - 1, 5)
  })

  test('may be an example, or none; another text is an error', () => {
    const shape = { channels: 1, size: 2 }
    const examples = Float32Array.from({ length: 12 }, (_, i) => i / 12)
    expect(readPicture('example:1', examples, shape)).toEqual(examples.slice(4, 8))
    // A link from a network with more of them.
    expect(readPicture('example:4', examples, shape)).toEqual(examples.slice(4, 8))
    expect([...readPicture('empty', examples, shape)]).toEqual([-1, -1, -1, -1])
    for (const text of ['example:x', 'nonsense', pictureText(new Float32Array(4), shape).slice(0, -20)])
      expect(() => readPicture(text, examples, shape)).toThrow(
        /^(there is no picture|the picture in the address is broken)/,
      )
  })

  test('with transparency is on white, in the network’s channels', () => {
    const rgba = Uint8ClampedArray.of(255, 0, 0, 255, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255)
    expect([...imageOf(rgba, { channels: 3, size: 2 })]).toEqual([1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1])
    const grey = imageOf(rgba, { channels: 1, size: 2 })
    ;[2 * 0.299 - 1, 1, -1, 1].forEach((value, i) => {
      expect(grey[i]).toBeCloseTo(value, 6)
    })
  })

  test('examples are of every class, else from all over', () => {
    const K = [4, 4]
    const test = Int32Array.from({ length: 12 }, (_, i) => i)
    const data = { K, train: new Int32Array(), test, trainLabels: null, testLabels: null }
    expect([...exampleCodes(data, 3)]).toEqual([0, 1, 4, 5, 8, 9])
    expect([...exampleCodes(data, 50)]).toEqual([...test])
    const labelled = { ...data, testLabels: Int32Array.of(2, 1, -1, 1, 0, 2) }
    expect([...exampleCodes(labelled, 3)]).toEqual([8, 9, 2, 3, 0, 1])
  })
})

test('the address holds what is drawn', () => {
  const drawn: Partial<State> = {
    room: 'steer',
    picture: 'empty',
    mask: rasterText(brushed(blank(32), { x: 3, y: 3 }, { x: 20, y: 9 }, 5, 1)),
    paint: rasterText(brushed(blank(32), { x: 3, y: 3 }, { x: 20, y: 9 }, 2, paintOf('#12ab00'))),
    strictness: '0.25,1',
    candidates: 64,
  }
  const query = writeState({ ...readState(''), ...drawn })
  expect(readState(query)).toMatchObject(drawn)
  expect(readState('strictness=2&mask=<&picture=a b').strictness).toBe('1')
})

describe('undo', () => {
  test('goes back and forth through all changes, as a log says', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('change', 'change', 'undo', 'redo'), { maxLength: 40 }),
        actions => {
          const stack = new UndoStack<number>()
          let present = 0
          // The log: all states, and where one is.
          let log = [0]
          let at = 0
          actions.forEach((action, i) => {
            if (action === 'change') {
              stack.leave(present)
              present = i + 1
              log = [...log.slice(0, at + 1), present]
              at += 1
            } else {
              present = stack[action as 'undo' | 'redo'](present) ?? present
              at = Math.min(log.length - 1, Math.max(0, at + (action === 'undo' ? -1 : 1)))
            }
            expect(present).toBe(log[at])
            expect([stack.canUndo, stack.canRedo]).toEqual([at > 0, at < log.length - 1])
          })
        },
      ),
    )
  })

  test('takes changes of one group in a row as one, until they settle', () => {
    const stack = new UndoStack<number>()
    for (const present of [0, 1, 2]) stack.leave(present, 'weight')
    stack.settle()
    stack.leave(3, 'weight')
    stack.leave(4, 'sigma')
    expect([stack.undo(5), stack.undo(4), stack.undo(3), stack.undo(0)]).toEqual([4, 3, 0, undefined])
  })

  test('forgets the oldest beyond its limit', () => {
    const stack = new UndoStack<number>(2)
    for (const present of [0, 1, 2]) stack.leave(present)
    expect([stack.undo(3), stack.undo(2), stack.undo(1)]).toEqual([2, 1, undefined])
  })
})
