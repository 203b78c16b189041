// The optimiser as part of the training step's graph.

import { add, div, minimum, mul, reduceSumSquare, sqrt, square, sub, type Tensor } from '../graph/index.ts'

export interface AdamState {
  parameters: Tensor
  /** First and second moments of the gradient, in the parameters' shape. */
  moment1: Tensor
  moment2: Tensor
  /** Exponential average of the parameters. */
  average: Tensor
}

export interface AdamSettings {
  beta1: number
  beta2: number
  epsilon: number
  /** The gradient is scaled down to this norm where it is longer. */
  clipNorm: number
}

/** What changes from step to step, fed as scalars. */
export interface AdamSchedule {
  /** Learning rate with the bias corrections inside: see `adamRate`. */
  rate: Tensor
  /** ε in the scale of the uncorrected second moment. */
  epsilon: Tensor
  /** Share of the old value in the average. */
  averageDecay: Tensor
}

/**
 * Adam (Kingma & Ba, arXiv 1412.6980, the efficient form at the end of section 2) with clipping by the global
 * norm and an exponential average of the parameters:
 *   g ← g · min(1, c / ‖g‖), m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², θ ← θ − α̂ m / (√v + ε̂),
 *   θ̄ ← δ θ̄ + (1 − δ) θ, with α̂ = α √(1 − β₂ᵗ) / (1 − β₁ᵗ) and ε̂ = ε √(1 − β₂ᵗ).
 */
export function adam(
  state: AdamState,
  gradient: Tensor,
  schedule: AdamSchedule,
  { beta1, beta2, clipNorm }: Omit<AdamSettings, 'epsilon'>,
): AdamState & { norm: Tensor } {
  const norm = sqrt(reduceSumSquare(gradient))
  const g = mul(gradient, minimum(div(clipNorm, add(norm, 1e-12)), 1))
  const moment1 = add(mul(state.moment1, beta1), mul(g, 1 - beta1))
  const moment2 = add(mul(state.moment2, beta2), mul(square(g), 1 - beta2))
  const parameters = sub(
    state.parameters,
    div(mul(moment1, schedule.rate), add(sqrt(moment2), schedule.epsilon)),
  )
  const average = add(parameters, mul(sub(state.average, parameters), schedule.averageDecay))
  return { parameters, moment1, moment2, average, norm }
}

/** α̂ and ε̂ for step t (from 1). */
export function adamRate(rate: number, step: number, { beta1, beta2, epsilon }: AdamSettings) {
  const correction = Math.sqrt(1 - beta2 ** step)
  return { rate: (rate * correction) / (1 - beta1 ** step), epsilon: epsilon * correction }
}
