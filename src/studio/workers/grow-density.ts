// The points of the room Grow: a run of the 2-D experiment, told in frames that a page can draw.

import { DensityRun, type OwnDensity, realKl } from '../../ddn/density.ts'
import { drawnMasses } from './grow-drawing.ts'

export interface Aim {
  /** Name of a density, or `drawn`. */
  density: string
  /** The strokes where it is `drawn`: see grow-drawing.ts. */
  drawing: string
}

export interface PointsStart extends Aim {
  nodes: number
  seed: number
}

/** What is aimed at. */
export interface Goal {
  /** [100·100] mass over the greatest mass: 0 … 1. */
  shade: Float32Array
  /** KL in nats of as many real samples as there are nodes, mean of ten draws. */
  klReal: number
}

/** What may change from frame to frame. */
export interface Pace {
  /** Steps until the next frame; 0: only look. */
  steps: number
  /** Share of the way to its sample that the nearest node moves. */
  rate: number
  /** Split-and-Prune. */
  splits: boolean
}

/** Buffers of a frame that was drawn, to be filled again. */
export type Spare = Pick<Frame, 'nodes' | 'used'>

export interface Frame {
  /** Steps done. */
  step: number
  /** [2·K] x and y of each node in turn, in [0, 1]. */
  nodes: Float32Array
  /** [K] 1 where a node is nearest at least a twentieth as often as the others. */
  used: Uint8Array
  /** KL(histogram of the nodes ‖ density) in nats. */
  kl: number
  /** Four numbers per event of these steps: where the pruned node was, x and y, and where the split one is. */
  events: Float32Array
}

/** Events told of a frame at most: more cannot be seen. */
const mostEvents = 200

export class PointsRun {
  private readonly run: DensityRun
  private readonly before: Float32Array
  private aimed: Goal

  constructor({ nodes, seed, ...aim }: PointsStart) {
    this.run = new DensityRun({ target: targetOf(aim), nodes, seed })
    this.before = new Float32Array(2 * nodes)
    this.aimed = goalOf(this.run)
  }

  get goal(): Goal {
    return this.aimed
  }

  /** Another density; the nodes go on from where they are. */
  aim(aim: Aim): Goal {
    this.run.setTarget(targetOf(aim))
    return (this.aimed = goalOf(this.run))
  }

  frame({ steps, rate, splits }: Pace, spare?: Spare): Frame {
    const { run, before } = this
    run.rate = rate
    run.splits = splits
    const events: number[] = []
    for (let i = 0; i < steps; i++) {
      before.set(run.nodes)
      const { nodes, split, prune } = run.step()
      split.forEach((from, e) => {
        if (events.length >= 4 * mostEvents) return
        const [to, at] = [2 * prune[e], 2 * from]
        events.push(before[to], before[to + 1], nodes[at], nodes[at + 1])
      })
    }
    const fits = spare?.nodes.length === run.nodes.length
    const nodes = fits ? spare.nodes : new Float32Array(run.nodes.length)
    const used = fits ? spare.used : new Uint8Array(run.nodes.length / 2)
    nodes.set(run.nodes)
    this.mark(used)
    return { step: run.steps, nodes, used, kl: run.kl(), events: Float32Array.from(events) }
  }

  private mark(used: Uint8Array) {
    const { counts } = this.run.splitAndPrune
    let sum = 0
    for (let k = 0; k < counts.length; k++) sum += counts[k]
    const least = (0.05 * sum) / counts.length
    for (let k = 0; k < counts.length; k++) used[k] = counts[k] > 0 && counts[k] >= least ? 1 : 0
  }
}

function goalOf({ density, nodes }: DensityRun): Goal {
  const most = density.reduce((a, b) => Math.max(a, b))
  return { shade: Float32Array.from(density, mass => mass / most), klReal: realKl(density, nodes.length / 2) }
}

function targetOf({ density, drawing }: Aim): string | OwnDensity {
  return density === 'drawn' ? { name: 'drawn', masses: drawnMasses(drawing) } : density
}
