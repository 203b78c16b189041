import { describe, expect, test } from 'vitest'
import { Camera, type Framed, fitted, legsOf } from '../../src/studio/page/rooms/walk/camera.ts'
import { commonCell, inFrame, middleSide, placesFor } from '../../src/studio/page/rooms/walk/geometry.ts'
import { adopt, childOf, rootNode, type WalkNode } from '../../src/studio/page/rooms/walk/nodes.ts'
import { boxOf } from '../../src/studio/page/rooms/walk/paint.ts'
import { nodeUnder, type SceneOptions, sceneOf } from '../../src/studio/page/rooms/walk/scene.ts'

const window = { width: 900, height: 700 }

/** A tree of K children, of which all that is on these paths is known. */
function treeWith(K: number, paths: number[][]): WalkNode {
  const root = rootNode(null, null)
  for (const path of [[], ...paths]) {
    let node = root
    for (const code of [...path, null]) {
      if (!node.family) {
        const codes = Array.from({ length: K }, (_, k) => k)
        adopt(node, { path: node.path, codes, counts: null, used: null })
      }
      if (code !== null) node = childOf(node, code)!
    }
  }
  return root
}

function descend(root: WalkNode, path: number[]): WalkNode {
  return path.reduce((node, code) => childOf(node, code)!, root)
}

function cameraOver(root: WalkNode, still = false): Camera<WalkNode> {
  return new Camera(
    { root, children: node => node.family?.children ?? [], leaf: () => false },
    window,
    () => still,
  )
}

/** Runs until nothing moves; the frames that it took. */
function run(camera: Camera<WalkNode>, each: () => void = () => {}, now = 1000): number {
  camera.step(now)
  for (let frames = 1; frames < 1000; frames++) {
    each()
    if (!camera.step(now + frames * 16)) return frames
  }
  throw new Error('it does not come to rest')
}

describe('places', () => {
  test('lie inside, apart from each other and from the middle', () => {
    for (const count of [1, 2, 5, 8, 16, 40]) {
      const { grid, places } = placesFor(count)
      const middle = middleSide(grid)
      const all = [...places, { x: (1 - middle) / 2, y: (1 - middle) / 2, side: middle }]
      for (const [i, a] of all.entries()) {
        expect(Math.min(a.x, a.y)).toBeGreaterThanOrEqual(0)
        expect(Math.max(a.x, a.y) + a.side).toBeLessThanOrEqual(1)
        for (const b of all.slice(0, i)) {
          const apart = Math.max(
            b.x - a.x - a.side,
            a.x - b.x - b.side,
            b.y - a.y - a.side,
            a.y - b.y - b.side,
          )
          expect(apart).toBeGreaterThan(-1e-9)
        }
      }
    }
  })

  test('of two children are across from each other', () => {
    const [a, b] = placesFor(2).places
    expect(a.x + b.x + a.side).toBeCloseTo(1)
    expect(a.y).toBeCloseTo(b.y)
  })
})

describe('a view', () => {
  const deep = [1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6]
  const root = treeWith(8, [deep, [7, 7]])

  test('is the same from another node’s square, and comes back', () => {
    const [a, b] = [descend(root, [1, 2, 3]), descend(root, [7, 7])]
    expect(commonCell(a, b)).toBe(root)
    const view = { x: 0.3, y: 0.6, width: 0.5 }
    const back = inFrame(inFrame(view, a, b), b, a)
    for (const key of ['x', 'y', 'width'] as const) expect(back[key]).toBeCloseTo(view[key], 9)
    const seen = inFrame(view, a, root)
    expect(seen.width).toBeCloseTo(0.5 * a.place.side ** 3, 12)
  })

  test('of a node fourteen levels down is exact to a pixel', () => {
    const camera = cameraOver(root)
    const target = descend(root, deep)
    camera.goTo(target, false)
    const box = boxOf(target, camera.seen, window)!
    expect(box.x + box.side / 2).toBeCloseTo(450, 3)
    expect(box.y + box.side / 2).toBeCloseTo(350, 3)
    expect(box.side).toBeCloseTo(700 / 1.03, 3)
    const beside = boxOf(descend(root, [...deep.slice(0, -1), 5]), camera.seen, window)!
    expect(beside.side).toBeCloseTo(box.side, 3)
  })
})

