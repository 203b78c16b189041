/** Which networks a room offers, and which one it begins with. */

import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { choicesOf, nameOf, networkOf } from '../../src/studio/page/lib/models.ts'
import { readState, roomNames, writeState } from '../../src/studio/state.ts'

const run = (name: string, bits: number) =>
  ({ name, bits, family: 'ddn' }) as Parameters<typeof choicesOf>[1][number]
const values = (...args: Parameters<typeof choicesOf>) => choicesOf(...args).map(({ value }) => value)

describe('a room', () => {
  test('offers nothing that does not come with the package', () => {
    for (const room of roomNames)
      for (const value of values(room, [], networkOf(room, '')))
        expect(existsSync(`models/${value}.safetensors`)).toBe(true)
  })

  test('offers the runs of this machine, and what the address names', () => {
    const offered = values('walk', [run('mine', 12)], 'run:other')
    expect(offered).toEqual(['digits', 'emoji', 'tree', 'run:mine', 'run:other'])
    expect(values('walk', [run('mine', 12)], 'run:mine')).toEqual(['digits', 'emoji', 'tree', 'run:mine'])
    expect(choicesOf('walk', [run('mine', 12)], 'tree')[3].title).toBe('run mine: 12 bits')
    expect(nameOf('run:other')).toBe('run other')
  })

  test('offers a network that is told a picture only where there is one to tell', () => {
    expect(roomNames.filter(room => values(room, [], 'digits').includes('emoji-grey'))).toEqual(['steer'])
  })

  test('begins with its own network until one is chosen, which every room then has', () => {
    const at = (query: string) => {
      const { room, model } = readState(query)
      return networkOf(room, model)
    }
    expect(['', 'room=walk', 'room=steer', 'room=compress'].map(at)).toEqual([
      'digits',
      'tree',
      'digits',
      'digits',
    ])
    for (const room of roomNames) expect(at(`room=${room}&model=emoji`)).toBe('emoji')
    expect(at('room=walk&model=digits')).toBe('digits')
    expect(writeState(readState('room=walk&model=digits'))).toBe('room=walk&model=digits')
    expect(writeState(readState('room=walk'))).toBe('room=walk')
  })
})
