// What a model says, whatever its values are called and in whatever order its nodes stand.

import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  type ValueInfoProto,
} from '../../src/graph/generated/onnx_pb.ts'
import { claim, readModel } from './check-model.ts'

export interface Structure {
  inputs: string[]
  outputs: string[]
  nodes: string[]
}

/**
 * Every node as its operator, attributes, result types and what it is computed from, sorted; a number stands for a
 * description, and the same description is the same number.
 */
export function structureOf(bytes: Uint8Array, numbers: Map<string, number>): Structure {
  const { graph } = readModel(bytes)
  const types = new Map<string, string>()
  for (const info of [...graph!.input, ...graph!.output, ...graph!.valueInfo])
    types.set(info.name, typeOf(info))
  const values = new Map<string, number>()
  const name = (value: string, description: string) => {
    if (!numbers.has(description)) numbers.set(description, numbers.size)
    values.set(value, numbers.get(description)!)
  }
  for (const info of graph!.input) name(info.name, `input ${info.name} ${typeOf(info)}`)
  for (const one of graph!.initializer)
    name(one.name, `constant ${one.dataType} [${one.dims}] ${Buffer.from(one.rawData).toString('base64')}`)
  const nodes = graph!.node.map(node => {
    const attributes = node.attribute.map(attribute).sort().join(', ')
    const inputs = node.input.map(input => (input ? values.get(input) : '-'))
    const made = node.output.map(output => types.get(output))
    const description = `${node.domain}.${node.opType}(${inputs}) {${attributes}} -> ${made}`
    for (const [i, output] of node.output.entries()) name(output, `${description} #${i}`)
    return description
  })
  return {
    inputs: graph!.input.map(info => `${info.name} ${typeOf(info)}`),
    outputs: graph!.output.map(info => `${info.name} ${typeOf(info)} ${values.get(info.name)}`),
    nodes: nodes.sort(),
  }
}

function typeOf(info: ValueInfoProto): string {
  const { shape, type } = claim(info)
  return `${type}[${shape}]`
}

function attribute({ name, type, f, i, s, ints }: AttributeProto): string {
  const value = { [AttributeType.FLOAT]: f, [AttributeType.INT]: i, [AttributeType.INTS]: ints.join(' ') }
  return `${name}=${value[type as AttributeType.FLOAT] ?? Buffer.from(s).toString()}`
}
