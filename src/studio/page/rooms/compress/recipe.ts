// What a file that was dropped, chosen or pasted is meant as; and what a downloaded PNG says of itself.

import { decodePngText } from '../../../../report/png.ts'
import { readState, type State, writeState } from '../../../state.ts'
import { fromBase64, toBase64 } from './link.ts'

/** A picture's file, a `.ddn` file, or a PNG of this room that says how to make it again. */
export type Given =
  | { kind: 'picture' }
  | { kind: 'ddn'; bytes: Uint8Array<ArrayBuffer> }
  | { kind: 'recipe'; state: State; ddn: Uint8Array<ArrayBuffer> | null }

export function given(bytes: Uint8Array<ArrayBuffer>, name: string): Given {
  if (isDdn(bytes, name)) return { kind: 'ddn', bytes }
  const { studio, ddn } = textOf(bytes)
  const state = studio === undefined ? null : readState(studio)
  // A PNG of another room is a picture here.
  if (state?.room !== 'compress') return { kind: 'picture' }
  return { kind: 'recipe', state, ddn: ddn === undefined ? null : fromBase64(ddn) }
}

/** Text chunks of a PNG: the address, and the file itself where the address does not hold its codes. */
export function recipeOf(state: State, file: Uint8Array | null): Record<string, string> {
  return { studio: writeState(state), ...(file && { ddn: toBase64(file) }) }
}

/** By the first three bytes, or by the name. */
function isDdn(bytes: Uint8Array, name: string): boolean {
  return (bytes[0] === 0xdd && bytes[1] === 0x44 && bytes[2] === 0x4e) || /\.ddn$/i.test(name)
}

function textOf(bytes: Uint8Array): Record<string, string> {
  try {
    return decodePngText(bytes)
  } catch {
    return {}
  }
}
