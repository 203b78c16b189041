// Reverse-mode differentiation: the gradients of a scalar, as more graph.

import { add } from './elementwise.ts'
import { zerosLike } from './shape.ts'
import { type Node, sameShape, scalar, showShape, type Tensor } from './tensor.ts'

/**
 * ∂y/∂x for every x in `wrt`, in their shapes; y is a scalar. What y does not depend on gets zeros.
 * Nodes that no x reaches are not differentiated. Throws where an operator on the way has no gradient, and names
 * all of them.
 */
export function gradients(y: Tensor, wrt: readonly Tensor[]): Tensor[] {
  const { grads, gaps } = backward(y, wrt)
  if (gaps.size) {
    const names = [...gaps].map(([op, count]) => (count > 1 ? `${op} (${count} nodes)` : op))
    const has = gaps.size > 1 || names[0].endsWith(')') ? 'have' : 'has'
    throw new Error(`gradients: ${inWords(names)} ${has} no gradient; use stopGradient where none is meant`)
  }
  return wrt.map(x => grads.get(x) ?? zerosLike(x))
}

/**
 * The operators without a gradient that a gradient of y would have to pass on its way to `wrt`, with how many nodes
 * of each: empty where `gradients` succeeds. Behind such a node the search goes on in all its float inputs.
 */
export function gradientGaps(y: Tensor, wrt: readonly Tensor[]): Map<string, number> {
  return backward(y, wrt).gaps
}

/** "a", "a and b", "a, b and c". */
function inWords(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`
}

function backward(y: Tensor, wrt: readonly Tensor[]) {
  if (y.rank !== 0) throw new Error(`gradients: y is ${showShape(y.shape)}, not a scalar; reduce it first`)
  const targets = new Set(wrt.map(x => x.node))
  const order = dependents(y.node, targets)
  const grads = new Map<Tensor, Tensor>([[y, scalar(1, y.dtype)]])
  const gaps = new Map<string, number>()
  for (const node of order.reverse()) {
    const outs = node.outputs.map(out => grads.get(out) ?? null)
    if (outs.every(g => g === null)) continue
    if (!node.vjp) {
      const name = node.domain ? `${node.domain}.${node.op}` : node.op
      gaps.set(name, (gaps.get(name) ?? 0) + 1)
    }
    const parts = node.vjp
      ? node.vjp(outs)
      : node.inputs.map(x => x?.dtype.startsWith('float') && zerosLike(x))
    node.inputs.forEach((x, i) => {
      const part = parts[i]
      if (!x || !part) return
      if (!sameShape(part.shape, x.shape))
        throw new Error(
          `gradients: ${node.op} gave ${showShape(part.shape)} for input ${i} of ${showShape(x.shape)}`,
        )
      const before = grads.get(x)
      grads.set(x, before ? add(before, part) : part)
    })
  }
  return { grads, gaps }
}

/**
 * The nodes between the targets and `root` that a target reaches, inputs before users. What depends on a tensor
 * only through its sizes does not depend on its values.
 */
function dependents(root: Node, targets: ReadonlySet<Node>): Node[] {
  const reaches = new Map<Node, boolean>()
  const order: Node[] = []
  const stack: { node: Node; next: number }[] = [{ node: root, next: 0 }]
  while (stack.length) {
    const top = stack[stack.length - 1]
    const below = top.next < top.node.inputs.length ? top.node.inputs[top.next++]?.node : undefined
    if (below) {
      if (!reaches.has(below)) {
        reaches.set(below, false)
        stack.push({ node: below, next: 0 })
      }
    } else if (top.next >= top.node.inputs.length) {
      stack.pop()
      const sizes = top.node.op === 'Shape' || top.node.op === 'Size'
      const reached = !sizes && top.node.inputs.some(x => x && reaches.get(x.node))
      reaches.set(top.node, reached || targets.has(top.node))
      if (reached) order.push(top.node)
    }
  }
  return order
}
