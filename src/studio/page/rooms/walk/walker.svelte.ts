// Where one is in a tree, and the ways from there: the camera over it, the keys, and what the address says.

import { transfer } from 'comlink'
import type { State } from '../../../state.ts'
import type { TreeFacts, WalkWorker } from '../../../workers/walk.ts'
import { sentence } from '../../lib/sentence.ts'
import type { Opened } from '../../lib/worker.ts'
import { Camera } from './camera.ts'
import { Fetching } from './fetching.svelte.ts'
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
import { OwnPicture } from './own.svelte.ts'
import { parsePath, writePath } from './path.ts'

/** Along the tree. */
export type Direction = 'up' | 'down' | 'left' | 'right'

export class Walker {
  facts = $state.raw<TreeFacts | null>(null)
  /** The node that one looks at, the one that the keys are on, and the one under the pointer. */
  root = $state.raw<WalkNode>(nodeAt([], null, { x: 0, y: 0, side: 1 }))
  focus = $state.raw<WalkNode | null>(null)
  hovered = $state.raw<WalkNode | null>(null)
  /** The view is on its way somewhere, or pictures fade in. */
  moving = $state(false)
  /** All of the tree is in view. */
  whole = $state(true)
  /** What is wrong: with the network, with the way that one wanted to go. */
  error = $state('')
  pathError = $state('')
  /** Of the network that is open; null where none is. */
  fetching = $state.raw<Fetching | null>(null)
  own = $state.raw<OwnPicture | null>(null)
  /** Counts what came: what is painted by hand is painted anew. */
  arrived = $state(0)

  readonly window = { width: 1, height: 1 }
  camera: Camera<WalkNode>
  /** The top of the tree. */
  top: WalkNode = this.root
  /** Called when there is something new to be drawn. */
  ask: () => void = () => {}

  private model = ''
  /** Counts the networks that were opened: an answer for one before is too late. */
  private era = 0
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
  }

  /** Pictures are on their way. */
  get busy(): boolean {
    return this.fetching ? this.fetching.busy : this.error === ''
  }

  close(): void {
    this.leave()
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
  async step(way: Direction): Promise<WalkNode | null> {
    const here = this.focus ?? this.root
    if (way === 'up') return here.parent
    if (way !== 'down') return this.sibling(here, way === 'left' ? -1 : 1)
    if (!here.family && !this.isLeaf(here)) await this.fetching?.expand([here])
    return here.family?.children[0] ?? null
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
    this.leave()
    const { era } = this
    const { api } = this.worker
    this.error = this.pathError = ''
    this.facts = this.focus = this.hovered = null
    this.plant(rootNode(null, null))
    try {
      const facts = await api.open(document.baseURI, model)
      if (era !== this.era) return
      this.facts = facts
      this.fetching = new Fetching(
        api,
        facts,
        () => this.arrive(),
        error => {
          this.error = error
        },
      )
      this.own = new OwnPicture(api, path => this.goTo(path))
      this.plant(rootNode(facts.count, facts.root))
      if (this.wishedRoot) await this.begin(this.wishedRoot)
    } catch (error) {
      if (era === this.era) this.error = sentence(error)
    }
  }

  /** Has done with the network that is open. */
  private leave(): void {
    this.era++
    this.fetching?.close()
    this.own?.close()
    this.fetching = this.own = null
  }

  /** Where a link leads one is at once. */
  private async begin(text: string): Promise<void> {
    await this.go(text)
    this.camera.goTo(this.root, false)
    this.ask()
  }

  private arrive(): void {
    this.arrived++
    this.moving = true
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
    await this.fetching?.expand([parent], code)
    return childOf(parent, code)
  }
}
