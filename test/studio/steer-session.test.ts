/** The room Steer without its page: against the same edit asked for directly, and what is said where something is wrong. */

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { backend } from '#backend'
import { ddnSchema } from '../../src/ddn/config.ts'
import type { DdnModel } from '../../src/ddn/model.ts'
import { classGuide, combine, edit, inpaint, openJudge, strokes } from '../../src/guides/index.ts'
import {
  FIRST_GUIDES,
  type GuideJson,
  guidesText,
  MASK_FILE,
  PAINT_FILE,
} from '../../src/studio/page/rooms/steer/form.ts'
import { blank, brushed, paintOf, rasterText } from '../../src/studio/page/rooms/steer/raster.ts'
import { defaults } from '../../src/studio/state.ts'
import { OwnFiles } from '../../src/studio/workers/steer-judges.ts'
import {
  RESULTS,
  type SeenLayer,
  Steering,
  type SteerRequest,
} from '../../src/studio/workers/steer-session.ts'
import { filesOf, halves, model as onnx, spec } from '../guides/judge-models.ts'
import { networks, noise, open } from '../guides/network.ts'

const examples = noise(2 * 64, 3)
const files = filesOf({
  'halves.json': spec(),
  'halves.onnx': onnx(halves, ['N', 1, 4, 4]),
})
const never = () => {}
const signal = new AbortController().signal
const wish = (guides: readonly GuideJson[], more: Partial<SteerRequest> = {}): SteerRequest => ({
  ...defaults,
  picture: 'example:1',
  guides: guidesText({ by: 'ranks', guides }),
  ...more,
})
const half = brushed(blank(8), { x: 2, y: 0 }, { x: 2, y: 8 }, 4, 1)
const mask = Float32Array.from(half.pixels)
const line = brushed(blank(8), { x: 5, y: 1 }, { x: 5, y: 6 }, 1, paintOf('#ffffff'))
const left: GuideJson = { guide: 'class', judge: 'halves.json', label: 'left' }

