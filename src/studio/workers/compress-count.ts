// The bits of a picture's codes under a prior: their strings, where in them every code becomes certain, and the file.

import { decodePrefix, encodePath } from '../../codec/arithmetic.ts'
import { BitWriter, bitAt } from '../../codec/bits.ts'
import { type CodedPrior, writeDdn } from '../../codec/container.ts'
import type { Prior } from '../../codes/prior.ts'
import { fingerprintOf } from '../../ddn/fingerprint.ts'
import type { DdnModel } from '../../ddn/model.ts'
import type { Coded, Counted } from './compress-coded.ts'

/** @param codes  [tiles, L] */
export function countBits(
  prior: Prior,
  codes: Int32Array,
  onProgress: (share: number) => void = () => {},
): Counted {
  const L = prior.K.length
  const tiles = codes.length / L
  const bits: number[] = []
  const starts = new Int32Array(tiles + 1)
  const certain = new Int32Array(codes.length)
  const costs = new Float64Array(codes.length)
  for (let tile = 0; tile < tiles; tile++) {
    const path = codes.subarray(tile * L, (tile + 1) * L)
    const along = alongPath(prior, path)
    path.forEach((code, l) => {
      costs[tile * L + l] = -Math.log2(along.seen[l][code])
    })
    const string = new BitWriter()
    const length = encodePath(along.prior, path, string)
    const bytes = string.bytes()
    for (let l = 0, read = 0; l < L; read++)
      for (const known = decodePrefix(along.prior, bytes, 0, read).length; l < known; l++)
        certain[tile * L + l] = read
    for (let i = 0; i < length; i++) bits.push(bitAt(bytes, i))
    starts[tile + 1] = bits.length
    onProgress((tile + 1) / tiles)
  }
  return { bits: Uint8Array.from(bits), starts, certain, costs }
}

/** A `.ddn` file of this one picture: the same bytes that `encodeImages` makes. */
export async function fileOf(
  model: DdnModel,
  { prior, fingerprint }: CodedPrior,
  { width, height, tiling }: Pick<Coded, 'width' | 'height' | 'tiling'>,
  counted: Counted,
): Promise<{ bytes: Uint8Array; headerBytes: number }> {
  const block = new BitWriter()
  for (const bit of counted.bits) block.push(bit)
  const payload = block.bytes()
  const { channels, size, overlap } = tiling
  const bytes = writeDdn(
    {
      model: await fingerprintOf(model),
      prior: { name: prior.name, fingerprint },
      K: prior.K,
      channels: channels === 3 ? 3 : 1,
      size,
      overlap,
      blockImages: 256,
      sizes: [{ count: 1, width, height }],
    },
    [payload],
  )
  return { bytes, headerBytes: bytes.length - payload.length }
}

/** A prior that was asked once along one path, and answers from memory there: a transformer takes its time. */
function alongPath(prior: Prior, path: Int32Array): { prior: Prior; seen: Float64Array[] } {
  const walk = prior.walk()
  const seen: Float64Array[] = []
  for (const code of path) {
    seen.push(walk.probabilities())
    walk.take(code)
  }
  const { name, K } = prior
  return {
    seen,
    prior: {
      name,
      K,
      walk() {
        let layer = 0
        return {
          probabilities: () => seen[layer],
          take: () => {
            layer++
          },
        }
      },
    },
  }
}
