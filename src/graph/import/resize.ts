// Readers of the operators that resize images: Resize, and Upsample, which it replaced.

import { backAlong, type Interpolation, interpolationMatrix } from '../interpolate.ts'
import { type Attribute, apply, constant, type Dim, showShape, type Tensor } from '../tensor.ts'
import type { Known } from './known.ts'
import type { OnnxNode, Operators } from './node.ts'

export const resizing: Operators = {
  Resize: [
    {
      inputs: 'X: any, roi?: any, scales?: any, sizes?: int',
      attributes: {
        mode: ['nearest', 'linear', 'cubic'],
        coordinate_transformation_mode: [
          'half_pixel',
          'half_pixel_symmetric',
          'pytorch_half_pixel',
          'align_corners',
          'asymmetric',
          'tf_half_pixel_for_nn',
        ],
        nearest_mode: ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'],
        cubic_coeff_a: 'float',
        exclude_outside: 'flag',
        extrapolation_value: 'float',
        antialias: [0],
        keep_aspect_ratio_policy: ['stretch'],
        axes: 'ints',
      },
      since: 11,
      read: readResize,
    },
    {
      inputs: 'X: any, scales: any',
      attributes: { mode: ['nearest', 'linear'] },
      until: 10,
      read: node => resizeAsymmetric(node, node.input(1), node.known(1)),
    },
  ],
  Upsample: {
    inputs: 'X: any, scales?: any',
    attributes: { mode: ['nearest', 'linear'], scales: 'floats' },
    until: 9,
    read: readUpsample,
  },
}

/** Sizes and factors of every axis. */
interface Plan {
  shape: Dim[]
  factors: number[]
}

/** The result's sizes from the factors or sizes of some axes; the axes of which nothing changes may be unknown. */
function plan(x: Tensor, axes: readonly number[], list: Known | undefined, by: 'factors' | 'sizes'): Plan {
  if (!list)
    throw new Error("its sizes must be known before the graph runs; give the file's inputs known sizes")
  if (list.length !== axes.length) throw new Error(`${list.length} ${by} for ${axes.length} axes`)
  const shape: Dim[] = [...x.shape]
  const factors = x.shape.map(() => 1)
  axes.forEach((axis, i) => {
    const [size, value] = [x.shape[axis], list[i]]
    if (value === (by === 'factors' ? 1 : size)) return
    if (typeof size !== 'number' || typeof value !== 'number' || !(value > 0) || size === 0)
      throw new Error(`axis ${axis} of ${showShape(x.shape)} cannot be resized by ${by} of ${value}`)
    const length = by === 'factors' ? Math.floor(size * value) : value
    if (!(Number.isSafeInteger(length) && length > 0)) throw new Error(`axis ${axis} would be ${length} long`)
    shape[axis] = length
    factors[axis] = by === 'factors' ? value : length / size
  })
  return { shape, factors }
}

/** Linear in x, axis by axis: the gradient is the product with the transposed matrices. */
function resize(
  inputs: readonly (Tensor | null)[],
  { shape, factors }: Plan,
  interpolation: Interpolation,
  attributes: Record<string, Attribute>,
): Tensor {
  const x = inputs[0]!
  return apply('Resize', inputs, shape, x.dtype, {
    attributes,
    vjp: ([g]) => {
      let part = g!
      x.shape.forEach((size, axis) => {
        if (factors[axis] === 1 && size === shape[axis]) return
        const [from, to] = [size as number, shape[axis] as number]
        part = backAlong(part, axis, interpolationMatrix(from, to, factors[axis], interpolation), from)
      })
      return [part]
    },
  })
}

/** By factors, or to sizes: one of the two inputs is given, the other absent or empty. */
function readResize(node: OnnxNode): Tensor {
  const [x, scales] = [node.input(0), node.optional(2)]
  const axes = node.has('axes')
    ? node.ints('axes', []).map(axis => node.axis(x, axis))
    : x.shape.map((_, i) => i)
  const by = scales && scales.shape.join() !== '0' ? 'factors' : 'sizes'
  const interpolation: Interpolation = {
    mode: node.text('mode', 'nearest') as Interpolation['mode'],
    coordinates: node.text('coordinate_transformation_mode', 'half_pixel') as Interpolation['coordinates'],
    rounding: node.text('nearest_mode', 'round_prefer_floor') as Interpolation['rounding'],
    cubic: node.float('cubic_coeff_a', -0.75),
    excludeOutside: node.int('exclude_outside', 0) !== 0,
  }
  const sizes = plan(x, axes, node.known(by === 'factors' ? 2 : 3), by)
  return resize(node.inputs, sizes, interpolation, node.attributes())
}

/** What operator sets up to 10 meant: pixel i of the result lies at i / factor. */
function resizeAsymmetric(node: OnnxNode, scales: Tensor, factors: Known | undefined): Tensor {
  const x = node.input(0)
  const mode = node.text('mode', 'nearest') as Interpolation['mode']
  const kind = { mode, coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' } as const
  const interpolation: Interpolation = {
    mode,
    coordinates: 'asymmetric',
    rounding: 'floor',
    cubic: -0.75,
    excludeOutside: false,
  }
  const sizes = plan(
    x,
    x.shape.map((_, i) => i),
    factors,
    'factors',
  )
  return resize([x, null, scales], sizes, interpolation, kind)
}

function readUpsample(node: OnnxNode): Tensor {
  const scales = node.raw('scales')
  if (scales && typeof scales === 'object' && 'floats' in scales) {
    const list = Float32Array.from(scales.floats)
    return resizeAsymmetric(node, constant(list), [...list])
  }
  if (!node.optional(1)) throw new Error('it has no scales')
  return resizeAsymmetric(node, node.input(1), node.known(1))
}
