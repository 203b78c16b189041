// Matrix products, convolutions, pooling and layer normalisation by the ONNX specification, in float64.

import {
  type Attributes,
  at,
  broadcast,
  each,
  float,
  fromEnd,
  int,
  ints,
  type Operator,
  offset,
  tabulate,
  text,
  type Value,
  volume,
} from './value.ts'

/** NumPy's matmul over the last two axes with the others broadcast, operands transposed as asked, times alpha. */
function product(a: Value, b: Value, transA: boolean, transB: boolean, alpha: number): Value {
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)]
  const [p, q] = a.shape.slice(-2)
  const [r, s] = b.shape.slice(-2)
  const [rows, inner] = transA ? [q, p] : [p, q]
  const [inner2, columns] = transB ? [s, r] : [r, s]
  if (inner !== inner2) throw new Error(`reference: matrix product of [${a.shape}] and [${b.shape}]`)
  const own = (batch: readonly number[], index: readonly number[]) =>
    batch.map((dim, i) => (dim === 1 ? 0 : index[index.length - 2 - batch.length + i]))
  return tabulate([...broadcast(batchA, batchB), rows, columns], a.dtype, index => {
    const [i, j] = index.slice(-2)
    let sum = 0
    for (let k = 0; k < inner; k++)
      sum +=
        at(a, [...own(batchA, index), ...(transA ? [k, i] : [i, k])]) *
        at(b, [...own(batchB, index), ...(transB ? [j, k] : [k, j])])
    return alpha * sum
  })
}

/** What Conv, ConvTranspose and AveragePool have in common: the window in two dimensions. */
function window(attributes: Attributes) {
  if (text(attributes, 'auto_pad', 'NOTSET') !== 'NOTSET') throw new Error('reference: auto_pad')
  const kernel = ints(attributes, 'kernel_shape', [])
  const pads = ints(attributes, 'pads', [0, 0, 0, 0]) // begin of each axis, then end of each axis
  return {
    kernel,
    strides: ints(attributes, 'strides', [1, 1]),
    dilations: ints(attributes, 'dilations', [1, 1]),
    begin: pads.slice(0, 2),
    end: pads.slice(2),
  }
}

/** y[n,o,i,j] = Σ x[n,c,i·s+u·d−p,j·s+v·d−p] w[o,c,u,v] over the channels of o's group. */
const conv: Operator = ([x, w, bias], attributes) => {
  const { kernel, strides, dilations, begin, end } = window(attributes)
  const group = int(attributes, 'group', 1)
  const [n, , ...image] = x.shape
  const [out, inner, ...rest] = w.shape
  if (String(kernel) !== String(rest) || inner * group !== x.shape[1])
    throw new Error(`reference: Conv of [${x.shape}] with [${w.shape}], group ${group}, kernel [${kernel}]`)
  const size = image.map((length, a) =>
    Math.floor((length + begin[a] + end[a] - (dilations[a] * (kernel[a] - 1) + 1)) / strides[a] + 1),
  )
  return [
    tabulate([n, out, ...size], x.dtype, ([b, o, i, j]) => {
      let sum = bias ? at(bias, [o]) : 0
      const first = Math.floor(o / (out / group)) * inner
      for (let c = 0; c < inner; c++)
        for (let u = 0; u < kernel[0]; u++)
          for (let v = 0; v < kernel[1]; v++) {
            const row = i * strides[0] + u * dilations[0] - begin[0]
            const column = j * strides[1] + v * dilations[1] - begin[1]
            if (row < 0 || row >= image[0] || column < 0 || column >= image[1]) continue
            sum += at(x, [b, first + c, row, column]) * at(w, [o, c, u, v])
          }
      return sum
    }),
  ]
}