describe('the camera', () => {
  const deep = [1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6]

  test('flies down fourteen levels past every node on the way, without a jump, and arrives', () => {
    const root = treeWith(8, [deep])
    const camera = cameraOver(root)
    const target = descend(root, deep)
    camera.goTo(target, true)
    const passed = new Set<string>()
    let before = camera.seen
    const frames = run(camera, () => {
      const now = camera.seen
      passed.add(now.cell.path.join())
      const same = inFrame(before.view, before.cell, now.cell)
      const jump = Math.hypot(same.x - now.view.x, same.y - now.view.y) / Math.max(same.width, now.view.width)
      // A frame is a 200th of the way: never more than half of what is seen.
      expect(jump).toBeLessThan(0.5)
      expect(Math.abs(Math.log(same.width / now.view.width))).toBeLessThan(0.7)
      before = now
    })
    expect(frames).toBeLessThan(220)
    expect(passed.size).toBeGreaterThan(10)
    expect(camera.seen).toEqual(fitted(target, false))
    expect(camera.middle()).toBe(target)
  })

  test('takes one curve to what is near', () => {
    const root = treeWith(8, [
      [1, 2],
      [3, 4],
    ])
    const view = (node: WalkNode): Framed<WalkNode> => fitted(node, false)
    const legs = legsOf(view(descend(root, [1, 2])), view(descend(root, [3, 4])), node => view(node).view)
    expect(legs.map(({ cell }) => cell)).toEqual([root])
  })

  test('is there at once where nothing is to move', () => {
    const root = treeWith(8, [[1]])
    const camera = cameraOver(root, true)
    camera.goTo(descend(root, [1]), true)
    expect(camera.flying).toBe(false)
    expect(camera.seen.cell).toBe(descend(root, [1]))
    camera.zoom(0.5)
    expect(camera.step(0)).toBe(false)
  })

  test('zooms about the pointer, and what is under it stays', () => {
    const root = treeWith(8, [deep])
    const camera = cameraOver(root)
    const at = { x: 700, y: 400 }
    const under = () => {
      const { cell, view } = camera.seen
      const k = camera.scale
      return inFrame({ x: view.x + (at.x - 450) / k, y: view.y + (at.y - 350) / k, width: 1 }, cell, root)
    }
    const before = under()
    camera.zoom(2.5, at)
    run(camera, () => {
      expect(under().x).toBeCloseTo(before.x, 6)
      expect(under().y).toBeCloseTo(before.y, 6)
    })
    expect(camera.seen.view.width * camera.seen.cell.place.side ** camera.seen.cell.depth).toBeCloseTo(
      1.03 / 2.5,
      3,
    )
  })

  test('tells which node fills the middle after zooming by hand', () => {
    const root = treeWith(8, [[0, 0]])
    const camera = cameraOver(root, true)
    expect(camera.middle()).toBe(root)
    const { place } = descend(root, [0])
    camera.goToView({ cell: root, view: { x: place.x + 0.1, y: place.y + 0.1, width: place.side } }, false)
    expect(camera.middle()).toBe(descend(root, [0]))
    camera.zoom(1 / 8)
    expect(camera.middle()).toBe(root)
  })

  test('goes no further out than the whole, and no further in than a part of a picture', () => {
    const root = treeWith(8, [])
    const camera = cameraOver(root, true)
    camera.zoom(0.001)
    expect(camera.seen.view.width).toBe(1.5)
    camera.zoom(1e6, { x: 450, y: 350 })
    expect(camera.seen.view.width).toBe(0.08)
    camera.pan(1e9, 0)
    expect(camera.seen.view.x).toBeLessThanOrEqual(1)
  })
})

