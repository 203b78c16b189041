// A graph, opened and ready to run: inputs in, outputs out, state kept between runs.

import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-common'
import { type ModelOptions, sizeOf, type Tensor, type Values, writeModel } from '../graph/index.ts'
import type { Device, RuntimeOptions } from './backend.ts'
import { backend } from './backend-node.ts'

/** A value that a program keeps: what it is called, and what it becomes. */
export interface State {
  /** The value before the step: an `input` of the graph, of known shape. */
  before: Tensor
  /** The value after it, of the same shape and type; absent where the step only reads it. */
  after?: Tensor
}

export interface Program {
  outputs: Readonly<Record<string, Tensor>>
  state?: Readonly<Record<string, State>>
  model?: Omit<ModelOptions, 'inputs'>
}

const AFTER = 'after:'

/** The ONNX model of a program: state `s` comes in as the input of its name and leaves as `after:s`. */
export function writeProgram(program: Program): Uint8Array {
  const outputs: Record<string, Tensor> = { ...program.outputs }
  const inputs: Tensor[] = []
  for (const [name, { before, after }] of Object.entries(program.state ?? {})) {
    inputs.push(before)
    if (!after) continue
    if (String(after.shape) !== String(before.shape) || after.dtype !== before.dtype)
      throw new Error(`state ${name}: ${before} becomes ${after.dtype} [${after.shape}]`)
    outputs[AFTER + name] = after
  }
  return writeModel(outputs, { ...program.model, inputs })
}

/** Opens a program; its state starts at zero until `write` fills it. */
export async function compile(program: Program, options: RuntimeOptions = {}): Promise<Step> {
  const state = Object.entries(program.state ?? {}).map(([name, { before, after }]) => ({
    name,
    feed: before.node.name!,
    size: sizeOf(before.shape),
    dims: before.shape as number[],
    kept: !after,
  }))
  return openStep(writeProgram(program), state, options)
}

/** Opens an ONNX model without state. */
export function openModel(model: Uint8Array, options: RuntimeOptions = {}): Promise<Step> {
  return openStep(model, [], options)
}

interface StateSlot {
  name: string
  feed: string
  size: number
  dims: number[]
  kept: boolean
}

async function openStep(model: Uint8Array, state: StateSlot[], options: RuntimeOptions): Promise<Step> {
  const { session, device } = await backend.open(model, options)
  return new Step(session, device, state)
}

/** State lives in two buffers that change places after every run: nothing is allocated or copied in between. */
export class Step {
  private readonly current: Record<string, OrtTensor> = {}
  private readonly next: Record<string, OrtTensor> = {}
  private readonly plain: string[]
  private running = false

  constructor(
    private readonly session: InferenceSession,
    readonly device: Device,
    private readonly state: readonly StateSlot[],
  ) {
    for (const { name, size, dims, kept } of state) {
      this.current[name] = new backend.Tensor('float32', new Float32Array(size), dims)
      if (!kept) this.next[name] = new backend.Tensor('float32', new Float32Array(size), dims)
    }
    this.plain = session.outputNames.filter(name => !name.startsWith(AFTER))
  }

  get inputNames(): readonly string[] {
    return this.session.inputNames.filter(name => !this.state.some(slot => slot.feed === name))
  }

  get outputNames(): readonly string[] {
    return this.plain
  }

  /**
   * One run. Inputs are typed arrays with their shapes; outputs come back as typed arrays. The state moves on
   * only if `accept` (default: always) says so of the outputs: a step that went wrong leaves no trace.
   */
  async run(
    inputs: Readonly<Record<string, Feed>>,
    accept: (outputs: Record<string, Values>) => boolean = () => true,
  ): Promise<Record<string, Values>> {
    if (this.running) throw new Error('this step is already running; wait for it, or compile it twice')
    this.running = true
    try {
      const feeds: Record<string, OrtTensor> = {}
      for (const name of this.inputNames) {
        if (!(name in inputs))
          throw new Error(`input ${name} is missing; the program takes ${this.inputNames.join(', ')}`)
        feeds[name] = toOrt(inputs[name])
      }
      for (const { name, feed } of this.state)
        if (this.session.inputNames.includes(feed)) feeds[feed] = this.current[name]
      const fetches: Record<string, OrtTensor | null> = {}
      for (const name of this.plain) fetches[name] = null
      for (const name of Object.keys(this.next)) fetches[AFTER + name] = this.next[name]
      const results = await this.session.run(feeds, fetches)
      const outputs: Record<string, Values> = {}
      for (const name of this.plain) outputs[name] = results[name].data as Values
      if (accept(outputs))
        for (const name of Object.keys(this.next)) {
          const after = results[AFTER + name]
          this.next[name] = this.current[name]
          this.current[name] = after
        }
      return outputs
    } finally {
      this.running = false
    }
  }

  /** The values of a state: the buffer itself, which may be changed between runs. */
  read(name: string): Float32Array {
    const tensor = this.current[name]
    if (!tensor) throw new Error(`no state ${name}; there is ${Object.keys(this.current).join(', ')}`)
    return tensor.data as Float32Array
  }

  /** Fills a state. */
  write(name: string, values: Float32Array) {
    const target = this.read(name)
    if (values.length !== target.length)
      throw new Error(`state ${name} has ${target.length} values, not ${values.length}`)
    target.set(values)
  }

  async close() {
    await this.session.release()
  }
}

export interface Feed {
  data: Values
  shape: readonly number[]
}

function toOrt({ data, shape }: Feed): OrtTensor {
  const size = shape.reduce((a, b) => a * b, 1)
  if (size !== data.length) throw new Error(`${data.length} values do not fill [${shape.join(', ')}]`)
  return new backend.Tensor(data as Float32Array, shape as number[])
}
