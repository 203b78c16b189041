/** Split-and-Prune against plain recomputations of its rules, and the promises made to its callers. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { random } from '../src/data/rng.ts'
import { SplitAndPrune, type SplitRule, usage } from '../src/ddn/split-and-prune.ts'

const rules: SplitRule[] = ['paper', 'reference', 'decayed', 'none']
// Enough to find a broken rule in the first few, and quick.
const runs = { numRuns: 60 }

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0)

/** Batches of (nearest, second) pairs over K nodes, some nodes much preferred, second never the nearest. */
const history = fc
  .record({ K: fc.integer({ min: 2, max: 12 }), seed: fc.integer(), length: fc.integer({ min: 1, max: 40 }) })
  .map(({ K, seed, length }) => {
    const rng = random(seed, 'test')
    const batches = Array.from({ length }, () => {
      const nearest = Array.from({ length: 1 + rng.int(8) }, () => Math.floor(K * rng.next() ** 3))
      const second = nearest.map(k => (k + 1 + rng.int(K - 1)) % K)
      return { nearest, second, losses: Array.from({ length: K }, () => rng.next()) }
    })
    return { K, batches }
  })

describe('the paper rule', () => {
  it('is the plain rule: share above 2/K or below 0.5/K, first of equals, split halved, pruned dropped', () => {
    fc.assert(
      fc.property(history, ({ K, batches }) => {
        const layer = new SplitAndPrune(K, { rule: 'paper' })
        const counts = new Array<number>(K).fill(0)
        for (const { nearest } of batches) {
          layer.observe(nearest)
          for (const k of nearest) counts[k]++
          const shares = counts.map(c => c / sum(counts))
          const split = shares.indexOf(Math.max(...shares))
          const prune = shares.indexOf(Math.min(...shares))
          const fires = shares[split] > 2 / K || shares[prune] < 0.5 / K
          // Thresholds met to the last bit may fall on either side of the two ways to divide.
          fc.pre(Math.abs(shares[split] - 2 / K) > 1e-12 && Math.abs(shares[prune] - 0.5 / K) > 1e-12)
          expect(layer.event()).toEqual(fires ? { split, prune } : null)
          if (fires) counts[split] = counts[prune] = counts[split] / 2
          expect(Array.from(layer.counts)).toEqual(counts)
        }
      }),
      runs,
    )
  })
})

describe('the reference rule', () => {
  it('fires as written, hands the pruned count to second-nearest neighbours, and keeps the total', () => {
    fc.assert(
      fc.property(history, ({ K, batches }) => {
        const layer = new SplitAndPrune(K, { rule: 'reference' })
        for (const { nearest, second, losses } of batches) {
          layer.observe(nearest, second, undefined, losses)
          const before = Array.from(layer.counts)
          const shares = before.map(c => c / sum(before))
          const [ps, pd, P] = [Math.max(...shares), Math.min(...shares), 1 / K]
          const gain = ps - pd - (Math.abs(ps / 2 - P) * 2 + pd)
          fc.pre(Math.abs(gain) > 1e-9 && Math.abs(pd - P / 2) > 1e-9)
          const event = layer.event()
          expect(event !== null).toBe(gain > 0 || pd < P / 2)
          expect(sum(layer.counts)).toBeCloseTo(sum(before), 9)
          if (event) {
            expect(before[event.split]).toBe(Math.max(...before))
            expect(before[event.prune]).toBe(Math.min(...before))
            expect(layer.counts[event.split]).toBe(layer.counts[event.prune])
          }
        }
      }),
      runs,
    )
  })

  it('gives each neighbour its part of the pruned count, worked by hand', () => {
    const layer = new SplitAndPrune(4, { rule: 'reference' })
    // Node 3 was nearest four times: second were 1 (three times) and 2 (once).
    layer.observe(
      [3, 3, 3, 3, ...Array(8).fill(2), ...Array(10).fill(1), ...Array(30).fill(0)],
      [1, 1, 1, 2, ...Array(8).fill(1), ...Array(10).fill(2), ...Array(30).fill(1)],
    )
    expect(layer.event()).toEqual({ split: 0, prune: 3 })
    expect(Array.from(layer.counts)).toEqual([15, 13, 9, 15])
  })

  it('prunes, among the nodes never nearest, the one with the largest loss', () => {
    const layer = new SplitAndPrune(5, { rule: 'reference' })
    layer.observe([0, 0, 0, 1], [1, 1, 1, 0], undefined, [0.1, 0.2, 3, 5, 4])
    expect(layer.event()).toEqual({ split: 0, prune: 3 })
  })
})

