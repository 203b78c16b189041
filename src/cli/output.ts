// What commands say: a result for people, or as one JSON object on the last line; errors as one sentence.

import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { cannotWrite, writeAtomic } from '../train/files.ts'
import type { CommonOptions } from './options.ts'

/** Something that the caller did wrong: exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** Prints a result. In text, `lines` come as a table of names and values; a line without a name stands alone. */
export function present(
  { json }: CommonOptions,
  result: object,
  lines: readonly (readonly [string, string] | string)[],
): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(result)}\n`)
    return
  }
  const width = Math.max(0, ...lines.map(line => (typeof line === 'string' ? 0 : line[0].length)))
  for (const line of lines)
    process.stdout.write(typeof line === 'string' ? `${line}\n` : `${line[0].padEnd(width)}  ${line[1]}\n`)
}

/** Rows of cells, the columns aligned: numbers to the right, the first column to the left. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [head, ...rows]
  const widths = head.map((_, i) => Math.max(...all.map(row => row[i].length)))
  return all.map(row =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ')
      .trimEnd(),
  )
}

/** Writes a file that a command was asked for, and the folders above it. */
export async function writeOutput(path: string, data: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true }).catch(error => {
    throw cannotWrite(path, error)
  })
  await writeAtomic(path, data)
}

/** `12,345` */
export function grouped(value: number): string {
  return value.toLocaleString('en-US')
}

/** 3 to 4 significant digits, never in exponents where a person reads them. */
export function short(value: number): string {
  const size = Math.abs(value)
  if (size === 0 || !Number.isFinite(value)) return String(value)
  if (size >= 100) return value.toFixed(0)
  if (size >= 1) return value.toFixed(2)
  return size >= 1e-4 ? value.toPrecision(3) : value.toExponential(2)
}

/** `1:05:09`, `2:07` */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const two = (value: number) => String(value).padStart(2, '0')
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`
}

/** `0.52 M` */
export function millions(count: number): string {
  return `${(count / 1e6).toFixed(2)} M`
}
