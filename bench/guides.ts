// What guides reach, on digits: each section prints a table.
//   npx tsx bench/guides.ts RUN inpainting|super-resolution|beam|cost|diversity [count]
//   npx tsx bench/guides.ts RUN diversity [count] leakage.png      (and the nearest training images beside the results)
//   npx tsx bench/guides.ts RUN class [per class] JUDGE.json RUN-OF-ANOTHER-CLASSIFIER
//   npx tsx bench/guides.ts RUN black-box [count] JUDGE.json

import { writeFileSync } from 'node:fs'
import { type Images, toFloat } from '../src/data/dataset.ts'
import { loadDigits } from '../src/data/digits.ts'
import { random } from '../src/data/rng.ts'
import { ddnSchema } from '../src/ddn/config.ts'
import { DdnModel } from '../src/ddn/model.ts'
import { layoutOf } from '../src/ddn/program.ts'
import { input, matmul, mul, reduceSumSquare, reshape, sub } from '../src/graph/index.ts'
import { type EditOptions, edit } from '../src/guides/edit.ts'
import type { Guide } from '../src/guides/guide.ts'
import { classGuide, openJudge } from '../src/guides/index.ts'
import { fileReader } from '../src/guides/judge-files.ts'
import { maskNames, namedMask } from '../src/guides/masks.ts'
import { inpaint, reconstruct, superResolve } from '../src/guides/tasks/linear.ts'
import { grid } from '../src/report/grid.ts'
import { encodePng } from '../src/report/png.ts'
import { compile } from '../src/runtime/index.ts'
import { openRun } from '../src/train/run.ts'

const [folder = 'runs/digits-small', section = 'inpainting', most = '1000', judgeFile, other] =
  process.argv.slice(2)
const run = await openRun(folder)
const { size, channels } = run.config.network
const data = await loadDigits({ size })
const length = channels * size * size
const count = Math.min(Number(most), data.test.count)
const some = (images: Images, n: number) =>
  toFloat(
    images,
    Int32Array.from({ length: n }, (_, i) => i),
  )
const test = { images: some(data.test, count), channels, size }

/** The mean of squares over pixels of a weight. */
function mse(a: Float32Array, b: Float32Array, weights?: Float32Array): number {
  let sum = 0
  let total = 0
  for (let i = 0; i < a.length; i++) {
    const weight = weights ? weights[i % weights.length] : 1
    sum += weight * (a[i] - b[i]) ** 2
    total += weight
  }
  return sum / total
}

async function timed(guide: Guide, options: Partial<EditOptions> = {}) {
  const started = performance.now()
  const result = await edit(run.model, { guide, count, ...options })
  const error = result.errors.reduce((a, b) => a + b) / result.errors.length
  return { ...result, error, seconds: (performance.now() - started) / 1000 }
}

const row = (...cells: (string | number)[]) =>
  console.log(`| ${cells.map(c => (typeof c === 'number' ? c.toPrecision(3) : c)).join(' | ')} |`)
function head(...cells: string[]) {
  row(...cells)
  console.log(`|${'---|'.repeat(cells.length)}`)
}

/** For every picture the training image that is nearest where `weights` are. */
async function nearestTraining(
  pictures: Float32Array,
  weights: Float32Array,
): Promise<{ images: Float32Array; distances: Float32Array }> {
  const n = pictures.length / length
  const CHUNK = 5000
  const x = input('x', [n, length])
  const t = input('t', [CHUNK, length])
  const w = input('w', [length])
  const step = await compile({
    outputs: {
      d: sub(
        reshape(reduceSumSquare(mul(t, w), [1]), [1, CHUNK]),
        mul(matmul(mul(x, mul(w, w)), t, { transposeB: true }), 2),
      ),
    },
  })
  const best = new Float64Array(n).fill(Infinity)
  const which = new Int32Array(n)
  for (let from = 0; from < data.train.count; from += CHUNK) {
    const indices = Int32Array.from({ length: CHUNK }, (_, i) => Math.min(from + i, data.train.count - 1))
    const { d } = await step.run({
      x: { data: pictures, shape: [n, length] },
      t: { data: toFloat(data.train, indices), shape: [CHUNK, length] },
      w: { data: weights, shape: [length] },
    })
    for (let i = 0; i < n; i++)
      for (let j = 0; j < CHUNK; j++)
        if ((d[i * CHUNK + j] as number) < best[i]) {
          best[i] = d[i * CHUNK + j] as number
          which[i] = indices[j]
        }
  }
  await step.close()
  const images = toFloat(data.train, which)
  const distances = Float32Array.from({ length: n }, (_, i) =>
    mse(images.subarray(i * length, (i + 1) * length), pictures.subarray(i * length, (i + 1) * length)),
  )
  return { images, distances }
}

