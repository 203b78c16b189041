// Edits as requests: from what a file or flags say to results with everything that a picture of them needs.

import { readFile } from 'node:fs/promises'
import { toFloat } from '../data/dataset.ts'
import { decodeImage } from '../data/image.ts'
import { loadDataset } from '../data/load.ts'
import type { DdnModel, Told } from '../ddn/model.ts'
import {
  closeGuide,
  type Edited,
  edit,
  type Guide,
  type GuideSpecInput,
  guideFromSpec,
  type PickRule,
  type Pictures,
  type ReadFile,
} from '../guides/index.ts'
import { shownBy } from '../guides/shown.ts'

/** Everything that an edit follows from, beside the network. */
export interface EditRequest {
  guides: GuideSpecInput
  /** Where the guides' pictures come from: a file, for all results; or the first images of a data set, one for each. */
  source?: { input: string } | { data: string; split: 'train' | 'test' }
  count: number
  seed: number
  pick: PickRule
  beam: number
  strictness?: readonly number[]
  candidates?: number
  /** What a conditional network is told: a label, or a picture's file; default: taken from the source. */
  condition?: string
}

export interface EditResult extends Edited {
  /** What the guides' pictures were taken from, [1 or count, c, s, s]; null where there were none. */
  source: Float32Array | null
  /** Labels of the source's pictures, where they are known. */
  labels: readonly number[] | null
  /** What the guides were told, as pictures [1 or count, c, s, s]; null where it is no picture. */
  shown: Float32Array | null
  seconds: number
}

export interface EditContext {
  readFile: ReadFile
  onNote?: (note: string) => void
  onProgress?: (share: number) => void
  signal?: AbortSignal
}

/** Carries out a request. The guides' judges are opened and closed with it. */
export async function editAs(
  model: DdnModel,
  request: EditRequest,
  { readFile, onNote, onProgress, signal }: EditContext,
): Promise<EditResult> {
  const { channels, size } = model.config
  const { guides, count, seed, pick, beam, strictness, candidates } = request
  const source = await sourceOf(request, { channels, size })
  const started = performance.now()
  const guide = await guideFromSpec(guides, {
    channels,
    size,
    count,
    seed,
    images: source?.pictures,
    readFile,
    runtime: model.runtime,
    onNote,
  })
  try {
    const condition = await conditionOf(model, request, source)
    const options = { guide, count, seed, pick, beam, strictness, candidates, condition, onProgress, signal }
    const edited = await edit(model, options)
    return {
      ...edited,
      source: source?.pictures.images ?? null,
      labels: source?.labels ?? null,
      shown: shownOf(guide, { channels, size }),
      seconds: (performance.now() - started) / 1000,
    }
  } finally {
    await closeGuide(guide)
  }
}

interface Source {
  pictures: Pictures
  labels: readonly number[] | null
}

async function sourceOf(
  { source, count }: EditRequest,
  { channels, size }: { channels: 1 | 3; size: number },
): Promise<Source | null> {
  if (!source) return null
  if ('input' in source) {
    const images = await pictureFrom(source.input, channels, size)
    return { pictures: { images, channels, size }, labels: null }
  }
  const images = (await loadDataset(source.data, { size, channels }))[source.split]
  if (images.count < count)
    throw new Error(`${source.data} has ${images.count} ${source.split} images, not ${count}; ask for fewer`)
  const indices = Int32Array.from({ length: count }, (_, i) => i)
  return {
    pictures: { images: toFloat(images, indices), channels, size },
    labels: images.labels ? Array.from(images.labels.subarray(0, count)) : null,
  }
}

/** A picture file, cut to a square in the network's size and channels: [channels, size, size] in [−1, 1]. */
export async function pictureFrom(path: string, channels: 1 | 3, size: number): Promise<Float32Array> {
  const bytes = await readFile(path).catch(error => {
    throw new Error(error.code === 'ENOENT' ? `there is no file ${path}` : `${path}: ${error.message}`)
  })
  const pixels = await decodeImage(bytes, size, channels).catch(error => {
    throw new Error(`${path}: ${error.message}`)
  })
  return Float32Array.from(pixels, byte => byte / 127.5 - 1)
}

/** What a conditional network is told: what was asked for, or what the source shows. */
async function conditionOf(
  model: DdnModel,
  { condition }: EditRequest,
  source: Source | null,
): Promise<Told | undefined> {
  const told = model.config.condition
  if (condition !== undefined) return conditionFrom(model, condition)
  if (!told || !source) return undefined
  if (told.kind !== 'class') return { images: source.pictures.images }
  return source.labels ? { labels: source.labels } : undefined
}

/** A label where the network is told a class, else a picture file. */
export async function conditionFrom(model: DdnModel, condition: string): Promise<Told> {
  const { config } = model
  if (!config.condition)
    throw new Error(`condition ${condition}: this network was trained without one; leave it out`)
  if (config.condition.kind !== 'class')
    return { images: await pictureFrom(condition, config.channels, config.size) }
  const labels = condition.split(',').map(text => Number(text.trim() === '' ? Number.NaN : text))
  if (labels.some(label => !Number.isInteger(label)))
    throw new Error(`condition ${condition}: give a label from 0 to ${config.condition.classes - 1}`)
  return { labels }
}

/** The first part that can be looked at. */
function shownOf(guide: Guide, shape: { channels: number; size: number }): Float32Array | null {
  const parts = guide.kind === 'combined' ? guide.parts.map(part => part.guide) : [guide]
  for (const part of parts) {
    const shown = part.kind === 'linear' ? shownBy(part, shape) : null
    if (shown) return shown
  }
  return null
}
