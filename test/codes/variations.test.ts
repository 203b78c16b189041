/** New paths from old ones, against what can be written by hand. */

import { describe, expect, test } from 'vitest'
import { type Prior, uniformPrior } from '../../src/codes/prior.ts'
import { interpolate, mutate } from '../../src/codes/variations.ts'

const rows = (paths: Int32Array, L: number) =>
  Array.from({ length: paths.length / L }, (_, i) => Array.from(paths.subarray(i * L, (i + 1) * L)))

describe('the way from one path to another', () => {
  test('exchanges the first codes first, or the last', () => {
    const [a, b] = [
      [1, 2, 3],
      [7, 8, 9],
    ]
    expect(rows(interpolate(a, b, 'coarse'), 3)).toEqual([
      [1, 2, 3],
      [7, 2, 3],
      [7, 8, 3],
      [7, 8, 9],
    ])
    expect(rows(interpolate(a, b, 'fine'), 3)).toEqual([
      [1, 2, 3],
      [1, 2, 9],
      [1, 8, 9],
      [7, 8, 9],
    ])
  })

  test('takes no step where the codes are the same', () => {
    expect(rows(interpolate([1, 2, 3], [1, 5, 3]), 3)).toEqual([
      [1, 2, 3],
      [1, 5, 3],
    ])
    expect(rows(interpolate([4, 4], [4, 4]), 2)).toEqual([[4, 4]])
  })

  test('one order is the other, walked back', () => {
    const [a, b] = [
      [0, 3, 1, 2],
      [2, 3, 0, 1],
    ]
    expect(rows(interpolate(b, a, 'fine'), 4).reverse()).toEqual(rows(interpolate(a, b, 'coarse'), 4))
  })

  test('needs paths of one length', () => {
    expect(() => interpolate([1, 2], [1])).toThrow('paths of 2 and of 1 codes have no way between them')
  })
})

describe('a mutation', () => {
  const K = [4, 5, 6]

  test('keeps the first codes and draws the others, each within its layer', () => {
    const paths = rows(mutate(uniformPrior(K), [3, 4, 5], { depth: 1, count: 300, seed: 2 }), 3)
    expect(new Set(paths.map(path => path[0]))).toEqual(new Set([3]))
    // 300 draws of 5 or 6: a code is missing with a chance of 6 · (5/6)^300 < 1e-22.
    expect(new Set(paths.map(path => path[1])).size).toBe(5)
    expect(new Set(paths.map(path => path[2])).size).toBe(6)
    expect(Math.max(...paths.map(path => path[2]))).toBe(5)
  })

  test('keeps all or nothing at the ends', () => {
    expect(rows(mutate(uniformPrior(K), [3, 4, 5], { depth: 3, count: 2 }), 3)).toEqual([
      [3, 4, 5],
      [3, 4, 5],
    ])
    const firsts = rows(mutate(uniformPrior(K), [3, 4, 5], { depth: 0, count: 100 }), 3).map(path => path[0])
    expect(new Set(firsts).size).toBe(4)
  })

  test('is the same for a seed, whatever the count', () => {
    const three = mutate(uniformPrior(K), [0, 0, 0], { depth: 1, count: 3, seed: 7 })
    const ten = mutate(uniformPrior(K), [0, 0, 0], { depth: 1, count: 10, seed: 7 })
    expect(three).toEqual(ten.subarray(0, three.length))
    expect(mutate(uniformPrior(K), [0, 0, 0], { depth: 1, count: 3, seed: 8 })).not.toEqual(three)
  })

  test('asks the prior with the kept codes', () => {
    // The code of a layer is that of the layer before it, plus one.
    const next: Prior = {
      name: 'next',
      K: [4, 4, 4],
      walk() {
        let last = -1
        return {
          probabilities: () => Float64Array.from({ length: 4 }, (_, k) => (k === (last + 1) % 4 ? 1 : 0)),
          take: code => {
            last = code
          },
        }
      },
    }
    expect(rows(mutate(next, [2, 0, 0], { depth: 1, count: 2 }), 3)).toEqual([
      [2, 3, 0],
      [2, 3, 0],
    ])
  })

  test('says what is wrong with its input', () => {
    const of = (path: number[], options: { depth: number; count: number }) => () =>
      mutate(uniformPrior(K), path, options)
    expect(of([3, 4], { depth: 1, count: 1 })).toThrow('a path of 2 codes is not whole: it takes 3')
    expect(of([3, 5, 0], { depth: 1, count: 1 })).toThrow('5 is none of the codes 0 to 4 of layer 1')
    expect(of([3, 4, 5], { depth: 4, count: 1 })).toThrow(
      'invalid depth: 4; give how many of 3 codes are kept',
    )
    expect(of([3, 4, 5], { depth: 1, count: 0 })).toThrow('invalid count: 0')
  })
})
