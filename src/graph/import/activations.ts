// Readers of activation functions, and of the error function, of which one is made.

import {
  abs,
  add,
  broadcastShapes,
  equal,
  exp,
  greater,
  less,
  maximum,
  minimum,
  mul,
  neg,
  sigmoid,
  softplus,
  square,
  sub,
  sumTo,
  tanh,
  where,
} from '../elementwise.ts'
import { apply, type Tensor } from '../tensor.ts'
import { type Slope, unary, unaryOf } from './elementwise.ts'
import type { OnnxNode, Operators } from './node.ts'

/** e^−x² · 2/√π */
const erfSlope = (x: Tensor) => mul(exp(neg(square(x))), 2 / Math.sqrt(Math.PI))
const erf = (x: Tensor): Tensor =>
  apply('Erf', [x], x.shape, x.dtype, { vjp: ([g]) => [mul(g!, erfSlope(x))] })

/**
 * x Φ(x), Φ the distribution of the standard normal; or with tanh in place of it.
 * Source: Hendrycks & Gimpel, arXiv 1606.08415.
 */
function gelu(x: Tensor, approximate = 'none'): Tensor {
  const inner = add(x, mul(mul(square(x), x), 0.044715))
  const part = approximate === 'tanh' ? tanh(mul(inner, Math.sqrt(2 / Math.PI))) : erf(mul(x, Math.SQRT1_2))
  return mul(mul(x, 0.5), add(part, 1))
}

/** Φ(x) + x φ(x) */
const geluSlope: Slope = (g, x) => {
  const distribution = mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5)
  const density = mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI))
  return mul(g, add(distribution, mul(x, density)))
}

/** y = x h with h = x/6 + ½ limited to [0, 1]; y' = h + x/6 where h is not limited. */
function hardSwishSlope(g: Tensor, x: Tensor): Tensor {
  const line = add(mul(x, 1 / 6), 0.5)
  const limited = minimum(maximum(line, 0), 1)
  return mul(g, add(limited, where(equal(line, limited), mul(x, 1 / 6), 0)))
}

export const activations: Operators = {
  Erf: unaryOf(erf),
  // y = x / (1 + |x|); y' = (1 − |y|)²
  Softsign: unary((g, _, y) => mul(g, square(sub(1, abs(y))))),
  // x, or α x where x ≤ 0
  LeakyRelu: unary((g, x, _, node) => where(greater(x, 0), g, mul(g, node.float('alpha', 0.01))), {
    alpha: 'float',
  }),
  // x where it is greater than α, else 0
  ThresholdedRelu: unary((g, x, _, node) => where(greater(x, node.float('alpha', 1)), g, 0), {
    alpha: 'float',
  }),
  // x, or α (eˣ − 1) where x ≤ 0; y' = y + α there
  Elu: unary((g, x, y, node) => where(greater(x, 0), g, mul(g, add(y, node.float('alpha', 1)))), {
    alpha: 'float',
  }),
  // γ x, or γ α (eˣ − 1) where x ≤ 0. Source: Klambauer et al., arXiv 1706.02515.
  Selu: unary(
    (g, x, y, node) => {
      const gamma = node.float('gamma', 1.0507010221481323)
      return where(
        greater(x, 0),
        mul(g, gamma),
        mul(g, add(y, gamma * node.float('alpha', 1.6732631921768188))),
      )
    },
    { alpha: 'float', gamma: 'float' },
  ),
  // x, or α (e^{x/α} − 1) where x ≤ 0; y' = y / α + 1 there
  Celu: unary(
    (g, x, y, node) => where(greater(x, 0), g, mul(g, add(mul(y, 1 / node.float('alpha', 1)), 1))),
    { alpha: 'float' },
  ),
  // α x + β limited to [0, 1]; y' = α between the limits: 0 < y and y < 1
  HardSigmoid: unary(
    (g, _, y, node) => where(greater(y, 0), where(less(y, 1), mul(g, node.float('alpha', 0.2)), 0), 0),
    { alpha: 'float', beta: 'float' },
  ),
  HardSwish: unary(hardSwishSlope),
  // x tanh(ln(1 + eˣ)). Source: Misra, arXiv 1908.08681.
  Mish: unary((g, x) => {
    const t = tanh(softplus(x))
    return mul(g, add(t, mul(mul(x, sigmoid(x)), sub(1, square(t)))))
  }),
  // Newer than the operator set that is written: put together from what that has.
  Gelu: {
    inputs: 'X: F',
    attributes: { approximate: ['none', 'tanh'] },
    read: node => gelu(node.input(0), node.text('approximate', 'none')),
  },
  'com.microsoft.Gelu': unary(geluSlope),
  // x σ(α x); y' = σ + α y (1 − σ)
  'com.microsoft.QuickGelu': unary(
    (g, x, y, node) => {
      const alpha = node.float('alpha', 1.702)
      const gate = sigmoid(mul(x, alpha))
      return mul(g, add(gate, mul(mul(y, alpha), sub(1, gate))))
    },
    { alpha: 'float' },
  ),
  PRelu: { inputs: 'X: T, slope: T', read: readPRelu },
}

/** x, or slope · x where x < 0; the slope is broadcast to x. */
function readPRelu(node: OnnxNode): Tensor {
  const [x, slope] = [node.input(0), node.input(1)]
  if (broadcastShapes('PRelu', x.shape, slope.shape).length !== x.rank)
    throw new Error('its slope has more axes than X')
  return node.make(x.shape, x.dtype, ([g]) => {
    const negative = less(x, 0)
    return [where(negative, mul(g!, slope), g!), sumTo(where(negative, mul(g!, x), 0), slope.shape)]
  })
}
