/** Run folders of small networks with random weights, pictures and judges, for commands that only use them. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encode } from 'fast-png'
import { random } from '../../src/data/rng.ts'
import { tokenizerOf } from '../../src/families/text-image/tokenizer.ts'
import { cast, input, log, mul, reduceSum, reshape, slice, sub, writeModel } from '../../src/graph/index.ts'
import { grid } from '../../src/report/grid.ts'
import { encodePng } from '../../src/report/png.ts'
import { familyOf } from '../../src/train/families.ts'
import { resolveConfig } from '../../src/train/resolve.ts'
import { runFiles } from '../../src/train/run.ts'
import { modelFileParts } from '../../src/train/weights.ts'
import { halves, model, spec } from '../guides/judge-models.ts'

/** Images of 8×8, 3 choices of 4. */
export const small = {
  model: 'ddn' as const,
  size: 8,
  channels: 1 as 1 | 3,
  stages: [
    { grid: 2, layers: 1, width: 8, K: 4 },
    { grid: 4, patch: 2, layers: 1, width: 8, K: 4 },
    { grid: 8, layers: 1, width: 8, K: 4 },
  ],
}

/** A run that was never trained; its data are `data`. */
export async function writeRun(
  folder: string,
  network: { model: string; [setting: string]: unknown },
  data: string,
): Promise<string> {
  const config = resolveConfig({ network, data, budget: { steps: 1 } })
  const layout = familyOf(config).layout(config.network as never)
  const weights = layout.initialise(random(3, 'weights'))
  await mkdir(folder, { recursive: true })
  const run = { coppice: '0.1.0', engine: 'none', created: '2026-01-01T00:00:00.000Z' }
  await writeFile(join(folder, runFiles.config), JSON.stringify({ ...config, run }))
  await writeFile(join(folder, runFiles.model), Buffer.concat(modelFileParts(config, layout, weights, 7)))
  return folder
}

/** Grey pictures of 8×8 in the classes 0, dark, and 1, light: a data set `idx:…` with about a tenth for tests. */
export async function writePictures(folder: string, count = 160): Promise<string> {
  await mkdir(folder, { recursive: true })
  const rng = random(1, 'pictures')
  const pixels = Uint8Array.from({ length: count * 64 }, (_, i) => rng.int(128) + 127 * labelOf(i >> 6))
  const header = (...dims: number[]) => {
    const bytes = Buffer.alloc(4 + 4 * dims.length)
    bytes.writeUInt32BE(0x800 + dims.length)
    dims.forEach((dim, i) => {
      bytes.writeUInt32BE(dim, 4 + 4 * i)
    })
    return bytes
  }
  const images = join(folder, 'images-idx3-ubyte')
  await writeFile(images, Buffer.concat([header(count, 8, 8), pixels]))
  const labels = Uint8Array.from({ length: count }, (_, i) => labelOf(i))
  await writeFile(join(folder, 'labels-idx1-ubyte'), Buffer.concat([header(count), labels]))
  return `idx:${images}`
}

const labelOf = (picture: number) => picture % 2

export function pngOf(image: Float32Array, channels: 1 | 3, size: number): Uint8Array {
  return encodePng(grid(image, { count: 1, channels, size, gap: 0 }))
}

/** A PNG file of black and white, from rows of `#` and `.`. */
export function drawing(...rows: string[]): Uint8Array {
  const data = Uint8Array.from(rows.join(''), character => (character === '#' ? 255 : 0))
  return encode({ width: rows[0].length, height: rows.length, data, channels: 1 })
}

/** Red on the left half of 4×4, nothing elsewhere. */
export function redStrokes(): Uint8Array {
  const data = Uint8Array.from({ length: 64 }, (_, i) => ((i >> 2) % 4 < 2 ? [255, 0, 0, 255][i % 4] : 0))
  return encode({ width: 4, height: 4, data, channels: 4 })
}

/**
 * Judges by the means of the left and of the right half: `classes.json` (classes left and right), `likeness.json`
 * (cosine, with a text encoder that knows the words owl and red), `features.json`, and `nan.json`, which gives none.
 */
export async function writeJudges(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const tokenizer = tokenizerOf(['owl', 'red'])
  const [, words, tokens] = [1, ...tokenizer.shape]
  const ids = cast(slice(input('t', [1, words, tokens], 'int32'), 2, 0, 2), 'float32')
  const files = {
    'classes.json': spec(),
    'likeness.json': spec({ output: { read: 'cosine' }, text: { model: 'text.onnx', tokenizer } }),
    'features.json': spec({ model: 'features.onnx', output: { read: 'features' } }),
    'nan.json': spec({ model: 'nan.onnx' }),
    'halves.onnx': model(halves, ['N', 1, 4, 4]),
    'features.onnx': model(x => mul(x, 1), ['N', 1, 4, 4]),
    // ln of what is below 0.
    'nan.onnx': model(x => log(sub(halves(x), 2)), ['N', 1, 4, 4]),
    'text.onnx': writeModel({ vector: reshape(reduceSum(ids, [1]), [1, 2]) }),
  }
  for (const [name, file] of Object.entries(files))
    await writeFile(join(folder, name), file instanceof Uint8Array ? file : JSON.stringify(file))
}
