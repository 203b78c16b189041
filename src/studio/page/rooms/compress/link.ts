// The codes of one tile as text for a link: the bits that they take where all codes are alike, in base64url.

import { decodePath, encodePath } from '../../../../codec/arithmetic.ts'
import { BitWriter } from '../../../../codec/bits.ts'
import { uniformPrior } from '../../../../codes/prior.ts'

/** @param K  candidates of each layer, of which `codes` [L] names one each */
export function codesToText(K: readonly number[], codes: ArrayLike<number>): string {
  const bits = new BitWriter()
  encodePath(uniformPrior(K), codes, bits)
  return toBase64(bits.bytes()).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

/** @throws where the text is not that of a path of such layers */
export function textToCodes(K: readonly number[], text: string): Int32Array {
  const codes = pathOf(K, text)
  if (codes) return codes
  throw new Error(`The codes in the link, ${text.slice(0, 40)}, are not those of a picture of this model.`)
}

export function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), character => character.charCodeAt(0))
}

/** Null where the text is none that `codesToText` writes. */
function pathOf(K: readonly number[], text: string): Int32Array | null {
  try {
    const { codes } = decodePath(
      uniformPrior(K),
      fromBase64(text.replaceAll('-', '+').replaceAll('_', '/')),
      0,
    )
    return codesToText(K, codes) === text ? codes : null
  } catch {
    return null
  }
}
