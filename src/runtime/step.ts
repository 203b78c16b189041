// A graph, opened and ready to run: inputs in, outputs out, state kept between runs.

import { backend } from '#backend'
import { type ModelOptions, sizeOf, type Tensor, type Values, writeModel } from '../graph/index.ts'
import { type Device, explain, type Opened, type RuntimeOptions, type Session } from './backend.ts'
import { type Feed, toTensors } from './feeds.ts'
import type { StateSlot } from './state.ts'

/** A value that a program keeps: what it is called, and what it becomes. */
export interface State {
  /** The value before the step: a float32 `input` of the graph, of known shape. */
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
    if (before.node.op !== 'Input' || before.dtype !== 'float32')
      throw new Error(`state ${name}: ${before} is not an input of type float32`)
    if (!after) continue
    if (String(after.shape) !== String(before.shape) || after.dtype !== before.dtype)
      throw new Error(`state ${name}: ${before} becomes ${after.dtype} [${after.shape}]`)
    outputs[AFTER + name] = after
  }
  return writeModel(outputs, { ...program.model, inputs })
}

/** Opens a program; its state starts at zero until `write` fills it. */
export async function compile(program: Program, options: RuntimeOptions = {}): Promise<Step> {
  const model = writeProgram(program)
  const state = Object.entries(program.state ?? {}).map(([name, { before, after }]) => ({
    name,
    feed: before.node.name!,
    fetch: after && AFTER + name,
    size: sizeOf(before.shape),
    dims: before.shape as number[],
  }))
  return new Step(await backend.open(model, state, options), state)
}

/** Opens an ONNX model without state. */
export async function openModel(model: Uint8Array, options: RuntimeOptions = {}): Promise<Step> {
  return new Step(await backend.open(model, [], options), [])
}

/** A program on a device. One run at a time; what is kept between runs is its state, read and written by name. */
export class Step {
  /** Where it computes: the wish of the options, or what took its place. */
  readonly device: Device
  readonly threads: number
  /** The engine and its version, `onnxruntime-node 1.30.0`. */
  readonly engine: string
  readonly inputNames: readonly string[]
  readonly outputNames: readonly string[]
  readonly stateNames: readonly string[]
  private readonly inputs: Session['inputMetadata']
  private readonly slots: ReadonlyMap<string, StateSlot>
  private doing: 'nothing' | 'running' | 'closed' = 'nothing'

  constructor(
    private readonly opened: Opened,
    state: readonly StateSlot[],
  ) {
    this.device = opened.device
    this.threads = opened.threads
    this.engine = opened.engine
    this.slots = new Map(state.map(slot => [slot.name, slot]))
    const fed = new Set(state.map(slot => slot.feed))
    const kept = new Set(state.map(slot => slot.fetch))
    this.inputs = opened.session.inputMetadata.filter(port => !fed.has(port.name))
    this.inputNames = this.inputs.map(port => port.name)
    this.outputNames = opened.session.outputNames.filter(name => !kept.has(name))
    this.stateNames = [...this.slots.keys()]
  }

  /**
   * One run. Inputs are typed arrays with their shapes; outputs come back as typed arrays. The state moves on
   * only if `accept` (default: always) says so of the outputs: a step that went wrong leaves no trace.
   */
  async run(
    inputs: Readonly<Record<string, Feed>>,
    accept: (outputs: Record<string, Values>) => boolean = () => true,
  ): Promise<Record<string, Values>> {
    this.checkIdle('run')
    const { session, state, Tensor } = this.opened
    const feeds = { ...toTensors(inputs, this.inputs, Tensor), ...state.feeds() }
    const fetches = { ...Object.fromEntries(this.outputNames.map(name => [name, null])), ...state.fetches() }
    this.doing = 'running'
    try {
      const results = await session.run(feeds, fetches).catch(error => {
        throw explain('the step failed', error)
      })
      const outputs: Record<string, Values> = {}
      for (const name of this.outputNames) outputs[name] = results[name].data as Values
      if (accept(outputs)) state.accept(results)
      return outputs
    } finally {
      this.doing = 'nothing'
    }
  }

  /**
   * The values of a state. Later steps leave the array as it is; change it only in order to `write` it back, for
   * it may be the state itself or a download from a GPU. During a run these are the values before it.
   */
  async read(name: string): Promise<Float32Array> {
    const slot = this.slot(name)
    if (this.doing === 'closed') throw new Error('this step is closed; its state is gone')
    return this.opened.state.read(slot)
  }

  /** Fills a state, or `values.length` of its values from `offset` on. The values are copied. */
  async write(name: string, values: Float32Array, offset?: number): Promise<void> {
    const slot = this.slot(name)
    this.checkIdle('write')
    if (offset === undefined && values.length !== slot.size)
      throw new Error(`state ${name} has ${slot.size} values, not ${values.length}`)
    if (
      offset !== undefined &&
      !(Number.isInteger(offset) && offset >= 0 && offset + values.length <= slot.size)
    )
      throw new Error(`state ${name} has ${slot.size} values: ${values.length} do not fit at ${offset}`)
    this.opened.state.write(slot, values, offset ?? 0)
  }

  /** Gives back what the engine holds. */
  async close(): Promise<void> {
    if (this.doing === 'closed') return
    this.checkIdle('close')
    this.doing = 'closed'
    this.opened.state.release()
    await this.opened.session.release()
  }

  private slot(name: string): StateSlot {
    const slot = this.slots.get(name)
    if (!slot) throw new Error(`no state ${name}; there is ${this.stateNames.join(', ') || 'none'}`)
    return slot
  }

  private checkIdle(to: string) {
    if (this.doing === 'running')
      throw new Error(`cannot ${to}: this step is running; wait for it, or compile it twice`)
    if (this.doing === 'closed') throw new Error(`cannot ${to}: this step is closed`)
  }
}
