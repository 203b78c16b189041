/** Which picture follows from the address, and which requests are the same. */

import { expect, test } from 'vitest'
import { follow, keyOf, type Request, type Source } from '../../src/studio/page/rooms/compress/follow.ts'

const here = { model: 'digits', seed: 3, codes: '' }
const file: Source = { kind: 'file', id: 1, name: 'a.png', blob: new Blob([]) }
const link: Source = { kind: 'link' }
const example: Source = { kind: 'example' }

test('an address with codes is their picture, one without an example', () => {
  expect(follow({ ...here, codes: 'abc' }, null, example)).toEqual(link)
  expect(follow(here, null, example)).toEqual(example)
})

test('codes that change are followed, there and back', () => {
  const coded = { ...here, codes: 'abc' }
  expect(follow(coded, here, file)).toEqual(link)
  expect(follow({ ...here, codes: 'abd' }, coded, file)).toEqual(link)
  expect(follow(here, coded, link)).toEqual(example)
})

test('another seed is another example, whatever was there', () => {
  const before = { ...here, codes: 'abc' }
  expect(follow({ ...before, seed: 4 }, before, file)).toEqual(example)
  expect(follow({ ...before, seed: 4 }, before, link)).toEqual(example)
})

test('another model sees the same picture, unless it is codes of the first', () => {
  const before = { ...here, codes: 'abc' }
  expect(follow({ ...before, model: 'emoji' }, before, file)).toBe(file)
  expect(follow({ ...before, model: 'emoji' }, before, link)).toEqual(example)
})

test('an address that says nothing new leaves everything as it is', () => {
  for (const source of [file, link, example]) expect(follow({ ...here }, here, source)).toBe(source)
})

test('requests are the same as long as nothing changes that their codes follow from', () => {
  const request = (source: Source, more: Partial<Request> = {}): Request => ({
    ...here,
    fit: 'whole',
    beam: 1,
    invert: false,
    source,
    ...more,
  })
  const drawing: Source = { kind: 'drawing', id: 2, strokes: [] }
  const ddn: Source = { kind: 'ddn', id: 3, name: 'a.ddn', bytes: new Uint8Array(0), index: 0 }
  /** Whether each of them counts: seed, codes, fit, beam, invert, model. */
  const counts = (source: Source) =>
    [{ seed: 4 }, { codes: 'abc' }, { fit: 'tiles' }, { beam: 2 }, { invert: true }, { model: 'emoji' }].map(
      more => keyOf(request(source, more as Partial<Request>)) !== keyOf(request(source)),
    )
  expect(counts(example)).toEqual([true, false, false, true, false, true])
  expect(counts(link)).toEqual([false, true, false, false, false, true])
  expect(counts(file)).toEqual([false, false, true, true, true, true])
  expect(counts(drawing)).toEqual([false, false, false, true, false, true])
  expect(counts(ddn)).toEqual([false, false, false, false, false, true])
  expect(keyOf(request({ ...ddn, index: 1 }))).not.toBe(keyOf(request(ddn)))
  expect(keyOf(request({ ...file, id: 9 }))).not.toBe(keyOf(request(file)))
})
