// Edits as requests: from what flags, a file or a form say to results, with everything that a picture of them needs.

import { isAbsolute, join } from 'node:path'
import type { loadDataset } from '../data/load.ts'
import { findModel } from '../data/shipped.ts'
import type { DdnModel } from '../ddn/model.ts'
import {
  type BlackBoxGuide,
  type CandidateImages,
  closeGuide,
  type Edited,
  edit,
  fitPictures,
  type Guide,
  type GuideSpecInput,
  guideFromSpec,
  type ImageShape,
  type LinearGuide,
  type PickRule,
  parseGuideSpec,
  type ReadFile,
} from '../guides/index.ts'
import { fileReader } from '../guides/judge-files.ts'
import { measuredShape } from '../guides/linear.ts'
import { type Shown, shownOf } from '../guides/shown.ts'
import type { SeveralSpec } from '../guides/spec.ts'
import { conditionOf, numbersIn } from './editing-condition.ts'
import { type DataSource, type FileSource, sourceOf } from './editing-sources.ts'

/** Everything that an edit follows from, beside the network. */
export interface EditRequest {
  guides: GuideSpecInput
  /** Where the guides' pictures come from: one for all results, or one for each. */
  source?: FileSource | DataSource
  /** Results in all. */
  count: number
  /** Results of every picture, label and text; they divide the count. Default 1. */
  each?: number
  seed: number
  pick: PickRule
  beam: number
  strictness?: readonly number[]
  candidates?: number
  /**
   * What a conditional network is told: labels, numbers of the data's pictures, with commas, or a picture's file; one
   * for all, or one for each picture. Default: what the source shows.
   */
  condition?: string
}

export interface EditResult extends Edited {
  /** What the guides' pictures were taken from, [1 or count / each, c, s, s]; null where there were none. */
  source: Float32Array | null
  /** What every guide was told: one for all, or one for each of count / each. */
  shown: readonly Shown[]
  /** What the network was told. */
  told: Shown | null
  /** From the guides' specification to the results. */
  seconds: number
}

export interface EditContext {
  /** What the paths of judges, masks and overlays are relative to; default the working directory. */
  folder?: string
  /** How masks and overlays are read; default: as files. */
  readFile?: ReadFile
  /** How data sets are loaded. */
  load?: typeof loadDataset
  onNote?: (note: string) => void
  onProgress?: (share: number) => void
  signal?: AbortSignal
}

/**
 * Carries out a request. Judges are looked for where their path says, then among the package's own models; they are
 * opened and closed with it.
 *
 * @throws one sentence that names what is wrong
 */
export async function editAs(
  model: DdnModel,
  request: EditRequest,
  context: EditContext = {},
): Promise<EditResult> {
  const { folder = '.', readFile = reader(folder), onNote, onProgress, signal } = context
  const shape: ImageShape = model.config
  const { count, each = 1, seed, pick, beam, strictness, candidates } = request
  if (!Number.isInteger(count / each)) throw new Error(`${count} results are not ${each} of every picture`)
  const source = await sourceOf(model, request, context)
  const started = performance.now()
  const specs = await specsOf(request.guides, folder)
  // One guide alone is picked from by its scores, several by what is made of them.
  const guide = await guideFromSpec('guides' in request.guides ? specs : specs.guides[0], {
    channels: shape.channels,
    size: shape.size,
    count: count / each,
    seed,
    images: source?.pictures,
    readFile,
    runtime: model.runtime,
    onNote,
  })
  try {
    const told = await conditionOf(model, request, source, context)
    const edited = await edit(model, {
      guide: repeated(guide, each, shape),
      count,
      seed,
      pick,
      beam,
      strictness,
      candidates,
      condition: told ? repeatedRows(told.values, told.length, each) : undefined,
      onProgress,
      signal,
    })
    const parts = guide.kind === 'combined' ? guide.parts.map(part => part.guide) : [guide]
    return {
      ...edited,
      source: source && fitPictures(source.pictures, shape).images,
      shown: specs.guides.map((spec, i) => shownOf(spec, parts[i], source?.pictures, shape)),
      told: told?.shown ?? null,
      seconds: (performance.now() - started) / 1000,
    }
  } finally {
    await closeGuide(guide)
  }
}

/** Whether pictures are needed that the request does not bring: by its guides, or for the network's condition. */
export function wantsPictures(
  { guides, source, condition }: Pick<EditRequest, 'guides' | 'source' | 'condition'>,
  { config }: DdnModel,
): boolean {
  if (source) return false
  const toldPictures = config.condition !== undefined && config.condition.kind !== 'class'
  if (toldPictures && condition !== undefined && numbersIn(condition)) return true
  return parseGuideSpec(guides).guides.some(spec =>
    spec.guide === 'similar' ? spec.to === 'picture' : !['class', 'text', 'strokes'].includes(spec.guide),
  )
}

/** The specification of every guide, its judge's file found. */
async function specsOf(guides: GuideSpecInput, folder: string): Promise<SeveralSpec> {
  const several = parseGuideSpec(guides)
  const found = several.guides.map(async spec =>
    'judge' in spec && spec.judge !== undefined
      ? { ...spec, judge: await findModel(spec.judge, folder) }
      : spec,
  )
  return { ...several, guides: await Promise.all(found) }
}

/** Reads files relative to a folder, and names them with it where they cannot be read. */
function reader(folder: string): ReadFile {
  const read = fileReader()
  return path => read(isAbsolute(path) ? path : join(folder, path))
}

/** A guide of pictures, labels or texts as one of `each` results for every one of them. */
function repeated(guide: Guide, each: number, shape: ImageShape): Guide {
  if (each === 1) return guide
  switch (guide.kind) {
    case 'linear': {
      const length = measuredShape(guide.measurement, shape).reduce((a, b) => a * b)
      return { ...guide, wanted: repeatedRows(guide.wanted, length, each) }
    }
    case 'black-box': {
      const owned = (seen: CandidateImages) => ({
        ...seen,
        results: seen.results.map(result => Math.floor(result / each)),
      })
      const { score, error } = guide
      return {
        ...guide,
        score: seen => score(owned(seen)),
        ...(error && { error: seen => error(owned(seen)) }),
      }
    }
    case 'combined':
      return {
        ...guide,
        parts: guide.parts.map(part => ({
          ...part,
          guide: repeated(part.guide, each, shape) as LinearGuide | BlackBoxGuide,
        })),
      }
  }
}

/** Every row so many times in turn; a single one is everybody's already. */
function repeatedRows(rows: Float32Array, length: number, each: number): Float32Array {
  if (each === 1 || rows.length === length) return rows
  const result = new Float32Array(rows.length * each)
  for (let i = 0; i < (rows.length / length) * each; i++) {
    const row = Math.floor(i / each)
    result.set(rows.subarray(row * length, (row + 1) * length), i * length)
  }
  return result
}