/** The first pictures, on which the beam is tried: it takes several times as long. */
const FEW = Math.min(200, count)
const few = { ...test, images: test.images.slice(0, FEW * length) }

async function inpainting() {
  const mean = new Float64Array(length)
  const train = toFloat(
    data.train,
    Int32Array.from({ length: 20000 }, (_, i) => i * 3),
  )
  train.forEach((value, i) => {
    mean[i % length] += value / 20000
  })
  head(
    'mask',
    'guided',
    'mean of the training set',
    'nearest by the visible part',
    `known part, first ${FEW}: greedy`,
    'beam 8',
    'ratio',
    `in the hole, first ${FEW}: greedy`,
    'beam 8',
  )
  for (const name of maskNames) {
    const hole = namedMask(name, size)
    const greedy = await timed(inpaint(test, hole))
    const [one, eight] = [
      await timed(inpaint(few, hole), { count: FEW }),
      await timed(inpaint(few, hole), { count: FEW, beam: 8 }),
    ]
    const nearest = await nearestTraining(
      test.images,
      hole.map(w => 1 - w),
    )
    const averages = Float32Array.from({ length: test.images.length }, (_, i) => mean[i % length])
    row(
      name,
      mse(greedy.images, test.images, hole),
      mse(averages, test.images, hole),
      mse(nearest.images, test.images, hole),
      one.error,
      eight.error,
      eight.error / one.error,
      mse(one.images, few.images, hole),
      mse(eight.images, few.images, hole),
    )
  }
}

/** Keys' cubic convolution, a = −½, enlarging [n, s, s] with pixel centres at half-integers and edges repeated. */
function bicubic(low: Float32Array, from: number, to: number): Float32Array {
  const weight = (x: number) => {
    const d = Math.abs(x)
    return d < 1 ? 1.5 * d ** 3 - 2.5 * d ** 2 + 1 : d < 2 ? -0.5 * d ** 3 + 2.5 * d ** 2 - 4 * d + 2 : 0
  }
  const taps = Array.from({ length: to }, (_, i) => {
    const centre = ((i + 0.5) * from) / to - 0.5
    const first = Math.floor(centre) - 1
    return [0, 1, 2, 3].map(
      j => [Math.min(from - 1, Math.max(0, first + j)), weight(centre - first - j)] as const,
    )
  })
  const n = low.length / from ** 2
  return Float32Array.from({ length: n * to * to }, (_, i) => {
    const [image, y, x] = [Math.floor(i / to ** 2), Math.floor(i / to) % to, i % to]
    let sum = 0
    for (const [v, a] of taps[y])
      for (const [u, b] of taps[x]) sum += a * b * low[(image * from + v) * from + u]
    return Math.min(1, Math.max(-1, sum))
  })
}

async function superResolution() {
  head('from', 'guided', 'guided, beam 8', 'bicubic', 'condition', 'condition, beam 8')
  for (const factor of [2, 4, 8]) {
    const guide = superResolve(test, factor)
    const greedy = await timed(guide)
    const beam = await timed(guide, { beam: 8 })
    const enlarged = bicubic(guide.wanted, size / factor, size)
    row(
      `${size / factor}×${size / factor}`,
      mse(greedy.images, test.images),
      mse(beam.images, test.images),
      mse(enlarged, test.images),
      greedy.error,
      beam.error,
    )
  }
}

