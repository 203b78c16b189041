/** Images as bytes and floats, the split by key, and the resampling: src/data/dataset.ts and resize.ts. */

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chooseByKey, type Images, splitByKey, spread, subset, toFloat } from '../src/data/dataset.ts'
import { allocatePixels, fitImages, luminance, toPlanes } from '../src/data/resize.ts'

/** Images whose every byte says which image it is. */
function numbered(count: number): Images {
  const pixels = Uint8Array.from({ length: count * 64 }, (_, i) => Math.floor(i / 64))
  const labels = Int32Array.from({ length: count }, (_, i) => i * 10)
  return { count, channels: 1, size: 8, pixels, labels, names: Array.from(labels, String) }
}

test('bytes become pixel / 127.5 - 1, so 0 is -1 and 255 is 1, in the order of the indices', () => {
  const images = { ...numbered(4), pixels: Uint8Array.from({ length: 256 }, (_, i) => i) }
  const floats = toFloat(images, [3, 0])
  const expected = [...Array(64).keys()].flatMap(i => 192 + i).concat([...Array(64).keys()])
  expect(floats).toEqual(Float32Array.from(expected, byte => byte / 127.5 - 1))
  expect([floats[63], floats[64]]).toEqual([1, -1])
})

test('a given array is filled and returned, its rest untouched, and one too short is refused', () => {
  const out = new Float32Array(70).fill(9)
  expect(toFloat(numbered(2), [0], out)).toBe(out)
  expect([out[63], out[64]]).toEqual([-1, 9])
  expect(() => toFloat(numbered(2), [0, 1], out)).toThrow('out holds 70 floats, 2 images need 128')
})

test('an index outside the images is named', () => {
  expect(() => toFloat(numbered(2), [2])).toThrow('invalid image index: 2; there are 2 images')
  expect(() => subset(numbered(2), [-1])).toThrow('invalid image index: -1')
})

test('a subset carries pixels, labels and names along, and repeats where the indices repeat', () => {
  const part = subset(numbered(5), [4, 1, 4])
  expect(part.count).toBe(3)
  expect([0, 64, 128].map(i => part.pixels[i])).toEqual([4, 1, 4])
  expect(part.labels).toEqual(Int32Array.of(40, 10, 40))
  expect(part.names).toEqual(['40', '10', '40'])
})

const someKeys = fc.array(fc.string({ maxLength: 4 }), { maxLength: 30 })
const fractions = fc.double({ min: 0.01, max: 0.99, noNaN: true })

test('the split keeps every image once, both sides non-empty from two images on', () => {
  fc.assert(
    fc.property(someKeys, fractions, (keys, fraction) => {
      const { train, test } = splitByKey(numbered(keys.length), keys, fraction)
      const all = [...train.labels!, ...test.labels!].sort((a, b) => a - b)
      expect(all).toEqual(keys.map((_, i) => i * 10))
      if (keys.length >= 2) expect(Math.min(train.count, test.count)).toBeGreaterThan(0)
    }),
  )
})

test('images of equal key land on one side, unless all have the same key', () => {
  fc.assert(
    fc.property(someKeys, fractions, (keys, fraction) => {
      fc.pre(new Set(keys).size > 1)
      const { train, test } = splitByKey(numbered(keys.length), keys, fraction)
      const testKeys = new Set(Array.from(test.labels!, label => keys[label / 10]))
      expect(Array.from(train.labels!).some(label => testKeys.has(keys[label / 10]))).toBe(false)
    }),
  )
})

test('the split takes about the share asked for, and more images move none', () => {
  const keys = Array.from({ length: 4000 }, (_, i) => `image ${i}`)
  const { test: few } = splitByKey(numbered(2000), keys.slice(0, 2000))
  const { test: many } = splitByKey(numbered(4000), keys)
  // Five standard deviations of a binomial: sqrt(4000 * 0.1 * 0.9) = 19.
  expect(Math.abs(many.count - 400)).toBeLessThan(95)
  expect(many.labels!.filter(label => label < 20_000)).toEqual(few.labels)
})

test('the split refuses keys that do not fit and fractions outside 0..1', () => {
  expect(() => splitByKey(numbered(2), ['a'])).toThrow('1 keys for 2 images')
  expect(() => splitByKey(numbered(2), ['a', 'b'], 1)).toThrow('invalid testFraction: 1')
})

test('choosing by key before loading gives evenly spaced parts of the two sides', () => {
  const keys = Array.from({ length: 500 }, (_, i) => String(i))
  const whole = splitByKey(numbered(500), keys)
  const chosen = chooseByKey(keys, 0.1, 20)
  const part = splitByKey(
    subset(numbered(500), chosen),
    Array.from(chosen, i => keys[i]),
  )
  for (const side of ['train', 'test'] as const) {
    expect(part[side].names).toEqual(subset(whole[side], spread(whole[side].count, 20)).names)
  }
  expect(chooseByKey(keys, 0.1)).toEqual(Int32Array.from(keys.keys()))
})

