// Residual vector quantisation on raw pixels, the peer at the same bits: L stages of k-means with K centres each.
//   npx tsx bench/rvq.ts digits|emoji|SPEC L K [training images]

import { toFloat } from '../src/data/dataset.ts'
import { loadDataset } from '../src/data/load.ts'
import { permutation, random } from '../src/data/rng.ts'
import { fitRvq } from '../src/eval/rvq.ts'

const [spec = 'digits', stages = '14', size = '512', most = '20000'] = process.argv.slice(2)
const [L, K] = [Number(stages), Number(size)]
const data = await loadDataset(spec)
const chosen = permutation(data.train.count, random(0, 'rvq')).slice(0, Number(most))
const test = toFloat(
  data.test,
  Int32Array.from({ length: data.test.count }, (_, i) => i),
)

const trainMse: number[] = []
const rvq = await fitRvq(toFloat(data.train, chosen), {
  dimension: data.channels * data.size ** 2,
  L,
  K,
  onStage: (_, mse) => trainMse.push(mse),
})
const codes = await rvq.encode(test)
for (let stage = 1; stage <= L; stage++) {
  const rebuilt = rvq.decode(codes, stage)
  const testMse = test.reduce((sum, value, i) => sum + (value - rebuilt[i]) ** 2, 0) / test.length
  console.log(
    `stage ${stage}: ${(stage * Math.log2(K)).toFixed(0)} bits, train MSE ${trainMse[stage - 1].toFixed(4)}, test MSE ${testMse.toFixed(4)}`,
  )
}
await rvq.close()
