// Reverse-mode differentiation: the gradients of a scalar, as more graph.

import { add } from './elementwise.ts'
import { zerosLike } from './shape.ts'
import { type Node, sameShape, scalar, showShape, type Tensor } from './tensor.ts'

/**
 * ∂y/∂x for every x in `wrt`, in their shapes; y is a scalar. What y does not depend on gets zeros.
 * Nodes that no x reaches are not differentiated.
 */
export function gradients(y: Tensor, wrt: readonly Tensor[]): Tensor[] {
  if (y.rank !== 0) throw new Error(`gradients: y is ${showShape(y.shape)}, not a scalar; reduce it first`)
  const targets = new Set(wrt.map(x => x.node))
  const order = dependents(y.node, targets)
  const grads = new Map<Tensor, Tensor>([[y, scalar(1, y.dtype)]])
  for (const node of order.reverse()) {
    const outs = node.outputs.map(out => grads.get(out) ?? null)
    if (outs.every(g => g === null)) continue
    if (!node.vjp)
      throw new Error(`gradients: ${node.op} has no gradient; use stopGradient where none is meant`)
    const parts = node.vjp(outs)
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
  return wrt.map(x => grads.get(x) ?? zerosLike(x))
}

/** The nodes between the targets and `root` that a target reaches, inputs before users. */
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
      const reached = top.node.inputs.some(x => x && reaches.get(x.node))
      reaches.set(top.node, reached || targets.has(top.node))
      if (reached) order.push(top.node)
    }
  }
  return order
}
