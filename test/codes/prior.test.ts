/** Drawing from a prior, and weighing by it: src/codes/prior.ts. */

import { expect, test } from 'vitest'
import { bitsOfPaths, complete, drawCodes, type Prior, uniformPrior } from '../../src/codes/prior.ts'
import { random } from '../../src/data/rng.ts'

/** The second code is the first, but for one time in ten. */
const chained: Prior = {
  name: 'chained',
  K: [2, 2],
  walk() {
    let [layer, before] = [0, 0]
    return {
      probabilities() {
        if (layer === 0) return Float64Array.of(0.25, 0.75)
        return before === 0 ? Float64Array.of(0.9, 0.1) : Float64Array.of(0.1, 0.9)
      },
      take(code) {
        before = code
        layer++
      },
    }
  },
}

/** How often each path occurs, as a share. */
function sharesOf(codes: Int32Array): number[] {
  const shares = [0, 0, 0, 0]
  for (let i = 0; i < codes.length; i += 2) shares[codes[i] * 2 + codes[i + 1]] += 2 / codes.length
  return shares
}

test('paths are drawn as often as they are likely', () => {
  const shares = sharesOf(drawCodes(chained, { count: 20000, seed: 1 }))
  // A standard deviation of at most 0.0035.
  for (const [i, p] of [0.225, 0.025, 0.075, 0.675].entries())
    expect(Math.abs(shares[i] - p)).toBeLessThan(0.015)
})

test('a low temperature makes the likely likelier, by its power', () => {
  const shares = sharesOf(drawCodes(chained, { count: 20000, seed: 2, temperature: 0.5 }))
  const first = 0.75 ** 2 / (0.75 ** 2 + 0.25 ** 2)
  expect(Math.abs(shares[2] + shares[3] - first)).toBeLessThan(0.015)
})

test('the first paths of a seed are the same for any count', () => {
  const few = drawCodes(chained, { count: 3, seed: 7 })
  expect(drawCodes(chained, { count: 10, seed: 7 }).subarray(0, 6)).toEqual(few)
  expect(drawCodes(chained, { count: 10, seed: 8 })).not.toEqual(drawCodes(chained, { count: 10, seed: 7 }))
})

test('a path is completed below what is given', () => {
  const rng = random(1, 'rest')
  for (let i = 0; i < 20; i++) {
    const path = Int32Array.of(1, 5)
    complete(chained, path, 1, rng)
    expect(path[0]).toBe(1)
    expect(path[1]).toBeLessThan(2)
  }
})

test('bits are counted per path and per layer', () => {
  const { images, layers } = bitsOfPaths(chained, Int32Array.of(1, 1, 0, 1))
  expect(images[0]).toBeCloseTo(-Math.log2(0.75 * 0.9), 12)
  expect(images[1]).toBeCloseTo(-Math.log2(0.25 * 0.1), 12)
  expect(layers[0]).toBeCloseTo(-Math.log2(0.75 * 0.25), 12)
  expect(bitsOfPaths(uniformPrior([8, 4]), Int32Array.of(3, 2)).images[0]).toBe(5)
})

test('what cannot be drawn is refused', () => {
  expect(() => drawCodes(chained, { count: 0 })).toThrow('invalid count: 0')
  expect(() => drawCodes(chained, { count: 1, temperature: 0 })).toThrow('invalid temperature: 0')
})
