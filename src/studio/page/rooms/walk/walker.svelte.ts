// What the room knows: the tree as far as it has been seen, the camera over it, and what is still to be fetched.

import { transfer } from 'comlink'
import type { State } from '../../../state.ts'
import type { Encoded, Fresh, TreeFacts, WalkWorker } from '../../../workers/walk.ts'
import type { Opened } from '../../lib/worker.ts'
import { Camera } from './camera.ts'
import {
  adopt,
  childOf,
  codeOf,
  findNode,
  forget,
  lineage,
  nodeAt,
  rootNode,
  type WalkNode,
} from './nodes.ts'
import { parsePath, writePath } from './path.ts'

/** Children that are painted at a time: a batch of the network or two, so that what is looked at meanwhile comes soon. */
const AT_A_TIME = 64

type FreshWish = { kept: readonly number[]; seed: number; by: State['fresh'] }

/** Pictures of a strip. */
export const STRIP = 12

export class Walker {
  facts = $state.raw<TreeFacts | null>(null)
  /** The node that one looks at, the one that the keys are on, and the one under the pointer. */
  root = $state.raw<WalkNode>(nodeAt([], null, { x: 0, y: 0, side: 1 }))
  focus = $state.raw<WalkNode | null>(null)
  hovered = $state.raw<WalkNode | null>(null)
  /** Pictures are on their way. */
  busy = $state(true)
  /** The view is on its way somewhere, or pictures fade in. */
  moving = $state(false)
  /** What is wrong: with the network, with the way that one wanted to go, with a picture, with the strip. */
  error = $state('')
  pathError = $state('')
  ownError = $state('')
  freshError = $state('')
  runs = $state.raw<readonly string[]>([])
  /** A picture that was brought, and its codes. */
  own = $state.raw<Encoded | null>(null)
  encoding = $state(false)
  fresh = $state.raw<(Fresh & { wish: FreshWish }) | null>(null)
  drawing = $state(false)
  /** Counts what came: what is painted by hand is painted anew. */
  arrived = $state(0)

  readonly window = { width: 1, height: 1 }
  camera: Camera<WalkNode>
  /** The top of the tree. */
  top: WalkNode = this.root
  /** Called when there is something new to be drawn. */
  ask: () => void = () => {}

  private model = ''
  private era = 0
  private wanted: readonly WalkNode[] = []
  private readonly failed = new Set<WalkNode>()
  private working = false
  private freshWish: FreshWish | null = null
  private wishedRoot = ''

  /**
   * @param worker  computes
   * @param tell  changes the address
   * @param still  whether nothing is to move by itself
   */
  constructor(
    private readonly worker: Opened<WalkWorker>,
    private readonly tell: (state: Partial<State>) => void,
    private readonly still: () => boolean,
  ) {
    this.camera = this.cameraOver(this.top)
    this.findRuns()
  }

  close(): void {
    this.era++
    this.worker.close()
  }

  /** Goes after the address: to be called whenever that changes. */
  async follow(model: string, root: string): Promise<void> {
    this.wishedRoot = root
    if (model !== this.model) return this.open(model)
    if (this.facts && root !== writePath(this.root.path)) await this.go(root)
  }

  /** Goes to the node of a text. */
  async go(text: string): Promise<void> {
    const { facts } = this
    if (!facts) return
    this.pathError = ''
    try {
      await this.goTo(parsePath(text, facts.K))
    } catch (error) {
      this.pathError = sentence(error)
    }
  }

  /** Flies to the node of a path, which need not be known yet. */
  async goTo(path: readonly number[]): Promise<void> {
    const { era } = this
    this.wishedRoot = writePath(path)
    let node = findNode(this.top, path)
    if (node.depth < path.length) {
      const way = await this.worker.api.way([...path])
      if (era !== this.era || this.wishedRoot !== writePath(path)) return
      let above = this.top
      way.families.forEach((family, depth) => {
        // Who is shown stays, where the way goes on through one of them.
        if (!childOf(above, path[depth])) adopt(above, family)
        above = childOf(above, path[depth])!
        above.picture ??= way.pictures[depth]
      })
      node = above
    }
    this.show(node)
  }