describe('the decayed rule', () => {
  it('counts every sample with weight 2^(−age / half-life), age counted between the starts of batches', () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 1, max: 60 }), ({ K, batches }, halfLife) => {
        const layer = new SplitAndPrune(K, { rule: 'decayed', halfLife })
        for (const { nearest } of batches) layer.observe(nearest)
        const plain = new Array<number>(K).fill(0)
        let age = 0
        batches.toReversed().forEach(({ nearest }, i) => {
          if (i > 0) age += nearest.length
          for (const k of nearest) plain[k] += 2 ** (-age / halfLife)
        })
        const total = sum(layer.counts)
        // Hundreds of roundings of 1e-16 each.
        for (let k = 0; k < K; k++) expect(layer.counts[k] / total).toBeCloseTo(plain[k] / sum(plain), 12)
      }),
      runs,
    )
  })

  it('is the plain rule on weights that grow without end, where no decision hangs on rounding', () => {
    fc.assert(
      fc.property(history, fc.constantFrom(0, 1, 2), ({ K, batches }, caution) => {
        const halfLife = 25
        const layer = new SplitAndPrune(K, { rule: 'decayed', halfLife, caution })
        const counts = new Array<number>(K).fill(0)
        let [seen, weights, squares] = [0, 0, 0]
        for (const { nearest } of batches) {
          layer.observe(nearest)
          const w = 2 ** (seen / halfLife)
          for (const k of nearest) counts[k] += w
          seen += nearest.length
          weights += nearest.length * w
          squares += nearest.length * w * w

          const [most, least, mean] = [Math.max(...counts), Math.min(...counts), sum(counts) / K]
          const variance = (mean * squares) / weights
          const chance = K * Math.exp(-(mean ** 2) / variance)
          const unused = counts.filter(c => c === 0).length
          const margins = [
            (most - least - mean) / mean,
            (mean - caution * Math.sqrt(variance) - least) / mean,
            least === 0 ? unused - chance - caution * Math.sqrt(chance) : -1,
          ]
          const event = layer.event()
          // Equal counts are equal up to rounding only: either may be taken, and a threshold met falls either way.
          fc.pre(margins.every(margin => Math.abs(margin) > 1e-9))
          expect(event !== null).toBe(margins[0] > 0 && (margins[1] > 0 || margins[2] > 0))
          if (!event) continue
          expect(counts[event.split]).toBeCloseTo(most, 6)
          expect(counts[event.prune]).toBeCloseTo(least, 6)
          counts[event.split] = counts[event.prune] = counts[event.split] / 2
        }
      }),
      runs,
    )
  })

  /** How many samples pass before the first event, when the nodes of `cycle` are nearest in turn. */
  const wait = (K: number, cycle: number[]) => {
    const layer = new SplitAndPrune(K, { rule: 'decayed', caution: 2 })
    for (let i = 0; ; i++) {
      layer.observe([cycle[i % cycle.length]])
      const event = layer.event()
      if (event) return { seen: layer.seen, event }
    }
  }

  it('splits the most used over a single dead node once it is surely dead', () => {
    const { seen, event } = wait(8, [0, 1, 2, 3, 4, 5, 6, 2])
    expect(event).toEqual({ split: 2, prune: 7 })
    // One node of count 0 is beyond chance where E + 2√E < 1 for E = 8·e^−λ: from λ = 3.85 samples per node on.
    expect(seen).toBeGreaterThan(3.8 * 8)
    expect(seen).toBeLessThan(4.5 * 8)
  })

  it('finds dead nodes sooner when there are many', () => {
    // 56 of 64: beyond chance where 64·e^−λ + 2·8·e^−λ/2 < 56, from λ = 0.4 on; and then a node must be used twice.
    expect(wait(64, [0, 1, 2, 3, 4, 5, 6, 7]).seen).toBeLessThan(64)
  })

  it('leaves evenly used nodes alone', () => {
    const K = 512
    const rng = random(3, 'even')
    const events = (rule: SplitRule, caution: number) => {
      const layer = new SplitAndPrune(K, { rule, caution })
      let fired = 0
      for (let seen = 0; seen < 200 * K; seen += 64) {
        layer.observe(Array.from({ length: 64 }, () => rng.int(K)))
        if (layer.event()) fired++
      }
      return fired
    }
    expect(events('decayed', 3)).toBeLessThan(0.03 * K)
    expect(events('decayed', 2)).toBeLessThan(0.15 * K)
    expect(events('paper', 2)).toBeGreaterThan(0.15 * K)
  })
})

