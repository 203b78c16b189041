/** The real images nearest to each node of a tree, among those whose paths pass through it. */

import type { CodeTree } from '../codes/tree.ts'
import type { Images } from '../data/dataset.ts'
import type { ImageTree } from './tree-images.ts'

/**
 * The numbers of the images nearest to each node, the nearest first: by the mean squared difference of pixels at the
 * node's own size, images being averaged down to it.
 *
 * @param tree  the paths of `images`, in their order
 * @param most  of each node of a level; 0 leaves a level out
 * @returns a list for every node of the layout
 */
export function nearestImages(
  { layout, levels }: ImageTree,
  tree: CodeTree,
  images: Images,
  most: readonly number[],
): Int32Array[] {
  const averages = new Map<number, ArrayLike<number>>()
  return layout.nodes.map(({ path, level }, i) => {
    const count = most[level]
    if (count === 0) return new Int32Array()
    const { size, data } = levels[level]
    const length = images.channels * size * size
    if (!averages.has(size)) averages.set(size, averaged(images, size))
    const at = (i - layout.levels[level].from) * length
    const wanted = data.subarray(at, at + length).map(value => (value + 1) * 127.5)
    return nearest(wanted, averages.get(size)!, tree.members(path), count)
  })
}

/** Of each node of a level so many, at most `most`, that all of them together hold about `budget` values. */
export function sharesOf(
  layout: ImageTree['layout'],
  { channels, size }: Images,
  most: number,
  budget = 4e6,
) {
  let left = budget / (channels * size * size)
  return layout.levels.map(({ from, to }) => {
    const count = Math.min(most, Math.floor(left / (to - from)))
    left -= count * (to - from)
    return count
  })
}

/** The members with the least squared distance to `wanted`; of two that are as near, the one with the lower number. */
function nearest(
  wanted: Float32Array,
  pixels: ArrayLike<number>,
  members: Int32Array,
  count: number,
): Int32Array {
  const found: { image: number; distance: number }[] = []
  for (const image of members) {
    const limit = found.length < count ? Infinity : found[found.length - 1].distance
    const from = image * wanted.length
    let distance = 0
    // Once it is too far, the rest does not matter; asked now and then, for asking takes time too.
    for (let i = 0; i < wanted.length && distance <= limit; ) {
      const end = Math.min(wanted.length, i + 64)
      for (; i < end; i++) distance += (wanted[i] - pixels[from + i]) ** 2
    }
    if (distance > limit) continue
    const place = found.findIndex(
      other => distance < other.distance || (distance === other.distance && image < other.image),
    )
    found.splice(place < 0 ? found.length : place, 0, { image, distance })
    if (found.length > count) found.pop()
  }
  return Int32Array.from(found, ({ image }) => image)
}

/** Pixels [count, c, size, size] in 0 … 255: means over squares. */
function averaged({ count, channels, size: full, pixels }: Images, size: number): ArrayLike<number> {
  if (size === full) return pixels
  const factor = full / size
  const means = new Float32Array(count * channels * size * size)
  for (let plane = 0; plane < count * channels; plane++)
    for (let v = 0; v < full; v++) {
      const row = (plane * size + Math.floor(v / factor)) * size
      const line = (plane * full + v) * full
      for (let u = 0; u < full; u++)
        means[row + Math.floor(u / factor)] += pixels[line + u] / (factor * factor)
    }
  return means
}
