// Readers of Slice and Pad, which take a part of a tensor or put something around it, and their adjoints.

import { addAt } from '../gather.ts'
import { flip, pad, reshape, zerosLike } from '../shape.ts'
import { type Dim, int64, showShape, type Tensor } from '../tensor.ts'
import { type SliceRange, sliceRanges } from './known.ts'
import type { OnnxNode, Operators } from './node.ts'

export const slices: Operators = {
  Slice: {
    inputs: 'data: any, starts?: int, ends?: int, axes?: int, steps?: int',
    attributes: { starts: 'ints', ends: 'ints', axes: 'ints' },
    read: readSlice,
  },
  Pad: {
    inputs: 'data: T, pads?: int, value?: T, axes?: int',
    attributes: { mode: ['constant', 'reflect', 'edge'], pads: 'ints', value: 'float' },
    read: readPad,
  },
}

function readSlice(node: OnnxNode): Tensor {
  const x = node.input(0)
  const ranges = sliceRanges(node, x.shape)
  if (!ranges) throw new Error(`what it takes of ${showShape(x.shape)} must be known before the graph runs`)
  const shape = x.shape.map((dim, i) => (ranges[i].whole ? dim : ranges[i].count))
  const lists = node.has('starts')
    ? [node.ints('starts', []), node.ints('ends', []), node.has('axes') ? node.ints('axes', []) : null]
    : null
  const inputs = lists ? [x, ...lists.map(list => list && int64(list))] : node.inputs
  return node.make(
    shape,
    x.dtype,
    ([g]) => [
      ranges.reduce(
        (part, range, axis) => (range.whole ? part : spreadSlice(part, axis, x.shape[axis] as number, range)),
        g!,
      ),
      null,
    ],
    { inputs, attributes: {} },
  )
}

/** The adjoint of x[start :: step] along an axis of `size`: zeros between and around. */
function spreadSlice(g: Tensor, axis: number, size: number, { start, step, count }: SliceRange): Tensor {
  if (step < 0)
    return spreadSlice(flip(g, [axis]), axis, size, { start: start + (count - 1) * step, step: -step, count })
  const around = (before: number, after: number, at: number, rank: number) =>
    Array.from({ length: rank }, (_, i): [number, number] => (i === at ? [before, after] : [0, 0]))
  let line = g
  if (step > 1) {
    const [before, after] = [g.shape.slice(0, axis), g.shape.slice(axis + 1)]
    const apart = pad(reshape(g, [...before, count, 1, ...after]), around(0, step - 1, axis + 1, g.rank + 1))
    line = reshape(apart, [...before, count * step, ...after])
  }
  return pad(line, around(start, size - start - count * step, axis, g.rank))
}

function readPad(node: OnnxNode): Tensor {
  const x = node.input(0)
  const pads = node.list('pads', 1)
  if (!pads) throw new Error('it has no pads')
  const axes = node.optional(3)
    ? node.integers(3, 'axes').map(axis => node.axis(x, axis))
    : x.shape.map((_, i) => i)
  if (pads.length !== 2 * axes.length) throw new Error(`${pads.length} pads for ${axes.length} axes`)
  const amounts = x.shape.map((_, i): [number, number] => {
    const at = axes.indexOf(i)
    return at < 0 ? [0, 0] : [pads[at], pads[axes.length + at]]
  })
  const mode = node.text('mode', 'constant')
  const shape = x.shape.map((dim, i) => {
    const [before, after] = amounts[i]
    if (before === 0 && after === 0) return dim
    if (typeof dim !== 'number') throw new Error(`axis ${i} of ${showShape(x.shape)} must be known`)
    const made = dim + before + after
    // A reflection is without the edge, and neither it nor the edge is repeated for an empty axis.
    const most =
      mode === 'constant' ? Number.POSITIVE_INFINITY : mode === 'reflect' ? dim - 1 : dim && 2 ** 31
    if (made < 0 || Math.max(before, after) > most)
      throw new Error(`pads [${before}, ${after}] do not fit an axis of ${dim} in mode ${mode}`)
    return made
  })
  const value = node.numberInput('value', 2, x.dtype)
  const inputs = node.has('pads') ? [x, node.listInput('pads', 1), value] : node.inputs
  return node.make(
    shape,
    x.dtype,
    ([g]) => {
      if (mode === 'constant')
        return [
          pad(
            g!,
            amounts.map(([before, after]) => [-before, -after]),
          ),
        ]
      return [amounts.reduce((part, amount, axis) => foldBack(part, axis, x.shape[axis], amount, mode), g!)]
    },
    { inputs, attributes: node.attributes('pads', 'value') },
  )
}

/** The adjoint of padding an axis with its own values: what lies in the padding is added where it came from. */
function foldBack(
  g: Tensor,
  axis: number,
  size: Dim,
  [before, after]: [number, number],
  mode: string,
): Tensor {
  if (before === 0 && after === 0) return g
  const length = size as number
  const sources = Array.from({ length: length + before + after }, (_, i) => {
    const at = i - before
    if (mode === 'edge') return Math.max(0, Math.min(length - 1, at))
    return at < 0 ? -at : at >= length ? 2 * (length - 1) - at : at
  })
  // Of the size wanted; only that is used.
  const whole = pad(
    g,
    g.shape.map((_, i) => (i === axis ? [0, -before - after] : [0, 0])),
  )
  return addAt(zerosLike(whole), g, int64(sources), axis)
}
