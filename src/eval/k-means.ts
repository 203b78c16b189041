// k-means: Lloyd's iteration from centres that k-means++ chose. The distances are one product of matrices, executed as a
// program like any other; means are taken in double precision.

import { permutation, type Rng, random } from '../data/rng.ts'
import {
  add,
  argMin,
  input,
  matmul,
  reduceMin,
  reduceSumSquare,
  reshape,
  type Tensor,
} from '../graph/index.ts'
import { compile, type Step } from '../runtime/index.ts'

export interface KMeansOptions {
  /** D: values of a point. */
  dimension: number
  /** How many centres. */
  K: number
  /**
   * Where centres start, and start anew when no point is nearest to them: `spread` (default) chooses by k-means++, and
   * anew at the point farthest from its centre, which finds clusters far apart; `any` takes points at random, which serves
   * better where there are no clusters but outliers, on which the former spends its centres.
   */
  start?: 'spread' | 'any'
  /** Rounds of Lloyd's iteration at most; it ends earlier where no point changes its centre. Default 30. */
  iterations?: number
  /** Default 0. */
  seed?: number
  /** Default: all cores. */
  threads?: number
}

export interface KMeans {
  dimension: number
  K: number
  /** [K, D] */
  centres: Float32Array
  /** The nearest centre of every point that it was fitted to [N]. */
  nearest: Int32Array
  /** Rounds that were done. */
  iterations: number
  /** Mean squared difference of the points' values from those of their centres. */
  mse: number
}

/**
 * Fits K centres to points [N, D]: in turn every point goes to its nearest centre and every centre to the mean of its
 * points. Centres to which no point is nearest start anew, each at another point; `spread` leaves them unused where no
 * point is away from its centre, for then there are fewer distinct points than centres.
 * Source: Lloyd, IEEE Transactions on Information Theory 28, 1982; k-means++ at `firstCentres`.
 *
 * @throws where there are fewer points than centres, or values that are no numbers
 */
export async function fitKMeans(points: Float32Array, options: KMeansOptions): Promise<KMeans> {
  const { dimension, K, seed = 0, threads } = options
  const engine = await Nearest.open(dimension, K, threads)
  try {
    return await lloyd(engine, points, { ...options, rng: random(seed, 'k-means') })
  } finally {
    await engine.close()
  }
}

/** The nearest of a fit's centres for every point [N, D], up to rounding in float32; the first of equals. */
export async function nearestCentres(
  { dimension, K, centres }: Pick<KMeans, 'dimension' | 'K' | 'centres'>,
  points: Float32Array,
  { threads }: Pick<KMeansOptions, 'threads'> = {},
): Promise<Int32Array> {
  const engine = await Nearest.open(dimension, K, threads)
  try {
    checkPoints(points, dimension)
    return (await engine.of(points, centres)).nearest
  } finally {
    await engine.close()
  }
}

/** `fitKMeans` with an engine that serves several fits. */
export async function lloyd(
  engine: Nearest,
  points: Float32Array,
  {
    start = 'spread',
    iterations = 30,
    rng,
    threads,
  }: Pick<KMeansOptions, 'start' | 'iterations' | 'threads'> & { rng: Rng },
): Promise<KMeans> {
  if (!Number.isInteger(iterations) || iterations < 1)
    throw new Error(`invalid iterations: ${iterations}; give a positive integer`)
  const { dimension, K } = engine
  checkPoints(points, dimension, K)
  const anew = (distances: Float32Array) =>
    start === 'any' ? permutation(distances.length, rng) : farthestOf(distances)
  let centres =
    start === 'any'
      ? rowsOf(points, permutation(points.length / dimension, rng).subarray(0, K), dimension)
      : await firstCentres(points, { dimension, K, rng, threads })
  let assigned = await engine.of(points, centres)
  let done = 0
  for (let moved = true; moved && done < iterations; done++) {
    centres = moveCentres(points, assigned, centres, anew)
    const before = assigned.nearest
    assigned = await engine.of(points, centres)
    moved = assigned.nearest.some((centre, i) => centre !== before[i])
  }
  const { nearest } = assigned
  let sum = 0
  for (let i = 0; i < points.length; i++)
    sum += (points[i] - centres[nearest[Math.floor(i / dimension)] * dimension + (i % dimension)]) ** 2
  return { dimension, K, centres, nearest, iterations: done, mse: sum / points.length }
}

/** Points of a run: of 512 centres 8 MiB of distances. */
const BLOCK = 4096

interface Assigned {
  /** The nearest centre of every point [N], and the squared distance to it [N]. */
  nearest: Int32Array
  distances: Float32Array
}

/** Finds nearest centres, for any points and centres of one shape. */
export class Nearest {
  private constructor(
    readonly dimension: number,
    readonly K: number,
    private readonly step: Step,
  ) {}

  /** ‖x − c‖² = ‖x‖² + (‖c‖² − 2 xᵀc), of which the bracket decides. */
  static async open(dimension: number, K: number, threads?: number): Promise<Nearest> {
    for (const [name, value] of Object.entries({ dimension, K }))
      if (!Number.isInteger(value) || value < 1)
        throw new Error(`invalid ${name}: ${value}; give a positive integer`)
    const x = input('x', ['R', dimension])
    const centres = input('centres', [K, dimension])
    const squares = (of: Tensor) => reduceSumSquare(of, [1])
    const bracket = add(
      matmul(x, centres, { transposeB: true, alpha: -2 }),
      reshape(squares(centres), [1, K]),
    )
    const outputs = { nearest: argMin(bracket, 1), distance: add(squares(x), reduceMin(bracket, [1])) }
    return new Nearest(dimension, K, await compile({ outputs }, { threads }))
  }

