/** The pictures and the page of a tree, from images made here: pixels, markup, and the page's script at work. */

import { createHash } from 'node:crypto'
import { decode } from 'fast-png'
import { parseHTML } from 'linkedom'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { CodeTree } from '../../src/codes/tree.ts'
import { random } from '../../src/data/rng.ts'
import { toByte } from '../../src/report/grid.ts'
import { passing, type TreeContents } from '../../src/report/tree-contents.ts'
import type { ImageTree } from '../../src/report/tree-images.ts'
import { layoutTree } from '../../src/report/tree-layout.ts'
import { treePage } from '../../src/report/tree-page.ts'
import { type Camera, treeCamera } from '../../src/report/tree-page-camera.ts'
import { pageTree } from '../../src/report/tree-page-data.ts'
import { flight, type View } from '../../src/report/tree-page-flight.ts'
import { levelColours } from '../../src/report/tree-palette.ts'
import { backgroundFor, paper, treePicture } from '../../src/report/tree-picture.ts'
import { treeSvg } from '../../src/report/tree-svg.ts'

const K = [6, 4]
const rng = random(1, 'tree page')
// Code 5 of the first layer is never used, nor is code 3 of the second.
const codes = Int32Array.from({ length: 60 }, (_, i) => rng.int(i % 2 ? 3 : 5))
const tree = new CodeTree(K, codes)
const hostile = '</script><img src=x onerror="alert(1)">'

function treeOf(channels: 1 | 3 = 1): ImageTree {
  const layout = layoutTree({ K, sizes: [4, 8], depth: 2, children: [4, 4], tree })
  const levels = layout.levels.map(({ from, to, size }) => ({
    data: Float32Array.from({ length: (to - from) * channels * size * size }, () => 2 * rng.next() - 1),
    count: to - from,
    channels,
    size,
  }))
  return { layout, levels }
}

function contentsOf(images = treeOf(), more: Partial<TreeContents> = {}): TreeContents {
  const { channels } = images.levels[0]
  const pixels = Uint8Array.from({ length: 30 * channels * 64 }, () => rng.int(256))
  const labels = Int32Array.from({ length: 30 }, (_, i) => i % 2)
  const real = { count: 30, channels, size: 8, pixels }
  return {
    ...images,
    run: 'runs/one',
    step: 12,
    data: 'digits',
    K,
    whole: false,
    condition: null,
    passing: passing(images, tree, { images: real, labels, classes: [hostile, 'one'] }),
    ...more,
  }
}

