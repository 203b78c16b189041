// Images to other sizes: pooling down, nearest and bilinear up, patches to channels and back.

import { imageShape } from './conv.ts'
import { fill, mul } from './elementwise.ts'
import { matmul } from './matmul.ts'
import { reduceSum } from './reduce.ts'
import { reshape, transpose } from './shape.ts'
import { apply, constant, type Tensor } from './tensor.ts'

/**
 * The mean over windows of `factor` × `factor`: [N,C,H,W] → [N,C,H/factor,W/factor]. This is area
 * interpolation to a size that divides the image's.
 */
export function areaPool(x: Tensor, factor: number): Tensor {
  const { n, channels, height, width } = imageShape('areaPool', x)
  if (factor === 1) return x
  if (!Number.isInteger(factor) || height % factor || width % factor)
    throw new Error(`areaPool: ${factor} does not divide ${height}×${width}`)
  return apply('AveragePool', [x], [n, channels, height / factor, width / factor], x.dtype, {
    attributes: { kernel_shape: [factor, factor], strides: [factor, factor] },
    vjp: ([g]) => [mul(upsampleNearest(g!, factor), 1 / (factor * factor))],
  })
}

/** The mean over overlapping windows (zeros outside count): kernel, stride and padding as in `conv2d`. */
export function averagePool(x: Tensor, kernel: number, stride = kernel, padding = 0): Tensor {
  const { n, channels, height, width } = imageShape('averagePool', x)
  const size = [height, width].map(length => Math.floor((length + 2 * padding - kernel) / stride) + 1)
  if (size.some(length => length < 1) || padding >= kernel)
    throw new Error(
      `averagePool: a ${kernel}×${kernel} window does not fit ${height}×${width} with padding ${padding}`,
    )
  const attributes = {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads: [padding, padding, padding, padding],
  }
  return apply('AveragePool', [x], [n, channels, ...size], x.dtype, {
    attributes: { ...attributes, count_include_pad: 1 },
    vjp: ([g]) => {
      // Channel by channel the mean is a convolution with a constant kernel, and its adjoint the transposed one.
      const window = fill([channels, 1, kernel, kernel], 1 / kernel ** 2)
      const output_padding = [height, width].map(
        (l, i) => l - ((size[i] - 1) * stride + kernel - 2 * padding),
      )
      return [
        apply('ConvTranspose', [g!, window], x.shape, x.dtype, {
          attributes: { ...attributes, output_padding, group: channels },
          vjp: ([gg]) => [averagePool(gg!, kernel, stride, padding), null],
        }),
      ]
    },
  })
}

/** The mean of every channel: [N,C,H,W] → [N,C]. */
export function globalAveragePool(x: Tensor): Tensor {
  const { n, channels, height, width } = imageShape('globalAveragePool', x)
  return mul(reshape(reduceSum(x, [2, 3]), [n, channels]), 1 / (height * width))
}

/** Every pixel repeated `factor` × `factor` times. */
export function upsampleNearest(x: Tensor, factor = 2): Tensor {
  const { n, channels, height, width } = imageShape('upsampleNearest', x)
  if (factor === 1) return x
  if (!Number.isInteger(factor) || factor < 1)
    throw new Error(`upsampleNearest: factor ${factor} is no whole number from 1`)
  const scales = constant(new Float32Array([1, 1, factor, factor]))
  return apply('Resize', [x, null, scales], [n, channels, height * factor, width * factor], x.dtype, {
    attributes: { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
    vjp: ([g]) => [mul(areaPool(g!, factor), factor * factor), null, null],
  })
}

/**
 * Bilinear interpolation to twice the size, pixel centres at half-integers, edges repeated (PyTorch's
 * `align_corners=False`): new pixels take ¾ of the nearer and ¼ of the farther neighbour on each axis,
 * which makes it two products with a constant matrix, y = A x Aᵀ.
 */
export function upsampleBilinear(x: Tensor): Tensor {
  const { height, width } = imageShape('upsampleBilinear', x)
  return matmul(matmul(doubling(height), x), doubling(width), { transposeB: true })
}

/** [2n, n]: the weights of bilinear doubling along one axis. */
function doubling(n: number): Tensor {
  const weights = new Float32Array(2 * n * n)
  for (let i = 0; i < 2 * n; i++) {
    const centre = i >> 1
    const neighbour = Math.min(n - 1, Math.max(0, centre + (i % 2 ? 1 : -1)))
    weights[i * n + centre] += 0.75
    weights[i * n + neighbour] += 0.25
  }
  return constant(weights, [2 * n, n])
}

/** Space to depth: [N,C,H,W] → [N, C·p·p, H/p, W/p], channel-major, then the patch's rows and columns. */
export function toPatches(x: Tensor, patch: number): Tensor {
  const { n, channels, height, width } = imageShape('toPatches', x)
  if (patch === 1) return x
  if (height % patch || width % patch)
    throw new Error(`toPatches: ${patch} does not divide ${height}×${width}`)
  const [rows, columns] = [height / patch, width / patch]
  const parts = transpose(reshape(x, [n, channels, rows, patch, columns, patch]), [0, 1, 3, 5, 2, 4])
  return reshape(parts, [n, channels * patch * patch, rows, columns])
}

/** Depth to space: the inverse of `toPatches`. */
export function fromPatches(x: Tensor, patch: number): Tensor {
  const { n, channels, height, width } = imageShape('fromPatches', x)
  if (patch === 1) return x
  if (channels % (patch * patch))
    throw new Error(`fromPatches: ${patch}² does not divide ${channels} channels`)
  const parts = reshape(x, [n, channels / (patch * patch), patch, patch, height, width])
  return reshape(transpose(parts, [0, 1, 4, 2, 5, 3]), [
    n,
    channels / (patch * patch),
    height * patch,
    width * patch,
  ])
}
