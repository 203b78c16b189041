// Masks: what their names hide, and pictures of masks.

import fc from 'fast-check'
import { encode } from 'fast-png'
import { describe, expect, test } from 'vitest'
import { checkMask, maskFromPicture, maskNames, namedMask } from '../../src/guides/masks.ts'
import { decodeRgba, type RgbaPicture } from '../../src/guides/rgba.ts'

const share = (mask: Float32Array) => mask.reduce((sum, value) => sum + value, 0) / mask.length

/** A mask as text, `#` for what is hidden. */
function drawn(mask: Float32Array, size: number): string[] {
  return Array.from({ length: size }, (_, y) =>
    Array.from(mask.subarray(y * size, (y + 1) * size), value => (value === 1 ? '#' : '.')).join(''),
  )
}

function picture(
  width: number,
  height: number,
  colour: (x: number, y: number) => readonly number[],
): RgbaPicture {
  const data = new Uint8Array(4 * width * height)
  for (let i = 0; i < width * height; i++) data.set(colour(i % width, Math.floor(i / width)), 4 * i)
  return { width, height, data }
}

const white = [255, 255, 255, 255]
const black = [0, 0, 0, 255]

describe('named masks', () => {
  test('a name says which part is hidden', () => {
    expect(drawn(namedMask('left', 4), 4)).toEqual(['##..', '##..', '##..', '##..'])
    expect(drawn(namedMask('right', 4), 4)).toEqual(['..##', '..##', '..##', '..##'])
    expect(drawn(namedMask('top', 4), 4)).toEqual(['####', '####', '....', '....'])
    expect(drawn(namedMask('bottom', 4), 4)).toEqual(['....', '....', '####', '####'])
    expect(drawn(namedMask('centre', 4), 4)).toEqual(['....', '.##.', '.##.', '....'])
    expect(drawn(namedMask('checkerboard', 4), 4)).toEqual(['.#.#', '#.#.', '.#.#', '#.#.'])
    expect(drawn(namedMask('cross', 8), 8)).toEqual([
      '...##...',
      '...##...',
      '...##...',
      '########',
      '########',
      '...##...',
      '...##...',
      '...##...',
    ])
    expect(
      drawn(namedMask('eyes', 8), 8)
        .map(row => row[0])
        .join(''),
    ).toBe('..##....')
  })

  test('the letter is an A', () => {
    expect(drawn(namedMask('letter', 16), 16)).toEqual([
      '................',
      '.......##.......',
      '.......##.......',
      '......####......',
      '......####......',
      '.....######.....',
      '.....##..##.....',
      '....###..###....',
      '....##....##....',
      '...##########...',
      '...##########...',
      '...##......##...',
      '..##........##..',
      '..##........##..',
      '..##........##..',
      '................',
    ])
  })

  test('at any size from 3 on every mask hides something and leaves something, and mirrors its opposite', () => {
    for (const size of [3, 4, 5, 7, 8, 16, 31, 32, 64, 100, 256])
      for (const name of maskNames) {
        const mask = namedMask(name, size)
        expect(mask.length).toBe(size * size)
        expect(share(mask)).toBeGreaterThan(0)
        expect(share(mask)).toBeLessThan(1)
      }
    for (const size of [4, 32]) {
      const opposite = namedMask('right', size)
      expect(namedMask('left', size)).toEqual(opposite.map(value => 1 - value))
    }
  })

  test('the shares converge to those of the shapes', () => {
    // One row of 256 more or less on each border.
    const shares = { left: 0.5, eyes: 0.25, cross: 1 - 0.75 ** 2, centre: 0.25, checkerboard: 0.5 }
    for (const [name, expected] of Object.entries(shares))
      expect(Math.abs(share(namedMask(name, 256)) - expected)).toBeLessThan(2.5 / 256)
  })

  test('images too small for a mask, and names that are none, are errors', () => {
    expect(() => namedMask('cross', 2)).toThrow('mask cross hides nothing of 2×2 pixels')
    expect(() => namedMask('right', 1)).toThrow('mask right hides nothing of 1×1 pixels')
    expect(() => namedMask('center', 8)).toThrow('unknown mask center; did you mean centre?')
    expect(() => namedMask('toString', 8)).toThrow('unknown mask toString')
  })
})

