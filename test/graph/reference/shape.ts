// Operators that move values, by the ONNX specification.

import { alongAxis } from './elementwise.ts'
import {
  at,
  broadcast,
  broadcastAt,
  each,
  float,
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

const pad: Operator = ([x, pads, value, axes], attributes) => {
  const mode = text(attributes, 'mode', 'constant')
  const rank = x.shape.length
  const over = axes ? integers(axes).map(axis => fromEnd(axis, rank)) : [...x.shape.keys()]
  const amounts = Array<number>(2 * rank).fill(0)
  over.forEach((axis, i) => {
    amounts[axis] = integers(pads)[i]
    amounts[rank + axis] = integers(pads)[over.length + i]
  })
  const within = (i: number, size: number) =>
    mode === 'edge' ? Math.min(Math.max(i, 0), size - 1) : i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i
  const shape = x.shape.map((dim, i) => dim + amounts[i] + amounts[rank + i])
  return [
    tabulate(shape, x.dtype, index => {
      const source = index.map((i, a) => i - amounts[a])
      if (mode !== 'constant')
        return pickAt(
          x,
          source.map((i, a) => within(i, x.shape[a])),
        )
      const inside = source.every((i, a) => i >= 0 && i < x.shape[a])
      return inside ? pickAt(x, source) : (value?.data[0] ?? 0)
    }),
  ]
}

/** Interpolation axis by axis, to sizes or by factors of all axes. */
const resize: Operator = ([x, , scales, sizes], attributes) => {
  const [mode, kind, rounding] = [
    text(attributes, 'mode', 'nearest'),
    text(attributes, 'coordinate_transformation_mode', 'half_pixel'),
    text(attributes, 'nearest_mode', 'round_prefer_floor'),
  ]
  const factors = scales?.data.length
    ? (scales.data as readonly number[])
    : integers(sizes).map((size, a) => size / x.shape[a])
  const shape = sizes ? integers(sizes) : x.shape.map((dim, a) => Math.floor(dim * factors[a]))
  const source = (i: number, a: number) => {
    if (kind === 'asymmetric') return i / factors[a]
    if (kind === 'align_corners') return shape[a] === 1 ? 0 : (i * (x.shape[a] - 1)) / (shape[a] - 1)
    if (kind === 'tf_half_pixel_for_nn') return (i + 0.5) / factors[a]
    if (kind === 'pytorch_half_pixel' && shape[a] === 1) return 0
    // The result is as if cut from the middle of one that is not rounded to whole pixels.
    const cut = (x.shape[a] * factors[a] - shape[a]) / 2
    if (kind === 'half_pixel_symmetric') return (i + cut + 0.5) / factors[a] - 0.5
    return (i + 0.5) / factors[a] - 0.5
  }
  const weights = (i: number, a: number): [number, number][] => {
    const p = source(i, a)
    if (factors[a] === 1) return [[i, 1]]
    if (mode === 'nearest') {
      const ties = { floor: Math.floor(p), ceil: Math.ceil(p), round_prefer_ceil: Math.floor(p + 0.5) }
      return [[ties[rounding as 'floor'] ?? Math.ceil(p - 0.5), 1]]
    }
    const clamped = Math.min(Math.max(p, 0), x.shape[a] - 1)
    const [low, share] =
      mode === 'linear' ? [Math.floor(clamped), clamped % 1] : [Math.floor(p), p - Math.floor(p)]
    if (mode === 'linear')
      return [
        [low, 1 - share],
        [low + 1, share],
      ]
    const b = float(attributes, 'cubic_coeff_a', -0.75)
    const near = (t: number) => ((b + 2) * t - (b + 3)) * t * t + 1
    const far = (t: number) => b * (((t - 5) * t + 8) * t - 4)
    const taps: [number, number][] = [
      [low - 1, far(share + 1)],
      [low, near(share)],
      [low + 1, near(1 - share)],
      [low + 2, far(2 - share)],
    ]
    if (!int(attributes, 'exclude_outside', 0)) return taps
    const present = taps.filter(([tap]) => tap >= 0 && tap < x.shape[a])
    const total = present.reduce((sum, [, weight]) => sum + weight, 0)
    return present.map(([tap, weight]) => [tap, weight / total])
  }
  return [
    tabulate(shape, x.dtype, index => {
      const lists = index.map(weights)
      let sum = 0
      each(
        lists.map(list => list.length),
        choice => {
          const taps = choice.map((c, a) => lists[a][c])
          const pixel = taps.map(([tap], a) => Math.min(Math.max(tap, 0), x.shape[a] - 1))
          sum += taps.reduce((product, [, weight]) => product * weight, 1) * at(x, pixel)
        },
      )
      return sum
    }),
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