  /** Makes a node the one that one looks at, and flies there. */
  show(node: WalkNode): void {
    this.settleOn(node)
    this.pathError = ''
    this.camera.goTo(node, true)
    this.moving = true
    this.ask()
  }

  /** After a movement by hand: what fills the middle is what one looks at. */
  settle(): void {
    const middle = this.camera.middle()
    if (middle !== this.root) this.settleOn(middle)
  }

  /** The keys go to a node, and the camera comes after where it would not be seen. */
  focusOn(node: WalkNode): void {
    this.focus = node === this.root ? null : node
    this.ask()
  }

  /** One along the tree from where the keys are. */
  async step(way: 'up' | 'down' | 'left' | 'right'): Promise<WalkNode | null> {
    const here = this.focus ?? this.root
    if (way === 'up') return here.parent
    if (way === 'down') {
      if (here.family) return here.family.children[0] ?? null
      if (this.isLeaf(here)) return null
      await this.expand([here])
      return here.family ? (here as WalkNode).family!.children[0] : null
    }
    return this.sibling(here, way === 'left' ? -1 : 1)
  }

  /** What of the tree is to be fetched now, the most urgent first. */
  want(nodes: readonly WalkNode[]): void {
    this.wanted = nodes
    this.pump()
  }

  /** Has a strip of new pictures made; the last wish counts. */
  wishFresh(wish: FreshWish): void {
    this.freshWish = wish
    this.pump()
  }

  async bring(file: File): Promise<{ recipe: string } | null> {
    return this.encode(async () => {
      const brought = await this.worker.api.bring(file)
      return 'recipe' in brought ? brought : brought.encoded
    })
  }

  /** @param image  [c, s, s] in [−1, 1] */
  async draw(image: Float32Array): Promise<void> {
    await this.encode(() => this.worker.api.encode(image))
  }

  png(pixels: ImageData, query: string): Promise<Uint8Array> {
    const { data, width, height } = pixels
    return this.worker.api.png(transfer(data, [data.buffer]), width, height, query)
  }

  isLeaf(node: WalkNode): boolean {
    return this.facts !== null && node.depth === this.facts.K.length
  }

  /** Marks what is never forgotten, and forgets what was not seen for long. */
  tidy(frame: number): void {
    for (const node of [this.root, this.focus, this.camera.seen.cell, this.camera.goal.cell])
      for (const above of node ? lineage(node) : []) above.drawn = frame
    forget(this.top, frame)
  }

  private async open(model: string): Promise<void> {
    this.model = model
    const era = ++this.era
    this.error = this.pathError = this.ownError = this.freshError = ''
    this.facts = this.own = this.fresh = this.focus = this.hovered = null
    this.freshWish = null
    this.working = false
    this.wanted = []
    this.failed.clear()
    this.busy = true
    this.plant(rootNode(null, null))
    try {
      const facts = await this.worker.api.open(document.baseURI, model)
      if (era !== this.era) return
      this.facts = facts
      this.plant(rootNode(facts.count, facts.root))
      if (this.wishedRoot) await this.arrive(this.wishedRoot)
    } catch (error) {
      if (era !== this.era) return
      this.error = sentence(error)
      this.busy = false
    }
  }

  /** Where a link leads one is at once. */
  private async arrive(text: string): Promise<void> {
    await this.go(text)
    this.camera.goTo(this.root, false)
    this.ask()
  }

  private plant(top: WalkNode): void {
    this.top = top
    this.root = top
    this.camera = this.cameraOver(top)
    this.ask()
  }

  private cameraOver(root: WalkNode): Camera<WalkNode> {
    const ground = {
      root,
      children: (node: WalkNode) => node.family?.children ?? [],
      leaf: (node: WalkNode) => this.isLeaf(node),
    }
    return new Camera(ground, this.window, this.still)
  }

  private settleOn(node: WalkNode): void {
    this.root = node
    this.focus = null
    this.hovered = null
    this.wishedRoot = writePath(node.path)
    this.tell({ root: this.wishedRoot })
  }

