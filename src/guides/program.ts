// Guided networks as programs: from one choice to a later one, whole or cut where a black box must be asked.

import { type DdnConfig, type LayerSpec, layersOf } from '../ddn/config.ts'
import { type Candidates, imagesOf } from '../ddn/layer.ts'
import {
  accept,
  begin,
  type Proposal,
  type ProposalParts,
  partsOf as piecesOf,
  proposalOf,
  propose,
  type State,
} from '../ddn/network.ts'
import { conditionInput } from '../ddn/program.ts'
import {
  add,
  areaPool,
  cast,
  div,
  fill,
  gather,
  input,
  int64,
  mul,
  reshape,
  sub,
  type Tensor,
  upsampleBilinear,
} from '../graph/index.ts'
import type { Parameters } from '../nn/parameters.ts'
import type { Program } from '../runtime/index.ts'
import { combined } from './combine.ts'
import { linearScores, maskTensors, measuredError, measuredShape } from './linear.ts'
import { pickBy } from './pick.ts'
import { consideredAt, heeds, noiseAt, type PieceShapes, type Plan, sayOf, strictnessAt } from './plan.ts'

/**
 * The network from the choice at layer `from` (−1: from the start) to the candidates of layer `to`, or to the image
 * where `to` is the number of layers. With R = batch · width rows and K candidates considered at a layer:
 *
 * Inputs: at `from` ≥ 0 the pieces of its proposal (`view{from}` …) and `score{g}:{from}` [R, K] of every guide g; `noise{l}` [batch, …] where a choice takes
 * some; `wanted{g}` of linear guides; `condition`; and those of `valuesFor`. Outputs: `index{l}` and `parent{l}` [rows
 * after l] int32 of every choice made: which candidate, of which row; at `to` `level{to − 1}` [R, c, s, s], the images
 * chosen last, the pieces of the proposal, `score{g}:{to}` of linear guides and `images{s}` [R, K, c, s, s] for black
 * boxes; or at the end `image` and `error{g}` [batch] of linear guides.
 */
export function guidedProgram(plan: Plan, from: number, to: number): Program {
  const { config, layout, layers, batch, widths, parts } = plan
  const parameters = layout.constants(plan.values)
  const condition = conditionInput(config, batch)
  const outputs: Record<string, Tensor> = {}
  const wanted = parts.map(({ guide }, g) =>
    guide.kind === 'linear'
      ? input(`wanted${g}`, [batch, ...measuredShape(guide.measurement, config)])
      : null,
  )
  const masks = parts.map(({ guide }, g) =>
    guide.kind === 'linear'
      ? maskTensors(guide, config, (name, { shape }) => input(`${name}:${g}`, shape))
      : null,
  )
  const rowsOf = (x: Tensor, layer: number) => repeatRows(x, widths[layer])
  const scoresAt = (spec: LayerSpec, candidates: Candidates) =>
    parts.map(({ guide }, g) =>
      guide.kind === 'linear'
        ? linearScores(
            guide,
            config,
            spec,
            shortlisted(plan, spec.index, candidates),
            rowsOf(wanted[g]!, spec.index),
            masks[g]!,
          )
        : null,
    )

  let state: State | null = null
  let proposal: Proposal | null = null
  let scores: (Tensor | null)[] = []
  if (from < 0) state = begin(config, parameters, fill([batch, 1], 0))
  else {
    const spec = layers[from]
    proposal = proposalOf(config, spec, parameters, pieceInputs(plan, from))
    scores = parts.map((_, g) => input(`score${g}:${from}`, [batch * widths[from], consideredAt(plan, from)]))
  }
  for (let l = Math.max(from, 0); ; l++) {
    if (!proposal && l < layers.length) {
      const told = condition && rowsOf(condition, l)
      proposal = propose(config, layers[l], state!, parameters, told)
      if (l < to) scores = scoresAt(layers[l], proposal.candidates)
    }
    if (l === to) break
    const { index, parent } = choiceAt(plan, l, scores as Tensor[])
    outputs[`index${l}`] = cast(index, 'int32')
    outputs[`parent${l}`] = cast(parent, 'int32')
    const stays = widths[l] === 1 && widths[l + 1] === 1
    const heirs = stays ? proposal! : rowsOfProposal(plan, l, proposal!, parent, parameters)
    state = accept(config, layers[l], heirs, index)
    proposal = null
  }
  if (to === layers.length) {
    outputs.image = state!.image!
    parts.forEach(({ guide }, g) => {
      if (guide.kind === 'linear')
        outputs[`error${g}`] = measuredError(guide, state!.image!, wanted[g]!, masks[g]!)
    })
    return { outputs }
  }
  const { candidates } = proposal!
  if (state?.image) outputs[`level${to - 1}`] = state.image
  for (const [name, x] of Object.entries(piecesOf(proposal!))) if (x) outputs[`${name}${to}`] = x as Tensor
  scoresAt(layers[to], candidates).forEach((x, g) => {
    if (x) outputs[`score${g}:${to}`] = x
  })
  for (const size of sizesAt(plan, to))
    outputs[`images${size}`] = resized(imagesOf(shortlisted(plan, to, candidates)), size)
  return { outputs }
}

