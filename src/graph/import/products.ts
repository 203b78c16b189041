// Readers of the matrix products.

import { broadcastShapes, mul, sumTo } from '../elementwise.ts'
import { matmul } from '../matmul.ts'
import { reshape } from '../shape.ts'
import { type Dim, sameShape, showShape, type Tensor } from '../tensor.ts'
import type { OnnxNode, Operators } from './node.ts'

export const products: Operators = {
  MatMul: { inputs: 'A: T, B: T', read: readMatMul },
  'com.microsoft.FusedMatMul': {
    inputs: 'A: T, B: T',
    attributes: { transA: 'flag', transB: 'flag', transBatchA: [0], transBatchB: [0], alpha: 'float' },
    read: node =>
      matmul(node.input(0), node.input(1), {
        transposeA: node.int('transA', 0) !== 0,
        transposeB: node.int('transB', 0) !== 0,
        alpha: node.float('alpha', 1),
      }),
  },
  Gemm: {
    inputs: 'A: T, B: T, C?: T',
    attributes: { transA: 'flag', transB: 'flag', alpha: 'float', beta: 'float' },
    read: readGemm,
  },
  Einsum: { inputs: 'X...: T', attributes: { equation: 'text' }, read: readEinsum },
}

/** A vector is a row on the left, a column on the right, and that axis goes again. */
function readMatMul(node: OnnxNode): Tensor {
  const [a, b] = [node.input(0), node.input(1)]
  if (a.rank > 1 && b.rank > 1) return matmul(a, b)
  if (a.rank === 0 || b.rank === 0) throw new Error('a scalar is no matrix')
  const left = a.rank === 1 ? reshape(a, [1, a.shape[0]]) : a
  const right = b.rank === 1 ? reshape(b, [b.shape[0], 1]) : b
  const y = matmul(left, right)
  const shape: Dim[] = [...y.shape]
  if (b.rank === 1) shape.pop()
  if (a.rank === 1) shape.splice(shape.length - (b.rank === 1 ? 1 : 2), 1)
  return reshape(y, shape)
}

/** y = α A B + β C of matrices, A and B transposed as asked, C broadcast. */
function readGemm(node: OnnxNode): Tensor {
  const [a, b, c] = [node.input(0), node.input(1), node.optional(2)]
  if (a.rank !== 2 || b.rank !== 2)
    throw new Error(`${showShape(a.shape)} and ${showShape(b.shape)} are no matrices`)
  const [transposeA, transposeB] = [node.int('transA', 0) !== 0, node.int('transB', 0) !== 0]
  const [alpha, beta] = [node.float('alpha', 1), node.float('beta', 1)]
  // The product, for its shape and its gradient only.
  const product = matmul(a, b, { transposeA, transposeB, alpha })
  if (c && !sameShape(broadcastShapes('Gemm', product.shape, c.shape), product.shape))
    throw new Error(`${showShape(c.shape)} does not broadcast to ${showShape(product.shape)}`)
  return node.make(product.shape, a.dtype, ([g]) => {
    const [ga, gb] = product.node.vjp!([g])
    return c ? [ga, gb, sumTo(beta === 1 ? g! : mul(g!, beta), c.shape)] : [ga, gb]
  })
}

/**
 * Σ of products by an equation, `ij,jk->ik`. The gradient of an operand is the equation with that operand and the
 * result exchanged, if every letter of it stands elsewhere too; other forms have none.
 */
function readEinsum(node: OnnxNode): Tensor {
  const inputs = node.inputs as Tensor[]
  const equation = node.text('equation', '').replace(/\s/g, '')
  const [left, explicit] = equation.split('->')
  const terms = left.split(',')
  if (!/^[A-Za-z,]*(->[A-Za-z]*)?$/.test(equation) || terms.length !== inputs.length)
    throw new Error(`the equation "${equation}" is not supported, or not for ${inputs.length} operands`)
  const sizes = new Map<string, Dim>()
  terms.forEach((term, i) => {
    if (term.length !== inputs[i].rank)
      throw new Error(`"${term}" does not fit ${showShape(inputs[i].shape)}`)
    ;[...term].forEach((letter, axis) => {
      const [size, known] = [inputs[i].shape[axis], sizes.get(letter)]
      if (known !== undefined && known !== size)
        throw new Error(`"${equation}": ${letter} is ${known} and ${size}`)
      sizes.set(letter, size)
    })
  })
  const once = [...left].filter(letter => left.split(letter).length === 2).sort()
  const result = explicit ?? once.filter(letter => letter !== ',').join('')
  if ([...result].some(letter => !sizes.has(letter)) || new Set(result).size !== result.length)
    throw new Error(`the result of "${equation}" holds a letter that no operand has, or one twice`)
  return einsum(node, inputs, terms, result, sizes)
}

/** A list with another element at one place. */
function exchanged<T>(list: readonly T[], at: number, element: T): T[] {
  return list.map((one, i) => (i === at ? element : one))
}

function einsum(
  node: OnnxNode,
  inputs: readonly Tensor[],
  terms: readonly string[],
  result: string,
  sizes: ReadonlyMap<string, Dim>,
): Tensor {
  const simple = terms.every(
    (term, i) =>
      new Set(term).size === term.length &&
      [...term].every(
        letter => result.includes(letter) || terms.some((other, j) => j !== i && other.includes(letter)),
      ),
  )
  return node.make(
    [...result].map(letter => sizes.get(letter)!),
    inputs[0].dtype,
    simple
      ? ([g]) =>
          inputs.map((_, i) =>
            einsum(node, exchanged(inputs, i, g!), exchanged(terms, i, result), terms[i], sizes),
          )
      : undefined,
    { inputs, attributes: { equation: `${terms.join(',')}->${result}` } },
  )
}
