/** The safetensors format against bytes written by hand, and against bytes of an enemy. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readSafetensors, type StoredTensor, writeSafetensors } from '../../src/train/safetensors.ts'

/** A file from its parts, which need not fit together. */
function file(header: unknown, data: ArrayLike<number> = [], length?: bigint): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const bytes = new Uint8Array(8 + json.length + data.length)
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(json.length), true)
  bytes.set(json, 8)
  bytes.set(data, 8 + json.length)
  return bytes
}

const entry = (dtype: string, shape: unknown, offsets: unknown) => ({ dtype, shape, data_offsets: offsets })

describe('what the format says', () => {
  test('a file written by hand is read: little-endian, row by row, metadata as strings', () => {
    const header = {
      __metadata__: { made: 'by hand' },
      b: entry('I64', [1], [8, 16]),
      a: entry('F32', [1, 2], [0, 8]),
    }
    // 1.0 and −2.0 as float32, 258 as int64.
    const data = [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 2, 1, 0, 0, 0, 0, 0, 0]
    const { tensors, metadata } = readSafetensors(file(header, data))
    expect(tensors.get('a')).toEqual({ dtype: 'F32', shape: [1, 2], data: Float32Array.of(1, -2) })
    expect(tensors.get('b')).toEqual({ dtype: 'I64', shape: [1], data: BigInt64Array.of(258n) })
    expect(metadata).toEqual({ made: 'by hand' })
  })

  test('what is written has its header padded to 8 bytes and its tensors one after the other', () => {
    const bytes = writeSafetensors(
      new Map([
        ['small', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) }],
        ['wide', { dtype: 'F32', shape: [], data: Float32Array.of(1) }],
      ]),
    )
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true))
    expect(length % 8).toBe(0)
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))
    expect(header).toEqual({
      __metadata__: {},
      wide: entry('F32', [], [0, 4]),
      small: entry('U8', [3], [4, 7]),
    })
    expect([...bytes.subarray(8 + length)]).toEqual([0, 0, 0x80, 0x3f, 1, 2, 3])
  })

  test('half floats are the known bits, rounded to even, with zeros, subnormals and infinities', () => {
    // Values and bits from the tables of IEEE 754 binary16.
    const known: [number, number][] = [
      [1, 0x3c00],
      [-2, 0xc000],
      [65504, 0x7bff],
      [65519.996, 0x7bff],
      [65520, 0x7c00],
      [Infinity, 0x7c00],
      [2 ** -14, 0x0400],
      [2 ** -24, 0x0001],
      [2 ** -25, 0x0000],
      [1023 * 2 ** -24, 0x03ff],
      [1 / 3, 0x3555],
      [1 + 2 ** -11, 0x3c00],
      [1 + 3 * 2 ** -11, 0x3c02],
      [0, 0],
      [-0, 0x8000],
    ]
    const data = Float32Array.from(known, ([value]) => value)
    const bytes = writeSafetensors(new Map([['h', { dtype: 'F16', shape: [known.length], data }]]))
    const halves = new Uint16Array(bytes.slice(bytes.length - 2 * known.length).buffer)
    expect([...halves]).toEqual(known.map(([, bits]) => bits))
  })

  test('all 65,536 half floats keep their bits through reading and writing', () => {
    const all = Uint16Array.from({ length: 65536 }, (_, i) => i)
    const bytes = file({ h: entry('F16', [65536], [0, 131072]) }, new Uint8Array(all.buffer))
    const read = readSafetensors(bytes).tensors.get('h')!
    const written = writeSafetensors(new Map([['h', read]]))
    const again = new Uint16Array(written.slice(written.length - 131072).buffer)
    const isNaN16 = (bits: number) => (bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0
    expect(again.every((bits, i) => (isNaN16(i) ? isNaN16(bits) : bits === i))).toBe(true)
  })
})

describe('whatever is written is read again', () => {
  const floats = fc.float32Array({ maxLength: 20 })
  const tensor: fc.Arbitrary<StoredTensor> = fc.oneof(
    floats.map(data => ({ dtype: 'F32' as const, shape: [data.length], data })),
    fc.int32Array({ maxLength: 20 }).map(data => ({ dtype: 'I32' as const, shape: [1, data.length], data })),
    fc
      .bigInt64Array({ maxLength: 9 })
      .map(data => ({ dtype: 'I64' as const, shape: [data.length, 1], data })),
    fc.float64Array({ maxLength: 9 }).map(data => ({ dtype: 'F64' as const, shape: [data.length], data })),
    fc.uint8Array({ maxLength: 20 }).map(data => ({ dtype: 'U8' as const, shape: [data.length], data })),
  )
  const names = fc.string({ unit: 'grapheme', maxLength: 12 }).filter(name => name !== '__metadata__')

  test('tensors of any type, shape and name, and metadata', () => {
    fc.assert(
      fc.property(
        fc.dictionary(names, tensor),
        fc.dictionary(fc.string(), fc.string({ unit: 'grapheme' })),
        (tensors, metadata) => {
          const map = new Map(Object.entries(tensors))
          const bytes = writeSafetensors(map, metadata)
          const read = readSafetensors(bytes)
          expect(new Map([...read.tensors].sort())).toEqual(new Map([...map].sort()))
          expect({ ...read.metadata }).toEqual({ ...metadata })
          expect(writeSafetensors(map, metadata)).toEqual(bytes)
        },
      ),
    )
  })

  test('a file cut short anywhere is refused', () => {
    const data = Float32Array.of(1, 2, 3)
    const bytes = writeSafetensors(new Map([['x', { dtype: 'F32', shape: [3], data }]]))
    for (let length = 0; length < bytes.length; length++)
      expect(() => readSafetensors(bytes.subarray(0, length), 'cut'), `${length} bytes`).toThrow(/^cut: /)
  })

  test('bytes changed at random are refused with an error that names the file, or read without harm', () => {
    const data = Float32Array.from({ length: 9 }, (_, i) => i)
    const whole = writeSafetensors(new Map([['x', { dtype: 'F32', shape: [3, 3], data }]]), { a: 'b' })
    const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 5 }), changes => {
        const bytes = whole.slice()
        for (const [at, value] of changes) bytes[at] = value
        try {
          for (const { shape, data } of readSafetensors(bytes, 'F').tensors.values())
            expect(data.length).toBe(shape.reduce((a, b) => a * b, 1))
        } catch (error) {
          expect((error as Error).message).toMatch(/^F: /)
        }
      }),
    )
  })
})