  private async sibling(node: WalkNode, by: -1 | 1): Promise<WalkNode | null> {
    const { parent } = node
    if (!parent?.family) return null
    const { children } = parent.family
    const beside = children[children.indexOf(node) + by]
    const last = children.length - 1
    // The last one shown may be out of the order: a guest.
    if (beside && children.indexOf(node) < last && children.indexOf(beside) < last) return beside
    const order = await this.worker.api.order([...parent.path])
    const code = order[order.indexOf(codeOf(node)) + by]
    if (code === undefined) return null
    const known = childOf(parent, code)
    if (known) return known
    await this.expand([parent], code)
    return childOf(parent, code)
  }

  /** One thing after the other: first what is seen, then the strip. */
  private async pump(): Promise<void> {
    if (this.working || !this.facts) return
    const { era } = this
    this.working = true
    try {
      for (;;) {
        const wanted = this.wanted.filter(node => !node.atlas && !this.failed.has(node))
        if (wanted.length > 0) {
          this.busy = true
          const depth = wanted[0].depth
          const some = wanted.filter(node => node.depth === depth).slice(0, AT_A_TIME / 8)
          let room = AT_A_TIME
          await this.expand(some.filter((node, i) => (room -= this.guess(node)) >= 0 || i === 0))
        } else if (this.freshWish) await this.strip(this.freshWish)
        else break
        if (era !== this.era) return
      }
    } finally {
      if (era === this.era) {
        this.working = false
        this.busy = false
      }
    }
  }

  /** Children that a node shows, more or less. */
  private guess(node: WalkNode): number {
    return (
      node.family?.children.length ?? Math.min(40, this.facts!.K[node.depth], Math.max(8, node.count ?? 40))
    )
  }

  private async expand(nodes: readonly WalkNode[], guest?: number): Promise<void> {
    const { era } = this
    try {
      const wishes = nodes.map(node => ({ path: [...node.path], guest: guest ?? this.guestOf(node) }))
      const openings = await this.worker.api.expand(wishes)
      if (era !== this.era) return
      openings.forEach(({ family, atlas, tile }, i) => {
        adopt(nodes[i], family)
        nodes[i].atlas?.picture.close?.()
        nodes[i].atlas = { picture: atlas, tile, since: performance.now() }
      })
      this.arrived++
      this.moving = true
      this.ask()
    } catch (error) {
      if (era !== this.era) return
      for (const node of nodes) this.failed.add(node)
      this.error = sentence(error)
    }
  }

  /** The last child shown, which may be one that was asked for. */
  private guestOf(node: WalkNode): number | undefined {
    const children = node.family?.children
    return children?.length ? codeOf(children[children.length - 1]) : undefined
  }

  private async strip(wish: FreshWish): Promise<void> {
    const { era } = this
    this.drawing = true
    try {
      const { kept, seed, by } = wish
      const fresh = await this.worker.api.fresh([...kept], { seed, by, count: STRIP })
      if (era !== this.era) return
      this.fresh = { ...fresh, wish }
      this.freshError = ''
    } catch (error) {
      if (era === this.era) this.freshError = sentence(error)
    } finally {
      if (this.freshWish === wish) this.freshWish = null
      this.drawing = false
    }
  }

  private async encode<T extends Encoded | { recipe: string }>(
    work: () => Promise<T>,
  ): Promise<{ recipe: string } | null> {
    if (!this.facts) return null
    const { era } = this
    this.ownError = ''
    this.encoding = true
    try {
      const found = await work()
      if (era !== this.era) return null
      if ('recipe' in found) return found
      this.own = found
      await this.goTo(found.path)
    } catch (error) {
      if (era === this.era) this.ownError = sentence(error)
    } finally {
      if (era === this.era) this.encoding = false
    }
    return null
  }

  /** Networks among the runs of this machine; a studio on a static site has none. */
  private async findRuns(): Promise<void> {
    const response = await fetch(new URL('api/runs.json', document.baseURI)).catch(() => null)
    if (!response?.ok) return
    const list: { name: string; family?: string; files?: { model?: unknown } }[] = await response
      .json()
      .catch(() => [])
    this.runs = list.filter(run => run?.family === 'ddn' && run.files?.model).map(run => `run:${run.name}`)
  }
}

/** An error as a sentence. Names of files stay as they are. */
function sentence(error: unknown): string {
  const { message } = error as Error
  const begun = message.replace(/^[a-z]+(?=[\s:])/, word => word[0].toUpperCase() + word.slice(1))
  return /[.!?]$/.test(begun) ? begun : `${begun}.`
}
