// Readers of the operators that move a window over images: convolutions and pooling.

import {
  type ConvWindow,
  convolve,
  extent,
  padding,
  spatialSizes,
  transposedConvolve,
  type Window,
} from '../convolution.ts'
import { mul } from '../elementwise.ts'
import { maxPool, meanPool } from '../pool.ts'
import { reduceMax } from '../reduce.ts'
import { expand } from '../shape.ts'
import { sizeOf, type Tensor } from '../tensor.ts'
import type { Kind, OnnxNode, Operators } from './node.ts'

const AUTO_PADS = ['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'] as const
const windowAttributes: Record<string, Kind> = {
  auto_pad: AUTO_PADS,
  dilations: 'ints',
  kernel_shape: 'ints',
  pads: 'ints',
  strides: 'ints',
}

export const windows: Operators = {
  Conv: { inputs: 'X: F, W: F, B?: F', attributes: { ...windowAttributes, group: 'int' }, read: readConv },
  ConvTranspose: {
    inputs: 'X: F, W: F, B?: F',
    attributes: {
      ...windowAttributes,
      auto_pad: ['NOTSET', 'VALID'],
      group: 'int',
      output_padding: 'ints',
    },
    read: readConvTranspose,
  },
  MaxPool: {
    inputs: 'X: T',
    outputs: 2,
    attributes: { ...windowAttributes, ceil_mode: 'flag', storage_order: [0] },
    read: readMaxPool,
  },
  AveragePool: {
    inputs: 'X: F',
    attributes: { ...windowAttributes, dilations: 'ones', ceil_mode: 'flag', count_include_pad: 'flag' },
    read: readAveragePool,
  },
  GlobalAveragePool: { inputs: 'X: F', read: readGlobalAveragePool },
  GlobalMaxPool: {
    inputs: 'X: F',
    read(node) {
      const x = node.input(0)
      return reduceMax(
        x,
        spatialSizes('GlobalMaxPool', x).map((_, a) => a + 2),
        true,
      )
    },
  },
  LRN: {
    inputs: 'X: F',
    attributes: { alpha: 'float', beta: 'float', bias: 'float', size: 'int' },
    read: node => node.make(node.input(0).shape, node.input(0).dtype),
  },
}

/** The window of a node with this kernel; automatic padding becomes numbers. */
function windowOf(node: OnnxNode, x: Tensor, kernel: readonly number[]): Window & { automatic: boolean } {
  const sizes = spatialSizes(node.op, x)
  const each = (value: number) => sizes.map(() => value)
  const window = {
    kernel,
    strides: node.ints('strides', each(1)),
    dilations: node.ints('dilations', each(1)),
    pads: node.ints('pads', [...each(0), ...each(0)]),
  }
  const mode = node.text('auto_pad', 'NOTSET')
  if (mode === 'NOTSET') return { ...window, automatic: false }
  if (mode === 'VALID') return { ...window, pads: [...each(0), ...each(0)], automatic: true }
  // So much on both sides together that a stride of s leaves ⌈L / s⌉; what is odd goes to the end, or the beginning.
  const total = sizes.map((length, a) => {
    const count = Math.ceil(length / window.strides[a])
    return Math.max(0, (count - 1) * window.strides[a] + extent(window, a) - length)
  })
  const [less, more] = [total.map(pads => Math.floor(pads / 2)), total.map(pads => Math.ceil(pads / 2))]
  return { ...window, pads: mode === 'SAME_UPPER' ? [...less, ...more] : [...more, ...less], automatic: true }
}

/** As in the file, or with the padding in numbers. */
function writtenAs(node: OnnxNode, window: Window & { automatic: boolean }) {
  return window.automatic ? { ...node.attributes('auto_pad'), pads: window.pads } : node.attributes()
}

function readConv(node: OnnxNode): Tensor {
  const [x, w] = [node.input(0), node.input(1)]
  const window = windowOf(node, x, node.ints('kernel_shape', w.shape.slice(2) as number[]))
  return convolve(x, w, node.optional(2), { ...window, group: node.int('group', 1) }, writtenAs(node, window))
}

function readConvTranspose(node: OnnxNode): Tensor {
  const [x, w] = [node.input(0), node.input(1)]
  const window = windowOf(node, x, node.ints('kernel_shape', w.shape.slice(2) as number[]))
  const extra = node.ints(
    'output_padding',
    window.kernel.map(() => 0),
  )
  if (extra.length !== window.kernel.length || extra.some(pixels => pixels < 0))
    throw new Error(`output_padding [${extra}]`)
  const whole: ConvWindow & { extra: readonly number[] } = { ...window, group: node.int('group', 1), extra }
  return transposedConvolve(x, w, node.optional(2), whole, writtenAs(node, window))
}

/** A pool's window and attributes as they can be written. */
function poolOf(node: OnnxNode, x: Tensor) {
  if (!node.has('kernel_shape')) throw new Error('it has no kernel_shape')
  const window = windowOf(node, x, node.ints('kernel_shape', []))
  const { dilations: _, ceil_mode: __, ...attributes } = writtenAs(node, window)
  if (window.dilations.some(d => d !== 1)) attributes.dilations = window.dilations
  const countPadding = node.int('count_include_pad', 0) !== 0
  if (node.int('ceil_mode', 0) === 0) return { ...window, ceil: false, countPadding, attributes }
  const overhang = overhangs(node.op, x, window)
  if (overhang.every(pixels => pixels === 0)) return { ...window, ceil: false, countPadding, attributes }
  if (countPadding)
    return { ...window, ceil: true, countPadding, attributes: { ...attributes, ceil_mode: 1 } }
  // Padding that does not count says the same as rounding up, of which ONNX's shape inference before operator set 22
  // has another idea where a window would begin behind the image.
  const pads = window.pads.map((pad, i) => pad + (overhang[i - overhang.length] ?? 0))
  return { ...window, pads, ceil: false, countPadding, attributes: { ...attributes, pads } }
}

/** The pixels by which a last window, begun in the image, reaches beyond the padding, if rounding up takes it. */
function overhangs(op: string, x: Tensor, window: Window): number[] {
  return spatialSizes(op, x).map((length, a) => {
    const room = length + padding(window, a) - extent(window, a)
    const next = (Math.floor(room / window.strides[a]) + 1) * window.strides[a]
    return room % window.strides[a] !== 0 && next < length + window.pads[a] ? next - room : 0
  })
}

function readMaxPool(node: OnnxNode): Tensor[] {
  const pool = poolOf(node, node.input(0))
  return maxPool(node.input(0), pool, pool.attributes, node.outputs === 2 ? 2 : 1)
}

function readAveragePool(node: OnnxNode): Tensor {
  const pool = poolOf(node, node.input(0))
  return meanPool(node.input(0), pool, pool.attributes)
}

function readGlobalAveragePool(node: OnnxNode): Tensor {
  const x = node.input(0)
  const sizes = spatialSizes(node.op, x)
  return node.make([...x.shape.slice(0, 2), ...sizes.map(() => 1)], x.dtype, ([g]) => [
    expand(mul(g!, 1 / sizeOf(sizes)), x.shape, x),
  ])
}
