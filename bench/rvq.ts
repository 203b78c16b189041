// Residual vector quantisation on raw pixels, the peer at the same bits: L stages of k-means with K centres each.
//   npx tsx bench/rvq.ts digits|emoji|SPEC L K [training images]

import { toFloat } from '../src/data/dataset.ts'
import { loadDataset } from '../src/data/load.ts'
import { permutation, random } from '../src/data/rng.ts'
import {
  argMin,
  input,
  matmul,
  mul,
  oneHot,
  reduceSum,
  reduceSumSquare,
  reshape,
  sub,
} from '../src/graph/index.ts'
import { compile } from '../src/runtime/index.ts'

const [spec = 'digits', stages = '14', size = '512', most = '20000'] = process.argv.slice(2)
const [L, K] = [Number(stages), Number(size)]
const ITERATIONS = 15
const data = await loadDataset(spec)
const rng = random(0, 'rvq')
const D = data.channels * data.size ** 2
const chosen = permutation(data.train.count, rng).slice(0, Number(most))
const train = toFloat(data.train, chosen)
const test = toFloat(
  data.test,
  Int32Array.from({ length: data.test.count }, (_, i) => i),
)

/** Nearest centre of every image, and the sums and counts of what each centre is nearest to. */
async function assigner(n: number) {
  const x = input('x', [n, D])
  const centres = input('centres', [K, D])
  const cross = matmul(x, centres, { transposeB: true, alpha: -2 })
  const nearest = argMin(sub(cross, mul(reshape(reduceSumSquare(centres, [1]), [1, K]), -1)), 1)
  const hot = oneHot(nearest, K)
  return compile({
    outputs: { nearest, sums: matmul(hot, x, { transposeA: true }), counts: reduceSum(hot, [0]) },
  })
}

const counts = { train: chosen.length, test: data.test.count }
const steps = { train: await assigner(counts.train), test: await assigner(counts.test) }

function subtract(images: Float32Array, nearest: ArrayLike<number | bigint>, centres: Float32Array): number {
  let sum = 0
  for (let i = 0; i < nearest.length; i++) {
    const from = Number(nearest[i]) * D
    for (let j = 0; j < D; j++) {
      const left = (images[i * D + j] -= centres[from + j])
      sum += left * left
    }
  }
  return sum / images.length
}

for (let stage = 1; stage <= L; stage++) {
  const seeds = permutation(counts.train, rng).slice(0, K)
  const centres = new Float32Array(K * D)
  seeds.forEach((from, k) => {
    centres.set(train.subarray(from * D, (from + 1) * D), k * D)
  })
  const feed = (images: Float32Array, n: number) => ({
    x: { data: images, shape: [n, D] },
    centres: { data: centres, shape: [K, D] },
  })
  for (let i = 0; i < ITERATIONS; i++) {
    const { sums, counts: used } = await steps.train.run(feed(train, counts.train))
    for (let k = 0; k < K; k++) {
      const again = rng.int(counts.train) * D
      for (let j = 0; j < D; j++)
        centres[k * D + j] =
          Number(used[k]) > 0 ? Number(sums[k * D + j]) / Number(used[k]) : train[again + j]
    }
  }
  const ofTrain = await steps.train.run(feed(train, counts.train))
  const ofTest = await steps.test.run(feed(test, counts.test))
  const trainMse = subtract(train, ofTrain.nearest, centres)
  const testMse = subtract(test, ofTest.nearest, centres)
  console.log(
    `stage ${stage}: ${(stage * Math.log2(K)).toFixed(0)} bits, train MSE ${trainMse.toFixed(4)}, test MSE ${testMse.toFixed(4)}`,
  )
}
