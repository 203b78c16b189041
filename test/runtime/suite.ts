// What must hold of a step on every engine: written once, run in Node (steps.test.ts) and in Chromium's pages
// (test/browser). A body throws where something does not hold.

import * as g from '../../src/graph/index.ts'
import {
  compile,
  openModel,
  type Program,
  type RuntimeOptions,
  type State,
  type Step,
} from '../../src/runtime/index.ts'
import { equal, near, rejects, truthy } from './checks.ts'
import {
  ADAM,
  BATCH,
  EPSILON,
  IMAGE,
  NAMES,
  type Name,
  plainTraining,
  SHAPES,
  type Vectors,
} from './plain.ts'
import { trainsNetwork } from './train-body.ts'

type Body = (options: RuntimeOptions) => Promise<void>

const floats = (...values: number[]) => ({ data: Float32Array.from(values), shape: [values.length] })

/** total ← total + x, and twice the new total as output; `fixed` is only read. */
function counter(): Program {
  const [x, total, fixed] = ['x', 'total', 'fixed'].map(name => g.input(name, [2]))
  const after = g.add(total, g.add(x, fixed))
  return {
    outputs: { twice: g.mul(after, 2) },
    state: { total: { before: total, after }, fixed: { before: fixed } },
  }
}

async function opened(program: Program, options: RuntimeOptions, use: (step: Step) => Promise<void>) {
  const step = await compile(program, options)
  try {
    await use(step)
  } finally {
    await step.close()
  }
}

/** A convolution, a normalisation, an activation and a matrix product, trained by Adam: see plain.ts. */
function training(): Program {
  const x = g.input('x', IMAGE)
  const targets = g.input('targets', [BATCH, 3])
  const before = Object.fromEntries(NAMES.map(name => [name, g.input(name, SHAPES[name])])) as Record<
    Name,
    g.Tensor
  >
  const convolved = g.add(g.conv2d(x, before.kernel), g.reshape(before.bias, [1, 4, 1, 1]))
  const hidden = g.silu(g.groupNorm(convolved, 2, before.gamma, before.beta, EPSILON))
  const out = g.matmul(g.reshape(hidden, [BATCH, 64]), before.weights)
  const loss = g.reduceMean(g.square(g.sub(out, targets)))
  const grads = g.gradients(
    loss,
    NAMES.map(name => before[name]),
  )
  const state: Record<string, State> = {}
  NAMES.forEach((name, i) => {
    const mean = g.input(`${name}.mean`, SHAPES[name])
    const variance = g.input(`${name}.variance`, SHAPES[name])
    const newMean = g.add(g.mul(mean, ADAM.beta1), g.mul(grads[i], 1 - ADAM.beta1))
    const newVariance = g.add(g.mul(variance, ADAM.beta2), g.mul(g.square(grads[i]), 1 - ADAM.beta2))
    const move = g.div(g.mul(newMean, ADAM.rate), g.add(g.sqrt(newVariance), ADAM.epsilon))
    state[name] = { before: before[name], after: g.sub(before[name], move) }
    state[`${name}.mean`] = { before: mean, after: newMean }
    state[`${name}.variance`] = { before: variance, after: newVariance }
  })
  return { outputs: { loss }, state }
}

/** Values that look random and are the same everywhere. */
function wave(length: number, phase: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => Math.sin(12.9898 * (i + 1) + phase))
}

const BATCH_FEED = {
  x: { data: wave(BATCH * 32, 1), shape: [...IMAGE] },
  targets: { data: wave(BATCH * 3, 2), shape: [BATCH, 3] },
}

function startingPoint(): Record<Name, Float32Array> {
  const entries = NAMES.map((name, i) => {
    const values = wave(
      SHAPES[name].reduce((a: number, b) => a * b, 1),
      10 + i,
    )
    return [name, values.map(value => (name === 'gamma' ? 1 + 0.1 * value : 0.3 * value))] as const
  })
  return Object.fromEntries(entries) as Record<Name, Float32Array>
}

