// Matrix products, batched and broadcast like NumPy's, with transposed operands at no cost.

import { broadcastShapes, sumTo } from './elementwise.ts'
import { apply, type Shape, showShape, type Tensor } from './tensor.ts'

export interface MatmulOptions {
  /** Use a as if its last two dimensions were exchanged. */
  transposeA?: boolean
  transposeB?: boolean
  /** A factor on the result. */
  alpha?: number
}

/**
 * y = α A B over the last two dimensions: [… M, K] × [… K, N] → [… M, N].
 * Ā = α ȳ Bᵀ, B̄ = α Aᵀ ȳ, with transpositions folded into the product (`FusedMatMul`, an operator that
 * ONNX Runtime has on every device; a plain product is written as `MatMul`).
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false, alpha = 1 } = options
  if (a.rank < 2 || b.rank < 2)
    throw new Error(
      `matmul: ${showShape(a.shape)} and ${showShape(b.shape)}: both need at least two dimensions`,
    )
  if (a.dtype !== b.dtype) throw new Error(`matmul: types differ: ${a.dtype} and ${b.dtype}`)
  const [m, k] = last(a.shape, transposeA)
  const [k2, n] = last(b.shape, transposeB)
  if (k !== k2)
    throw new Error(
      `matmul: ${showShape(a.shape)} and ${showShape(b.shape)}: the inner sizes are ${k} and ${k2}`,
    )
  const batch = broadcastShapes('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2))
  const shape = [...batch, m, n]
  const vjp = ([g]: readonly (Tensor | null)[]) => {
    const ga = transposeA
      ? matmul(b, g!, { transposeA: transposeB, transposeB: true, alpha })
      : matmul(g!, b, { transposeB: !transposeB, alpha })
    const gb = transposeB
      ? matmul(g!, a, { transposeA: true, transposeB: transposeA, alpha })
      : matmul(a, g!, { transposeA: !transposeA, alpha })
    return [sumTo(ga, a.shape), sumTo(gb, b.shape)]
  }
  if (!transposeA && !transposeB && alpha === 1) return apply('MatMul', [a, b], shape, a.dtype, { vjp })
  return apply('FusedMatMul', [a, b], shape, a.dtype, {
    domain: 'com.microsoft',
    attributes: { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0, alpha: { float: alpha } },
    vjp,
  })
}

function last(shape: Shape, transposed: boolean) {
  const [rows, columns] = shape.slice(-2)
  return transposed ? [columns, rows] : [rows, columns]
}
