/** Small parts of the room Grow: sheets of images, pictures with recipes, the numbers of a curve. */

import { describe, expect, test } from 'vitest'
import { random } from '../../src/data/rng.ts'
import { grid } from '../../src/report/grid.ts'
import { decodePngText, encodePng } from '../../src/report/png.ts'
import { History } from '../../src/studio/page/rooms/grow/history.ts'
import { pngWithRecipe, recipeOf } from '../../src/studio/workers/grow-recipe.ts'
import { sheetOf, sheetOfBytes } from '../../src/studio/workers/grow-sheet.ts'

describe('a sheet', () => {
  const rng = random(0, 'sheet')
  for (const channels of [1, 3] as const)
    test(`shows images of ${channels} channels where a contact sheet does, its gaps clear`, () => {
      const [count, size, columns] = [7, 4, 3]
      const pixels = Uint8Array.from({ length: count * channels * size ** 2 }, () => rng.int(256))
      const images = Float32Array.from(pixels, byte => byte / 127.5 - 1)
      const sheet = sheetOf(images, { channels, size, columns })
      expect(sheetOfBytes(pixels, { channels, size, columns })).toEqual(sheet)
      const picture = grid(images, { count, channels, size, columns, gap: 1, background: 0 })
      // The contact sheet has a gap around as well.
      expect([sheet.width + 2, sheet.height + 2]).toEqual([picture.width, picture.height])
      for (let y = 0; y < sheet.height; y++)
        for (let x = 0; x < sheet.width; x++) {
          const at = 4 * (y * sheet.width + x)
          const from = ((y + 1) * picture.width + x + 1) * channels
          const gap = x % (size + 1) === size || y % (size + 1) === size || sheet.data[at + 3] === 0
          expect(sheet.data[at + 3]).toBe(gap ? 0 : 255)
          for (let c = 0; c < 3; c++) expect(sheet.data[at + c]).toBe(picture.data[from + (c % channels)])
        }
      const covered = sheet.data.filter((_, i) => i % 4 === 3).filter(alpha => alpha === 255)
      expect(covered).toHaveLength(count * size ** 2)
    })
})

describe('a picture with its recipe', () => {
  test('says the query string that shows it again', async () => {
    const data = Uint8ClampedArray.from({ length: 4 * 6 }, (_, i) => i)
    const query = 'density=drawn&drawing=AB-_.09&seed=7'
    const bytes = await pngWithRecipe({ width: 3, height: 2, data }, query)
    expect(decodePngText(bytes)).toEqual({ studio: query })
    expect(await recipeOf(bytes)).toBe(query)
  })

  test('is told from other pictures and other files', async () => {
    const other = encodePng({ width: 1, height: 1, channels: 1, data: Uint8Array.of(1) }, { Title: 'x' })
    expect(await recipeOf(other)).toBeNull()
    expect(await recipeOf(Uint8Array.of(1, 2, 3))).toBeNull()
  })
})

describe('the numbers of a curve', () => {
  test('stay few however many there were, from the first to near the last, in order', () => {
    const history = new History(2)
    for (let i = 0; i < 12_345; i++) history.add(i, 2 * i, i % 2 ? null : i)
    const [x, y, z] = history.columns as number[][]
    expect(new Set([x.length, y.length, z.length]).size).toBe(1)
    expect(x.length).toBeLessThan(1000)
    expect(x.length).toBeGreaterThan(400)
    expect(x[0]).toBe(0)
    expect(x.at(-1)).toBeGreaterThan(12_345 - 40)
    expect(x.every((value, i) => i === 0 || value > x[i - 1])).toBe(true)
    expect(y).toEqual(x.map(value => 2 * value))
    history.clear()
    history.add(5, 6, 7)
    expect(history.columns).toEqual([[5], [6], [7]])
  })
})
