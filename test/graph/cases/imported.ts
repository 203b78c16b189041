// Single operators as other programs write them into files: one line per form.

import { between, type CaseOptions, distinct, given, indices, positive, type Spec } from '../harness.ts'
import { type FileNode, type FileSpec, onnxFile } from '../onnx-file.ts'

export interface FileCase {
  name: string
  inputs: Record<string, Spec>
  file: Omit<FileSpec, 'inputs'>
  options?: CaseOptions & {
    /** Whether what is written is other operators than the file's, which round otherwise. */
    other?: boolean
  }
}

/** The file of a case, its inputs in the shapes in which they are drawn. */
export function fileOf({ inputs, file }: FileCase): Uint8Array {
  const specs = Object.entries(inputs).map(([name, spec]) => {
    const { shape, dtype = 'float32' } = 'draw' in spec ? spec : { shape: spec }
    return [name, { shape, dtype }] as const
  })
  return onnxFile({ ...file, inputs: Object.fromEntries(specs) })
}

const ints = (...values: number[]) => BigInt64Array.from(values, BigInt)
const floats = (...values: number[]) => Float32Array.from(values)
const f = (float: number) => ({ float })

/** One node y = op(inputs, constants). */
function one(
  op: string,
  inputs: Record<string, Spec>,
  attributes: FileNode['attributes'] = {},
  {
    constants = {},
    opset,
    order,
    outputs = ['y'],
    label = '',
    domain,
    ...options
  }: Omit<FileSpec, 'nodes'> & {
    order?: string
    label?: string
    domain?: string
    constants?: FileSpec['constants']
  } & FileCase['options'] = {},
): FileCase {
  const names = order?.split(' ').map(name => (name === '-' ? '' : name))
  const node = {
    op,
    inputs: names ?? [...Object.keys(inputs), ...Object.keys(constants)],
    outputs,
    attributes,
    domain,
  }
  const shown = Object.entries(attributes).map(([key, value]) =>
    typeof value === 'object' && 'tensor' in value ? key : `${key} ${JSON.stringify(value)}`,
  )
  const set = opset ? `, operator set ${opset}` : ''
  return {
    name: `${op}${label && ` ${label}`}${shown.length ? ` with ${shown.join(', ')}` : ''}${set}`,
    inputs,
    file: { opset, constants, nodes: [node], outputs: outputs.filter(Boolean) },
    options,
  }
}

const x4 = distinct(2, 3, 4)
const image = distinct(2, 2, 5, 6)
const pooled = { kernel_shape: [3, 3] }

