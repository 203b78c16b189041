/** PNG files with their recipes: a round trip of any text, and pixels that an independent decoder agrees with. */

import fc from 'fast-check'
import { decode } from 'fast-png'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { decodePngText, encodePng } from '../../src/report/png.ts'

const dot = { width: 1, height: 1, channels: 1, data: new Uint8Array([7]) } as const
const keyword = fc.stringMatching(/^[!-~]([ -~]{0,77}[!-~])?$/)
const value = fc.string({ unit: 'grapheme' }).filter(text => !text.includes('\0'))

test('text comes back as it was, in any script', () => {
  fc.assert(
    fc.property(fc.dictionary(keyword, value), text => {
      expect(Object.entries(decodePngText(encodePng(dot, text))).sort()).toEqual(Object.entries(text).sort())
    }),
    { seed: 1 },
  )
})

test('other decoders read the pixels, with text chunks in place', async () => {
  const data = Uint8Array.from({ length: 5 * 4 * 3 }, (_, i) => (i * 37) % 256)
  const png = encodePng({ width: 5, height: 4, channels: 3, data }, { recipe: '{"seed":7}', note: '木 ’' })
  expect(decode(png, { checkCrc: true })).toMatchObject({ width: 5, height: 4, channels: 3, data })
  expect(new Uint8Array(await sharp(png).raw().toBuffer())).toEqual(data)
})

test('text written by another encoder is read too', () => {
  expect(decode(encodePng(dot, { recipe: 'plain' })).text).toEqual({ recipe: 'plain' })
})

test('a keyword that PNG does not allow is named', () => {
  expect(() => encodePng(dot, { '': 'x' })).toThrow('invalid keyword: ""')
  expect(() => encodePng(dot, { ключ: 'x' })).toThrow('invalid keyword')
  expect(() => encodePng(dot, { recipe: 'a\0b' })).toThrow('NUL')
})

test('a file that is no PNG, or only its beginning, is an error', () => {
  expect(() => decodePngText(new Uint8Array([1, 2, 3]))).toThrow('not a PNG')
  const png = encodePng(dot, { recipe: 'x'.repeat(100) })
  for (const length of [8, 20, 60, png.length - 1])
    expect(() => decodePngText(png.subarray(0, length))).toThrow('breaks off')
})
