// The networks that benchmarks agree on.

import { type DdnConfig, ddnSchema } from '../src/ddn/config.ts'

/** The 17-layer net of the PyTorch peer (bench/peers/ddn_torch.py): 32×32×1, blocks 1/2/2/4/4/4. */
export function reference17(K: number): DdnConfig {
  const stage = (grid: number, layers: number, width: number) => ({ grid, layers, width, K })
  return ddnSchema.parse({
    stages: [
      stage(1, 1, 64),
      stage(2, 2, 64),
      stage(4, 2, 64),
      stage(8, 4, 64),
      stage(16, 4, 32),
      stage(32, 4, 32),
    ],
  })
}
