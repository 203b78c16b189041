/** The 2-D experiment: its measures against closed forms, its steps against the definition, and its bar. */

import { describe, expect, it } from 'vitest'
import { DensityRun, densityExperiment, histogram, klDivergence, realKl } from '../src/ddn/density.ts'
import { bins, density, densityNames } from '../src/ddn/density-targets.ts'

describe('densities', () => {
  it('are distributions over 100 × 100 bins', () => {
    for (const name of densityNames) {
      const values = density(name)
      expect(values.length).toBe(bins * bins)
      expect(values.every(p => p >= 0)).toBe(true)
      expect(values.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9)
    }
  })

  it('draw words from the letters and a code with its three finders', () => {
    // Solid letters and modules: every used bin has the same mass.
    for (const name of ['words', 'qr']) expect(new Set(density(name)).size).toBe(2)
    const used = density('qr').map(p => (p > 0 ? 1 : 0))
    const finder = (left: number, top: number) =>
      Array.from({ length: 7 }, (_, i) => used[(top + 6) * bins + left + 2 * i]).join('')
    const first = (bins - 50) / 2
    for (const [x, y] of [
      [0, 0],
      [36, 0],
      [0, 36],
    ])
      expect(finder(first + x, first + y)).toBe('1011101')
  })

  it('name the nearest one when asked for one that is not there', () => {
    expect(() => density('spirals')).toThrow("unknown density 'spirals': did you mean 'spiral'?")
    expect(() => density('QR')).toThrow("'qr'")
    expect(() => density('toString')).toThrow('unknown density')
  })
})

describe('the divergence', () => {
  it('is 0 of a density to itself, ln 2 from half of a uniform to the whole, and ln 1e20 onto nothing', () => {
    for (const name of densityNames) expect(klDivergence(density(name), density(name))).toBeCloseTo(0, 12)
    const half = Float64Array.from({ length: 1e4 }, (_, i) => (i < 5000 ? 1 / 5000 : 0))
    expect(klDivergence(half, density('uniform'))).toBeCloseTo(Math.log(2), 12)
    expect(klDivergence([1, 0], [0, 1])).toBeCloseTo(Math.log(1e20), 12)
  })

  it('of real samples approaches (S − 1) / 2n for S bins and n samples', () => {
    // Wilks: 2n·KL is chi-squared with S − 1 degrees; sd over ten draws is √(2S/10)/2n, 0.5 % of the mean; the next
    // term of the expansion, (Σ1/p − 1)/12n², adds 1 % here.
    const n = 100_000
    expect(realKl(density('uniform'), n) / ((1e4 - 1) / (2 * n))).toBeCloseTo(1.01, 1)
  })

  it('bins the middle of every bin into that bin, and what lies on the far edge into the last', () => {
    const middles = Float32Array.from({ length: 2e4 }, (_, i) =>
      i % 2 === 0 ? (((i / 2) % bins) + 0.5) / bins : (Math.floor((i - 1) / 2 / bins) + 0.5) / bins,
    )
    expect(klDivergence(histogram(middles), density('uniform'))).toBeCloseTo(0, 12)
    expect(histogram([1, 1])[bins * bins - 1]).toBe(1)
    expect(histogram([0.005, 0.015])[bins]).toBe(1)
  })
})

describe('a step', () => {
  it('moves the nearest node by L1, and it alone, the given share of the way', () => {
    for (let seed = 0; seed < 20; seed++) {
      const options = { target: 'spiral', nodes: 50, batch: 1, seed, splitAndPrune: false }
      const whole = new DensityRun({ ...options, rate: 1 })
      const part = new DensityRun({ ...options, rate: 0.25 })
      const before = whole.nodes.slice()
      whole.step()
      part.step()
      const moved = Array.from({ length: 50 }, (_, k) => k).filter(k => whole.nodes[2 * k] !== before[2 * k])
      expect(moved.length).toBe(1)
      // At rate 1 the node now is the sample.
      const [x, y] = whole.nodes.subarray(2 * moved[0], 2 * moved[0] + 2)
      const far = (k: number) => Math.abs(before[2 * k] - x) + Math.abs(before[2 * k + 1] - y)
      const nearest = Math.min(...Array.from({ length: 50 }, (_, k) => far(k)))
      expect(far(moved[0])).toBeCloseTo(nearest, 6)
      for (let i = 0; i < 100; i++) {
        expect(part.nodes[i]).toBeCloseTo(before[i] + 0.25 * (whole.nodes[i] - before[i]), 6)
      }
    }
  })

  it('puts the pruned node where the split one is', () => {
    const run = new DensityRun({ target: 'words', nodes: 100, rule: 'paper' })
    let events = 0
    for (let i = 0; i < 50; i++) {
      const { nodes, split, prune } = run.step()
      for (let e = 0; e < split.length; e++) {
        events++
        expect(nodes.slice(2 * prune[e], 2 * prune[e] + 2)).toEqual(
          nodes.slice(2 * split[e], 2 * split[e] + 2),
        )
      }
    }
    expect(events).toBeGreaterThan(10)
  })

  it('never leaves the unit square', () => {
    const { nodes } = densityExperiment({ target: 'uniform', nodes: 200, steps: 300 })
    expect(nodes.every(v => v >= 0 && v <= 1)).toBe(true)
  })
})

