// Guides as files and flags say them: what they become, and what is said of those that cannot be.

import { encode } from 'fast-png'
import { describe, expect, test, vi } from 'vitest'
import { tokenizerOf } from '../../src/families/text-image/tokenizer.ts'
import { cast, input, mul, reduceSum, reshape, slice, writeModel } from '../../src/graph/index.ts'
import { edit } from '../../src/guides/edit.ts'
import { closeGuide, type GuideContext, guideFromSpec } from '../../src/guides/from-spec.ts'
import type { CandidateImages, LinearGuide } from '../../src/guides/guide.ts'
import { Judge } from '../../src/guides/judge.ts'
import { namedMask } from '../../src/guides/masks.ts'
import { measured } from '../../src/guides/measure.ts'
import { type GuideSpecInput, guideNames, parseGuideSpec } from '../../src/guides/spec.ts'
import {
  addNoise,
  colourise,
  denoise,
  inpaint,
  lowBit,
  reconstruct,
  superResolve,
} from '../../src/guides/tasks/linear.ts'
import { strokes } from '../../src/guides/tasks/strokes.ts'
import { type Files, filesOf, halves, model, spec } from './judge-models.ts'
import { networks, noise, open } from './network.ts'

const size = 8
const images = { images: noise(3 * size * size), channels: 3, size }

const paint = { width: 2, height: 2, data: Uint8Array.of(255, 0, 0, 255, ...new Array(12).fill(0)) }
const maskData = Uint8Array.from({ length: 64 }, (_, i) => (i < 16 ? 255 : 0))
const tokenizer = tokenizerOf(['owl', 'red'])

const embedding = writeModel({
  vector: mul(
    reshape(
      reduceSum(cast(slice(input('t', [1, ...tokenizer.shape], 'int32'), 2, 0, 2), 'float32'), [1]),
      [1, 2],
    ),
    1,
  ),
})

const files: Files = {
  'strokes.png': encode({ ...paint, channels: 4 }),
  'mask.png': encode({ width: 8, height: 8, data: maskData, channels: 1 }),
  'wide.png': encode({
    width: 16,
    height: 8,
    data: Uint8Array.from({ length: 128 }, (_, i) => (i % 16 < 6 ? 255 : 0)),
    channels: 1,
  }),
  'classes.json': spec(),
  'likeness.json': spec({
    output: { read: 'cosine' },
    vector: [1, 0],
    text: { model: 'text.onnx', tokenizer },
  }),
  'features.json': spec({ model: 'features.onnx', output: { read: 'features' } }),
  'halves.onnx': model(halves, ['N', 1, 4, 4]),
  'features.onnx': model(x => mul(x, 1), ['N', 1, 4, 4]),
  'text.onnx': embedding,
}

function context(changes: Partial<GuideContext> = {}): GuideContext & { notes: string[] } {
  const notes: string[] = []
  return {
    channels: 3,
    size,
    count: 2,
    images,
    readFile: filesOf(files),
    runtime: { threads: 1 },
    onNote: note => notes.push(note),
    notes,
    ...changes,
  }
}

const linear = (given: GuideSpecInput, changes?: Partial<GuideContext>) =>
  guideFromSpec(given, context(changes)) as Promise<LinearGuide>

