// The command line as a function: arguments in, exit code out.

import { Command, CommanderError } from 'commander'
import { ConfigError } from '../train/settings.ts'
import { VERSION } from '../version.ts'
import { benchCommand } from './bench.ts'
import { clusterCommand } from './cluster.ts'
import { decodeCommand } from './decode.ts'
import { demoCommand } from './demo.ts'
import { densityCommand } from './density.ts'
import { editCommand } from './edit.ts'
import { encodeCommand } from './encode.ts'
import { exportCommand } from './export.ts'
import { finetuneCommand } from './finetune.ts'
import { galleryCommand } from './gallery.ts'
import { indexCommand } from './index-images.ts'
import { infoCommand } from './info.ts'
import { UsageError } from './output.ts'
import { priorCommand } from './prior.ts'
import { reconstructCommand } from './reconstruct.ts'
import { sampleCommand } from './sample.ts'
import { searchCommand } from './search.ts'
import { studioCommand } from './studio.ts'
import { trainCommand } from './train.ts'
import { treeCommand } from './tree.ts'

const commands = [
  demoCommand,
  trainCommand,
  sampleCommand,
  reconstructCommand,
  editCommand,
  galleryCommand,
  finetuneCommand,
  encodeCommand,
  decodeCommand,
  priorCommand,
  treeCommand,
  indexCommand,
  searchCommand,
  clusterCommand,
  infoCommand,
  exportCommand,
  studioCommand,
  densityCommand,
  benchCommand,
]

const examples = `
Examples:
  $ coppice demo
  $ coppice train --data digits --preset small --minutes 20 --out runs/digits
  $ coppice sample runs/digits --count 64 --seed 7 --out samples.png
  $ coppice reconstruct runs/digits --split test --count 1000 --out reconstructions.png
  $ coppice edit runs/digits --guide inpaint --mask left --count 16 --top 2 --out edits
  $ coppice gallery runs/digits --out gallery.html
  $ coppice encode runs/digits --data digits --count 1000 --out digits.ddn

Every command takes --help, and --json for a result that programs can read.
`

/** Runs the command that the arguments name; what goes wrong is one sentence on standard error. */
export async function run(args: readonly string[]): Promise<number> {
  const program = new Command('coppice')
    .description('Train, sample and look inside Discrete Distribution Networks.')
    .version(VERSION, '--version', 'print the version')
    .helpOption('--help', 'explain the command')
    .helpCommand('help [command]', 'explain a command')
    .addHelpText('after', examples)
    .configureOutput({ outputError: (text, write) => write(`${oneSentence(text)}\n`) })
    .exitOverride()
  for (const add of commands) add(program)
  try {
    await program.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    return report(error, args.includes('--verbose'))
  }
}

/** Commander's errors, whose hint stands on a line of its own: one sentence is easier to read, and to search for. */
function oneSentence(text: string): string {
  return text
    .trim()
    .replace(/^error: /, '')
    .replace(/\s*\n\(?Did you mean (.*?)\)?$/, '; did you mean $1')
}

/** Says what went wrong and returns the exit code: 2 for a wrong call, 1 for everything else. */
function report(error: unknown, verbose: boolean): number {
  // Commander has already said it; help and version are no errors.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  process.stderr.write(`${verbose && stack ? stack : message}\n`)
  return error instanceof UsageError || error instanceof ConfigError ? 2 : 1
}
