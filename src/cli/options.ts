// Options that several commands share, and reading their values: what is wrong is said with the nearest right value.

import { type Command, InvalidArgumentError, Option } from 'commander'
import { suggestion } from '../data/nearest.ts'
import type { Device, RuntimeOptions } from '../runtime/index.ts'

/** What every command takes. */
export interface CommonOptions {
  json?: boolean
  verbose?: boolean
}

export interface RuntimeFlags {
  threads?: number
  device?: Device
  verbose?: boolean
}

export const DEVICES: readonly Device[] = ['cpu', 'cuda', 'coreml', 'dml', 'webgpu']

/** `--json` and `--verbose`, and examples after the help. */
export function common(command: Command, examples: readonly string[]): Command {
  return command
    .option('--json', 'print the result as one JSON object on the last line of standard output')
    .option('--verbose', "show the engine's own messages, and where an error comes from")
    .addHelpText('after', `\nExamples:\n${examples.map(line => `  $ coppice ${line}`).join('\n')}\n`)
}

/** `--threads` and `--device`. */
export function runtimeFlags(command: Command): Command {
  return command
    .option('--threads <n>', 'threads to compute with (default: all cores)', wholeFrom(1))
    .addOption(
      new Option('--device <name>', `where to compute: ${DEVICES.join(', ')}`).argParser(oneOf(DEVICES)),
    )
}

export function runtimeOf({ threads, device, verbose }: RuntimeFlags): RuntimeOptions {
  return { threads, device, verbose, onNotice: message => process.stderr.write(`${message}\n`) }
}

/** A whole number, at least `least`. */
export function wholeFrom(least: number, most = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < least || value > most)
      throw new InvalidArgumentError(
        most === Number.MAX_SAFE_INTEGER
          ? `Give a whole number${least === Number.MIN_SAFE_INTEGER ? '' : `, at least ${least}`}.`
          : `Give a whole number from ${least} to ${most}.`,
      )
    return value
  }
}

export const whole = wholeFrom(Number.MIN_SAFE_INTEGER)

/** A number above 0. */
export function positive(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('Give a number above 0.')
  return value
}

/** A number, at least 0. */
export function notNegative(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('Give a number, at least 0.')
  return value
}

/** One of some names. */
export function oneOf<T extends string>(names: readonly T[]) {
  return (text: string): T => {
    if (!names.includes(text as T)) throw new InvalidArgumentError(`Unknown value${suggestion(text, names)}.`)
    return text as T
  }
}

/** Several values of an option that is repeated. */
export const collect = (value: string, before: string[] = []): string[] => [...before, value]
