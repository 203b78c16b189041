// Operators that only imported graphs hold, by the ONNX specification, in float64.

import { alongAxis, sigmoid } from './elementwise.ts'
import {
  type Attributes,
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

const unary =
  (f: (x: number, attributes: Attributes) => number): Operator =>
  ([x], attributes) => [tabulate(x.shape, x.dtype, i => f(at(x, i), attributes))]

/** erf x = 2/√π ∫₀ˣ e^−t² dt, by Simpson's rule on 400 intervals: to about 1e-12 where |x| < 4. */
function erf(x: number): number {
  const [n, h] = [400, x / 400]
  let sum = 1 + Math.exp(-x * x)
  for (let i = 1; i < n; i++) sum += (i % 2 ? 4 : 2) * Math.exp(-((i * h) ** 2))
  return ((2 / Math.sqrt(Math.PI)) * (sum * h)) / 3
}

const variadic =
  (f: (values: number[]) => number): Operator =>
  inputs => [
    tabulate(broadcast(...inputs.map(x => x.shape)), inputs[0].dtype, i =>
      f(inputs.map(x => broadcastAt(x, i) as number)),
    ),
  ]

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)

/** (x − mean) / √(variance + ε) over the axes from `axis` on. */
function standardise(x: Value, axis: number, epsilon: number): (index: readonly number[]) => number {
  const inner = x.shape.slice(axis)
  return index => {
    const values: number[] = []
    each(inner, rest => values.push(at(x, [...index.slice(0, axis), ...rest])))
    const mean = sum(values) / values.length
    const variance = sum(values.map(v => (v - mean) ** 2)) / values.length
    return (at(x, index) - mean) / Math.sqrt(variance + epsilon)
  }
}

const gemm: Operator = ([a, b, c], attributes) => {
  const [transA, transB] = [int(attributes, 'transA', 0), int(attributes, 'transB', 0)]
  const [rows, inner] = transA ? [a.shape[1], a.shape[0]] : a.shape
  const columns = transB ? b.shape[0] : b.shape[1]
  const [alpha, beta] = [float(attributes, 'alpha', 1), float(attributes, 'beta', 1)]
  return [
    tabulate([rows, columns], a.dtype, ([i, j]) => {
      let total = 0
      for (let k = 0; k < inner; k++)
        total += at(a, transA ? [k, i] : [i, k]) * at(b, transB ? [j, k] : [k, j])
      return alpha * total + (c ? beta * (broadcastAt(c, [i, j]) as number) : 0)
    }),
  ]
}

/** Any number of spatial axes; places counted through all of x. */
const maxPool: Operator = ([x], attributes) => {
  if (text(attributes, 'auto_pad', 'NOTSET') !== 'NOTSET') throw new Error('reference: auto_pad')
  const image = x.shape.slice(2)
  const all = (value: number) => image.map(() => value)
  const kernel = ints(attributes, 'kernel_shape', [])
  const strides = ints(attributes, 'strides', all(1))
  const dilations = ints(attributes, 'dilations', all(1))
  const pads = ints(attributes, 'pads', [...all(0), ...all(0)])
  const round = int(attributes, 'ceil_mode', 0) ? Math.ceil : Math.floor
  const size = image.map((length, a) => {
    const room = length + pads[a] + pads[image.length + a] - (dilations[a] * (kernel[a] - 1) + 1)
    const count = round(room / strides[a]) + 1
    // A window begins in the image or in the padding before it.
    return (count - 1) * strides[a] >= length + pads[a] ? count - 1 : count
  })
  const best = (index: readonly number[]) => {
    let found = [-Infinity, -1]
    each(kernel, inside => {
      const pixel = inside.map((u, a) => index[a + 2] * strides[a] + u * dilations[a] - pads[a])
      if (pixel.some((p, a) => p < 0 || p >= image[a])) return
      const place = offset(x.shape, [...index.slice(0, 2), ...pixel])
      if ((x.data[place] as number) > found[0]) found = [x.data[place] as number, place]
    })
    return found
  }
  const shape = [...x.shape.slice(0, 2), ...size]
  return [
    tabulate(shape, x.dtype, index => best(index)[0]),
    tabulate(shape, 'int64', index => BigInt(best(index)[1])),
  ]
}

/** Flattened at an axis, or into the shape that axes of size 1 added or taken away leave. */
const reshaped =
  (shape: (x: Value, axes: number[] | undefined, attributes: Attributes) => number[]): Operator =>
  ([x, axes], attributes) => [{ ...x, shape: shape(x, axes && integers(axes), attributes) }]

const flatten = reshaped((x, _, attributes) => {
  const axis = int(attributes, 'axis', 1)
  const split = axis < 0 ? axis + x.shape.length : axis
  return [volume(x.shape.slice(0, split)), volume(x.shape.slice(split))]
})

const unsqueeze = reshaped((x, axes) => {
  const rank = x.shape.length + axes!.length
  const added = new Set(axes!.map(axis => fromEnd(axis, rank)))
  const sizes = [...x.shape]
  return Array.from({ length: rank }, (_, i) => (added.has(i) ? 1 : sizes.shift()!))
})

const squeeze = reshaped((x, axes) =>
  x.shape.filter((dim, i) => (axes ? !axes.some(a => fromEnd(a, x.shape.length) === i) : dim !== 1)),
)

const cumSum: Operator = ([x, axis], attributes) => {
  const [exclusive, reverse] = [int(attributes, 'exclusive', 0), int(attributes, 'reverse', 0)]
  return [
    alongAxis(x, Number(axis.data[0]), line =>
      line.map((_, i) => {
        const before = reverse ? line.slice(exclusive ? i + 1 : i) : line.slice(0, exclusive ? i : i + 1)
        return sum(before)
      }),
    ),
  ]
}