describe('steering', () => {
  let model: DdnModel
  let steering: Steering
  beforeAll(async () => {
    model = await open(networks['grey, of patches'])
    steering = new Steering(model, examples, files)
  })
  afterAll(() => steering.close())

  const picture = { images: examples.subarray(64), channels: 1, size: 8 }
  const pick = { rule: 'top', of: defaults.top } as const
  const overlay = {
    width: 8,
    height: 8,
    data: Uint8Array.from({ length: 256 }, (_, i) => (line.pixels[i >> 2] ? 255 : 0)),
  }

  test('gives what an edit with the same guides gives, with all layers on the way', async () => {
    const seen: SeenLayer[] = []
    const request = wish(
      [
        { guide: 'inpaint', mask: MASK_FILE, weight: 2 },
        { guide: 'strokes', overlay: PAINT_FILE, layers: [0, 1] },
      ],
      { mask: rasterText(half), paint: rasterText(line), seed: 5 },
    )
    const { errors, parts, levels } = await steering.run(request, layer => void seen.push(layer), signal)
    const expected = await edit(model, {
      guide: combine([
        { guide: inpaint(picture, mask), weight: 2 },
        { guide: strokes(overlay, { channels: 1, size: 8 }), weight: 1, layers: [0, 1] },
      ]),
      count: RESULTS,
      seed: 5,
      pick,
      strictness: [1],
      onLayer: never,
    })
    expect(steering.latest).toEqual(expected.images)
    expect(errors).toEqual(expected.errors)
    expect(parts).toEqual(expected.parts.map(part => part.errors))
    expect(levels).toBeNull()
    expect(seen.map(({ layer, size, images }) => [layer, size, images.length])).toEqual([
      [0, 2, RESULTS * 4],
      [1, 8, RESULTS * 64],
      [2, 8, RESULTS * 64],
    ])
    expect(seen[2].images).toEqual(expected.images)
  })

  test('a judge stays open from one run to the next, as long as it is asked for', async () => {
    const judge = await openJudge('halves.json', files)
    const guide = classGuide(judge, 'left')
    const more = { count: RESULTS, pick, candidates: 64, strictness: [1], onLayer: never }
    await steering.run(wish([left]), never, signal)
    const opened = vi.spyOn(backend, 'open')
    await steering.run(wish([left], { seed: 4 }), never, signal)
    expect(opened).not.toHaveBeenCalled()
    opened.mockRestore()
    expect(steering.latest).toEqual((await edit(model, { ...more, guide, seed: 4 })).images)
    await judge.close()
    await steering.run(wish([{ guide: 'reconstruct' }]), never, signal)
    const again = vi.spyOn(backend, 'open')
    await steering.run(wish([left]), never, signal)
    expect(again).toHaveBeenCalled()
    again.mockRestore()
  })

  test('a guide that goes by the picture is made anew for another one', async () => {
    const edges: GuideJson[] = [{ guide: 'edges' }]
    const first = await steering.run(wish(edges), never, signal)
    const other = await steering.run(wish(edges, { picture: 'example:0' }), never, signal)
    expect(other.shown[0]).not.toEqual(first.shown[0])
    expect((await steering.run(wish(edges), never, signal)).errors).toEqual(first.errors)
  })

  test('shows what every guide was told', async () => {
    const { shown } = await steering.run(
      wish([{ guide: 'super-resolve', factor: 8 }, { guide: 'inpaint', mask: 'left' }, left]),
      never,
      signal,
    )
    const mean = picture.images.reduce((a, b) => a + b) / 64
    for (const value of shown[0]!) expect(value).toBeCloseTo(mean, 5)
    shown[1]!.forEach((value, i) => {
      expect(value).toBe(i % 8 < 4 ? 0 : picture.images[i])
    })
    expect(shown[2]).toBeNull()
  })

  test('with a beam the layers are those of the results', async () => {
    const { levels } = await steering.run(wish([{ guide: 'reconstruct' }], { beam: 3 }), never, signal)
    expect(levels!.map(level => level.length)).toEqual([RESULTS * 4, RESULTS * 64, RESULTS * 64])
    levels![2].forEach((value, i) => {
      // Two programs round differently.
      expect(Math.abs(value - steering.latest![i])).toBeLessThan(1e-5)
    })
  })

  test('ends at a layer, and goes on with the next wish', async () => {
    const control = new AbortController()
    const seen: number[] = []
    const run = steering.run(
      wish(FIRST_GUIDES.guides),
      ({ layer }) => {
        seen.push(layer)
        control.abort()
      },
      control.signal,
    )
    const next = steering.run(wish(FIRST_GUIDES.guides), never, signal)
    await expect(run).rejects.toThrow('abort')
    expect(seen).toEqual([0])
    expect((await next).errors).toHaveLength(RESULTS)
    const late = steering.run(wish(FIRST_GUIDES.guides), never, control.signal)
    await expect(late).rejects.toThrow('abort')
  })

  const wrong: [what: string, request: SteerRequest, guide: number | undefined, message: RegExp][] = [
    ['no guide', wish([]), undefined, /^no guide is chosen: add one$/],
    [
      'colours of a grey network',
      wish([{ guide: 'edges' }, { guide: 'colourise' }]),
      1,
      /paints grey images/,
    ],
    ['a mask of nothing', wish([{ guide: 'inpaint', mask: MASK_FILE }]), 0, /^nothing is hidden yet/],
    [
      'a mask of everything',
      wish([{ guide: 'inpaint', mask: MASK_FILE }], { mask: '8.B1s.1' }),
      0,
      /hides all of 8×8 pixels/,
    ],
    [
      'a broken mask',
      wish([{ guide: 'inpaint', mask: MASK_FILE }], { mask: '8.B1.1' }),
      0,
      /mask in the address is/,
    ],
    ['no paint', wish([{ guide: 'strokes', overlay: PAINT_FILE }]), 0, /^nothing is painted yet/],
    ['a judge that is away', wish([{ ...left, judge: 'mine.json' }]), 0, /there is no file mine.json/],
    ['a class that is none', wish([{ ...left, label: 'up' }]), 0, /knows no class up/],
    ['a field that is none', wish([{ guide: 'edges', colour: 3 }]), 0, /unknown field colour/],
    [
      'weights of nothing',
      wish([
        { ...left, weight: 0 },
        { guide: 'edges', weight: 0 },
      ]),
      undefined,
      /all weights/,
    ],
    [
      'a broken picture',
      wish([{ guide: 'edges' }], { picture: 'abc' }),
      undefined,
      /picture in the address is broken/,
    ],
  ]
  test.each(wrong)('%s is said in a sentence, with the guide', async (_, request, guide, message) => {
    const error = await steering.run(request, never, signal).catch(error => error)
    expect(error.message).toMatch(message)
    expect(error.guide).toBe(guide)
  })

  test('after all that it still works', async () => {
    expect((await steering.run(wish([left]), never, signal)).errors).toHaveLength(RESULTS)
  })
})

