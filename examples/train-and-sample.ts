// Trains a network on handwritten digits, keeps the run in a folder, and saves a picture of what it draws.
//
//   npx tsx examples/train-and-sample.ts [minutes] [folder]

import { writeFileSync } from 'node:fs'
import { ddn, digits, encodePng, grid, train } from 'coppice'

const minutes = Number(process.argv[2] ?? 2)
const out = process.argv[3] ?? 'runs/example'

const run = await train(ddn({ preset: 'tiny' }), digits(), {
  minutes,
  seed: 0,
  out,
  evaluate: 500,
  onStep: ({ step, loss, progress }) => {
    if (step % 100 === 0)
      console.log(`step ${step}: loss ${loss.toFixed(4)}, ${(100 * progress).toFixed(0)} %`)
  },
})
console.log(`test MSE ${run.testMse} after ${run.step} steps: ${run.model.bits} bits an image`)

const images = await run.sample({ count: 64, seed: 7 }) // [64, 1, 32, 32] in [−1, 1]
const picture = grid(images, { count: 64, channels: 1, size: 32, scale: 2 })
writeFileSync(`${out}/example.png`, encodePng(picture, { seed: '7' }))
console.log(`64 samples are in ${out}/example.png`)
await run.close()
