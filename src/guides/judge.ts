// A judge: an ONNX model of one's own that looks at images, with a file that says how it wants to see them.

import { suggestion } from '../data/nearest.ts'
import {
  add,
  clip,
  concat,
  constant,
  div,
  flip,
  importModel,
  mul,
  showShape,
  sub,
  type Tensor,
  transpose,
} from '../graph/index.ts'
import { backend, type Opened, type RuntimeOptions } from '../runtime/index.ts'
import { parseJson } from './explain.ts'
import { type JudgeSpec, type JudgeSpecInput, parseJudgeSpec } from './judge-spec.ts'
import { resizeTensor } from './resample.ts'
import { batchFor, RowFunction } from './rows.ts'
import { grey } from './tasks/perceptual.ts'

/** Gives the bytes behind a name: a path, an address, a key, whatever the caller's files go by. */
export type ReadFile = (name: string) => Promise<Uint8Array>

/**
 * Opens a judge and tries it once.
 *
 * @param judge  the name of its JSON file, beside which its models are; or what such a file holds
 * @param readFile  how files are read; in Node `fileReader()`, in a page
 *   `async name => new Uint8Array(await (await fetch(name)).arrayBuffer())`
 * @throws one sentence that names the file and the field, where these and the model do not fit
 */
export async function openJudge(
  judge: string | JudgeSpecInput,
  readFile: ReadFile,
  runtime: RuntimeOptions = {},
): Promise<Judge> {
  const what = typeof judge === 'string' ? judge : 'the judge'
  const folder = typeof judge === 'string' ? judge.replace(/[^/\\]*$/, '') : ''
  const spec = parseJudgeSpec(
    typeof judge === 'string' ? parseJson(await readFile(judge), judge) : judge,
    what,
  )
  const beside: ReadFile = name => readFile(/^([/\\]|[a-z]+:)/i.test(name) ? name : folder + name)
  const model = await openModelFile(spec.model, 'model', what, beside, runtime)
  try {
    const ports = { ...portsOf(model, spec, what), name: what }
    const batch = ports.batch ?? batchFor(ports.length, 2 ** 22)
    const shape = await trial(model, ports, spec, what)
    return new Judge(what, spec, shape, model, ports, batch, beside, runtime)
  } catch (error) {
    await model.session.release()
    throw error
  }
}

/**
 * What `openJudge` gives: guides are made of it (judge-guides.ts). It can serve several guides; close it
 * after them.
 */
export class Judge {
  private readonly views = new Map<string, Promise<RowFunction>>()
  private queue: Promise<unknown> = Promise.resolve()
  private closed = false

  /** By `openJudge`. */
  constructor(
    /** How errors call it: the name of its file. */
    readonly name: string,
    readonly spec: JudgeSpec,
    /** The shape of its answer to one image: [classes], [D] or [C, H, W]. */
    readonly shape: readonly number[],
    private readonly model: Opened,
    private readonly ports: Ports,
    /** Images at a time. */
    readonly batch: number,
    /** Reads files beside the judge's own. */
    readonly readFile: ReadFile,
    readonly runtime: RuntimeOptions,
  ) {}

  /**
   * The model's answers to images [n, C, H, W] of any size in [−1, 1] (what lies outside is cut off), `batch`
   * at a time: `use` gets [count, …shape] for the images from `start` on.
   */
  async look(
    images: Float32Array,
    [channels, height, width]: readonly number[],
    use: (answers: Float32Array, start: number) => Promise<void>,
  ): Promise<void> {
    const look = this.queue.then(async () => {
      if (this.closed) throw new Error(`${this.name} is closed`)
      const view = await this.viewOf([channels, height, width])
      const length = channels * height * width
      const count = images.length / length
      for (let start = 0; start < count; start += this.batch) {
        const end = Math.min(count, start + this.batch)
        const { seen } = await view.run(images.subarray(start * length, end * length))
        await use(await this.ask(seen, end - start), start)
      }
    })
    this.queue = look.catch(() => undefined)
    return look
  }

