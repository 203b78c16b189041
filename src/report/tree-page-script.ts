/** What the page of a tree does: draws what is seen of it, moves about in it, and says what a node is. */

import type { treeCamera } from './tree-page-camera.ts'
import type { PageTree } from './tree-page-data.ts'
import type { flight, View } from './tree-page-flight.ts'
import type { nodeDrawing } from './tree-page-nodes.ts'
import type { treeWords } from './tree-page-words.ts'

/** What the script is made of beside itself. */
export interface ViewerParts {
  flight: typeof flight
  treeCamera: typeof treeCamera
  nodeDrawing: typeof nodeDrawing
  treeWords: typeof treeWords
}

/**
 * The script of the page. Its text is put there as it stands, so it must name nothing but its own arguments and what
 * every browser has. The page brings the elements whose ids it asks for: see tree-page.ts.
 */
export function treeViewer({ flight, treeCamera, nodeDrawing, treeWords }: ViewerParts): void {
  const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T
  const tree: PageTree = JSON.parse(element('tree').textContent!)
  const { side, levels, parent, code, x, y, passing } = tree
  const canvas = element<HTMLCanvasElement>('stage')
  const context = canvas.getContext('2d', { alpha: false })!
  const sheets = levels.map((_, level) => element<HTMLImageElement>(`sheet${level}`))
  const { levelOf, first, shown, draw: drawNodes } = nodeDrawing(tree, sheets)
  const { pathOf, facts, sentence } = treeWords(tree, levelOf, shown)

  const camera = treeCamera(flight, {
    side,
    narrowest: levels[levels.length - 1].image * 1.2,
    window: canvas,
    still: () => matchMedia('(prefers-reduced-motion: reduce)').matches,
    draw,
  })
  let selected = 0
  let hovered = -1
  let style = { page: '', edge: '', ring: '', density: 1 }

  /** A node with all below it; one that stands alone, with its neighbours. */
  function fitted(i: number): View {
    const { cell } = levels[levelOf[i]]
    return { x: x[i] + cell / 2, y: y[i] + cell / 2, width: cell * (shown[i] || i === 0 ? 1.06 : 3) }
  }

  /** The whole tree in two sizes. Where it is seen from afar, one of them saves drawing thousands of images. */
  let overviews: { picture: HTMLCanvasElement; k: number }[] = []

  function drawOverviews() {
    const largest = Math.min(1, 2048 / side)
    overviews = [largest / 2, largest].map(k => {
      const picture = document.createElement('canvas')
      picture.width = picture.height = Math.ceil(side * k)
      drawNodes(picture.getContext('2d', { alpha: false })!, 0, 0, k, style)
      return { picture, k }
    })
  }

  function draw() {
    const { width, height } = canvas
    const k = camera.factor()
    const left = width / 2 - camera.view.x * k
    const top = height / 2 - camera.view.y * k
    const overview = overviews.find(one => one.k >= k)
    if (overview) {
      context.fillStyle = style.page
      context.fillRect(0, 0, width, height)
      context.imageSmoothingEnabled = true
      context.drawImage(overview.picture, left, top, side * k, side * k)
    } else drawNodes(context, left, top, k, style)
    if (selected > 0) ring(selected, 3)
    if (hovered >= 0 && hovered !== selected) ring(hovered, 1.5)

    function ring(i: number, line: number) {
      const level = levels[levelOf[i]]
      const alone = shown[i] === 0
      const inset = alone ? (level.cell - level.image) >> 1 : 0
      const size = (alone ? level.image : level.cell) * k
      context.strokeStyle = style.ring
      context.lineWidth = line * style.density
      context.strokeRect(left + (x[i] + inset) * k, top + (y[i] + inset) * k, size, size)
    }
  }

  /** The node at a place of the canvas: what is too small to be told apart belongs to its parent; −1 outside. */
  function nodeAt(place: { x: number; y: number }): number {
    const k = camera.factor()
    const u = (place.x - canvas.width / 2) / k + camera.view.x
    const v = (place.y - canvas.height / 2) / k + camera.view.y
    const within = (i: number) => {
      const { cell } = levels[levelOf[i]]
      return u >= x[i] && v >= y[i] && u < x[i] + cell && v < y[i] + cell
    }
    if (!within(0)) return -1
    let node = 0
    for (;;) {
      if (shown[node] === 0 || levels[levelOf[node] + 1].cell * k < 8 * style.density) return node
      let child = first[node]
      while (child < first[node] + shown[node] && !within(child)) child++
      if (child === first[node] + shown[node]) return node
      node = child
    }
  }

  /** The nearest node of the same level on one side; from the top, of the level below. */
  function neighbour(i: number, dx: number, dy: number): number {
    const { from, to } = levels[Math.max(1, levelOf[i])]
    const middle = (j: number) => [x[j] + levels[levelOf[j]].cell / 2, y[j] + levels[levelOf[j]].cell / 2]
    const [u, v] = middle(i)
    let best = i
    let least = Number.POSITIVE_INFINITY
    for (let j = from; j < to; j++) {
      const [du, dv] = [middle(j)[0] - u, middle(j)[1] - v]
      const along = du * dx + dv * dy
      const aside = Math.abs(du * dy) + Math.abs(dv * dx)
      if (along <= 0 || aside > along) continue
      if (along + 2 * aside < least) [best, least] = [j, along + 2 * aside]
    }
    return best
  }

  function select(i: number, move: 'fly' | 'follow' | 'stay' = 'fly') {
    selected = i
    show(i)
    element('said').textContent = sentence(i)
    history.replaceState(null, '', i === 0 ? '#' : `#${pathOf(i).join(',')}`)
    if (move === 'fly') camera.fly(fitted(i))
    // To a neighbour the camera stays as near as it is, or comes near enough to show it.
    if (move === 'follow') {
      const { cell } = levels[levelOf[i]]
      camera.fly({ ...fitted(i), width: Math.min(Math.max(camera.wanted.width, 1.06 * cell), 4 * cell) })
    }
    camera.ask()
  }

  function show(i: number) {
    const trail: number[] = []
    for (let node = i; node >= 0; node = parent[node]) trail.unshift(node)
    const steps = trail.map((node, place) => {
      const step = document.createElement('button')
      step.type = 'button'
      step.textContent = place ? String(code[node]) : tree.top.length ? tree.top.join(' · ') : 'Root'
      step.style.setProperty('--level', levels[levelOf[node]].colour)
      if (node === i) step.setAttribute('aria-current', 'true')
      step.onclick = () => select(node)
      return step
    })
    element('path').replaceChildren(...steps)
    const level = levels[levelOf[i]]
    const place = i - level.from
    paint(element('portrait'), [[sheets[levelOf[i]], place, level.columns, level.size]])
    element('facts').replaceChildren(
      ...facts(i).map(([name, value]) => {
        const row = document.createElement('div')
        row.append(document.createElement('dt'), document.createElement('dd'))
        row.children[0].textContent = name
        row.children[1].textContent = value
        return row
      }),
    )
    const near = passing?.nearest[i] ?? []
    element('nearest').hidden = near.length === 0
    if (near.length === 0) return
    const { columns, size, numbers } = passing!
    const thumbnails = element<HTMLImageElement>('thumbnails')
    const strip = element<HTMLCanvasElement>('strip')
    paint(
      strip,
      near.map(place => [thumbnails, place, columns, size]),
    )
    const named = near.map(place => numbers[place]).join(', ')
    strip.setAttribute('aria-label', `Training images ${named}`)
    element('numbers').textContent = `Number ${named}`
  }

  type Piece = [sheet: HTMLImageElement, place: number, columns: number, size: number]

  /** Images side by side, pixel for pixel: the page's style enlarges them. */
  function paint(onto: HTMLCanvasElement, pieces: Piece[]) {
    const size = pieces[0][3]
    const gap = pieces.length > 1 ? Math.max(1, size >> 3) : 0
    onto.width = pieces.length * (size + gap) - gap
    onto.height = size
    const brush = onto.getContext('2d')!
    pieces.forEach(([sheet, place, columns], i) => {
      const from = [(place % columns) * size, Math.floor(place / columns) * size]
      brush.drawImage(sheet, from[0], from[1], size, size, i * (size + gap), 0, size, size)
    })
  }

  const pointers = new Map<number, { x: number; y: number }>()
  let moved = 0
  let clicked = 0

  function placeOf(event: MouseEvent) {
    const { left, top } = canvas.getBoundingClientRect()
    return { x: (event.clientX - left) * style.density, y: (event.clientY - top) * style.density }
  }

  canvas.onpointerdown = event => {
    canvas.setPointerCapture(event.pointerId)
    pointers.set(event.pointerId, placeOf(event))
    if (pointers.size === 1) moved = 0
    camera.go(camera.view)
  }
  canvas.onpointermove = event => {
    const now = placeOf(event)
    const last = pointers.get(event.pointerId)
    if (!last) {
      const node = nodeAt(now)
      if (node !== hovered && event.pointerType === 'mouse') {
        hovered = node
        show(node < 0 ? selected : node)
        camera.ask()
      }
      return
    }
    moved += Math.hypot(now.x - last.x, now.y - last.y) / style.density
    if (moved < 4) return
    canvas.classList.add('dragged')
    const others = [...pointers].filter(([id]) => id !== event.pointerId).map(([, place]) => place)
    pointers.set(event.pointerId, now)
    const k = camera.factor() * (others.length + 1)
    camera.go({
      x: camera.view.x - (now.x - last.x) / k,
      y: camera.view.y - (now.y - last.y) / k,
      width: camera.view.width,
    })
    const [other] = others
    if (!other) return
    const apart = (place: { x: number; y: number }) => Math.hypot(place.x - other.x, place.y - other.y)
    const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 }
    camera.zoom(apart(now) / Math.max(1, apart(last)), middle, false)
  }
  canvas.onpointerup = event => {
    const single = pointers.size === 1 && moved < 4
    pointers.delete(event.pointerId)
    canvas.classList.remove('dragged')
    // The second click of two is meant for where the first one was.
    const again = event.timeStamp - clicked < 400
    if (!single || again) return
    clicked = event.timeStamp
    const node = nodeAt(placeOf(event))
    if (node >= 0) select(node)
  }
  canvas.onpointercancel = event => {
    pointers.delete(event.pointerId)
    canvas.classList.remove('dragged')
  }
  canvas.onpointerleave = () => {
    if (hovered < 0) return
    hovered = -1
    show(selected)
    camera.ask()
  }
  canvas.addEventListener(
    'wheel',
    event => {
      event.preventDefault()
      const pixels = event.deltaY * [1, 16, 400][event.deltaMode]
      // A pinch on a touch pad comes as a wheel with Ctrl, in smaller steps.
      camera.zoom(Math.exp(-pixels * (event.ctrlKey ? 0.01 : 0.002)), placeOf(event))
    },
    { passive: false },
  )

  const directions: Record<string, [number, number]> = {
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, -1],
    ArrowDown: [0, 1],
  }
  const deeds: Record<string, () => void> = {
    in: () => camera.zoom(1.6),
    out: () => camera.zoom(1 / 1.6),
    up: () => select(Math.max(0, parent[selected])),
    down: () => select(shown[selected] ? first[selected] : selected),
    all: () => select(0),
  }
  const keys: Record<string, string> = {
    '+': 'in',
    '=': 'in',
    '-': 'out',
    _: 'out',
    Escape: 'up',
    Backspace: 'up',
    Enter: 'down',
    Home: 'all',
    '0': 'all',
  }
  canvas.onkeydown = event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const direction = directions[event.key]
    if (direction && event.shiftKey) {
      const [dx, dy] = direction.map(way => (way * camera.wanted.width) / 5)
      camera.go({ x: camera.wanted.x + dx, y: camera.wanted.y + dy, width: camera.wanted.width }, true)
    } else if (direction) select(neighbour(selected, ...direction), 'follow')
    else if (keys[event.key]) deeds[keys[event.key]]()
    else return
    event.preventDefault()
  }
  for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-deed]'))
    button.onclick = () => deeds[button.dataset.deed!]()

  function restyle() {
    const all = getComputedStyle(document.documentElement)
    const named = (name: string) => all.getPropertyValue(name).trim()
    style = { ...style, page: named('--page'), ring: named('--text'), edge: named('--line') }
    drawOverviews()
    camera.ask()
  }

  /** The node that the address names, if it is shown. */
  function addressed(): number {
    const wish = location.hash.slice(1)
    for (let i = 0; wish && i < parent.length; i++) if (pathOf(i).join(',') === wish) return i
    return 0
  }

  new ResizeObserver(() => {
    style.density = window.devicePixelRatio || 1
    canvas.width = Math.round(canvas.clientWidth * style.density)
    canvas.height = Math.round(canvas.clientHeight * style.density)
    camera.ask()
  }).observe(canvas)
  matchMedia('(prefers-color-scheme: dark)').onchange = restyle
  window.onhashchange = () => select(addressed())
  Promise.all(Array.from(document.images, image => image.decode())).then(() => {
    restyle()
    camera.go(fitted(addressed()))
    select(addressed(), 'stay')
  })
}
