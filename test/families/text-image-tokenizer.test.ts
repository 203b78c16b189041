/** Texts to tokens and captions of pictures: src/families/text-image/tokenizer.ts and captions.ts. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { random } from '../../src/data/rng.ts'
import { alsoTrue, drawCaption, holdOutDrawings } from '../../src/families/text-image/captions.ts'
import {
  buildTokenizer,
  encodeTokens,
  rowsOf,
  tokenizerOf,
  wordsOf,
} from '../../src/families/text-image/tokenizer.ts'

const tokenizer = buildTokenizer(['red heart', 'green heart\nhearts', 'heartbeat, beating', 'Åland’s flag'])
const [WORDS, TOKENS] = tokenizer.shape
const encode = (text: string) => encodeTokens(tokenizer, text)
const phrase = fc.array(fc.constantFrom(...tokenizer.words, 'unheard', 'greenish'), { maxLength: WORDS })

describe('the tokenizer', () => {
  test('knows every word of its texts, once and sorted, without accents, marks and upper case', () => {
    expect(tokenizer.words).toEqual(
      ['alands', 'beating', 'flag', 'green', 'heart', 'heartbeat', 'hearts', 'red'].sort(),
    )
  })

  test('keeps the pieces that two of its words share, and no others', () => {
    const pieces = (word: string) => [...`<${word}>`].slice(2).map((_, i) => `<${word}>`.slice(i, i + 3))
    const all = [...new Set(tokenizer.words.flatMap(pieces))]
    const shared = all.filter(piece => tokenizer.words.filter(word => `<${word}>`.includes(piece)).length > 1)
    expect(tokenizer.pieces).toEqual(shared.sort())
    expect(tokenizer.pieces).toContain('<he')
    expect(tokenizer.pieces).not.toContain('<fl')
  })

  test('gives every word and every piece a token of its own, even where they read the same', () => {
    const small = tokenizerOf(['bowl', 'owl', 'owls'])
    expect(small.pieces).toContain('owl')
    const { tokens } = encodeTokens(small, 'owl')
    expect(tokens[0]).toBe(1 + small.words.indexOf('owl'))
    expect([...tokens.slice(1, TOKENS)].filter(id => id > 0)).toEqual(
      ['<ow', 'owl', 'wl>'].flatMap(piece => {
        const at = small.pieces.indexOf(piece)
        return at < 0 ? [] : 1 + small.words.length + at
      }),
    )
  })

  test('never throws, and gives tokens that the table has, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), text => {
        const { tokens, shape, known, unknown } = encode(text)
        expect(shape).toEqual([1, WORDS, TOKENS])
        expect(tokens).toHaveLength(WORDS * TOKENS)
        expect(tokens.every(id => id >= 0 && id < rowsOf(tokenizer))).toBe(true)
        expect(new Set([...known, ...unknown])).toEqual(new Set(wordsOf(text)))
      }),
    )
  })

  test('gives the same tokens whatever the order, the case and the punctuation', () => {
    fc.assert(
      fc.property(phrase, fc.nat(), (words, seed) => {
        const rng = random(seed, 'order')
        const order = words.map(() => rng.next())
        const mixed = words.map((_, i) => i).sort((i, j) => order[i] - order[j])
        const other = mixed.map(i => words[i].toUpperCase()).join(' – ')
        expect(encode(other).tokens).toEqual(encode(words.join(' ')).tokens)
      }),
    )
  })

  test('tells known words from unknown ones, each once', () => {
    const { known, unknown, tokens } = encode('A red, RED heart of glass')
    expect([known, unknown]).toEqual([
      ['red', 'heart'],
      ['a', 'of', 'glass'],
    ])
    // Both reds are there, since a family of two girls is another than that of one.
    expect(tokens.filter(id => id === 1 + tokenizer.words.indexOf('red'))).toHaveLength(2)
  })

  test('shows an unknown word by the pieces that it shares with known ones', () => {
    const of = (word: string) => [...encode(word).tokens].filter(id => id > tokenizer.words.length)
    expect(encode('hearty').unknown).toEqual(['hearty'])
    expect(encode('hearty').tokens[0]).toBe(0)
    expect(of('hearty')).toEqual(of('heart').slice(0, 4))
    expect(encode('xyzzy').tokens.some(id => id > 0)).toBe(false)
  })

  test('comes back from JSON as it was', () => {
    const stored = JSON.parse(JSON.stringify(tokenizer))
    expect(encodeTokens(stored, 'red hearty flags')).toEqual(encode('red hearty flags'))
    expect(tokenizerOf(tokenizer.words)).toEqual(tokenizer)
  })
})

describe('captions', () => {
  const texts = 'grinning face\ngrinning\nface smiling\nsmileys & emotion'

  test('are the texts of the picture, each half as often as the one before', () => {
    const rng = random(0, 'captions')
    const counts = new Map<string, number>()
    const draws = 4000
    for (let i = 0; i < draws; i++) {
      const caption = drawCaption(texts, 0, rng)
      counts.set(caption, (counts.get(caption) ?? 0) + 1)
    }
    // Four standard deviations of a binomial share at most.
    const expected = [1 / 2, 1 / 4, 1 / 8, 1 / 8]
    expect(counts.size).toBe(4)
    for (const [i, line] of texts.split('\n').entries())
      expect(Math.abs((counts.get(line) ?? 0) / draws - expected[i])).toBeLessThan(
        4 * Math.sqrt(0.25 / draws),
      )
  })

  test('are two different texts as often as the mixture says, and the only text where there is one', () => {
    const rng = random(1, 'captions')
    const lines = texts.split('\n')
    for (let i = 0; i < 100; i++) {
      const caption = drawCaption(texts, 1, rng)
      expect(lines.flatMap(a => lines.filter(b => b !== a).map(b => `${a} ${b}`))).toContain(caption)
      expect(drawCaption('heart', 1, rng)).toBe('heart')
    }
  })

  test('follow from the seed', () => {
    const draw = (seed: number) => {
      const rng = random(seed, 'captions')
      return Array.from({ length: 50 }, () => drawCaption(texts, 0.5, rng))
    }
    expect(draw(3)).toEqual(draw(3))
    expect(draw(3)).not.toEqual(draw(4))
  })

  test('are also true of pictures whose own texts hold all their words, but not of themselves', () => {
    const things = ['red heart\nheart\nsmileys', 'red heart\nheart\nsmileys', 'green heart\nheart\nsmileys']
    const captions = ['red heart', 'heart', 'smileys']
    // Row i: picture i. "red heart" is not true of the green one.
    expect([...alsoTrue(captions, things)]).toEqual([0, 1, 1, 1, 0, 1, 0, 1, 0])
  })
})

describe('drawings kept back', () => {
  const texts = Array.from({ length: 1200 }, (_, i) => (i < 800 ? `thing ${i % 400}` : `single ${i}`))
  const { kept, heldOut } = holdOutDrawings(texts, 0.1)

  test('are one of several, never the only one, and the rest is kept', () => {
    expect([...kept, ...heldOut].sort((a, b) => a - b)).toEqual(texts.map((_, i) => i))
    expect(heldOut.every(i => i < 800)).toBe(true)
    const left = new Set(kept.map(i => texts[i]))
    expect(heldOut.every(i => left.has(texts[i]))).toBe(true)
    expect(new Set(heldOut.map(i => texts[i])).size).toBe(heldOut.length)
  })

  test('are about as many as asked for, from both sides', () => {
    // 400 things: 40 expected, standard deviation 6.
    expect(heldOut.length).toBeGreaterThan(16)
    expect(heldOut.length).toBeLessThan(64)
    expect(heldOut.filter(i => i < 400).length).toBeGreaterThan(heldOut.length / 4)
    expect(heldOut.filter(i => i >= 400).length).toBeGreaterThan(heldOut.length / 4)
  })

  test('stay the same when other things come or go', () => {
    const fewer = texts.filter((_, i) => i % 400 < 200)
    const same = holdOutDrawings(fewer, 0.1).heldOut.map(i => fewer[i])
    expect(same).toEqual(heldOut.map(i => texts[i]).filter(text => fewer.includes(text)))
  })
})
