// Search over codes: how long it takes among how many images, and how good it is.
//   npx tsx bench/search.ts speed [ROWS …]      synthetic codes; default: 10000 1000000
//   npx tsx bench/search.ts quality [INDEX]     1,000 test digits looked for among the other 9,000; INDEX is kept

import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { subset, toFloat } from '../src/data/dataset.ts'
import { loadDataset } from '../src/data/load.ts'
import { permutation, random } from '../src/data/rng.ts'
import { fingerprintOf } from '../src/ddn/fingerprint.ts'
import { precisionAt, smallest } from '../src/eval/retrieval.ts'
import { fitRvq } from '../src/eval/rvq.ts'
import { add, input, matmul, reduceSumSquare, reshape } from '../src/graph/index.ts'
import { compile } from '../src/runtime/index.ts'
import { collect, picturesOfDataset } from '../src/search/collect.ts'
import { type IndexedImage, openIndex, openIndexToAdd } from '../src/search/image-index.ts'
import { Search, type SearchWay, SHORTLIST, searchWays } from '../src/search/search.ts'
import { openRun } from '../src/train/run.ts'

/** Queries that are timed, and rows that are added at a time. */
const TIMED = 21
const PART = 16384
/** Queries whose results are judged, and how many results of each. */
const QUERIES = 1000
const AT = 10

const [mode = 'speed', ...rest] = process.argv.slice(2)
const folder = await mkdtemp(join(tmpdir(), 'coppice-bench-'))
const run = await openRun('digits')
const { model } = run
const K = model.layers.map(layer => layer.K)
const L = K.length
const maker = { fingerprint: await fingerprintOf(model), K, run: 'digits' }
const data = await loadDataset('digits')
const { test, train } = data
try {
  if (mode === 'speed')
    for (const rows of rest.length ? rest.map(Number) : [10_000, 1_000_000]) await speed(rows)
  else if (mode === 'quality') await quality(rest[0] ?? join(folder, 'quality.duckdb'))
  else throw new Error(`unknown mode ${mode}; give speed or quality`)
} finally {
  await run.close()
  await rm(folder, { recursive: true })
}

/** Rows of evenly drawn codes; the queries are test digits. */
async function speed(rows: number): Promise<void> {
  const path = join(folder, `${rows}.duckdb`)
  const rng = random(0, 'codes')
  const residuals = K.map((_, l) => 0.2 * 0.8 ** l)
  const writer = await openIndexToAdd(path, maker)
  const began = performance.now()
  for (let from = 0; from < rows; from += PART) {
    const part: IndexedImage[] = Array.from({ length: Math.min(PART, rows - from) }, (_, i) => ({
      source: 'synthetic',
      name: `train:${from + i}`,
      split: 'train',
      number: from + i,
      label: String(rng.int(10)),
      hash: BigInt(Math.floor(rng.next() * 2 ** 32)) * 2n ** 31n + BigInt(i),
      codes: Int32Array.from(K, k => rng.int(k)),
      residuals,
    }))
    await writer.add(part)
  }
  const added = performance.now()
  await writer.order()
  const ordered = performance.now()
  await writer.close()
  const bytes = (await stat(path)).size
  const megabytes = process.resourceUsage().maxRSS / 1024
  console.log(
    `${rows} rows: ${seconds(began, added)} s to add, ${seconds(added, ordered)} s to order, ${(bytes / 1e6).toFixed(1)} MB, ${(bytes / rows).toFixed(1)} bytes a row; peak memory so far ${megabytes.toFixed(0)} MB`,
  )

  const index = await openIndex(path)
  const search = await Search.open(index, model)
  const queries = []
  for (let i = 0; i < TIMED; i++) queries.push(await search.like(toFloat(test, [i])))
  for (const by of searchWays) {
    const times: number[] = []
    for (const query of queries) {
      const started = performance.now()
      await search.find(query, { by })
      times.push(performance.now() - started)
    }
    console.log(`  by ${by}: ${middle(times).toFixed(0)} ms (${range(times)})`)
  }
  const times: number[] = []
  for (const { codes } of queries) {
    const started = performance.now()
    await index.query(`SELECT name FROM images WHERE path LIKE '${codes[0]}.${codes[1]}.%'`)
    times.push(performance.now() - started)
  }
  console.log(`  SQL, below a node of depth 2: ${middle(times).toFixed(1)} ms (${range(times)})`)
  await search.close()
  await index.close()
}