async function beams() {
  head(
    'beam',
    'inpaint left: known part',
    'in the hole',
    'super-resolve ×4: condition',
    'whole image',
    'ms per image',
  )
  const hole = namedMask('left', size)
  const [left, four] = [inpaint(test, hole), superResolve(test, 4)]
  for (const beam of [1, 2, 4, 8, 16]) {
    const a = await timed(left, { beam })
    const b = await timed(four, { beam })
    row(
      String(beam),
      a.error,
      mse(a.images, test.images, hole),
      b.error,
      mse(b.images, test.images),
      (500 * (a.seconds + b.seconds)) / count,
    )
  }
}

/** Time per image without the opening: of many images less that of few. Medians of rounds, all guides in each. */
async function cost() {
  const guides: Record<string, Guide> = {
    reconstruct: reconstruct(test),
    'inpaint left': inpaint(test, namedMask('left', size)),
    'inpaint checkerboard': inpaint(test, namedMask('checkerboard', size)),
    'super-resolve ×2': superResolve(test, 2),
    'super-resolve ×4': superResolve(test, 4),
    'super-resolve ×3': superResolve(test, 3),
  }
  const few = 32
  const times = new Map(Object.keys(guides).map(name => [name, [] as number[]]))
  const plain: number[] = []
  for (let round = 0; round < 5; round++) {
    for (const [name, guide] of Object.entries(guides)) {
      const first = {
        ...guide,
        wanted: (guide as { wanted: Float32Array }).wanted.slice(
          0,
          ((guide as { wanted: Float32Array }).wanted.length / count) * few,
        ),
      } as Guide
      const start = performance.now()
      await edit(run.model, { guide: first, count: few })
      const middle = performance.now()
      await edit(run.model, { guide, count })
      times.get(name)!.push((performance.now() - middle - (middle - start)) / (count - few))
    }
    await run.encode(test.images.subarray(0, length))
    const start = performance.now()
    await run.encode(test.images)
    plain.push((performance.now() - start) / count)
  }
  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]
  const base = median(plain)
  head('', 'ms per image', 'against plain reconstruction')
  row('plain reconstruction (the nearest at every layer)', base, 1)
  for (const [name, values] of times) row(name, median(values), median(values) / base)
}

async function diversity() {
  head(
    'digit',
    'mean distance between 16 completions',
    'between 16 test digits',
    'to the nearest training image',
    "test digits' own to theirs",
  )
  const hole = namedMask('bottom', size)
  const pairwise = (images: Float32Array, n: number) => {
    let sum = 0
    for (let i = 0; i < n; i++)
      for (let j = 0; j < i; j++)
        sum += mse(
          images.subarray(i * length, (i + 1) * length),
          images.subarray(j * length, (j + 1) * length),
        )
    return sum / ((n * (n - 1)) / 2)
  }
  const everywhere = new Float32Array(length).fill(1)
  const mean = (values: Float32Array) => values.reduce((a, b) => a + b) / values.length
  const own = mean((await nearestTraining(test.images.slice(0, 200 * length), everywhere)).distances)
  const beside: Float32Array[] = []
  for (let i = 0; i < 8; i++) {
    const one = { ...test, images: test.images.slice(i * length, (i + 1) * length) }
    const { images } = await edit(run.model, {
      guide: inpaint(one, hole),
      count: 16,
      pick: { rule: 'top', of: 2 },
    })
    const nearest = await nearestTraining(images, everywhere)
    beside.push(images.slice(0, 2 * length), nearest.images.slice(0, 2 * length))
    row(
      String(data.test.labels![i]),
      pairwise(images, 16),
      pairwise(test.images, 16),
      mean(nearest.distances),
      own,
    )
  }
  if (!judgeFile) return
  // Completions above, their nearest training images below.
  const all = new Float32Array(32 * length)
  beside.forEach((two, i) => {
    all.set(two, ((i % 2) * 16 + 2 * Math.floor(i / 2)) * length)
  })
  const sheet = grid(all, { count: 32, channels, size, columns: 16, scale: 2 })
  writeFileSync(judgeFile, encodePng(sheet, { run: folder, command: 'bench/guides.ts diversity' }))
}

