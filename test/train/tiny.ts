/** The smallest network and data that a training can be tested with: 8×8 images, 3 choices of 4. */

import type { Dataset, Images } from '../../src/data/dataset.ts'
import { random } from '../../src/data/rng.ts'
import { ddn } from '../../src/train/resolve.ts'

export const tinyModel = ddn({
  size: 8,
  block: 'mixer',
  stages: [
    { grid: 1, layers: 1, width: 8, K: 4 },
    { grid: 4, patch: 2, layers: 2, width: 8, K: 4 },
  ],
})

/** Discs of random place and size, grey on black. */
export function discs(count: number, channels: 1 | 3 = 1, size = 8, seed = 0): Images {
  const rng = random(seed, 'discs')
  const pixels = new Uint8Array(count * channels * size * size)
  for (let n = 0; n < count; n++) {
    const [x, y, r, shade] = [rng.next() * size, rng.next() * size, 1 + rng.next() * 2, 100 + rng.int(156)]
    for (let i = 0; i < channels * size * size; i++) {
      const inside = Math.hypot((i % size) - x, (Math.floor(i / size) % size) - y) < r
      pixels[n * channels * size * size + i] = inside ? shade : 0
    }
  }
  return { count, channels, size, pixels }
}

export function tinyData(channels: 1 | 3 = 1): Dataset {
  return {
    name: 'discs',
    channels,
    size: 8,
    train: discs(60, channels, 8, 0),
    test: discs(30, channels, 8, 1),
    skipped: [],
  }
}

/** Options of a training in milliseconds. */
export const quick = { batch: 4, steps: 40, runtime: { threads: 1 } } as const
