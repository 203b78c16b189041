// A guide of one's own: any function that scores candidates. This one likes images that are their own mirror image and
// have just so much ink. The network was never told of either.
//
//   npx tsx examples/custom-guide.ts [a run of digits] [picture]

import { writeFileSync } from 'node:fs'
import { blackBox, encodePng, grid, openRun } from 'coppice'

const [model = 'digits', file = 'symmetric.png'] = process.argv.slice(2)
const run = await openRun(model)

/** The mean squared difference between an image [H, W] and its mirror image, and how far its ink is from a fifth. */
function fault(image: Float32Array, size: number): number {
  let difference = 0
  let ink = 0
  image.forEach((value, i) => {
    const mirrored = image[i - (i % size) + size - 1 - (i % size)]
    difference += (value - mirrored) ** 2
    ink += (value + 1) / 2
  })
  return difference / image.length + 4 * (ink / image.length - 0.2) ** 2
}

// [n, K, C, H, W] in, [n, K] out; higher is better.
const symmetric = blackBox('symmetric', ({ images, shape: [n, K, , H, W] }) =>
  Float32Array.from({ length: n * K }, (_, i) => -fault(images.subarray(i * H * W, (i + 1) * H * W), W)),
)

const { images, errors } = await run.edit({
  guide: symmetric,
  count: 16,
  pick: { rule: 'top', of: 3 },
  candidates: 64,
})
const { images: free } = await run.edit({ guide: symmetric, count: 16, strictness: [0], seed: 1 })
const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b) / values.length
const each = 32 * 32
const faults = Array.from({ length: 16 }, (_, i) => fault(free.subarray(i * each, (i + 1) * each), 32))
console.log(`fault ${mean(errors).toFixed(4)} guided, ${mean(faults).toFixed(4)} free`)

const both = new Float32Array(32 * each)
both.set(images)
both.set(free, 16 * each)
const picture = grid(both, { count: 32, channels: 1, size: 32, columns: 16, scale: 2 })
writeFileSync(file, encodePng(picture, { guide: 'symmetric', seed: '0' }))
console.log(`guided above, free below: ${file}`)
await run.close()
