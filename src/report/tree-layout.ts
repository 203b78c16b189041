/** Where the nodes of a tree of codes stand: a recursive grid, a node's image in the middle, its children around it. */

import { type CodeTree, checkPath } from '../codes/tree.ts'

export interface TreeLayoutOptions {
  /** Candidates of each layer. */
  K: readonly number[]
  /** Width and height of each layer's images. */
  sizes: readonly number[]
  /** Levels below the top, at least 1. */
  depth: number
  /** Codes of the node that stands in the middle of all; default: none, the root of the tree. */
  root?: ArrayLike<number>
  /** The paths of a collection. Children are then in the order of their use, and nodes are counted. */
  tree?: CodeTree
  /**
   * Children shown of a node, at most: of the top, of those below it, and so on; the last number holds for all deeper
   * levels. Default: 40, then 8.
   */
  children?: readonly number[]
  /** Screen pixels of a pixel of the finest images shown, on the deepest level; default: such that these are about 32. */
  scale?: number
}

/** A square, in pixels of the picture from its left and top. */
export interface Square {
  x: number
  y: number
  side: number
}

export interface TreeNode {
  /** The codes from the root of the tree, those of the top included. */
  path: readonly number[]
  /** Levels below the top. */
  level: number
  /** Number of the parent in the list of nodes; −1: this is the top. */
  parent: number
  /** The node with all that is below it. */
  cell: Square
  /** Its image, without the border around it. */
  image: Square
  /** Paths of the collection that pass through it; null where there is no collection. */
  count: number | null
  /** The children shown: the first one's number in the list of nodes, and how many they are. */
  first: number
  shown: number
  /** The others, and the paths that pass through them. Where there is a collection, only those in use are counted. */
  hidden: { children: number; paths: number }
}

export interface TreeLayout {
  /** The paths that were counted, if any. */
  tree: CodeTree | null
  /** Width and height of the picture. */
  side: number
  /** Level by level from the top; the children of a node are neighbours. */
  nodes: readonly TreeNode[]
  levels: readonly TreeLevel[]
}

/** What all nodes of a level have in common. */
export interface TreeLevel {
  /** Its nodes are those from … to − 1 of the list. */
  from: number
  to: number
  /** Width and height of its images in pixels of their own. */
  size: number
  /** Line around the image and, where there are children, around the cell. */
  border: number
}

/** More is a picture that nobody could read, and a page that no phone could show. */
const MOST_NODES = 20_000

/**
 * Lays out the top and `depth` levels below it, or fewer where the collection's paths are not shown so far down. Every cell of a level has the same side; a parent's image is as large as
 * the free middle of its grid allows, by a whole factor, so that the image is the larger the nearer to the top.
 *
 * @throws where the path is no node's or none of the collection passes through it, the depth is more than is below it, or there would be more than 20,000 nodes
 */
export function layoutTree(options: TreeLayoutOptions): TreeLayout {
  const { nodes, levels } = grow(options)
  const depth = levels.length - 1
  const side = options.scale === undefined ? undefined : options.scale * levels[depth].size
  const measures = measure(levels, side)
  measures.forEach(({ border }, level) => {
    levels[level].border = border
  })
  nodes[0].cell = { x: 0, y: 0, side: measures[0].cell }
  for (const [level, { from, to }] of levels.entries())
    for (let i = from; i < to; i++) place(nodes, i, measures[level])
  return { tree: options.tree ?? null, side: measures[0].cell, nodes, levels }
}

/** A grid of n × n cells around a free middle of m × m. */
export interface Grid {
  n: number
  m: number
}

/** The smallest grid around an odd middle that has room for so many, with the largest middle that leaves it: 8 → 3, 1; 40 → 7, 3. */
export function gridFor(count: number): Grid {
  let n = 3
  while (n * n - 1 < count) n += 2
  let m = n - 2
  while (n * n - m * m < count) m -= 2
  return { n, m }
}

/**
 * Columns and rows, counted from the centre, of the cells around a middle of m × m: a square spiral outwards, clockwise
 * from the right. Each stands beside the one before.
 */
export function spiral({ n, m }: Grid): [column: number, row: number][] {
  const cells: [number, number][] = []
  for (let r = (m + 1) / 2; r <= (n - 1) / 2; r++) {
    for (let y = 1 - r; y <= r; y++) cells.push([r, y])
    for (let x = r - 1; x >= -r; x--) cells.push([x, r])
    for (let y = r - 1; y >= -r; y--) cells.push([-r, y])
    for (let x = 1 - r; x <= r; x++) cells.push([x, -r])
  }
  return cells
}

type Grown = { -readonly [key in keyof TreeNode]: TreeNode[key] }
type GrownLevel = TreeLevel & { most: number; border: number }