describe('every rule', () => {
  it('goes on exactly after save, JSON and restore', () => {
    fc.assert(
      fc.property(history, fc.constantFrom(...rules), fc.nat(40), ({ K, batches }, rule, at) => {
        const options = { rule, halfLife: 17, caution: 0.5 }
        const whole = new SplitAndPrune(K, options)
        let resumed = new SplitAndPrune(K, options)
        batches.forEach(({ nearest, second, losses }, i) => {
          if (i === at) resumed = SplitAndPrune.restore(JSON.parse(JSON.stringify(resumed.save())))
          for (const layer of [whole, resumed]) layer.observe(nearest, second, undefined, losses)
          // Also between an observation and its events.
          if (i === at + 1) resumed = SplitAndPrune.restore(JSON.parse(JSON.stringify(resumed.save())))
          expect(resumed.event()).toEqual(whole.event())
          expect(resumed.event()).toEqual(whole.event())
        })
        expect(resumed.save()).toEqual(whole.save())
      }),
      runs,
    )
  })

  it('ends within K events when asked again and again, with counts finite and none negative', () => {
    fc.assert(
      fc.property(history, fc.constantFrom(...rules), ({ K, batches }, rule) => {
        const layer = new SplitAndPrune(K, { rule, halfLife: 10, caution: 0 })
        for (const { nearest, second } of batches) {
          layer.observe(nearest, second)
          let fired = 0
          while (layer.event()) fired++
          expect(fired).toBeLessThanOrEqual(K)
          expect(Array.from(layer.counts).every(c => Number.isFinite(c) && c >= 0)).toBe(true)
        }
      }),
      runs,
    )
  })

  it('waits for the warm-up', () => {
    for (const rule of ['paper', 'reference', 'decayed'] as const) {
      const layer = new SplitAndPrune(4, { rule, warmup: 100 })
      let seen = 0
      while (!layer.event()) {
        layer.observe([0, 0, 1, 2, 0])
        seen += 5
      }
      expect(seen).toBe(100)
    }
  })

  it('never splits a node over itself, with one node or none observed', () => {
    for (const rule of rules) {
      expect(new SplitAndPrune(5, { rule }).event()).toBeNull()
      const single = new SplitAndPrune(1, { rule })
      single.observe([0, 0])
      expect(single.event()).toBeNull()
    }
  })

  it('counts only, under none', () => {
    const layer = new SplitAndPrune(3, { rule: 'none' })
    for (let i = 0; i < 50; i++) layer.observe([1, 1])
    expect(layer.event()).toBeNull()
    expect(Array.from(layer.counts)).toEqual([0, 100, 0])
  })

  it('rejects what cannot be meant, and names it', () => {
    expect(() => new SplitAndPrune(0)).toThrow('0')
    expect(() => new SplitAndPrune(4, { rule: 'papers' as SplitRule })).toThrow("'papers': use one of paper")
    expect(() => new SplitAndPrune(4, { halfLife: 0 })).toThrow('halfLife')
    expect(() => new SplitAndPrune(4, { caution: -1 })).toThrow('caution')
    const layer = new SplitAndPrune(4)
    expect(() => layer.observe([0, 4])).toThrow('nearest[1] is 4')
    expect(sum(layer.counts)).toBe(0)
  })
})

describe('usage', () => {
  it('has the entropy of closed forms: log2 K when even, 0 for one node, 1.5 bits for ½ ¼ ¼', () => {
    expect(usage(new Float64Array(64).fill(7)).entropy).toBeCloseTo(6, 12)
    expect(usage(new Float64Array(64).fill(7)).perplexity).toBeCloseTo(64, 9)
    expect(usage([0, 9, 0])).toEqual({ entropy: 0, perplexity: 1, dead: 2 })
    expect(usage([2, 1, 1, 0]).entropy).toBeCloseTo(1.5, 12)
  })

  it('calls dead what has less than a twentieth of the fair share', () => {
    expect(usage([100, 100, 100, 3]).dead).toBe(1)
    expect(usage([100, 100, 100, 4]).dead).toBe(0)
    expect(usage([0, 0]).dead).toBe(2)
  })
})
