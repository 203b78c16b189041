// A process of its own for the tests that look at one from outside: `memory`, `quiet` or `verbose`.

import { add, apply, constant, input, int64, mul, writeModel } from '../../src/graph/index.ts'
import { compile, openModel } from '../../src/runtime/index.ts'

/** The memory of the process before and after a thousand steps, with 256 kB of state that every step replaces. */
async function memory() {
  const size = 65_536
  const x = input('x', [size])
  const total = input('total', [size])
  const after = add(total, x)
  const step = await compile(
    { outputs: { twice: mul(after, 2) }, state: { total: { before: total, after } } },
    { threads: 1 },
  )
  const feed = { x: { data: new Float32Array(size).fill(1), shape: [size] } }
  const steps = async (count: number) => {
    for (let i = 0; i < count; i++) await step.run(feed)
    // Buffers are freed after the collection that finds them, which takes turns of the event loop.
    for (let i = 0; i < 3; i++) {
      ;(globalThis as { gc?: () => void }).gc?.()
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    const { rss, arrayBuffers } = process.memoryUsage()
    return { rss, arrayBuffers, count: (await step.read('total'))[0] }
  }
  const before = await steps(300)
  process.stdout.write(JSON.stringify({ before, after: await steps(1000) }))
}

/** What ONNX Runtime likes to comment on: an initializer without a user, a run that fails, a broken model. */
async function talk(verbose: boolean) {
  const options = { verbose, threads: 1 }
  const unused = input('unused', [2])
  const model = writeModel(
    { y: apply('Reshape', [input('x', ['N']), int64([4])], [4], 'float32'), z: constant(Float32Array.of(1)) },
    { inputs: [unused], constants: new Map([[unused, Float32Array.of(1, 2)]]) },
  )
  const step = await openModel(model, options)
  await step.run({ x: { data: new Float32Array(4), shape: [4] } })
  await step.run({ x: { data: new Float32Array(3), shape: [3] } }).catch(() => undefined)
  await openModel(model.subarray(0, 50), options).catch(() => undefined)
  await step.close()
  process.stdout.write('done')
}

const [mode] = process.argv.slice(2)
await (mode === 'memory' ? memory() : talk(mode === 'verbose'))