/** The nodes, level by level, and how many children they have at most. */
function grow({ K, sizes, depth, root = [], tree, children = [40, 8] }: TreeLayoutOptions) {
  checkPath(K, root)
  const below = K.length - root.length
  if (!(Number.isInteger(depth) && depth >= 1 && depth <= below))
    throw new Error(
      below === 0
        ? `path ${Array.from(root).join(',')} is a whole image: there is nothing below it`
        : `invalid depth: ${depth}; there ${below === 1 ? 'is 1 level' : `are ${below} levels`} below this node`,
    )
  const bad = children.find(count => !(Number.isInteger(count) && count >= 1))
  if (children.length === 0 || bad !== undefined)
    throw new Error(`invalid children: ${bad ?? 'none'}; give positive integers`)
  const nodes = [nodeAt(Array.from(root), 0, -1, tree)]
  const levels: GrownLevel[] = []
  for (let level = 0, from = 0; level <= depth; level++) {
    const to = nodes.length
    const at = root.length + level
    let most = 0
    if (level < depth)
      for (let i = from; i < to; i++) {
        const wanted = children[Math.min(level, children.length - 1)]
        const { codes, hidden } = childrenOf(nodes[i], K[at], wanted, tree)
        nodes[i].first = nodes.length
        for (const code of codes) nodes.push(nodeAt([...nodes[i].path, code], level + 1, i, tree))
        nodes[i].shown = codes.length
        nodes[i].hidden = hidden
        most = Math.max(most, codes.length)
        if (nodes.length > MOST_NODES)
          throw new Error(
            `there would be more than ${MOST_NODES} nodes; give a smaller depth than ${depth}, or fewer children`,
          )
      }
    levels.push({ from, to, size: sizes[Math.max(0, at - 1)], border: 0, most })
    from = to
    if (most === 0) break
  }
  if (nodes.length === 1)
    throw new Error(
      `no path of the collection passes through ${nodes[0].path.join(',') || 'the root'}; show the tree without counting`,
    )
  return { nodes, levels }
}

function nodeAt(path: number[], level: number, parent: number, tree?: CodeTree): Grown {
  const nowhere = { x: 0, y: 0, side: 0 }
  const count = tree ? tree.countOf(path) : null
  return {
    path,
    level,
    parent,
    cell: nowhere,
    image: nowhere,
    count,
    first: 0,
    shown: 0,
    hidden: { children: 0, paths: 0 },
  }
}

/** Those in use, the most used first; then, where all fit, the others. Hidden are those in use that do not fit. */
function childrenOf({ path }: TreeNode, K: number, most: number, tree?: CodeTree) {
  const used = tree?.children(path) ?? []
  const codes = used.slice(0, most).map(({ code }) => code)
  const left = used.slice(most)
  if (K <= most || !tree)
    for (let code = 0, known = new Set(codes); code < K && codes.length < most; code++)
      if (!known.has(code)) codes.push(code)
  const paths = left.reduce((sum, { count }) => sum + count, 0)
  return { codes, hidden: { children: tree ? left.length : K - codes.length, paths } }
}

/** Of the cells of one level, in pixels: sides, the space between children, and how children are placed. */
interface Measure {
  cell: number
  border: number
  gap: number
  /** From the cell's edge to its children: the line and the space within. */
  inset: number
  child: number
  grid: Grid
  spiral: readonly [number, number][]
  size: number
}

/** From the deepest level, whose images have this side, up. */
function measure(levels: readonly GrownLevel[], side?: number): Measure[] {
  const deepest = levels.length - 1
  const { size } = levels[deepest]
  const leaf = side ?? size * Math.max(1, Math.round(32 / size))
  // Lines of a pixel for images of up to 48, of two up to 96, and so on.
  const unit = Math.max(1, Math.round(leaf / 32))
  const measures: Measure[] = []
  let child = 0
  for (let level = deepest; level >= 0; level--) {
    const height = deepest - level
    const border = unit * (height + 1)
    const gap = unit * Math.max(0, 2 ** height - 2)
    const grid = gridFor(levels[level].most)
    // Where images have the same pixels, a parent among the deepest is as large as they, its line included.
    const inset = height === 0 ? 2 * unit : border + gap
    const cell = height === 0 ? leaf + 2 * inset : grid.n * child + (grid.n - 1) * gap + 2 * inset
    const around = spiral(grid)
    measures.unshift({ cell, border, gap, inset, child, grid, spiral: around, size: levels[level].size })
    child = cell
  }
  return measures
}

/** The image of a node whose cell is known, and the cells of its children. */
function place(nodes: Grown[], index: number, of: Measure): void {
  const { cell, first, shown } = nodes[index]
  const { grid, child, gap, border, size } = of
  const middle = child === 0 ? cell.side : grid.m * child + (grid.m - 1) * gap
  const side = Math.max(1, Math.floor((middle - 2 * border) / size)) * size
  const offset = (cell.side - side) >> 1
  nodes[index].image = { x: cell.x + offset, y: cell.y + offset, side }
  const step = child + gap
  const centre = of.inset + ((grid.n - 1) / 2) * step
  for (let i = 0; i < shown; i++) {
    const [column, row] = of.spiral[i]
    nodes[first + i].cell = {
      x: cell.x + centre + column * step,
      y: cell.y + centre + row * step,
      side: child,
    }
  }
}
