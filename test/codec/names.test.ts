/** File names from strangers: they stay in their folder, on any system. */

import { join, posix, relative, resolve, win32 } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fileNames } from '../../src/codec/names.ts'

const name = (given: string) => fileNames(1)(0, given)

describe('a name', () => {
  for (const [given, due] of [
    ['a.jpg', 'a.png'],
    ['holiday/a.PNG', 'holiday/a.png'],
    ['archive.tar', 'archive.tar.png'],
    ['../../etc/passwd', 'etc/passwd.png'],
    ['/etc/cron.d/x', 'etc/cron.d/x.png'],
    ['..\\..\\x', 'x.png'],
    ['C:\\Windows\\x.png', 'C_/Windows/x.png'],
    ['\\\\server\\share\\x', 'server/share/x.png'],
    ['a\0b.png', 'a_b.png'],
    ['a.png:stream', 'a.png_stream.png'],
    ['CON', '_CON.png'],
    ['nul.png', '_nul.png'],
    ['aux/com1.txt', '_aux/_com1.txt.png'],
    ['lpt¹', '_lpt¹.png'],
    ['.bashrc', '_bashrc.png'],
    ['a/b. /c.', 'a/b_/c_.png'],
    ['....//x', 'x.png'],
    ['a.png/b.png', 'a.png_/b.png'],
    ['\u202egnp.x', '_gnp.x.png'],
    ['', '000.png'],
    ['./.', '000.png'],
  ])
    test(`${JSON.stringify(given)} becomes ${due}`, () => {
      expect(name(given)).toBe(due)
    })

  test('that is too long is cut, at a whole character', () => {
    const part = name('é'.repeat(400)).slice(0, -4)
    expect(new TextEncoder().encode(part).length).toBe(200)
    expect(part).toMatch(/^é+$/)
    expect(name(`${'a/'.repeat(500)}b`).split('/')).toHaveLength(8)
  })
})

test('names that some system takes for one are told apart', () => {
  const next = fileNames(9)
  const given = ['a.png', 'a.jpg', 'A.PNG', 'a-2.png', 'straße', 'STRASSE', 'e\u0301', '\u00e9', undefined]
  expect(given.map((name, i) => next(i, name))).toEqual([
    'a.png',
    'a-2.png',
    'A-3.png',
    'a-2-2.png',
    'straße.png',
    'STRASSE-2.png',
    'e\u0301.png',
    '\u00e9-2.png',
    '008.png',
  ])
})

test('numbers are as wide as the last one', () => {
  const next = fileNames(12345)
  expect([next(7), next(12344)]).toEqual(['00007.png', '12344.png'])
})

test('whatever they are, names are different, stay in the folder and end in .png', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 6 }),
    fc.constantFrom('..', '.', '/', '\\', '\0', 'con', 'NUL', 'C:', ' ', '.png', 'a', 'A', '\ud800'),
  )
  const given = fc.array(piece, { maxLength: 8 }).map(pieces => pieces.join(''))
  fc.assert(
    fc.property(fc.array(given, { maxLength: 12 }), names => {
      const next = fileNames(names.length)
      const made = names.map((name, i) => next(i, name))
      expect(new Set(made.map(name => name.toLowerCase())).size).toBe(made.length)
      for (const name of made) {
        expect(name).toMatch(/\.png$/)
        expect(name).not.toMatch(/\p{Cs}/u)
        expect(resolve('/out', name)).toBe(join('/out', name))
        expect(relative('/out', resolve('/out', name))).not.toMatch(/^\.\./)
        expect(posix.isAbsolute(name) || win32.isAbsolute(name) || win32.parse(name).root !== '').toBe(false)
        // No file stands where another needs a folder.
        for (const folder of name.split('/').slice(0, -1)) expect(folder).not.toMatch(/\.png$/i)
      }
    }),
  )
})

test('a hundred thousand equal names take no more than a moment', () => {
  const next = fileNames(100_000)
  const started = performance.now()
  for (let i = 0; i < 100_000; i++) next(i, 'same')
  expect(next(0, 'same')).toBe('same-100001.png')
  // A comparison with each one before would be 5 · 10⁹ of them.
  expect(performance.now() - started).toBeLessThan(5000)
})
