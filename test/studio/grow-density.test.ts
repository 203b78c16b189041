/** The frames of Grow's points, against the experiment itself. */

import { describe, expect, test } from 'vitest'
import { DensityRun } from '../../src/ddn/density.ts'
import { usage } from '../../src/ddn/split-and-prune.ts'
import { PointsRun } from '../../src/studio/workers/grow-density.ts'
import { drawnMasses } from '../../src/studio/workers/grow-drawing.ts'

const start = { density: 'words', drawing: '', nodes: 300, seed: 3 }
const pace = { steps: 5, rate: 0.3, splits: true }
const copied = (frame: { nodes: Float32Array }) => frame.nodes.slice()

describe('a frame', () => {
  test('holds the nodes and the divergence of the experiment after as many steps', () => {
    const shown = new PointsRun(start)
    const plain = new DensityRun({ target: 'words', nodes: 300, seed: 3, rate: 0.3 })
    for (let i = 1; i <= 4; i++) {
      const frame = shown.frame(pace)
      for (let s = 0; s < 5; s++) plain.step()
      expect(frame.step).toBe(5 * i)
      expect(frame.nodes).toEqual(plain.nodes)
      expect(frame.kl).toBe(plain.kl())
    }
  })

  test('tells where a node was pruned and where the split one is', () => {
    const run = new PointsRun(start)
    let before = copied(run.frame({ ...pace, steps: 0 }))
    let seen = 0
    for (let i = 0; i < 60; i++) {
      const { nodes, events } = run.frame({ ...pace, steps: 1 })
      for (let e = 0; e < events.length; e += 4) {
        const at = (points: Float32Array, x: number, y: number) =>
          points.findIndex((v, n) => n % 2 === 0 && v === x && points[n + 1] === y)
        const pruned = at(before, events[e], events[e + 1])
        expect(pruned).toBeGreaterThanOrEqual(0)
        // The pruned node lies where the split one is now.
        expect([...nodes.slice(pruned, pruned + 2)]).toEqual([events[e + 2], events[e + 3]])
        seen++
      }
      before = copied({ nodes })
    }
    expect(seen).toBeGreaterThan(20)
  })

  test('splits nothing when told so, from frame to frame', () => {
    const run = new PointsRun(start)
    for (let i = 0; i < 20; i++) expect(run.frame({ ...pace, splits: false }).events).toHaveLength(0)
    const events = Array.from({ length: 10 }, () => run.frame(pace).events.length)
    expect(Math.max(...events)).toBeGreaterThan(0)
  })

  test('is put into the buffers that were given back, where they fit', () => {
    const run = new PointsRun(start)
    const first = run.frame(pace)
    const second = run.frame(pace, first)
    expect(second.nodes).toBe(first.nodes)
    expect(second.used).toBe(first.used)
    const other = new PointsRun({ ...start, nodes: 10 }).frame(pace, first)
    expect(other.nodes).toHaveLength(20)
  })

  test('marks as unused the nodes that count as dead', () => {
    const run = new PointsRun(start)
    const plain = new DensityRun({ target: 'words', nodes: 300, seed: 3, rate: 0.3 })
    plain.splits = false
    const { used } = run.frame({ ...pace, steps: 100, splits: false })
    for (let s = 0; s < 100; s++) plain.step()
    expect(used.filter(mark => mark === 0)).toHaveLength(usage(plain.splitAndPrune.counts).dead)
  })
})

describe('what is aimed at', () => {
  test('changes under the same nodes', () => {
    const run = new PointsRun(start)
    const before = copied(run.frame(pace))
    const drawing = 'AA__'
    const { shade } = run.aim({ density: 'drawn', drawing })
    expect(shade).toEqual(Float32Array.from(drawnMasses(drawing)))
    expect(run.frame({ ...pace, steps: 0 }).nodes).toEqual(before)
    for (let i = 0; i < 300; i++) run.frame(pace)
    // A line along the diagonal: the nodes come to it.
    const { nodes } = run.frame({ ...pace, steps: 0 })
    const near = Array.from({ length: 300 }, (_, k) => Math.abs(nodes[2 * k] - nodes[2 * k + 1]) < 0.05)
    expect(near.filter(Boolean).length).toBeGreaterThan(270)
  })
})
