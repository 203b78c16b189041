/** Images of a network as small PNG files inside the page, and as sheets beside it. */

import { type GridOptions, grid, type Picture } from './grid.ts'
import { encodePng } from './png.ts'

/** Images in one array [count, channels, size, size], float32 in [−1, 1]. */
export interface Stack {
  data: Float32Array
  count: number
  channels: 1 | 3
  size: number
}

/** Every image as a PNG in a data URI, pixel for pixel: the page enlarges it. */
export function dataUris({ data, count, channels, size }: Stack): string[] {
  const length = channels * size * size
  return Array.from({ length: count }, (_, n) => {
    const image = data.subarray(n * length, (n + 1) * length)
    return pngUri(encodePng(grid(image, { count: 1, channels, size, gap: 0 })))
  })
}

export function pngUri(png: Uint8Array): string {
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`
}

/** A sheet whose cells are about 64 pixels wide. */
export function sheet(images: Stack, options: Pick<GridOptions, 'columns'> = {}): Picture {
  const { data, count, channels, size } = images
  return grid(data, { count, channels, size, scale: Math.max(1, Math.floor(64 / size)), gap: 4, ...options })
}

/** Each pixel as a square of factor × factor: how a coarse layer's image covers a finer one. */
export function enlarge(images: Stack, size: number): Stack {
  const factor = size / images.size
  if (factor === 1) return images
  if (!Number.isInteger(factor)) throw new Error(`images of ${images.size} pixels do not fill ${size}`)
  const { count, channels } = images
  const data = new Float32Array(count * channels * size * size)
  for (let i = 0; i < data.length; i++) {
    const plane = Math.floor(i / (size * size))
    const y = Math.floor(i / size) % size
    const from =
      (plane * images.size + Math.floor(y / factor)) * images.size + Math.floor((i % size) / factor)
    data[i] = images.data[from]
  }
  return { data, count, channels, size }
}

/** Image i of every stack in turn: [a₀, b₀, …, a₁, b₁, …], all of one size. */
export function interleave(stacks: readonly Stack[]): Stack {
  const { count, channels, size } = stacks[0]
  const length = channels * size * size
  const data = new Float32Array(count * stacks.length * length)
  stacks.forEach((stack, s) => {
    for (let n = 0; n < count; n++)
      data.set(stack.data.subarray(n * length, (n + 1) * length), (n * stacks.length + s) * length)
  })
  return { data, count: count * stacks.length, channels, size }
}

/** Mean squared difference of two stacks of one shape. */
export function meanSquaredError(a: Stack, b: Stack): number {
  let sum = 0
  for (let i = 0; i < a.data.length; i++) sum += (a.data[i] - b.data[i]) ** 2
  return sum / a.data.length
}