test('a network that is told something hears it: a class, or what the picture shows', async () => {
  const stages = [{ grid: 8, layers: 2, width: 8, K: 4 }]
  for (const [condition, options] of [
    [{ kind: 'class', classes: 3 }, { labels: [2] }],
    [{ kind: 'low-res', size: 2 }, { images: examples.slice(64) }],
  ] as const) {
    const model = await open(ddnSchema.parse({ size: 8, stages, condition }))
    const steering = new Steering(model, examples, files)
    const guides: GuideJson[] = [{ guide: 'inpaint', mask: 'left' }]
    await steering.run(wish(guides, { told: 2 }), never, signal)
    const guide = inpaint(
      { images: examples.slice(64), channels: 1, size: 8 },
      Float32Array.from({ length: 64 }, (_, i) => Number(i % 8 < 4)),
    )
    const expected = await edit(model, {
      guide,
      count: RESULTS,
      pick: { rule: 'top', of: defaults.top },
      strictness: [1],
      condition: options,
      onLayer: never,
    })
    expect(steering.latest).toEqual(expected.images)
    await steering.close()
  }
})

describe('files that somebody brings', () => {
  const json = (value: object) => new TextEncoder().encode(JSON.stringify(value))
  const bytes = onnx(halves, ['N', 1, 4, 4])
  const own = () =>
    new OwnFiles(async name => {
      throw new Error(`there is no ${name}`)
    })

  test.each([
    ['description first', ['halves.json', 'halves.onnx']],
    ['model first', ['halves.onnx', 'halves.json']],
  ])('are a judge once both are there, %s', async (_, names) => {
    const files = own()
    const given: Record<string, Uint8Array> = { 'halves.json': json(spec()), 'halves.onnx': bytes }
    expect(files.add(names[0], given[names[0]])).toEqual([])
    expect(files.lacking()).toMatch(
      names[0].endsWith('json')
        ? /^halves.json describes a judge whose model is halves.onnx: bring that file too/
        : /^halves.onnx needs a description/,
    )
    expect(files.add(names[1], given[names[1]])).toMatchObject([
      { name: 'halves.json', spec: { model: 'halves.onnx' } },
    ])
    expect(files.lacking()).toBeNull()
    const judge = await openJudge('halves.json', files.read)
    expect(judge.shape).toEqual([2])
    await judge.close()
  })

  test('that are not what they are called are refused in a sentence', () => {
    const files = own()
    expect(() => files.add('a.onnx', json({ hello: 'world, as JSON' }))).toThrow(
      'a.onnx is not an ONNX model',
    )
    expect(() => files.add('a.onnx', new Uint8Array())).toThrow('a.onnx is not an ONNX model')
    expect(() => files.add('a.json', bytes)).toThrow('a.json is not JSON')
    expect(() =>
      files.add('a.json', json(spec({ input: { size: 4, channels: 2 as 1, range: [0, 1] } }))),
    ).toThrow('a.json: input.channels is 2; valid are 1, 3')
    expect(files.lacking()).toBeNull()
  })

  test('come before those of the server, and only bare names are asked of it', async () => {
    const asked: string[] = []
    const files = new OwnFiles(async name => {
      asked.push(name)
      return new Uint8Array([1])
    })
    files.add('mine.onnx', bytes)
    expect(await files.read('mine.onnx')).toBe(bytes)
    expect(await files.read('classifier.json')).toEqual(new Uint8Array([1]))
    files.remove('mine.onnx')
    await files.read('mine.onnx')
    expect(asked).toEqual(['classifier.json', 'mine.onnx'])
    for (const name of ['https://elsewhere.org/a.json', '../a.json', '/a.json', '.env', ''])
      await expect(files.read(name)).rejects.toThrow('is no name of a file that could be here')
  })
})
