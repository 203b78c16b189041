// What a feature network sees in images: the values of one tensor inside any ONNX model, a row for every image.
// Distances between sets of images (frechet.ts, precision-recall.ts) are measured among such rows.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { type Images, toFloat } from '../data/dataset.ts'
import { nearestName } from '../data/nearest.ts'
import { findModel } from '../data/shipped.ts'
import {
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  ValueInfoProtoSchema,
} from '../graph/generated/onnx_pb.ts'
import { parseJson } from '../guides/explain.ts'
import { chosen, type Judge, openJudge, type ReadFile } from '../guides/judge.ts'
import { fileReader } from '../guides/judge-files.ts'
import { type JudgeSpec, parseJudgeSpec } from '../guides/judge-spec.ts'
import type { RuntimeOptions } from '../runtime/index.ts'

export interface FeatureOptions {
  /**
   * The tensor to read, by its name in the ONNX file. Default: where the output is scores of classes, what the last
   * linear layer before them takes in; where it is an embedding or features, the output itself.
   */
  tensor?: string
  /** How files are read; default: from the file system, or from the models that come with the package. */
  readFile?: ReadFile
  runtime?: RuntimeOptions
}

/**
 * Opens a feature network from the JSON file of a judge, which says how the model wants to see images: by its path, or
 * by the name of one that comes with the package, such as `classifier.json`.
 *
 * @throws where there is no such tensor, with those of similar names; where it is not float32 with a row for every
 *   image; and where file and model do not fit
 */
export async function openFeatures(
  file: string,
  { tensor, readFile, runtime }: FeatureOptions = {},
): Promise<FeatureNetwork> {
  const [path, read] = readFile ? [file, readFile] : [await findModel(file), fileReader()]
  const spec = parseJudgeSpec(parseJson(await read(path), path), path)
  const folder = path.replace(/[^/\\]*$/, '')
  const model = /^([/\\]|[a-z]+:)/i.test(spec.model) ? spec.model : folder + spec.model
  const cut = cutModel(await read(model), spec, { tensor, what: `${path}: ${spec.model}` })
  // The same judge, but for its output: what judges check, and how they show images to a model, serves here too.
  const { text: _, vector: __, ...rest } = spec
  const asked = { ...rest, output: { name: cut.tensor, read: 'features' } }
  const files: ReadFile = async name =>
    name === path ? new TextEncoder().encode(JSON.stringify(asked)) : cut.bytes
  return new FeatureNetwork(await openJudge(path, files, runtime), cut.tensor)
}

/** What `openFeatures` gives. Close it after use. */
export class FeatureNetwork {
  /** D: values of the tensor for one image; one of more dimensions is read in its order, flat. */
  readonly dimension: number

  constructor(
    private readonly judge: Judge,
    /** The tensor that is read. */
    readonly tensor: string,
  ) {
    this.dimension = judge.shape.reduce((a, b) => a * b, 1)
  }

  /**
   * Features [N, D] of images [N, C, H, W] in [−1, 1] of any size; what lies outside is cut off. The network sees a fixed
   * number at a time, the last ones filled up, so that an image's features depend on nothing but the image.
   */
  async of(images: Float32Array, shape: readonly [C: number, H: number, W: number]): Promise<Float32Array> {
    const length = shape.reduce((a, b) => a * b, 1)
    const count = images.length / length
    if (!Number.isInteger(count) || count === 0)
      throw new Error(
        `images: ${images.length} values are no whole number of images of ${shape.join('×')}; give at least one`,
      )
    const bad = images.findIndex(value => !Number.isFinite(value))
    if (bad >= 0) throw new Error(`images: value ${bad} is ${images[bad]}; pixels are numbers in [−1, 1]`)
    const features = new Float32Array(count * this.dimension)
    const { batch } = this.judge
    for (let from = 0; from < count; from += batch) {
      const to = Math.min(count, from + batch)
      const seen = new Float32Array(batch * length)
      seen.set(images.subarray(from * length, to * length))
      await this.judge.look(seen, shape, async answers => {
        features.set(answers.subarray(0, (to - from) * this.dimension), from * this.dimension)
      })
    }
    return features
  }

