// Images to any other size, as two products with constant matrices, on the host and in a graph alike.

import { constant, imageShape, matmul, type Tensor } from '../graph/index.ts'

/**
 * [to, from]: the weights of a resampling along one axis, whose rows sum to 1. The exact area average where
 * it shrinks; where it grows bilinear, pixel centres at half-integers, edges repeated. Neither overshoots.
 */
export function resizeMatrix(from: number, to: number): Float32Array {
  const matrix = new Float32Array(to * from)
  const scale = from / to
  for (let i = 0; i < to; i++) {
    if (scale >= 1) {
      const [low, high] = [i * scale, (i + 1) * scale]
      for (let j = Math.floor(low); j < high && j < from; j++)
        matrix[i * from + j] = (Math.min(j + 1, high) - Math.max(j, low)) / scale
    } else {
      const centre = Math.min(Math.max((i + 0.5) * scale - 0.5, 0), from - 1)
      const left = Math.floor(centre)
      const right = Math.min(left + 1, from - 1)
      matrix[i * from + left] += 1 - (centre - left)
      matrix[i * from + right] += centre - left
    }
  }
  return matrix
}

/** y = A x Bᵀ: [N, C, H, W] → [N, C, height, width]. */
export function resizeTensor(images: Tensor, height: number, width: number): Tensor {
  const { height: h, width: w } = imageShape('resizeTensor', images)
  const rows = h === height ? images : matmul(constant(resizeMatrix(h, height), [height, h]), images)
  return w === width ? rows : matmul(rows, constant(resizeMatrix(w, width), [width, w]), { transposeB: true })
}

/** The same for planes [count, h, w] on the host, summed in double precision. */
export function resizePlanes(
  planes: Float32Array,
  [h, w]: readonly [number, number],
  [height, width]: readonly [number, number],
): Float32Array {
  if (h === height && w === width) return planes
  const count = planes.length / (h * w)
  const [down, across] = [taps(h, height), taps(w, width)]
  const rows = new Float64Array(h * width)
  const out = new Float32Array(count * height * width)
  for (let n = 0; n < count; n++) {
    for (let y = 0; y < h; y++)
      for (let x = 0; x < width; x++) {
        let sum = 0
        for (const [from, weight] of across[x]) sum += weight * planes[(n * h + y) * w + from]
        rows[y * width + x] = sum
      }
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        let sum = 0
        for (const [from, weight] of down[y]) sum += weight * rows[from * width + x]
        out[(n * height + y) * width + x] = sum
      }
  }
  return out
}

/** The non-zero weights of every row of the matrix. */
function taps(from: number, to: number): [from: number, weight: number][][] {
  const matrix = resizeMatrix(from, to)
  return Array.from({ length: to }, (_, i) =>
    Array.from(matrix.subarray(i * from, (i + 1) * from), (weight, j): [number, number] => [
      j,
      weight,
    ]).filter(([, weight]) => weight !== 0),
  )
}
