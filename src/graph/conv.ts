// Two-dimensional convolutions, [N, C, H, W], with gradients that ONNX Runtime executes fast.

import { cast, fill } from './elementwise.ts'
import { matmul } from './matmul.ts'
import { reduceSum } from './reduce.ts'
import { reshape, transpose } from './shape.ts'
import { apply, constant, showShape, type Tensor } from './tensor.ts'

export interface ConvOptions {
  /** Default 1. */
  stride?: number
  /** Zeros around the image on every side; default: half the kernel, so that stride 1 keeps the size. */
  padding?: number
}

/**
 * y[n,o,i,j] = Σ_{c,u,v} w[o,c,u,v] · x[n,c,i·s+u−p,j·s+v−p]; x [N,C,H,W], w [O,C,k,k] → [N,O,H′,W′].
 * The input gradient of stride 1 is the convolution with the kernel turned round, of other strides (and of
 * paddings wider than the kernel reaches) the transposed convolution; for the weight's see `weightGradient`.
 */
export function conv2d(x: Tensor, w: Tensor, options: ConvOptions = {}): Tensor {
  const { n, channels, height, width } = imageShape('conv2d', x)
  const [out, inner, kernel] = kernelShape('conv2d', w)
  if (inner !== channels) throw new Error(`conv2d: input has ${channels} channels, weight expects ${inner}`)
  const { stride, padding } = windowOf('conv2d', kernel, options)
  const size = (length: number) => Math.floor((length + 2 * padding - kernel) / stride) + 1
  if (size(height) < 1 || size(width) < 1)
    throw new Error(
      `conv2d: a ${kernel}×${kernel} kernel does not fit into ${showShape(x.shape)} with padding ${padding}`,
    )
  return apply('Conv', [x, w], [n, out, size(height), size(width)], x.dtype, {
    attributes: convAttributes(kernel, stride, padding),
    vjp: ([g]) => conv2dGradients(x, w, g!, stride, padding),
  })
}

/** The gradients of `conv2d` in x and w, given that of its result. */
export function conv2dGradients(
  x: Tensor,
  w: Tensor,
  g: Tensor,
  stride: number,
  padding: number,
): [Tensor, Tensor] {
  const [, , height, width] = x.shape as number[]
  const kernel = w.shape[2] as number
  return [
    stride === 1 && padding < kernel
      ? conv2d(g, turned(w), { padding: kernel - 1 - padding })
      : convTranspose2d(g, w, { stride, padding, size: [height, width] }),
    weightGradient(x, g, kernel, stride, padding),
  ]
}

/**
 * The adjoint of `conv2d` in its input: x [N,O,H′,W′], w [O,C,k,k] → [N,C,H,W]; `size`, [H, W] or one number
 * for both (default: the smallest that fits), settles which of the inputs that a strided convolution maps to the
 * same output is meant.
 */
export function convTranspose2d(
  x: Tensor,
  w: Tensor,
  options: ConvOptions & { size?: number | readonly [number, number] } = {},
): Tensor {
  const { n, channels, height, width } = imageShape('convTranspose2d', x)
  const [inner, out, kernel] = kernelShape('convTranspose2d', w)
  if (inner !== channels)
    throw new Error(`convTranspose2d: input has ${channels} channels, weight expects ${inner}`)
  const { stride, padding } = windowOf('convTranspose2d', kernel, options)
  const smallest = [height, width].map(length => (length - 1) * stride + kernel - 2 * padding)
  const size = typeof options.size === 'number' ? [options.size, options.size] : (options.size ?? smallest)
  const extra = size.map((length, i) => length - smallest[i])
  if (size.some(length => length < 1) || extra.some(length => length < 0 || length >= stride))
    throw new Error(
      `convTranspose2d: ${size.join('×')} cannot come from ${height}×${width} with a ${kernel}×${kernel} kernel, ` +
        `stride ${stride} and padding ${padding}`,
    )
  return apply('ConvTranspose', [x, w], [n, out, ...size], x.dtype, {
    attributes: { ...convAttributes(kernel, stride, padding), output_padding: extra },
    vjp: ([g]) => [conv2d(g!, w, { stride, padding }), weightGradient(g!, x, kernel, stride, padding)],
  })
}

function windowOf(op: string, kernel: number, { stride = 1, padding = (kernel - 1) >> 1 }: ConvOptions) {
  if (!Number.isInteger(stride) || stride < 1)
    throw new Error(`${op}: stride ${stride} is no whole number from 1`)
  if (!Number.isInteger(padding) || padding < 0)
    throw new Error(`${op}: padding ${padding} is no whole number from 0`)
  return { stride, padding }
}

/**
 * w̄[o,c,u,v] = Σ_{n,i,j} g[n,o,i,j] · x[n,c,i·s+u−p,j·s+v−p], the hot spot of training.
 *
 * As one product of matrices per image, whose operands are shifted copies that a grouped convolution with
 * one-hot kernels makes. For a 3×3 kernel of stride 1 the three column shifts go to x and the three row shifts
 * to g, so that [3O, HW] × [HW, 3C] holds all nine offsets after six copies instead of nine; every other kernel
 * copies x once per offset. `docs/benchmarks.md` has the formulations that were tried.
 */