  /** Its answers [n, …shape] as a function of symbolic images [n, C, H, W]: what gradients need. */
  async symbolic(): Promise<(images: Tensor) => Tensor> {
    const bytes = await this.readFile(this.spec.model)
    const { input, output } = this.ports
    return images => {
      const inputs = { [input]: asSeen(images, this.spec.input) }
      return importModel(bytes, { inputs, name: `${this.name}: ${this.spec.model}` }).outputs[output]
    }
  }

  /** Gives back what the engine holds. */
  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    await this.queue
    for (const view of this.views.values()) await (await view).close()
    await this.model.session.release()
  }

  /** Answers to `count` images in the model's own form. */
  private async ask(seen: Float32Array, count: number): Promise<Float32Array> {
    const { batch } = this.ports
    let data = seen
    if (batch && count < batch) {
      data = new Float32Array(batch * this.ports.length)
      data.set(seen)
    }
    const answer = await answerOf(this.model, this.ports, data, batch ?? count, this.name)
    return answer.data.subarray(0, (count * answer.data.length) / (batch ?? count))
  }

  private viewOf(shape: readonly number[]): Promise<RowFunction> {
    const key = showShape(shape)
    let view = this.views.get(key)
    if (!view) {
      const build = (images: Tensor) => ({ seen: asSeen(images, this.spec.input) })
      view = RowFunction.open({ shape, batch: this.batch, build }, this.runtime)
      this.views.set(key, view)
      view.catch(() => this.views.delete(key))
    }
    return view
  }
}

/**
 * Images [n, C, H, W] in [−1, 1] as a model wants them: resized (averages over areas down, bilinear up), grey
 * repeated or colours as luminance, in the model's order, scale and layout.
 */
export function asSeen(images: Tensor, input: JudgeSpec['input']): Tensor {
  const [height, width] = sidesOf(input.size)
  const { channels } = input
  let x = clip(images, -1, 1)
  if (channels === 1) x = grey(x)
  x = resizeTensor(x, height, width)
  if (channels === 3 && x.shape[1] === 1) x = concat([x, x, x], 1)
  else if (channels === 3 && input.order === 'BGR') x = flip(x, [1])
  const perChannel = (values: readonly number[]) => constant(Float32Array.from(values), [1, channels, 1, 1])
  if (input.range) {
    const [black, white] = input.range
    x = add(mul(x, (white - black) / 2), (white + black) / 2)
  } else {
    x = div(sub(add(mul(x, 0.5), 0.5), perChannel(input.mean!)), perChannel(input.std!))
  }
  return input.layout === 'NHWC' ? transpose(x, [0, 2, 3, 1]) : x
}

/** What of a model is used, and how. */
interface Ports {
  input: string
  output: string
  /** Of one image in the model's form. */
  shape: readonly number[]
  length: number
  /** The batch that the model insists on; null: any. */
  batch: number | null
}

function sidesOf(size: JudgeSpec['input']['size']): readonly [height: number, width: number] {
  return typeof size === 'number' ? [size, size] : size
}

