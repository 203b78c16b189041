// The exponential and what is made of it, in the same bits on every machine: of + − × ÷ and comparisons alone, which
// IEEE 754 fixes, where Math.exp is left to the engine.

/**
 * eˣ, to a few units in the last place. x = n ln 2 + r with |r| ≤ ln 2 / 2 and ln 2 in two parts, of which the first
 * times n is exact; e^r by its series; then the exact factor 2ⁿ. Beyond ±700 as at ±700, so that it is never 0 nor
 * infinite. NaN gives NaN.
 */
export function exp(x: number): number {
  const within = x < -LIMIT ? -LIMIT : x > LIMIT ? LIMIT : x
  const n = Math.floor(within * LOG2_E + 0.5)
  const r = within - n * LN2_HIGH - n * LN2_LOW
  let sum = SERIES[TERMS]
  for (let i = TERMS - 1; i >= 0; i--) sum = sum * r + SERIES[i]
  return sum * POWERS[n + BIAS]
}

/** Replaces x by e^x / Σ e^x. */
export function softmax(x: Float64Array): void {
  let largest = x[0]
  for (let i = 1; i < x.length; i++) if (x[i] > largest) largest = x[i]
  let sum = 0
  for (let i = 0; i < x.length; i++) {
    x[i] = exp(x[i] - largest)
    sum += x[i]
  }
  for (let i = 0; i < x.length; i++) x[i] /= sum
}

const LIMIT = 700

/** (ln 2 / 2)^15 / 15! is below 2^−62. */
const TERMS = 14

/** 1 / i!, whose i! are exact. */
const SERIES = new Float64Array(TERMS + 1).fill(1)
for (let i = 2, factorial = 1; i <= TERMS; i++) {
  factorial *= i
  SERIES[i] = 1 / factorial
}

const LOG2_E = Math.LOG2E

/** ln 2 to its first 32 bits, and the rest. */
const LN2_HIGH = 2977044471 / 2 ** 32
const LN2_LOW = 1.9082149292705877e-10

const BIAS = 1011

/** 2^n for n from −BIAS to BIAS. */
const POWERS = powersOfTwo()

function powersOfTwo(): Float64Array {
  const powers = new Float64Array(2 * BIAS + 1)
  powers[BIAS] = 1
  for (let n = 1; n <= BIAS; n++) {
    powers[BIAS + n] = powers[BIAS + n - 1] * 2
    powers[BIAS - n] = powers[BIAS - n + 1] / 2
  }
  return powers
}
