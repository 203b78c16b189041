/** The room's picture from any of its bits, against what the codec itself makes of a file. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DdnFile } from '../../src/codec/container.ts'
import { decodeImages } from '../../src/codec/decode.ts'
import { encodeImages } from '../../src/codec/encode.ts'
import type { FloatPicture } from '../../src/codec/tiles.ts'
import type { DdnModel } from '../../src/ddn/model.ts'
import { codesToText, textToCodes } from '../../src/studio/page/rooms/compress/link.ts'
import { tileAt } from '../../src/studio/page/rooms/compress/tile-at.ts'
import { depthsAt, longest, meanSquare, pictureAt } from '../../src/studio/workers/compress-coded.ts'
import { codedOf, codesOf, tilingOf } from '../../src/studio/workers/compress-coding.ts'
import { countBits, fileOf } from '../../src/studio/workers/compress-count.ts'
import { drawnPrior, idealBits } from '../codec/paths.ts'
import { networks, noise, open } from '../guides/network.ts'

/** Uneven, and different at every node. */
const drawn = {
  prior: drawnPrior([4, 4, 4], 2, 3),
  fingerprint: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
}

for (const name of ['grey, of patches', 'in colour'] as const)
  describe(name, () => {
    let model: DdnModel
    let picture: FloatPicture
    beforeAll(async () => {
      model = await open(networks[name])
      // Three columns and two rows of tiles of 8 × 8 that share 2 pixels.
      picture = { width: 19, height: 13, data: noise(model.config.channels * 19 * 13) }
    })
    afterAll(() => model.close())

    test('codes, bits, file and error are those of encodeImages, with a beam too', async () => {
      for (const beam of [1, 3]) {
        const codes = await codesOf(model, picture, { beam })
        const coded = await codedOf(model, { width: 19, height: 13, codes })
        const expected = await encodeImages(model, [picture], { prior: drawn, beam })
        expect([...codes]).toEqual([...expected.codes[0]])
        const counted = countBits(drawn.prior, codes)
        const { bytes, headerBytes } = await fileOf(model, drawn, coded, counted)
        expect(bytes).toEqual(expected.bytes)
        expect(headerBytes).toBe(expected.headerBytes)
        expect(counted.bits.length).toBe(expected.bits[0])
        const whole = pictureAt(coded, depthsAt(counted, longest(counted)))
        // The two programs round differently.
        expect(meanSquare(whole.data, picture.data)).toBeCloseTo(expected.mse[0], 5)
      }
    })

    test('the picture of so many bits is the one that decodeImages makes of them', async () => {
      const codes = await codesOf(model, picture)
      const coded = await codedOf(model, { width: 19, height: 13, codes })
      const counted = countBits(drawn.prior, codes)
      const { bytes } = await fileOf(model, drawn, coded, counted)
      const file = DdnFile.open(bytes)
      for (let bits = 0; bits <= longest(counted) + 1; bits++)
        for await (const expected of decodeImages(model, file, { prior: drawn, bits })) {
          const { data } = pictureAt(coded, depthsAt(counted, bits))
          expect(meanSquare(data, expected.data)).toBeLessThan(1e-10)
        }
    })

    test('what the codes are worth adds up to their bits, but for the ends of the strings', async () => {
      const codes = await codesOf(model, picture)
      const { costs, starts, bits } = countBits(drawn.prior, codes)
      const L = model.layers.length
      let ideal = 0
      for (let at = 0; at < codes.length; at += L) ideal += idealBits(drawn.prior, codes.subarray(at, at + L))
      // The coder counts by whole frequencies, which of a rare code are some percent off: see `cumulated`.
      expect(costs.reduce((a, b) => a + b)).toBeCloseTo(ideal, 1)
      expect(bits.length).toBeGreaterThanOrEqual(ideal - 1e-9)
      expect(bits.length).toBeLessThanOrEqual(ideal + 2 * (starts.length - 1))
    })

    test('progress goes up to the whole', async () => {
      const shares: number[] = []
      await codesOf(model, picture, { beam: 2, onProgress: share => shares.push(share) })
      expect(shares).toEqual([...shares].sort((a, b) => a - b))
      expect(shares[0]).toBeLessThan(1)
      expect(shares[shares.length - 1]).toBeCloseTo(1, 9)
      const counts: number[] = []
      countBits(drawn.prior, await codesOf(model, picture), share => counts.push(share))
      expect(counts[counts.length - 1]).toBe(1)
    })
  })

test('without a bit the picture is grey', async () => {
  const model = await open(networks['grey, of patches'])
  const coded = await codedOf(model, { width: 8, height: 8, codes: Int32Array.of(1, 2, 3) })
  expect(pictureAt(coded, [0]).data.every(value => value === 0)).toBe(true)
  await model.close()
})

describe('a link', () => {
  const K = [512, 4, 3, 7]
  test('gives back the codes', () => {
    for (const codes of [
      [0, 0, 0, 0],
      [511, 3, 2, 6],
      [217, 1, 0, 5],
    ]) {
      const text = codesToText(K, codes)
      expect(text).toMatch(/^[\w-]*$/)
      expect([...textToCodes(K, text)]).toEqual(codes)
    }
  })

  test('holds 126 bits in 22 characters', () => {
    const even = new Array(14).fill(512)
    expect(codesToText(even, new Array(14).fill(300))).toHaveLength(22)
  })

  test('of anything else is refused in a sentence', () => {
    const good = codesToText(K, [217, 1, 0, 5])
    for (const text of ['', '_', `${good}AA`, good.slice(0, -2), '?'])
      expect(() => textToCodes(K, text)).toThrow(`The codes in the link, ${text}, are not those of a picture`)
  })
})

test('a place belongs to the tile that counts most there', async () => {
  const model = await open(networks['grey, of patches'])
  const coded = { width: 19, height: 13, tiling: tilingOf(model) }
  // Tiles begin at 0, 6 and 12; the middles of what they share are at 7 and 13.
  const at = (x: number, y: number) => tileAt(coded, x / 19, y / 13)
  expect([at(0, 0), at(6.9, 0), at(7.1, 0), at(13.1, 0), at(18.9, 0)]).toEqual([0, 0, 1, 2, 2])
  expect([at(0, 6.9), at(0, 7.1), at(18.9, 12.9)]).toEqual([0, 3, 5])
  await model.close()
})
