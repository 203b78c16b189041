// What tells one trained network from another: eight bytes that everything made by it carries.

import { concatenate } from '../data/bytes.ts'
import { type DdnConfig, ddnSchema } from './config.ts'
import type { DdnModel } from './model.ts'

/**
 * The first 8 bytes of SHA-256 over the network's configuration as JSON and its weights as little-endian float32. Settings
 * at their default do not count, so that a setting added to the schema changes no fingerprint.
 */
export function fingerprintOf({
  config,
  weights,
}: Pick<DdnModel, 'config' | 'weights'>): Promise<Uint8Array> {
  return fingerprint([new TextEncoder().encode(JSON.stringify(essential(config))), bytesOf(weights)])
}

/** The first 8 bytes of SHA-256 over these parts, one after the other. */
export async function fingerprint(parts: readonly Uint8Array[]): Promise<Uint8Array> {
  const { subtle } = globalThis.crypto
  // Browsers have it on pages that came safely only.
  if (!subtle) throw new Error('fingerprints need a page from https: or localhost, which this one is not')
  return new Uint8Array(await subtle.digest('SHA-256', concatenate(parts))).slice(0, 8)
}

/** The bytes of typed values, not a copy. All machines that run JavaScript engines today are little-endian. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** As it is shown: 16 hexadecimal digits. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}

/** The settings that differ from the schema's defaults, in the order of their names. */
function essential(config: DdnConfig): object {
  const stage = { grid: 1, layers: 1, width: 1, K: 2 }
  const {
    stages: [plain],
    ...defaults
  } = ddnSchema.parse({ stages: [stage] })
  const { stages, ...rest } = config
  const { patch } = plain
  return { ...unlike(rest, defaults), stages: stages.map(one => unlike(one, { patch })) }
}

function unlike(values: object, defaults: Record<string, unknown>): object {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([key, value]) => value !== undefined && value !== defaults[key])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}
