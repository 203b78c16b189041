// Black boxes, asked for their scores of candidates and for what is wrong with results.

import type { Feed } from '../runtime/index.ts'
import type { Outputs } from './feeds.ts'
import type { BlackBoxGuide, CandidateImages } from './guide.ts'
import { consideredAt, heeds, type Plan } from './plan.ts'

/** The scores of all guides at a layer: the linear ones' as they came, the black boxes' asked for. */
export async function scoresFed(
  plan: Plan,
  layer: number,
  outputs: Outputs,
  first: number,
  n: number,
): Promise<Record<string, Feed>> {
  const spec = plan.layers[layer]
  const width = plan.widths[layer]
  const rows = plan.batch * width
  const k = consideredAt(plan, layer)
  const fed: Record<string, Feed> = {}
  for (const [g, part] of plan.parts.entries()) {
    const { guide } = part
    const shape = [rows, k]
    const name = `score${g}:${layer}`
    if (guide.kind === 'linear') fed[name] = { data: outputs[name], shape }
    else if (!heeds(plan, part, layer)) fed[name] = { data: new Float32Array(rows * k), shape }
    else {
      const size = guide.size ?? spec.size
      const { channels } = plan.config
      const asked = n * width
      const data = new Float32Array(rows * k)
      const images = outputs[`images${size}`] as Float32Array
      const scores = await ask(guide, 'score', {
        images: images.subarray(0, asked * k * channels * size * size),
        shape: [asked, k, channels, size, size],
        results: Int32Array.from({ length: asked }, (_, i) => first + Math.floor(i / width)),
        layer: spec,
      })
      data.set(scores)
      fed[name] = { data, shape }
    }
  }
  return fed
}

/** What is wrong with n results by a black box. */
export async function errorsBy(
  guide: BlackBoxGuide,
  { config, layers }: Plan,
  images: Float32Array,
  first: number,
  n: number,
): Promise<ArrayLike<number>> {
  const { channels, size } = config
  const seen: CandidateImages = {
    images: images.subarray(0, n * channels * size * size),
    shape: [n, 1, channels, size, size],
    results: Int32Array.from({ length: n }, (_, i) => first + i),
    layer: layers[layers.length - 1],
  }
  if (guide.error) return ask(guide, 'error', seen)
  return Float32Array.from(await ask(guide, 'score', seen), score => -score)
}

/** A black box's answer, checked: as many numbers as it was shown candidates. */
async function ask(
  guide: BlackBoxGuide,
  what: 'score' | 'error',
  candidates: CandidateImages,
): Promise<ArrayLike<number>> {
  const answer = await guide[what]!(candidates)
  const [n, k] = candidates.shape
  if (answer?.length !== n * k)
    throw new Error(
      `the guide ${guide.name} gave ${answer?.length ?? String(answer)} ${what}s for ${n} × ${k} candidates of layer ${candidates.layer.index}; give [${n}, ${k}], one for each`,
    )
  for (let i = 0; i < answer.length; i++)
    if (!Number.isFinite(answer[i]))
      throw new Error(
        `the guide ${guide.name} gave ${answer[i]} as the ${what} of candidate ${i % k} at layer ${candidates.layer.index}; it must be a number`,
      )
  return answer
}