export const elementwise: FileCase[] = [
  ...['Tan', 'Atan', 'Sinh', 'Cosh', 'Erf', 'Softsign', 'HardSwish', 'Mish'].map(op =>
    one(op, { x: between(-1, 1, 3, 4) }, {}, { batch: 'x' }),
  ),
  ...['Asin', 'Acos'].map(op => one(op, { x: between(-0.9, 0.9, 7) })),
  one('HardSwish', { x: between(-5, 5, 12) }, {}, { label: 'far out' }),
  one('Mish', { x: between(-5, 5, 12) }, {}, { label: 'far out' }),
  one('LeakyRelu', { x: x4 }),
  one('LeakyRelu', { x: x4 }, { alpha: f(0.3) }),
  one('ThresholdedRelu', { x: x4 }, { alpha: f(0.5) }),
  one('Elu', { x: x4 }),
  one('Elu', { x: x4 }, { alpha: f(0.5) }),
  one('Selu', { x: x4 }),
  one('Celu', { x: x4 }, { alpha: f(0.7) }),
  one('HardSigmoid', { x: x4 }),
  one('HardSigmoid', { x: x4 }, { alpha: f(0.15), beta: f(0.4) }),
  one('PRelu', { x: x4, slope: positive(3, 1) }, {}, { batch: 'x' }),
  one('Gelu', { x: [3, 4] }, {}, { opset: 20, other: true }),
  one('Gelu', { x: [3, 4] }, { approximate: 'tanh' }, { opset: 20, other: true }),
  one('Gelu', { x: [3, 4] }, {}, { domain: 'com.microsoft' }),
  one('QuickGelu', { x: [3, 4] }, { alpha: f(1.5) }, { domain: 'com.microsoft' }),
  one('Pow', { x: positive(3, 4) }, {}, { constants: { b: { values: floats(1.5), shape: [] } } }),
  one('Pow', { x: [3, 4] }, {}, { constants: { b: { values: ints(2), shape: [] } }, label: 'of an integer' }),
  one('Pow', { x: positive(3, 4), b: [4] }, {}, { label: 'of tensors', batch: 'x' }),
  one('Pow', { x: positive(4) }, {}, { constants: { b: floats(2) }, label: 'of one in a vector' }),
  one('Sum', { a: [2, 3], b: [3], c: [2, 1] }),
  one('Mean', { a: [2, 3], b: [3], c: [2, 1] }),
  one('Max', { a: distinct(2, 3), b: given([-4, 0.3, 4]), c: given([-1, 1.1], [2, 1]) }),
  one('Min', { a: distinct(2, 3), b: given([-4, 0.3, 4]), c: given([-1, 1.1], [2, 1]) }),
  one('Max', { a: [3] }, {}, { label: 'of one' }),
  one('Clip', { x: x4 }, { min: f(-1), max: f(2) }, { opset: 7 }),
  one('Clip', { x: x4 }, { min: f(-1) }, { opset: 10 }),
  one('Clip', { x: x4 }, {}, { constants: { high: { values: floats(1.5), shape: [] } }, order: 'x - high' }),
  one('Clip', { x: x4 }, {}, { label: 'of nothing', opset: 7 }),
  one('Dropout', { x: x4 }, { ratio: f(0.3) }, { opset: 7 }),
  one('Dropout', { x: x4 }, {}, { outputs: ['y', ''], opset: 13 }),
  one(
    'Dropout',
    { x: x4 },
    {},
    {
      constants: {
        ratio: { values: floats(0.3), shape: [] },
        training: { values: Uint8Array.of(0), shape: [], dtype: 'bool' },
      },
    },
  ),
  one(
    'Where',
    { a: [2, 3], b: [3] },
    {},
    {
      constants: { condition: { values: Uint8Array.of(1, 0), shape: [2, 1], dtype: 'bool' } },
      order: 'condition a b',
      label: 'by constant bools',
    },
  ),
]

const keep = { keepdims: 0 }
export const reductions: FileCase[] = [
  ...['ReduceSum', 'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare'].flatMap(
    op => [
      one(op, { x: x4 }, { axes: [-1, 0] }, { opset: 11 }),
      one(op, { x: x4 }, keep, { label: 'of everything' }),
      one(op, { x: x4 }, { axes: [1], ...keep }, { opset: 9, batch: 'x' }),
    ],
  ),
  ...['ReduceLogSum', 'ReduceLogSumExp'].map(op =>
    one(op, { x: positive(2, 3) }, { axes: [1] }, { opset: 17 }),
  ),
  one('ReduceL2', { x: x4 }, {}, { constants: { axes: ints(-1) } }),
  one('ReduceMax', { x: x4 }, {}, { constants: { axes: ints(1) }, opset: 20 }),
  one('Softmax', { x: x4 }, {}, { opset: 13 }),
  one('Softmax', { x: x4 }, { axis: 2 }, { opset: 11 }),
  one('Softmax', { x: x4 }, {}, { opset: 11, other: true }),
  one('Softmax', { x: distinct(2, 3, 1, 1) }, { axis: 1 }, { opset: 12, other: true }),
  one('LogSoftmax', { x: x4 }, { axis: 0 }, { opset: 9, other: true }),
  one('LogSoftmax', { x: x4 }, { axis: -2 }),
  one('CumSum', { x: x4 }, {}, { constants: { axis: { values: ints(1), shape: [] } } }),
  one(
    'CumSum',
    { x: x4 },
    { reverse: 1, exclusive: 1 },
    { constants: { axis: { values: ints(-1), shape: [] } } },
  ),
  one('TopK', { x: x4 }, { axis: 1 }, { constants: { k: ints(2) }, outputs: ['y', 'i'] }),
  one('TopK', { x: x4 }, { largest: 0 }, { constants: { k: ints(3) }, outputs: ['y', 'i'], opset: 11 }),
  one('TopK', { x: x4 }, { k: 2, axis: 0 }, { outputs: ['y', 'i'], opset: 9 }),
]