function weightGradient(x: Tensor, g: Tensor, kernel: number, stride: number, padding: number): Tensor {
  const [n, c, height, width] = x.shape as number[]
  const [, o, rows, columns] = g.shape as number[]
  const positions = rows * columns
  if (kernel === 1 && stride === 1 && padding === 0) {
    const product = matmul(reshape(g, [n, o, positions]), reshape(x, [n, c, positions]), { transposeB: true })
    return reshape(sumOfImages(product), [o, c, 1, 1])
  }
  if (kernel === 3 && stride === 1 && padding === 1 && height > 1 && width > 1) {
    const columnsOfX = shifts(x, 1, 3)
    // A row of g moved down by one meets what lies one row below it in x: the last kernel row comes first.
    const rowsOfG = shifts(g, 3, 1, true)
    const product = matmul(
      reshape(rowsOfG, [n, o * 3, positions]),
      reshape(columnsOfX, [n, c * 3, positions]),
      {
        transposeB: true,
      },
    )
    return transpose(reshape(sumOfImages(product), [o, 3, c, 3]), [0, 2, 1, 3])
  }
  const patches = reshape(unfold(x, kernel, stride, padding), [n, c * kernel * kernel, positions])
  const product = matmul(patches, reshape(g, [n, o, positions]), { transposeB: true })
  return transpose(reshape(sumOfImages(product), [c, kernel, kernel, o]), [3, 0, 1, 2])
}

/** Σ over the first axis, as a product with ones, which is faster than a strided reduction: [N, …] → […]. */
function sumOfImages(x: Tensor): Tensor {
  const [n, ...rest] = x.shape as number[]
  if (typeof n !== 'number' || x.dtype !== 'float32') return reduceSum(x, [0])
  return reshape(matmul(fill([1, n], 1), reshape(x, [n, -1])), rest)
}

/** The kernel of the input gradient, [C, O, k, k]: turned by 180°, as a product, which beats a reversed slice. */
function turned(w: Tensor): Tensor {
  const [out, inner, kernel] = w.shape as number[]
  const count = kernel * kernel
  const exchange = new Float32Array(count * count)
  for (let i = 0; i < count; i++) exchange[i * count + count - 1 - i] = 1
  const rows = matmul(reshape(w, [out * inner, count]), cast(constant(exchange, [count, count]), w.dtype))
  return transpose(reshape(rows, w.shape), [1, 0, 2, 3])
}

/** The patches that a kernel sees: [N, C·k·k, H′, W′], channel-major. */
export function unfold(x: Tensor, kernel: number, stride = 1, padding = (kernel - 1) >> 1): Tensor {
  const { height, width } = imageShape('unfold', x)
  const size = (length: number) => Math.floor((length + 2 * padding - kernel) / stride) + 1
  return copies(x, [kernel, kernel], stride, [padding, padding], [size(height), size(width)])
}

/** Three copies of every channel, what lies at −1, 0, 1 (or 1, 0, −1) on the axis along which the kernel is 3 long. */
function shifts(x: Tensor, rows: 1 | 3, columns: 1 | 3, reversed = false): Tensor {
  const [, , height, width] = x.shape as number[]
  return copies(x, [rows, columns], 1, [(rows - 1) / 2, (columns - 1) / 2], [height, width], reversed)
}

function copies(
  x: Tensor,
  [rows, columns]: number[],
  stride: number,
  pads: number[],
  size: number[],
  reversed = false,
): Tensor {
  const [n, c] = x.shape
  if (typeof c !== 'number') throw new Error(`unfold: the channels of ${showShape(x.shape)} are symbolic`)
  const count = rows * columns
  const kernels = new Float32Array(c * count * count)
  for (let i = 0; i < c * count; i++)
    kernels[i * count + (reversed ? count - 1 - (i % count) : i % count)] = 1
  const oneHot = constant(kernels, [c * count, 1, rows, columns])
  const attributes = {
    kernel_shape: [rows, columns],
    strides: [stride, stride],
    pads: [...pads, ...pads],
    group: c,
  }
  return apply('Conv', [x, oneHot], [n, c * count, ...size], x.dtype, {
    attributes,
    vjp: ([g]) => {
      const [, , height, width] = x.shape as number[]
      const extra = [height, width].map((length, i) => {
        const kernel = i === 0 ? rows : columns
        return length - ((size[i] - 1) * stride + kernel - 2 * pads[i])
      })
      return [
        apply('ConvTranspose', [g!, oneHot], x.shape, x.dtype, {
          attributes: { ...attributes, output_padding: extra },
          vjp: ([gg]) => [copies(gg!, [rows, columns], stride, pads, size, reversed), null],
        }),
        null,
      ]
    },
  })
}

function convAttributes(kernel: number, stride: number, padding: number) {
  return {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads: [padding, padding, padding, padding],
  }
}

/** The sizes of a batch of images, of which only the first may be symbolic. */
export function imageShape(op: string, x: Tensor) {
  const [n, channels, height, width] = x.shape
  if (x.rank !== 4 || [channels, height, width].some(dim => typeof dim !== 'number'))
    throw new Error(`${op}: ${showShape(x.shape)} is not [N, C, H, W] with known C, H and W`)
  return { n, channels: channels as number, height: height as number, width: width as number }
}

function kernelShape(op: string, w: Tensor): [number, number, number] {
  const [a, b, rows, columns] = w.shape as number[]
  if (w.rank !== 4 || w.shape.some(dim => typeof dim !== 'number') || rows !== columns)
    throw new Error(`${op}: ${showShape(w.shape)} is not a square kernel [O, C, k, k]`)
  return [a, b, rows]
}
