// What is fetched of a tree, one thing after the other: first the pictures that are seen, then the strip of new ones.

import type { Remote } from 'comlink'
import type { State } from '../../../state.ts'
import type { Fresh, TreeFacts, WalkWorker } from '../../../workers/walk.ts'
import { sentence } from '../../lib/sentence.ts'
import { adopt, codeOf, type WalkNode } from './nodes.ts'

/** Children that are painted at a time: a batch of the network or two, so that what is looked at meanwhile comes soon. */
const AT_A_TIME = 64

/** Pictures of a strip. */
export const STRIP = 12

export type FreshWish = { kept: readonly number[]; seed: number; by: State['fresh'] }

/** Of one network: with another one comes another of these. */
export class Fetching {
  /** Pictures are on their way, or will be at once. */
  busy = $state(true)
  fresh = $state.raw<Fresh | null>(null)
  drawing = $state(false)
  freshError = $state('')

  private wanted: readonly WalkNode[] = []
  private readonly failed = new Set<WalkNode>()
  private freshWish: FreshWish | null = null
  private working = false
  private over = false

  /**
   * @param onArrived  children have come
   * @param onError  is told in a sentence why they have not
   */
  constructor(
    private readonly api: Remote<WalkWorker>,
    private readonly facts: TreeFacts,
    private readonly onArrived: () => void,
    private readonly onError: (error: string) => void,
  ) {}

  /** What is still on its way is not heard of any more. */
  close(): void {
    this.over = true
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

  /** Fetches the children of nodes that are all as deep, and with them a guest beyond those that would be shown. */
  async expand(nodes: readonly WalkNode[], guest?: number): Promise<void> {
    try {
      const wishes = nodes.map(node => ({ path: [...node.path], guest: guest ?? guestOf(node) }))
      const openings = await this.api.expand(wishes)
      if (this.over) return
      openings.forEach(({ family, atlas, tile }, i) => {
        adopt(nodes[i], family)
        nodes[i].atlas?.picture.close?.()
        nodes[i].atlas = { picture: atlas, tile, since: performance.now() }
      })
      this.onArrived()
    } catch (error) {
      if (this.over) return
      for (const node of nodes) this.failed.add(node)
      this.onError(sentence(error))
    }
  }

  private async pump(): Promise<void> {
    if (this.working) return
    this.working = true
    while (!this.over) {
      const wanted = this.wanted.filter(node => !node.atlas && !this.failed.has(node))
      if (wanted.length > 0) {
        this.busy = true
        await this.expand(this.batch(wanted))
      } else if (this.freshWish) await this.strip(this.freshWish)
      else break
    }
    this.working = false
    this.busy = false
  }

  /** Of the most urgent nodes, those as deep as the first whose children are painted together. */
  private batch(wanted: readonly WalkNode[]): WalkNode[] {
    const some = wanted.filter(({ depth }) => depth === wanted[0].depth).slice(0, AT_A_TIME / 8)
    let room = AT_A_TIME
    return some.filter((node, i) => (room -= this.guess(node)) >= 0 || i === 0)
  }

  /** Children that a node shows, more or less. */
  private guess({ family, depth, count }: WalkNode): number {
    return family?.children.length ?? Math.min(40, this.facts.K[depth], Math.max(8, count ?? 40))
  }

  private async strip(wish: FreshWish): Promise<void> {
    this.drawing = true
    try {
      const { kept, seed, by } = wish
      const fresh = await this.api.fresh([...kept], { seed, by, count: STRIP })
      if (this.over) return
      this.fresh = fresh
      this.freshError = ''
    } catch (error) {
      this.freshError = sentence(error)
    } finally {
      if (this.freshWish === wish) this.freshWish = null
      this.drawing = false
    }
  }
}

/** The last child shown, which may be one that was asked for. */
function guestOf({ family }: WalkNode): number | undefined {
  const last = family?.children.at(-1)
  return last && codeOf(last)
}
