// Which picture the room shows: what the address says, and what was dropped or drawn since.

import type { State } from '../../../state.ts'
import type { Stroke } from '../../lib/strokes.ts'

/** Where a picture comes from. Two of the same `id` are the same. */
export type Source =
  | { kind: 'example' }
  | { kind: 'link' }
  | { kind: 'file'; id: number; name: string; blob: Blob }
  | { kind: 'drawing'; id: number; strokes: readonly Stroke[] }
  | { kind: 'ddn'; id: number; name: string; bytes: Uint8Array<ArrayBuffer>; index: number | null }

/** What of the address says which picture it is. */
export type Address = Pick<State, 'model' | 'seed' | 'codes'>

/**
 * The source after a change of the address: codes come with a link or with the browser's back button, another seed is
 * another example, and another model sees the same picture, where that is more than codes.
 *
 * @param before  the address as it was when `source` was chosen; null at first
 */
export function follow(now: Address, before: Address | null, source: Source): Source {
  if (before === null || now.codes !== before.codes) return { kind: now.codes ? 'link' : 'example' }
  if (now.seed !== before.seed) return { kind: 'example' }
  if (now.model !== before.model && source.kind === 'link') return { kind: 'example' }
  return source
}

/** Everything that a picture's codes follow from. */
export type Request = Pick<State, 'model' | 'seed' | 'codes' | 'fit' | 'beam'> & {
  source: Source
  invert: boolean
}

/** Requests of the same key have the same codes. */
export function keyOf({ model, seed, codes, fit, beam, source, invert }: Request): string {
  const of = {
    example: () => [seed, beam],
    link: () => [codes],
    file: () => [fit, invert, beam],
    drawing: () => [beam],
    ddn: () => [source.kind === 'ddn' && source.index],
  }[source.kind]()
  return [model, source.kind, 'id' in source ? source.id : '', ...of].join(' ')
}
