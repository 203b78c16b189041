// Readers of the operators that move values without computing: shapes, pieces, tiles, blocks; and of constants.

import { product, quotient } from '../dims.ts'
import { broadcastShapes, sumTo } from '../elementwise.ts'
import { reduceSum } from '../reduce.ts'
import { concat, reshape, reshapeLike, split, transpose } from '../shape.ts'
import { apply, constant, type Dim, int64, type Shape, showShape, type Tensor } from '../tensor.ts'
import { shapePart } from './known.ts'
import type { OnnxNode, Operators } from './node.ts'

/** The same values in another shape. */
function reshaped(node: OnnxNode, shape: Shape, options?: Parameters<OnnxNode['make']>[3]): Tensor {
  const x = node.input(0)
  if (product(shape) !== product(x.shape))
    throw new Error(`${showShape(x.shape)} does not fit into ${showShape(shape)}`)
  return node.make(shape, x.dtype, ([g]) => [reshapeLike(g!, x), null], options)
}

/** An operator whose axes older operator sets give as an attribute. */
const axesOption = (node: OnnxNode) => ({
  inputs: node.listInput('axes', 1) ? [node.input(0), node.listInput('axes', 1)] : [node.input(0)],
  attributes: node.attributes('axes'),
})

export const moves: Operators = {
  Reshape: { inputs: 'data: any, shape: int', attributes: { allowzero: 'flag' }, read: readReshape },
  Flatten: {
    inputs: 'X: any',
    attributes: { axis: 'int' },
    read(node) {
      const { shape } = node.input(0)
      const axis = node.int('axis', 1)
      const at = axis === shape.length ? axis : node.axis(node.input(0), axis)
      return reshaped(node, [product(shape.slice(0, at)), product(shape.slice(at))])
    },
  },
  Squeeze: { inputs: 'data: any, axes?: int', attributes: { axes: 'ints' }, read: readSqueeze },
  Unsqueeze: { inputs: 'data: any, axes?: int', attributes: { axes: 'ints' }, read: readUnsqueeze },
  Transpose: {
    inputs: 'X: any',
    attributes: { perm: 'ints' },
    read: node =>
      transpose(
        node.input(0),
        node.ints(
          'perm',
          node
            .input(0)
            .shape.map((_, i) => i)
            .reverse(),
        ),
      ),
  },
  Shape: {
    inputs: 'X: any',
    attributes: { start: 'int', end: 'int' },
    read: node => node.make([shapePart(node, node.input(0).shape).length], 'int64'),
  },
  Size: { inputs: 'X: any', read: node => node.make([], 'int64') },
  Expand: { inputs: 'X: any, shape: int', read: readExpand },
  Tile: { inputs: 'X: any, repeats: int', read: readTile },
  Concat: {
    inputs: 'X...: T',
    attributes: { axis: 'int' },
    read: node => concat(node.inputs as Tensor[], node.int('axis', 1)),
  },
  Split: {
    inputs: 'X: any, split?: int',
    outputs: Number.POSITIVE_INFINITY,
    attributes: { axis: 'int', split: 'ints', num_outputs: 'int' },
    read: readSplit,
  },
  Constant: {
    inputs: 'none?: any',
    attributes: {
      value: 'tensor',
      value_float: 'float',
      value_floats: 'floats',
      value_int: 'int',
      value_ints: 'ints',
    },
    read: readConstant,
  },
  ConstantOfShape: { inputs: 'shape: int', attributes: { value: 'tensor' }, read: readConstantOfShape },
  Range: { inputs: 'start: T, limit: T, delta: T', read: readRange },
  Trilu: {
    inputs: 'X: any, k?: int',
    attributes: { upper: 'flag' },
    read(node) {
      const mask = (x: Tensor): Tensor =>
        node.make(x.shape, x.dtype, ([g]) => [mask(g!), null], {
          inputs: [x, ...node.inputs.slice(1)],
        })
      if (node.input(0).rank < 2) throw new Error(`${showShape(node.input(0).shape)} is no matrix`)
      return mask(node.input(0))
    },
  },
  DepthToSpace: {
    inputs: 'X: any',
    attributes: { blocksize: 'int', mode: ['DCR', 'CRD'] },
    read: readDepthToSpace,
  },
  SpaceToDepth: { inputs: 'X: any', attributes: { blocksize: 'int' }, read: readSpaceToDepth },
}