export const moves: FileCase[] = [
  one('Reshape', { x: x4 }, {}, { constants: { shape: ints(0, -1) }, batch: 'x' }),
  one('Reshape', { x: x4 }, {}, { constants: { shape: ints(4, 6) } }),
  one('Reshape', { x: x4 }, { allowzero: 1 }, { constants: { shape: ints(-1) } }),
  one('Flatten', { x: image }, {}, { batch: 'x' }),
  one('Flatten', { x: image }, { axis: 0 }),
  one('Flatten', { x: image }, { axis: -1 }, { batch: 'x' }),
  one('Flatten', { x: x4 }, { axis: 3 }, { batch: 'x' }),
  one('Squeeze', { x: distinct(1, 3, 1, 2) }, { axes: [0, 2] }, { opset: 11 }),
  one('Squeeze', { x: distinct(1, 3, 1, 2) }, {}, { constants: { axes: ints(-2) } }),
  one('Squeeze', { x: distinct(1, 3, 1, 2) }, {}, { label: 'of all' }),
  one('Unsqueeze', { x: x4 }, { axes: [0, 2] }, { opset: 12, batch: 'x' }),
  one('Unsqueeze', { x: x4 }, {}, { constants: { axes: ints(-1, 0) } }),
  one('Transpose', { x: x4 }, {}, { batch: 'x' }),
  one('Expand', { x: distinct(3, 1) }, {}, { constants: { shape: ints(2, 1, 4) } }),
  one('Tile', { x: distinct(2, 3) }, {}, { constants: { repeats: ints(2, 3) } }),
  one('Concat', { a: distinct(2, 3), b: distinct(2, 1) }, { axis: -1 }, { opset: 11, batch: 'a b' }),
  one('Split', { x: distinct(2, 6) }, { axis: 1, split: [2, 4] }, { outputs: ['y', 'z'], opset: 11 }),
  one('Split', { x: distinct(2, 6) }, { axis: 1 }, { outputs: ['y', 'z', 'v'], opset: 11, batch: 'x' }),
  one('Split', { x: distinct(2, 7) }, { axis: 1, num_outputs: 3 }, { outputs: ['y', 'z', 'v'] }),
  one(
    'Split',
    { x: distinct(5, 2) },
    {},
    { constants: { split: ints(1, 4) }, outputs: ['y', 'z'], opset: 13 },
  ),
  one('Slice', { x: distinct(5, 7) }, { starts: [1, -3], ends: [4, 9_000], axes: [0, 1] }, { opset: 9 }),
  one('Slice', { x: distinct(5, 7) }, { starts: [1], ends: [-1] }, { opset: 9 }),
  ...[
    [[0], [7], [1], [2]],
    [[1], [7], [1], [3]],
    [[-1], [-100], [1], [-1]],
    [[5], [0], [-1], [-2]],
    [[6], [-100], [1], [-3]],
    [
      [0, 1],
      [2, 6],
      [0, 1],
      [1, 4],
    ],
    [[2], [2], [1], [1]],
    [[0], [2 ** 40], [1], [1]],
  ].map(([starts, ends, axes, steps], i) =>
    one(
      'Slice',
      { x: distinct(3, 7) },
      {},
      {
        constants: {
          starts: ints(...starts),
          ends: ints(...ends),
          axes: ints(...axes),
          steps: ints(...steps),
        },
        label: `${starts}:${ends}:${steps}`,
        batch: i === 5 ? '' : 'x',
      },
    ),
  ),
  one('Pad', { x: distinct(3, 4) }, { pads: [1, 0, 0, 2], value: f(1.5) }, { opset: 9 }),
  one('Pad', { x: distinct(3, 4) }, {}, { constants: { pads: ints(-1, 2, 1, -1) } }),
  one(
    'Pad',
    { x: distinct(3, 4) },
    {},
    {
      constants: { pads: ints(1, 2), value: { values: floats(0.5), shape: [] }, axes: ints(-1) },
      batch: 'x',
    },
  ),
  one(
    'Pad',
    { x: distinct(3, 4) },
    { mode: 'reflect' },
    { constants: { pads: ints(0, 2, 0, 3) }, batch: 'x' },
  ),
  one(
    'Pad',
    { x: distinct(3, 4) },
    { mode: 'reflect' },
    { constants: { pads: ints(2, 1, 1, 0) }, opset: 11 },
  ),
  one('Pad', { x: distinct(3, 4) }, { mode: 'edge' }, { constants: { pads: ints(2, 5, 0, 1) } }),
  one('Pad', { x: distinct(3, 4) }, { mode: 'edge', pads: [0, 1, 0, 2] }, { opset: 10, batch: 'x' }),
  one('Trilu', { x: distinct(2, 3, 4) }, {}, { batch: 'x' }),
  one('Trilu', { x: distinct(3, 4) }, { upper: 0 }, { constants: { k: { values: ints(1), shape: [] } } }),
  one('DepthToSpace', { x: distinct(2, 8, 2, 3) }, { blocksize: 2 }, { opset: 9, batch: 'x' }),
  one('DepthToSpace', { x: distinct(2, 8, 2, 3) }, { blocksize: 2, mode: 'CRD' }, { batch: 'x' }),
  one('SpaceToDepth', { x: distinct(2, 2, 4, 6) }, { blocksize: 2 }, { batch: 'x' }),
  one('Gather', { x: x4 }, { axis: 1 }, { constants: { i: { values: ints(0), shape: [] } }, batch: 'x' }),
  one('Gather', { x: x4 }, { axis: 2 }, { constants: { i: ints(-1) }, batch: 'x', label: 'from the end' }),
  one(
    'Gather',
    { x: x4 },
    { axis: 1 },
    { constants: { i: { values: ints(2, 0, 2, -1), shape: [2, 2] } }, batch: 'x' },
  ),
  one('Gather', { x: x4, i: indices(2, 3) }, {}, { label: 'of rows' }),
  one(
    'Gather',
    { x: x4 },
    { axis: -1 },
    { constants: { i: { values: Int32Array.of(3, 1, 1), shape: [3] } } },
  ),
  one('GatherElements', { x: x4, i: indices(3, 2, 2, 4) }, { axis: 1 }),
  one(
    'ScatterElements',
    { x: x4, i: indices(3, 2, 2, 4), u: distinct(2, 2, 4) },
    { axis: 1, reduction: 'add' },
  ),
  one(
    'ScatterElements',
    { x: distinct(2, 4), i: { ...given([3, 0, 1, 2], [2, 2]), dtype: 'int64' }, u: distinct(2, 2) },
    { axis: 1 },
  ),
]

