// A slow, plain interpreter of graphs in float64, written from the ONNX operator specification
// (https://onnx.ai/onnx/operators/): the oracle against which graphs, gradients and ONNX Runtime are tested.

import type { Node, Tensor, Values } from '../../src/graph/index.ts'
import { elementwise } from './reference/elementwise.ts'
import { imported } from './reference/imported.ts'
import { products } from './reference/products.ts'
import { shapes } from './reference/shape.ts'
import { isWide, type Operator, type Value, volume } from './reference/value.ts'

export type { Value } from './reference/value.ts'

const OPERATORS: Record<string, Operator> = { ...elementwise, ...products, ...shapes, ...imported }

/** The operators that the interpreter knows. */
export const operators: ReadonlySet<string> = new Set(Object.keys(OPERATORS))

/** Evaluates tensors, again and again for other inputs. */
export class Reference {
  private readonly order: Node[]
  private readonly constants = new Map<Node, Value[]>()

  constructor(private readonly outputs: readonly Tensor[]) {
    this.order = inOrder(outputs.map(x => behind(x).node))
    for (const node of this.order)
      if (node.op === 'Constant') {
        const [out] = node.outputs
        this.constants.set(node, [fromValues(node.values!, out.shape as number[], out.dtype)])
      }
  }

  /** The operators of the graph. */
  get ops(): Set<string> {
    return new Set(this.order.map(node => node.op))
  }

  /** The outputs' values for inputs given by name. Values must have the shapes and types that tensors claim. */
  run(inputs: Readonly<Record<string, Value>>): Value[] {
    const known = new Map<Node, Value[]>(this.constants)
    const symbols = new Map<string, number>()
    for (const node of this.order) {
      if (known.has(node)) continue
      const values = node.op === 'Input' ? [inputs[node.name!]] : this.apply(node, known)
      node.outputs.forEach((out, i) => {
        check(out, values[i], symbols)
      })
      known.set(node, values)
    }
    return this.outputs.map(x => look(x, known))
  }

  private apply(node: Node, known: ReadonlyMap<Node, Value[]>): Value[] {
    const operator = OPERATORS[node.op]
    if (!operator) throw new Error(`reference: the operator ${node.op} is not known`)
    const inputs = node.inputs.map(x => (x ? look(x, known) : undefined)) as Value[]
    return operator(inputs, node.attributes)
  }
}

/** The values of tensors for inputs given by name. */
export function evaluate(outputs: readonly Tensor[], inputs: Readonly<Record<string, Value>>): Value[] {
  return new Reference(outputs).run(inputs)
}

export function fromValues(values: Values, shape: readonly number[], dtype: Value['dtype']): Value {
  const data = Array.from(values as ArrayLike<number>)
  if (data.length !== volume(shape)) throw new Error(`reference: ${data.length} values for [${shape}]`)
  return { shape, dtype, data: isWide(dtype) ? data.map(BigInt) : data }
}

/** What an alias (`customGradient`, `stopGradient`) stands for. */
function behind(x: Tensor): Tensor {
  let tensor = x
  while (tensor.node.op === 'Alias') tensor = tensor.node.target!
  return tensor
}

function look(x: Tensor, known: ReadonlyMap<Node, Value[]>): Value {
  const tensor = behind(x)
  return known.get(tensor.node)![tensor.index]
}

/** A tensor's shape and type are promises to whatever is built upon it. */
function check(tensor: Tensor, value: Value | undefined, symbols: Map<string, number>) {
  if (!value) throw new Error(`reference: ${tensor} has no value`)
  const fits =
    value.dtype === tensor.dtype &&
    value.shape.length === tensor.rank &&
    value.data.length === volume(value.shape) &&
    tensor.shape.every((dim, i) => {
      if (typeof dim === 'number') return dim === value.shape[i]
      if (!symbols.has(dim)) symbols.set(dim, value.shape[i])
      return symbols.get(dim) === value.shape[i]
    })
  if (!fits) throw new Error(`reference: ${tensor} has the value ${value.dtype} [${value.shape}]`)
}

/** The nodes that the roots need, inputs first. */
function inOrder(roots: readonly Node[]): Node[] {
  const order: Node[] = []
  const seen = new Set<Node>()
  const stack = roots.map(node => ({ node, entered: false })).reverse()
  while (stack.length) {
    const { node, entered } = stack.pop()!
    if (entered) order.push(node)
    else if (!seen.has(node)) {
      seen.add(node)
      stack.push({ node, entered: true })
      for (const x of node.inputs) if (x) stack.push({ node: behind(x).node, entered: false })
    }
  }
  return order
}