function readReshape(node: OnnxNode): Tensor {
  const x = node.input(0)
  const wanted = node.known(1)
  if (!wanted)
    throw new Error("its shape must be known before the graph runs; give the file's inputs known sizes")
  const zero = node.int('allowzero', 0) !== 0
  const shape = wanted.map((dim, i) => {
    if (dim === 0 && !zero) {
      if (i >= x.rank) throw new Error(`${showShape(x.shape)} has no axis ${i} to keep`)
      return x.shape[i]
    }
    return dim
  })
  // What is unknown is what is left, if there is no other such size.
  const holes = shape.filter(dim => dim === -1 || dim === null)
  if (
    holes.length > 1 ||
    shape.some(dim => typeof dim === 'number' && (dim < -1 || !Number.isSafeInteger(dim)))
  )
    throw new Error(`${showShape(x.shape)} does not fit into [${shape.map(dim => dim ?? '?').join(', ')}]`)
  const given = shape.filter(dim => dim !== -1 && dim !== null) as Dim[]
  const rest = quotient(product(x.shape), product(given))
  if (rest === null)
    throw new Error(`${showShape(x.shape)} does not fit into [${shape.map(dim => dim ?? '?').join(', ')}]`)
  return reshaped(
    node,
    shape.map(dim => (dim === -1 || dim === null ? rest : dim)),
  )
}

function readSqueeze(node: OnnxNode): Tensor {
  const x = node.input(0)
  const axes = node.list('axes', 1)
  if (!axes && x.shape.some(dim => typeof dim === 'string'))
    throw new Error(`which axes of ${showShape(x.shape)} are 1 is not known`)
  const gone = new Set(axes?.map(axis => node.axis(x, axis)))
  const shape = x.shape.filter((dim, i) => (axes ? !gone.has(i) : dim !== 1))
  if (axes && [...gone].some(axis => x.shape[axis] !== 1))
    throw new Error(`the axes [${axes}] of ${showShape(x.shape)} are not all 1`)
  return reshaped(node, shape, axesOption(node))
}

function readUnsqueeze(node: OnnxNode): Tensor {
  const x = node.input(0)
  const axes = node.list('axes', 1)
  if (!axes) throw new Error('it has no axes')
  const rank = x.rank + axes.length
  const added = new Set(axes.map(axis => node.axis(x, axis, rank)))
  if (added.size !== axes.length) throw new Error(`its axes [${axes}] hold one twice`)
  const old = [...x.shape]
  const shape = Array.from({ length: rank }, (_, i) => (added.has(i) ? 1 : old.shift()!))
  return reshaped(node, shape, axesOption(node))
}

function readExpand(node: OnnxNode): Tensor {
  const x = node.input(0)
  const to = node.known(1)
  if (!to?.every(dim => dim !== null && !((dim as number) < 0)))
    throw new Error("its shape must be known before the graph runs; give the file's inputs known sizes")
  const shape = broadcastShapes('Expand', x.shape, to as Dim[])
  return node.make(shape, x.dtype, ([g]) => [sumTo(g!, x.shape), null])
}

/** x side by side with itself; the gradient is the sum of the copies'. */
function readTile(node: OnnxNode): Tensor {
  const x = node.input(0)
  const repeats = node.integers(1, 'repeats')
  if (repeats.length !== x.rank || repeats.some(count => count < 0))
    throw new Error(`it repeats ${showShape(x.shape)} [${repeats}] times`)
  const shape = x.shape.map((dim, i) => product([dim, repeats[i]]))
  return node.make(shape, x.dtype, ([g]) => {
    const copies = reshape(
      g!,
      x.shape.flatMap((dim, i) => [repeats[i], dim]),
    )
    return [
      reduceSum(
        copies,
        x.shape.map((_, i) => 2 * i),
      ),
      null,
    ]
  })
}