const weights = { x: image, w: between(-1, 1, 4, 2, 3, 3), b: between(-1, 1, 4) }
const grouped = { x: distinct(2, 4, 5, 6), w: between(-1, 1, 6, 2, 3, 2) }
const transposed = { x: distinct(2, 4, 3, 4), w: between(-1, 1, 4, 3, 3, 2), b: between(-1, 1, 3) }
const conv = (inputs: Record<string, Spec>, attributes: FileNode['attributes'], label = '') =>
  one('Conv', inputs, attributes, { batch: 'x', label })

export const images: FileCase[] = [
  conv(weights, { pads: [1, 1, 1, 1] }),
  conv(weights, { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], dilations: [1, 1], group: 1 }),
  conv(weights, { dilations: [2, 2], pads: [2, 2, 2, 2] }),
  conv(weights, { dilations: [2, 1], strides: [1, 2] }),
  conv(weights, { pads: [0, 1, 2, 0] }),
  conv(weights, { strides: [2, 3], pads: [1, 0, 0, 2] }),
  conv(weights, { auto_pad: 'SAME_UPPER', strides: [2, 2] }),
  conv(weights, { auto_pad: 'SAME_LOWER', strides: [3, 2] }),
  conv(weights, { auto_pad: 'VALID' }),
  conv(grouped, { group: 2 }, 'in groups'),
  conv(grouped, { group: 2, strides: [2, 1], dilations: [1, 2], pads: [1, 1, 0, 1] }, 'in groups'),
  conv(
    { x: distinct(2, 3, 5, 5), w: between(-1, 1, 3, 1, 3, 3) },
    { group: 3, pads: [1, 1, 1, 1] },
    'by channel',
  ),
  conv({ x: distinct(2, 3, 9), w: between(-1, 1, 2, 3, 4) }, { strides: [2], pads: [1, 2] }, 'of lines'),
  conv(
    { x: distinct(1, 2, 3, 4, 3), w: between(-1, 1, 2, 2, 2, 3, 2) },
    { pads: [0, 1, 0, 1, 1, 0] },
    'of volumes',
  ),
  one('ConvTranspose', transposed, { strides: [2, 2] }, { batch: 'x' }),
  one('ConvTranspose', transposed, { strides: [2, 3], pads: [1, 0, 0, 1], output_padding: [1, 2] }, {}),
  one('ConvTranspose', transposed, { dilations: [2, 1], pads: [1, 1, 1, 0] }, { batch: 'x' }),
  one(
    'ConvTranspose',
    { x: distinct(2, 4, 3, 4), w: between(-1, 1, 4, 2, 3, 3) },
    { group: 2, strides: [2, 1] },
    {},
  ),
  one('MaxPool', { x: image }, pooled, { batch: 'x' }),
  one('MaxPool', { x: image }, { ...pooled, strides: [2, 2], pads: [1, 1, 1, 1] }, { batch: 'x' }),
  one('MaxPool', { x: image }, { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }, { opset: 11 }),
  one(
    'MaxPool',
    { x: image },
    { kernel_shape: [2, 3], dilations: [2, 2], strides: [1, 2], pads: [1, 0, 0, 1] },
  ),
  one('MaxPool', { x: image }, { ...pooled, auto_pad: 'SAME_UPPER', strides: [2, 2] }),
  one('MaxPool', { x: image }, { ...pooled, strides: [3, 3], ceil_mode: 1, pads: [1, 1, 1, 1] }),
  one('MaxPool', { x: image }, pooled, { outputs: ['y', 'i'], label: 'with its places' }),
  one('MaxPool', { x: distinct(2, 2, 9) }, { kernel_shape: [3], strides: [2] }, { label: 'of lines' }),
  one('AveragePool', { x: image }, pooled, { batch: 'x' }),
  ...[0, 1].flatMap(count_include_pad => [
    one(
      'AveragePool',
      { x: image },
      { ...pooled, strides: [2, 2], pads: [1, 1, 1, 1], count_include_pad },
      { batch: 'x' },
    ),
    one(
      'AveragePool',
      { x: image },
      { kernel_shape: [2, 3], strides: [3, 2], pads: [1, 0, 0, 2], count_include_pad },
    ),
    one(
      'AveragePool',
      { x: image },
      { ...pooled, strides: [2, 2], ceil_mode: 1, count_include_pad },
      { opset: 11 },
    ),
    one(
      'AveragePool',
      { x: image },
      { ...pooled, strides: [2, 3], pads: [1, 1, 1, 1], ceil_mode: 1, count_include_pad },
      { opset: 19 },
    ),
  ]),
  one('AveragePool', { x: image }, { ...pooled, auto_pad: 'SAME_LOWER', strides: [2, 2] }),
  one('AveragePool', { x: image }, { ...pooled, dilations: [1, 1] }, { opset: 19, other: true }),
  one('GlobalAveragePool', { x: image }, {}, { batch: 'x' }),
  one('GlobalMaxPool', { x: image }, {}, { batch: 'x', other: true }),
  ...(['half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric'] as const).flatMap(kind =>
    (['nearest', 'linear', 'cubic'] as const).map(mode =>
      one(
        'Resize',
        { x: distinct(1, 2, 3, 4) },
        { mode, coordinate_transformation_mode: kind },
        {
          constants: { sizes: ints(1, 2, 5, 7) },
          order: 'x - - sizes',
          label: 'up',
        },
      ),
    ),
  ),
  ...(['nearest', 'linear', 'cubic'] as const).map(mode =>
    one(
      'Resize',
      { x: distinct(2, 2, 6, 5) },
      { mode },
      {
        constants: { scales: floats(1, 1, 0.5, 0.6) },
        order: 'x - scales',
        opset: 13,
        label: 'down',
        batch: 'x',
      },
    ),
  ),
  one(
    'Resize',
    { x: distinct(1, 2, 3, 4) },
    { mode: 'linear', coordinate_transformation_mode: 'half_pixel_symmetric' },
    {
      constants: { scales: floats(1, 1, 1.75, 1.375) },
      order: 'x - scales',
      opset: 19,
    },
  ),
  ...['floor', 'ceil', 'round_prefer_ceil', 'round_prefer_floor'].map(nearest_mode =>
    one(
      'Resize',
      { x: distinct(1, 2, 3, 4) },
      { nearest_mode, coordinate_transformation_mode: 'asymmetric' },
      {
        constants: { scales: floats(1, 1, 2, 1.5) },
        order: 'x - scales',
      },
    ),
  ),
  one(
    'Resize',
    { x: distinct(1, 2, 6, 5) },
    { mode: 'cubic', exclude_outside: 1, cubic_coeff_a: f(-0.5) },
    {
      constants: { scales: floats(1, 1, 1.5, 2) },
      order: 'x - scales',
    },
  ),
  one(
    'Resize',
    { x: distinct(2, 2, 3, 4) },
    { mode: 'linear' },
    {
      constants: { scales: floats(1, 1, 2, 2) },
      opset: 10,
      batch: 'x',
    },
  ),
  one(
    'Upsample',
    { x: distinct(2, 2, 3, 4) },
    { mode: 'nearest' },
    { constants: { scales: floats(1, 1, 2, 3) }, opset: 9 },
  ),
  one(
    'Upsample',
    { x: distinct(2, 2, 3, 4) },
    { mode: 'linear', scales: { floats: [1, 1, 2, 2] } },
    { opset: 7 },
  ),
]

