/** What a tree's page and drawing say, as plain data: the nodes with their images, and who passes through them. */

import type { CodeTree } from '../codes/tree.ts'
import { type Images, toFloat } from '../data/dataset.ts'
import type { Stack } from './pictures.ts'
import type { ImageTree } from './tree-images.ts'
import { nearestImages, sharesOf } from './tree-nearest.ts'

export interface TreeContents extends ImageTree {
  /** The run, as its commands name it, and what it was trained on: `digits`, `folder:birds`. */
  run: string
  step: number
  data: string
  /** Candidates of each layer. */
  K: readonly number[]
  /** Whole images instead of what the nodes' own layers paint: see `PaintOptions`. */
  whole: boolean
  /** What a conditional network is told; null where it is told nothing. */
  condition: string | null
  /** The images that were counted; null where none were, or nobody asked for more than their number. */
  passing: Passing | null
}

/** The training images that pass through each node. */
export interface Passing {
  /** All that were counted. */
  count: number
  /** For every node the numbers of the nearest, the nearest first. */
  nearest: readonly Int32Array[]
  /** The images that these numbers name: [numbers.length, c, s, s], in the order of `numbers`. */
  thumbnails: { numbers: Int32Array; images: Stack }
  /** For every node the label that most of its images have, and how many; null where labels are not known. */
  labels: readonly (Share | null)[]
}

export interface Share {
  label: string
  count: number
}

/** Nearest images beside a node, where there is room for so many. */
const NEAREST = 6

/** The images whose paths were counted, as far as they are at hand. */
export interface Counted {
  /** In the order of the paths; null where they could not be read. */
  images: Images | null
  /** −1 where one is unknown. */
  labels: Int32Array | null
  /** Names of the labels; default: their numbers. */
  classes?: readonly string[]
}

/** Who passes through the nodes of a tree, `codes` being the paths of these images. */
export function passing(tree: ImageTree, codes: CodeTree, { images, labels, classes }: Counted): Passing {
  const { nodes } = tree.layout
  const { channels, size } = images ?? tree.levels[tree.levels.length - 1]
  const nearest = images
    ? nearestImages(tree, codes, images, sharesOf(tree.layout, images, NEAREST))
    : nodes.map(() => new Int32Array())
  const numbers = Int32Array.from(new Set(nearest.flatMap(list => Array.from(list)))).sort()
  const data = images ? toFloat(images, numbers) : new Float32Array()
  return {
    count: codes.count,
    nearest,
    thumbnails: { numbers, images: { data, count: numbers.length, channels, size } },
    labels: nodes.map(({ path }) => (labels ? mostOf(codes.members(path), labels, classes) : null)),
  }
}

/** The label that most of these images have; of two as frequent the lower. */
function mostOf(members: Int32Array, labels: Int32Array, classes?: readonly string[]): Share | null {
  const counts = new Map<number, number>()
  for (const image of members) counts.set(labels[image], (counts.get(labels[image]) ?? 0) + 1)
  counts.delete(-1)
  let most: [label: number, count: number] | null = null
  for (const [label, count] of counts)
    if (!most || count > most[1] || (count === most[1] && label < most[0])) most = [label, count]
  return most && { label: classes?.[most[0]] ?? String(most[0]), count: most[1] }
}

/** Bits of the choices down to each level of the picture: Σ log₂ K. */
export function bitsOfLevels({ K, layout }: Pick<TreeContents, 'K' | 'layout'>): number[] {
  const top = layout.nodes[0].path.length
  return layout.levels.map((_, level) =>
    K.slice(0, top + level).reduce((sum, candidates) => sum + Math.log2(candidates), 0),
  )
}