const trilu: Operator = ([x, k], attributes) => {
  const shift = k ? Number(k.data[0]) : 0
  const upper = int(attributes, 'upper', 1)
  return [
    tabulate(x.shape, x.dtype, index => {
      const [row, column] = index.slice(-2)
      return (upper ? column >= row + shift : column <= row + shift) ? at(x, index) : 0
    }),
  ]
}

const depthToSpace: Operator = ([x], attributes) => {
  const [b, depth] = [int(attributes, 'blocksize', 1), text(attributes, 'mode', 'DCR') === 'DCR']
  const [n, c, h, w] = x.shape
  const channels = c / (b * b)
  return [
    tabulate([n, channels, h * b, w * b], x.dtype, ([i, o, y, z]) => {
      const block = (y % b) * b + (z % b)
      const channel = depth ? block * channels + o : o * b * b + block
      return at(x, [i, channel, Math.floor(y / b), Math.floor(z / b)])
    }),
  ]
}

const spaceToDepth: Operator = ([x], attributes) => {
  const b = int(attributes, 'blocksize', 1)
  const [n, c, h, w] = x.shape
  return [
    tabulate([n, c * b * b, h / b, w / b], x.dtype, ([i, o, y, z]) => {
      const block = Math.floor(o / c)
      return at(x, [i, o % c, y * b + Math.floor(block / b), z * b + (block % b)])
    }),
  ]
}

const einsum: Operator = (inputs, attributes) => {
  const [left, result] = text(attributes, 'equation', '').split('->')
  const terms = left.split(',')
  const sizes: Record<string, number> = {}
  terms.forEach((term, i) => {
    for (const [axis, letter] of [...term].entries()) sizes[letter] = inputs[i].shape[axis]
  })
  const letters = Object.keys(sizes)
  const shape = [...result].map(letter => sizes[letter])
  const data = Array<number>(volume(shape)).fill(0)
  each(
    letters.map(letter => sizes[letter]),
    index => {
      const pick = (term: string) => [...term].map(letter => index[letters.indexOf(letter)])
      data[offset(shape, pick(result))] += terms.reduce((p, term, i) => p * at(inputs[i], pick(term)), 1)
    },
  )
  return [{ shape, dtype: inputs[0].dtype, data }]
}

const instanceNormalization: Operator = ([x, scale, bias], attributes) => {
  const hat = standardise(x, 2, float(attributes, 'epsilon', 1e-5))
  return [tabulate(x.shape, x.dtype, i => hat(i) * at(scale, [i[1]]) + at(bias, [i[1]]))]
}

const globalAveragePool: Operator = ([x]) => {
  const image = x.shape.slice(2)
  return [
    tabulate([...x.shape.slice(0, 2), ...image.map(() => 1)], x.dtype, index => {
      let total = 0
      each(image, pixel => (total += at(x, [...index.slice(0, 2), ...pixel])))
      return total / volume(image)
    }),
  ]
}

const tile: Operator = ([x, repeats]) => [
  tabulate(
    x.shape.map((dim, i) => dim * integers(repeats)[i]),
    x.dtype,
    index =>
      at(
        x,
        index.map((i, axis) => i % x.shape[axis]),
      ),
  ),
]

const normal = (x: number) => 0.5 * (1 + erf(x / Math.SQRT2))

export const imported: Record<string, Operator> = {
  Erf: unary(erf),
  Tan: unary(Math.tan),
  Asin: unary(Math.asin),
  Acos: unary(Math.acos),
  Atan: unary(Math.atan),
  Sinh: unary(Math.sinh),
  Cosh: unary(Math.cosh),
  Softsign: unary(x => x / (1 + Math.abs(x))),
  LeakyRelu: unary((x, a) => (x < 0 ? float(a, 'alpha', 0.01) * x : x)),
  ThresholdedRelu: unary((x, a) => (x > float(a, 'alpha', 1) ? x : 0)),
  Elu: unary((x, a) => (x < 0 ? float(a, 'alpha', 1) * Math.expm1(x) : x)),
  Selu: unary(
    (x, a) =>
      float(a, 'gamma', 1.0507010221481323) *
      (x > 0 ? x : float(a, 'alpha', 1.6732631921768188) * Math.expm1(x)),
  ),
  Celu: unary((x, a) => {
    const alpha = float(a, 'alpha', 1)
    return Math.max(0, x) + Math.min(0, alpha * Math.expm1(x / alpha))
  }),
  HardSigmoid: unary((x, a) => Math.max(0, Math.min(1, float(a, 'alpha', 0.2) * x + float(a, 'beta', 0.5)))),
  HardSwish: unary(x => x * Math.max(0, Math.min(1, x / 6 + 0.5))),
  Mish: unary(x => x * Math.tanh(Math.log1p(Math.exp(x)))),
  Gelu: unary(x => x * normal(x)),
  QuickGelu: unary((x, a) => x * sigmoid(float(a, 'alpha', 1.702) * x)),
  PRelu: ([x, slope]) => [
    tabulate(x.shape, x.dtype, i => (at(x, i) < 0 ? (broadcastAt(slope, i) as number) : 1) * at(x, i)),
  ],
  Sum: variadic(sum),
  Mean: variadic(values => sum(values) / values.length),
  Gemm: gemm,
  Einsum: einsum,
  MaxPool: maxPool,
  GlobalAveragePool: globalAveragePool,
  InstanceNormalization: instanceNormalization,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Tile: tile,
  CumSum: cumSum,
  Trilu: trilu,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
}
