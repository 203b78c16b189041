/** Numbers, escapes and chart scales of a report. */

import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { parseHTML } from 'linkedom'
import { expect, test } from 'vitest'
import { condense, logarithmic } from '../../src/report/charts.ts'
import { bits, duration, large, plural, precise, psnr, shellWord } from '../../src/report/format.ts'
import { html, raw } from '../../src/report/html.ts'
import { titleOf } from '../../src/report/sections.ts'

test('numbers read well', () => {
  expect([0.01543, 1.234, 45.67, 123.4, 12345, 0, 1.5e-9].map(value => precise(value))).toEqual([
    '0.0154',
    '1.23',
    '45.7',
    '123',
    '12,345',
    '0',
    '1.50e-9',
  ])
  expect([undefined, Number.NaN, Number.POSITIVE_INFINITY].map(value => precise(value))).toEqual([
    '–',
    '–',
    '–',
  ])
  expect([950, 872_000, 76_290_000].map(large)).toEqual(['950', '872 k', '76.3 M'])
  expect([0.42, 9.96, 42, 92, 600, 1234, 7500, 7200].map(duration)).toEqual([
    '0.42 s',
    '10 s',
    '42 s',
    '1 min 32 s',
    '10 min',
    '20 min',
    '2 h 5 min',
    '2 h',
  ])
  expect([6, 9.5849, 117.4].map(bits)).toEqual(['6', '9.6', '117'])
  expect([plural(1, 'layer'), plural(1200, 'layer')]).toEqual(['1 layer', '1,200 layers'])
})

test('the PSNR of an error of a hundredth of the squared range is 20 dB', () => {
  expect(psnr(0.04)).toBeCloseTo(20, 12)
})

test('a page shows any string as it was given', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), text => {
      const { document } = parseHTML(
        `<!doctype html><html><body>${html`<p title="${text}">${text}</p>`}</body></html>`,
      )
      const shown = document.querySelector('p')
      expect(shown?.textContent).toBe(text)
      expect(shown?.getAttribute('title')).toBe(text)
    }),
    { seed: 1 },
  )
  expect(html`${null}${undefined}${false}${0}${['<', raw('<b>')]}`.text).toBe('0&#60;<b>')
})

test('a shell reads any path as one word', () => {
  const words = ['runs/a-1', 'with space', "it's", '$HOME', '~', '-rf', 'a"b\\c', '*', 'λ', '; ls', '!x']
  const printed = execFileSync('sh', ['-c', `printf '%s\\0' ${words.map(shellWord).join(' ')}`], {
    encoding: 'utf8',
  })
  expect(printed.split('\0').slice(0, -1)).toEqual(words)
  expect(shellWord('runs/a-1')).toBe('runs/a-1')
})

test('a title is the name of the data, not the way to them', () => {
  expect(['digits', 'folder:/home/me/birds/', 'zip:C:\\data\\x.zip'].map(titleOf)).toEqual([
    'Digits',
    'birds',
    'x.zip',
  ])
})

test('a logarithmic scale has few round ticks within its domain', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 1e-6, max: 1e3, noNaN: true }), { minLength: 1 }), values => {
      const { domain, ticks } = logarithmic(values, 8)
      expect(domain[0]).toBeLessThan(Math.min(...values))
      expect(domain[1]).toBeGreaterThan(Math.max(...values))
      expect(ticks.length).toBeGreaterThanOrEqual(2)
      expect(ticks.length).toBeLessThanOrEqual(10)
      for (const tick of ticks) expect(tick >= domain[0] && tick <= domain[1]).toBe(true)
    }),
    { seed: 1 },
  )
})

test('a condensed curve keeps its end and its mean level', () => {
  const readings = Array.from({ length: 1000 }, (_, i) => ({ step: i + 1, value: 0.25 }))
  const curve = condense(readings, 100)
  expect(curve.length).toBe(100)
  expect(curve[99].step).toBe(1000)
  for (const { value } of curve) expect(value).toBeCloseTo(0.25, 12)
  expect(condense(readings.slice(0, 3), 100)).toEqual(readings.slice(0, 3))
})
