/** What a report shows of new paths made from old ones: other details for one image, and the way from one to another. */

import { uniformPrior } from '../codes/prior.ts'
import { type ChangeOrder, interpolate, mutate } from '../codes/variations.ts'
import type { Conditional, DdnModel } from '../ddn/model.ts'
import type { Interpolation, Thumbnail, Variations } from './contents.ts'
import { dataUris, type Stack } from './pictures.ts'

/** Variations beside each other, and images on the way from one to another, both ends included. */
const BESIDE = 7
const ON_THE_WAY = 9

/**
 * Ever more of one image's first codes kept, seven variations of each. The early ones decide most.
 *
 * @param codes  [L]
 * @returns undefined where there are too few layers to keep some and vary others
 */
export async function varied(
  model: DdnModel,
  codes: Int32Array,
  seed: number,
  condition: Conditional,
): Promise<Variations | undefined> {
  const L = model.layers.length
  const K = model.layers.map(layer => layer.K)
  const wishes = [0.07, 0.2, 0.4, 0.7].map(share => Math.max(1, Math.round(share * L)))
  const prefixes = [...new Set(wishes)].filter(kept => kept < L)
  if (prefixes.length === 0) return undefined
  const all = new Int32Array((1 + prefixes.length * BESIDE) * L)
  all.set(codes)
  prefixes.forEach((depth, row) => {
    const others = mutate(uniformPrior(K), codes, { depth, count: BESIDE, seed: seed + row })
    all.set(others, (1 + row * BESIDE) * L)
  })
  const levels = await model.levels(all, condition)
  const stackOf = (layer: number, count: number): Stack => {
    const { size } = model.layers[layer]
    const { channels } = model.config
    return { data: levels[layer].subarray(0, count * channels * size * size), count, channels, size }
  }
  const sources = dataUris(stackOf(L - 1, all.length / L))
  return {
    rows: prefixes.map((layers, row) => ({
      layers,
      bits: K.slice(0, layers).reduce((sum, k) => sum + Math.log2(k), 0),
      kept: {
        source: dataUris(stackOf(layers - 1, 1))[0],
        label: `what the first ${layers} choices draw`,
      },
      images: Array.from({ length: BESIDE }, (_, i) => ({
        source: sources[1 + row * BESIDE + i],
        label: `variation ${i + 1} with the first ${layers} choices kept`,
      })),
    })),
  }
}

/**
 * The ways between two pairs of images, in both orders.
 *
 * @param codes  [N, L] of N images
 * @param names  of these images
 * @returns undefined where there are no two images, or where each has a condition of its own
 */
export async function interpolated(
  model: DdnModel,
  codes: Int32Array,
  names: readonly string[],
): Promise<Interpolation[] | undefined> {
  const L = model.layers.length
  const n = names.length
  if (n < 2 || model.config.condition) return undefined
  const half = n >> 1
  const pairs = n < 6 ? [[0, n - 1]] : [0, 2].map(i => [i, i + half])
  const ways: { from: string; to: string; order: ChangeOrder; paths: Int32Array; changed: number[] }[] = []
  for (const [i, j] of pairs)
    for (const order of ['coarse', 'fine'] as const) {
      const all = interpolate(codes.subarray(i * L, (i + 1) * L), codes.subarray(j * L, (j + 1) * L), order)
      const changed = stepsToShow(all.length / L - 1, order)
      const paths = new Int32Array(changed.length * L)
      changed.forEach((step, place) => {
        paths.set(all.subarray(step * L, (step + 1) * L), place * L)
      })
      ways.push({ from: names[i], to: names[j], order, paths, changed })
    }
  const paths = Int32Array.from(ways.flatMap(way => Array.from(way.paths)))
  const { size, channels } = model.config
  const sources = dataUris({ data: await model.decode(paths), count: paths.length / L, channels, size })
  return ways.map(({ from, to, order, changed }) => ({
    order,
    images: changed.map(
      (step): Thumbnail => ({
        source: sources.shift()!,
        label: `${from} with ${step} of the codes of ${to}, the ${order === 'coarse' ? 'first' : 'last'} ones`,
      }),
    ),
  }))
}

/** Of the steps 0 … last at most nine, both ends included, closest to each other where most changes: at the coarse codes. */
export function stepsToShow(last: number, order: ChangeOrder): number[] {
  const count = Math.min(last + 1, ON_THE_WAY)
  const steps: number[] = []
  for (let i = 0; i < count; i++) {
    const wish = count > 1 ? Math.round((i / (count - 1)) ** 1.5 * last) : 0
    steps.push(Math.max(wish, (steps.at(-1) ?? -1) + 1))
  }
  return order === 'coarse' ? steps : steps.map(step => last - step).reverse()
}
