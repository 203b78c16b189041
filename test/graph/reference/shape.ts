// Operators that move values, by the ONNX specification.

import { alongAxis } from './elementwise.ts'
import {
  at,
  broadcast,
  broadcastAt,
  each,
  fromEnd,
  int,
  integers,
  ints,
  type Operator,
  offset,
  tabulate,
  text,
  type Value,
  volume,
} from './value.ts'

/** The element at an index, of whatever type. */
const pickAt = (value: Value, index: readonly number[]) => value.data[offset(value.shape, index)]

const reshape: Operator = ([x, to], attributes) => {
  // 0 copies the input's size unless allowzero; one −1 takes what is left.
  const keep = !int(attributes, 'allowzero', 0)
  const shape = integers(to).map((dim, i) => (dim === 0 && keep ? x.shape[i] : dim))
  const hole = shape.indexOf(-1)
  if (hole >= 0) shape[hole] = volume(x.shape) / -volume(shape)
  if (volume(shape) !== volume(x.shape)) throw new Error(`reference: Reshape [${x.shape}] to [${shape}]`)
  return [{ ...x, shape }]
}

const transpose: Operator = ([x], attributes) => {
  const perm = ints(attributes, 'perm', [...x.shape.keys()].reverse())
  return [
    tabulate(
      perm.map(axis => x.shape[axis]),
      x.dtype,
      index => {
        const source: number[] = []
        perm.forEach((axis, i) => {
          source[axis] = index[i]
        })
        return pickAt(x, source)
      },
    ),
  ]
}

const concat: Operator = (inputs, attributes) => {
  const axis = fromEnd(int(attributes, 'axis', 0), inputs[0].shape.length)
  const total = inputs.reduce((sum, x) => sum + x.shape[axis], 0)
  const shape = inputs[0].shape.map((dim, i) => (i === axis ? total : dim))
  return [
    tabulate(shape, inputs[0].dtype, index => {
      const source = [...index]
      let part = 0
      while (source[axis] >= inputs[part].shape[axis]) source[axis] -= inputs[part++].shape[axis]
      return pickAt(inputs[part], source)
    }),
  ]
}

const split: Operator = ([x, sizes], attributes) => {
  const axis = fromEnd(int(attributes, 'axis', 0), x.shape.length)
  let start = 0
  return integers(sizes).map(size => {
    const from = start
    start += size
    return tabulate(
      x.shape.map((dim, i) => (i === axis ? size : dim)),
      x.dtype,
      index =>
        pickAt(
          x,
          index.map((i, a) => (a === axis ? i + from : i)),
        ),
    )
  })
}

const slice: Operator = ([x, starts, ends, axes, steps]) => {
  const first = x.shape.map(() => 0)
  const step = x.shape.map(() => 1)
  const shape = [...x.shape]
  const over = axes ? integers(axes) : [...integers(starts).keys()]
  over.forEach((given, i) => {
    const axis = fromEnd(given, x.shape.length)
    const size = x.shape[axis]
    const clamp = (value: number, low: number, high: number) =>
      Math.min(Math.max(value < 0 ? value + size : value, low), high)
    step[axis] = steps ? integers(steps)[i] : 1
    const back = step[axis] < 0
    first[axis] = clamp(integers(starts)[i], 0, back ? size - 1 : size)
    const end = clamp(integers(ends)[i], back ? -1 : 0, back ? size - 1 : size)
    shape[axis] = Math.max(0, Math.ceil((end - first[axis]) / step[axis]))
  })
  return [
    tabulate(shape, x.dtype, index =>
      pickAt(
        x,
        index.map((i, a) => first[a] + i * step[a]),
      ),
    ),
  ]
}

const pad: Operator = ([x, pads, value], attributes) => {
  if (text(attributes, 'mode', 'constant') !== 'constant') throw new Error('reference: Pad is not constant')
  const amounts = integers(pads)
  const rank = x.shape.length
  const shape = x.shape.map((dim, i) => dim + amounts[i] + amounts[rank + i])
  return [
    tabulate(shape, x.dtype, index => {
      const source = index.map((i, a) => i - amounts[a])
      const inside = source.every((i, a) => i >= 0 && i < x.shape[a])
      return inside ? pickAt(x, source) : (value?.data[0] ?? 0)
    }),
  ]
}

/** Nearest neighbour by scales: the source of pixel i is ⌊i / scale⌋. */
const resize: Operator = ([x, , scales], attributes) => {
  const kind = ['mode', 'coordinate_transformation_mode', 'nearest_mode'].map(name =>
    text(attributes, name, ''),
  )
  if (kind.join() !== 'nearest,asymmetric,floor') throw new Error(`reference: Resize by ${kind}`)
  const factors = scales.data as readonly number[]
  const shape = x.shape.map((dim, i) => Math.floor(dim * factors[i]))
  return [
    tabulate(shape, x.dtype, index =>
      pickAt(
        x,
        index.map((i, a) => Math.floor(i / factors[a])),
      ),
    ),
  ]
}

