// One line per case: inputs by name and shape, and what to build of them. Each case is checked three ways:
// ONNX Runtime's float32 against the float64 reference, the gradient graph in the reference against central
// differences of the reference, and the gradient graph in ONNX Runtime against the reference.

import { expect } from 'vitest'
import {
  add,
  constant,
  type DType,
  gradients,
  input,
  mul,
  reduceSum,
  type Shape,
  scalar,
  Tensor,
  writeModel,
} from '../../src/graph/index.ts'
import { checkModel } from './check-model.ts'
import { runModel } from './engine.ts'
import { Reference, type Value } from './reference.ts'

/** An input: a shape with values uniform in [−2, 2), or something more particular. */
export type Spec = readonly number[] | Drawn
export interface Drawn {
  shape: readonly number[]
  dtype?: DType
  draw: (random: () => number, position: number) => number
}

export interface CaseOptions {
  /** Inputs whose first size is also tried as the symbol N, their names joined by spaces. */
  batch?: string
  /** Whether the gradient is differentiated again; default true. */
  twice?: boolean
  /** Finite differences are taken at so many elements of every input, chosen at random. Default 24. */
  elements?: number
  /** Of ONNX Runtime's float32, in units of the largest magnitude of the tensor (at least 1). Default 1e-5. */
  tolerance?: number
}

export type Inputs = Record<string, Tensor>
export type Build = (x: Inputs) => Tensor | readonly Tensor[]
export type Case = readonly [
  name: string,
  inputs: Readonly<Record<string, Spec>>,
  build: Build,
  options?: CaseOptions,
]

export const between = (low: number, high: number, ...shape: number[]): Drawn => ({
  shape,
  draw: random => low + (high - low) * random(),
})
/** Numbers in [0.5, 2.5): for logarithms, roots and divisors. */
export const positive = (...shape: number[]): Drawn => between(0.5, 2.5, ...shape)
/** Numbers whose differences are at least 0.1, in random order: for orders and maxima. */
export const distinct = (...shape: number[]): Drawn => ({
  shape,
  draw: (random, i) => ((i * 7919) % 101) / 10 + 0.02 * random() - 5,
})
/** The same numbers in the same order. */
export const given = (values: readonly number[], shape: readonly number[] = [values.length]): Drawn => ({
  shape,
  draw: (_, i) => values[i],
})
/** int64 in [0, depth). */
export const indices = (depth: number, ...shape: number[]): Drawn => ({
  shape,
  dtype: 'int64',
  draw: random => Math.floor(random() * depth),
})

/** mulberry32, seeded by a text. */
export function randomOf(text: string): () => number {
  let state = 0x9e3779b9
  for (const letter of text) state = Math.imul(state ^ letter.codePointAt(0)!, 0x85ebca6b)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let z = Math.imul(state ^ (state >>> 15), 1 | state)
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The inputs' values: float32 numbers, so that float32 and float64 start alike. */
export function drawInputs([name, specs]: Case): Record<string, Value> {
  const random = randomOf(name)
  return Object.fromEntries(
    Object.entries(specs).map(([key, spec]) => {
      const { shape, dtype = 'float32', draw } = 'draw' in spec ? spec : between(-2, 2, ...spec)
      const data = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => draw(random, i))
      return [key, { shape, dtype, data: data.map(x => (dtype === 'int64' ? BigInt(x) : Math.fround(x))) }]
    }),
  )
}

/** The inputs' tensors, those in `batch` with the first size N. */
export function makeInputs(values: Readonly<Record<string, Value>>, batch = '', prefix = ''): Inputs {
  return Object.fromEntries(
    Object.entries(values).map(([key, { shape, dtype }]) => {
      const named: Shape = batch.split(' ').includes(key) ? ['N', ...shape.slice(1)] : shape
      return [key, input(prefix + key, named, dtype)]
    }),
  )
}

export const asList = (y: ReturnType<Build>): readonly Tensor[] => (y instanceof Tensor ? [y] : y)
const isFloat = (x: Tensor) => x.dtype === 'float32'

/** Σ r y + ½ Σ r y²: a scalar whose gradient differs at every element and depends on y. */
export function lossOf(ys: readonly Tensor[], random: () => number): Tensor {
  let sum = scalar(0)
  for (const y of ys.filter(isFloat)) {
    const shape = y.shape.map(dim => (typeof dim === 'number' ? dim : 1))
    const weights = new Float32Array(shape.reduce((a, b) => a * b, 1)).map(() => 0.25 + random())
    const weighted = mul(y, constant(weights, shape))
    sum = add(sum, reduceSum(add(weighted, mul(mul(weighted, y), 0.5))))
  }
  return sum
}

