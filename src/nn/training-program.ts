// The training step of any model with one loss: its gradient, clipped, and the optimiser's update, as one program.

import { gradients, input, type Tensor } from '../graph/index.ts'
import type { Program } from '../runtime/index.ts'
import { type AdamSettings, adam } from './adam.ts'
import type { Layout, Parameters } from './parameters.ts'

/** What a model's builder gives: the scalar to minimise, and the outputs to read. */
export interface Objective {
  loss: Tensor
  outputs: Readonly<Record<string, Tensor>>
}

/**
 * One step of Adam on the loss that `build` makes of the parameters. State: `parameters`, `moment1`, `moment2` and
 * `average` [layout.size]; inputs: the scalars `rate` and `epsilon` (see `adamRate`) and `averageDecay`, and those of
 * `build`; outputs: those of `build`, and `norm`, the gradient's length before clipping.
 */
export function trainingProgram(
  layout: Layout,
  settings: AdamSettings,
  build: (parameters: Parameters) => Objective,
): Program {
  const before = (name: string) => input(name, [layout.size])
  const state = {
    parameters: before('parameters'),
    moment1: before('moment1'),
    moment2: before('moment2'),
    average: before('average'),
  }
  const { loss, outputs } = build(layout.view(state.parameters))
  const [gradient] = gradients(loss, [state.parameters])
  const schedule = {
    rate: input('rate', []),
    epsilon: input('epsilon', []),
    averageDecay: input('averageDecay', []),
  }
  const { norm, ...after } = adam(state, gradient, schedule, settings)
  return {
    outputs: { ...outputs, norm },
    state: {
      parameters: { before: state.parameters, after: after.parameters },
      moment1: { before: state.moment1, after: after.moment1 },
      moment2: { before: state.moment2, after: after.moment2 },
      average: { before: state.average, after: after.average },
    },
  }
}

/**
 * The parameters of a program that only uses them: written into the model where `values` [layout.size] are given,
 * else read from the state `parameters`.
 */
export function weightsOf(
  layout: Layout,
  values?: Float32Array,
): { parameters: Parameters; state: NonNullable<Program['state']> } {
  if (values) return { parameters: layout.constants(values), state: {} }
  const vector = input('parameters', [layout.size])
  return { parameters: layout.view(vector), state: { parameters: { before: vector } } }
}
