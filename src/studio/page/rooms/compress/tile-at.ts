// Which tile of a picture is pointed at.

import { tileGrid } from '../../../../codec/tiles.ts'
import type { Coded } from '../../../workers/compress-coded.ts'

/** The tile that counts most at a place, as shares of width and height: where two meet, the one that is nearer. */
export function tileAt(
  { width, height, tiling }: Pick<Coded, 'width' | 'height' | 'tiling'>,
  x: number,
  y: number,
): number {
  const { size, overlap } = tiling
  const { columns, rows } = tileGrid(width, height, tiling)
  const along = (place: number, count: number) =>
    Math.min(count - 1, Math.max(0, Math.floor((place - overlap / 2) / (size - overlap))))
  return along(y * height, rows) * columns + along(x * width, columns)
}
