// How well candidates measure up to a linear guide: the measurement moves through their weights.

import type { DdnConfig, LayerSpec } from '../ddn/config.ts'
import { type Candidates, imagesOf, weightedDistances } from '../ddn/layer.ts'
import {
  areaPool,
  constant,
  div,
  matmul,
  maximum,
  mul,
  reduceMean,
  reduceSum,
  reshape,
  square,
  sub,
  type Tensor,
  upsampleNearest,
} from '../graph/index.ts'
import type { Feed } from '../runtime/index.ts'
import type { LinearGuide, LinearMap } from './guide.ts'
import type { ImageShape } from './pictures.ts'
import { resizeTensor } from './resample.ts'

/** The shape of one image's measurement M x: [channels, size, size], or [rows] once a matrix has been. */
export function measuredShape(maps: readonly LinearMap[], { channels, size }: ImageShape): number[] {
  let shape: number[] = [channels, size, size]
  for (const map of maps) {
    const [c, side] = shape
    const length = shape.reduce((a, b) => a * b)
    if (map.map !== 'matrix' && shape.length === 1)
      throw new Error(`measurement: ${map.map} comes after a matrix, which leaves no image`)
    switch (map.map) {
      case 'mask':
        if (map.weights.length !== side * side)
          throw new Error(`mask: ${map.weights.length} weights are not those of ${side}×${side} pixels`)
        break
      case 'area':
        if (!(Number.isInteger(map.size) && map.size >= 1 && map.size <= side))
          throw new Error(`area: ${map.size} is no size from 1 to ${side}`)
        shape = [c, map.size, map.size]
        break
      case 'mix':
        if (map.matrix.length === 0 || map.matrix.some(row => row.length !== c))
          throw new Error(`mix: each row needs ${c} weights, one for every channel`)
        shape = [map.matrix.length, side, side]
        break
      case 'matrix':
        if (map.matrix.length !== map.rows * length)
          throw new Error(`matrix: ${map.matrix.length} values are not ${map.rows} rows of ${length}`)
        shape = [map.rows]
    }
  }
  return shape
}

/** A guide's masks in a program: constants there, or inputs, for other masks need no other program. */
export interface MaskTensors {
  /** Of every map that is a mask its weights, [1, 1, s, s]. */
  weights: readonly (Tensor | null)[]
  /** Where the last map is a mask: 1 where it has weight, else 0, [1, 1, s, s]. */
  support: Tensor | null
  /** What squared errors under masks are a mean over, channels · Σ weights²; a scalar. */
  energy: Tensor | null
  /** −1 / energy */
  scale: Tensor | null
}

/** The numbers behind a guide's `MaskTensors`, by name. */
export function maskValues(guide: LinearGuide, config: ImageShape): Record<string, Feed> {
  const { measurement } = guide
  const values: Record<string, Feed> = {}
  const plane = (data: Float32Array): Feed => ({ data, shape: [1, 1, ...sidesOf(data)] })
  measurement.forEach((map, i) => {
    if (map.map === 'mask') values[`mask${i}`] = plane(map.weights)
  })
  const last = lastMask(measurement)
  if (last) values.support = plane(last.map(weight => (weight === 0 ? 0 : 1)))
  const form = normalForm(measurement, config.size)
  const mask = form ? form.mask : last
  if (mask) {
    const energy = measuredShape(measurement, config)[0] * energyOf(mask)
    values.energy = { data: Float32Array.of(energy), shape: [] }
    values.scale = { data: Float32Array.of(-1 / energy), shape: [] }
  }
  return values
}

const sidesOf = ({ length }: Float32Array) => [Math.sqrt(length), Math.sqrt(length)]

/** @param make  from a name among `maskValues`, and what stands there, to a tensor of that shape */
export function maskTensors(
  guide: LinearGuide,
  config: ImageShape,
  make: (name: string, value: Feed) => Tensor = (_, { data, shape }) => constant(data, shape),
): MaskTensors {
  const values = maskValues(guide, config)
  const tensor = (name: string) => (values[name] ? make(name, values[name]) : null)
  return {
    weights: guide.measurement.map((_, i) => tensor(`mask${i}`)),
    support: tensor('support'),
    energy: tensor('energy'),
    scale: tensor('scale'),
  }
}