const gather: Operator = ([x, indices], attributes) => {
  const axis = fromEnd(int(attributes, 'axis', 0), x.shape.length)
  const rank = indices.shape.length
  return [
    tabulate([...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)], x.dtype, index => {
      const row = Number(pickAt(indices, index.slice(axis, axis + rank)))
      return pickAt(x, [...index.slice(0, axis), fromEnd(row, x.shape[axis]), ...index.slice(axis + rank)])
    }),
  ]
}

/** index with its entry on the axis replaced by what `indices` holds there. */
function redirect(indices: Value, index: readonly number[], axis: number, size: number): number[] {
  return index.map((i, a) => (a === axis ? fromEnd(Number(pickAt(indices, index)), size) : i))
}

const gatherElements: Operator = ([x, indices], attributes) => {
  const axis = fromEnd(int(attributes, 'axis', 0), x.shape.length)
  return [tabulate(indices.shape, x.dtype, index => pickAt(x, redirect(indices, index, axis, x.shape[axis])))]
}

function combine(reduction: string): (before: number, update: number) => number {
  if (reduction === 'add') return (before, update) => before + update
  if (reduction === 'none') return (_before, update) => update
  throw new Error(`reference: reduction ${reduction}`)
}

const scatterElements: Operator = ([x, indices, updates], attributes) => {
  const axis = fromEnd(int(attributes, 'axis', 0), x.shape.length)
  const join = combine(text(attributes, 'reduction', 'none'))
  const data = [...x.data] as number[]
  each(indices.shape, index => {
    const to = offset(x.shape, redirect(indices, index, axis, x.shape[axis]))
    data[to] = join(data[to], at(updates, index))
  })
  return [{ ...x, data }]
}

/** The last axis of `indices` is an index into x; what it names is combined with the update. */
const scatterND: Operator = ([x, indices, updates], attributes) => {
  const join = combine(text(attributes, 'reduction', 'none'))
  const data = [...x.data] as number[]
  const depth = indices.shape[indices.shape.length - 1]
  each(indices.shape.slice(0, -1), outer => {
    const head = Array.from({ length: depth }, (_, k) =>
      fromEnd(Number(pickAt(indices, [...outer, k])), x.shape[k]),
    )
    each(x.shape.slice(depth), inner => {
      const to = offset(x.shape, [...head, ...inner])
      data[to] = join(data[to], at(updates, [...outer, ...inner]))
    })
  })
  return [{ ...x, data }]
}

const oneHot: Operator = ([indices, depth, values], attributes) => {
  const rank = indices.shape.length + 1
  const axis = fromEnd(int(attributes, 'axis', -1), rank)
  const size = Number(depth.data[0])
  const shape = [...indices.shape.slice(0, axis), size, ...indices.shape.slice(axis)]
  return [
    tabulate(shape, values.dtype, index => {
      const given = Number(
        pickAt(
          indices,
          index.filter((_, a) => a !== axis),
        ),
      )
      return values.data[index[axis] === (given < 0 ? given + size : given) ? 1 : 0]
    }),
  ]
}

const topK: Operator = ([x, k], attributes) => {
  const axis = fromEnd(int(attributes, 'axis', -1), x.shape.length)
  const sign = int(attributes, 'largest', 1) ? -1 : 1
  // The k best of every line come first, equal values by their index; the rest is cut off.
  const order = alongAxis(x, axis, line =>
    [...line.keys()].sort((a, b) => sign * (line[a] - line[b]) || a - b),
  )
  const shape = x.shape.map((dim, i) => (i === axis ? Number(k.data[0]) : dim))
  const indices = tabulate(shape, 'int64', index => BigInt(at(order, index)))
  return [...gatherElements([x, indices], { axis }), indices]
}

export const shapes: Record<string, Operator> = {
  Reshape: reshape,
  Transpose: transpose,
  Shape: ([x], attributes) => {
    const rank = x.shape.length
    const dims = x.shape.slice(int(attributes, 'start', 0), int(attributes, 'end', rank)).map(BigInt)
    return [{ shape: [dims.length], dtype: 'int64', data: dims }]
  },
  Expand: ([x, to]) => {
    const shape = broadcast(x.shape, integers(to))
    return [tabulate(shape, x.dtype, index => broadcastAt(x, index))]
  },
  Concat: concat,
  Split: split,
  Slice: slice,
  Pad: pad,
  Resize: resize,
  Gather: gather,
  GatherElements: gatherElements,
  ScatterElements: scatterElements,
  ScatterND: scatterND,
  OneHot: oneHot,
  TopK: topK,
}
