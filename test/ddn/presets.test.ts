/** The presets: valid, and the paper's as large as published. */

import { describe, expect, test } from 'vitest'
import { bitsOf, layersOf } from '../../src/ddn/config.ts'
import { presetNames, presets } from '../../src/ddn/presets.ts'
import { layoutOf } from '../../src/ddn/program.ts'
import { ddn, resolveConfig } from '../../src/train/resolve.ts'

const resolved = (preset: keyof typeof presets) => {
  const { network, own, ...rest } = ddn({ preset })
  return resolveConfig({ ...own, ...rest, network: { ...network, channels: network.channels ?? 1 } })
}

describe('every preset', () => {
  for (const name of presetNames)
    test(`${name} is a valid configuration with a budget and a summary`, () => {
      const { network, budget } = resolved(name)
      expect(layersOf(network).length).toBeGreaterThan(1)
      expect(Object.values(budget)[0]).toBeGreaterThan(0)
      expect(presets[name].summary).not.toBe('')
    })
})

describe("the paper's networks have the published layers, bits and parameters", () => {
  // ICLR 2025, appendix: layers and parameters; bits = Σ log₂ K.
  const published = [
    { name: 'cifar10-paper', layers: 63, bits: 378, parameters: 76.29e6 },
    { name: 'ffhq64-paper', layers: 127, bits: 63 * 9 + 64 * 8, parameters: 109.38e6 },
  ] as const
  for (const { name, layers, bits, parameters } of published)
    test(name, () => {
      const { network } = resolved(name)
      expect(layersOf(network)).toHaveLength(layers)
      expect(bitsOf(network)).toBe(bits)
      expect(Math.abs(layoutOf(network).size / parameters - 1)).toBeLessThan(0.01)
    })
})