/** M x of images [n, c, s, s]: [n, …]. */
const measure = (maps: readonly LinearMap[], masks: MaskTensors, images: Tensor): Tensor =>
  maps.reduce((x, map, i) => applyMap(x, map, masks.weights[i]), images)

function applyMap(x: Tensor, map: LinearMap, weights: Tensor | null): Tensor {
  const [n, , side] = x.shape as [number, number, number]
  switch (map.map) {
    case 'mask':
      return mul(x, weights!)
    case 'area':
      return side % map.size ? resizeTensor(x, map.size, map.size) : areaPool(x, side / map.size)
    case 'mix':
      return mixImages(x, map.matrix)
    case 'matrix': {
      const length = map.matrix.length / map.rows
      return matmul(reshape(x, [n, length]), constant(map.matrix, [map.rows, length]), { transposeB: true })
    }
  }
}

/** The mean of (M x − wanted)² for images [n, c, s, s]: [n]. Under masks, the mean over the pixels' squared weights. */
export function measuredError(
  guide: LinearGuide,
  images: Tensor,
  wanted: Tensor,
  masks: MaskTensors,
): Tensor {
  const away = square(sub(measure(guide.measurement, masks, images), supported(wanted, masks)))
  const n = images.shape[0] as number
  const count = away.shape.slice(1).reduce((a: number, b) => a * (b as number), 1)
  return div(reduceSum(reshape(away, [n, count]), [1]), masks.energy ?? count)
}

/**
 * Scores [n, K] of a layer's candidates: −(mean of (M x − wanted)²) up to a term that is the same for every candidate of
 * an image, where a candidate smaller than the image stands for itself enlarged by repeating its pixels.
 */
export function linearScores(
  guide: LinearGuide,
  config: Pick<DdnConfig, 'size'>,
  spec: LayerSpec,
  candidates: Candidates,
  wanted: Tensor,
  masks: MaskTensors = maskTensors(guide, { size: config.size, channels: candidates.channels }),
): Tensor {
  const form = normalForm(guide.measurement, config.size)
  return form
    ? scoresInPlace(form, config, spec, candidates, supported(wanted, masks), masks)
    : scoresOfParts(guide.measurement, config, spec, candidates, supported(wanted, masks), masks)
}

/** Where a mask comes last nothing is wanted behind it, whatever stands there. */
function supported(wanted: Tensor, { support }: MaskTensors): Tensor {
  return support ? mul(wanted, support) : wanted
}

function lastMask(maps: readonly LinearMap[]): Float32Array | null {
  const last = maps[maps.length - 1]
  return last?.map === 'mask' ? last.weights : null
}

const energyOf = (mask: Float32Array) => mask.reduce((sum, weight) => sum + weight * weight, 0)

/** Mixes and areas that divide the size, which commute, and after them masks: the measurements with a short way. */
interface NormalForm {
  mixes: (readonly (readonly number[])[])[]
  /** The size they lead to; null: the image's. */
  size: number | null
  /** All masks in one [size, size]. */
  mask: Float32Array | null
}

function normalForm(maps: readonly LinearMap[], side: number): NormalForm | null {
  const form: NormalForm = { mixes: [], size: null, mask: null }
  for (const map of maps) {
    if (map.map === 'matrix' || (map.map === 'area' && (form.mask || side % map.size))) return null
    if (map.map === 'mix') form.mixes.push(map.matrix)
    if (map.map === 'area') form.size = map.size
    if (map.map === 'mask') form.mask = form.mask ? form.mask.map((w, i) => w * map.weights[i]) : map.weights
  }
  return form
}

/**
 * Channels are mixed and areas averaged in the weights and features, so that what is left is a distance of smaller
 * candidates; a mask weighs its pixels. Where u pixels along a side repeat one, with weights w and wanted values y,
 * Σ (w x − y)² = Σw² (x − Σwy / Σw²)² + …: the same with averages over areas.
 */
