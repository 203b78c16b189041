// Example pictures for a network: images that it was not trained on.

import type { Images } from '../../data/dataset.ts'
import { readSheet } from '../sheet.ts'
import { fetchBytes } from './models.ts'

/** What the page has, by the data set that a network learned from. */
const sheets: Readonly<Record<string, { channels: 1 | 3; address: string }>> = {
  digits: { channels: 1, address: 'data/digits-examples.png' },
  emoji: { channels: 3, address: 'data/emoji-examples.png' },
}

/** Held-out images of a data set, 32 × 32; null where the page has none in so many colours. */
export async function examplesOf(page: string, data: string, channels: 1 | 3): Promise<Images | null> {
  const sheet = Object.hasOwn(sheets, data) ? sheets[data] : null
  if (sheet?.channels !== channels) return null
  return readSheet(await fetchBytes(page, sheet.address)).test
}

/** The data set whose images are the nearest thing that the page has for a network of any data. */
export const dataFor = (channels: 1 | 3): string => (channels === 1 ? 'digits' : 'emoji')

/**
 * Which of so many images to show: the first of each class, where there are not too many classes; else from all over.
 *
 * @param labels  one per image
 */
export function chooseExamples(
  total: number,
  labels: Int32Array | null | undefined,
  count: number,
): number[] {
  const classes = [...new Set(labels ?? [])].filter(label => label >= 0).sort((a, b) => a - b)
  if (classes.length > 1 && classes.length <= count) return classes.map(label => labels!.indexOf(label))
  const some = Math.min(count, total)
  return Array.from({ length: some }, (_, i) => Math.floor((i * total) / some))
}
