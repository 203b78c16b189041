// The ONNX operators that can be read, and what of a file cannot.

import { activations } from './activations.ts'
import { elementwise } from './elementwise.ts'
import type { FileAttribute, FileNode, OnnxFile } from './file.ts'
import { indices } from './indices.ts'
import { moves } from './moves.ts'
import { type Operator, supports } from './node.ts'
import { norms } from './norms.ts'
import { products } from './products.ts'
import { reductions } from './reductions.ts'
import { resizing } from './resize.ts'
import { slices } from './slices.ts'
import { windows } from './windows.ts'

/** By name, that of the standard's operators bare, of others behind their domain. */
const OPERATORS: ReadonlyMap<string, Operator | readonly Operator[]> = new Map(
  Object.entries<Operator | readonly Operator[]>({
    ...elementwise,
    ...activations,
    ...reductions,
    ...moves,
    ...slices,
    ...indices,
    ...products,
    ...windows,
    ...resizing,
    ...norms,
  }),
)

/** How a node's operator is called: `Conv`, `com.microsoft.Gelu`. */
export function fullName({ op, domain }: FileNode): string {
  return domain ? `${domain}.${op}` : op
}

/** The reader of a node's operator. */
export function operatorOf(node: FileNode, { opsets }: OnnxFile): Operator | undefined {
  const opset = opsets.get(node.domain)
  if (opset === undefined) return undefined
  return [OPERATORS.get(fullName(node)) ?? []]
    .flat()
    .find(({ since = 0, until = Number.POSITIVE_INFINITY }) => opset >= since && opset <= until)
}

/** Throws, naming everything at once, where nodes are of operators or have attributes that cannot be read. */
export function checkOperators(file: OnnxFile) {
  const operators = new Counter()
  const attributes = new Counter()
  for (const node of file.nodes) {
    const operator = operatorOf(node, file)
    if (!operator) {
      operators.add(`${fullName(node)} ${originOf(node, file)}`)
      continue
    }
    for (const [name, value] of Object.entries(node.attributes))
      if (!supports(own(operator.attributes, name), value))
        attributes.add(`${fullName(node)}: ${name} ${show(value)}`)
  }
  const faults = [
    operators.size && `the operators ${operators}`,
    attributes.size && `the attributes ${attributes}`,
  ].filter(Boolean)
  if (faults.length) throw new Error(`the file uses what cannot be read here: ${faults.join('; and ')}`)
}

/** Where an operator is defined. */
function originOf(node: FileNode, { opsets, functions }: OnnxFile): string {
  if (functions.has(fullName(node))) return 'defined in the file itself'
  const opset = opsets.get(node.domain)
  return opset === undefined ? 'of no operator set' : `of operator set ${opset}`
}

function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record && Object.hasOwn(record, name) ? record[name] : undefined
}

/** Counts texts and lists them. */
class Counter {
  private readonly counts = new Map<string, number>()

  get size(): number {
    return this.counts.size
  }

  add(text: string) {
    this.counts.set(text, (this.counts.get(text) ?? 0) + 1)
  }

  toString(): string {
    return [...this.counts].map(([text, n]) => `${text} (${n} ${n === 1 ? 'node' : 'nodes'})`).join(', ')
  }
}

function show(value: FileAttribute): string {
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') return `"${value}"`
  if ('float' in value) return String(value.float)
  if ('tensor' in value) return 'of tensor'
  if ('other' in value) return `of ${value.other}`
  const list = 'floats' in value ? value.floats : value
  return `[${list.slice(0, 8).join(', ')}${list.length > 8 ? ', …' : ''}]`
}
