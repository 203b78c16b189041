/** Pixels on their way into the room: sizes, light, strokes, formats, and what a file is meant as. */

import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { type FloatPicture, tileGrid } from '../../src/codec/tiles.ts'
import { luminance } from '../../src/data/resize.ts'
import { encodePng } from '../../src/report/png.ts'
import { given, recipeOf } from '../../src/studio/page/rooms/compress/recipe.ts'
import { farOff } from '../../src/studio/page/rooms/compress/sizes.ts'
import { defaults } from '../../src/studio/state.ts'
import { bareLength, type Peer, search } from '../../src/studio/workers/compress-peers.ts'
import {
  fitted,
  inverted,
  MAX_TILES,
  tiled,
  toValues,
  within,
} from '../../src/studio/workers/compress-pictures.ts'

const even = (width: number, height: number, value: number): FloatPicture => ({
  width,
  height,
  data: new Float32Array(width * height).fill(value),
})

describe('a picture', () => {
  test('of a canvas becomes colours, or grey by luminance', () => {
    const data = Uint8Array.of(255, 0, 0, 255, 0, 51, 255, 255)
    const colour = toValues({ width: 2, height: 1, data }, 3)
    expect([...colour.data].map(value => Math.round((value + 1) * 127.5))).toEqual([255, 0, 0, 51, 0, 255])
    const grey = toValues({ width: 2, height: 1, data }, 1)
    const bytes = [...luminance(Uint8Array.of(255, 0, 0, 51, 0, 255))]
    expect([...grey.data].map(value => Math.round((value + 1) * 127.5))).toEqual(bytes)
  })

  test('of the size of the network stays as it is', () => {
    const picture = { width: 4, height: 4, data: Float32Array.from({ length: 16 }, (_, i) => i / 16) }
    expect(fitted(picture, { channels: 1, size: 4 })).toEqual({ picture, notes: [] })
    expect(tiled(picture, { channels: 1, size: 4 }).picture).toBe(picture)
  })

  test('that is not square stands in the middle, on the mean colour of its edge, and it is said', () => {
    const picture = { width: 4, height: 2, data: Float32Array.of(-1, -1, -1, -1, 1, 1, 1, 1) }
    const { picture: square, notes } = fitted(picture, { channels: 1, size: 4 })
    const rows = [0, 1, 2, 3].map(y => [...square.data.subarray(4 * y, 4 * y + 4)])
    expect(rows).toEqual([0, -1, 1, 0].map(value => new Array(4).fill(value)))
    expect(notes).toEqual(['It is not square: the rest is filled with the mean colour of its edge.'])
  })

  test('of another size is resized, and it is said', () => {
    const small = fitted(even(64, 64, 0.5), { channels: 1, size: 8 })
    expect(small.picture).toEqual(even(8, 8, 0.5))
    expect(small.notes).toEqual(['The picture is 64 × 64; it was made smaller, to 8 × 8.'])
    const large = fitted(even(2, 2, 0.5), { channels: 1, size: 8 })
    expect(large.notes).toEqual(['The picture is 2 × 2; it was enlarged to 8 × 8.'])
  })

  test('of too many tiles is made as large as they allow, in its shape, and it is said', () => {
    const { picture, notes } = tiled(even(4000, 1000, 0.25), { channels: 1, size: 32 })
    const { count } = tileGrid(picture.width, picture.height, { size: 32, overlap: 8 })
    expect(count).toBeLessThanOrEqual(MAX_TILES)
    expect(picture.width / picture.height).toBeCloseTo(4, 0)
    expect(notes[0]).toMatch(
      /^The picture is 4000 × 1000; it was made smaller, to \d+ × \d+, which are \d+ tiles/,
    )
    expect(picture.data.every(value => Math.abs(value - 0.25) < 1e-6)).toBe(true)
  })

  test('of any shape takes no more tiles than there may be, and one pixel more would', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20000 }), fc.integer({ min: 1, max: 20000 }), (width, height) => {
        const tiles = (w: number, h: number) => tileGrid(w, h, { size: 32, overlap: 8 }).count
        const found = within(width, height, 32)
        expect(tiles(found.width, found.height)).toBeLessThanOrEqual(MAX_TILES)
        if (tiles(width, height) <= MAX_TILES) {
          expect(found).toEqual({ width, height })
          return
        }
        const scale = (Math.max(found.width, found.height) + 1) / Math.max(width, height)
        const [w, h] = [width, height].map(side => Math.max(1, Math.round(side * scale)))
        expect(tiles(w, h)).toBeGreaterThan(MAX_TILES)
      }),
    )
  })

  test('with light and dark exchanged twice is itself', () => {
    const picture = { width: 2, height: 1, data: Float32Array.of(-1, 0.5) }
    expect([...inverted(picture).data]).toEqual([1, -0.5])
    expect(inverted(inverted(picture))).toEqual(picture)
  })
})