  /** Of points [N, D] the nearest of centres [K, D] and the squared distance to it, both [N], in float32. */
  async of(points: Float32Array, centres: Float32Array): Promise<Assigned> {
    const { dimension: D, K } = this
    const count = points.length / D
    const nearest = new Int32Array(count)
    const distances = new Float32Array(count)
    for (let from = 0; from < count; from += BLOCK) {
      const to = Math.min(count, from + BLOCK)
      const found = await this.step.run({
        x: { data: points.subarray(from * D, to * D), shape: [to - from, D] },
        centres: { data: centres, shape: [K, D] },
      })
      nearest.set(Int32Array.from(found.nearest as BigInt64Array, Number), from)
      distances.set(found.distance as Float32Array, from)
    }
    return { nearest, distances }
  }

  close(): Promise<void> {
    return this.step.close()
  }
}

/** Every centre at the mean of its points, and those that have none at the points `anew`, as far as there are such. */
function moveCentres(
  points: Float32Array,
  { nearest, distances }: Assigned,
  centres: Float32Array,
  anew: (distances: Float32Array) => ArrayLike<number>,
): Float32Array {
  const D = points.length / nearest.length
  const sums = new Float64Array(centres.length)
  const sizes = new Int32Array(centres.length / D)
  for (let i = 0; i < nearest.length; i++) {
    const to = nearest[i] * D
    sizes[nearest[i]]++
    for (let d = 0; d < D; d++) sums[to + d] += points[i * D + d]
  }
  const moved = Float32Array.from(sums, (sum, i) => sum / sizes[Math.floor(i / D)])
  const empty = Array.from(sizes.keys()).filter(k => sizes[k] === 0)
  const places = empty.length ? anew(distances) : []
  empty.forEach((k, i) => {
    const place =
      i < places.length
        ? points.subarray(places[i] * D, (places[i] + 1) * D)
        : centres.subarray(k * D, (k + 1) * D)
    moved.set(place, k * D)
  })
  return moved
}

/** The points that are away from their centres, the farthest first. */
function farthestOf(distances: Float32Array): number[] {
  const away = Array.from(distances.keys()).filter(i => distances[i] > 0)
  return away.sort((a, b) => distances[b] - distances[a] || a - b)
}

/** The first centres are chosen among so many points, or twice as many as there are centres. */
const SEEDING = 4096

/**
 * k-means++: the first centre is any point, each next one a point with probability in proportion to its squared distance
 * from the nearest centre so far. Of more points than `SEEDING`, so many are drawn, among which all distances are one
 * product of matrices. Source: Arthur and Vassilvitskii, SODA 2007.
 */
export async function firstCentres(
  points: Float32Array,
  { dimension: D, K, rng, threads }: Pick<KMeansOptions, 'dimension' | 'K' | 'threads'> & { rng: Rng },
): Promise<Float32Array> {
  const all = points.length / D
  const count = Math.min(all, Math.max(SEEDING, 2 * K))
  const rows =
    count < all ? permutation(all, rng).subarray(0, count) : Int32Array.from({ length: all }, (_, i) => i)
  const some = rowsOf(points, rows, D)
  const products = await productsOf(some, D, threads)
  const squares = Float64Array.from(rows, (_, i) => products[i * count + i])
  const distances = new Float64Array(count).fill(Number.POSITIVE_INFINITY)
  const centres = new Float32Array(K * D)
  const chosen = new Uint8Array(count)
  for (let k = 0; k < K; k++) {
    const next = k === 0 ? rng.int(count) : drawFrom(distances, chosen, rng)
    chosen[next] = 1
    centres.set(some.subarray(next * D, (next + 1) * D), k * D)
    for (let i = 0; i < count; i++) {
      const distance = squares[i] + squares[next] - 2 * products[next * count + i]
      distances[i] = chosen[i] ? 0 : Math.max(0, Math.min(distances[i], distance))
    }
  }
  return centres
}

/** The chosen rows [n, D]. */
function rowsOf(points: Float32Array, chosen: Int32Array, D: number): Float32Array {
  const rows = new Float32Array(chosen.length * D)
  chosen.forEach((row, i) => {
    rows.set(points.subarray(row * D, (row + 1) * D), i * D)
  })
  return rows
}

/** An index in proportion to the weights; any that is not chosen yet where all weights are 0. */
function drawFrom(weights: Float64Array, chosen: Uint8Array, rng: Rng): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  if (total === 0) {
    const left = Array.from(chosen.keys()).filter(i => !chosen[i])
    return left[rng.int(left.length)]
  }
  let rest = rng.next() * total
  let last = 0
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 0) continue
    last = i
    rest -= weights[i]
    if (rest < 0) break
  }
  return last
}

/** x xᵀ [N, N] */
async function productsOf(rows: Float32Array, D: number, threads: number | undefined): Promise<Float32Array> {
  const shape = [rows.length / D, D]
  const x = input('x', shape)
  const step = await compile({ outputs: { products: matmul(x, x, { transposeB: true }) } }, { threads })
  const { products } = await step.run({ x: { data: rows, shape } })
  await step.close()
  return products as Float32Array
}

/** Throws where these are not K points [N, D] at least, of numbers alone. */
export function checkPoints(points: Float32Array, dimension: number, K = 1) {
  const count = points.length / dimension
  if (!Number.isInteger(count))
    throw new Error(`${points.length} values are no whole number of points of ${dimension}`)
  if (count < K) throw new Error(`${count} points cannot have ${K} centres; give at most one for each point`)
  const bad = points.findIndex(value => !Number.isFinite(value))
  if (bad >= 0)
    throw new Error(
      `points: value ${bad % dimension} of point ${Math.floor(bad / dimension)} is ${points[bad]}, not a number`,
    )
}