/** The losses of `steps` steps, and all of the state after them. */
async function train(step: Step, steps: number) {
  for (const [name, values] of Object.entries(startingPoint())) await step.write(name, values)
  const losses: number[] = []
  for (let i = 0; i < steps; i++) losses.push(Number((await step.run(BATCH_FEED)).loss[0]))
  const state = await Promise.all(step.stateNames.map(async name => [name, await step.read(name)] as const))
  return { losses, state: Object.fromEntries(state) }
}

export const bodies: Record<string, Body> = {
  'a Discrete Distribution Network trains, encodes, decodes and samples': trainsNetwork,

  'a small network trains as in plain loops with gradients by differences': options =>
    opened(training(), options, async step => {
      const start = Object.entries(startingPoint()).map(([name, values]) => [name, Float64Array.from(values)])
      const plain = plainTraining(
        Object.fromEntries(start) as Vectors,
        BATCH_FEED.x.data,
        BATCH_FEED.targets.data,
        12,
      )
      const { losses, state } = await train(step, 12)
      // float32 has 7 digits; sums of 64 products, 12 steps and Adam's quotient leave 4.
      near(losses, plain.losses, 1e-4)
      for (const name of NAMES) near(state[name], plain.parameters[name], 1e-4)
      truthy(losses[11] < losses[0] / 2, `the loss falls: ${losses}`)
    }),

  'state starts at zero, is read, written, moved on and kept': options =>
    opened(counter(), options, async step => {
      equal(step.stateNames, ['total', 'fixed'])
      equal(step.inputNames, ['x'])
      equal(step.outputNames, ['twice'])
      equal(await step.read('total'), [0, 0])
      equal((await step.run({ x: floats(1, 2) })).twice, [2, 4])
      await step.write('fixed', Float32Array.of(10, 20))
      equal((await step.run({ x: floats(1, 2) })).twice, [24, 48])
      equal((await step.run({ x: floats(0, 0) })).twice, [44, 88])
      equal(await step.read('total'), [22, 44])
      equal(await step.read('fixed'), [10, 20])
      await step.write('total', Float32Array.of(100), 1)
      equal(await step.read('total'), [22, 100])
      equal((await step.run({ x: floats(-10, -20) })).twice, [44, 200])
    }),

  'an array once read stays as it was': options =>
    opened(counter(), options, async step => {
      await step.run({ x: floats(1, 1) })
      const first = await step.read('total')
      for (let i = 0; i < 3; i++) await step.run({ x: floats(1, 1) })
      equal(first, [1, 1])
      equal(await step.read('total'), [4, 4])
    }),

  'written values are copied': options =>
    opened(counter(), options, async step => {
      const values = Float32Array.of(1, 2)
      await step.write('total', values)
      values.fill(99)
      equal(await step.read('total'), [1, 2])
    }),

  'a rejected step gives its outputs and leaves the state unchanged': options =>
    opened(counter(), options, async step => {
      await step.run({ x: floats(1, 2) })
      for (let i = 0; i < 3; i++) {
        const seen: number[] = []
        const { twice } = await step.run({ x: floats(5, 5) }, outputs => {
          seen.push(...Array.from(outputs.twice, Number))
          return false
        })
        equal(twice, [12, 14])
        equal(seen, [12, 14])
        equal(await step.read('total'), [1, 2])
      }
      equal((await step.run({ x: floats(0, 0) })).twice, [2, 4])
    }),

  'a step whose accept throws leaves the state unchanged and can run again': options =>
    opened(counter(), options, async step => {
      await rejects(
        step.run({ x: floats(1, 1) }, () => {
          throw new Error('no')
        }),
        'no',
      )
      equal(await step.read('total'), [0, 0])
      equal((await step.run({ x: floats(1, 1) })).twice, [2, 2])
    }),

  'a thousand steps count to a thousand': options =>
    opened(counter(), options, async step => {
      for (let i = 0; i < 1000; i++) await step.run({ x: floats(1, 0.5) })
      equal(await step.read('total'), [1000, 500])
    }),

  'the same state and inputs give the same bits': async options => {
    const results: { losses: number[]; state: Record<string, Float32Array> }[] = []
    for (let i = 0; i < 2; i++)
      await opened(training(), options, async step => {
        results.push(await train(step, 5))
      })
    equal(results[1].losses, results[0].losses)
    for (const [name, values] of Object.entries(results[0].state)) equal(results[1].state[name], [...values])
  },

  'inputs and outputs of every type pass': options => {
    const flag = g.input('flag', ['N'], 'bool')
    const int = g.input('int', ['N'], 'int32')
    const long = g.input('long', ['N'], 'int64')
    const byte = g.input('byte', [2], 'uint8')
    const outputs = {
      chosen: g.where(flag, g.cast(int, 'float32'), 0),
      next: g.add(long, g.int64([1])),
      number: g.cast(byte, 'float32'),
      seven: g.equal(g.cast(byte, 'float32'), 7),
    }
    return opened({ outputs }, options, async step => {
      const results = await step.run({
        flag: { data: Uint8Array.of(0, 1), shape: [2] },
        int: { data: Int32Array.of(-5, 6), shape: [2] },
        long: { data: BigInt64Array.of(1n, -(2n ** 40n)), shape: [2] },
        byte: { data: Uint8Array.of(7, 255), shape: [2] },
      })
      equal(results.chosen, [0, 6])
      equal(results.next, [2n, 1n - 2n ** 40n])
      equal(results.number, [7, 255])
      equal(results.seven, [1, 0])
    })
  },

  'random numbers are SplitMix64’s, bit for bit': options => {
    const seed = g.input('seed', [1], 'int64')
    return opened({ outputs: { values: g.randomUniform(seed, [4]) } }, options, async step => {
      const { values } = await step.run({ seed: { data: BigInt64Array.of(-3n), shape: [1] } })
      const wrap = (value: bigint) => BigInt.asUintN(64, value)
      const expected = [1n, 2n, 3n, 4n].map(position => {
        let z = wrap(-3n * 0xd1342543de82ef95n + position * 0x9e3779b97f4a7c15n)
        z = wrap((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n)
        z = wrap((z ^ (z >> 27n)) * 0x94d049bb133111ebn)
        return Number((z ^ (z >> 31n)) >> 40n) / 2 ** 24
      })
      equal(values, expected)
    })
  },

  'a missing, unknown, misshapen or mistyped input is named, and the step goes on': options =>
    opened(counter(), options, async step => {
      await rejects(step.run({}), 'input x is missing', 'it takes x')
      await rejects(step.run({ x: floats(1, 2), y: floats(1, 2) }), 'no input y', 'it takes x')
      await rejects(step.run({ x: floats(1, 2, 3) }), 'input x: float32 [2] is wanted, not float32 [3]')
      await rejects(step.run({ x: { data: Float32Array.of(1, 2), shape: [3] } }), '2 values do not fill [3]')
      await rejects(
        step.run({ x: { data: Int32Array.of(1, 2), shape: [2] } }),
        'input x: float32 [2] is wanted, not int32 [2]',
      )
      equal(await step.read('total'), [0, 0])
      equal((await step.run({ x: floats(1, 2) })).twice, [2, 4])
    }),

  'sizes of one name must agree': options => {
    const [a, b] = ['a', 'b'].map(name => g.input(name, ['N', 2]))
    const pair = (rows: number) => ({ data: new Float32Array(2 * rows).fill(1), shape: [rows, 2] })
    return opened({ outputs: { sum: g.add(a, b) } }, options, async step => {
      await rejects(step.run({ a: pair(2), b: pair(3) }), 'input b: N is 3 in [3, 2], but 2 in input a')
      equal((await step.run({ a: pair(1), b: pair(1) })).sum, [2, 2])
      equal((await step.run({ a: pair(2), b: pair(2) })).sum, [2, 2, 2, 2])
    })
  },

  'an error of the engine is thrown, and leaves the state unchanged': options => {
    const four = g.apply('Reshape', [g.input('x', ['N']), g.int64([4])], [4], 'float32')
    const total = g.input('total', [4])
    const program = { outputs: { four }, state: { total: { before: total, after: g.add(total, four) } } }
    return opened(program, options, async step => {
      await rejects(step.run({ x: floats(1, 2, 3) }), 'the step failed', 'Reshape')
      equal(await step.read('total'), [0, 0, 0, 0])
      const again = step.run({ x: floats(1, 2, 3, 4) })
      if (step.device === 'webgpu') return rejects(again, 'compile it again')
      equal((await again).four, [1, 2, 3, 4])
      equal(await step.read('total'), [1, 2, 3, 4])
    })
  },

  'a state that is unknown or does not fit is named': options =>
    opened(counter(), options, async step => {
      await rejects(step.read('sum'), 'no state sum; there is total, fixed')
      await rejects(step.write('sum', Float32Array.of(1, 2)), 'no state sum')
      await rejects(step.write('total', Float32Array.of(1)), 'state total has 2 values, not 1')
      await rejects(step.write('total', Float32Array.of(1, 2), 1), '2 do not fit at 1')
      await rejects(step.write('total', Float32Array.of(1), -1), '1 do not fit at -1')
    }),

  'a state must be a float32 input of known shape that keeps its shape': async options => {
    const state = (before: g.Tensor, after?: g.Tensor) =>
      compile({ outputs: { y: g.scalar(1) }, state: { s: { before, after } } }, options)
    await rejects(state(g.input('s', [2], 'int64')), 'state s', 'not an input of type float32')
    await rejects(state(g.scalar(1)), 'state s', 'not an input')
    await rejects(state(g.input('s', ['N'])), '[N]')
    await rejects(state(g.input('s', [2]), g.input('t', [3])), 'state s', 'becomes float32 [3]')
  },

  'a step that runs can be read, but not run, written or closed': options =>
    opened(counter(), options, async step => {
      const running = step.run({ x: floats(1, 1) })
      await rejects(step.run({ x: floats(1, 1) }), 'cannot run: this step is running')
      await rejects(step.write('total', Float32Array.of(5, 5)), 'cannot write: this step is running')
      await rejects(step.close(), 'cannot close: this step is running')
      await running
      equal(await step.read('total'), [1, 1])
    }),

  'a closed step says so': async options => {
    const step = await compile(counter(), options)
    await step.close()
    await step.close()
    await rejects(step.run({ x: floats(1, 1) }), 'this step is closed')
    await rejects(step.read('total'), 'this step is closed')
    await rejects(step.write('total', Float32Array.of(1, 1)), 'this step is closed')
  },

  'several steps open and run at once': async options => {
    const steps = await Promise.all([1, 2, 3].map(() => compile(counter(), options)))
    const totals = await Promise.all(
      steps.map(async (step, i) => {
        for (let n = 0; n < 5; n++) await step.run({ x: floats(i, 1) })
        return [...(await step.read('total'))]
      }),
    )
    equal(totals.flat(), [0, 5, 5, 5, 10, 5])
    for (const step of steps) await step.close()
  },

  'a corrupted model is refused': async options => {
    const x = g.input('x', [2])
    const model = g.writeModel({ y: g.add(x, g.constant(Float32Array.of(1, 2))) })
    for (const broken of [
      model.subarray(0, model.length - 9),
      model.map(byte => byte ^ 0x55),
      new Uint8Array(0),
    ])
      await rejects(openModel(broken, options), 'cannot open the model')
    const step = await openModel(model, options)
    equal((await step.run({ x: floats(1, 1) })).y, [2, 3])
    await step.close()
  },

  'an unknown device and an impossible number of threads are refused': async options => {
    await rejects(compile(counter(), { ...options, device: 'tpu' as 'cpu' }), 'device tpu is not available')
    for (const threads of [0, -1, 1.5, Number.NaN])
      await rejects(
        compile(counter(), { ...options, threads }),
        `threads: ${threads} is not a whole number from 1`,
      )
  },

  'a step tells where it computes': options =>
    opened(counter(), options, async step => {
      if (options.device) equal([step.device], [options.device])
      if (options.threads) equal([step.threads], [options.threads])
      truthy(/^onnxruntime-(node|web) \d+\.\d+\.\d+$/.test(step.engine), step.engine)
    }),
}
