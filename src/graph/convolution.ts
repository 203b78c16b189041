// Convolutions in ONNX's own generality: any number of spatial axes, strides, dilations, uneven padding and groups.

import { conv2dGradients } from './conv.ts'
import { product, quotient } from './dims.ts'
import { reduceSum } from './reduce.ts'
import { reshape, slice, transpose } from './shape.ts'
import { type Attribute, apply, type Dim, showShape, type Tensor } from './tensor.ts'

/** A window that moves over the spatial axes of x [N, C, …]: one number per axis. */
export interface Window {
  kernel: readonly number[]
  strides: readonly number[]
  dilations: readonly number[]
  /** Zeros in front of every axis, then behind every axis. */
  pads: readonly number[]
}

export interface ConvWindow extends Window {
  /** Channels come in so many groups, which do not mix. */
  group: number
}

/** The sizes of the spatial axes, which must be known. */
export function spatialSizes(op: string, x: Tensor): number[] {
  const sizes = x.shape.slice(2)
  if (x.rank < 3 || sizes.some(dim => typeof dim !== 'number'))
    throw new Error(
      `${op}: ${showShape(x.shape)} is not [N, C, …] with known image sizes; give an input of known sizes`,
    )
  return sizes as number[]
}

/** The pixels from a window's first to its last: d (k − 1) + 1. */
export function extent({ kernel, dilations }: Window, axis: number): number {
  return dilations[axis] * (kernel[axis] - 1) + 1
}

/** Σ of what is padded on both sides of an axis. */
export function padding({ pads, kernel }: Window, axis: number): number {
  return pads[axis] + pads[kernel.length + axis]
}

/** How often a window fits into sizes: ⌊(L + p − extent) / s⌋ + 1. */
function places(op: string, sizes: readonly number[], window: Window): number[] {
  const counts = sizes.map(
    (length, a) => Math.floor((length + padding(window, a) - extent(window, a)) / window.strides[a]) + 1,
  )
  if (counts.some(count => count < 1))
    throw new Error(`${op}: a window of ${window.kernel.join('×')} does not fit into ${sizes.join('×')}`)
  return counts
}

/**
 * y[n,o,i…] = b[o] + Σ_{c,u…} w[o,c,u…] · x[n, c, i·s + u·d − p, …] over the channels c of o's group;
 * x [N, C, …], w [O, C/group, k…], b [O] → [N, O, …]. The gradient in x is the transposed convolution.
 * `attributes`: how the operator is written, where that is settled already.
 */
export function convolve(
  x: Tensor,
  w: Tensor,
  b: Tensor | null,
  window: ConvWindow,
  attributes: Readonly<Record<string, Attribute>> = convAttributes(window),
): Tensor {
  const sizes = spatialSizes('Conv', x)
  const [out, inner] = w.shape
  checkKernel('Conv', x, w, window)
  checkBias('Conv', b, out)
  if (product([inner, window.group]) !== x.shape[1] || quotient(out, window.group) === null)
    throw new Error(
      `Conv: a weight ${showShape(w.shape)} in ${window.group} groups does not fit ${showShape(x.shape)}`,
    )
  const shape = [x.shape[0], out, ...places('Conv', sizes, window)]
  return apply('Conv', b ? [x, w, b] : [x, w], shape, x.dtype, {
    attributes: { ...attributes },
    vjp: ([g]) => {
      const plain = plainWindow(window)
      const [gx, gw] = plain
        ? conv2dGradients(x, w, g!, plain.stride, plain.padding)
        : [
            transposedConvolve(g!, w, null, { ...window, extra: leftOver(sizes, shape, window) }),
            kernelGradient(x, g!, window),
          ]
      return b ? [gx, gw, perChannel(g!)] : [gx, gw]
    },
  })
}

/**
 * The adjoint of `convolve` in x: x [N, O, …], w [O, C/group, k…], b [C] → [N, C, …], each axis
 * (L − 1) s + extent − p + `extra` long.
 */
