// How a network will be guided: every decision of an edit, made before any of its programs is written.

import { permutation, random } from '../data/rng.ts'
import type { DdnConfig, LayerSpec } from '../ddn/config.ts'
import type { DdnModel } from '../ddn/model.ts'
import type { ProposalParts } from '../ddn/network.ts'
import type { Layout } from '../nn/parameters.ts'
import type { Feed } from '../runtime/index.ts'
import { overLayers, partsOf } from './combine.ts'
import type { Guide, WeightedGuide } from './guide.ts'
import { maskValues } from './linear.ts'
import { checkRule, noiseLength, type PickRule } from './pick.ts'

export interface PlanOptions {
  guide: Guide
  /** How many results; default 1. */
  count?: number
  /** Every random choice follows from it; default 0. */
  seed?: number
  /** How one of the scored candidates is picked; default the best. */
  pick?: PickRule
  /** Prefixes kept of every result; default 1. The best one at the end is the result. */
  beam?: number
  /**
   * How strictly each layer heeds the guide, from 0 (any candidate) to 1, stretched over the layers: [0, 1, 1] leaves the
   * first layers free. Default 1.
   */
  strictness?: readonly number[]
  /**
   * Of every layer's candidates only so many are considered, drawn once for all results: a black box has less to see.
   * Default all.
   */
  candidates?: number
}

/** Everything that decides how a network is guided, but for the values. */
export interface Plan {
  config: DdnConfig
  layout: Layout
  values: Float32Array
  layers: readonly LayerSpec[]
  parts: readonly WeightedGuide[]
  by: 'ranks' | 'scores'
  rule: PickRule
  /** One number per layer in [0, 1]. */
  strictness: readonly number[]
  /** Results at a time. */
  batch: number
  /** Prefixes of a result before each layer, and after the last: 1, then up to the beam's width, at the end 1. */
  widths: readonly number[]
  /** The candidates of every layer that are considered, in rising order; null: all. */
  shortlists: readonly (readonly number[] | null)[]
  /** What is handed over where the network is cut: see `pieceShapes`. */
  pieces: readonly PieceShapes[]
}

export type PieceShapes = Record<keyof ProposalParts, number[] | null>

/** Floats of candidates' images at a time, at most: 64 MB of them. */
const ROOM = 2 ** 24

/**
 * The plan of an edit.
 *
 * @param pieces  those of the network
 * @throws where an option is out of range
 */
export function planOf(model: DdnModel, options: PlanOptions, pieces: readonly PieceShapes[]): Plan {
  const { guide, count = 1, beam = 1, pick = { rule: 'best' }, strictness } = options
  const { config, layers, layout, weights } = model
  if (!Number.isInteger(count) || count < 1)
    throw new Error(`invalid count: ${count}; give a whole number from 1`)
  if (!Number.isInteger(beam) || beam < 1)
    throw new Error(`invalid beam: ${beam}; give a whole number from 1`)
  for (const factor of strictness ?? [])
    if (!(factor >= 0 && factor <= 1))
      throw new Error(`invalid strictness: ${factor}; give numbers from 0 to 1`)
  const parts = partsOf(guide)
  const shortlists = layers.map(({ K, index }) => shortlist(K, options, index))
  const considered = layers.map((_, l) => consideredAt({ layers, shortlists }, l))
  const widths = beamWidths(considered, beam)
  let batch = Math.max(1, Math.floor(32 / beam))
  if (parts.some(({ guide }) => guide.kind === 'black-box')) {
    const most = Math.max(...considered.map((k, l) => k * widths[l] * model.imageLength))
    batch = Math.max(1, Math.min(batch, Math.floor(ROOM / most)))
  }
  return {
    config,
    layout,
    values: weights,
    layers,
    parts,
    by: guide.kind === 'combined' ? guide.by : 'scores',
    rule: checkRule(pick),
    strictness: layers.map((_, l) => overLayers(strictness, l, layers.length)),
    batch: Math.min(batch, count),
    widths,
    shortlists,
    pieces,
  }
}

/** Which of K candidates are considered; null: all. */
function shortlist(K: number, { candidates, seed = 0 }: PlanOptions, layer: number): number[] | null {
  if (candidates === undefined) return null
  if (!Number.isInteger(candidates) || candidates < 1)
    throw new Error(`invalid candidates: ${candidates}; give a whole number from 1`)
  if (candidates >= K) return null
  const drawn = permutation(K, random(seed, `candidates of layer ${layer}`)).subarray(0, candidates)
  return Array.from(drawn).sort((a, b) => a - b)
}

/** Prefixes kept before each layer of so many candidates: no more than there are, and one at the end. */
export function beamWidths(considered: readonly number[], beam: number): number[] {
  const widths = [1]
  considered.forEach((k, l) => {
    widths.push(l === considered.length - 1 ? 1 : Math.min(beam, widths[l] * k))
  })
  return widths
}

/** How many candidates of a layer are considered. */
export function consideredAt(
  { shortlists, layers }: Pick<Plan, 'shortlists' | 'layers'>,
  layer: number,
): number {
  return shortlists[layer]?.length ?? layers[layer].K
}

/** How heedful of the guides a layer is: 0 where none of them has a say. */
export function strictnessAt(plan: Plan, layer: number): number {
  const says = plan.parts.some(part => sayOf(plan, part, layer) > 0)
  return says ? plan.strictness[layer] : 0
}

/** How much a layer listens to a guide. */
export const sayOf = ({ layers }: Plan, part: WeightedGuide, layer: number) =>
  part.weight * overLayers(part.layers, layer, layers.length)

/** Whether a layer heeds a guide: what nobody listens to need not be asked. */
export function heeds(plan: Plan, part: WeightedGuide, layer: number): boolean {
  return sayOf(plan, part, layer) > 0 && plan.strictness[layer] > 0
}

/** Random numbers that a layer's choice takes, per result. */
export function noiseAt(plan: Plan, layer: number): number {
  const { rule, widths } = plan
  return noiseLength(
    rule,
    strictnessAt(plan, layer),
    widths[layer] * consideredAt(plan, layer),
    widths[layer + 1],
  )
}

/**
 * Everything of a plan that its programs depend on: two plans of one network with the same key have the same programs.
 * Masks, and how much each of several guides weighs, are inputs: see `valuesFor`.
 */
export function keyOf(plan: Plan): string {
  const { parts, by, rule, strictness, batch, widths, shortlists, layers } = plan
  const kinds = parts.map(part => {
    const { guide } = part
    const heard = layers.map((_, l) => Number(sayOf(plan, part, l) > 0)).join('')
    return guide.kind === 'linear'
      ? [heard, guide.measurement.map(map => (map.map === 'mask' ? 'mask' : map))]
      : [heard, guide.size ?? null]
  })
  return JSON.stringify([kinds, by, rule, strictness, batch, widths, shortlists])
}

/** The inputs of a plan's programs that are the same for all batches of results. */
export function valuesFor(plan: Plan): Record<string, Feed> {
  const values: Record<string, Feed> = {}
  plan.parts.forEach((part, g) => {
    const masks = part.guide.kind === 'linear' ? maskValues(part.guide, plan.config) : {}
    for (const [name, value] of Object.entries(masks)) values[`${name}:${g}`] = value
    for (const { index } of plan.layers)
      values[`say${g}:${index}`] = { data: Float32Array.of(sayOf(plan, part, index)), shape: [] }
  })
  return values
}