describe('a specification becomes a guide', () => {
  test('of every linear task', async () => {
    expect(await linear({ guide: 'reconstruct' })).toEqual(reconstruct(images))
    expect(await linear({ guide: 'super-resolve', factor: 4 })).toEqual(superResolve(images, 4))
    expect(await linear({ guide: 'super-resolve', factor: 3 })).toEqual(superResolve(images, 3))
    expect(await linear({ guide: 'inpaint', mask: 'left' })).toEqual(inpaint(images, namedMask('left', 8)))
    expect(await linear({ guide: 'inpaint', mask: 'mask.png' })).toEqual(
      inpaint(
        images,
        Float32Array.from(maskData, value => value / 255),
      ),
    )
    expect(await linear({ guide: 'colourise' })).toEqual(colourise(images))
    expect(await linear({ guide: 'denoise' }, { seed: 3 })).toEqual(denoise(addNoise(images, 0.53, 3)))
    expect(await linear({ guide: 'denoise', sigma: 0 })).toEqual(denoise(images))
    expect(await linear({ guide: 'low-bit' })).toEqual(lowBit(images, 4))
    expect(await linear({ guide: 'low-bit', levels: 2 })).toEqual(lowBit(images, 2))
    expect(await linear({ guide: 'strokes', overlay: 'strokes.png' })).toEqual(
      strokes(paint, { channels: 3, size }),
    )
  })

  test('of every black box, which then scores candidates', async () => {
    const specs: GuideSpecInput[] = [
      { guide: 'reconstruct', norm: 'l1' },
      { guide: 'edges' },
      { guide: 'style' },
      { guide: 'style', judge: 'features.json' },
      { guide: 'similar', judge: 'features.json' },
      { guide: 'similar', judge: 'likeness.json' },
      { guide: 'similar', judge: 'likeness.json', to: 'vector' },
      { guide: 'class', judge: 'classes.json', label: 1 },
      { guide: 'class', judge: 'classes.json', label: ['left', 'right'] },
      { guide: 'class', judge: 'classes.json', certain: true },
      { guide: 'text', judge: 'likeness.json', text: 'red owl' },
    ]
    const layer = { index: 0, first: true, size, grid: size, patch: 1, layers: 1, width: 1, K: 3 }
    const candidates: CandidateImages = {
      images: noise(2 * 3 * 3 * size * size, 4),
      shape: [2, 3, 3, size, size],
      results: Int32Array.of(0, 1),
      layer,
    }
    for (const one of specs) {
      const guide = await guideFromSpec(one, context())
      if (guide.kind !== 'black-box') throw new Error(`${guide.name} is ${guide.kind}`)
      const scores = Array.from(await guide.score(candidates))
      expect(scores).toHaveLength(6)
      expect(new Set(scores).size).toBeGreaterThan(1)
      const errors = Array.from(await guide.error!(candidates))
      // Higher is better: the best score has the least error, where each result asks for the same.
      if (JSON.stringify(one).includes('[')) expect(errors).toHaveLength(6)
      else expect(errors.indexOf(Math.min(...errors))).toBe(scores.indexOf(Math.max(...scores)))
      expect(Math.min(...errors)).toBeGreaterThanOrEqual(0)
      await closeGuide(guide)
    }
  })

  test('of several, with their weights, sharing a judge', async () => {
    let read = 0
    const readFile = filesOf(files)
    const guide = await guideFromSpec(
      {
        by: 'scores',
        guides: [
          { guide: 'super-resolve', factor: 2, weight: 2, layers: [1, 0] },
          { guide: 'class', judge: 'classes.json', label: 'left' },
          { guide: 'class', judge: 'classes.json', certain: true, weight: 0.5 },
        ],
      },
      context({
        readFile: name => {
          if (name.endsWith('.onnx')) read++
          return readFile(name)
        },
      }),
    )
    if (guide.kind !== 'combined') throw new Error(guide.kind)
    expect(guide.by).toBe('scores')
    expect(guide.parts.map(({ weight, layers }) => [weight, layers])).toEqual([
      [2, [1, 0]],
      [1, undefined],
      [0.5, undefined],
    ])
    expect(read).toBe(1)
    await closeGuide(guide)
  })

  test('of one alone, which has all the say unless that changes over the layers', async () => {
    expect((await linear({ guide: 'reconstruct', weight: 3 })).kind).toBe('linear')
    expect((await linear({ guide: 'reconstruct', layers: [0, 1] })).kind).toBe('combined')
  })

  test('that steers a network', async () => {
    const network = await open(networks['in colour'])
    const guide = await guideFromSpec(
      {
        guides: [
          { guide: 'inpaint', mask: 'top' },
          { guide: 'class', judge: 'classes.json', label: 'left', weight: 0.5 },
        ],
      },
      context(),
    )
    const { images, errors, parts } = await edit(network, { guide, count: 2 })
    expect(images).toHaveLength(2 * 192)
    expect(parts.map(part => part.name)).toEqual(['inpaint', 'class by classes.json'])
    expect(errors.every(error => error > 0)).toBe(true)
    await closeGuide(guide)
    await network.close()
  })
})

describe('pictures are made to fit', () => {
  test('grey is repeated for a network in colour, colour becomes grey for a grey one', async () => {
    const grey = { images: noise(64), channels: 1, size }
    const { wanted } = await linear({ guide: 'reconstruct' }, { images: grey })
    expect(wanted).toEqual(Float32Array.from([...grey.images, ...grey.images, ...grey.images]))
    const toGrey = await linear({ guide: 'reconstruct' }, { channels: 1 })
    expect(toGrey.wanted).toHaveLength(64)
  })

  test('other sizes are resampled, and a note says so; a small picture to enlarge is taken as it is', async () => {
    const small = { images: noise(3 * 16), channels: 3, size: 4 }
    const asked = context({ images: small })
    const guide = (await guideFromSpec({ guide: 'reconstruct' }, asked)) as LinearGuide
    expect(guide.wanted).toHaveLength(192)
    expect(asked.notes).toEqual(['reconstruct: the picture is 4×4; it was resized to 8×8'])
    const quiet = context({ images: small })
    expect(
      ((await guideFromSpec({ guide: 'super-resolve', factor: 2 }, quiet)) as LinearGuide).wanted,
    ).toEqual(small.images)
    expect(quiet.notes).toEqual([])
  })

  test('masks of other sizes too', async () => {
    const asked = context()
    const guide = (await guideFromSpec({ guide: 'inpaint', mask: 'wide.png' }, asked)) as LinearGuide
    expect(asked.notes).toEqual(['wide.png is 16×8; it was cut to the 8×8 in its middle and resized to 8×8'])
    // Columns 4 and 5 of the wide mask are white: 0 and 1 of its middle.
    const wanted = measured(guide.measurement, { ...images, images: new Float32Array(192).fill(1) })
    expect(Array.from(wanted.subarray(0, 8))).toEqual([0, 0, 1, 1, 1, 1, 1, 1])
  })
})

