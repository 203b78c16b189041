import { describe, expect, test } from 'vitest'
import { CodeTree } from '../../src/codes/tree.ts'
import { random } from '../../src/data/rng.ts'
import type { DdnConfig } from '../../src/ddn/config.ts'
import { ddnSchema } from '../../src/ddn/config.ts'
import { DdnModel } from '../../src/ddn/model.ts'
import { layoutOf } from '../../src/ddn/program.ts'
import { toByte } from '../../src/report/grid.ts'
import { INNER, placesFor, tileAt } from '../../src/studio/page/rooms/walk/geometry.ts'
import { adopt, childOf, findNode, forget, rootNode } from '../../src/studio/page/rooms/walk/nodes.ts'
import { bitsTo, keptOf, parsePath, showPath, writePath } from '../../src/studio/page/rooms/walk/path.ts'
import { childrenText, countText, sentenceOf } from '../../src/studio/page/rooms/walk/words.ts'
import { atlasOf } from '../../src/studio/workers/walk-atlas.ts'
import { familyOf, ordered, shownOf } from '../../src/studio/workers/walk-family.ts'
import { NodePictures } from '../../src/studio/workers/walk-painter.ts'

describe('a typed path', () => {
  const K = [512, 512, 8]

  test('is codes with commas, spaces or dots, and comes back as it was', () => {
    for (const text of ['3,17,5', ' 3 17 5 ', '3 · 17 · 5', '3, 17, 5,'])
      expect(parsePath(text, K)).toEqual([3, 17, 5])
    expect(parsePath('', K)).toEqual([])
    expect(parsePath(writePath([3, 17]), K)).toEqual([3, 17])
    expect(showPath([3, 17])).toBe('3 · 17')
  })

  test('that is no node’s is refused with the reason', () => {
    expect(() => parsePath('3,x', K)).toThrow('“x” is no code: write numbers with commas, as in 3,17,5.')
    expect(() => parsePath('-3', K)).toThrow('“-3” is no code')
    expect(() => parsePath('1,2,3,4', K)).toThrow('These are 4 codes; an image of this model has 3.')
    expect(() => parsePath('1,2,8', K)).toThrow(
      '8 is no code of layer 3: this model has the codes 0 to 7 there.',
    )
  })

  test('costs the bits of its choices', () => {
    expect(bitsTo(0, K)).toBe(0)
    expect(bitsTo(3, K)).toBe(21)
  })

  test('keeps what a strip is asked to keep, and never everything', () => {
    expect(keptOf(256, 2, 14)).toBe(2)
    expect(keptOf(1, 2, 14)).toBe(1)
    expect(keptOf(256, 14, 14)).toBe(13)
  })
})

describe('the children that are shown', () => {
  const K = [8, 100]
  // Code 5 twice, 2 once; below 5 the codes 7 and 9.
  const tree = new CodeTree(K, Int32Array.of(5, 7, 5, 9, 2, 0))

  test('are the most used first, then the others by number', () => {
    expect(familyOf({ K, tree }, [])).toEqual({
      path: [],
      codes: [5, 2, 0, 1, 3, 4, 6, 7],
      counts: [2, 1, 0, 0, 0, 0, 0, 0],
      used: 2,
    })
    expect(familyOf({ K, tree }, [5]).codes).toEqual([7, 9, 0, 1, 2, 3, 4, 5])
    expect(ordered({ K, tree }, [5]).slice(0, 4)).toEqual([7, 9, 0, 1])
    expect(ordered({ K, tree }, [5])).toHaveLength(100)
  })

  test('stand in the order of their codes where nothing is counted', () => {
    const { codes, counts, used } = familyOf({ K, tree: null }, [1])
    expect(codes).toEqual(Array.from({ length: 40 }, (_, code) => code))
    expect(counts).toBeNull()
    expect(used).toBeNull()
  })

  test('make room for a guest at the end', () => {
    expect(familyOf({ K, tree }, [5], 77).codes).toEqual([7, 9, 0, 1, 2, 3, 4, 77])
    expect(familyOf({ K, tree }, [5], 9).codes).toEqual([7, 9, 0, 1, 2, 3, 4, 5])
    expect(() => familyOf({ K, tree }, [5], 100)).toThrow('100 is none of the codes')
  })

  test('fill whole rings, and are never more than there are', () => {
    expect([1, 8, 9, 40, 500].map(used => shownOf(512, used))).toEqual([8, 8, 16, 40, 40])
    expect(shownOf(2, null)).toBe(2)
  })

  test('are none below a whole image', () => {
    expect(familyOf({ K, tree }, [5, 7]).codes).toEqual([])
  })
})