const batchNorm = {
  x: image,
  scale: positive(2),
  bias: [2] as Spec,
  mean: [2] as Spec,
  variance: positive(2),
}
export const norms: FileCase[] = [
  one('BatchNormalization', batchNorm, {}, { batch: 'x' }),
  one('BatchNormalization', batchNorm, { spatial: 1 }, { opset: 7 }),
  one('BatchNormalization', { ...batchNorm, x: distinct(5, 2) }, { epsilon: f(0.1) }, { opset: 9 }),
  one('BatchNormalization', { ...batchNorm, x: distinct(2, 2, 3) }, { momentum: f(0.9) }, { opset: 14 }),
  one(
    'InstanceNormalization',
    { x: distinct(2, 3, 3, 2), scale: positive(3), bias: [3] },
    { epsilon: f(0.01) },
    { batch: 'x' },
  ),
  one(
    'InstanceNormalization',
    { x: distinct(2, 3, 5), scale: positive(3), bias: [3] },
    {},
    { label: 'of lines' },
  ),
  one('LayerNormalization', { x: x4, scale: positive(4), bias: [4] }, {}, { opset: 17, batch: 'x' }),
  one(
    'LayerNormalization',
    { x: x4, scale: positive(3, 4), bias: [3, 4] },
    { axis: 1, epsilon: f(0.01) },
    {},
  ),
  one('LayerNormalization', { x: x4, scale: positive(4) }, { axis: -1 }, { label: 'without bias' }),
  one(
    'GroupNormalization',
    { x: distinct(2, 4, 3), scale: positive(2), bias: [2] },
    { num_groups: 2 },
    { opset: 18, other: true },
  ),
  one(
    'GroupNormalization',
    { x: distinct(2, 4, 2, 3), scale: positive(4), bias: [4] },
    { num_groups: 2 },
    { opset: 21, other: true, batch: 'x' },
  ),
  one('RMSNormalization', { x: x4, scale: positive(4) }, {}, { opset: 23, other: true }),
  one('LpNormalization', { x: x4 }, { axis: 1 }, { other: true }),
  one('LpNormalization', { x: x4 }, { p: 1 }, { other: true }),
]

