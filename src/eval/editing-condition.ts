// What a conditional network is told in an edit: what was asked for, or what the guides' pictures show.

import { loadDataset } from '../data/load.ts'
import { type Condition, classCount, conditionShape } from '../ddn/condition.ts'
import type { DdnModel } from '../ddn/model.ts'
import { fitPictures, type ImageShape } from '../guides/index.ts'
import { enlarged, type Shown } from '../guides/shown.ts'
import type { EditContext, EditRequest } from './editing.ts'
import { dataOf, pictureFrom, picturesOf, type Source } from './editing-sources.ts'

/** A network's condition, ready. */
export interface Ready {
  /** [1 or count / each, …] */
  values: Float32Array
  /** Values of one. */
  length: number
  shown: Shown
}

/** What a conditional network is told: what was asked for, or what the source shows. */
export async function conditionOf(
  model: DdnModel,
  request: Pick<EditRequest, 'condition' | 'count' | 'each' | 'source'>,
  source: Source | null,
  context: Pick<EditContext, 'load' | 'onNote'>,
): Promise<Ready | null> {
  const { config } = model
  const { condition } = config
  if (!condition) {
    if (request.condition === undefined) return null
    throw new Error(`condition ${request.condition}: this network was trained without one; leave it out`)
  }
  const told =
    request.condition === undefined
      ? toldBy(source, condition, config)
      : await toldAs(request.condition, condition, model, request, context)
  const most = request.count / (request.each ?? 1)
  const given = 'labels' in told ? told.labels.length : told.images.length / model.imageLength
  if (given !== 1 && given !== most)
    throw new Error(`condition: ${given} are given for ${most} pictures; give one, or one for each`)
  const values = await model.condition(told, most)
  const [from, side, across] = conditionShape(condition, config)
  const shown =
    'labels' in told
      ? { name: condition.kind, pictures: null, words: told.labels.map(String) }
      : { name: condition.kind, pictures: enlarged(values, from, side, config), words: null }
  return { values, length: from * side * across, shown }
}

type Telling = { labels: readonly number[] } | { images: Float32Array }

/** The condition that the source's pictures are an example of. */
function toldBy(source: Source | null, condition: Condition, shape: ImageShape): Telling {
  if (condition.kind !== 'class') {
    if (source) return { images: fitPictures(source.pictures, shape).images }
    throw new Error(
      `this network is told ${kinds[condition.kind]} of a picture; give a condition: a picture's file, or its number in the data`,
    )
  }
  if (source?.labels?.every(label => label >= 0)) return { labels: source.labels }
  throw new Error(
    `this network is told a class${source ? ', and these pictures have no labels' : ''}; give a condition: a label from 0 to ${classCount(condition) - 1}`,
  )
}

const kinds = { grey: 'the grey', edges: 'the edges', 'low-res': 'the low resolution' } as const

/** A condition in words: labels; else numbers of the data's pictures, or a picture's file. */
async function toldAs(
  text: string,
  condition: Condition,
  model: DdnModel,
  { source }: Pick<EditRequest, 'source'>,
  { load = loadDataset, onNote }: Pick<EditContext, 'load' | 'onNote'>,
): Promise<Telling> {
  const { config } = model
  const numbers = numbersIn(text)
  if (condition.kind === 'class') {
    if (numbers) return { labels: numbers }
    throw new Error(`condition ${text}: give a label from 0 to ${classCount(condition) - 1}`)
  }
  if (!numbers) return { images: fitPictures(await pictureFrom(text, config, onNote), config).images }
  if (!source || !('data' in source))
    throw new Error(`condition ${text}: this is the number of a picture in the data; give data, or a file`)
  const chosen = { ...source, images: numbers }
  return { images: picturesOf(await dataOf(source, model, load), chosen, numbers).pictures.images }
}

/** `3` and `0,1,2`; null for anything else. */
export function numbersIn(text: string): number[] | null {
  return /^\s*\d+(\s*,\s*\d+)*\s*$/.test(text) ? text.split(',').map(Number) : null
}
