/** Linear guides: the scores of the short ways are those of images that are really made and measured. */

import { describe, expect, test } from 'vitest'
import type { Candidates } from '../../src/ddn/layer.ts'
import { imagesOf } from '../../src/ddn/layer.ts'
import { constant } from '../../src/graph/index.ts'
import type { LinearMap } from '../../src/guides/guide.ts'
import { linearScores, measuredShape } from '../../src/guides/linear.ts'
import { measured } from '../../src/guides/measure.ts'
import { compile } from '../../src/runtime/index.ts'
import { noise } from './network.ts'

const size = 8
const [n, K, C] = [3, 5, 6]

function mask(side: number, soft: boolean): LinearMap {
  const weights = noise(side * side, 9).map(value => (soft ? Math.abs(value) : value > 0 ? 1 : 0))
  return { map: 'mask', weights }
}

const grey: LinearMap = { map: 'mix', matrix: [[0.299, 0.587, 0.114]] }
const measurements = (channels: 1 | 3): Record<string, LinearMap[]> => ({
  'the image itself': [],
  'a mask': [mask(8, false)],
  'a soft mask': [mask(8, true)],
  'an area average': [{ map: 'area', size: 4 }],
  'an area average to a size that does not divide': [{ map: 'area', size: 3 }],
  'and a mask of it': [{ map: 'area', size: 5 }, mask(5, true)],
  'an average of everything': [{ map: 'area', size: 1 }],
  'a mask of an area average': [{ map: 'area', size: 4 }, mask(4, true)],
  'an area average behind a mask': [mask(8, true), { map: 'area', size: 2 }],
  'any matrix': [{ map: 'matrix', rows: 7, matrix: noise(7 * channels * 64, 4) }],
  'a mask and then a matrix': [
    mask(8, false),
    { map: 'matrix', rows: 7, matrix: noise(7 * channels * 64, 4) },
  ],
  ...(channels === 3 && {
    grey: [grey],
    'grey, small and masked': [grey, { map: 'area', size: 4 }, mask(4, false)],
    'small, then grey': [{ map: 'area', size: 2 }, grey],
    'two mixes': [
      {
        map: 'mix',
        matrix: [
          [1, 0, 0],
          [0, 0.5, 0.5],
        ],
      } as const,
      { map: 'mix', matrix: [[0.2, 0.8]] } as const,
    ],
  }),
})

for (const channels of [1, 3] as const)
  describe(`of ${channels} channel${channels > 1 ? 's' : ''}`, () => {
    for (const [name, maps] of Object.entries(measurements(channels)))
      test(name, async () => {
        const shape = measuredShape(maps, { channels, size })
        const wanted = measured(maps, { images: noise(n * channels * 64, 5), channels, size })
        expect(wanted).toHaveLength(n * shape.reduce((a, b) => a * b))
        for (const [grid, patch] of [
          [2, 1],
          [4, 1],
          [4, 2],
          [2, 4],
          [8, 1],
        ]) {
          const side = grid * patch
          const previous = noise(n * channels * side * side, 6)
          const candidates: Candidates = {
            weights: constant(noise(K * channels * patch ** 2 * C, 7), [K, channels * patch ** 2 * C]),
            features: constant(noise(n * C * grid * grid, 8), [n, C, grid, grid]),
            patch,
            previous: constant(previous, [n, channels, side, side]),
            channels,
          }
          const spec = { index: 0, first: true, size: side, grid, patch, layers: 1, width: C, K }
          const guide = { kind: 'linear' as const, name, measurement: maps, wanted }
          const step = await compile(
            {
              outputs: {
                scores: linearScores(guide, { size }, spec, candidates, constant(wanted, [n, ...shape])),
                images: imagesOf(candidates),
              },
            },
            { threads: 1 },
          )
          const outputs = await step.run({})
          await step.close()
          const images = enlarged(outputs.images as Float32Array, n * K * channels, side)
          const found = measured(maps, { images, channels, size })
          const scores = outputs.scores as Float32Array
          const each = wanted.length / n
          const known = weightOf(maps)
          for (let i = 0; i < n; i++) {
            const expected = Array.from({ length: K }, (_, k) => {
              let sum = 0
              for (let j = 0; j < each; j++)
                sum += (found[(i * K + k) * each + j] - wanted[i * each + j]) ** 2
              return -sum / (known ? (each * known.sum) / known.count : each)
            })
            // A term that is the same for all candidates is left out.
            for (let k = 1; k < K; k++) {
              const [got, want] = [scores[i * K + k] - scores[i * K], expected[k] - expected[0]]
              expect(Math.abs(got - want)).toBeLessThan(
                2e-5 * (1 + Math.abs(expected[k]) + Math.abs(expected[0])),
              )
            }
          }
        }
      })
  })

test('what stands behind a mask that comes last is not wanted', async () => {
  const maps = [mask(8, false)]
  const { weights } = maps[0] as { weights: Float32Array }
  const clean = measured(maps, { images: noise(64, 5), channels: 1, size })
  const dirty = clean.map((value, i) => (weights[i] ? value : 99))
  const candidates: Candidates = {
    weights: constant(noise(K * C, 7), [K, C]),
    features: constant(noise(C * 64, 8), [1, C, 8, 8]),
    patch: 1,
    previous: null,
    channels: 1,
  }
  const spec = { index: 0, first: true, size, grid: 8, patch: 1, layers: 1, width: C, K }
  const scored = (wanted: Float32Array) =>
    linearScores(
      { kind: 'linear', name: 'mask', measurement: maps, wanted },
      { size },
      spec,
      candidates,
      constant(wanted, [1, 1, 8, 8]),
    )
  const step = await compile({ outputs: { a: scored(clean), b: scored(dirty) } }, { threads: 1 })
  const { a, b } = await step.run({})
  await step.close()
  expect(a).toEqual(b)
})

test('a measurement that does not fit says what does', () => {
  const of =
    (...maps: LinearMap[]) =>
    () =>
      measuredShape(maps, { channels: 1, size: 8 })
  expect(of({ map: 'area', size: 9 })).toThrow('9 is no size from 1 to 8')
  expect(of({ map: 'mask', weights: new Float32Array(9) })).toThrow('9 weights are not those of 8×8')
  expect(of(grey)).toThrow('each row needs 1 weights')
  expect(of({ map: 'matrix', rows: 2, matrix: new Float32Array(64) })).toThrow('not 2 rows of 64')
  expect(of({ map: 'matrix', rows: 1, matrix: new Float32Array(64) }, { map: 'area', size: 1 })).toThrow(
    'area comes after a matrix',
  )
})

/** Every pixel of [count, side, side] repeated to 8×8. */
function enlarged(planes: Float32Array, count: number, side: number): Float32Array {
  const factor = size / side
  return Float32Array.from({ length: count * 64 }, (_, i) => {
    const [y, x] = [Math.floor(i / 8) % 8, i % 8]
    return planes[(Math.floor(i / 64) * side + Math.floor(y / factor)) * side + Math.floor(x / factor)]
  })
}

/** Under masks that come last the mean is over their squared weights. */
function weightOf(maps: readonly LinearMap[]) {
  const last = maps[maps.length - 1]
  return last?.map === 'mask'
    ? { sum: last.weights.reduce((a, w) => a + w * w, 0), count: last.weights.length }
    : null
}