function scoresInPlace(
  { mixes, size, mask }: NormalForm,
  config: Pick<DdnConfig, 'size'>,
  spec: LayerSpec,
  candidates: Candidates,
  wanted: Tensor,
  masks: MaskTensors,
): Tensor {
  const full = size ?? config.size
  let seen = mixes.reduce(mixCandidates, candidates)
  if (spec.size > full) seen = averageCandidates(seen, spec.size / full)
  const side = Math.min(spec.size, full)
  const repeated = full / side
  if (!mask)
    return mul(weightedDistances(seen, areaPool(wanted, repeated), null), -1 / (seen.channels * side ** 2))
  const weights = masks.weights.filter(x => x !== null).reduce((a, b) => mul(a, b))
  const energy = areaPool(square(weights), repeated)
  const target = div(areaPool(mul(wanted, weights), repeated), maximum(energy, 1e-12))
  return mul(weightedDistances(seen, target, energy), mul(masks.scale!, repeated ** 2))
}

/** Any maps: a candidate's measurement is the sum of its parts', one part for every weight. */
function scoresOfParts(
  maps: readonly LinearMap[],
  config: Pick<DdnConfig, 'size'>,
  spec: LayerSpec,
  candidates: Candidates,
  wanted: Tensor,
  masks: MaskTensors,
): Tensor {
  const { weights, features, previous, channels } = candidates
  const n = features.shape[0] as number
  const width = weights.shape[1] as number
  const whole = (x: Tensor) => measure(maps, masks, upsampleNearest(x, config.size / spec.size))
  const each = constant(identity(width), [width, width])
  const parts = imagesOf({ ...candidates, weights: each, previous: null })
  const measured = whole(reshape(parts, [n * width, channels, spec.size, spec.size]))
  const rows = measured.shape.slice(1).reduce((a: number, b) => a * (b as number), 1)
  const flat: Candidates = {
    weights,
    features: reshape(measured, [n, width, rows, 1]),
    patch: 1,
    previous: previous && reshape(whole(previous), [n, 1, rows, 1]),
    channels: 1,
  }
  return mul(weightedDistances(flat, reshape(wanted, [n, 1, rows, 1]), null), masks.scale ?? -1 / rows)
}

function identity(n: number): Float32Array {
  return Float32Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0))
}

/** Candidates of other channels: the mix is in their weights. */
function mixCandidates(candidates: Candidates, matrix: readonly (readonly number[])[]): Candidates {
  const { weights, previous, channels } = candidates
  const [k, width] = weights.shape as [number, number]
  const mixed = matmul(constantMatrix(matrix), reshape(weights, [k, channels, width / channels]))
  return {
    ...candidates,
    weights: reshape(mixed, [k, (matrix.length * width) / channels]),
    previous: previous && mixImages(previous, matrix),
    channels: matrix.length,
  }
}

function mixImages(images: Tensor, matrix: readonly (readonly number[])[]): Tensor {
  const [n, c, side] = images.shape as [number, number, number]
  const mixed = matmul(constantMatrix(matrix), reshape(images, [n, c, side * side]))
  return reshape(mixed, [n, matrix.length, side, side])
}

function constantMatrix(matrix: readonly (readonly number[])[]): Tensor {
  return constant(Float32Array.from(matrix.flat()), [matrix.length, matrix[0].length])
}

/** Candidates of images area-averaged by `factor`: first over a patch's pixels in the weights, then over positions. */
function averageCandidates(candidates: Candidates, factor: number): Candidates {
  const { weights, features, patch, previous, channels } = candidates
  const [k, width] = weights.shape as [number, number]
  const inPatch = Math.min(factor, patch)
  const left = patch / inPatch
  const c = width / (channels * patch * patch)
  const averaged = reduceMean(reshape(weights, [k * channels, left, inPatch, left, inPatch, c]), [2, 4])
  return {
    weights: reshape(averaged, [k, channels * left * left * c]),
    features: areaPool(features, factor / inPatch),
    patch: left,
    previous: previous && areaPool(previous, factor),
    channels,
  }
}