export const products: FileCase[] = [
  one('MatMul', { a: [2, 3], b: [3, 4] }, {}, { batch: 'a' }),
  one('MatMul', { a: [3], b: [3, 4] }, {}, { label: 'of a row' }),
  one('MatMul', { a: [2, 2, 3], b: [3] }, {}, { label: 'with a column', batch: 'a' }),
  one('MatMul', { a: [3], b: [3] }, {}, { label: 'of vectors' }),
  one('Gemm', { a: [2, 3], b: [3, 4], c: [4] }, {}, { batch: 'a' }),
  one('Gemm', { a: [3, 2], b: [4, 3], c: [2, 1] }, { transA: 1, transB: 1, alpha: f(0.5), beta: f(-2) }),
  one('Gemm', { a: [2, 3], b: [4, 3] }, { transB: 1 }, { opset: 11, label: 'without C', batch: 'a' }),
  one('Gemm', { a: [2, 3], b: [3, 4], c: [] }, { alpha: f(2) }),
  one('Einsum', { a: [2, 3], b: [3, 4] }, { equation: 'ij,jk->ik' }),
  one('Einsum', { a: [2, 3, 4], b: [2, 5, 4] }, { equation: 'bqd,bkd->bqk' }),
  one('Einsum', { a: [2, 3, 4] }, { equation: 'abc->cab' }),
]

