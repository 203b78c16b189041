/** Lines of a pen as pixels. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { distanceToSegment, drawStrokes, type Stroke } from '../../src/studio/page/lib/strokes.ts'

describe('strokes', () => {
  const red: Stroke = { points: [[0.5, 0.5]], width: 0.5, colour: [1, 0, 0] }

  test('a dot covers a disc of its width', () => {
    const { data } = drawStrokes([red], 64, 3)
    const area = 64 * 64
    // On white: what the ink takes away of green is what it covers.
    const covered = data.subarray(area, 2 * area).reduce((sum, value) => sum + (1 - value) / 2, 0)
    // Half covered pixels of the edge add up to a disc within a pixel or two.
    expect(covered).toBeCloseTo(Math.PI * 16 ** 2, -1)
    expect([...data.subarray(0, area)].every(value => value === 1)).toBe(true)
  })

  test('a line covers what is near it, and nothing else', () => {
    const { data } = drawStrokes(
      [
        {
          points: [
            [0.25, 0.5],
            [0.75, 0.5],
          ],
          width: 1 / 8,
          colour: [1, 1, 1],
        },
      ],
      32,
      1,
    )
    const at = (x: number, y: number) => data[32 * y + x]
    expect([at(16, 16), at(8, 15), at(16, 12), at(2, 16)]).toEqual([1, 1, -1, -1])
  })

  test('later ones lie over earlier ones, and none at all is the paper', () => {
    const blue: Stroke = { points: [[0.5, 0.5]], width: 0.5, colour: [0, 0, 1] }
    const middle = 32 * 64 + 32
    const { data } = drawStrokes([red, blue], 64, 3)
    expect([0, 1, 2].map(c => data[c * 64 * 64 + middle])).toEqual([-1, -1, 1])
    expect(drawStrokes([], 4, 1).data.every(value => value === -1)).toBe(true)
    expect(drawStrokes([], 4, 3).data.every(value => value === 1)).toBe(true)
  })
})

describe('the distance to a segment', () => {
  const at = fc.integer({ min: -20, max: 20 })

  test('is the least of those to its points', () => {
    fc.assert(
      fc.property(at, at, at, at, at, at, (x, y, ax, ay, bx, by) => {
        const steps = 1000
        const all = Array.from({ length: steps + 1 }, (_, i) => {
          const t = i / steps
          return Math.hypot(x - ax - t * (bx - ax), y - ay - t * (by - ay))
        })
        const found = distanceToSegment(x, y, ax, ay, bx, by)
        const least = Math.min(...all)
        expect(found).toBeLessThanOrEqual(least + 1e-9)
        // The nearest of these points is at most half a step along the segment from the nearest of all.
        expect(least - found).toBeLessThanOrEqual(Math.hypot(bx - ax, by - ay) / (2 * steps) + 1e-9)
      }),
    )
  })
})
