/** The recursive grid: what must hold of every layout, and small ones by hand. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CodeTree } from '../../src/codes/tree.ts'
import { gridFor, layoutTree, type Square, spiral, type TreeLayout } from '../../src/report/tree-layout.ts'

describe('the grid around a middle', () => {
  test('has room, an odd middle, and no smaller grid or larger middle would do', () => {
    for (let count = 1; count <= 600; count++) {
      const { n, m } = gridFor(count)
      expect(n % 2 && m % 2 && m < n, `${count}`).toBeTruthy()
      expect(n * n - m * m).toBeGreaterThanOrEqual(count)
      if (n > 3) expect((n - 2) ** 2 - 1).toBeLessThan(count)
      if (m + 2 < n) expect(n * n - (m + 2) ** 2).toBeLessThan(count)
    }
    expect([8, 16, 24, 40].map(gridFor)).toEqual([
      { n: 3, m: 1 },
      { n: 5, m: 3 },
      { n: 5, m: 1 },
      { n: 7, m: 3 },
    ])
  })

  test('is filled by a spiral: from the right clockwise, every cell once, each beside the one before', () => {
    expect(spiral({ n: 3, m: 1 })).toEqual([
      [1, 0],
      [1, 1],
      [0, 1],
      [-1, 1],
      [-1, 0],
      [-1, -1],
      [0, -1],
      [1, -1],
    ])
    for (const [n, m] of [
      [5, 1],
      [5, 3],
      [9, 3],
      [11, 5],
    ]) {
      const cells = spiral({ n, m })
      expect(new Set(cells.map(String)).size).toBe(n * n - m * m)
      const ring = cells.map(([x, y]) => Math.max(Math.abs(x), Math.abs(y)))
      expect(Math.min(...ring)).toBe((m + 1) / 2)
      expect(Math.max(...ring)).toBe((n - 1) / 2)
      expect(ring).toEqual([...ring].sort((a, b) => a - b))
      for (let i = 1; i < cells.length; i++)
        expect(Math.abs(cells[i][0] - cells[i - 1][0]) + Math.abs(cells[i][1] - cells[i - 1][1])).toBe(1)
    }
  })
})

const inside = (a: Square, b: Square) =>
  a.x >= b.x && a.y >= b.y && a.x + a.side <= b.x + b.side && a.y + a.side <= b.y + b.side
const apart = (a: Square, b: Square) =>
  a.x + a.side <= b.x || b.x + b.side <= a.x || a.y + a.side <= b.y || b.y + b.side <= a.y
const centre = ({ x, y, side }: Square) => [x + side / 2, y + side / 2]

/** What holds of every layout. */
function check({ side, nodes, levels }: TreeLayout) {
  expect(nodes[0].cell).toEqual({ x: 0, y: 0, side })
  expect(levels.map(({ from }) => from)).toEqual([0, ...levels.slice(0, -1).map(({ to }) => to)])
  nodes.forEach((node, i) => {
    const { cell, image, level, parent, first, shown } = node
    for (const value of [cell.x, cell.y, cell.side, image.x, image.y, image.side])
      expect(Number.isInteger(value)).toBe(true)
    expect(i >= levels[level].from && i < levels[level].to).toBe(true)
    expect(image.side % levels[level].size).toBe(0)
    expect(inside(image, cell)).toBe(true)
    // An image in a cell of the other parity cannot stand nearer to the middle than half a pixel.
    centre(image).forEach((value, axis) => {
      expect(Math.abs(value - centre(cell)[axis])).toBeLessThanOrEqual(0.5)
    })
    const children = nodes.slice(first, first + shown)
    expect(children.every(child => child.parent === i)).toBe(true)
    for (const [c, child] of children.entries()) {
      expect(inside(child.cell, cell)).toBe(true)
      expect(apart(child.cell, image)).toBe(true)
      expect(child.path.slice(0, -1)).toEqual(node.path)
      for (const other of children.slice(c + 1)) expect(apart(child.cell, other.cell)).toBe(true)
    }
    if (parent >= 0) expect(image.side).toBeLessThanOrEqual(nodes[parent].image.side)
  })
}

