// `coppice gallery`: everything that guides can make of a run, on one page.

import { join, parse } from 'node:path'
import type { Command } from 'commander'
import { gatherGallery } from '../report/gallery-gather.ts'
import { families } from '../train/families.ts'
import { openRun } from '../train/run.ts'
import { editCommandFor } from './guide-flags.ts'
import { stoppable } from './interrupt.ts'
import {
  type CommonOptions,
  collect,
  common,
  type RuntimeFlags,
  runtimeFlags,
  runtimeOf,
  whole,
  wholeFrom,
} from './options.ts'
import { present, short, writeOutput } from './output.ts'
import { Progress } from './progress.ts'

interface GalleryFlags extends CommonOptions, RuntimeFlags {
  out?: string
  judge?: string[]
  text?: string[]
  data?: string
  count: number
  seed: number
}

export function galleryCommand(program: Command): void {
  const command = program
    .command('gallery')
    .description('show what guides can make of a run: every task on one page')
    .argument('<run>', 'folder of the run')
    .option(
      '--out <file>',
      'the page; the brush strokes lie beside it (default: gallery.html in the run folder)',
    )
    .option(
      '--judge <file>',
      "a judge's JSON file, or the name of one that comes with Coppice; may be repeated; what it can be asked decides which tasks it serves (default: that of digits or emoji for a run on these)",
      collect,
    )
    .option(
      '--text <words>',
      'what a judge of texts is asked for; may be repeated (default: a few usual texts)',
      collect,
    )
    .option('--data <spec>', "whose test images guides go by, as for train (default: the run's own data)")
    .option('--count <n>', 'pictures beside each other', wholeFrom(1, 16), 8)
    .option('--seed <n>', 'every random choice follows from it', whole, 0)
  runtimeFlags(command)
  common(command, [
    'gallery runs/digits --out gallery.html',
    'gallery runs/emoji --judge text-image.json --text "red heart" --text "blue fish"',
  ]).action(gallery)
}

async function gallery(folder: string, flags: GalleryFlags): Promise<void> {
  const { out = join(folder, 'gallery.html'), data, judge, text, count, seed, threads, device } = flags
  const { dir, name } = parse(out)
  const strokes = join(dir, `${name}-strokes.png`)
  const progress = new Progress(process.stderr, families.ddn.metrics[0])
  await stoppable(progress, async signal => {
    const run = await openRun(folder, runtimeOf(flags))
    try {
      const { contents, overlay } = await gatherGallery(run, {
        name: folder,
        data,
        judges: judge,
        texts: text,
        columns: count,
        seed,
        overlay: strokes,
        commandOf: request => `npx ${editCommandFor(folder, request, { more: { threads, device } })}`,
        onTask: (title, i, count) => progress.status(`${i + 1} of ${count}: ${title} …`),
        onNote: note => progress.note(note),
        signal,
      })
      progress.end()
      signal.throwIfAborted()
      // Charts, which a report's sections bring, come with a DOM that no other command waits for.
      const { galleryPage } = await import('../report/gallery-page.ts')
      await writeOutput(strokes, overlay)
      await writeOutput(out, galleryPage(contents))
      const tasks = contents.tasks.map(({ id, title, count, error, seconds, command }) => ({
        id,
        title,
        count,
        guideError: error.mean,
        seconds: Number(seconds.toFixed(3)),
        command,
      }))
      const { leftOut } = contents
      const seconds = Number(contents.seconds.toFixed(3))
      present(flags, { run: folder, out, seconds, tasks, leftOut, files: [out, strokes] }, [
        ['Gallery', `${out}: ${tasks.length} tasks in ${short(seconds)} s`],
        ...leftOut.map(({ title, reason }) => ['Left out', `${title}: ${reason}`] as const),
      ])
    } finally {
      await run.close()
    }
  })
}
