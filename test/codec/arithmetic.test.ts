/** The arithmetic coder against the plain, long way, and against what information theory allows. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  CodeError,
  cumulated,
  decodePath,
  decodePrefix,
  encodePath,
  TOTAL,
} from '../../src/codec/arithmetic.ts'
import { BitWriter, bitAt } from '../../src/codec/bits.ts'
import { uniformPrior } from '../../src/codes/prior.ts'
import { random } from '../../src/data/rng.ts'
import { drawnPrior, idealBits, slowString } from './paths.ts'

const text = (bytes: Uint8Array, length: number) => Array.from({ length }, (_, i) => bitAt(bytes, i)).join('')

/** A prior, and a path in it. */
const cases = fc
  .record({
    K: fc.array(fc.integer({ min: 2, max: 40 }), { minLength: 1, maxLength: 12 }),
    seed: fc.nat(),
    skew: fc.constantFrom(1, 4, 40),
    // Shares of K: what is likely and what is not.
    shares: fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 12, maxLength: 12 }),
  })
  .map(({ K, seed, skew, shares }) => ({
    prior: drawnPrior(K, seed, skew),
    codes: K.map((k, l) => Math.floor(shares[l] * k)),
  }))

describe('strings', () => {
  test('are the shortest, and of these the lowest, whose whole interval lies in that of the path', () => {
    fc.assert(
      fc.property(cases, ({ prior, codes }) => {
        const out = new BitWriter()
        expect(encodePath(prior, codes, out)).toBe(out.length)
        expect(text(out.bytes(), out.length)).toBe(slowString(prior, codes))
      }),
    )
  })

  test('take less than 2 bits more than −log₂ of the probability', () => {
    fc.assert(
      fc.property(cases, ({ prior, codes }) => {
        const bits = encodePath(prior, codes, new BitWriter())
        const ideal = idealBits(prior, codes)
        // An edge is rounded by less than 1 of 2⁹ or more, so a code costs up to log₂ (1 / (1 − 2⁻⁸)) more or less.
        const rounding = codes.length * 0.006
        expect(bits).toBeLessThan(ideal + 2 + rounding)
        expect(bits).toBeGreaterThan(ideal - rounding - 1e-9)
      }),
    )
  })

  test('of even codes take exactly Σ log₂ K bits where every K is a power of two', () => {
    const K = [2, 64, 4096, 8, 65536, 512]
    const rng = random(0, 'codes')
    for (let i = 0; i < 20; i++) {
      const codes = K.map(k => rng.int(k))
      const out = new BitWriter()
      expect(encodePath(uniformPrior(K), codes, out)).toBe(1 + 6 + 12 + 3 + 16 + 9)
      // And they are the codes themselves, bit by bit.
      const plain = codes.map((code, l) => code.toString(2).padStart(Math.log2(K[l]), '0')).join('')
      expect(text(out.bytes(), out.length)).toBe(plain)
    }
  })

  test('one after the other come back without anything between them, and say where each ends', () => {
    fc.assert(
      fc.property(fc.array(cases, { minLength: 1, maxLength: 6 }), paths => {
        const out = new BitWriter()
        const lengths = paths.map(({ prior, codes }) => encodePath(prior, codes, out))
        let at = 0
        for (const [i, { prior, codes }] of paths.entries()) {
          const read = decodePath(prior, out.bytes(), at, out.length)
          expect([...read.codes]).toEqual(codes)
          expect(read.length).toBe(lengths[i])
          at += read.length
        }
      }),
    )
  })

  test('of many likely codes take less than a bit for all of them together', () => {
    const p = Float64Array.of(0.9999, 0.0001)
    const prior = {
      name: 'sure',
      K: new Array(40).fill(2),
      walk: () => ({ probabilities: () => p, take: () => {} }),
    }
    const out = new BitWriter()
    expect(encodePath(prior, new Array(40).fill(0), out)).toBe(1)
    expect([...decodePath(prior, out.bytes(), 0, 1).codes]).toEqual(new Array(40).fill(0))
  })

  test('are refused where they break off, or end otherwise than they are written', () => {
    let otherwise = 0
    fc.assert(
      fc.property(cases, ({ prior, codes }) => {
        const out = new BitWriter()
        const length = encodePath(prior, codes, out)
        const bytes = out.bytes()
        expect(() => decodePath(prior, bytes, 0, length - 1)).toThrow(CodeError)
        // The last bit turned over: another path, or none.
        bytes[(length - 1) >> 3] ^= 128 >> ((length - 1) & 7)
        let read: Int32Array
        try {
          read = decodePath(prior, bytes, 0, length).codes
        } catch (error) {
          expect(error).toBeInstanceOf(CodeError)
          otherwise++
          return
        }
        const again = new BitWriter()
        encodePath(prior, read, again)
        expect(text(bytes, again.length)).toBe(text(again.bytes(), again.length))
      }),
    )
    expect(otherwise).toBeGreaterThan(0)
  })

  test('of codes that the prior does not have are not written', () => {
    const prior = uniformPrior([4, 4])
    expect(() => encodePath(prior, [1, 4], new BitWriter())).toThrow(
      '4 is none of the codes 0 to 3 of layer 1',
    )
    expect(() => encodePath(prior, [1], new BitWriter())).toThrow('1 codes are no path of 2 layers')
  })
})

