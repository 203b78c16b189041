/** Conditional networks: what they are told, in training and afterwards. */

import { describe, expect, test } from 'vitest'
import { random } from '../../src/data/rng.ts'
import { type Condition, conditionOf, EDGE_THRESHOLD, LUMINANCE } from '../../src/ddn/condition.ts'
import { type DdnConfig, ddnSchema, layersOf } from '../../src/ddn/config.ts'
import { DdnModel } from '../../src/ddn/model.ts'
import { layoutOf } from '../../src/ddn/program.ts'
import { constant, type Tensor } from '../../src/graph/index.ts'
import { edit } from '../../src/guides/edit.ts'
import { compile } from '../../src/runtime/index.ts'

const stages = [
  { grid: 2, layers: 2, width: 8, K: 4 },
  { grid: 4, patch: 2, layers: 1, width: 8, K: 4 },
]
const conditional = (condition: Condition, more: Record<string, unknown> = {}) =>
  ddnSchema.parse({ size: 8, channels: 3, stages, condition, ...more })

const N = 3
const noise = (length: number, seed = 0) => {
  const rng = random(seed, 'images')
  return Float32Array.from({ length }, () => 2 * rng.next() - 1)
}
const images = noise(N * 3 * 64)

function open(config: DdnConfig): Promise<DdnModel> {
  return DdnModel.open(config, layoutOf(config).initialise(random(5, 'weights')), { threads: 1 })
}

async function value(x: Tensor): Promise<Float32Array> {
  const step = await compile({ outputs: { x } }, { threads: 1 })
  const { x: values } = await step.run({})
  await step.close()
  return values as Float32Array
}