function shortlisted({ shortlists }: Plan, layer: number, candidates: Candidates): Candidates {
  const list = shortlists[layer]
  return list ? { ...candidates, weights: gather(candidates.weights, int64(list)) } : candidates
}

/** The sizes at which black boxes want to see a layer's candidates. */
export function sizesAt(plan: Plan, layer: number): number[] {
  const sizes = plan.parts.flatMap(part =>
    part.guide.kind === 'black-box' && heeds(plan, part, layer)
      ? [part.guide.size ?? plan.layers[layer].size]
      : [],
  )
  return [...new Set(sizes)]
}

/** The candidates [R, K, c, s, s] at another size: by doubling or averaging. */
function resized(images: Tensor, size: number): Tensor {
  const [rows, k, c, side] = images.shape as number[]
  let flat = reshape(images, [rows * k, c, side, side])
  while ((flat.shape[2] as number) < size) flat = upsampleBilinear(flat)
  flat = areaPool(flat, (flat.shape[2] as number) / size)
  return reshape(flat, [rows, k, c, size, size])
}

/** Which candidate [rows after it], int64, and of which row before it. */
function choiceAt(plan: Plan, layer: number, scores: readonly Tensor[]): { index: Tensor; parent: Tensor } {
  const { batch, widths, parts, rule, by } = plan
  const K = consideredAt(plan, layer)
  const list = plan.shortlists[layer]
  const named = (index: Tensor) => (list ? gather(int64(list), index) : index)
  const [before, after] = [widths[layer], widths[layer + 1]]
  const says = parts.map((part, g) => (sayOf(plan, part, layer) > 0 ? input(`say${g}:${layer}`, []) : null))
  const together = combined(
    scores.map(x => reshape(x, [batch, before * K])),
    says,
    by,
  )
  const length = noiseAt(plan, layer)
  const noise = length ? input(`noise${layer}`, [batch, length]) : null
  const all = together ?? fill([batch, before * K], 0)
  const picked = pickBy(rule, strictnessAt(plan, layer), all, after, noise) // [batch, after] in before·K
  if (before === 1) {
    const parent = int64(Array.from({ length: batch * after }, (_, i) => Math.floor(i / after)))
    return { index: named(reshape(picked, [batch * after])), parent }
  }
  const row = div(picked, K) // of whole numbers, so it is rounded down
  const first = int64(
    Array.from({ length: batch }, (_, n) => n * before),
    [batch, 1],
  )
  const flat = (x: Tensor) => reshape(x, [batch * after])
  return { index: named(flat(sub(picked, mul(row, K)))), parent: flat(add(row, first)) }
}

/** A proposal's rows in the order of the choices that continue them. */
function rowsOfProposal(
  { config, layers }: Plan,
  layer: number,
  proposal: Proposal,
  parent: Tensor,
  parameters: Parameters,
): Proposal {
  const { view, features, leak, previous } = piecesOf(proposal)
  const take = <T extends Tensor | null>(x: T): T => (x ? (gather(x, parent) as T) : x)
  const kept = take(features)
  const pieces = {
    view: view === features ? kept : take(view),
    features: kept,
    leak: take(leak),
    previous: take(previous),
  }
  return proposalOf(config, layers[layer], parameters, pieces)
}

/** The pieces of a layer's proposal as inputs, in the shapes that the network gives them. */
function pieceInputs({ pieces, batch, widths }: Plan, layer: number): ProposalParts {
  const piece = (name: keyof ProposalParts) => {
    const shape = pieces[layer][name]
    return shape && input(`${name}${layer}`, [batch * widths[layer], ...shape])
  }
  return {
    view: piece('view')!,
    features: piece('features')!,
    leak: piece('leak'),
    previous: piece('previous'),
  }
}

/** The shapes of one row of every layer's proposal. */
export function pieceShapes(config: DdnConfig): PieceShapes[] {
  const parameters: Parameters = (name, shape) => input(name, shape)
  let state = begin(config, parameters, fill([1, 1], 0))
  return layersOf(config).map(spec => {
    const proposal = propose(config, spec, state, parameters, conditionInput(config, 1))
    state = accept(config, spec, proposal, int64([0]))
    const { view, features, leak, previous } = piecesOf(proposal)
    const shape = (x: Tensor | null) => x && (x.shape.slice(1) as number[])
    return { view: shape(view), features: shape(features), leak: shape(leak), previous: shape(previous) }
  })
}

/** Every row as many times as a result has prefixes. */
function repeatRows(x: Tensor, times: number): Tensor {
  if (times === 1) return x
  const n = x.shape[0] as number
  return gather(x, int64(Array.from({ length: n * times }, (_, i) => Math.floor(i / times))))
}
