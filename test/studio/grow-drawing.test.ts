/** Strokes as text and as a density: round trips, limits, and a plain count of what lies under the brush. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bins } from '../../src/ddn/density-targets.ts'
import { readState, stateSchema, writeState } from '../../src/studio/state.ts'
import {
  countPoints,
  drawnMasses,
  mostPoints,
  readStrokes,
  type Stroke,
  writeStrokes,
} from '../../src/studio/workers/grow-drawing.ts'

const coordinate = fc.double({ min: 0, max: 1, noNaN: true })
const strokes = fc.array(fc.array(fc.tuple(coordinate, coordinate), { minLength: 1, maxLength: 20 }), {
  maxLength: 5,
})

describe('a drawing', () => {
  test('comes back from its text with every point in the place of 1/64 where it was', () => {
    fc.assert(
      fc.property(strokes, given => {
        const places = (all: readonly Stroke[]) =>
          all.map(stroke => {
            const cells = stroke.map(point => point.map(v => Math.min(63, Math.floor(v * 64))).join())
            return cells.filter((cell, i) => cell !== cells[i - 1])
          })
        expect(places(readStrokes(writeStrokes(given)))).toEqual(places(given))
      }),
    )
  })

  test('is the same text again after it was read, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), text => {
        const once = writeStrokes(readStrokes(text))
        expect(writeStrokes(readStrokes(once))).toBe(once)
      }),
    )
  })

  test('never grows too long for the address, which brings it back', () => {
    const endless = Array.from({ length: 40 }, (_, s) =>
      Array.from({ length: 100 }, (_, i) => [(i % 64) / 64, ((i + s) % 64) / 64] as const),
    )
    const drawing = writeStrokes(endless)
    expect(countPoints(drawing)).toBe(mostPoints)
    const state = stateSchema.parse({ density: 'drawn', drawing })
    expect(readState(writeState(state))).toEqual(state)
  })
})

describe('its density', () => {
  test('covers what is nearer than 1.1 bins to a stroke, and nothing beyond 2.1', () => {
    const drawing = writeStrokes([
      [
        [0.1, 0.1],
        [0.6, 0.3],
        [0.55, 0.8],
      ],
      [[0.9, 0.9]],
    ])
    // The distance to points so close together on the strokes that what lies between them is 0.01 bins away.
    const dense = readStrokes(drawing).flatMap(stroke =>
      stroke.flatMap(([x, y], i) => {
        const [fromX, fromY] = stroke[Math.max(0, i - 1)]
        return Array.from({ length: 500 }, (_, n) => [
          fromX + (n / 499) * (x - fromX),
          fromY + (n / 499) * (y - fromY),
        ])
      }),
    )
    const masses = drawnMasses(drawing)
    for (let bin = 0; bin < bins * bins; bin += 7) {
      const [x, y] = [(bin % bins) + 0.5, Math.floor(bin / bins) + 0.5]
      const far = Math.min(...dense.map(([u, v]) => Math.hypot(bins * u - x, bins * v - y)))
      if (far < 1.1) expect(masses[bin], `bin ${bin}`).toBe(1)
      if (far > 2.15) expect(masses[bin], `bin ${bin}`).toBe(0)
      expect(masses[bin]).toBeCloseTo(Math.min(1, Math.max(0, 2.1 - far)), 1)
    }
  })

  test('is even everywhere while nothing is drawn', () => {
    expect(new Set(drawnMasses(''))).toEqual(new Set([1]))
  })
})