const bools = (shape: number[], ...bits: number[]) => ({
  values: Uint8Array.from(bits),
  shape,
  dtype: 'bool' as const,
})
const scalarOf = (value: number) => ({ values: ints(value), shape: [] })
const pair = { a: bools([4], 0, 0, 1, 1), b: bools([4], 0, 1, 0, 1) }
const numbers = { a: ints(-7, 7, -7, 7), b: ints(3, -3, -3, 3) }

/** Operators that are read and run but have no gradient. */
export const forward: FileCase[] = [
  ...['Sign', 'Floor', 'Ceil', 'Round', 'IsNaN', 'IsInf'].map(op =>
    one(op, { x: given([-1.5, -0.5, 0, 0.5, 1.5, Number.POSITIVE_INFINITY, Number.NaN]) }),
  ),
  one('IsInf', { x: given([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) }, { detect_negative: 0 }),
  ...['And', 'Or', 'Xor'].map(op => one(op, {}, {}, { constants: pair })),
  one('Not', {}, {}, { constants: { a: pair.a } }),
  ...['Mod', 'BitwiseAnd', 'BitwiseOr', 'BitwiseXor', 'Add', 'Sub', 'Mul', 'Div', 'Max', 'Min'].map(op =>
    one(op, {}, {}, { constants: numbers, label: 'of integers' }),
  ),
  one('Mod', { a: between(-5, 5, 4), b: positive(4) }, { fmod: 1 }),
  one('BitwiseNot', {}, {}, { constants: { a: numbers.a } }),
  one(
    'BitShift',
    {},
    { direction: 'LEFT' },
    {
      constants: { a: BigUint64Array.of(1n, 2n), b: BigUint64Array.of(3n, 4n) },
    },
  ),
  ...['Equal', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'].map(op =>
    one(op, { a: given([1, 2, 3]), b: given([2, 2, 2]) }),
  ),
  one('ReduceProd', { x: x4 }, { axes: [1] }, { opset: 13 }),
  one('ArgMax', { x: x4 }, { axis: 1 }, { opset: 11 }),
  one('ArgMin', { x: given([1, 0, 0, 1], [2, 2]) }, { axis: -1, keepdims: 0, select_last_index: 1 }),
  one('Cast', { x: given([-1.7, 0, 2.5]) }, { to: 7 }, { opset: 11 }),
  one('Cast', { x: given([-1.7, 0, 2.5]) }, { to: 9, saturate: 1 }, { opset: 19 }),
  one('CastLike', { x: given([-1.7, 0, 2.5]) }, {}, { constants: { like: Int32Array.of(0) }, other: true }),
  one('Shape', { x: x4 }, { start: -2, end: 7 }, { opset: 15 }),
  one('Size', { x: x4 }),
  one('Range', {}, {}, { constants: { start: scalarOf(5), limit: scalarOf(-2), delta: scalarOf(-3) } }),
  one('ConstantOfShape', {}, { value: { tensor: ints(7) } }, { constants: { s: ints(2, 3) }, other: true }),
  one('ConstantOfShape', {}, {}, { constants: { s: ints() }, other: true, label: 'of a scalar' }),
  one('Constant', {}, { value_floats: { floats: [1, 2] } }, { other: true }),
  one('Constant', {}, { value_float: f(0.5) }, { other: true }),
  one('Constant', {}, { value_ints: [3, 4] }, { other: true }),
  one('Constant', {}, { value_int: -3 }, { other: true }),
  one('GatherND', { x: x4 }, {}, { constants: { i: { values: ints(0, 1, 1, 2), shape: [2, 2] } } }),
  one('GatherND', { x: x4 }, { batch_dims: 1 }, { constants: { i: { values: ints(2, 0), shape: [2, 1] } } }),
  one(
    'ScatterND',
    { x: x4, u: [2, 4] },
    {},
    {
      constants: { i: { values: ints(0, 1, 1, 2), shape: [2, 2] } },
      order: 'x i u',
    },
  ),
  one(
    'ScatterElements',
    { x: distinct(2, 4), i: indices(4, 2, 2), u: distinct(2, 2) },
    { axis: 1, reduction: 'max' },
  ),
  one(
    'OneHot',
    { i: indices(3, 2, 2) },
    { axis: 1 },
    { constants: { depth: scalarOf(3), values: floats(-1, 2) } },
  ),
  one('LRN', { x: image }, { size: 3, alpha: f(0.1) }),
  one('Einsum', { a: [3, 3] }, { equation: 'ii' }, { other: true }),
]
