// Programs that take images, over any number of them: a fixed batch at a time, so that an image's result depends on
// nothing but the image.

import type { Step } from '../runtime/index.ts'

/** A program with the input `images`, compiled for [batch, c, s, s]. */
export interface ImageProgram {
  step: Step
  batch: number
  channels: number
  size: number
}

/**
 * An output [batch, …] of the program for images [N, c, s, s], flat in and out: [N, …]. The last batch is filled up
 * with zeros.
 *
 * @throws where the values are no whole number of images, none at all, or not all numbers
 */
export async function overImages(
  { step, batch, channels, size }: ImageProgram,
  images: Float32Array,
  output: string,
): Promise<Float32Array> {
  const length = channels * size * size
  const count = images.length / length
  if (!Number.isInteger(count) || count === 0)
    throw new Error(
      `images: ${images.length} values are no whole number of images of ${channels}×${size}×${size}`,
    )
  const bad = images.findIndex(value => !Number.isFinite(value))
  if (bad >= 0) throw new Error(`images: value ${bad} is ${images[bad]}; pixels are numbers in [−1, 1]`)
  const rows: Float32Array[] = []
  for (let from = 0; from < count; from += batch) {
    const n = Math.min(batch, count - from)
    const data = new Float32Array(batch * length)
    data.set(images.subarray(from * length, (from + n) * length))
    const values = (await step.run({ images: { data, shape: [batch, channels, size, size] } }))[output]
    rows.push((values as Float32Array).slice(0, (n * values.length) / batch))
  }
  const all = new Float32Array(count * (rows[0].length / Math.min(batch, count)))
  let at = 0
  for (const row of rows) {
    all.set(row, at)
    at += row.length
  }
  return all
}
