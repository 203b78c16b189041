// What tells one trained network from another: eight bytes that everything made by it carries.

import type { DdnModel } from './model.ts'

/** The first 8 bytes of SHA-256 over the network's configuration as JSON and its weights as little-endian float32. */
export function fingerprintOf({
  config,
  weights,
}: Pick<DdnModel, 'config' | 'weights'>): Promise<Uint8Array> {
  return fingerprint([new TextEncoder().encode(JSON.stringify(config)), bytesOf(weights)])
}

/** The first 8 bytes of SHA-256 over these parts, one after the other. */
export async function fingerprint(parts: readonly Uint8Array[]): Promise<Uint8Array> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', whole)).slice(0, 8)
}

/** The bytes of typed values, not a copy. All machines that run JavaScript engines today are little-endian. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** As it is shown: 16 hexadecimal digits. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}
