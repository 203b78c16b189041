/** The table of keys that the help shows and the rooms listen to. */

import { describe, expect, test } from 'vitest'
import { type KeyLine, keyName, keyTable } from '../../src/studio/page/lib/keys.ts'

describe('keys', () => {
  const places: [string, readonly KeyLine[]][] = Object.entries(keyTable)

  test('do one thing each at a place, and none that is the page’s own', () => {
    const own = keyTable.page.flatMap(({ keys }) => keys as readonly string[])
    for (const [place, lines] of places) {
      const keys = lines.flatMap(line => line.keys)
      expect(new Set(keys).size).toBe(keys.length)
      if (place !== 'page') expect(keys.filter(key => own.includes(key))).toEqual([])
    }
  })

  test('are named as on keyboards', () => {
    const named = [' ', 'ArrowUp', 'ctrl+z', 'Escape', '+', 'r', 'Home'].map(keyName)
    expect(named).toEqual(['Space', '↑', 'Ctrl Z', 'Esc', '+', 'R', 'Home'])
  })
})
