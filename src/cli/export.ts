// `coppice export`: a run as plain ONNX models.

import { basename, join } from 'node:path'
import type { Command } from 'commander'
import { exportFiles } from '../train/export.ts'
import { openRun } from '../train/run.ts'
import { type CommonOptions, common } from './options.ts'
import { grouped, present, writeOutput } from './output.ts'

interface ExportFlags extends CommonOptions {
  out: string
}

export function exportCommand(program: Command): void {
  const command = program
    .command('export')
    .description('write a run as ONNX models that need nothing of Coppice')
    .argument('<run>', 'folder of the run')
    .requiredOption('--out <folder>', 'where the files go')
  common(command, ['export runs/digits --out digits-onnx', 'export runs/classifier --out judge']).action(
    exportRun,
  )
}

async function exportRun(folder: string, flags: ExportFlags): Promise<void> {
  const run = await openRun(folder, { model: 'any' })
  try {
    const files: { file: string; bytes: number }[] = []
    for (const [name, data] of exportFiles(run, basename(run.dir))) {
      await writeOutput(join(flags.out, name), data)
      files.push({ file: name, bytes: Buffer.byteLength(data) })
    }
    present(flags, { run: folder, out: flags.out, files }, [
      ...files.map(({ file, bytes }) => [join(flags.out, file), `${grouped(bytes)} bytes`] as const),
    ])
  } finally {
    await run.close()
  }
}