test('halving a picture averages blocks of 2 x 2, rounded', () => {
  const pixels = Uint8Array.from({ length: 256 }, (_, i) => (i * 37) % 256)
  const halved = fitImages({ count: 1, channels: 1, rows: 16, cols: 16, pixels }, { size: 8, channels: 1 })
  for (let y = 0; y < 8; y++) {
    for (let x = 0; x < 8; x++) {
      const at = 32 * y + 2 * x
      const sum = pixels[at] + pixels[at + 1] + pixels[at + 16] + pixels[at + 17]
      expect(halved.pixels[8 * y + x]).toBe(Math.round(sum / 4))
    }
  }
})

test('resampling to any size keeps flat colours and, within rounding, a linear ramp', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 8, max: 40 }),
      fc.nat(255),
      (from, size, grey) => {
        const raw = {
          count: 1,
          channels: 1 as const,
          rows: from,
          cols: from,
          pixels: new Uint8Array(from * from).fill(grey),
        }
        expect(new Set(fitImages(raw, { size, channels: 1 }).pixels)).toEqual(new Set([grey]))
        raw.pixels = raw.pixels.map((_, i) => 5 * (i % from))
        const ramp = fitImages(raw, { size, channels: 1 }).pixels
        for (let x = 0; x < size; x++) {
          // The value of the ramp at the pixel's centre, which interpolation can't pass at the borders.
          const exact = Math.min(Math.max(5 * (((x + 0.5) * from) / size - 0.5), 0), 5 * (from - 1))
          expect(Math.abs(ramp[x] - exact)).toBeLessThanOrEqual(from > size ? 2.5 : 0.51)
        }
      },
    ),
    { numRuns: 50 },
  )
})

test('padding puts the picture in the middle of zeros', () => {
  const raw = { count: 2, channels: 1 as const, rows: 4, cols: 2, pixels: new Uint8Array(16).fill(7) }
  const { pixels } = fitImages(raw, { size: 8, channels: 1, canvas: 8 })
  for (let i = 0; i < pixels.length; i++) {
    const [y, x] = [Math.floor(i / 8) % 8, i % 8]
    expect(pixels[i]).toBe(y >= 2 && y < 6 && x >= 3 && x < 5 ? 7 : 0)
  }
})

test('grey of a colour is its Rec. 601 luminance, rounded, and grey stays itself', () => {
  fc.assert(
    fc.property(fc.nat(255), fc.nat(255), fc.nat(255), (r, g, b) => {
      const exact = 0.299 * r + 0.587 * g + 0.114 * b
      expect(Math.abs(luminance(Uint8Array.of(r, g, b))[0] - exact)).toBeLessThan(0.51)
      expect(luminance(Uint8Array.of(r, r, r))[0]).toBe(r)
    }),
  )
})

test('grey and colour convert into each other, and only the chosen images are fitted', () => {
  const pixels = Uint8Array.from({ length: 3 * 64 }, (_, i) => i)
  const raw = { count: 3, channels: 1 as const, rows: 8, cols: 8, pixels }
  const colour = fitImages(raw, { size: 8, channels: 3, indices: [2, 0] })
  expect(colour.pixels).toEqual(
    Uint8Array.from([128, 128, 128, 0, 0, 0].flatMap(o => [...pixels.keys()].slice(o, o + 64))),
  )
  const back = fitImages({ ...raw, count: 2, channels: 3, pixels: colour.pixels }, { size: 8, channels: 1 })
  expect(back.pixels).toEqual(subset({ count: 3, channels: 1, size: 8, pixels }, [2, 0]).pixels)
  expect(toPlanes(Uint8Array.of(1, 2, 3, 4, 5, 6), 3)).toEqual(Uint8Array.of(1, 4, 2, 5, 3, 6))
  expect(toPlanes(Uint8Array.of(1, 2), 1)).toEqual(Uint8Array.of(1, 2, 1, 2, 1, 2))
})

test('more than 2 GiB of pixels is refused before it is allocated', () => {
  expect(() => allocatePixels(1e9, 3, 256)).toThrow('give a smaller size, or a limit')
})

test('the parts meant for the browser import nothing of Node and no package', () => {
  const seen = new Set<string>()
  const visit = (file: string) => {
    if (seen.has(file)) return
    seen.add(file)
    for (const [, from] of readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*'([^']+)'/g)) {
      expect(from, `import in ${file}`).toMatch(/^\.\.?\//)
      visit(join(dirname(file), from))
    }
  }
  const folder = join(import.meta.dirname, '../src/data')
  for (const name of ['dataset', 'rng', 'resize', 'idx', 'cifar10']) visit(join(folder, `${name}.ts`))
  expect(seen.size).toBe(5)
})