/** Label precision of every way, of raw pixels, and of residual vector quantisation at the same bits. */
async function quality(kept: string): Promise<void> {
  const queries = toFloat(test, places(QUERIES))
  const collection = subset(
    test,
    places(test.count - QUERIES).map(i => QUERIES + i),
  )
  const N = collection.count
  const images = toFloat(collection, places(N))
  const report = (name: string, rankings: readonly ArrayLike<number>[]) => {
    const labels = { queries: test.labels!.subarray(0, QUERIES), labels: collection.labels! }
    console.log(`${precisionAt(AT, { ...labels, rankings }).toFixed(4)}  ${name}`)
  }
  /** The first of all, by squared distances [Q, N]. */
  const nearest = (distances: Float32Array) =>
    Array.from({ length: QUERIES }, (_, q) => smallest(distances.subarray(q * N, (q + 1) * N), AT))

  console.log(`Label precision at ${AT} of ${QUERIES} test digits among the other ${N}:`)
  report('raw pixels', nearest(await squaredDistances(queries, images)))

  const writer = await openIndexToAdd(kept, maker)
  await collect(writer, model, picturesOfDataset({ ...data, test: collection }, 'digits', ['test']))
  await writer.order()
  await writer.close()
  const index = await openIndex(kept)
  const codes = (await index.query('SELECT codes FROM images ORDER BY number')).flatMap(
    row => row.codes as number[],
  )
  const distances = await squaredDistances(queries, await model.decode(codes))
  report('decoded images', nearest(distances))

  const search = await Search.open(index, model)
  const ranked = async (by: SearchWay, count: number) => {
    const rankings: number[][] = []
    for (let q = 0; q < QUERIES; q++) {
      const found = await search.find(await search.like(toFloat(test, [q])), { by, count })
      rankings.push(found.map(({ name }) => Number(name.slice('test:'.length))))
    }
    return rankings
  }
  const shortlists = await ranked('path', SHORTLIST)
  for (const length of [100, SHORTLIST])
    report(
      `by image: decoded images of the first ${length} by path`,
      shortlists.map((list, q) => {
        const first = list.slice(0, length)
        const best = smallest(
          first.map(i => distances[q * N + i]),
          AT,
        )
        return best.map(i => first[i])
      }),
    )
  report('by path', shortlists)
  report('by prefix', await ranked('prefix', AT))
  await search.close()
  await index.close()

  const chosen = permutation(train.count, random(0, 'rvq')).slice(0, 20_000)
  const rvq = await fitRvq(toFloat(train, chosen), { dimension: model.imageLength, L, K: K[0] })
  const quantised = rvq.decode(await rvq.encode(images))
  report(
    `residual vector quantisation of ${model.bits} bits too, decoded`,
    nearest(await squaredDistances(queries, quantised)),
  )
  await rvq.close()
}

/** ‖x − y‖² = ‖x‖² + ‖y‖² − 2 ⟨x, y⟩ of all pairs: [Q, N]. */
async function squaredDistances(x: Float32Array, y: Float32Array): Promise<Float32Array> {
  const D = model.imageLength
  const [q, n] = [x.length / D, y.length / D]
  const [a, b] = [input('a', [q, D]), input('b', [n, D])]
  const squares = add(reshape(reduceSumSquare(a, [1]), [q, 1]), reshape(reduceSumSquare(b, [1]), [1, n]))
  const step = await compile({ outputs: { d: add(matmul(a, b, { transposeB: true, alpha: -2 }), squares) } })
  const { d } = await step.run({ a: { data: x, shape: [q, D] }, b: { data: y, shape: [n, D] } })
  await step.close()
  return d as Float32Array
}

function places(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => i)
}

function middle(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1]
}

function range(times: readonly number[]): string {
  return `${Math.min(...times).toFixed(0)} to ${Math.max(...times).toFixed(0)}`
}

function seconds(from: number, to: number): string {
  return ((to - from) / 1000).toFixed(1)
}
