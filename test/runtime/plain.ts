// The oracle of the training step: the same small network in plain float64 loops, its gradients by differences.

/** Shapes of the network's parameters, in the order in which `plainLoss` takes their values. */
export const SHAPES = {
  kernel: [4, 2, 3, 3], // [out, in, 3, 3]
  bias: [4],
  gamma: [4],
  beta: [4],
  weights: [64, 3], // from 4 channels × 4 × 4 pixels to 3 values
} as const

export type Name = keyof typeof SHAPES
export type Vectors = Record<Name, Float64Array>

export const NAMES = Object.keys(SHAPES) as Name[]
export const BATCH = 3
export const IMAGE = [BATCH, 2, 4, 4] as const
export const EPSILON = 1e-5

/** Mean squared error of silu(groupNorm(conv(x))) · weights, with 2 groups, against `targets` [3, 3]. */
export function plainLoss(p: Vectors, x: ArrayLike<number>, targets: ArrayLike<number>): number {
  let loss = 0
  for (let n = 0; n < BATCH; n++) {
    const h = new Float64Array(64)
    for (let o = 0; o < 4; o++)
      for (let r = 0; r < 4; r++)
        for (let c = 0; c < 4; c++) {
          let sum = p.bias[o]
          for (let i = 0; i < 2; i++)
            for (let dr = -1; dr <= 1; dr++)
              for (let dc = -1; dc <= 1; dc++)
                if (r + dr >= 0 && r + dr < 4 && c + dc >= 0 && c + dc < 4)
                  sum +=
                    p.kernel[((o * 2 + i) * 3 + dr + 1) * 3 + dc + 1] *
                    x[((n * 2 + i) * 4 + r + dr) * 4 + c + dc]
          h[(o * 4 + r) * 4 + c] = sum
        }
    for (let group = 0; group < 2; group++) {
      const part = h.subarray(group * 32, group * 32 + 32)
      const mean = part.reduce((a, b) => a + b) / 32
      const variance = part.reduce((a, b) => a + (b - mean) ** 2, 0) / 32
      for (let i = 0; i < 32; i++) {
        const o = group * 2 + (i >> 4)
        const y = (p.gamma[o] * (part[i] - mean)) / Math.sqrt(variance + EPSILON) + p.beta[o]
        part[i] = y / (1 + Math.exp(-y))
      }
    }
    for (let k = 0; k < 3; k++) {
      let out = 0
      for (let i = 0; i < 64; i++) out += h[i] * p.weights[i * 3 + k]
      loss += (out - targets[n * 3 + k]) ** 2
    }
  }
  return loss / (BATCH * 3)
}

/** Adam's constants, as both sides use them; ε is large, so that the sign of a rounding error moves nothing. */
export const ADAM = { rate: 0.02, beta1: 0.9, beta2: 0.99, epsilon: 0.01 }

/** The losses of `steps` steps of Adam without bias correction, and the parameters after them. */
export function plainTraining(
  start: Vectors,
  x: ArrayLike<number>,
  targets: ArrayLike<number>,
  steps: number,
) {
  const p = structuredClone(start)
  const mean = zeros()
  const variance = zeros()
  const losses: number[] = []
  for (let step = 0; step < steps; step++) {
    losses.push(plainLoss(p, x, targets))
    const grads = differences(p, x, targets)
    for (const name of NAMES)
      grads[name].forEach((g, i) => {
        mean[name][i] = ADAM.beta1 * mean[name][i] + (1 - ADAM.beta1) * g
        variance[name][i] = ADAM.beta2 * variance[name][i] + (1 - ADAM.beta2) * g * g
        p[name][i] -= (ADAM.rate * mean[name][i]) / (Math.sqrt(variance[name][i]) + ADAM.epsilon)
      })
  }
  return { losses, parameters: p }
}

function zeros(): Vectors {
  const entries = NAMES.map(name => [name, new Float64Array(SHAPES[name].reduce((a, b) => a * b, 1))])
  return Object.fromEntries(entries) as Vectors
}

/** Central differences: with h = 10⁻⁵ in float64 they are right to about nine digits. */
function differences(p: Vectors, x: ArrayLike<number>, targets: ArrayLike<number>): Vectors {
  const h = 1e-5
  const grads = zeros()
  for (const name of NAMES)
    for (let i = 0; i < p[name].length; i++) {
      const value = p[name][i]
      p[name][i] = value + h
      const above = plainLoss(p, x, targets)
      p[name][i] = value - h
      grads[name][i] = (above - plainLoss(p, x, targets)) / (2 * h)
      p[name][i] = value
    }
  return grads
}
