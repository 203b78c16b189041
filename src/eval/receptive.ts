// How far a network's features look: the receptive field of every layer.

import { type DdnConfig, layersOf } from '../ddn/config.ts'

/**
 * For every layer the pixels, along one side of the whole image, that one position of its features hears of through
 * the blocks of its own grid; what coarser grids told it comes on top and covers the whole image.
 *
 * A `residual` block looks 2 positions further on each side (two 3×3 convolutions), a `mixer` at all positions, and
 * the recurrent form's U-Net at the whole image.
 */
export function receptiveFields(config: DdnConfig): number[] {
  let grid = 0
  let blocks = 0
  return layersOf(config).map(layer => {
    blocks = layer.grid === grid ? blocks + 1 : 1
    grid = layer.grid
    if (grid === 1 || config.block === 'mixer' || config.recurrent) return config.size
    return Math.min(config.size, ((1 + 4 * blocks) * config.size) / grid)
  })
}