describe('the condition that an image shows', () => {
  const x = constant(images, [N, 3, 8, 8])
  const grey = (weights: readonly number[]) =>
    Float32Array.from({ length: N * 64 }, (_, i) => {
      const at = Math.floor(i / 64) * 192 + (i % 64)
      return weights.reduce((sum, weight, c) => sum + weight * images[at + c * 64], 0)
    })

  test('its grey is the luminance, or in training any mean of the channels', async () => {
    close(await value(conditionOf({ kind: 'grey' }, x)), grey(LUMINANCE))
    const mixing = constant(Float32Array.from([1, 0, 0, 0, 1, 0, 0, 0.5, 0.5]), [N, 3, 1, 1])
    const mixed = await value(conditionOf({ kind: 'grey' }, x, { mixing }))
    close(mixed.subarray(0, 64), grey([1, 0, 0]).subarray(0, 64))
    close(mixed.subarray(128), grey([0, 0.5, 0.5]).subarray(128))
  })

  test('its edges are where the gradient is steeper than a threshold', async () => {
    const found = await value(conditionOf({ kind: 'edges' }, x))
    const plane = grey(LUMINANCE)
    const at = (n: number, y: number, x: number) => plane[n * 64 + y * 8 + x]
    for (let n = 0; n < N; n++)
      for (let y = 0; y < 8; y++)
        for (let x = 0; x < 8; x++) {
          let steepness = 0
          if (y > 0 && y < 7 && x > 0 && x < 7) {
            const [a, b, c] = [-1, 0, 1].map(d => at(n, y + d, x + 1) - at(n, y + d, x - 1))
            const [d, e, f] = [-1, 0, 1].map(d => at(n, y + 1, x + d) - at(n, y - 1, x + d))
            steepness = Math.hypot(a + 2 * b + c, d + 2 * e + f) / 8
          }
          expect(found[n * 64 + y * 8 + x]).toBe(steepness > EDGE_THRESHOLD ? 1 : -1)
        }
    expect(new Set(found).size).toBe(2)
  })

  test('its low resolution is its area average', async () => {
    const low = await value(conditionOf({ kind: 'low-res', size: 4 }, x))
    close(
      low,
      Float32Array.from({ length: N * 3 * 16 }, (_, i) => {
        const [plane, y, x] = [Math.floor(i / 16), Math.floor(i / 4) % 4, i % 4]
        const at = (dy: number, dx: number) => images[plane * 64 + (2 * y + dy) * 8 + 2 * x + dx]
        return (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4
      }),
    )
  })
})

const kinds: Record<string, DdnConfig> = {
  'a class': conditional({ kind: 'class', classes: 5 }),
  grey: conditional({ kind: 'grey' }),
  edges: conditional({ kind: 'edges' }),
  'a low resolution': conditional({ kind: 'low-res', size: 4 }),
  "grey, in the paper's network": conditional(
    { kind: 'grey' },
    { feedback: 'channels', leak: true, stages: [2, 8].map(grid => ({ grid, layers: 2, width: 8, K: 4 })) },
  ),
  'a class, in the recurrent network': conditional(
    { kind: 'class', classes: 5 },
    {
      residual: false,
      recurrent: { widths: [8, 8], blocks: 1 },
      stages: [{ grid: 8, layers: 2, width: 8, K: 4 }],
    },
  ),
}

for (const [name, config] of Object.entries(kinds))
  test(`a network that is told ${name} paints other images for other conditions`, async () => {
    const model = await open(config)
    const isClass = config.condition!.kind === 'class'
    const told = isClass ? { labels: [0, 1, 2] } : { images }
    const other = isClass ? { labels: [4] } : { images: noise(192, 9) }
    const codes = await model.encode(images, { condition: told })
    const rebuilt = await model.decode(codes, { condition: told })
    expect(await model.reconstruct(images, { condition: told })).toEqual(rebuilt)
    expect(await model.decode(codes, { condition: other })).not.toEqual(rebuilt)
    // Ready values say the same.
    const values = await model.condition(told, N)
    expect(await model.decode(codes, { condition: values })).toEqual(rebuilt)
    // Guided towards the images under the same condition, the same codes are chosen.
    const guide = { kind: 'linear', name: 'likeness', measurement: [], wanted: images } as const
    for (const beam of [1, 2]) {
      const guided = await edit(model, { guide, count: N, condition: told, beam })
      if (beam === 1) expect(guided.codes).toEqual(codes)
      close(guided.images, await model.decode(guided.codes, { condition: told }), 1e-5)
    }
    await model.close()
  })

test('an image tells by itself what a network is told of it, but for its class', async () => {
  const grey = await open(kinds.grey)
  expect(await grey.encode(images)).toEqual(await grey.encode(images, { condition: { images } }))
  await expect(grey.sample({ count: 2 })).rejects.toThrow(
    'this network is told grey; give it, as labels or images',
  )
  const { images: drawn } = await grey.sample({ count: 2, condition: { images: images.subarray(0, 192) } })
  expect(drawn).toHaveLength(2 * 192)
  await grey.close()
  const ofClass = await open(kinds['a class'])
  await expect(ofClass.encode(images)).rejects.toThrow('told class; give it')
  await ofClass.close()
})

test('a condition that does not fit is refused, and says what would', async () => {
  const guide = { kind: 'linear', name: 'likeness', measurement: [], wanted: images } as const
  const model = await open(kinds['a class'])
  await expect(model.sample({ count: 1, condition: { labels: [5] } })).rejects.toThrow(
    'label 5 is none of 0 to 4',
  )
  await expect(model.sample({ count: 1, condition: { labels: [0.5] } })).rejects.toThrow('label 0.5')
  await expect(model.sample({ count: 3, condition: { labels: [1, 2] } })).rejects.toThrow('neither one nor 3')
  await expect(model.sample({ count: 1, condition: { images } })).rejects.toThrow('give a label')
  await expect(edit(model, { guide, count: N })).rejects.toThrow('this network is told class')
  await model.close()
  const edges = await open(kinds.edges)
  await expect(edges.sample({ count: 1, condition: { labels: [0] } })).rejects.toThrow(
    'told edges, not a label',
  )
  await edges.close()
  const free = await open(ddnSchema.parse({ size: 8, channels: 3, stages }))
  await expect(free.sample({ count: 1, condition: { labels: [0] } })).rejects.toThrow(
    'trained without one; leave it out',
  )
  await free.close()
})

test('conditions that make no sense are no configuration', () => {
  expect(() => layersOf(conditional({ kind: 'grey' }, { channels: 1 }))).toThrow('no other grey')
  expect(() => layersOf(conditional({ kind: 'low-res', size: 8 }))).toThrow('low-res 8 is no whole part of 8')
  expect(() => layersOf(conditional({ kind: 'low-res', size: 3 }))).toThrow('low-res 3 is no whole part')
})

function close(a: Float32Array, b: Float32Array, tolerance = 1e-6) {
  expect(a.length).toBe(b.length)
  for (let i = 0; i < a.length; i++) expect(Math.abs(a[i] - b[i])).toBeLessThan(tolerance)
}