describe('prefixes', () => {
  test('fix as many codes as are the same whatever follows', () => {
    fc.assert(
      fc.property(cases, fc.double({ min: 0, max: 1, noNaN: true }), ({ prior, codes }, share) => {
        const out = new BitWriter()
        const length = encodePath(prior, codes, out)
        const count = Math.round(share * length)
        const known = decodePrefix(prior, out.bytes(), 0, count)
        expect([...known]).toEqual(codes.slice(0, known.length))
        // The oracle: follow the prefix by zeros and by ones, longer than any path is; what agrees is certain.
        const [lowest, highest] = [0, 1].map(bit => {
          const bits = new BitWriter()
          for (let i = 0; i < count; i++) bits.push(bitAt(out.bytes(), i))
          for (let i = 0; i < 400; i++) bits.push(bit)
          return [...decodePrefix(prior, bits.bytes(), 0, bits.length)]
        })
        const first = lowest.findIndex((code, l) => code !== highest[l])
        expect(known.length).toBe(first < 0 ? codes.length : first)
      }),
    )
  })

  test('of even codes fix a code with each log₂ K bits', () => {
    const prior = uniformPrior([8, 8, 8])
    const out = new BitWriter()
    encodePath(prior, [5, 2, 7], out)
    const known = Array.from({ length: 10 }, (_, bits) => decodePrefix(prior, out.bytes(), 0, bits).length)
    expect(known).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2, 3])
  })

  test('that are whole fix everything', () => {
    fc.assert(
      fc.property(cases, ({ prior, codes }) => {
        const out = new BitWriter()
        const length = encodePath(prior, codes, out)
        expect([...decodePrefix(prior, out.bytes(), 0, length)]).toEqual(codes)
      }),
    )
  })
})

describe('frequencies', () => {
  test('are at least 1, add up to their total, and lose no more than their formula says', () => {
    for (const K of [2, 3, 64, 4096, 65536]) {
      const p = drawnPrior([K], K, 30).walk().probabilities()
      const upTo = cumulated({ name: 'drawn' }, p)
      expect(upTo[0]).toBe(0)
      expect(upTo[K]).toBe(TOTAL)
      let lost = 0
      for (let k = 0; k < K; k++) {
        const f = upTo[k + 1] - upTo[k]
        expect(f).toBeGreaterThanOrEqual(1)
        if (p[k] > 0) lost = Math.max(lost, Math.log2(p[k]) - Math.log2(f / TOTAL))
      }
      expect(lost).toBeLessThanOrEqual(-Math.log2(1 - K / TOTAL) + 1e-12)
    }
  })

  test('of a prior that gives no probabilities are refused, with what it gives', () => {
    const prior = { name: 'mine' }
    expect(() => cumulated(prior, Float64Array.of(0.5, Number.NaN))).toThrow(
      'the prior mine gives the probability NaN to code 1',
    )
    expect(() => cumulated(prior, Float64Array.of(0.5, -0.5, 1))).toThrow('-0.5 to code 1')
    expect(() => cumulated(prior, Float64Array.of(0.5, 0.4))).toThrow('add up to 0.9, not to 1')
  })
})