describe('a layout', () => {
  test('keeps images centred, and children inside, apart from each other and from the image', () => {
    fc.assert(
      fc.property(
        fc.record({
          K: fc.array(fc.integer({ min: 2, max: 20 }), { minLength: 1, maxLength: 4 }),
          depth: fc.integer({ min: 1, max: 3 }),
          children: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 3 }),
          sizes: fc.array(fc.constantFrom(4, 8, 16), { minLength: 4, maxLength: 4 }),
          scale: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
          seeds: fc.option(fc.array(fc.nat(), { minLength: 8, maxLength: 80 }), { nil: undefined }),
        }),
        ({ K, depth, children, sizes, scale, seeds }) => {
          const L = K.length
          const codes = seeds?.slice(0, L * Math.floor(seeds.length / L)).map((seed, i) => seed % K[i % L])
          const tree = codes && new CodeTree(K, Int32Array.from(codes))
          const growing = [...sizes].sort((a, b) => a - b)
          check(layoutTree({ K, sizes: growing, depth: Math.min(depth, L), children, scale, tree }))
        },
      ),
      { numRuns: 60, seed: 1 },
    )
  })

  test('of eight candidates is a grid of 3 × 3, and a parent among its last children as large as they', () => {
    const { nodes, levels, side } = layoutTree({ K: [8, 8], sizes: [32, 32], depth: 2 })
    expect(nodes).toHaveLength(1 + 8 + 64)
    expect(levels.map(({ from, to }) => to - from)).toEqual([1, 8, 64])
    expect(nodes[1].image.side).toBe(32)
    expect(nodes[9].image.side).toBe(32)
    // In the middle of all there is room for three images and what is between them.
    expect(nodes[0].image.side).toBe(96)
    // 32 and 2 on each side; 3 · 36 and a line of 2 on each side; 3 · 112, twice 2 between, line and space of 5.
    expect([nodes[9], nodes[1]].map(({ cell }) => cell.side)).toEqual([36, 112])
    expect(side).toBe(350)
    expect(levels.map(({ border }) => border)).toEqual([3, 2, 1])
  })

  test('without a collection shows children in the order of their codes, and says how many are left', () => {
    const { nodes } = layoutTree({ K: [5, 9], sizes: [4, 8], depth: 2, children: [3, 8] })
    expect(nodes.slice(1, 4).map(({ path }) => path)).toEqual([[0], [1], [2]])
    expect(nodes[0]).toMatchObject({ shown: 3, hidden: { children: 2, paths: 0 }, count: null })
    expect(nodes[1]).toMatchObject({ shown: 8, hidden: { children: 1, paths: 0 } })
  })

  test('of a collection shows the most used first, counts, and leaves out what nobody uses', () => {
    const codes = [2, 0, 2, 1, 2, 1, 0, 3, 0, 3, 4, 0, 4, 1, 4, 2]
    const tree = new CodeTree([6, 4], Int32Array.from(codes))
    const { nodes } = layoutTree({ K: [6, 4], sizes: [4, 4], depth: 2, children: [2, 8], tree })
    expect(nodes.slice(1, 3).map(({ path, count }) => [path[0], count])).toEqual([
      [2, 3],
      [4, 3],
    ])
    expect(nodes[0].hidden).toEqual({ children: 1, paths: 2 })
    // All four fit: those in use first, then the others, which nobody uses.
    expect(
      nodes.slice(nodes[1].first, nodes[1].first + 4).map(({ path, count }) => [path[1], count]),
    ).toEqual([
      [1, 2],
      [0, 1],
      [2, 0],
      [3, 0],
    ])
  })

  test('begins at any node, and ends where its collection does', () => {
    const tree = new CodeTree([3, 9, 9, 9], Int32Array.from([1, 5, 6, 7, 1, 5, 6, 8, 2, 0, 0, 0]))
    const { nodes, levels } = layoutTree({
      K: [3, 9, 9, 9],
      sizes: [4, 8, 8, 16],
      root: [1, 5],
      depth: 2,
      tree,
      children: [4],
    })
    expect(nodes.map(({ path }) => path.join())).toEqual(['1,5', '1,5,6', '1,5,6,7', '1,5,6,8'])
    expect(levels.map(({ size }) => size)).toEqual([8, 8, 16])
    expect(nodes[0].count).toBe(2)
  })

  test('says what is wrong with its input', () => {
    const of = (options: object) => () => layoutTree({ K: [4, 4], sizes: [4, 4], depth: 1, ...options })
    expect(of({ depth: 3 })).toThrow('invalid depth: 3; there are 2 levels below this node')
    expect(of({ depth: 2, root: [0] })).toThrow('invalid depth: 2; there is 1 level below this node')
    expect(of({ root: [0, 1] })).toThrow('path 0,1 is a whole image: there is nothing below it')
    expect(of({ root: [9] })).toThrow('9 is none of the codes 0 to 3 of layer 0')
    expect(of({ children: [0] })).toThrow('invalid children: 0; give positive integers')
    expect(of({ children: [] })).toThrow('invalid children: none')
    const big = { K: [200, 200], depth: 2, children: [200] }
    expect(of(big)).toThrow('there would be more than 20000 nodes')
    const nobody = {
      tree: new CodeTree([90, 4], Int32Array.from([1, 1])),
      K: [90, 4],
      root: [3],
      children: [2],
    }
    expect(of(nobody)).toThrow('no path of the collection passes through 3')
  })
})
