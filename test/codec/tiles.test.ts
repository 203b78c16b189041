/** Tiles: what is cut up comes back, and neighbours share what they overlap in. */

import { describe, expect, test } from 'vitest'
import { addTile, cutTile, type FloatPicture, type Tiling, tileGrid } from '../../src/codec/tiles.ts'
import { random } from '../../src/data/rng.ts'

function picture(width: number, height: number, channels: number): FloatPicture {
  const rng = random(width * height, 'picture')
  const data = Float32Array.from({ length: channels * width * height }, () => 2 * rng.next() - 1)
  return { width, height, data }
}

/** Cut up and put together again; `change` has a tile in its hands between the two. */
function through(from: FloatPicture, tiling: Tiling, change = (tile: Float32Array, _index: number) => tile) {
  const { width, height, data } = from
  const to = { width, height, data: new Float32Array(data.length) }
  for (let i = 0; i < tileGrid(width, height, tiling).count; i++) {
    const tile = new Float32Array(tiling.channels * tiling.size ** 2)
    cutTile(from, tiling, i, tile)
    addTile(to, tiling, i, change(tile, i))
  }
  return to.data
}

const largest = (a: Float32Array, b: Float32Array) =>
  a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i])), 0)

describe('a picture that is cut up', () => {
  for (const [width, height] of [
    [1, 1],
    [7, 45],
    [100, 33],
    [32, 32],
    [33, 32],
    [56, 57],
  ])
    for (const overlap of [0, 3, 8, 16])
      test(`of ${width}×${height}, overlapping by ${overlap}, comes back`, () => {
        const from = picture(width, height, 3)
        const back = through(from, { channels: 3, size: 32, overlap })
        // Up to four roundings to float32 of values up to 1.
        expect(largest(back, from.data)).toBeLessThan(4e-7)
      })

  test('of the size of a tile is one tile, bit by bit', () => {
    const from = picture(16, 16, 1)
    const tiling = { channels: 1, size: 16, overlap: 4 }
    expect(tileGrid(16, 16, tiling)).toEqual({ columns: 1, rows: 1, count: 1 })
    const tile = new Float32Array(256)
    cutTile(from, tiling, 0, tile)
    expect(tile).toEqual(from.data)
    expect(through(from, tiling)).toEqual(from.data)
  })

  test('has the tiles that its overlap asks for', () => {
    const tiling = { size: 32, overlap: 8 }
    expect(tileGrid(33, 32, tiling)).toMatchObject({ columns: 2, rows: 1 })
    expect(tileGrid(56, 57, tiling)).toMatchObject({ columns: 2, rows: 3 })
    expect(tileGrid(100, 33, tiling)).toEqual({ columns: 4, rows: 2, count: 8 })
    expect(tileGrid(7, 45, { size: 1, overlap: 0 })).toEqual({ columns: 7, rows: 45, count: 315 })
  })

  test('repeats its edge where a tile reaches beyond it', () => {
    const tile = new Float32Array(16)
    const from = { width: 2, height: 3, data: Float32Array.of(1, 2, 3, 4, 5, 6) }
    cutTile(from, { channels: 1, size: 4, overlap: 1 }, 0, tile)
    expect([...tile]).toEqual([1, 2, 2, 2, 3, 4, 4, 4, 5, 6, 6, 6, 5, 6, 6, 6])
  })
})

test('where two tiles differ the one goes over into the other evenly', () => {
  // Two tiles in a row, of 0 and of 1.
  const from = { width: 14, height: 1, data: new Float32Array(14) }
  const made = through(from, { channels: 1, size: 8, overlap: 2 }, (tile, i) => tile.fill(i))
  expect([...made]).toEqual([0, 0, 0, 0, 0, 0, 0.25, 0.75, 1, 1, 1, 1, 1, 1])
})