/** The input and output of the model, after checking that they are what the file says. */
function portsOf({ session }: Opened, { model, input, output }: JudgeSpec, what: string): Ports {
  const inputs = session.inputMetadata
  const name = chosen(
    input.name,
    inputs.map(port => port.name),
    `${what}: input.name`,
    `inputs of ${model}`,
  )
  const others = inputs.filter(port => port.name !== name).map(port => port.name)
  if (others.length)
    throw new Error(
      `${what}: ${model} also wants ${others.join(', ')}; a judge's model takes images alone (of a model for images ` +
        'and texts, export the part for images)',
    )
  const outputName = chosen(output.name, session.outputNames, `${what}: output.name`, `outputs of ${model}`)
  const port = inputs[0]
  if (!port.isTensor || port.type !== 'float32')
    throw new Error(
      `${what}: the input ${name} of ${model} is ${port.isTensor ? port.type : 'no tensor'}; a judge takes float32`,
    )
  const [height, width] = sidesOf(input.size)
  const { channels, layout } = input
  const shape = layout === 'NCHW' ? [channels, height, width] : [height, width, channels]
  const fields = layout === 'NCHW' ? ['channels', 'size', 'size'] : ['size', 'size', 'channels']
  const declared = port.shape
  const wanted = `${what}: the input ${name} of ${model} is ${showDeclared(declared)}`
  if (declared.length !== 4) throw new Error(`${wanted}; a judge takes four dimensions, ${layout}`)
  shape.forEach((dim, i) => {
    const actual = declared[i + 1]
    if (typeof actual === 'number' && actual > 0 && actual !== dim)
      throw new Error(
        `${wanted}, which does not fit input.${fields[i]} ${JSON.stringify(input[fields[i] as 'size'])} and input.layout ${layout}`,
      )
  })
  const batch = typeof declared[0] === 'number' && declared[0] > 0 ? declared[0] : null
  return { input: name, output: outputName, shape, length: channels * height * width, batch }
}

/** The port of a name, or the only one there is. */
export function chosen(
  name: string | undefined,
  names: readonly string[],
  field: string,
  things: string,
): string {
  if (name === undefined && names.length === 1) return names[0]
  if (name === undefined) throw new Error(`${field} is missing; the ${things} are ${names.join(', ')}`)
  if (!names.includes(name)) throw new Error(`${field} is ${name}${suggestion(name, names)}`)
  return name
}

function showDeclared(shape: readonly (number | string)[]): string {
  return showShape(shape.map(dim => (dim === '' || dim === -1 ? '?' : dim)))
}

/** Runs the model once on grey, to learn the shape of an answer. */
async function trial(model: Opened, ports: Ports, spec: JudgeSpec, what: string): Promise<number[]> {
  const count = ports.batch ?? 2
  const { dims } = await answerOf(model, ports, new Float32Array(count * ports.length), count, what)
  const field = `${what}: the output ${ports.output} of ${spec.model} is ${showShape(dims)}`
  if (dims.length < 2 || dims[0] !== count)
    throw new Error(`${field} for ${count} images; a judge answers every image with a row`)
  const shape = dims.slice(1)
  const length = shape.reduce((a, b) => a * b, 1)
  const { read, classes } = spec.output
  if (read === 'features') return shape
  if (classes && classes.length !== length)
    throw new Error(`${field}, but output.classes names ${classes.length} classes`)
  if (spec.vector && spec.vector.length !== length)
    throw new Error(`${field}, but vector has ${spec.vector.length} numbers`)
  if (length < 2) throw new Error(`${field}; to be read as ${read} an answer needs more than one number`)
  return [length]
}

async function answerOf(
  { session, Tensor }: Opened,
  { input, output, shape }: Ports,
  data: Float32Array,
  count: number,
  what: string,
): Promise<{ data: Float32Array; dims: readonly number[] }> {
  const feeds = { [input]: new Tensor('float32', data, [count, ...shape]) }
  const results = await session.run(feeds, { [output]: null }).catch(error => {
    throw new Error(`${what}: the model failed: ${(error as Error).message}`, { cause: error })
  })
  const { type, data: values, dims } = results[output]
  if (type !== 'float32')
    throw new Error(`${what}: the output ${output} is ${type}; a judge answers in float32`)
  return { data: values as Float32Array, dims }
}

/** Reads and opens an ONNX file that a field of a judge's file names. */
export async function openModelFile(
  file: string,
  field: string,
  what: string,
  readFile: ReadFile,
  runtime: RuntimeOptions,
): Promise<Opened> {
  const fail = (error: unknown): never => {
    throw new Error(`${what}: ${field} is ${file}: ${(error as Error).message}`, { cause: error })
  }
  const bytes = await readFile(file).catch(fail)
  return backend.open(bytes, [], runtime).catch(fail)
}