describe('the nodes that are known', () => {
  const family = (path: number[], codes: number[], counts: number[] | null = null) => ({
    path,
    codes,
    counts,
    used: null,
  })
  const picture = { width: 1 } as HTMLCanvasElement

  test('stay who they are when a guest comes', () => {
    const root = rootNode(10, null)
    adopt(root, family([], [0, 1, 2], [5, 3, 2]))
    const one = childOf(root, 1)!
    adopt(one, family([1], [4]))
    root.atlas = { picture, tile: 1, since: 0 }
    adopt(root, family([], [0, 1, 7], [5, 3, 0]))
    expect(childOf(root, 1)).toBe(one)
    expect(one.count).toBe(3)
    expect(childOf(root, 2)).toBeNull()
    expect(findNode(root, [1, 4, 9]).path).toEqual([1, 4])
    // Its picture showed another.
    expect(root.atlas).toBeNull()
  })

  test('are forgotten when they were not seen for long, and those above what is seen stay', () => {
    const root = rootNode(null, null)
    adopt(root, family([], [0, 1, 2]))
    root.atlas = { picture, tile: 1, since: 0 }
    root.drawn = 9
    for (const [i, child] of root.family!.children.entries()) {
      adopt(child, family([...child.path], [0]))
      child.atlas = { picture, tile: 1, since: 0 }
      child.drawn = i === 1 ? 9 : i
    }
    forget(root, 9, 2)
    expect(root.family!.children.map(child => child.atlas !== null)).toEqual([false, true, false])
    forget(root, 9, 0)
    expect(root.family!.children[1].atlas).not.toBeNull()
  })

  test('are told in words', () => {
    const known = { K: [512, 512], count: 60000 }
    const root = rootNode(60000, null)
    adopt(root, { path: [], codes: [3], counts: [464], used: 500 })
    const child = childOf(root, 3)!
    expect(countText(child, known)).toBe('464 of 60,000 training images (0.77 %)')
    expect(childrenText(root, known)).toBe('512, 500 in use, 1 shown')
    expect(sentenceOf(child, known)).toBe(
      'Node 3: level 1 of 2, 9 bits, 464 of 60,000 training images (0.77 %).',
    )
    expect(countText(rootNode(null, null), { K: [2], count: null })).toBe('not counted')
  })
})

describe('an atlas', () => {
  test.each([
    [8, 1, 32],
    [40, 3, 4],
    [3, 1, 16],
  ])('has %i pictures where their nodes stand (%i channels, %i pixels)', (count, channels, size) => {
    const rng = random(1, 'atlas')
    const images = Float32Array.from({ length: count * channels * size * size }, () => 2 * rng.next() - 1)
    const { data, side, tile } = atlasOf(images, count, channels, size)
    const { grid, places } = placesFor(count)
    expect(side).toBe(Math.round((grid.n * tile) / INNER))
    const factor = tile / size
    let opaque = 0
    for (let i = 3; i < data.length; i += 4) opaque += data[i] / 255
    // Every picture in full: none over another, none over the edge.
    expect(opaque).toBe(count * tile * tile)
    places.forEach((place, i) => {
      const { left, top } = tileAt(place, side)
      const [u, v] = [size - 1, size >> 1]
      const at = 4 * ((top + v * factor) * side + left + u * factor + factor - 1)
      const plane = size * size
      const expected = [0, 1, 2].map(c =>
        toByte(images[(i * channels + (c % channels)) * plane + v * size + u]),
      )
      expect([...data.subarray(at, at + 3)]).toEqual(expected)
    })
  })
})

describe('the pictures of nodes', () => {
  const config: DdnConfig = ddnSchema.parse({
    size: 8,
    stages: [
      { grid: 4, layers: 2, width: 8, K: 6 },
      { grid: 8, layers: 2, width: 8, K: 6 },
    ],
  })

  async function model() {
    const rng = random(3, 'weights')
    const weights = Float32Array.from({ length: layoutOf(config).size }, () => rng.next() - 0.5)
    return DdnModel.open(config, weights)
  }

  test('are what the network itself makes at their level', async () => {
    const network = await model()
    const pictures = new NodePictures(network)
    const codes = network.draw({ count: 40, seed: 2 })
    const levels = await network.levels(codes)
    for (const depth of [1, 3, 4]) {
      const paths = Array.from({ length: 40 }, (_, i) => [...codes.subarray(4 * i, 4 * i + depth)])
      const found = await pictures.nodes(paths)
      const largest = found.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - levels[depth - 1][i])),
        0,
      )
      // Two graphs of the same operators: rounding at most.
      expect(largest).toBeLessThan(1e-5)
    }
    await pictures.close()
  })

  test('stand for the root by their mean, each as often as it is used', async () => {
    const pictures = new NodePictures(await model())
    const [first, third] = [await pictures.nodes([[0]]), await pictures.nodes([[2]])]
    const root = await pictures.root([3, 0, 1, 0, 0, 0])
    root.forEach((value, i) => {
      expect(value).toBeCloseTo(0.75 * first[i] + 0.25 * third[i], 5)
    })
    await pictures.close()
  })
})
