/** Numbers and times as a reader wants them. */

import type { Metric } from '../nn/learner.ts'

/** 12,345. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-GB')
}

/** Three digits that count: 0.0154, 1.23, 45.7; a dash where there is no number. */
export function precise(value: number | undefined, digits = 3): string {
  if (value === undefined || !Number.isFinite(value)) return '–'
  if (value === 0) return '0'
  const magnitude = Math.floor(Math.log10(Math.abs(value)))
  if (magnitude < -6) return value.toExponential(digits - 1)
  return magnitude >= digits ? whole(value) : value.toFixed(Math.max(0, digits - 1 - magnitude))
}

/** A share in [0, 1]: 99.31 %. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`
}

/** A metric as it is read: a share in percent, other numbers with three digits. */
export function metricText({ kind }: Metric, value: number | undefined): string {
  return kind === 'share' && value !== undefined ? percent(value) : precise(value)
}

/** 870,000 → 870 k, 76,290,000 → 76.3 M. */
export function large(value: number): string {
  if (value < 1e4) return whole(value)
  return value < 999_500 ? `${precise(value / 1e3)} k` : `${precise(value / 1e6)} M`
}

/** 42 s, 1 min 32 s, 20 min, 2 h 5 min. */
export function duration(seconds: number): string {
  const total = Math.round(seconds)
  if (total < 60) return `${total < 10 ? precise(seconds, 2) : total} s`
  const [hours, minutes] = [Math.floor(total / 3600), Math.floor((total % 3600) / 60)]
  if (hours) return minutes ? `${hours} h ${minutes} min` : `${hours} h`
  return total % 60 && minutes < 10 ? `${minutes} min ${total % 60} s` : `${minutes} min`
}

/** Bits of a latent; Σ log₂ K need not be whole. */
export function bits(value: number): string {
  return Number.isInteger(value) || value >= 100 ? whole(value) : value.toFixed(1)
}

/** Peak signal-to-noise ratio in dB of a mean squared error over pixels in [−1, 1]: 10 log₁₀(2² / mse). */
export function psnr(mse: number): number {
  return 10 * Math.log10(4 / mse)
}

/** n and its noun: 1 layer, 13 layers. */
export function plural(count: number, noun: string): string {
  return `${whole(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** A path as one word of a POSIX shell. */
export function shellWord(text: string): string {
  return /^[\w./~@%+=:,-]+$/.test(text) && !text.startsWith('-') && !text.startsWith('~')
    ? text
    : `'${text.replaceAll("'", "'\\''")}'`
}
