// The worker of Grow's points: plain TypeScript, without ONNX Runtime, so that they move at once.

import { transfer } from 'comlink'
import {
  type Aim,
  type Frame,
  type Goal,
  type Pace,
  PointsRun,
  type PointsStart,
  type Spare,
} from './grow-density.ts'
import { pngWithRecipe, recipeOf } from './grow-recipe.ts'

let run: PointsRun | null = null

export const api = {
  /** A new run; what is aimed at, and the nodes before the first step. */
  start(start: PointsStart): { goal: Goal; frame: Frame } {
    run = new PointsRun(start)
    return { goal: run.goal, frame: run.frame({ steps: 0, rate: 1, splits: false }) }
  },

  /** Another density for the same nodes. */
  aim(aim: Aim): Goal {
    return started().aim(aim)
  },

  /** Some steps on; the buffers travel to the page, and back with the next call. */
  frame(pace: Pace, spare?: Spare): Frame {
    const frame = started().frame(pace, spare)
    return transfer(frame, [frame.nodes.buffer, frame.used.buffer, frame.events.buffer])
  },

  png: pngWithRecipe,
  recipe: recipeOf,
}

export type PointsApi = typeof api

function started(): PointsRun {
  if (!run) throw new Error('no points yet: start first')
  return run
}