/** Digits of every class wanted by one classifier, judged by another one that has seen other digits. */
async function classes() {
  const each = Number(most)
  const judge = await openJudge(judgeFile, fileReader())
  const referee = await openRun(other, { model: 'classifier' })
  const labels = Array.from({ length: 10 * each }, (_, i) => i % 10)
  const real = some(data.test, 1000)
  const probabilities = await referee.model.classify(real)
  const sure = (p: Float32Array, wanted: ArrayLike<number>) => {
    let right = 0
    let confidence = 0
    for (let i = 0; i < wanted.length; i++) {
      const row = p.subarray(i * 10, i * 10 + 10)
      if (row[wanted[i]] === Math.max(...row)) right++
      confidence += row[wanted[i]] / wanted.length
    }
    return [right / wanted.length, confidence] as const
  }
  head(
    'candidates',
    'pick',
    'right by the other',
    'its confidence',
    "error by the guide's",
    'images/s',
    'nearest training image',
  )
  row('real test digits', '', ...sure(probabilities, data.test.labels!.subarray(0, 1000)), '', '', '')
  const everywhere = new Float32Array(length).fill(1)
  for (const [candidates, top] of [
    [64, 1],
    [64, 4],
    [64, 8],
    [512, 32],
  ]) {
    if (candidates > 64 && each > 10) continue
    const result = await timed(classGuide(judge, labels), {
      count: labels.length,
      candidates,
      pick: { rule: 'top', of: top },
    })
    const [right, confidence] = sure(await referee.model.classify(result.images), labels)
    const nearest = await nearestTraining(result.images.subarray(0, 200 * length), everywhere)
    row(
      String(candidates),
      top === 1 ? 'the best' : `of the best ${top}`,
      right,
      confidence,
      result.error,
      labels.length / result.seconds,
      nearest.distances.reduce((a, b) => a + b) / nearest.distances.length,
    )
  }
  await judge.close()
  await referee.close()
}

/** The share of the time that a judge takes, in a network of 17 layers of 64 candidates with random weights. */
async function blackBoxes() {
  const network = ddnSchema.parse({
    stages: [
      { grid: 4, layers: 3, width: 64, K: 64 },
      { grid: 8, layers: 6, width: 64, features: 32, K: 64 },
      { grid: 16, patch: 2, layers: 8, width: 32, features: 16, K: 64 },
    ],
  })
  const model = await DdnModel.open(network, layoutOf(network).initialise(random(0, 'weights')))
  const judge = await openJudge(judgeFile, fileReader())
  const guide = classGuide(judge, 3)
  let judging = 0
  const clocked: Guide = {
    ...guide,
    score: async candidates => {
      const start = performance.now()
      const scores = await guide.score(candidates)
      judging += performance.now() - start
      return scores
    },
  }
  head('count', 'images/s', 'share of the time in the judge')
  await edit(model, { guide, count: 32 })
  for (let round = 0; round < 3; round++) {
    judging = 0
    const start = performance.now()
    await edit(model, { guide: clocked, count })
    const all = performance.now() - start
    row(String(count), (1000 * count) / all, judging / all)
  }
  await judge.close()
  await model.close()
}

const sections: Record<string, () => Promise<void>> = {
  inpainting,
  'super-resolution': superResolution,
  beam: beams,
  cost,
  diversity,
  class: classes,
  'black-box': blackBoxes,
}
if (!sections[section])
  throw new Error(`unknown section ${section}; give one of ${Object.keys(sections).join(', ')}`)
await sections[section]()
await run.close()
