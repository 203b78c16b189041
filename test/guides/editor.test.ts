/** Editing again and again: against editing once, against the images of the codes, and what is compiled for it. */

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { backend } from '#backend'
import type { DdnModel } from '../../src/ddn/model.ts'
import { combine } from '../../src/guides/combine.ts'
import { type EditOptions, Editor, edit, type LayerImages } from '../../src/guides/edit.ts'
import { blackBox } from '../../src/guides/guide.ts'
import { inpaint, reconstruct, superResolve } from '../../src/guides/tasks/linear.ts'
import { strokes } from '../../src/guides/tasks/strokes.ts'
import { networks, noise, open } from './network.ts'

const shape = { channels: 3, size: 8 }
const picture = (seed: number) => ({ images: noise(3 * 64, seed), ...shape })
const mask = (seed: number, soft = false) =>
  noise(64, seed).map(value => (soft ? Math.abs(value) : Number(value > 0)))
const paint = (seed: number) => ({
  width: 8,
  height: 8,
  data: Uint8Array.from(noise(256, seed), value => Math.round((value + 1) * 127)),
})
const bright = blackBox('bright', ({ images, shape: [n, K, C, H, W] }) => {
  const scores = new Float32Array(n * K)
  images.forEach((value, i) => {
    scores[Math.floor(i / (C * H * W))] += value
  })
  return scores
})

describe('an editor', () => {
  let model: DdnModel
  let editor: Editor
  beforeAll(async () => {
    model = await open(networks['in colour'])
    editor = new Editor(model)
  })
  afterAll(async () => {
    await editor.close()
    await model.close()
  })

  /** Edits of one plan: only what is fed differs. */
  const alike: Record<string, (seed: number) => EditOptions> = {
    'a mask': seed => ({ guide: inpaint(picture(seed), mask(seed)), count: 3, seed }),
    'a soft mask': seed => ({ guide: inpaint(picture(seed), mask(seed, true)), count: 3, seed }),
    'strokes and a mask by ranks': seed => ({
      guide: combine([
        { guide: strokes(paint(seed), shape), weight: 1 / seed },
        { guide: inpaint(picture(seed), mask(seed)), weight: seed, layers: [1, 0.5] },
      ]),
      count: 2,
      seed,
      beam: 2,
    }),
    'a small picture and a black box by scores': seed => ({
      guide: combine(
        [
          { guide: superResolve(picture(seed), 4), weight: 1 / seed },
          { guide: bright, weight: seed },
        ],
        'scores',
      ),
      count: 2,
      seed,
      pick: { rule: 'softmax', temperature: 0.3 },
    }),
  }

  for (const [name, options] of Object.entries(alike))
    test(`makes the same of ${name} as editing once, and compiles nothing for another`, async () => {
      const first = await editor.edit(options(1))
      expect(first).toEqual(await edit(model, options(1)))
      const opened = vi.spyOn(backend, 'open')
      const found = [await editor.edit(options(2)), await editor.edit(options(3))]
      expect(opened).not.toHaveBeenCalled()
      opened.mockRestore()
      expect(found).toEqual([await edit(model, options(2)), await edit(model, options(3))])
      expect(found[0].errors).not.toEqual(first.errors)
    })

  test('tells apart what programs depend on', async () => {
    const guide = reconstruct(picture(1))
    const different: EditOptions[] = [
      { guide },
      { guide, count: 2 },
      { guide, beam: 2 },
      { guide, pick: { rule: 'top', of: 2 } },
      { guide, pick: { rule: 'top', of: 3 } },
      { guide, pick: { rule: 'top', of: 3 }, strictness: [0.5, 1] },
      { guide, candidates: 2 },
      { guide, candidates: 2, seed: 1 },
      { guide: superResolve(picture(1), 2) },
      { guide: superResolve(picture(1), 4) },
      { guide: combine([guide, superResolve(picture(2), 4)]) },
      { guide: combine([guide, superResolve(picture(2), 4)], 'scores') },
      { guide: combine([guide, { guide: superResolve(picture(2), 4), weight: 0 }]) },
      { guide: combine([guide, { guide: superResolve(picture(2), 4), weight: 1, layers: [0, 0, 1] }]) },
    ]
    for (const options of [...different, ...different.slice(0, 3)])
      expect(await editor.edit(options)).toEqual(await edit(model, options))
  })

  test('edits that are asked for at once wait for each other', async () => {
    const options = alike['a mask']
    const found = await Promise.all([1, 2, 3].map(seed => editor.edit(options(seed))))
    for (const [i, result] of found.entries()) expect(result).toEqual(await edit(model, options(i + 1)))
  })

  test('after an end before its time, or a guide that fails, it edits on', async () => {
    const options = alike['a mask'](1)
    const reason = new Error('another stroke')
    const control = new AbortController()
    const seen: number[] = []
    const stopped = editor.edit({
      ...options,
      signal: control.signal,
      onLayer: ({ layer }) => {
        seen.push(layer.index)
        if (layer.index === 1) control.abort(reason)
      },
    })
    await expect(stopped).rejects.toBe(reason)
    expect(seen).toEqual([0, 1])
    const broken = blackBox('broken', () => [])
    await expect(editor.edit({ guide: broken })).rejects.toThrow('the guide broken gave 0 scores')
    expect(await editor.edit(options)).toEqual(await edit(model, options))
  })

  test('once closed it says so', async () => {
    const other = new Editor(model)
    await other.close()
    await expect(other.edit(alike['a mask'](1))).rejects.toThrow('this editor is closed')
  })
})

for (const name of Object.keys(networks))
  test(`the layers of a network ${name} are seen as they are chosen, and do not change the choice`, async () => {
    const config = networks[name]
    const model = await open(config)
    const { channels } = config
    const images = noise(channels * 64, 4)
    const options = {
      guide: inpaint({ images, channels, size: 8 }, mask(2)),
      // More than one batch.
      count: 40,
      seed: 3,
      pick: { rule: 'top', of: 3 },
    } as const
    const seen: LayerImages[] = []
    const watched = await edit(model, { ...options, onLayer: layer => void seen.push(layer) })
    expect(watched.codes).toEqual((await edit(model, options)).codes)
    expect(seen.map(({ layer, first }) => [first, layer.index])).toEqual(
      [0, 32].flatMap(first => [0, 1, 2].map(layer => [first, layer])),
    )
    const levels = await model.levels(watched.codes)
    for (const { images, layer, first } of seen) {
      const each = channels * layer.size ** 2
      const wanted = levels[layer.index].subarray(first * each, first * each + images.length)
      expect(images).toHaveLength((first ? 8 : 32) * each)
      // Two programs round differently.
      images.forEach((value, i) => {
        expect(Math.abs(value - wanted[i])).toBeLessThan(1e-5)
      })
    }
    await model.close()
  })

test('of a beam the first prefix of every result is seen, and a black box does not hide the layers', async () => {
  const model = await open(networks['grey, of patches'])
  const sizes: number[][] = []
  const { images } = await edit(model, {
    guide: bright,
    count: 3,
    beam: 4,
    onLayer: ({ images, layer }) => void sizes.push([layer.index, images.length]),
  })
  expect(sizes).toEqual([
    [0, 3 * 4],
    [1, 3 * 64],
    [2, 3 * 64],
  ])
  const last: Float32Array[] = []
  await edit(model, { guide: bright, count: 3, beam: 4, onLayer: ({ images }) => void last.push(images) })
  expect(last[2]).toEqual(images)
  await model.close()
})