describe('what cannot be is one sentence', () => {
  const wrong = async (given: object, sentence: string, changes?: Partial<GuideContext>) =>
    expect(guideFromSpec(given as GuideSpecInput, context(changes))).rejects.toThrow(sentence)

  test('about names and fields', async () => {
    await wrong({ guide: 'impaint' }, 'the guide: unknown guide "impaint"; did you mean inpaint?')
    await wrong({}, `the guide has no field guide, which says what it is: ${guideNames.join(', ')}`)
    await wrong({ guide: 'inpaint' }, 'the guide: mask is missing')
    await wrong({ guide: 'inpaint', mask: 'left', masks: 1 }, 'unknown field masks; did you mean mask?')
    await wrong({ guide: 'inpaint', mask: 'lef' }, 'unknown mask lef; did you mean left?')
    await wrong({ guide: 'inpaint', mask: 'gone.png' }, 'there is no file gone.png')
    await wrong({ guide: 'super-resolve', factor: 1 }, 'factor is 1; it must be at least 2')
    await wrong({ guide: 'super-resolve', factor: 16 }, 'factor is 16; it must be from 2 to 8')
    await wrong({ guide: 'low-bit', levels: 2.5 }, 'levels is 2.5; it must be a whole number')
    await wrong({ guide: 'reconstruct', norm: 'l3' }, 'norm is "l3"; did you mean l2?')
    await wrong({ guide: 'edges', weight: -1 }, 'weight is -1; it must be at least 0')
    await wrong({ guides: [] }, 'guides is []; it must be at least 1 long')
    await wrong(
      { guides: [{ guide: 'edges' }, { guide: 'edgy' }] },
      'guides.1: unknown guide "edgy"; did you mean edges?',
    )
    await wrong(
      { guides: [{ guide: 'edges', wieght: 1 }] },
      'unknown field guides.0.wieght; did you mean weight?',
    )
    await wrong({ guides: [{ guide: 'edges' }], bye: 'ranks' }, 'unknown field bye; did you mean by?')
    await wrong({ guides: [{ guide: 'edges', weight: 0 }] }, 'all weights are 0')
    expect(() => parseGuideSpec(null, 'guide.json')).toThrow('guide.json has no field guide')
  })

  test('about judges', async () => {
    await wrong(
      { guide: 'class', judge: 'classes.json' },
      'label is missing; give either label or "certain": true',
    )
    await wrong({ guide: 'class', judge: 'classes.json', label: 1, certain: true }, 'give either label or')
    await wrong(
      { guide: 'class', judge: 'classes.json', label: 7 },
      'classes.json has 2 classes, numbered from 0 to 1; there is no 7',
    )
    await wrong(
      { guide: 'class', judge: 'classes.json', label: [0, 1, 0] },
      '3 labels for 2 results: give one, or one for each',
    )
    await wrong({ guide: 'class', judge: 'gone.json', label: 1 }, 'there is no file gone.json')
    await wrong(
      { guide: 'text', judge: 'likeness.json', text: 'xyzzy' },
      'likeness.json knows no word of the text "xyzzy"',
    )
    await wrong({ guide: 'text', judge: 'classes.json', text: 'owl' }, 'classes.json has no text encoder')
  })

  test('about pictures', async () => {
    for (const guide of ['reconstruct', 'edges', 'style'])
      await wrong({ guide }, `${guide}: it goes by a picture, and none is given`, { images: undefined })
    const three = { images: noise(3 * 192), channels: 3, size }
    await wrong({ guide: 'reconstruct' }, '3 pictures for 2 results: give one, or one for each', {
      images: three,
    })
    await wrong({ guide: 'colourise' }, 'colourise: the network paints grey images', { channels: 1 })
    await wrong({ guide: 'strokes', overlay: 'classes.json' }, 'classes.json is not a whole PNG file')
    const broken = { ...images, images: new Float32Array(191) }
    await wrong({ guide: 'reconstruct' }, 'reconstruct: 191 values are not whole images of 3×8×8', {
      images: broken,
    })
  })

  test('and what was opened before is closed again', async () => {
    const close = vi.spyOn(Judge.prototype, 'close')
    const guides = [
      { guide: 'class', judge: 'classes.json', label: 0 },
      { guide: 'similar', judge: 'likeness.json' },
    ]
    await wrong({ guides: [...guides, { guide: 'inpaint', mask: 'lef' }] }, 'unknown mask lef')
    expect(new Set(close.mock.contexts.map(judge => (judge as Judge).name))).toEqual(
      new Set(['classes.json', 'likeness.json']),
    )
    close.mockRestore()
  })
})