describe('the picture', () => {
  test.each([1, 3] as const)('shows every image pixel for pixel, of %i channels', channels => {
    const images = treeOf(channels)
    const { width, height, data } = treePicture(images, 'light')
    expect([width, height]).toEqual([images.layout.side, images.layout.side])
    images.layout.nodes.forEach(({ image, level }, i) => {
      const { data: values, size } = images.levels[level]
      const factor = image.side / size
      for (const [u, v] of [
        [0, 0],
        [image.side - 1, 0],
        [image.side >> 1, image.side - 1],
      ])
        for (let c = 0; c < 3; c++) {
          const pixel = Math.floor(v / factor) * size + Math.floor(u / factor)
          const at = (i - images.layout.levels[level].from) * channels + (c % channels)
          expect(data[((image.y + v) * width + image.x + u) * 3 + c]).toBe(
            toByte(values[at * size * size + pixel]),
          )
        }
    })
  })

  test('draws the line of a level around its images and around what is below them', () => {
    const { layout, levels } = treeOf()
    const picture = treePicture({ layout, levels }, 'dark')
    const colourAt = (x: number, y: number) =>
      Array.from(picture.data.slice((y * picture.width + x) * 3).slice(0, 3))
    for (const { cell, image, level, shown } of layout.nodes) {
      if (shown === 0) continue
      expect(colourAt(cell.x, cell.y)).toEqual(levelColours[level])
      expect(colourAt(cell.x + cell.side - 1, cell.y + cell.side - 1)).toEqual(levelColours[level])
      expect(colourAt(image.x - 1, image.y)).toEqual(levelColours[level])
    }
    const [leaf] = layout.nodes.slice(-1)
    expect(colourAt(leaf.image.x - 1, leaf.image.y)).toEqual([...paper.dark])
  })

  test('has a background that the images stand out from', () => {
    const of = (value: number) => {
      const { layout, levels } = treeOf()
      return backgroundFor({
        layout,
        levels: levels.map(level => ({ ...level, data: level.data.map(() => value) })),
      })
    }
    expect([of(-0.8), of(0.8)]).toEqual(['light', 'dark'])
  })

  test('has colours with a contrast of 3 to both backgrounds', () => {
    // WCAG 2.2, contrast ratio of relative luminances.
    const luminance = (colour: readonly number[]) => {
      const [r, g, b] = colour.map(value => {
        const part = value / 255
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
      })
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const contrast = (a: number, b: number) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
    for (const colour of levelColours)
      for (const behind of [[255, 255, 255], paper.dark])
        expect(contrast(luminance(colour), luminance(behind))).toBeGreaterThanOrEqual(3)
  })
})

describe('the drawing', () => {
  test('is well-formed, with every node once, its image and its title', () => {
    const contents = contentsOf(treeOf(3), { run: `runs/<&"'>` })
    const svg = treeSvg(contents, 'light')
    const { document } = parseHTML(svg)
    const groups = [...document.querySelectorAll('g')]
    expect(groups).toHaveLength(contents.layout.nodes.length)
    expect(document.querySelector('title')!.textContent).toBe(`The tree of codes of runs/<&"'>, step 12`)
    const balanced = svg.match(/<[a-z]+[^>]*[^/]>|<[a-z]+>/g)!.length
    expect(svg.match(/<\/[a-z]+>/g)).toHaveLength(balanced)
    contents.layout.nodes.forEach(({ path, image, count }, i) => {
      const title = groups[i].querySelector('title')!.textContent!
      expect(title.startsWith(`${path.length ? path.join(' · ') : 'Root'}: `)).toBe(true)
      expect(title).toContain(`${count} of 30 images`)
      const shown = groups[i].querySelector('image')!
      expect(Number(shown.getAttribute('width'))).toBe(image.side)
      const png = decode(Buffer.from(shown.getAttribute('href')!.split(',')[1], 'base64'))
      expect([png.width, png.channels]).toEqual([contents.levels[contents.layout.nodes[i].level].size, 3])
    })
    expect(groups[0].querySelector('title')!.textContent).toMatch(/not shown: 1 child with \d+ images?$/)
  })
})

describe('the page', () => {
  test('holds every node once, and its images in one sheet a level', () => {
    const contents = contentsOf()
    const { document } = parseHTML(treePage(contents))
    const data = JSON.parse(document.getElementById('tree')!.textContent!)
    const paths = new Set<string>()
    const pathOf = (i: number): number[] => (i === 0 ? [] : [...pathOf(data.parent[i]), data.code[i]])
    data.parent.forEach((_: number, i: number) => {
      expect(pathOf(i)).toEqual(contents.layout.nodes[i].path)
      paths.add(pathOf(i).join())
    })
    expect(paths.size).toBe(contents.layout.nodes.length)
    const sheets = [...document.querySelectorAll('img')].map(image => image.getAttribute('src')!)
    expect(sheets).toHaveLength(contents.levels.length + 1)
    contents.levels.forEach(({ size, data: values }, level) => {
      const png = decode(Buffer.from(sheets[level].split(',')[1], 'base64'))
      const { columns, from, to } = data.levels[level]
      expect(png.width).toBe(columns * size)
      for (let place = 0; place < to - from; place++) {
        const at = Math.floor(place / columns) * size * png.width + (place % columns) * size
        expect(png.data[at]).toBe(toByte(values[place * size * size]))
      }
    })
  })

  test('asks nothing of the network, and allows no script but its own', () => {
    const page = treePage(contentsOf())
    expect(page.match(/(?:src|href)="(?!data:)[^"]*"/g)).toBeNull()
    const { document } = parseHTML(page)
    const policy = document.querySelector('meta[http-equiv]')!.getAttribute('content')!
    const scripts = [...document.querySelectorAll('script')].filter(({ type }) => type !== 'application/json')
    expect(scripts).toHaveLength(1)
    const hash = createHash('sha256').update(scripts[0].textContent!).digest('base64')
    expect(policy).toBe(
      `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${hash}'`,
    )
  })

  test('cannot be broken into by a label, a name or a path', () => {
    const page = treePage(
      contentsOf(treeOf(), { run: hostile, data: `folder:${hostile}`, condition: hostile }),
    )
    const { document } = parseHTML(page)
    expect(document.querySelectorAll('script')).toHaveLength(2)
    expect([...document.querySelectorAll('img')].every(image => image.id)).toBe(true)
    expect(JSON.parse(document.getElementById('tree')!.textContent!).passing.names).toContain(hostile)
    expect(page.split('<img').length - 1).toBe(4)
  })

  test('does without a count', () => {
    const contents = contentsOf(treeOf(), { passing: null })
    expect(pageTree(contents).passing).toBeNull()
    expect(parseHTML(treePage(contents)).document.querySelectorAll('img')).toHaveLength(3)
  })
})

describe('the script of the page', () => {
  const contents = contentsOf()
  let page: ReturnType<typeof open>
  beforeEach(() => {
    page = open(treePage(contents))
  })

  test('says what the root is, and draws all that is seen', async () => {
    await page.ready()
    expect(page.facts()).toMatchObject({
      'Bits so far': '0',
      'Pass through': '30 of 30 images, 100\u00a0%',
      Children: '4 of 6 shown',
    })
    expect(page.drawn()).toBeGreaterThan(0)
  })

  test('goes down with Enter, up with Escape, to the neighbour with an arrow', async () => {
    await page.ready()
    page.press('Enter')
    const first = contents.layout.nodes[1]
    expect(page.path()).toEqual(['Root', String(first.path[0])])
    expect(page.facts()['Pass through']).toMatch(new RegExp(`^${first.count} of 30 images`))
    expect(page.facts()['Bits so far']).toBe('2.6')
    // The first child stands to the right of the middle, the second below it.
    page.press('ArrowDown')
    expect(page.path()).toEqual(['Root', String(contents.layout.nodes[2].path[0])])
    page.press('Escape')
    expect(page.path()).toEqual(['Root'])
  })

  test('comes to rest after a flight and after a zoom', async () => {
    await page.ready()
    page.press('Enter')
    expect(page.run()).toBeLessThan(200)
    page.press('+')
    expect(page.run()).toBeLessThan(200)
  })

  test('says a hostile label as text', async () => {
    await page.ready()
    const labelled = contents.passing!.labels.findIndex(share => share?.label === hostile)
    page.go(contents.layout.nodes[labelled].path)
    expect(page.facts()['Commonest class']).toContain(hostile)
    expect(page.document.querySelectorAll('#facts img')).toHaveLength(0)
  })
})

describe('the camera', () => {
  const frames: ((now: number) => void)[] = []
  let still = false
  let drawn = 0
  const window = { width: 900, height: 600 }
  const options = { side: 1000, narrowest: 20, window, still: () => still, draw: () => drawn++ }
  /** What of the picture stands at a place of the window. */
  const seen = ({ view, factor }: Camera, at: { x: number; y: number }) =>
    [view.x + (at.x - 450) / factor(), view.y + (at.y - 300) / factor()] as const

  beforeEach(() => {
    frames.length = 0
    still = false
    vi.stubGlobal('requestAnimationFrame', (frame: (now: number) => void) => frames.push(frame))
    return () => vi.unstubAllGlobals()
  })
  const step = (now: number) => {
    for (const frame of frames.splice(0)) frame(now)
  }

  test('keeps the point under the pointer where it is, in every frame of a zoom', () => {
    const camera = treeCamera(flight, options)
    camera.go({ x: 400, y: 500, width: 300 })
    const at = { x: 700, y: 100 }
    const before = seen(camera, at)
    camera.zoom(3, at)
    for (let now = 16; frames.length; now += 16) {
      step(now)
      const after = seen(camera, at)
      expect(after[0]).toBeCloseTo(before[0], 6)
      expect(after[1]).toBeCloseTo(before[1], 6)
    }
    expect(camera.view.width).toBeCloseTo(100, 6)
  })

  test('stays within its bounds', () => {
    const camera = treeCamera(flight, options)
    camera.go({ x: -50, y: 5000, width: 1 })
    expect(camera.view).toEqual({ x: 0, y: 1000, width: 20 })
    camera.zoom(1e-9)
    expect(camera.wanted.width).toBe(1300)
  })

  test('goes at once where nothing is to move by itself, and draws once', () => {
    still = true
    const camera = treeCamera(flight, options)
    camera.fly({ x: 10, y: 20, width: 30 })
    expect(camera.view).toEqual({ x: 10, y: 20, width: 30 })
    camera.zoom(1.5)
    expect(camera.view.width).toBe(20)
    drawn = 0
    for (let now = 0; frames.length; now += 16) step(now)
    expect(drawn).toBe(1)
  })
})

describe('a flight', () => {
  const ends: [View, View][] = [
    [
      { x: 0, y: 0, width: 100 },
      { x: 500, y: 200, width: 10 },
    ],
    [
      { x: 5, y: 5, width: 100 },
      { x: 5, y: 5, width: 2 },
    ],
    [
      { x: 10, y: 0, width: 7 },
      { x: 0, y: 90, width: 7 },
    ],
  ]

  test.each(ends)('begins and ends where it should', (from, to) => {
    const { at, length } = flight(from, to)
    expect(length).toBeGreaterThan(0)
    for (const [t, view] of [
      [0, from],
      [1, to],
    ] as const)
      for (const key of ['x', 'y', 'width'] as const) expect(at(t)[key]).toBeCloseTo(view[key], 6)
  })

  test.each(ends)('is the same way back, and as even as its source says', (from, to) => {
    const [there, back] = [flight(from, to), flight(to, from)]
    expect(back.length).toBeCloseTo(there.length, 9)
    for (const t of [0.1, 0.4, 0.8]) {
      expect(back.at(1 - t).width).toBeCloseTo(there.at(t).width, 6)
      // The metric of the paper, ds² = ρ²/w² du² + dw²/(ρ² w²), with ρ² = 2: the same speed everywhere.
      const [a, b] = [there.at(t - 1e-4), there.at(t + 1e-4)]
      const across = Math.hypot(b.x - a.x, b.y - a.y)
      const speed = Math.sqrt(2 * across ** 2 + (b.width - a.width) ** 2 / 2) / there.at(t).width / 2e-4
      expect(speed / there.length).toBeCloseTo(1, 4)
    }
  })
})

/** The page's script in a document without a screen, its frames run by hand. */
function open(text: string) {
  const { document } = parseHTML(text)
  const script = [...document.querySelectorAll('script')].find(({ type }) => type !== 'application/json')!
  let drawn = 0
  const brush = new Proxy({} as Record<string, unknown>, {
    get: (own, name: string) =>
      name in own ? own[name] : name === 'drawImage' ? () => drawn++ : () => undefined,
    set: (own, name: string, value) => {
      own[name] = value
      return true
    },
  })
  const canvasOf = (canvas: object) =>
    Object.defineProperties(canvas, {
      getContext: { value: () => brush },
      width: { value: 800, writable: true },
      height: { value: 600, writable: true },
      clientWidth: { value: 800 },
      clientHeight: { value: 600 },
    })
  for (const canvas of document.querySelectorAll('canvas')) canvasOf(canvas)
  const images = [...document.querySelectorAll('img')]
  for (const image of images) Object.assign(image, { decode: async () => {} })
  const frames: ((now: number) => void)[] = []
  let now = 0
  const globals = {
    document: new Proxy(document, {
      get: (own, name) => {
        if (name === 'images') return images
        if (name === 'createElement')
          return (kind: string) => (kind === 'canvas' ? canvasOf({}) : own.createElement(kind))
        const value = Reflect.get(own, name)
        return typeof value === 'function' ? value.bind(own) : value
      },
    }),
    window: { devicePixelRatio: 1 } as { devicePixelRatio: number; onhashchange?: () => void },
    location: { hash: '' },
    history: { replaceState: () => {} },
    matchMedia: () => ({ matches: false }),
    getComputedStyle: () => ({ getPropertyValue: () => '#fff' }),
    requestAnimationFrame: (frame: (now: number) => void) => frames.push(frame),
    ResizeObserver: class {
      constructor(private readonly call: () => void) {}
      observe() {
        this.call()
      }
    },
  }
  new Function(...Object.keys(globals), script.textContent!)(...Object.values(globals))
  const run = () => {
    let count = 0
    for (; frames.length && count < 1000; count++) frames.shift()!((now += 16))
    return count
  }
  return {
    document,
    run,
    drawn: () => drawn,
    async ready() {
      await new Promise(resolve => setImmediate(resolve))
      run()
    },
    press(key: string) {
      const stage = document.getElementById('stage') as unknown as { onkeydown(event: object): void }
      stage.onkeydown({ key, preventDefault() {} })
      run()
    },
    go(path: readonly number[]) {
      globals.location.hash = `#${path.join(',')}`
      globals.window.onhashchange!()
      run()
    },
    path: () => [...document.querySelectorAll('#path button')].map(button => button.textContent),
    facts: () =>
      Object.fromEntries(
        [...document.querySelectorAll('#facts div')].map(row => [
          row.querySelector('dt')!.textContent,
          row.querySelector('dd')!.textContent,
        ]),
      ) as Record<string, string>,
  }
}
