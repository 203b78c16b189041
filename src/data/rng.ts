/** Seeded randomness: one generator per purpose, and an endless batch sampler; both resume bit for bit. */

/** A stream of random numbers whose state is a few plain numbers. */
export interface Rng {
  /** Uniform in [0, 1), a multiple of 2^-32. */
  next(): number
  /** Uniform integer in [0, n), without bias, for n in 1..2^32. */
  int(n: number): number
  /** Standard normal (Box-Muller). */
  normal(): number
  /** Four 32-bit words, then the second normal of a pair when one is waiting. JSON keeps it exactly. */
  state(): number[]
  restore(state: number[]): void
}

/** Batches of image indices without end. */
export interface Sampler {
  /** The next batch of indices, each in [0, count). */
  next(): Int32Array
  /** How many passes over the data were completed. */
  readonly epoch: number
  /** [key, count, epoch, position]: enough to go on exactly here. */
  state(): number[]
  restore(state: number[]): void
}

/**
 * xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021) for one purpose
 * of a run: streams of different seeds or purposes are independent, so that drawing more for one purpose
 * changes no other.
 */
export function random(seed: number, purpose: string): Rng {
  if (!Number.isSafeInteger(seed)) throw new Error(`invalid seed: ${seed}; give an integer`)
  let [a, b, c, d] = [0, 1, 2, 3].map(word => hash32(`${word}/${seed}/${purpose}`))
  // The one state that xoshiro never leaves.
  if ((a | b | c | d) === 0) a = 1
  let spare: number | undefined

  const word = () => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0
    const t = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = rotate(d, 11)
    return result
  }

  return {
    next: () => word() / 2 ** 32,
    int(n) {
      if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) {
        throw new Error(`invalid range: ${n}; int(n) needs an integer from 1 to 2^32`)
      }
      // Words from the last, incomplete run of n values would favour the small ones: draw again.
      const end = 2 ** 32 - (2 ** 32 % n)
      let value = word()
      while (value >= end) value = word()
      return value % n
    },
    normal() {
      if (spare !== undefined) {
        const value = spare
        spare = undefined
        return value
      }
      // Half a step above zero keeps the logarithm finite.
      const radius = Math.sqrt(-2 * Math.log((word() + 0.5) / 2 ** 32))
      const angle = (2 * Math.PI * word()) / 2 ** 32
      spare = radius * Math.sin(angle)
      return radius * Math.cos(angle)
    },
    state() {
      const words = [a >>> 0, b >>> 0, c >>> 0, d >>> 0]
      return spare === undefined ? words : [...words, spare]
    },
    restore(state) {
      const words = state.slice(0, 4)
      const valid =
        words.length === 4 && words.every(value => Number.isInteger(value) && value === value >>> 0)
      if (!valid || state.length > 5 || words.every(value => value === 0)) {
        throw new Error(`invalid generator state: [${state}]; give back what state() returned`)
      }
      ;[a, b, c, d] = words
      spare = state[4]
    },
  }
}

/**
 * Walks random permutations of 0..count-1, one per epoch; a batch that reaches the end of an epoch goes on in
 * the next. One number drawn from `rng` is the key from which every epoch's permutation follows, so the state
 * to save is four numbers however large the data.
 */
export function batches(count: number, batch: number, rng: Rng): Sampler {
  if (!isCount(count))
    throw new Error(`invalid count: ${count}; there must be at least one image to draw from`)
  if (!isCount(batch)) throw new Error(`invalid batch: ${batch}; give a positive integer`)
  let key = rng.int(2 ** 32)
  let epoch = 0
  let position = 0
  let order = epochOrder(count, key, epoch)
  return {
    next() {
      const indices = new Int32Array(batch)
      for (let i = 0; i < batch; i++) {
        if (position === count) {
          position = 0
          order = epochOrder(count, key, ++epoch)
        }
        indices[i] = order[position++]
      }
      return indices
    },
    get epoch() {
      return position === count ? epoch + 1 : epoch
    },
    state: () => [key, count, epoch, position],
    restore(state) {
      const [savedKey, savedCount, savedEpoch, savedPosition] = state
      const valid = state.length === 4 && state.every(value => Number.isSafeInteger(value) && value >= 0)
      if (!valid || savedKey >= 2 ** 32 || savedPosition > savedCount) {
        throw new Error(`invalid sampler state: [${state}]; give back what state() returned`)
      }
      if (savedCount !== count) {
        throw new Error(`sampler state is of ${savedCount} images, but there are ${count}: use the same data`)
      }
      key = savedKey
      epoch = savedEpoch
      position = savedPosition
      order = epochOrder(count, key, epoch)
    },
  }
}

/** A uniform random order of 0..count-1 (Fisher-Yates). */
export function permutation(count: number, rng: Rng): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = rng.int(i + 1)
    const swapped = order[i]
    order[i] = order[j]
    order[j] = swapped
  }
  return order
}

/**
 * FNV-1a over the UTF-8 bytes, then the finaliser of MurmurHash3: FNV alone barely
 * touches the high bits of short keys.
 */
export function hash32(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of encoder.encode(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

const encoder = new TextEncoder()

const rotate = (x: number, k: number) => (x << k) | (x >>> (32 - k))

const isCount = (value: number) => Number.isInteger(value) && value >= 1 && value < 2 ** 31

const epochOrder = (count: number, key: number, epoch: number) =>
  permutation(count, random(key, `epoch ${epoch}`))
