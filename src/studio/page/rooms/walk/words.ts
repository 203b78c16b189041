// What is said of a node.

import type { WalkNode } from './nodes.ts'
import { bitsTo, showPath } from './path.ts'

/** What is known of the tree. */
export interface Known {
  K: readonly number[]
  /** Images counted; null: none were. */
  count: number | null
}

/** `18` or `9.5`. */
export function bitsText(depth: number, K: readonly number[]): string {
  return String(Math.round(10 * bitsTo(depth, K)) / 10)
}

/** `464 of 60,000 training images (0.77 %)`. */
export function countText({ count }: WalkNode, { count: all }: Known): string {
  if (count === null || all === null) return 'not counted'
  const share = (100 * count) / Math.max(1, all)
  return `${whole(count)} of ${whole(all)} training images (${Number(share.toPrecision(2))} %)`
}

/** What stands below a node, and how much of it is shown. */
export function childrenText({ depth, family }: WalkNode, { K }: Known): string {
  if (depth === K.length) return 'none: this is a whole image'
  if (!family) return `${whole(K[depth])}`
  const { children, used } = family
  const parts = [whole(K[depth])]
  if (used !== null && used < K[depth]) parts.push(`${whole(used)} in use`)
  if (children.length < K[depth]) parts.push(`${children.length} shown`)
  return parts.join(', ')
}

/** All of it, for those who hear it. */
export function sentenceOf(node: WalkNode, known: Known): string {
  const depth = node.depth === known.K.length ? 'a whole image' : `level ${node.depth} of ${known.K.length}`
  const name = node.depth === 0 ? 'The root' : `Node ${showPath(node.path)}`
  return `${name}: ${depth}, ${bitsText(node.depth, known.K)} bits, ${countText(node, known)}.`
}

function whole(value: number): string {
  return value.toLocaleString('en')
}
