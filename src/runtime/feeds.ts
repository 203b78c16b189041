// Inputs of a run: checked against what the model declares, and handed to the engine in the declared type.

import type { Tensor as OrtTensor } from 'onnxruntime-web'
import { type DType, dtypeOf, showShape, type Values } from '../graph/index.ts'
import type { Session, Tensors } from './backend.ts'

export interface Feed {
  data: Values
  shape: readonly number[]
}

/** Tensors for the named inputs; throws where one is missing, unknown, or not of the declared type and shape. */
export function toTensors(
  inputs: Readonly<Record<string, Feed>>,
  declared: Session['inputMetadata'],
  Tensor: typeof OrtTensor,
): Tensors {
  const names = declared.map(port => port.name)
  const list = names.length ? `it takes ${names.join(', ')}` : 'it takes none'
  for (const name of Object.keys(inputs))
    if (!names.includes(name)) throw new Error(`the program has no input ${name}; ${list}`)
  const tensors: Tensors = {}
  const sizes = new Map<string, { size: number; name: string }>()
  for (const port of declared) {
    const { name } = port
    if (!inputs[name]) throw new Error(`input ${name} is missing; the program has no value for it: ${list}`)
    if (!port.isTensor) throw new Error(`input ${name} is not a tensor`)
    const { data, shape } = inputs[name]
    const wanted = `${port.type} ${showShape(port.shape)}`
    if (sizeOf(shape) !== data.length)
      throw new Error(`input ${name}: ${data.length} values do not fill ${showShape(shape)}`)
    if (!carries(data, port.type) || !fits(shape, port.shape))
      throw new Error(`input ${name}: ${wanted} is wanted, not ${dtypeOf(data)} ${showShape(shape)}`)
    port.shape.forEach((dim, i) => {
      if (typeof dim === 'number' || !dim) return
      const known = sizes.get(dim) ?? { size: shape[i], name }
      if (known.size !== shape[i])
        throw new Error(
          `input ${name}: ${dim} is ${shape[i]} in ${showShape(shape)}, but ${known.size} in input ${known.name}`,
        )
      sizes.set(dim, known)
    })
    tensors[name] = new Tensor(port.type as 'float32', data as Float32Array, shape)
  }
  return tensors
}

/** Bytes stand for truth values too; the other types have arrays of their own. */
function carries(data: Values, type: string): boolean {
  const dtype: DType = dtypeOf(data)
  return dtype === type || (dtype === 'uint8' && type === 'bool')
}

function fits(shape: readonly number[], declared: readonly (number | string)[]): boolean {
  return (
    shape.length === declared.length &&
    declared.every((dim, i) => typeof dim === 'string' || dim === shape[i])
  )
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1)
}
