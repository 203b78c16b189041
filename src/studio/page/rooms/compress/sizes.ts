// What is to be said of a comparison whose qualities are not alike.

import type { Peer } from '../../../workers/compress-peers.ts'

/** Errors that differ by less than this factor count as alike. */
const ALIKE = 1.25

/** A sentence for each format that comes nowhere near an error, or ''. */
export function farOff(peers: readonly Peer[], mse: number): string {
  return peers
    .flatMap(({ format, same }) => {
      if (!same) return []
      if (same.mse * ALIKE < mse) return [`${format} is better even at its lowest quality.`]
      if (same.mse > mse * ALIKE) return [`${format} does not come as near at any quality.`]
      return []
    })
    .join(' ')
}
