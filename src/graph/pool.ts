// Pooling in ONNX's own generality: the largest value, or the mean, of windows over any number of spatial axes.

import { checkWindow, extent, padding, spatialSizes, transposedConvolve, type Window } from './convolution.ts'
import { product } from './dims.ts'
import { cast, fill, mul } from './elementwise.ts'
import { addAt } from './gather.ts'
import { reshape, reshapeLike, zerosLike } from './shape.ts'
import { type Attribute, apply, applyMany, constant, showShape, type Tensor } from './tensor.ts'

export interface MeanPoolOptions extends Window {
  /** Whether a mean is of the pixels in image and padding, or of those in the image. */
  countPadding: boolean
  /** Whether windows that begin in the image and reach beyond the padding are taken too. */
  ceil: boolean
}

/**
 * The largest value of every window, [N, C, …] → [N, C, …], and on demand where it stands in x, counted through
 * all of x (int64). The gradient goes to the first of the largest.
 */
export function maxPool(
  x: Tensor,
  window: Window,
  attributes: Readonly<Record<string, Attribute>>,
  outputs: 1 | 2 = 1,
): Tensor[] {
  const shape = [...x.shape.slice(0, 2), ...places('MaxPool', x, window)]
  const vjp = ([g]: readonly (Tensor | null)[]) => {
    if (!g) return [null]
    const indices = pooled[1] ?? maxPool(x, window, attributes, 2)[1]
    return [unpool(x, g, indices)]
  }
  const kinds = [[shape, x.dtype] as const, [shape, 'int64'] as const].slice(0, outputs)
  const pooled: Tensor[] = applyMany('MaxPool', [x], kinds, { attributes: { ...attributes }, vjp })
  return pooled
}

/** Zeros like x, with g added at places that are counted through all of x. */
function unpool(x: Tensor, g: Tensor, indices: Tensor): Tensor {
  const flat = (t: Tensor) => reshape(t, [product(t.shape)])
  return reshapeLike(addAt(zerosLike(flat(x)), flat(g), flat(indices), 0), x)
}

/**
 * The mean of every window, [N, C, …] → [N, C, …]: of the pixels that lie in the image, or of all that lie in image
 * and padding. The gradient is g, divided by their numbers, spread by a transposed convolution with ones.
 */
export function meanPool(
  x: Tensor,
  options: MeanPoolOptions,
  attributes: Readonly<Record<string, Attribute>>,
): Tensor {
  const sizes = spatialSizes('AveragePool', x)
  const [, channels] = x.shape
  if (typeof channels !== 'number')
    throw new Error(`AveragePool: the channels of ${showShape(x.shape)} must be known`)
  const counts = places('AveragePool', x, options, options.ceil)
  const shape = [...x.shape.slice(0, 2), ...counts]
  return apply('AveragePool', [x], shape, x.dtype, {
    attributes: { ...attributes },
    vjp: ([g]) => {
      const axes = sizes.length
      const { kernel, strides, dilations } = options
      const shares = constant(windowShares(sizes, counts, options), [1, 1, ...counts])
      // The padding at the end that lets the last window end where it ends.
      const rest = sizes.map(
        (length, a) => length - ((counts[a] - 1) * strides[a] + extent(options, a) - padding(options, a)),
      )
      const pads = options.pads.map((pad, i) => (i < axes ? pad : pad - Math.min(0, rest[i - axes])))
      const ones = cast(fill([channels, 1, ...kernel], 1), x.dtype)
      const window = { kernel, strides, dilations, pads, group: channels }
      const extra = rest.map(pixels => Math.max(0, pixels))
      return [transposedConvolve(mul(g!, cast(shares, x.dtype)), ones, null, { ...window, extra })]
    },
  })
}

/** One over the number of pixels that a window counts, for every window. */
function windowShares(
  sizes: readonly number[],
  counts: readonly number[],
  options: MeanPoolOptions,
): Float32Array {
  const { kernel, strides, dilations, pads, countPadding } = options
  const along = sizes.map((length, a) =>
    Array.from({ length: counts[a] }, (_, i) => {
      const first = i * strides[a] - pads[a]
      const inside = countPadding ? [-pads[a], length + pads[sizes.length + a]] : [0, length]
      let pixels = 0
      for (let u = 0; u < kernel[a]; u++) {
        const at = first + u * dilations[a]
        if (at >= inside[0] && at < inside[1]) pixels++
      }
      return pixels
    }),
  )
  let all = [1]
  for (const line of along) all = all.flatMap(outer => line.map(count => outer * count))
  return Float32Array.from(all, count => 1 / count)
}

/** How often a window fits along every axis; see `ceil`. */
function places(op: string, x: Tensor, window: Window, ceil = false): number[] {
  const sizes = spatialSizes(op, x)
  const { kernel, strides, pads } = window
  checkWindow(op, sizes.length, window)
  const counts = sizes.map((length, a) => {
    const steps = (length + padding(window, a) - extent(window, a)) / strides[a]
    const more = ceil && (Math.floor(steps) + 1) * strides[a] < length + pads[a]
    return (more ? Math.ceil(steps) : Math.floor(steps)) + 1
  })
  if (counts.some(count => count < 1) || pads.some((pad, i) => pad >= extent(window, i % sizes.length)))
    throw new Error(
      `${op}: a window of ${kernel.join('×')} with pads [${pads.join(', ')}] does not fit into ${sizes.join('×')}`,
    )
  return counts
}
