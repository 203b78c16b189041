/** What can be asked of every loader, checked and completed in one place. */

import { checkFraction } from './dataset.ts'

export interface LoadOptions {
  /** Side of the square images, 8..256; default 32. */
  size?: number
  /** 1 (grey) or 3 (red, green, blue); default 1 for digits and IDX, else 3. */
  channels?: 1 | 3
  /** At most this many images on each side of the split, evenly spaced over them; default all. */
  limit?: number
  /** Share of the test side where the data brings no split of its own, between 0 and 1; default 0.1. */
  testFraction?: number
  /** Called once for each image that could not be read. */
  onSkip?: (file: string, reason: string) => void
}

/** Options of which nothing but the limit is open. */
export interface LoadSettings {
  size: number
  channels: 1 | 3
  limit?: number
  testFraction: number
  onSkip: (file: string, reason: string) => void
}

/** @param channels  the default, which depends on the data */
export function loadSettings(options: LoadOptions, channels: 1 | 3): LoadSettings {
  const settings = {
    size: options.size ?? 32,
    channels: options.channels ?? channels,
    limit: options.limit,
    testFraction: checkFraction(options.testFraction ?? 0.1),
    onSkip: options.onSkip ?? (() => {}),
  }
  const { size, limit } = settings
  if (!Number.isInteger(size) || size < 8 || size > 256) {
    throw new Error(`invalid size: ${size}; give an integer from 8 to 256`)
  }
  if (settings.channels !== 1 && settings.channels !== 3) {
    throw new Error(`invalid channels: ${settings.channels}; give 1 (grey) or 3 (colour)`)
  }
  if (limit !== undefined && (!Number.isInteger(limit) || limit < 1)) {
    throw new Error(`invalid limit: ${limit}; give a positive integer, or none for all images`)
  }
  return settings
}
