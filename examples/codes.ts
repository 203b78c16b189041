// Looks at codes: a digit as a few numbers, what each of them adds, and what becomes of it when one is changed.
//
//   npx tsx examples/codes.ts [folder of a run]        (make one with examples/train-and-sample.ts)

import { writeFileSync } from 'node:fs'
import { digits, encodePng, grid, openRun, toFloat } from 'coppice'

const folder = process.argv[2] ?? 'runs/example'
const run = await openRun(folder)
const { test } = await digits({ limit: 10 })
const image = toFloat(test, [0]) // [1, 1, 32, 32]

const codes = await run.encode(image) // [1, L]
console.log(`the first test image, a ${test.labels?.[0]}, is ${codes.join(' ')}: ${run.model.bits} bits`)

// Every layer's image is nearer to the original than the one before.
const levels = await run.levels(codes)
levels.forEach((level, layer) => {
  console.log(
    `layer ${layer} chose ${codes[layer]} for its image of ${run.model.layers[layer].size} pixels a side:`,
  )
  console.log(`  pixels from ${Math.min(...level).toFixed(2)} to ${Math.max(...level).toFixed(2)}`)
})

// The first choices decide what it is, the last ones only how it is drawn.
const L = codes.length
const changed = new Int32Array(L * L)
for (let layer = 0; layer < L; layer++) {
  changed.set(codes, layer * L)
  changed[layer * L + layer] = (codes[layer] + 1) % run.model.layers[layer].K
}
const images = await run.decode(changed) // [L, 1, 32, 32]
const picture = grid(images, { count: L, channels: 1, size: 32, columns: L, scale: 2 })
writeFileSync(`${folder}/changed.png`, encodePng(picture, { codes: codes.join(' ') }))
console.log(`one changed choice each, from the first layer to the last: ${folder}/changed.png`)
await run.close()
