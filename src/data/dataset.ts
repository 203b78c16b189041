/** Images as bytes and the datasets made of them: the ground on which every loader and trainer stands. */

import { hash32 } from './rng.ts'

/** Images as bytes: `pixels` is [count, channels, size, size] uint8 (0..255), labels are -1 where unknown. */
export interface Images {
  count: number
  channels: 1 | 3
  size: number
  pixels: Uint8Array
  labels?: Int32Array
  names?: string[]
  /** What each picture shows, in words: one or more texts, one a line, the most particular first. */
  texts?: string[]
}

/** Two disjoint sets of images of one shape. `classes[label]` is a label's name. */
export interface Dataset {
  name: string
  channels: 1 | 3
  size: number
  train: Images
  test: Images
  classes?: string[]
  /** What could not be read, and why, in the order of the files. */
  skipped: { file: string; reason: string }[]
}

/** value[byte] = byte / 127.5 - 1, rounded to float32 once. */
const unit = Float32Array.from({ length: 256 }, (_, byte) => byte / 127.5 - 1)

/**
 * The chosen images as network input, x = pixel / 127.5 - 1.
 *
 * @param out  written and returned when given; at least indices.length * C * S * S long, the rest is
 *   untouched
 * @returns [indices.length, C, S, S] float32 in [-1, 1]
 */
export function toFloat(images: Images, indices: ArrayLike<number>, out?: Float32Array): Float32Array {
  const length = images.channels * images.size ** 2
  const needed = indices.length * length
  if (out && out.length < needed) {
    throw new Error(`out holds ${out.length} floats, ${indices.length} images need ${needed}`)
  }
  const target = out ?? new Float32Array(needed)
  const { pixels } = images
  for (let n = 0, to = 0; n < indices.length; n++) {
    let from = checkIndex(images, indices[n]) * length
    for (const end = from + length; from < end; ) target[to++] = unit[pixels[from++]]
  }
  return target
}

/** The chosen images, in the given order, copied with their labels, names and texts. */
export function subset(images: Images, indices: ArrayLike<number>): Images {
  const length = images.channels * images.size ** 2
  const pixels = new Uint8Array(indices.length * length)
  for (let n = 0; n < indices.length; n++) {
    const from = checkIndex(images, indices[n]) * length
    pixels.set(images.pixels.subarray(from, from + length), n * length)
  }
  const result: Images = { count: indices.length, channels: images.channels, size: images.size, pixels }
  const { labels, names, texts } = images
  if (labels) result.labels = Int32Array.from(indices, index => labels[index])
  if (names) result.names = Array.from(indices, index => names[index])
  if (texts) result.texts = Array.from(indices, index => texts[index])
  return result
}

/**
 * Splits by a hash of one key per image: images of equal key always land on the same side, and adding or
 * removing other images moves none.
 *
 * With two images or more both sides are non-empty: where the hash would leave a side empty, the keys nearest
 * to it cross over (and if all images share one key, the last image alone is the test).
 *
 * @param testFraction  expected share of the keys on the test side, between 0 and 1
 */
export function splitByKey(
  images: Images,
  keys: string[],
  testFraction = 0.1,
): { train: Images; test: Images } {
  if (keys.length !== images.count) {
    throw new Error(`${keys.length} keys for ${images.count} images: give one key per image`)
  }
  const fraction = checkFraction(testFraction)
  const positions = keys.map(keyPosition)
  const sorted = Float64Array.from(positions).sort()
  const lowest = sorted[0]
  const highest = sorted[sorted.length - 1]
  const train: number[] = []
  const test: number[] = []
  for (let i = 0; i < images.count; i++) {
    const inTest =
      lowest === highest
        ? i > 0 && i === images.count - 1
        : positions[i] === lowest || (positions[i] !== highest && positions[i] < fraction)
    const side = inTest ? test : train
    side.push(i)
  }
  return { train: subset(images, train), test: subset(images, test) }
}

/**
 * Which of many items to load, in their order, so that `splitByKey` of these leaves at most `limit` on each
 * side, evenly spaced over that side.
 */
export function chooseByKey(keys: string[], testFraction: number, limit = keys.length): Int32Array {
  const train: number[] = []
  const test: number[] = []
  for (const [i, key] of keys.entries()) (keyPosition(key) < testFraction ? test : train).push(i)
  const chosen = [train, test].flatMap(side => Array.from(spread(side.length, limit), i => side[i]))
  return Int32Array.from(chosen).sort()
}

/** Where a key stands in [0, 1): below the test fraction it belongs to the test side. */
export function keyPosition(key: string): number {
  return hash32(key) / 2 ** 32
}

/** Evenly spaced indices, floor(i * count / limit): of files sorted by class every class keeps its share. */
export function spread(count: number, limit = count): Int32Array {
  const length = Math.min(count, limit)
  return Int32Array.from({ length }, (_, i) => Math.floor((i * count) / length))
}

export function checkFraction(testFraction: number): number {
  if (testFraction > 0 && testFraction < 1) return testFraction
  throw new Error(`invalid testFraction: ${testFraction}; give a number between 0 and 1, such as 0.1`)
}

function checkIndex(images: Images, index: number): number {
  if (Number.isInteger(index) && index >= 0 && index < images.count) return index
  throw new Error(`invalid image index: ${index}; there are ${images.count} images, numbered from 0`)
}
