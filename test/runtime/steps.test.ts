import { describe, expect, test } from 'vitest'
import { constant, input, mul, writeModel } from '../../src/graph/index.ts'
import { openModel } from '../../src/runtime/index.ts'
import { bodies } from './suite.ts'

describe('in Node', () => {
  for (const [name, body] of Object.entries(bodies)) test(name, () => body({ threads: 1 }))

  test('with two threads the network trains as in plain loops', () =>
    bodies['a small network trains as in plain loops with gradients by differences']({ threads: 2 }))

  test('a device of the browser is refused with those that are there', () =>
    expect(openModel(new Uint8Array(), { device: 'wasm' })).rejects.toThrow(
      /not available in Node; use one of cpu, cuda/,
    ))

  test('denormal products are zero', async () => {
    const x = input('x', [1])
    const step = await openModel(writeModel({ y: mul(x, constant(Float32Array.of(1e-20))) }), { threads: 1 })
    const { y } = await step.run({ x: { data: Float32Array.of(1e-20), shape: [1] } })
    expect(y[0]).toBe(0)
    await step.close()
  })
})
