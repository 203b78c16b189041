/** Forms of guides: whatever can be chosen in them is a specification that the schema takes. */

import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { type GuideName, guideNames, parseGuideSpec } from '../../src/guides/index.ts'
import {
  FIRST_GUIDES,
  type Field,
  type FormContext,
  fieldsOf,
  type GuideJson,
  guidesText,
  newGuide,
  offBy,
  offered,
  readGuides,
  shownValue,
  titles,
  withDrawing,
  withValue,
} from '../../src/studio/page/rooms/steer/form.ts'
import { factsOf, shippedJudges } from '../../src/studio/workers/steer-judges.ts'

let context: FormContext
beforeAll(async () => {
  const shipped = shippedJudges.map(async name =>
    factsOf(name, JSON.parse(await readFile(`models/${name}`, 'utf8'))),
  )
  context = { size: 32, judges: await Promise.all(shipped) }
})

/** A few of the values that a field can be given. */
function valuesOf(field: Field): unknown[] {
  if (field.kind === 'choice') return field.options.map(option => option.value)
  if (field.kind === 'number') return [field.min, field.max, field.min + field.step]
  return ['a word']
}

describe.each(guideNames)('the guide %s', guide => {
  test('is offered, with a title', () => {
    expect(offered).toContain(guide)
    expect(titles[guide].says).toMatch(/\w/)
  })

  test('begins as a specification that is whole', () => {
    expect(parseGuideSpec(newGuide(guide, context)).guides[0]).toMatchObject({ guide, weight: 1 })
  })

  test('stays one whatever is chosen in its fields, which then show it', () => {
    const first = newGuide(guide, context)
    for (const field of fieldsOf(first, context))
      for (const value of valuesOf(field)) {
        const changed = withValue(first, field.name, value)
        parseGuideSpec(changed)
        expect(shownValue(changed, field)).toEqual(value ?? shownValue(newGuide(guide, context), field))
      }
  })

  test('shows the values that the schema gives where nothing is said', () => {
    const first = newGuide(guide, context)
    const spec = parseGuideSpec(first).guides[0] as Record<string, unknown>
    for (const field of fieldsOf(first, context)) expect(shownValue(first, field)).toEqual(spec[field.name])
  })

  test('has a field for everything that the schema knows, but for what is drawn', () => {
    const said: Partial<Record<GuideName, string[]>> = {
      strokes: ['weight', 'layers'],
      class: ['judge', 'label', 'weight', 'layers'],
      'super-resolve': ['factor', 'weight', 'layers'],
      inpaint: ['mask', 'weight', 'layers'],
    }
    const names = fieldsOf(newGuide(guide, context), context).map(({ name }) => name)
    expect(names).toEqual(said[guide] ?? names)
    expect(names).toEqual(expect.arrayContaining(['weight', 'layers']))
  })
})

test('judges are offered to the guides that they can serve', () => {
  const judges = (guide: GuideName) => {
    const field = fieldsOf(newGuide(guide, context), context).find(({ name }) => name === 'judge')!
    return valuesOf(field)
  }
  expect(judges('class')).toEqual(['classifier.json'])
  expect(judges('text')).toEqual(['text-image.json'])
  expect(judges('similar')).toEqual(['text-image.json'])
  expect(judges('style')).toEqual([undefined])
  const field = fieldsOf(newGuide('class', context), context).find(({ name }) => name === 'judge')!
  expect(field.kind === 'choice' && field.options[0].title).toBe('classifier')
})

test('an error is said with its scale', () => {
  expect(offBy(Float32Array.of(0.25, 0.5))).toBe('off by 0.38 (0 is perfect)')
})

test('the classes of a judge are chosen by name; without names by number; or any', () => {
  const known = newGuide('class', context)
  const label = (json: GuideJson, from: FormContext) =>
    fieldsOf(json, from).find(({ name }) => name === 'label')!
  const field = label(known, context)
  expect(field.kind === 'choice' && field.options.map(({ title }) => title)).toEqual([
    ...'0123456789',
    'any, as long as the judge is sure',
  ])
  expect(withValue(known, 'label', '*')).toEqual({ guide: 'class', judge: 'classifier.json', certain: true })
  const nameless = { ...context, judges: [{ ...context.judges[0], classes: null }] }
  expect(label(known, nameless)).toMatchObject({ kind: 'number', min: 0 })
})

test('another judge begins with its first class', () => {
  const certain = withValue(newGuide('class', context), 'label', '*')
  expect(withValue(certain, 'judge', 'mine.json')).toEqual({ guide: 'class', judge: 'mine.json', label: 0 })
})

test('without a judge that could serve it a guide says so', () => {
  const none = { size: 32, judges: [] }
  expect(() => parseGuideSpec(newGuide('text', none))).toThrow('judge is missing')
})

test('the address leaves out the first guides, and brings all others back', () => {
  expect(guidesText(FIRST_GUIDES)).toBe('')
  const guides = guideNames.map(name => newGuide(name, context))
  for (const by of ['ranks', 'scores'] as const)
    expect(readGuides(guidesText({ by, guides }))).toEqual({ by, guides })
  expect(readGuides(guidesText({ by: 'scores', guides: FIRST_GUIDES.guides }))).toMatchObject({
    by: 'scores',
  })
})

test('what is no list of guides counts as not said', () => {
  const texts = [
    '',
    'nonsense',
    '3',
    'null',
    '{}',
    '{"guides":3}',
    '{"guides":[{"guide":"dance"}]}',
    '{"guides":[null]}',
  ]
  for (const text of [...texts, '{"by":"luck","guides":[]}']) expect(readGuides(text)).toEqual(FIRST_GUIDES)
})

describe('drawing', () => {
  const left: GuideJson = { guide: 'inpaint', mask: 'left', weight: 2 }
  const three: GuideJson = { guide: 'class', judge: 'classifier.json', label: 3 }

  test('on the mask makes the mask one’s own', () => {
    expect(withDrawing({ by: 'ranks', guides: [left, three] }, 'mask', false)).toEqual({
      by: 'ranks',
      guides: [{ ...left, mask: 'mask.png' }, three],
    })
  })

  test('adds the guide that heeds it', () => {
    const { guides } = withDrawing({ by: 'scores', guides: [three] }, 'mask', false)
    expect(guides).toEqual([three, { guide: 'inpaint', mask: 'mask.png' }])
    const painted = withDrawing({ by: 'scores', guides: [left] }, 'paint', false)
    expect(painted.guides).toEqual([left, { guide: 'strokes', overlay: 'strokes.png' }])
    expect(withDrawing(painted, 'paint', false)).toEqual(painted)
  })

  test('away all paint takes it away again, unless nothing else would be left', () => {
    const strokes: GuideJson = { guide: 'strokes', overlay: 'strokes.png' }
    expect(withDrawing({ by: 'ranks', guides: [left, strokes] }, 'paint', true).guides).toEqual([left])
    expect(withDrawing({ by: 'ranks', guides: [strokes] }, 'paint', true).guides).toEqual([strokes])
  })
})
