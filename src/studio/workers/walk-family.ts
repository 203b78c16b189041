// Which children of a node the room Walk shows, and in which order: those that images take, the most used first.

import { type CodeTree, checkPath } from '../../codes/tree.ts'
import { capacity } from '../page/rooms/walk/geometry.ts'

/** What a node's children are, as far as they are shown. */
export interface Family {
  path: readonly number[]
  /** Of the children shown, in their order. */
  codes: readonly number[]
  /** Images that pass through each; null where nothing is counted. */
  counts: readonly number[] | null
  /** Children through which images pass, shown or not; null where nothing is counted. */
  used: number | null
}

/** Children around a node, at most: more would be too small to be told apart. */
export const MOST = 40

/** The collection behind a tree, if there is one. */
export interface Counted {
  K: readonly number[]
  tree: CodeTree | null
}

/** How many children are shown where so many of K are in use: those, and unused ones as far as the ring has room. */
export function shownOf(K: number, used: number | null): number {
  return Math.min(K, capacity(Math.min(MOST, used ?? K)))
}

/**
 * The children of a node that are shown. Where `guest` is none of them, it takes the last place.
 *
 * @throws where the path is no node's, or the guest no code of its children
 */
export function familyOf(counted: Counted, path: readonly number[], guest?: number): Family {
  const { K, tree } = counted
  checkPath(K, guest === undefined ? path : [...path, guest])
  if (path.length === K.length) return { path, codes: [], counts: null, used: null }
  const used = tree?.children(path) ?? null
  const codes = firstCodes(used?.map(({ code }) => code) ?? [], shownOf(K[path.length], used?.length ?? null))
  if (guest !== undefined && !codes.includes(guest)) codes[codes.length - 1] = guest
  const counts = used && new Map(used.map(({ code, count }) => [code, count]))
  return {
    path,
    codes,
    counts: counts && codes.map(code => counts.get(code) ?? 0),
    used: used?.length ?? null,
  }
}

/** All children of a node in their order, shown or not. */
export function ordered({ K, tree }: Counted, path: readonly number[]): number[] {
  return firstCodes(tree?.children(path).map(({ code }) => code) ?? [], K[path.length] ?? 0)
}

/** The first `count` codes: those given, then the others by number. */
function firstCodes(used: readonly number[], count: number): number[] {
  const codes = used.slice(0, count)
  const known = new Set(codes)
  for (let code = 0; codes.length < count; code++) if (!known.has(code)) codes.push(code)
  return codes
}