describe('a hostile file is refused before anything is allocated', () => {
  const cases: [string, Uint8Array, RegExp][] = [
    ['no bytes', new Uint8Array(0), /0 bytes are too few/],
    ['a header of 2⁶⁴ − 1 bytes', file({}, [], 2n ** 64n - 1n), /header of 18446744073709551615 bytes/],
    ['a header longer than the file', file({}, [], 1000n), /only 2 follow/],
    ['a header that is no JSON', file('{"a":'), /no JSON/],
    ['a header that is an array', file('[]'), /does not begin with \{/],
    ['a header that is no UTF-8', file('{"\u{0}"}'), /no JSON/],
    ['an unknown type', file({ x: entry('F8', [1], [0, 1]) }, [0]), /x has the unknown type "F8"/],
    ['a type of the prototype', file({ x: entry('toString', [1], [0, 1]) }, [0]), /unknown type/],
    ['a negative size', file({ x: entry('U8', [-1], [0, 1]) }, [0]), /the shape \[-1\]/],
    ['a size that is no whole number', file({ x: entry('U8', [1.5], [0, 1]) }, [0]), /the shape/],
    ['a shape that is no list', file({ x: entry('U8', 1, [0, 1]) }, [0]), /the shape 1/],
    [
      'a huge shape',
      file({ x: entry('F64', [2 ** 40, 2 ** 40], [0, 8]) }, new Uint8Array(8)),
      /takes 8 bytes/,
    ],
    ['a huge tensor', file({ x: entry('U8', [2 ** 50], [0, 2 ** 50]) }, [0]), /take 1125899906842624 bytes/],
    ['offsets beyond the file', file({ x: entry('U8', [4], [0, 4]) }, [0]), /take 4 bytes, but 1 follow/],
    ['bytes that belong to no tensor', file({ x: entry('U8', [1], [0, 1]) }, [0, 0]), /take 1 bytes, but 2/],
    ['offsets in the wrong order', file({ x: entry('U8', [0], [1, 0]) }, [0]), /the offsets \[1,0\]/],
    [
      'offsets of the wrong size',
      file({ x: entry('F32', [1], [0, 3]) }, [0, 0, 0]),
      /takes 3 bytes, but F32 \[1\] needs 4/,
    ],
    [
      'tensors that overlap',
      file({ x: entry('U8', [2], [0, 2]), y: entry('U8', [2], [1, 3]) }, [0, 0, 0]),
      /y begins at 1, where 2 is due/,
    ],
    [
      'a hole between tensors',
      file({ x: entry('U8', [1], [0, 1]), y: entry('U8', [1], [2, 3]) }, [0, 0, 0]),
      /y begins at 2, where 1 is due/,
    ],
    ['metadata that are no strings', file({ __metadata__: { a: 1 } }), /__metadata__ does not hold strings/],
    ['a tensor described by null', file({ x: null }), /x is described by null/],
  ]
  for (const [name, bytes, message] of cases)
    test(name, () => expect(() => readSafetensors(bytes, 'bad.safetensors')).toThrow(message))

  test('a tensor named __proto__ is a tensor like any other', () => {
    const bytes = file('{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', [7])
    expect(readSafetensors(bytes).tensors.get('__proto__')?.data).toEqual(Uint8Array.of(7))
    expect(({} as Record<string, unknown>).dtype).toBeUndefined()
  })
})

test('what cannot be written is refused: a wrong number of values, a wrong array', () => {
  const write = (tensor: StoredTensor) => () => writeSafetensors(new Map([['x', tensor]]))
  expect(write({ dtype: 'F32', shape: [2], data: Float32Array.of(1) })).toThrow(
    'x has 1 values for the shape [2]',
  )
  expect(write({ dtype: 'F32', shape: [1], data: Int32Array.of(1) })).toThrow(
    'F32 is not written from Int32Array',
  )
})
