// Improved precision and recall: how much of what is generated could be real, and how much of what is real could be
// generated, told by the neighbourhoods of their feature vectors (features.ts).

import { input, matmul } from '../graph/index.ts'
import { compile } from '../runtime/index.ts'

export interface PrecisionRecallOptions {
  /** Which neighbour's distance is a radius; default 3, as in the paper. */
  k?: number
  /** Of the products; default: all cores. */
  threads?: number
}

export interface PrecisionRecall {
  /** Share of the generated rows within the real ones' neighbourhoods, in [0, 1]. */
  precision: number
  /** Share of the real rows within the generated ones' neighbourhoods, in [0, 1]. */
  recall: number
}

/**
 * A set's manifold is the union of balls around its rows, each as wide as the way to the row's k-th nearest neighbour in
 * the set, itself not counted. Precision is the share of generated rows on the manifold of the real ones, recall the
 * share of real rows on that of the generated ones. A ball's surface belongs to it.
 * Source: Kynkäänniemi et al., arXiv 1904.06991, section 2.
 *
 * The result is that of all distances in double precision: float32 products of matrices sort out the pairs that are
 * surely near or surely far, and the few others are measured again. In memory are 4 Mi products at a time.
 *
 * @param real  features [N, D], N above k
 * @param generated  features [M, D], M above k; more rows make a wider manifold, so give as many of both
 */
export async function precisionRecall(
  real: Float32Array,
  generated: Float32Array,
  dimension: number,
  { k = 3, threads }: PrecisionRecallOptions = {},
): Promise<PrecisionRecall> {
  for (const [name, value] of Object.entries({ dimension, k }))
    if (!Number.isInteger(value) || value < 1)
      throw new Error(`invalid ${name}: ${value}; give a positive integer`)
  const sets = { real, generated }
  for (const [name, rows] of Object.entries(sets)) check(name, rows, dimension, k)
  const [a, b] = sameScale([real, generated], dimension)
  const [ofA, ofB] = [await radii(a, k, threads), await radii(b, k, threads)]
  const [onB, onA] = [new Uint8Array(a.count), new Uint8Array(b.count)]
  const exactly = (i: number, j: number, radius: number) => squaredDistance(a, i, b, j) <= radius
  await overRows(a, b, threads, (i, products) => {
    const [square, radius] = [a.squares[i], ofA[i]]
    for (let j = 0; j < b.count; j++) {
      const sum = square + b.squares[j]
      const distance = sum - 2 * products[j]
      const error = a.error * sum + TINY
      if (onA[j] === 0 && distance - error <= radius)
        if (distance + error <= radius || exactly(i, j, radius)) onA[j] = 1
      if (onB[i] === 0 && distance - error <= ofB[j])
        if (distance + error <= ofB[j] || exactly(i, j, ofB[j])) onB[i] = 1
    }
  })
  return { precision: share(onA), recall: share(onB) }
}

/** Rows [N, D] in double and, moved and scaled, in single precision. */
interface Rows {
  count: number
  dimension: number
  exact: Float32Array
  /** (x − c) s: around zero, at most 1 in size, so that little is lost when products are subtracted. */
  scaled: Float32Array
  /** ‖(x − c) s‖² [N] */
  squares: Float64Array
  /** s, a power of two: scaling loses nothing. */
  scale: number
  /** |d² − (squares_i + squares_j − 2 product_ij)| is at most this times the sum of the squares. */
  error: number
}

/** Products below the smallest numbers of float32 are taken for 0. */
const TINY = 1e-30

/**
 * Both sets, moved by the first's mean. With u = 2⁻²⁴, half the spacing of float32 around 1, a product of D terms is off
 * by at most D u / (1 − D u) times the lengths, whatever the order of the sum (Higham, "Accuracy and Stability of
 * Numerical Algorithms", section 3.1), and rounding the rows moves a squared distance by at most 4 u times the sum of
 * their squares.
 */