  /** Features [N, D] of images of a data set (default: all of them), few of which are in memory as numbers at once. */
  async ofData(images: Images, indices?: ArrayLike<number>): Promise<Float32Array> {
    const wanted = indices ?? Int32Array.from({ length: images.count }, (_, i) => i)
    const features = new Float32Array(wanted.length * this.dimension)
    const at = 8 * this.judge.batch
    for (let from = 0; from < wanted.length; from += at) {
      const some = Array.from({ length: Math.min(at, wanted.length - from) }, (_, i) => wanted[from + i])
      const rows = await this.of(toFloat(images, some), [images.channels, images.size, images.size])
      features.set(rows, from * this.dimension)
    }
    return features
  }

  close(): Promise<void> {
    return this.judge.close()
  }
}

/** The model with a tensor in the place of its outputs. The engine leaves out what that does not need. */
function cutModel(
  bytes: Uint8Array,
  spec: JudgeSpec,
  { tensor, what }: { tensor?: string; what: string },
): { bytes: Uint8Array; tensor: string } {
  const proto = decode(bytes, what)
  const { graph } = proto
  const outputs = graph.output.map(({ name }) => name)
  const output = chosen(spec.output.name, outputs, `${what}: output.name`, 'outputs')
  const name = tensor ?? defaultTensor(graph, output, spec, what)
  const names = graph.node.flatMap(node => node.output).filter(name => name !== '')
  if (!names.includes(name)) throw new Error(`${what} has no tensor ${name}; ${similar(name, names)}`)
  const typed = [...graph.output, ...graph.valueInfo].find(info => info.name === name)
  graph.output = [typed ?? create(ValueInfoProtoSchema, { name })]
  return { bytes: toBinary(ModelProtoSchema, proto), tensor: name }
}

function decode(bytes: Uint8Array, what: string): ModelProto & { graph: GraphProto } {
  let proto: ModelProto
  try {
    proto = fromBinary(ModelProtoSchema, bytes)
  } catch (cause) {
    throw new Error(`${what} is no ONNX model, or only a part of one`, { cause })
  }
  const { graph } = proto
  if (!graph) throw new Error(`${what} is no ONNX model: it holds no graph`)
  return Object.assign(proto, { graph })
}

function defaultTensor(graph: GraphProto, output: string, { output: { read } }: JudgeSpec, what: string) {
  if (read === 'features' || read === 'cosine') return output
  const before = lastLinearInput(graph, output)
  if (before === null)
    throw new Error(
      `${what} has no linear layer before ${output}; name the tensor to read, such as ${lastNames(graph.node, output)}`,
    )
  return before
}

const LINEAR: readonly string[] = ['Gemm', 'MatMul', 'FusedMatMul']

/**
 * What the last product with weights takes in, of those that lead to a tensor; null where there is none. One of an
 * image with itself, as in attention, is none, for there neither factor is weights.
 */
function lastLinearInput({ node, input, initializer }: GraphProto, to: string): string | null {
  const constants = new Set(initializer.map(({ name }) => name))
  const moving = new Set(input.map(({ name }) => name).filter(name => !constants.has(name)))
  for (const one of node)
    if (one.input.some(name => moving.has(name))) for (const name of one.output) moving.add(name)
  const leading = new Set([to])
  // Files list nodes in the order of computation: from the end, what leads on is known when a node is met.
  for (const one of [...node].reverse()) {
    if (!one.output.some(name => leading.has(name))) continue
    const factors = one.input.slice(0, 2).filter(name => moving.has(name))
    if (LINEAR.includes(one.opType) && factors.length === 1 && moving.has(one.output[0])) return factors[0]
    for (const name of one.input) leading.add(name)
  }
  return null
}

/** The names of the last few tensors before the output. */
function lastNames(nodes: readonly NodeProto[], output: string): string {
  const names = nodes.flatMap(node => node.output).filter(name => name !== '' && name !== output)
  return names.slice(-4).reverse().join(', ') || 'none: it has no other'
}

/** At most so many names that may have been meant; a file has hundreds. */
const NEAR = 6

function similar(word: string, names: readonly string[]): string {
  const near = names.filter(name => name.toLowerCase().includes(word.toLowerCase())).slice(0, NEAR)
  while (near.length < NEAR) {
    const next = nearestName(
      word,
      names.filter(name => !near.includes(name)),
    )
    if (next === null) break
    near.push(next)
  }
  if (near.length) return `near it are ${near.join(', ')}`
  return `the last of its ${names.length} are ${names.slice(-NEAR).join(', ')}`
}
