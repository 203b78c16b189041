// The idea without a network: 2,000 nodes in the plane learn a density, with Split-and-Prune and without.
//
//   npx tsx examples/density.ts [spiral|blurs|qr|words|gaussian|uniform] [steps] [animation.gif]

import { writeFileSync } from 'node:fs'
import { density, densityExperiment, densityGif } from 'coppice'

const target = process.argv[2] ?? 'spiral'
const steps = Number(process.argv[3] ?? 1800)
const file = process.argv[4] ?? 'density.gif'

const frames: { step: number; nodes: Float32Array }[] = []
const { kl, klReal, klWithoutSplit } = densityExperiment({
  target,
  steps,
  compare: true,
  onStep: ({ step, nodes }) => {
    if (step === 1 || step % 50 === 0 || step === steps) frames.push({ step, nodes: nodes.slice() })
  },
})
writeFileSync(file, densityGif({ frames, density: density(target), target, klReal }))
console.log(`KL ${kl.toFixed(2)} with Split-and-Prune, ${klWithoutSplit?.toFixed(2)} without`)
console.log(`(2,000 real samples: ${klReal.toFixed(2)}); the animation is in ${file}`)