describe('what is seen', () => {
  const atlas = () => ({ picture: { width: 100 } as HTMLCanvasElement, tile: 32, since: 0 })

  function scene(root: WalkNode, over: Partial<SceneOptions> = {}) {
    return sceneOf({
      seen: fitted(root, false),
      window,
      K: [8, 8, 8],
      density: 1,
      now: 1e6,
      still: false,
      frame: 1,
      ...over,
    })
  }

  test('is the root alone at first, and its children are asked for', () => {
    const root = rootNode(null, null)
    const { items, wanted } = scene(root)
    expect(items.map(({ kind }) => kind)).toEqual(['picture'])
    expect(wanted).toEqual([root])
  })

  test('is one picture of all children until one of them opens', () => {
    const root = treeWith(8, [])
    root.atlas = atlas()
    const before = scene(root)
    expect(before.items.map(({ kind }) => kind)).toEqual(['picture', 'line', 'children'])
    expect(new Set(before.wanted)).toEqual(new Set(root.family!.children))
    const child = descend(root, [3])
    adopt(child, { path: [3], codes: [0, 1, 2, 3, 4, 5, 6, 7], counts: null, used: null })
    child.atlas = atlas()
    const after = scene(root)
    expect(after.items.filter(({ kind }) => kind === 'picture')).toHaveLength(9)
    expect(after.wanted).toHaveLength(7 + 8)
    expect(after.wanted.slice(0, 7).every(({ depth }) => depth === 1)).toBe(true)
  })

  test('asks for the most used of a level first', () => {
    const root = rootNode(6000, null)
    adopt(root, {
      path: [],
      codes: [5, 1, 2, 3, 4, 0, 6, 7],
      counts: [3000, 2000, 900, 50, 50, 0, 0, 0],
      used: 5,
    })
    root.atlas = atlas()
    expect(
      scene(root)
        .wanted.slice(0, 3)
        .map(({ path }) => path[0]),
    ).toEqual([5, 1, 2])
  })

  test('leaves out what is beyond the window', () => {
    const root = treeWith(8, [[0], [4]])
    for (const node of [root, descend(root, [0]), descend(root, [4])]) node.atlas = atlas()
    const { items } = scene(root, { seen: fitted(descend(root, [0]), false) })
    const nodes = items.map(({ node }) => node)
    expect(nodes).toContain(descend(root, [0]))
    expect(nodes).not.toContain(descend(root, [4]))
  })

  test('asks for nothing below a whole image', () => {
    const root = treeWith(8, [])
    root.atlas = atlas()
    expect(scene(root, { K: [8] }).wanted).toEqual([])
  })

  test('fades in what just came, unless nothing is to move', () => {
    const root = treeWith(8, [])
    root.atlas = { ...atlas(), since: 1e6 - 100 }
    expect(scene(root).fading).toBe(true)
    expect(scene(root).items[2].alpha).toBeLessThan(1)
    expect(scene(root, { still: true }).items[2].alpha).toBe(1)
    expect(scene(root, { now: 1e6 + 1000 }).fading).toBe(false)
  })

  test('is found again under the pointer', () => {
    const root = treeWith(8, [[3]])
    root.atlas = atlas()
    descend(root, [3]).atlas = atlas()
    const seen = scene(root)
    expect(nodeUnder(seen, { x: 450, y: 350 })).toBe(root)
    expect(nodeUnder(seen, { x: 2, y: 2 })).toBeNull()
    for (const item of seen.items.filter(({ kind }) => kind === 'picture')) {
      const { x, y, side } = item.box
      expect(nodeUnder(seen, { x: x + side / 2, y: y + side / 2 })).toBe(item.node)
    }
    const { box } = seen.items.find(({ kind }) => kind === 'children')!
    const { place } = descend(root, [3, 6])
    const middle = {
      x: box.x + (place.x + place.side / 2) * box.side,
      y: box.y + (place.y + place.side / 2) * box.side,
    }
    expect(nodeUnder(seen, middle)).toBe(descend(root, [3, 6]))
  })
})