describe('formats', () => {
  /** Bytes grow and errors shrink with quality, as codecs' do. */
  const codec = async (quality: number) => ({
    bytes: 100 + Math.round(500 * quality),
    mse: 0.1 * 0.01 ** quality,
  })

  test('are tried at the quality nearest in error, and at the smallest file', async () => {
    const found = await search(codec, 0.1 * 0.01 ** 0.37)
    expect(found!.same.quality).toBe(0.37)
    expect(found!.smallest).toEqual({ quality: 0, ...(await codec(0)) })
  })

  test('that reach no such error give the nearest that they do', async () => {
    expect((await search(codec, 5))!.same.quality).toBe(0)
    expect((await search(codec, 1e-8))!.same.quality).toBe(1)
  })

  test('that the browser does not write are null', async () => {
    expect(await search(async () => null, 0.01)).toBeNull()
  })

  test('whose error is elsewhere are told of', () => {
    const peer = (format: Peer['format'], mse: number): Peer => {
      const point = { bytes: 1, flat: 1, quality: 0, mse }
      return { format, same: point, smallest: point }
    }
    expect(farOff([peer('JPEG', 0.01), peer('WebP', 0.011)], 0.01)).toBe('')
    expect(farOff([peer('JPEG', 0.001), peer('WebP', 0.1)], 0.01)).toBe(
      'JPEG is better even at its lowest quality. WebP does not come as near at any quality.',
    )
    expect(farOff([{ format: 'WebP', same: null, smallest: null }], 0.01)).toBe('')
  })

  test('count without the colour profile', async () => {
    const image = sharp(Buffer.alloc(3 * 64, 90), { raw: { width: 8, height: 8, channels: 3 } })
    const profiled = image.clone().withIccProfile('p3')
    for (const [format, plain, more] of [
      ['JPEG', image.clone().jpeg(), profiled.clone().jpeg()],
      ['WebP', image.clone().webp(), profiled.clone().webp()],
    ] as const) {
      const bare = await plain.toBuffer()
      const whole = await more.toBuffer()
      expect(whole.length).toBeGreaterThan(bare.length + 300)
      expect(bareLength(format, bare)).toBe(bare.length)
      // The profile changes the colours a little, and with them some bytes.
      expect(Math.abs(bareLength(format, whole) - bare.length)).toBeLessThan(30)
    }
  })
})

describe('a file', () => {
  const png = (text: Record<string, string>) =>
    encodePng({ width: 1, height: 1, channels: 1, data: Uint8Array.of(0) }, text) as Uint8Array<ArrayBuffer>

  test('is a .ddn file by its first bytes or by its name', () => {
    expect(given(Uint8Array.of(0xdd, 0x44, 0x4e, 1), 'a.bin').kind).toBe('ddn')
    expect(given(Uint8Array.of(1, 2, 3), 'broken.DDN').kind).toBe('ddn')
    expect(given(Uint8Array.of(1, 2, 3), 'notes.txt').kind).toBe('picture')
    expect(given(new Uint8Array(0), '').kind).toBe('picture')
  })

  test('is this room again where it is a PNG of it, and a picture where it is one of another', () => {
    const state = { ...defaults, room: 'compress' as const, model: 'emoji', bits: 30, codes: 'abc' }
    expect(given(png(recipeOf(state, null)), 'a.png')).toEqual({ kind: 'recipe', state, ddn: null })
    const file = Uint8Array.of(0xdd, 0x44, 0x4e, 1, 200)
    expect(given(png(recipeOf(state, file)), 'a.png')).toEqual({ kind: 'recipe', state, ddn: file })
    expect(given(png(recipeOf({ ...state, room: 'steer' }, null)), 'a.png').kind).toBe('picture')
    expect(given(png({}), 'a.png').kind).toBe('picture')
  })
})