export function transposedConvolve(
  x: Tensor,
  w: Tensor,
  b: Tensor | null,
  window: ConvWindow & { extra: readonly number[] },
  attributes: Readonly<Record<string, Attribute>> = {
    ...convAttributes(window),
    output_padding: window.extra,
  },
): Tensor {
  const sizes = spatialSizes('ConvTranspose', x)
  const [inner, perGroup] = w.shape
  checkKernel('ConvTranspose', x, w, window)
  const channels = product([perGroup, window.group])
  checkBias('ConvTranspose', b, channels)
  if (inner !== x.shape[1] || quotient(inner, window.group) === null)
    throw new Error(
      `ConvTranspose: a weight ${showShape(w.shape)} in ${window.group} groups does not fit ${showShape(x.shape)}`,
    )
  const made = sizes.map(
    (length, a) =>
      (length - 1) * window.strides[a] + extent(window, a) - padding(window, a) + window.extra[a],
  )
  if (made.some(length => length < 1))
    throw new Error(`ConvTranspose: its result would be ${made.join('×')} pixels`)
  return apply('ConvTranspose', b ? [x, w, b] : [x, w], [x.shape[0], channels, ...made], x.dtype, {
    attributes: { ...attributes },
    vjp: ([g]) => {
      const back = convolve(g!, w, null, window)
      const gx = sizes.reduce((t, length, a) => slice(t, a + 2, 0, length), back)
      const gw = kernelGradient(g!, x, window)
      return b ? [gx, gw, perChannel(g!)] : [gx, gw]
    },
  })
}

/**
 * w̄[o,c,u…] = Σ_{n,i…} g[n,o,i…] · x[n, c, i·s + u·d − p, …]: a convolution of x with g, in which images and
 * channels, and strides and dilations, have changed places. x [N, C, …], g [N, O, …] → [O, C/group, k…].
 */
function kernelGradient(x: Tensor, g: Tensor, window: ConvWindow): Tensor {
  const { group, kernel, strides, dilations } = window
  const [n, channels, ...sizes] = x.shape as [Dim, Dim, ...number[]]
  const inner = quotient(channels, group)!
  const swapped = (t: Tensor) => transpose(t, [1, 0, ...t.shape.slice(2).map((_, a) => a + 2)])
  const swap = [2, 1, 0, ...sizes.map((_, a) => a + 3)]
  const grouped = transpose(reshape(x, [n, group, inner, ...sizes]), swap)
  const images = reshape(grouped, [inner, product([n, group]), ...sizes]) // [C/group, group · N, …]
  const turned = { ...window, kernel: g.shape.slice(2) as number[], strides: dilations, dilations: strides }
  const all = convolve(images, swapped(g), null, turned) // [C/group, O, …], at least as large as the kernel
  return swapped(kernel.reduce((t, size, a) => slice(t, a + 2, 0, size), all))
}

/** The pixels behind the last window, which the output does not tell. */
function leftOver(sizes: readonly number[], shape: readonly Dim[], window: Window): number[] {
  return sizes.map(
    (length, a) =>
      length - (((shape[a + 2] as number) - 1) * window.strides[a] + extent(window, a) - padding(window, a)),
  )
}

/** Σ over all but the channels: [N, C, …] → [C]. */
function perChannel(g: Tensor): Tensor {
  return reduceSum(g, [0, ...g.shape.slice(2).map((_, a) => a + 2)])
}

/** Stride and padding where the faster gradients of `conv2d` apply. */
function plainWindow({ kernel, strides, dilations, pads, group }: ConvWindow) {
  const same = (list: readonly number[]) => list.every(value => value === list[0])
  if (kernel.length !== 2 || group !== 1 || dilations.some(d => d !== 1)) return null
  return [kernel, strides, pads].every(same) ? { stride: strides[0], padding: pads[0] } : null
}

function convAttributes({ kernel, strides, dilations, pads, group }: ConvWindow) {
  return { kernel_shape: kernel, strides, pads, dilations, group }
}

function checkKernel(op: string, x: Tensor, w: Tensor, window: ConvWindow) {
  if (w.rank !== x.rank || window.kernel.some((size, a) => size !== w.shape[a + 2]))
    throw new Error(
      `${op}: a window of ${window.kernel.join('×')} and a weight ${showShape(w.shape)} do not fit ${showShape(x.shape)}`,
    )
  checkWindow(op, x.rank - 2, window)
  if (!Number.isInteger(window.group) || window.group < 1) throw new Error(`${op}: ${window.group} groups`)
}

function checkBias(op: string, b: Tensor | null, channels: Dim) {
  if (b && (b.rank !== 1 || b.shape[0] !== channels))
    throw new Error(`${op}: the bias ${showShape(b.shape)} is not [${channels}]`)
}

/** One number per axis, two for pads, in range. */
export function checkWindow(op: string, axes: number, { kernel, strides, dilations, pads }: Window) {
  const lists = { kernel_shape: kernel, strides, dilations, pads }
  for (const [name, list] of Object.entries(lists)) {
    const [count, least] = name === 'pads' ? [2 * axes, 0] : [axes, 1]
    if (list.length !== count || list.some(value => !Number.isSafeInteger(value) || value < least))
      throw new Error(`${op}: ${name} [${list.join(', ')}] are not ${count} whole numbers from ${least}`)
  }
}
