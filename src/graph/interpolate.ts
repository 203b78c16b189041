// Interpolation to any size as ONNX's Resize does it: axis by axis, and linear in the image, so a matrix per axis.

import { cast } from './elementwise.ts'
import { matmul } from './matmul.ts'
import { reshape, transpose } from './shape.ts'
import { constant, type Tensor } from './tensor.ts'

export interface Interpolation {
  mode: 'nearest' | 'linear' | 'cubic'
  /** Where pixel i of the result lies in the original. */
  coordinates:
    | 'half_pixel'
    | 'half_pixel_symmetric'
    | 'pytorch_half_pixel'
    | 'align_corners'
    | 'asymmetric'
    | 'tf_half_pixel_for_nn'
  rounding: 'round_prefer_floor' | 'round_prefer_ceil' | 'floor' | 'ceil'
  /** a of the cubic kernel. */
  cubic: number
  /** Whether taps outside of the image count 0 and the others more, or repeat the edge (cubic only). */
  excludeOutside: boolean
}

/**
 * A [to, from] with y = A x along one axis of length `from`, for a result of length `to` at a scale (about
 * to / from). Source: the ONNX operator specification, Resize; cubic: Keys, IEEE TASSP 29 (1981).
 */
export function interpolationMatrix(
  from: number,
  to: number,
  scale: number,
  interpolation: Interpolation,
): Float32Array {
  const matrix = new Float32Array(to * from)
  const inside = (i: number) => Math.min(from - 1, Math.max(0, i))
  for (let i = 0; i < to; i++) {
    const at = origin(i, from, to, scale, interpolation.coordinates)
    for (const [tap, weight] of taps(at, from, interpolation)) matrix[i * from + inside(tap)] += weight
  }
  return matrix
}

function origin(
  i: number,
  from: number,
  to: number,
  scale: number,
  coordinates: Interpolation['coordinates'],
): number {
  if (coordinates === 'asymmetric') return i / scale
  if (coordinates === 'align_corners') return to === 1 ? 0 : (i * (from - 1)) / (to - 1)
  if (coordinates === 'tf_half_pixel_for_nn') return (i + 0.5) / scale
  if (coordinates === 'pytorch_half_pixel' && to === 1) return 0
  // The centre stays where it is also when `to` was rounded.
  const shift = coordinates === 'half_pixel_symmetric' ? (from / 2) * (1 - to / (scale * from)) : 0
  return shift + (i + 0.5) / scale - 0.5
}

/** The pixels of the original that make one of the result, and their weights. */
function taps(at: number, from: number, interpolation: Interpolation): [pixel: number, weight: number][] {
  const { mode, rounding, cubic: a, excludeOutside } = interpolation
  if (mode === 'nearest') {
    if (rounding === 'floor') return [[Math.floor(at), 1]]
    if (rounding === 'ceil') return [[Math.ceil(at), 1]]
    const floor = Math.floor(at)
    const up = rounding === 'round_prefer_ceil' ? at - floor >= 0.5 : at - floor > 0.5
    return [[up ? floor + 1 : floor, 1]]
  }
  if (mode === 'linear') {
    const clamped = Math.min(from - 1, Math.max(0, at))
    const first = Math.floor(clamped)
    return [
      [first, 1 - (clamped - first)],
      [first + 1, clamped - first],
    ]
  }
  const first = Math.floor(at) - 1
  const weights = [0, 1, 2, 3].map((k): [number, number] => {
    const distance = Math.abs(at - (first + k))
    const weight =
      distance <= 1
        ? ((a + 2) * distance - (a + 3)) * distance * distance + 1
        : ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
    return [first + k, weight]
  })
  if (!excludeOutside) return weights
  const present = weights.filter(([pixel]) => pixel >= 0 && pixel < from)
  const sum = present.reduce((total, [, weight]) => total + weight, 0)
  return present.map(([pixel, weight]) => [pixel, weight / sum])
}

/** Aᵀ g along one axis of g [… to …] → [… from …], for A [to, from]: the gradient of x ↦ A x. */
export function backAlong(g: Tensor, axis: number, matrix: Float32Array, from: number): Tensor {
  const to = g.shape[axis] as number
  const weights = cast(constant(matrix, [to, from]), g.dtype)
  if (axis === g.rank - 2) return matmul(weights, g, { transposeA: true })
  if (g.rank === 1) return reshape(matmul(reshape(g, [1, to]), weights), [from])
  if (axis === g.rank - 1) return matmul(g, weights)
  const order = g.shape.map((_, i) => i)
  order.splice(axis, 1)
  order.push(axis)
  const back = order.map((_, i) => order.indexOf(i))
  return transpose(matmul(transpose(g, order), weights), back)
}
