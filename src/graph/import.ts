// Reading an ONNX file as symbolic tensors: an imported network is a graph like any other, to be composed with
// others, differentiated and written again. What each operator becomes stands in import/.

import { product } from './dims.ts'
import { type FileInput, type OnnxFile, parseFile } from './import/file.ts'
import { Facts } from './import/known.ts'
import { checkInputs, OnnxNode } from './import/node.ts'
import { checkOperators, operatorOf } from './import/operators.ts'
import { type Dim, input, showShape, type Tensor } from './tensor.ts'

export interface ImportOptions {
  /** Tensors in the place of the file's inputs, by name. Its symbolic sizes become theirs. */
  inputs?: Readonly<Record<string, Tensor>>
  /** What error messages call the file; default: importModel. */
  name?: string
}

export interface ImportedModel {
  /** In the file's order: what was given, and an `input` for everything else that must be fed. */
  inputs: Record<string, Tensor>
  outputs: Record<string, Tensor>
  metadata: Record<string, string>
}

/**
 * The tensors of an ONNX model, its weights as constants, with gradients wherever the operators have one (see
 * `gradientGaps`). A classifier becomes a differentiable judge of generated images [N, C, H, W] by
 *   const { logits } = importModel(bytes, { inputs: { images } }).outputs
 *
 * Standard operator sets 7 to 25; older and newer forms become those of the set that `writeModel` writes. Half
 * precision is read as float32. Throws one sentence where the file is damaged, refers to other files, or uses what
 * cannot be read: then it names all such operators and attributes at once.
 */
export function importModel(
  bytes: Uint8Array,
  { inputs = {}, name = 'importModel' }: ImportOptions = {},
): ImportedModel {
  try {
    const file = parseFile(bytes)
    checkOperators(file)
    return build(file, inputs)
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`, { cause: error })
  }
}

function build(file: OnnxFile, given: Readonly<Record<string, Tensor>>): ImportedModel {
  const inputs = bindInputs(file, given)
  const values = new Map<string, Tensor>([...file.constants, ...Object.entries(inputs)])
  const facts = new Facts()
  const later = new Set(file.nodes.flatMap(node => node.outputs))
  for (const node of file.nodes) {
    const operator = operatorOf(node, file)!
    const arguments_ = node.inputs.map(name => {
      const x = name ? values.get(name) : null
      if (x === undefined)
        throw new Error(
          later.has(name)
            ? `${node.label} uses "${name}" before it is computed: the nodes are out of order, or in a circle`
            : `${node.label} uses "${name}", which nothing computes`,
        )
      return x
    })
    const outputs = within(node.label, () => {
      checkInputs(operator.inputs, arguments_)
      const known = operator.outputs ?? 1
      if (node.outputs.length === 0) throw new Error('it has no outputs')
      if (node.outputs.length > known)
        throw new Error(`it has ${node.outputs.length} outputs, at most ${known} are known`)
      const view = new OnnxNode(node, file.opsets.get(node.domain)!, arguments_, node.domain, facts)
      const made = operator.read(view)
      if ('node' in made) facts.learn(node.op, view, made)
      return 'node' in made ? [made] : made
    })
    node.outputs.forEach((name, i) => {
      if (!name) return
      if (values.has(name)) throw new Error(`${node.label} computes "${name}", which there is already`)
      values.set(name, outputs[i])
    })
  }
  const outputs = Object.fromEntries(
    file.outputs.map(name => {
      const y = values.get(name)
      if (!y) throw new Error(`nothing computes the output "${name}"`)
      return [name, y]
    }),
  )
  return { inputs, outputs, metadata: { ...file.metadata } }
}

/** Runs a reader; its errors tell the node. */
function within<T>(label: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new Error(`${label}: ${(error as Error).message}`, { cause: error })
  }
}

/** The file's inputs: the tensors given, and inputs for the others, in sizes that agree with theirs. */
function bindInputs(file: OnnxFile, given: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  const listed = [...file.inputs, ...file.defaults]
  for (const name of Object.keys(given))
    if (!listed.some(one => one.name === name))
      throw new Error(
        `there is no input "${name}"; the file has ${file.inputs.map(one => `"${one.name}"`).join(', ') || 'none'}`,
      )
  const sizes = new Map<string, Dim>()
  for (const one of listed) if (Object.hasOwn(given, one.name)) unify(one, given[one.name], sizes)
  const bound = new Map<string, Tensor>()
  for (const one of file.inputs) {
    if (bound.has(one.name)) throw new Error(`two inputs are named "${one.name}"`)
    const shape = one.shape.map(dim => substituted(dim, sizes))
    bound.set(one.name, Object.hasOwn(given, one.name) ? given[one.name] : input(one.name, shape, one.dtype))
  }
  for (const { name } of file.defaults) if (Object.hasOwn(given, name)) bound.set(name, given[name])
  return Object.fromEntries(bound)
}

/** Notes which sizes the names in an input's shape stand for, if a tensor takes its place. */
function unify({ name, shape, dtype }: FileInput, x: Tensor, sizes: Map<string, Dim>) {
  const misfit = (why: string) =>
    new Error(
      `the input "${name}" is ${dtype} ${showShape(shape)}, not ${x.dtype} ${showShape(x.shape)}${why}`,
    )
  if (x.dtype !== dtype || x.rank !== shape.length) throw misfit('')
  shape.forEach((dim, i) => {
    if (typeof dim === 'number' && dim !== x.shape[i]) throw misfit('')
    if (typeof dim === 'number' || dim.includes('*')) return
    const known = sizes.get(dim)
    if (known !== undefined && known !== x.shape[i]) throw misfit(`: ${dim} is ${known}`)
    sizes.set(dim, x.shape[i])
  })
}

/** A size of the file in terms of the tensors given. */
function substituted(dim: Dim, sizes: ReadonlyMap<string, Dim>): Dim {
  if (typeof dim === 'number') return dim
  const taken = new Set(sizes.values())
  return product(
    dim.split('*').map((part): Dim => {
      if (/^\d+$/.test(part)) return Number(part)
      let name = part
      // A name of the file that is none of the given tensors' must not be taken for one.
      while (!sizes.has(part) && taken.has(name)) name += '_'
      return sizes.get(part) ?? name
    }),
  )
}