describe('a picture of a mask', () => {
  test('of the right size is taken as it is: white is hidden, and so is what is transparent', () => {
    const given = picture(4, 4, (x, y) => (y === 0 ? [0, 0, 0, 0] : x < 2 ? white : black))
    const { mask, note } = maskFromPicture(given, 4)
    expect(drawn(mask, 4)).toEqual(['####', '##..', '##..', '##..'])
    expect(note).toBeUndefined()
  })

  test('of another size is resized, and a note says so', () => {
    const { mask, note } = maskFromPicture(
      picture(40, 40, x => (x < 10 ? white : black)),
      4,
      'mask.png',
    )
    expect(drawn(mask, 4)).toEqual(['#...', '#...', '#...', '#...'])
    expect(note).toBe('mask.png is 40×40; it was resized to 4×4')
  })

  test('that is no square is cut to its middle', () => {
    const { mask, note } = maskFromPicture(
      picture(8, 4, x => (x >= 2 && x < 4 ? white : black)),
      4,
      'mask.png',
    )
    expect(drawn(mask, 4)).toEqual(['##..', '##..', '##..', '##..'])
    expect(note).toBe('mask.png is 8×4; it was cut to the 4×4 in its middle and resized to 4×4')
  })

  test('that hides nothing or everything is an error', () => {
    expect(() =>
      maskFromPicture(
        picture(4, 4, () => black),
        4,
        'mask.png',
      ),
    ).toThrow('mask.png hides nothing of 4×4 pixels: there is nothing to fill')
    expect(() =>
      maskFromPicture(
        picture(4, 4, () => white),
        4,
        'mask.png',
      ),
    ).toThrow('mask.png hides all of 4×4 pixels: nothing is known to go by')
    expect(() => maskFromPicture({ width: 4, height: 4, data: new Uint8Array(3) }, 4)).toThrow(
      'no picture of 4×4',
    )
  })

  test('a mask of numbers must be of the size, in [0, 1], and no NaN', () => {
    expect(() => checkMask(new Float32Array(9), 4)).toThrow('has 9 values; images of 4×4 need 16')
    expect(() => checkMask(Float32Array.of(0, 2, 0, 0), 2)).toThrow('the value at 1 is 2')
    expect(() => checkMask(Float32Array.of(0, NaN, 0, 0), 2)).toThrow('the value at 1 is NaN')
    expect(checkMask(Float32Array.of(0, 0.5, 0, 0), 2)).toHaveLength(4)
  })
})

describe('PNG files', () => {
  test('of every kind give the pixels that were written', () => {
    const samples = fc.integer({ min: 0, max: 255 })
    fc.assert(
      fc.property(
        fc.constantFrom(1, 2, 3, 4),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
        fc.infiniteStream(samples),
        (channels, width, height, wide, stream) => {
          const values = Array.from(
            { length: width * height * channels },
            () => stream.next().value as number,
          )
          // 257 v in 16 bits is v in 8.
          const data = wide ? Uint16Array.from(values, v => 257 * v) : Uint8Array.from(values)
          const png = encode({ width, height, data, channels, depth: wide ? 16 : 8 })
          const read = decodeRgba(png, 'a.png')
          expect([read.width, read.height]).toEqual([width, height])
          for (let i = 0; i < width * height; i++) {
            const s = values.slice(i * channels, (i + 1) * channels)
            const rgb = channels < 3 ? [s[0], s[0], s[0]] : s.slice(0, 3)
            expect([...read.data.subarray(4 * i, 4 * i + 4)]).toEqual([
              ...rgb,
              channels % 2 ? 255 : s[channels - 1],
            ])
          }
        },
      ),
      { numRuns: 60, seed: 1 },
    )
  })

  test('with packed bits and palettes are unpacked', () => {
    // Rows of 5 pixels of 2 bits: 0 1 2 3 0, in two bytes each.
    const data = Uint8Array.of(0b00011011, 0b00000000, 0b11100100, 0b11000000)
    const grey = encode({ width: 5, height: 2, data, channels: 1, depth: 2 })
    const reds = (bytes: Uint8Array) =>
      Array.from(decodeRgba(bytes, 'a.png').data).filter((_, i) => i % 4 === 0)
    expect(reds(grey)).toEqual([0, 85, 170, 255, 0, 255, 170, 85, 0, 255])
    const palette = [
      [9, 0, 0],
      [8, 1, 1],
      [7, 2, 2],
      [6, 3, 3],
    ]
    const indexed = encode({ width: 5, height: 2, data, channels: 1, depth: 2, palette })
    expect(reds(indexed)).toEqual([9, 8, 7, 6, 9, 6, 7, 8, 9, 6])
  })

  test('have holes where they name a colour that is transparent', () => {
    // tRNS after IHDR, which ends at byte 33; the reader does not look at its checksum.
    const withHole = (png: Uint8Array, ...sample: number[]) => {
      const length = 2 * sample.length
      const chunk = [0, 0, 0, length, ...Buffer.from('tRNS'), ...sample.flatMap(v => [0, v]), 0, 0, 0, 0]
      return Uint8Array.from([...png.subarray(0, 33), ...chunk, ...png.subarray(33)])
    }
    const alphas = (bytes: Uint8Array) =>
      Array.from(decodeRgba(bytes, 'a.png').data).filter((_, i) => i % 4 === 3)
    const grey = encode({ width: 3, height: 1, data: Uint8Array.of(5, 6, 5), channels: 1 })
    expect(alphas(withHole(grey, 5))).toEqual([0, 255, 0])
    const rgb = encode({ width: 3, height: 1, data: Uint8Array.of(5, 6, 7, 5, 6, 8, 5, 6, 7), channels: 3 })
    expect(alphas(withHole(rgb, 5, 6, 7))).toEqual([0, 255, 0])
  })

  test('that are no PNG or break off are errors with their names', () => {
    expect(() => decodeRgba(Uint8Array.of(1, 2, 3), 'a.png')).toThrow('a.png is not a whole PNG file')
    const png = encode({ width: 4, height: 4, data: new Uint8Array(48), channels: 3 })
    expect(() => decodeRgba(png.subarray(0, 50), 'a.png')).toThrow('a.png is not a whole PNG file')
  })
})
