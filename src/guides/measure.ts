// Linear measurements of images, M x: what linear guides compare, computed on the host.

import { LUMINANCE } from '../ddn/condition.ts'
import type { LinearGuide, LinearMap } from './guide.ts'
import { countOf, type Pictures } from './pictures.ts'
import { resizePlanes } from './resample.ts'

/**
 * Wants M x to be `wanted`: M the maps one after another, `wanted` [1 or N, …] as `measured` would give it.
 * Maps that follow each other make one guide of two: grey and then small asks for the colours and the detail.
 */
export function measure(maps: readonly LinearMap[], wanted: Float32Array, name = 'measure'): LinearGuide {
  if (wanted.length === 0) throw new Error(`${name}: what is wanted is empty`)
  const bad = wanted.findIndex(value => !Number.isFinite(value))
  if (bad >= 0) throw new Error(`${name}: the wanted value at ${bad} is ${wanted[bad]}`)
  return { kind: 'linear', name, measurement: maps, wanted }
}

/** M x of every picture, [N, …]. Sums are taken in double precision and rounded once per map. */
export function measured(maps: readonly LinearMap[], pictures: Pictures): Float32Array {
  countOf(pictures)
  let at: Measurement = { values: pictures.images.slice(), ...pictures }
  for (const map of maps) at = apply(map, at)
  return at.values
}

/** What of the image is left after a map; a flat one has no size. */
interface Measurement {
  values: Float32Array
  channels: number
  size: number | null
}

function apply(map: LinearMap, { values, channels, size }: Measurement): Measurement {
  if (map.map === 'matrix')
    return { values: product(map.matrix, map.rows, values), channels: map.rows, size: null }
  if (size === null) throw new Error(`measurement: ${map.map} after a matrix, which leaves no image`)
  const area = size * size
  switch (map.map) {
    case 'mask': {
      if (map.weights.length !== area)
        throw new Error(`mask: ${map.weights.length} weights for an image of ${size}×${size}`)
      return { values: values.map((value, i) => value * map.weights[i % area]), channels, size }
    }
    case 'area': {
      if (!(Number.isInteger(map.size) && map.size >= 1 && map.size <= size))
        throw new Error(`area: ${map.size} is no size from 1 to ${size}`)
      return { values: resizePlanes(values, [size, size], [map.size, map.size]), channels, size: map.size }
    }
    case 'mix': {
      if (map.matrix.some(row => row.length !== channels))
        throw new Error(`mix: rows of ${map.matrix.map(row => row.length)} for ${channels} channels`)
      return { values: mix(map.matrix, values, channels, area), channels: map.matrix.length, size }
    }
  }
}

function mix(matrix: readonly (readonly number[])[], values: Float32Array, channels: number, area: number) {
  const count = values.length / (channels * area)
  const out = new Float32Array(count * matrix.length * area)
  for (let n = 0; n < count; n++)
    matrix.forEach((row, r) => {
      for (let i = 0; i < area; i++) {
        let sum = 0
        for (let c = 0; c < channels; c++) sum += row[c] * values[(n * channels + c) * area + i]
        out[(n * matrix.length + r) * area + i] = sum
      }
    })
  return out
}

function product(matrix: Float32Array, rows: number, values: Float32Array): Float32Array {
  const length = matrix.length / rows
  const count = values.length / length
  if (!Number.isInteger(length) || !Number.isInteger(count))
    throw new Error(`matrix: ${matrix.length} values in ${rows} rows do not fit ${values.length} values`)
  const out = new Float32Array(count * rows)
  for (let n = 0; n < count; n++)
    for (let r = 0; r < rows; r++) {
      let sum = 0
      for (let i = 0; i < length; i++) sum += matrix[r * length + i] * values[n * length + i]
      out[n * rows + r] = sum
    }
  return out
}

/** RGB to Rec. 601 luminance. */
export const greyMap: LinearMap = { map: 'mix', matrix: [LUMINANCE] }

/** What a mask [s, s] leaves visible. Squared errors are weighted by 1 − mask, hence its root. */
export function visibleMap(mask: Float32Array): LinearMap {
  return { map: 'mask', weights: mask.map(hidden => Math.sqrt(1 - hidden)) }
}
