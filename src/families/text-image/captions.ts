// What is said of a picture in training, and which other pictures it is true of as well.

import { type Dataset, type Images, keyPosition } from '../../data/dataset.ts'
import type { Rng } from '../../data/rng.ts'
import { buildTokenizer, wordsOf } from './tokenizer.ts'

/**
 * A caption of a picture from its texts (one a line, the most particular first): each line is half as likely as the
 * one before it, and with probability `mixture` another one follows it.
 */
export function drawCaption(texts: string, mixture: number, rng: Rng): string {
  const lines = texts.split('\n')
  const take = () => {
    let i = 0
    while (i < lines.length - 1 && rng.next() < 0.5) i++
    return lines.splice(i, 1)[0]
  }
  const first = take()
  return lines.length > 0 && rng.next() < mixture ? `${first} ${take()}` : first
}

/**
 * [N, N] with 1 where caption j is true of picture i, though it was not drawn for it, and 0 elsewhere: all of its
 * words are among the words of the picture's texts. So the drawings of one thing, and things of one kind where the
 * caption names no more than the kind, do not count as a mistake.
 */
export function alsoTrue(captions: readonly string[], texts: readonly string[]): Float32Array {
  const n = captions.length
  const said = captions.map(caption => [...new Set(wordsOf(caption))])
  const own = texts.map(text => new Set(wordsOf(text)))
  const result = new Float32Array(n * n)
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) if (i !== j && said[j].every(word => own[i].has(word))) result[i * n + j] = 1
  return result
}

/**
 * Keeps back one drawing each of some things of which there are several: those are pictures of equal texts. Which
 * things and which drawing follows from a hash of the texts, so that adding or removing others changes nothing.
 *
 * @param fraction  expected share of the things with several drawings
 * @returns indices into `texts`, in their order
 */
export function holdOutDrawings(
  texts: readonly string[],
  fraction: number,
): { kept: number[]; heldOut: number[] } {
  const things = new Map<string, number[]>()
  for (const [i, text] of texts.entries()) things.set(text, [...(things.get(text) ?? []), i])
  const out = new Set<number>()
  for (const [text, drawings] of things)
    if (drawings.length > 1 && keyPosition(`thing ${text}`) < fraction)
      out.add(drawings[Math.floor(keyPosition(`drawing ${text}`) * drawings.length)])
  const all = Array.from(texts, (_, i) => i)
  return { kept: all.filter(i => !out.has(i)), heldOut: all.filter(i => out.has(i)) }
}

/** The texts of images; throws where they have none. */
export function textsOf({ texts }: Images): string[] {
  if (!texts) throw new Error('the images have no texts, and a text-image model learns from them: use emoji')
  return texts
}

/** The words of the training texts, sorted, with a space between two. */
export function vocabularyOf({ name, train, test }: Dataset): string {
  for (const [side, { texts }] of Object.entries({ training: train, test }))
    if (!texts)
      throw new Error(
        `${name}: its ${side} images have no texts, and a text-image model learns from them; use emoji`,
      )
  const { words } = buildTokenizer(textsOf(train))
  if (words.length === 0) throw new Error(`${name}: there are no words in the texts of its training images`)
  return words.join(' ')
}
