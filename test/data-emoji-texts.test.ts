/** The texts of pictures: those of emoji, and how they are carried along: src/data/emoji.ts and dataset.ts. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Dataset, type Images, splitByKey, subset } from '../src/data/dataset.ts'
import { loadEmoji } from '../src/data/emoji.ts'
import { packageFolder } from '../src/data/files.ts'

let loading: Promise<Dataset> | undefined
const withSkinTones = () => (loading ??= loadEmoji({ size: 8, limit: 400, skinTones: true }))

test('emoji: the texts are the name, the short names, the subcategory and the category, in small letters', async () => {
  const { train, test: held } = await loadEmoji({ size: 8 })
  const file = join(packageFolder('emoji-datasource-google'), 'emoji.json')
  const list: Record<string, string & string[]>[] = JSON.parse(await readFile(file, 'utf8'))
  const plain = (text: string) => text.toLowerCase().replaceAll('_', ' ').replaceAll('-', ' ')
  const expected = new Map(
    list.map(e => [
      e.short_name as string,
      [...new Set([e.name, ...e.short_names, e.subcategory, e.category].map(plain))],
    ]),
  )
  for (const { names, texts, count } of [train, held]) {
    expect(texts).toHaveLength(count)
    for (const [i, name] of names!.entries())
      expect(texts![i].split('\n')).toEqual(expected.get(name.slice(name.indexOf('/') + 1)))
  }
  const grinning = train.texts![train.names!.indexOf('google/grinning')]
  expect(grinning).toBe('grinning face\ngrinning\nface smiling\nsmileys & emotion')
})

test('emoji: the drawings of both vendors have the same texts, and no two emoji have', async () => {
  const { train, test: held } = await withSkinTones()
  const byThing = new Map<string, Set<string>>()
  const byTexts = new Map<string, Set<string>>()
  const add = (map: Map<string, Set<string>>, key: string, value: string) =>
    map.set(key, (map.get(key) ?? new Set()).add(value))
  for (const { names, texts } of [train, held])
    for (const [i, name] of names!.entries()) {
      const thing = name.slice(name.indexOf('/') + 1)
      add(byThing, thing, texts![i])
      add(byTexts, texts![i], thing)
    }
  expect([...byThing.values()].every(texts => texts.size === 1)).toBe(true)
  expect([...byTexts.values()].every(things => things.size === 1)).toBe(true)
})

test('emoji: the skin tones of a variant are said after each of its names', async () => {
  const { train } = await withSkinTones()
  const variants = train.names!.flatMap((name, i) =>
    name.split('/').length > 2 ? [{ name, texts: train.texts![i].split('\n') }] : [],
  )
  expect(variants.length).toBeGreaterThan(100)
  const words = [
    ['1F3FB', 'light'],
    ['1F3FC', 'medium light'],
    ['1F3FD', 'medium'],
    ['1F3FE', 'medium dark'],
    ['1F3FF', 'dark'],
  ]
  const tones = new Map(words.map(([point, tone]) => [point, `${tone} skin tone`]))
  for (const { name, texts } of variants) {
    const said = name
      .split('/')[2]
      .split('-')
      .map(point => tones.get(point))
    expect(texts[0].endsWith(said.join(', '))).toBe(true)
    expect(texts.at(-1)).toBe('people & body')
  }
})

test('a subset and both sides of a split carry the texts along', () => {
  const texts = ['zero', 'one', 'two', 'three']
  const images: Images = { count: 4, channels: 1, size: 1, pixels: Uint8Array.of(0, 1, 2, 3), texts }
  expect(subset(images, [3, 1, 3]).texts).toEqual(['three', 'one', 'three'])
  for (const side of Object.values(splitByKey(images, texts, 0.5)))
    expect(side.texts).toEqual(Array.from(side.pixels, i => texts[i]))
  const { texts: _, ...silent } = images
  expect('texts' in subset(silent, [0])).toBe(false)
})
