/** Many small images as one picture: the contact sheet behind every PNG that Coppice writes. */

/** Bytes of a picture, row by row, channels interleaved: data[(y·width + x)·channels + c] in 0 … 255. */
export interface Picture {
  width: number
  height: number
  channels: 1 | 3
  data: Uint8Array
}

export interface GridOptions {
  /** Images in `images`. */
  count: number
  /** 1 for grey, 3 for RGB. */
  channels: 1 | 3
  /** Width and height of an image. */
  size: number
  /** Default: as square as can be, ⌈√count⌉. */
  columns?: number
  /** Pixels of the picture along one side of an image's pixel; default 1. */
  scale?: number
  /** Pixels of the picture between images, and around them; default 2. */
  gap?: number
  /** What shows in the gaps and behind a last row that is not full, 0 … 255; default 255. */
  background?: number | readonly [red: number, green: number, blue: number]
}

/**
 * Lays out images in rows, each pixel a square of scale × scale. A background that is not grey makes the picture
 * RGB whatever the images are.
 *
 * @param images  [count, channels, size, size] float32; −1 is black, 1 white, and what lies outside is cut off
 */
export function grid(images: Float32Array, options: GridOptions): Picture {
  const { count, channels, size, columns, scale, gap, background } = check(images, options)
  const rows = Math.ceil(count / columns)
  const cell = size * scale
  const width = columns * (cell + gap) + gap
  const height = rows * (cell + gap) + gap
  const depth = new Set(background).size > 1 ? 3 : channels
  const data = new Uint8Array(width * height * depth)
  for (let i = 0; i < data.length; i++) data[i] = background[i % depth]

  const plane = size * size
  const line = new Uint8Array(cell * depth)
  for (let n = 0; n < count; n++) {
    const left = gap + (n % columns) * (cell + gap)
    const top = gap + Math.floor(n / columns) * (cell + gap)
    for (let v = 0; v < size; v++) {
      for (let x = 0; x < cell; x++) {
        const pixel = n * channels * plane + v * size + Math.floor(x / scale)
        for (let c = 0; c < depth; c++) line[x * depth + c] = toByte(images[pixel + (c % channels) * plane])
      }
      for (let y = 0; y < scale; y++) data.set(line, ((top + v * scale + y) * width + left) * depth)
    }
  }
  return { width, height, channels: depth, data }
}

/** [−1, 1] → 0 … 255, rounded; NaN is black. The inverse of the datasets' byte / 127.5 − 1. */
export function toByte(value: number): number {
  return Math.min(255, Math.max(0, Math.round((value + 1) * 127.5))) || 0
}

function check(images: Float32Array, options: GridOptions) {
  const { count, channels, size, scale = 1, gap = 2, background = 255 } = options
  const columns = options.columns ?? Math.ceil(Math.sqrt(count))
  const whole = { count, size, columns, scale }
  for (const [name, value] of Object.entries(whole))
    if (!Number.isInteger(value) || value < 1)
      throw new Error(`invalid ${name}: ${value}; give a positive integer`)
  if (!Number.isInteger(gap) || gap < 0) throw new Error(`invalid gap: ${gap}; give an integer from 0`)
  if (channels !== 1 && channels !== 3)
    throw new Error(`invalid channels: ${channels}; give 1 (grey) or 3 (colour)`)
  const expected = count * channels * size * size
  if (images.length !== expected)
    throw new Error(
      `${count} images of ${channels}×${size}×${size} are ${expected} values, not ${images.length}`,
    )
  const shades = typeof background === 'number' ? [background, background, background] : background
  return { count, channels, size, columns, scale, gap, background: shades }
}
