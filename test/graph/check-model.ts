// Checks a written model in the sense of ONNX's own checker, and more strictly: it throws at the first fault.

import { fromBinary } from '@bufbuild/protobuf'
import {
  AttributeProto_AttributeType as AttributeType,
  type ModelProto,
  ModelProtoSchema,
  type ValueInfoProto,
} from '../../src/graph/generated/onnx_pb.ts'

/** Bytes of one element by TensorProto.DataType. */
const BYTES: Record<number, number> = { 1: 4, 2: 1, 6: 4, 7: 8, 9: 1, 11: 8, 13: 8 }

export function readModel(bytes: Uint8Array): ModelProto {
  return fromBinary(ModelProtoSchema, bytes)
}

/** The shape and type that a model claims for a value; sizes are numbers or names. */
export function claim(info: ValueInfoProto): { shape: (number | string)[]; type: number } {
  const tensor = info.type?.value
  if (tensor?.case !== 'tensorType') throw new Error(`${info.name} is no tensor`)
  const { elemType, shape } = tensor.value
  if (!shape || !(elemType in BYTES)) throw new Error(`${info.name} has no shape or type`)
  const dims = shape.dim.map(({ value }) => {
    if (value.case === 'dimValue' && value.value >= 0n) return Number(value.value)
    if (value.case === 'dimParam' && value.value) return value.value
    throw new Error(`${info.name} has an unknown dimension`)
  })
  return { shape: dims, type: elemType }
}

export function checkModel(bytes: Uint8Array): ModelProto {
  const model = readModel(bytes)
  const graph = model.graph!
  const fail = (what: string) => {
    throw new Error(`invalid model: ${what}`)
  }
  const domains = model.opsetImport.map(({ domain }) => domain)
  if (new Set(domains).size !== domains.length) fail('an operator set is imported twice')
  const main = model.opsetImport.find(({ domain }) => domain === '')
  if (!main || main.version < 18n) fail(`operator set ${main?.version}`)
  if (model.irVersion < 8n) fail(`IR version ${model.irVersion}`)

  const defined = new Set<string>()
  const define = (name: string) => {
    if (!name) fail('a value without a name')
    if (defined.has(name)) fail(`${name} is defined twice`)
    defined.add(name)
  }
  for (const info of graph.input) {
    claim(info)
    define(info.name)
  }
  for (const { name, dims, dataType, rawData } of graph.initializer) {
    define(name)
    const size = dims.reduce((a, b) => a * Number(b), 1)
    if (rawData.length !== size * BYTES[dataType]) fail(`${name} has ${rawData.length} bytes for [${dims}]`)
  }
  const leaves = new Set(defined)
  const used = new Set(graph.output.map(({ name }) => name))
  const nodeNames = new Set<string>()
  for (const node of graph.node) {
    if (!node.name || nodeNames.has(node.name)) fail(`a node's name ${node.name} is empty or not unique`)
    nodeNames.add(node.name)
    if (!domains.includes(node.domain)) fail(`${node.name} is of ${node.domain}, which is not imported`)
    for (const name of node.input) {
      if (name && !defined.has(name)) fail(`${node.name} uses ${name} before it is defined`)
      used.add(name)
    }
    for (const name of node.output) define(name)
    const attributes = new Set<string>()
    for (const { name, type, floats, ints } of node.attribute) {
      if (attributes.has(name)) fail(`${node.name} has ${name} twice`)
      attributes.add(name)
      if (type === AttributeType.UNDEFINED) fail(`${node.name}: ${name} has no type`)
      if (type !== AttributeType.INTS && ints.length) fail(`${node.name}: ${name} has stray integers`)
      if (type !== AttributeType.FLOATS && floats.length) fail(`${node.name}: ${name} has stray floats`)
    }
  }
  for (const node of graph.node)
    if (!node.output.some(name => used.has(name))) fail(`nothing uses ${node.name}`)

  const outputs = new Set<string>()
  for (const info of graph.output) {
    claim(info)
    if (outputs.has(info.name)) fail(`the output ${info.name} is listed twice`)
    outputs.add(info.name)
    if (!defined.has(info.name)) fail(`nothing computes the output ${info.name}`)
  }
  const described = new Set<string>()
  for (const info of graph.valueInfo) {
    claim(info)
    if (described.has(info.name) || outputs.has(info.name)) fail(`${info.name} is described twice`)
    if (!defined.has(info.name) || leaves.has(info.name)) fail(`${info.name} is described but not computed`)
    described.add(info.name)
  }
  for (const name of defined)
    if (!leaves.has(name) && !outputs.has(name) && !described.has(name)) fail(`${name} has no value_info`)
  return model
}