describe('the experiment', () => {
  it('is the same again with the same seed, bit for bit, under every rule, and another with another seed', () => {
    for (const rule of ['paper', 'reference', 'decayed'] as const) {
      const run = (seed: number) => densityExperiment({ target: 'qr', nodes: 200, steps: 200, seed, rule })
      expect(run(5)).toEqual(run(5))
      expect(run(5).nodes).not.toEqual(run(6).nodes)
    }
  })

  it('calls back once a step', () => {
    const steps: number[] = []
    densityExperiment({ target: 'blurs', nodes: 20, steps: 7, onStep: ({ step }) => steps.push(step) })
    expect(steps).toEqual([1, 2, 3, 4, 5, 6, 7])
  })

  it.each([
    'spiral',
    'blurs',
    'qr',
    'words',
  ])('scores below real samples on %s, and gradient descent alone far above', target => {
    const { kl, klReal, klWithoutSplit } = densityExperiment({ target, compare: true })
    // Over five seeds kl is 0.2 to 0.55 of klReal (docs/density.md); this seed's is at most 0.49.
    expect(kl).toBeLessThan(0.6 * klReal)
    expect(klWithoutSplit).toBeGreaterThan(15)
  })

  it('follows a change of density', () => {
    const run = new DensityRun({ target: 'words', nodes: 400 })
    for (let i = 0; i < 400; i++) run.step()
    const settled = run.kl()
    run.setTarget('spiral')
    const changed = run.kl()
    for (let i = 0; i < 400; i++) run.step()
    expect(changed).toBeGreaterThan(20)
    expect(run.kl()).toBeLessThan(settled + 1.5)
    expect(run.target).toBe('spiral')
  })

  it("takes a density of one's own, of any scale, as it takes those by name", () => {
    const masses = density('words').map(mass => 3 * mass)
    const own = new DensityRun({ target: { name: 'mine', masses }, nodes: 50 })
    const named = new DensityRun({ target: 'words', nodes: 50 })
    for (let i = 0; i < 20; i++) expect(own.step().nodes).toEqual(named.step().nodes)
    expect(own.target).toBe('mine')
    const bad = (masses: number[]) => () => named.setTarget({ name: 'mine', masses })
    expect(bad([1])).toThrow('the density mine has 1 bins, not 100 × 100')
    expect(bad(Array(1e4).fill(0))).toThrow('no mass')
    expect(bad([...Array(9999).fill(1), -1])).toThrow('a mass of -1 in bin 9999')
  })

  it('stops splitting when told, counts on, and begins again', () => {
    const run = new DensityRun({ target: 'words', nodes: 100, rule: 'paper' })
    const events = (steps: number) => Array.from({ length: steps }, () => run.step().split.length)
    const sum = (values: number[]) => values.reduce((a, b) => a + b)
    run.splits = false
    expect(sum(events(30))).toBe(0)
    expect(sum([...run.splitAndPrune.counts])).toBe(30 * 40)
    run.splits = true
    expect(sum(events(30))).toBeGreaterThan(10)
  })

  it('rejects what cannot be meant, and names it', () => {
    expect(() => densityExperiment({ target: 'spiral', nodes: 0 })).toThrow(
      'nodes is a whole number, at least 1: 0',
    )
    expect(() => densityExperiment({ target: 'spiral', steps: 1.5 })).toThrow('steps')
    expect(() => densityExperiment({ target: 'spiral', rate: 2 })).toThrow('rate')
    expect(() => densityExperiment({ target: 'spiral', settle: 2 })).toThrow('settle')
  })
})