function sameScale(sets: readonly Float32Array[], D: number): Rows[] {
  const centre = new Float64Array(D)
  sets[0].forEach((value, i) => {
    centre[i % D] += (value * D) / sets[0].length
  })
  let largest = 0
  for (const rows of sets)
    for (let i = 0; i < rows.length; i++) largest = Math.max(largest, Math.abs(rows[i] - centre[i % D]))
  const scale = largest > 0 ? 2 ** -Math.ceil(Math.log2(largest)) : 1
  return sets.map(exact => {
    const count = exact.length / D
    const scaled = Float32Array.from(exact, (value, i) => (value - centre[i % D]) * scale)
    const squares = new Float64Array(count)
    scaled.forEach((value, i) => {
      squares[Math.floor(i / D)] += value * value
    })
    return { count, dimension: D, exact, scaled, squares, scale, error: (1.01 * D + 16) * 2 ** -24 }
  })
}

/** The squared distance of every row to its k-th nearest neighbour, in units of 1/s². */
async function radii(rows: Rows, k: number, threads: number | undefined): Promise<Float64Array> {
  const { count, squares, error } = rows
  const result = new Float64Array(count)
  await overRows(rows, rows, threads, (i, products) => {
    // No fewer than k neighbours are surely within the k-th smallest upper bound …
    const upper = new Smallest(k)
    for (let j = 0; j < count; j++)
      if (j !== i) {
        const sum = squares[i] + squares[j]
        upper.add(sum - 2 * products[j] + error * sum + TINY)
      }
    // … so that the k nearest are among those whose lower bound is within it.
    const nearest = new Smallest(k)
    for (let j = 0; j < count; j++) {
      const sum = squares[i] + squares[j]
      if (j !== i && sum - 2 * products[j] - error * sum - TINY <= upper.last)
        nearest.add(squaredDistance(rows, i, rows, j))
    }
    result[i] = nearest.last
  })
  return result
}

/** The k smallest of many numbers, in order. */
class Smallest {
  private readonly values: Float64Array

  constructor(k: number) {
    this.values = new Float64Array(k).fill(Number.POSITIVE_INFINITY)
  }

  /** The k-th smallest. */
  get last(): number {
    return this.values[this.values.length - 1]
  }

  add(value: number) {
    const { values } = this
    let at = values.length - 1
    if (!(value < values[at])) return
    for (; at > 0 && values[at - 1] > value; at--) values[at] = values[at - 1]
    values[at] = value
  }
}

/** ‖x_i − y_j‖² in double precision, in units of 1/s². */
function squaredDistance(a: Rows, i: number, b: Rows, j: number): number {
  const { dimension: D, scale } = a
  let sum = 0
  for (let d = 0; d < D; d++) sum += (a.exact[i * D + d] - b.exact[j * D + d]) ** 2
  return sum * scale * scale
}

/** Products in memory at a time. */
const ROOM = 2 ** 22

/** Gives every row's products with all the other set's rows, [M]. */
async function overRows(
  a: Rows,
  b: Rows,
  threads: number | undefined,
  use: (i: number, products: Float32Array) => void,
): Promise<void> {
  const { dimension: D } = a
  const y = input('y', [b.count, D])
  const products = matmul(input('x', ['R', D]), y, { transposeB: true })
  const step = await compile({ outputs: { products }, state: { y: { before: y } } }, { threads })
  try {
    await step.write('y', b.scaled)
    const at = Math.max(1, Math.floor(ROOM / b.count))
    for (let from = 0; from < a.count; from += at) {
      const to = Math.min(a.count, from + at)
      const x = { data: a.scaled.subarray(from * D, to * D), shape: [to - from, D] }
      const values = (await step.run({ x })).products as Float32Array
      for (let i = from; i < to; i++) use(i, values.subarray((i - from) * b.count, (i - from + 1) * b.count))
    }
  } finally {
    await step.close()
  }
}

function check(name: string, rows: Float32Array, D: number, k: number) {
  const count = rows.length / D
  if (!Number.isInteger(count))
    throw new Error(`${name}: ${rows.length} values are no whole number of rows of ${D}`)
  if (count <= k)
    throw new Error(`${name}: ${count} images have no ${k} neighbours each; give at least ${k + 1}`)
  const bad = rows.findIndex(value => !Number.isFinite(value))
  if (bad >= 0)
    throw new Error(`${name}: value ${bad % D} of row ${Math.floor(bad / D)} is ${rows[bad]}, not a number`)
}

function share(flags: Uint8Array): number {
  return flags.reduce((sum, flag) => sum + flag, 0) / flags.length
}