/** In pieces as listed, or in as many equal ones as there are outputs, of which the last may be smaller. */
function readSplit(node: OnnxNode): Tensor[] {
  const x = node.input(0)
  const axis = node.axis(x, node.int('axis', 0))
  const size = x.shape[axis]
  if (typeof size !== 'number') throw new Error(`axis ${axis} of ${showShape(x.shape)} must be known`)
  const each = Math.ceil(size / node.outputs)
  const equal = Array.from({ length: node.outputs }, (_, i) => Math.max(0, Math.min(each, size - i * each)))
  const sizes = node.list('split', 1) ?? equal
  if (sizes.length !== node.outputs || sizes.some(piece => piece < 0))
    throw new Error(`pieces of [${sizes}] for ${node.outputs} outputs`)
  return split(x, sizes, axis)
}

function readConstant(node: OnnxNode): Tensor {
  const value = node.raw('value')
  if (value && typeof value === 'object' && 'tensor' in value) return value.tensor
  if (node.has('value_float')) return constant(Float32Array.of(node.float('value_float', 0)), [])
  if (node.has('value_int')) return int64([node.int('value_int', 0)], [])
  if (node.has('value_ints')) return int64(node.ints('value_ints', []))
  const floats = node.raw('value_floats')
  if (floats && typeof floats === 'object' && 'floats' in floats)
    return constant(Float32Array.from(floats.floats))
  throw new Error('it has no value')
}

/** One value, by default a float32 0, in a shape that need not be known whole. */
function readConstantOfShape(node: OnnxNode): Tensor {
  const dims = node.known(0)
  if (!dims?.every(dim => dim !== null && !((dim as number) < 0)))
    throw new Error("its shape must be known before the graph runs; give the file's inputs known sizes")
  const value = node.raw('value')
  const tensor =
    value && typeof value === 'object' && 'tensor' in value ? value.tensor : constant(Float32Array.of(0))
  if (product(tensor.shape) !== 1) throw new Error(`its value is ${showShape(tensor.shape)}, not one number`)
  const one = constant(tensor.node.values!, [], tensor.dtype)
  return apply('Expand', [one, node.input(0)], dims as Dim[], tensor.dtype)
}

function readRange(node: OnnxNode): Tensor {
  const [start, limit, delta] = [0, 1, 2].map(i => node.known(i)?.[0])
  if (typeof start !== 'number' || typeof limit !== 'number' || typeof delta !== 'number' || delta === 0)
    throw new Error('its limits must be known before the graph runs, and its step not 0')
  const count = Math.max(0, Math.ceil((limit - start) / delta))
  if (!Number.isSafeInteger(count)) throw new Error(`it has ${count} numbers`)
  return node.make([count], node.input(0).dtype)
}

/** [N, C, H, W] with its sizes and the block, which must divide them. */
function blocks(node: OnnxNode) {
  const x = node.input(0)
  const block = node.int('blocksize', 0)
  if (x.rank !== 4 || x.shape.slice(1).some(dim => typeof dim !== 'number') || block < 1)
    throw new Error(`blocks of ${block} in ${showShape(x.shape)}, which must be [N, C, H, W] of known sizes`)
  return { x, block, sizes: x.shape as [Dim, number, number, number] }
}

function readDepthToSpace(node: OnnxNode): Tensor {
  const {
    x,
    block,
    sizes: [n, c, h, w],
  } = blocks(node)
  const channels = c / block ** 2
  if (!Number.isInteger(channels)) throw new Error(`blocks of ${block} do not divide ${c} channels`)
  return node.make([n, channels, h * block, w * block], x.dtype, ([g]) => {
    const parts = reshape(g!, [n, channels, h, block, w, block])
    const order = node.text('mode', 'DCR') === 'DCR' ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4]
    return [reshape(transpose(parts, order), x.shape)]
  })
}

function readSpaceToDepth(node: OnnxNode): Tensor {
  const {
    x,
    block,
    sizes: [n, c, h, w],
  } = blocks(node)
  if (h % block || w % block) throw new Error(`blocks of ${block} do not divide ${h}×${w}`)
  return node.make([n, c * block ** 2, h / block, w / block], x.dtype, ([g]) => {
    const parts = reshape(g!, [n, block, block, c, h / block, w / block])
    return [reshape(transpose(parts, [0, 3, 4, 1, 5, 2]), x.shape)]
  })
}