/** The gradients of a case's loss as a case of their own, to be differentiated again. */
export function gradientOf([name, specs, build, { elements = 24, ...options } = {}]: Case): Case {
  const again: Build = x => {
    const loss = lossOf(asList(build(x)), randomOf(`${name} loss`))
    return gradients(loss, Object.values(x).filter(isFloat))
  }
  return [`gradient of ${name}`, specs, again, { ...options, elements: Math.ceil(elements / 3) }]
}

/**
 * Checks a case; `batch` names the inputs with a symbolic first size.
 * Central differences with step 1e-4 are off by about h² f‴/6 + ε f/h ≈ 1e-8 here; the factors that gradients
 * hold as float32 constants (1/n, ε) by 6e-8: 1e-6 tells either from a wrong formula.
 */
export async function checkCase(sample: Case, batch = '') {
  const [name, , build, { tolerance = 1e-5, elements = 24 } = {}] = sample
  const values = drawInputs(sample)
  const x = makeInputs(values, batch)
  const ys = asList(build(x))
  const wrt = Object.entries(x).filter(([, t]) => isFloat(t))
  const differentiable = ys.some(isFloat) && wrt.length > 0
  const loss = lossOf(ys, randomOf(`${name} loss of loss`))
  const grads = differentiable
    ? gradients(
        loss,
        wrt.map(([, t]) => t),
      )
    : []

  const outputs: Record<string, Tensor> = {}
  ys.forEach((y, i) => {
    outputs[`value ${i}`] = y
  })
  grads.forEach((g, i) => {
    expect(g.shape, `shape of the gradient of ${wrt[i][0]}`).toEqual(wrt[i][1].shape)
    outputs[`gradient of ${wrt[i][0]}`] = g
  })
  const reference = new Reference(Object.values(outputs)).run(values)

  const model = writeModel(outputs, { inputs: Object.values(x) })
  checkModel(model)
  const results = await runModel(model, values)
  Object.keys(outputs).forEach((key, i) => {
    expectClose(results[key], reference[i], tolerance, `ONNX Runtime's ${key}`)
  })

  const scalarLoss = new Reference([loss])
  const random = randomOf(name)
  grads.forEach((_, i) => {
    const [key] = wrt[i]
    const gradient = reference[ys.length + i]
    const scale = Math.max(1, ...gradient.data.map(g => Math.abs(g as number)))
    for (const at of sampleOf(values[key].data.length, elements, random)) {
      const numeric = centralDifference(scalarLoss, values, key, at)
      const error = Math.abs((gradient.data[at] as number) - numeric) / scale
      if (!(error <= 1e-6))
        expect.fail(`gradient of ${key}[${at}] is ${gradient.data[at]}, central differences give ${numeric}`)
    }
  })
}

export function centralDifference(
  loss: Reference,
  values: Readonly<Record<string, Value>>,
  key: string,
  at: number,
  step = 1e-4,
): number {
  const moved = (by: number) => {
    const data = [...values[key].data] as number[]
    data[at] += by
    return loss.run({ ...values, [key]: { ...values[key], data } })[0].data[0] as number
  }
  return (moved(step) - moved(-step)) / (2 * step)
}

/** Positions in an array: all, or as many as allowed. */
function sampleOf(length: number, limit: number, random: () => number): number[] {
  if (length <= limit) return Array.from({ length }, (_, i) => i)
  return Array.from({ length: limit }, () => Math.floor(random() * length))
}

/** Same type, same shape, values within `tolerance` of the largest magnitude (at least 1); integers exactly. */
export function expectClose(actual: Value, expected: Value, tolerance: number, what: string) {
  expect(actual.dtype, `type of ${what}`).toBe(expected.dtype)
  expect([...actual.shape], `shape of ${what}`).toEqual([...expected.shape])
  const float = expected.dtype.startsWith('float')
  const finite = expected.data.map(v => Math.abs(Number(v))).filter(Number.isFinite)
  const scale = Math.max(1, ...finite)
  expected.data.forEach((want, i) => {
    const got = actual.data[i]
    const same = Object.is(got, want) || got === want
    const near = float && Math.abs((got as number) - (want as number)) <= tolerance * scale
    if (!same && !near) expect.fail(`${what}[${i}] is ${got}, expected ${want}`)
  })
}
