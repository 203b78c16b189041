/** Label precision on rankings small enough to count by hand. */

import { describe, expect, test } from 'vitest'
import { precisionAt, smallest } from '../../src/eval/retrieval.ts'

const labels = [0, 0, 1, 1, 2]

describe('precision at n', () => {
  test('counts the results that have the label of their query', () => {
    const rankings = [
      [0, 2, 1],
      [4, 3, 2],
    ]
    expect(precisionAt(1, { queries: [0, 1], labels, rankings })).toBe(1 / 2)
    expect(precisionAt(2, { queries: [0, 1], labels, rankings })).toBe(2 / 4)
    expect(precisionAt(3, { queries: [0, 1], labels, rankings })).toBe(4 / 6)
  })

  test('is 1 where all are right, and 0 where none is', () => {
    expect(precisionAt(2, { queries: [0], labels, rankings: [[1, 0]] })).toBe(1)
    expect(precisionAt(2, { queries: [7], labels, rankings: [[1, 0]] })).toBe(0)
  })

  test('does not look at what comes after n', () => {
    const before = precisionAt(2, { queries: [1], labels, rankings: [[2, 0, 3, 1, 4]] })
    expect(precisionAt(2, { queries: [1], labels, rankings: [[2, 0, 4, 4, 4]] })).toBe(before)
  })

  test('says what is missing', () => {
    const of = (n: number, queries: number[], rankings: number[][], known = labels) =>
      precisionAt(n, { queries, labels: known, rankings })
    expect(() => of(3, [0], [[0, 1]])).toThrow('query 0 has 2 results, fewer than 3')
    expect(() => of(1, [0, 1], [[0]])).toThrow('1 rankings for 2 queries')
    expect(() => of(1, [], [])).toThrow('0 rankings for 0 queries')
    expect(() => of(0, [0], [[0]])).toThrow('invalid n: 0')
    expect(() => of(1, [0], [[1]], [0, -1])).toThrow('query 0: result 1 has no label')
    expect(() => of(1, [0], [[9]])).toThrow('query 0: result 9 has no label')
  })
})

test('the smallest values come in order, and of equal ones the earlier first', () => {
  expect(Array.from(smallest([3, 1, 2, 1, 0], 4))).toEqual([4, 1, 3, 2])
  expect(Array.from(smallest([1, 1], 5))).toEqual([0, 1])
})
