/** Small networks with random weights, to be guided. */

import { random } from '../../src/data/rng.ts'
import { type DdnConfig, ddnSchema } from '../../src/ddn/config.ts'
import { DdnModel } from '../../src/ddn/model.ts'
import { layoutOf } from '../../src/ddn/program.ts'

const stages = [
  { grid: 2, layers: 1, width: 8, K: 4 },
  { grid: 4, patch: 2, layers: 1, width: 8, features: 4, K: 4 },
  { grid: 8, layers: 1, width: 8, K: 4 },
]

export const networks: Record<string, DdnConfig> = {
  'grey, of patches': ddnSchema.parse({ size: 8, stages }),
  'in colour': ddnSchema.parse({ size: 8, channels: 3, stages }),
  "of the paper's kind": ddnSchema.parse({
    size: 8,
    stages: [2, 4, 8].map(grid => ({ grid, layers: 1, width: 8, K: 4 })),
    feedback: 'channels',
    leak: true,
    bias: true,
  }),
  recurrent: ddnSchema.parse({
    size: 8,
    residual: false,
    leak: true,
    recurrent: { widths: [8, 8], blocks: 1 },
    stages: [{ grid: 8, layers: 3, width: 8, K: 4 }],
  }),
}

export function open(config: DdnConfig): Promise<DdnModel> {
  return DdnModel.open(config, layoutOf(config).initialise(random(3, 'weights')), { threads: 1 })
}

/** Values in [−1, 1]. */
export function noise(length: number, seed = 0): Float32Array {
  const rng = random(seed, 'images')
  return Float32Array.from({ length }, () => 2 * rng.next() - 1)
}
