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

/** What Conv, ConvTranspose and AveragePool have in common: the window over the spatial axes of x. */
function window(attributes: Attributes, x: Value, kernel = ints(attributes, 'kernel_shape', [])) {
  if (text(attributes, 'auto_pad', 'NOTSET') !== 'NOTSET') throw new Error('reference: auto_pad')
  const axes = x.shape.length - 2
  const all = (value: number, count = axes) => Array<number>(count).fill(value)
  const pads = ints(attributes, 'pads', all(0, 2 * axes)) // begin of each axis, then end of each axis
  const strides = ints(attributes, 'strides', all(1))
  const dilations = ints(attributes, 'dilations', all(1))
  const [begin, end] = [pads.slice(0, axes), pads.slice(axes)]
  /** The pixel that an offset in a window looks at. */
  const pixel = (place: readonly number[], inside: readonly number[]) =>
    inside.map((u, a) => place[a] * strides[a] + u * dilations[a] - begin[a])
  return { kernel, strides, dilations, begin, end, pixel }
}

const within = (pixel: readonly number[], sizes: readonly number[]) =>
  pixel.every((p, a) => p >= 0 && p < sizes[a])

/** y[n,o,i…] = Σ x[n,c,i·s+u·d−p…] w[o,c,u…] over the channels of o's group. */
const conv: Operator = ([x, w, bias], attributes) => {
  const { kernel, strides, dilations, begin, end, pixel } = window(attributes, x, w.shape.slice(2))
  const group = int(attributes, 'group', 1)
  const [n, , ...image] = x.shape
  const [out, inner] = w.shape
  if (inner * group !== x.shape[1] || String(ints(attributes, 'kernel_shape', kernel)) !== String(kernel))
    throw new Error(`reference: Conv of [${x.shape}] with [${w.shape}], group ${group}, kernel [${kernel}]`)
  const size = image.map((length, a) =>
    Math.floor((length + begin[a] + end[a] - (dilations[a] * (kernel[a] - 1) + 1)) / strides[a] + 1),
  )
  return [
    tabulate([n, out, ...size], x.dtype, ([b, o, ...place]) => {
      let sum = bias ? at(bias, [o]) : 0
      const first = Math.floor(o / (out / group)) * inner
      each([inner, ...kernel], ([c, ...inside]) => {
        const seen = pixel(place, inside)
        if (within(seen, image)) sum += at(x, [b, first + c, ...seen]) * at(w, [o, c, ...inside])
      })
      return sum
    }),
  ]
}

/** Every input pixel adds its multiple of the kernel to the output; x [N,C,…], w [C, M/group, …]. */
const convTranspose: Operator = ([x, w, bias], attributes) => {
  const { kernel, strides, dilations, begin, end, pixel } = window(attributes, x, w.shape.slice(2))
  const group = int(attributes, 'group', 1)
  const [n, channels, ...image] = x.shape
  const [inner, perGroup] = w.shape
  const extra = ints(attributes, 'output_padding', Array(image.length).fill(0))
  if (inner !== channels) throw new Error(`reference: ConvTranspose of [${x.shape}] with [${w.shape}]`)
  const size = image.map(
    (length, a) =>
      strides[a] * (length - 1) + extra[a] + ((kernel[a] - 1) * dilations[a] + 1) - begin[a] - end[a],
  )
  const shape = [n, perGroup * group, ...size]
  const data = Array<number>(volume(shape)).fill(0)
  each(x.shape, index => {
    const [b, c, ...place] = [...index]
    const first = Math.floor(c / (channels / group)) * perGroup
    each([perGroup, ...kernel], ([m, ...inside]) => {
      const made = pixel(place, inside)
      if (within(made, size))
        data[offset(shape, [b, first + m, ...made])] += at(x, index) * at(w, [c, m, ...inside])
    })
  })
  if (bias) each(shape, index => (data[offset(shape, index)] += at(bias, [index[1]])))
  return [{ shape, dtype: x.dtype, data }]
}

const averagePool: Operator = ([x], attributes) => {
  const { kernel, strides, dilations, begin, end, pixel } = window(attributes, x)
  const round = int(attributes, 'ceil_mode', 0) ? Math.ceil : Math.floor
  const includePad = int(attributes, 'count_include_pad', 0)
  const [n, channels, ...image] = x.shape
  const size = image.map((length, a) => {
    const room = length + begin[a] + end[a] - (dilations[a] * (kernel[a] - 1) + 1)
    const count = round(room / strides[a]) + 1
    // A window begins in the image or in the padding before it.
    return (count - 1) * strides[a] >= length + begin[a] ? count - 1 : count
  })
  return [
    tabulate([n, channels, ...size], x.dtype, ([b, c, ...place]) => {
      let [sum, count] = [0, 0]
      each(kernel, inside => {
        const seen = pixel(place, inside)
        const padded = seen.every((p, a) => p < image[a] + end[a])
        if (within(seen, image)) sum += at(x, [b, c, ...seen])
        if (within(seen, image) || (includePad && padded)) count++
      })
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
