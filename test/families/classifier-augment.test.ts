/** Moved images: nothing where nothing is asked for, whole pixels exactly, and no more than was asked for. */

import { expect, test } from 'vitest'
import { type Images, toFloat } from '../../src/data/dataset.ts'
import { type Rng, random } from '../../src/data/rng.ts'
import { augmented } from '../../src/families/classifier/augment.ts'

const size = 8
const rng = random(0, 'pixels')
const images: Images = {
  count: 3,
  channels: 3,
  size,
  pixels: Uint8Array.from({ length: 3 * 3 * size * size }, () => rng.int(256)),
}
const none = { shift: 0, rotation: 0, scaling: 0 }

/** A generator that gives these numbers in turn: angle, scale, and the shifts along x and y. */
const giving = (...numbers: number[]): Rng => {
  let at = 0
  return { ...random(0, 'unused'), next: () => numbers[at++ % numbers.length] }
}

test('without any movement the images are themselves', () => {
  const moved = augmented(images, [2, 0], none, random(1, 'test'))
  const still = toFloat(images, [2, 0])
  // One rounding of byte / 127.5 − 1 in float64 or in float32.
  moved.forEach((value, i) => {
    expect(value).toBeCloseTo(still[i], 6)
  })
})

test('a shift of whole pixels moves each of them, and the border fills the gap', () => {
  // 2·0.75 − 1 and 2·0.25 − 1: half of ±4 to the right, half of ±4 up.
  const moved = augmented(images, [1], { ...none, shift: 4 }, giving(0.5, 0.5, 0.75, 0.25))
  const still = toFloat(images, [1])
  for (let i = 0; i < moved.length; i++) {
    const [x, y, c] = [i % size, Math.floor(i / size) % size, Math.floor(i / size ** 2)]
    const [u, v] = [Math.max(0, x - 2), Math.min(size - 1, y + 2)]
    expect(moved[i]).toBeCloseTo(still[(c * size + v) * size + u], 6)
  }
})

test('a quarter turn puts every pixel where a quarter turn puts it', () => {
  const moved = augmented(images, [0], { ...none, rotation: 90 }, giving(1, 0.5, 0.5, 0.5))
  const still = toFloat(images, [0])
  for (let i = 0; i < moved.length; i++) {
    const [x, y, c] = [i % size, Math.floor(i / size) % size, Math.floor(i / size ** 2)]
    // cos 90° is 6e−17 in float64: interpolation takes that share of a neighbour.
    expect(moved[i]).toBeCloseTo(still[(c * size + x) * size + (size - 1 - y)], 6)
  }
})

test('scaling by two shows the middle half, interpolated', () => {
  const ramp: Images = {
    count: 1,
    channels: 1,
    size,
    pixels: Uint8Array.from({ length: 64 }, (_, i) => 20 * (i % size)),
  }
  // 1 + 1·0.9 is the factor: x ↦ (x − 3.5) / 1.9 + 3.5 on a ramp of 20 a pixel.
  const moved = augmented(ramp, [0], { ...none, scaling: 0.9 }, giving(0.5, 1, 0.5, 0.5))
  for (let x = 0; x < size; x++) expect(moved[x]).toBeCloseTo((20 * ((x - 3.5) / 1.9 + 3.5)) / 127.5 - 1, 6)
})

test('the same generator moves the same way, four numbers an image', () => {
  const all = { shift: 2, rotation: 10, scaling: 0.1 }
  const one = random(5, 'test')
  const both = augmented(images, [0, 1], all, one)
  const other = random(5, 'test')
  const first = augmented(images, [0], all, other)
  const second = augmented(images, [1], all, other)
  expect([...both]).toEqual([...first, ...second])
  expect(one.state()).toEqual(other.state())
  expect(both.every(value => value >= -1 && value <= 1)).toBe(true)
})
