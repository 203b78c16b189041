// From a source to a picture with codes: what a session asks its worker.

import { proxy, type Remote } from 'comlink'
import type { FloatPicture } from '../../../../codec/tiles.ts'
import type { Compress, ModelFacts } from '../../../workers/compress.ts'
import { type Coded, meanSquare, pictureAt } from '../../../workers/compress-coded.ts'
import { drawStrokes } from '../../lib/strokes.ts'
import type { Request, Source } from './follow.ts'
import { textToCodes } from './link.ts'

/** A picture, and all that is known of it but its bits. */
export interface Loaded {
  source: Source
  /** Which image of a `.ddn` file it is. */
  index: number | null
  title: string
  facts: ModelFacts
  /** What was compressed; null where only the codes came. */
  original: FloatPicture | null
  coded: Coded
  /** Of the picture of all its codes; null without the original. */
  mse: number | null
  /** What was done to it, in sentences. */
  notes: string[]
}

/** Waits for work, and says so where that takes a while. */
export type Busy = <T>(says: string, work: (onShare: (share: number) => void) => Promise<T>) => Promise<T>

/** @param onOriginal  is told what will be compressed, before it is */
export async function load(
  api: Remote<Compress>,
  request: Request,
  busy: Busy,
  onOriginal: (original: Pick<Loaded, 'title' | 'original'>) => void,
): Promise<Loaded> {
  const { model, source, beam } = request
  const facts = await busy('Fetching the model …', () => api.open(model))
  const known = await codesOf(api, request, facts)
  if (known) {
    const coded = await busy('Decoding …', () => api.show(model, known))
    return {
      source,
      index: known.index,
      title: known.title,
      facts,
      original: null,
      coded,
      mse: null,
      notes: [],
    }
  }
  const { picture, title, notes } = await busy('Fetching the picture …', () =>
    originalOf(api, request, facts),
  )
  onOriginal({ title, original: picture })
  const coded = await busy('Choosing codes …', onShare => api.code(model, picture, beam, proxy(onShare)))
  const L = facts.K.length
  const whole = pictureAt(coded, new Int32Array(coded.codes.length / L).fill(L))
  const mse = meanSquare(whole.data, picture.data)
  return { source, index: null, title, facts, original: picture, coded, mse, notes }
}

/** Of a picture that came as codes; null where it came as pixels. */
async function codesOf(api: Remote<Compress>, { source, codes }: Request, { K, size }: ModelFacts) {
  if (source.kind === 'link')
    return { index: null, title: 'From a link', width: size, height: size, codes: textToCodes(K, codes) }
  if (source.kind !== 'ddn') return null
  const { index, name, width, height, codes: found } = await api.image(source.index)
  return { index, title: name ?? `Image ${index} of ${source.name}`, width, height, codes: found! }
}

async function originalOf(
  api: Remote<Compress>,
  { source, model, seed, fit, invert }: Request,
  { channels, size }: ModelFacts,
): Promise<Pick<Loaded, 'title' | 'notes'> & { picture: FloatPicture }> {
  if (source.kind === 'file') {
    const taken = await api.read(model, source.blob, { fit, invert }, source.name)
    return { ...taken, title: source.name }
  }
  if (source.kind === 'drawing')
    return { picture: drawStrokes(source.strokes, size, channels), title: 'Your drawing', notes: [] }
  return { ...(await api.example(model, seed)), notes: [] }
}
