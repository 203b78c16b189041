/** The visitor's pictures: what is read, what is left out and why. */

import { describe, expect, test } from 'vitest'
import { type Given, readPictures, skippedText } from '../../src/studio/workers/grow-pictures.ts'

/** A file whose content is the shade of its picture; the decoder of these tests. */
const picture = (path: string, shade = 100): Given => ({ path, file: new Blob([Uint8Array.of(shade)]) })
const square = async (file: Blob) => {
  const [shade] = new Uint8Array(await file.arrayBuffer())
  if (shade === 0) throw new Error('not a picture')
  const data = new Uint8ClampedArray(4 * 64 * 64)
  for (let i = 0; i < data.length; i += 4) data.set([shade, shade >> 1, 255 - shade, 255], i)
  return { side: 64, data }
}
const many = (count: number) => Array.from({ length: count }, (_, i) => picture(`p/${i}.png`, 10 + i))

describe('pictures', () => {
  test('become red, green and blue planes of 32 × 32, each once, in the order of their paths', async () => {
    const { train, test, channels, size, skipped } = await readPictures(many(40), { square })
    expect([channels, size, train.count + test.count, skipped]).toEqual([3, 32, 40, []])
    expect(test.count).toBeGreaterThan(0)
    for (const side of [train, test])
      side.names!.forEach((name, n) => {
        const shade = 10 + Number(name.match(/\d+/))
        const plane = (c: number) => new Set(side.pixels.subarray((n * 3 + c) * 1024, (n * 3 + c + 1) * 1024))
        expect([plane(0), plane(1), plane(2)].map(values => [...values])).toEqual([
          [shade],
          [shade >> 1],
          [255 - shade],
        ])
      })
    expect([...train.names!].sort()).toEqual(train.names)
  })

  test('are held out by their paths: the same ones whatever else is there', async () => {
    const [few, more] = [await readPictures(many(30), { square }), await readPictures(many(60), { square })]
    for (const name of few.test.names!) expect(more.test.names).toContain(name)
  })

  test('that cannot be read are named with the reason, and hidden files are not', async () => {
    const { skipped, train, test } = await readPictures(
      [
        ...many(9),
        picture('p/notes.txt', 0),
        { path: 'p/empty.png', file: new Blob([]) },
        picture('p/.DS_Store', 0),
      ],
      { square },
    )
    expect(train.count + test.count).toBe(9)
    expect(skipped).toEqual([
      { file: 'p/empty.png', reason: 'the file is empty' },
      { file: 'p/notes.txt', reason: 'not a picture' },
    ])
    expect(skippedText(skipped)).toBe('p/empty.png (the file is empty), p/notes.txt (not a picture)')
  })

  test('too few of them are refused in a sentence', async () => {
    const refused = (given: Given[]) => readPictures(given, { square }).catch(error => error.message)
    expect(await refused([])).toBe('there is no picture here: give at least 8')
    expect(await refused([...many(7), picture('a.txt', 0)])).toBe(
      '7 pictures are too few to learn from: give at least 8; skipped: a.txt (not a picture)',
    )
    const bad = Array.from({ length: 6 }, (_, i) => picture(`${i}.txt`, 0))
    expect(await refused(bad)).toMatch(/0\.txt .*, 1\.txt .*, 2\.txt \(not a picture\) and 3 more$/)
  })

  test('are counted while they are read, and reading can be stopped', async () => {
    const stop = new AbortController()
    const seen: string[] = []
    const reading = readPictures(many(20), {
      square,
      signal: stop.signal,
      onRead(done, total) {
        seen.push(`${done}/${total}`)
        if (done === 3) stop.abort(new Error('stopped'))
      },
    })
    await expect(reading).rejects.toThrow('stopped')
    expect(seen).toEqual(['1/20', '2/20', '3/20'])
  })
})