/** Every input pixel adds its multiple of the kernel to the output; x [N,C,…], w [C, M/group, …]. */
const convTranspose: Operator = ([x, w, bias], attributes) => {
  const { kernel, strides, dilations, begin, end } = window(attributes)
  const group = int(attributes, 'group', 1)
  const extra = ints(attributes, 'output_padding', [0, 0])
  const [n, channels, ...image] = x.shape
  const [inner, perGroup, ...rest] = w.shape
  if (String(kernel) !== String(rest) || inner !== channels)
    throw new Error(`reference: ConvTranspose of [${x.shape}] with [${w.shape}]`)
  const size = image.map(
    (length, a) =>
      strides[a] * (length - 1) + extra[a] + ((kernel[a] - 1) * dilations[a] + 1) - begin[a] - end[a],
  )
  const shape = [n, perGroup * group, ...size]
  const data = Array<number>(volume(shape)).fill(0)
  each(x.shape, ([b, c, i, j]) => {
    const first = Math.floor(c / (channels / group)) * perGroup
    for (let m = 0; m < perGroup; m++)
      for (let u = 0; u < kernel[0]; u++)
        for (let v = 0; v < kernel[1]; v++) {
          const row = i * strides[0] + u * dilations[0] - begin[0]
          const column = j * strides[1] + v * dilations[1] - begin[1]
          if (row < 0 || row >= size[0] || column < 0 || column >= size[1]) continue
          data[offset(shape, [b, first + m, row, column])] += at(x, [b, c, i, j]) * at(w, [c, m, u, v])
        }
  })
  if (bias) each(shape, index => (data[offset(shape, index)] += at(bias, [index[1]])))
  return [{ shape, dtype: x.dtype, data }]
}

const averagePool: Operator = ([x], attributes) => {
  const { kernel, strides, dilations, begin, end } = window(attributes)
  if (int(attributes, 'ceil_mode', 0)) throw new Error('reference: AveragePool with ceil_mode')
  const includePad = int(attributes, 'count_include_pad', 0)
  const [n, channels, ...image] = x.shape
  const size = image.map((length, a) =>
    Math.floor((length + begin[a] + end[a] - (dilations[a] * (kernel[a] - 1) + 1)) / strides[a] + 1),
  )
  return [
    tabulate([n, channels, ...size], x.dtype, ([b, c, i, j]) => {
      let [sum, count] = [0, 0]
      for (let u = 0; u < kernel[0]; u++)
        for (let v = 0; v < kernel[1]; v++) {
          const row = i * strides[0] + u * dilations[0] - begin[0]
          const column = j * strides[1] + v * dilations[1] - begin[1]
          const inside = row >= 0 && row < image[0] && column >= 0 && column < image[1]
          if (inside) sum += at(x, [b, c, row, column])
          if (inside || includePad) count++
        }
      return sum / count
    }),
  ]
}

/** Mean 0 and variance 1 over the axes from `axis` on, then scaled and shifted. */
const layerNormalization: Operator = ([x, scale, shift], attributes) => {
  const axis = fromEnd(int(attributes, 'axis', -1), x.shape.length)
  const epsilon = float(attributes, 'epsilon', 1e-5)
  const inner = x.shape.slice(axis)
  return [
    tabulate(x.shape, x.dtype, index => {
      const values: number[] = []
      each(inner, rest => values.push(at(x, [...index.slice(0, axis), ...rest])))
      const mean = values.reduce((a, b) => a + b, 0) / values.length
      const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length
      const own = index.slice(axis)
      return (
        ((at(x, index) - mean) / Math.sqrt(variance + epsilon)) * at(scale, own) +
        (shift ? at(shift, own) : 0)
      )
    }),
  ]
}

/** Inference: per channel (axis 1) (x − mean) / √(variance + ε) · scale + bias. */
const batchNormalization: Operator = ([x, scale, bias, mean, variance], attributes) => {
  if (int(attributes, 'training_mode', 0)) throw new Error('reference: BatchNormalization in training')
  const epsilon = float(attributes, 'epsilon', 1e-5)
  return [
    tabulate(x.shape, x.dtype, index => {
      const c = [index[1]]
      return (
        ((at(x, index) - at(mean, c)) / Math.sqrt(at(variance, c) + epsilon)) * at(scale, c) + at(bias, c)
      )
    }),
  ]
}

export const products: Record<string, Operator> = {
  MatMul: ([a, b]) => [product(a, b, false, false, 1)],
  // com.microsoft: MatMul of operands whose last two axes may be exchanged, times alpha.
  FusedMatMul: ([a, b], attributes) => {
    if (int(attributes, 'transBatchA', 0) || int(attributes, 'transBatchB', 0))
      throw new Error('reference: FusedMatMul with transposed batches')
    const [transA, transB] = [int(attributes, 'transA', 0) === 1, int(attributes, 'transB', 0) === 1]
    return [product(a, b, transA, transB, float(attributes, 'alpha', 1))]
  },
  Conv: conv,
  ConvTranspose: convTranspose,
  AveragePool: averagePool,
  LayerNormalization: layerNormalization,
  BatchNormalization: batchNormalization,
}
