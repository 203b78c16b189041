// `coppice tree`: the tree of a network's codes as one picture, or as a page to wander in.

import { extname, join } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { kindOf } from '../data/files.ts'
import { conditionOf } from '../eval/editing-condition.ts'
import { shellWord } from '../report/format.ts'
import { encodePng } from '../report/png.ts'
import type { TreeContents } from '../report/tree-contents.ts'
import { gatherTree } from '../report/tree-gather.ts'
import { type Background, backgroundFor, treePicture } from '../report/tree-picture.ts'
import { type FolderRun, openRun } from '../train/run.ts'
import { VERSION } from '../version.ts'
import {
  type CommonOptions,
  common,
  oneOf,
  type RuntimeFlags,
  runtimeFlags,
  runtimeOf,
  wholeFrom,
} from './options.ts'
import { grouped, present, UsageError, writeOutput } from './output.ts'
import { Progress } from './progress.ts'

interface TreeFlags extends CommonOptions, RuntimeFlags {
  depth?: number
  root?: number[]
  children?: number[]
  scale?: number
  whole?: boolean
  counted: boolean
  condition?: string
  background?: Background
  out?: string
}

const FORMATS = ['.png', '.svg', '.html']

/** Pixels along a side of a PNG: more is nothing that viewers open. */
const WIDEST = 8192

export function treeCommand(program: Command): void {
  const command = program
    .command('tree')
    .description("show the tree of a network's codes: every node an image, its children around it")
    .argument('<run>', 'folder of the run, or a model that comes with Coppice')
    .option(
      '--depth <n>',
      'levels below the node in the middle (default: 3, or as many as there are)',
      wholeFrom(1),
    )
    .option('--root <codes>', 'codes of the node in the middle, such as 3,17 (default: the root)', codesFrom)
    .option(
      '--children <n>',
      'most children shown of a node, the most used first; several numbers are for the levels in turn (default: 40,8)',
      countsFrom,
    )
    .option('--whole', 'show every node by the whole image that its most used path ends in')
    .option('--no-counted', 'do not count the training images: children in the order of their codes')
    .option(
      '--condition <what>',
      'for a conditional network: a label, the number of a test image, or a picture file',
    )
    .option(
      '--out <file>',
      'a .png, an .svg or an .html page to wander in (default: tree.html in the run folder)',
    )
    .option(
      '--scale <n>',
      'pixels of the picture per pixel of the deepest images (default: such that these are about 32 wide)',
      wholeFrom(1, 64),
    )
    .addOption(
      new Option(
        '--background <shade>',
        'light or dark, of a .png or .svg (default: what the images stand out from)',
      ).argParser(oneOf<Background>(['light', 'dark'])),
    )
  runtimeFlags(command)
  common(command, [
    'tree runs/tree --out tree.png',
    'tree digits --whole --out tree.html',
    'tree emoji --root 3,17 --depth 2 --children 24 --out branch.svg',
  ]).action(tree)
}

async function tree(folder: string, flags: TreeFlags): Promise<void> {
  const place = (await kindOf(folder)) === 'folder' ? folder : '.'
  const { out = join(place, 'tree.html'), root = [], children, scale, whole = false, counted } = flags
  const format = extname(out).toLowerCase()
  if (!FORMATS.includes(format))
    throw new UsageError(`--out ${out}: give a name that ends in ${list(FORMATS)}`)
  if (whole && !counted) throw new UsageError('--whole follows the most used paths; leave --no-counted out')
  const progress = new Progress(process.stderr)
  const run = await openRun(folder, runtimeOf(flags))
  try {
    const L = run.model.layers.length
    const depth = flags.depth ?? Math.max(1, Math.min(3, L - root.length))
    const contents = await gatherTree(run, {
      ...{ name: folder, depth, root, children, scale, whole, counted },
      nearest: format === '.html',
      condition: await told(run, flags.condition),
      onNote: note => progress.note(note),
      onProgress: (done, total) => progress.status(`${grouped(done)} of ${grouped(total)} images …`),
    })
    progress.end()
    await writeOutput(out, await written(contents, format, flags, folder, depth))
    const { nodes, levels, tree } = contents.layout
    const below = levels.length - 1
    const images = tree?.count ?? null
    const { children: more, paths } = nodes[0].hidden
    present(flags, { nodes: nodes.length, depth: below, root, images, hidden: nodes[0].hidden, out }, [
      ['Tree', `${out}: ${grouped(nodes.length)} nodes, ${below} ${below === 1 ? 'level' : 'levels'} deep`],
      ...(images === null
        ? []
        : [
            [
              'Counted',
              `${grouped(nodes[0].count ?? 0)} of ${grouped(images)} training images pass`,
            ] as const,
          ]),
      ...(more > 0 ? [['Not shown', notShown(more, images === null ? null : paths)] as const] : []),
    ])
  } finally {
    progress.end()
    await run.close()
  }
}

async function written(
  contents: TreeContents,
  format: string,
  flags: TreeFlags,
  folder: string,
  depth: number,
): Promise<Uint8Array | string> {
  // Sections bring charts with them, and these a DOM that no other command waits for.
  if (format === '.html') return (await import('../report/tree-page.ts')).treePage(contents)
  const background = flags.background ?? backgroundFor(contents)
  if (format === '.svg') return (await import('../report/tree-svg.ts')).treeSvg(contents, background)
  const { side } = contents.layout
  if (side > WIDEST)
    throw new UsageError(
      `the picture would be ${side} pixels wide, more than ${WIDEST}; give a smaller --depth, --children or --scale, or an .svg or .html`,
    )
  const { root = [], children, whole, counted, condition } = flags
  const words = [
    ...['coppice', 'tree', shellWord(folder), '--depth', depth],
    ...(root.length ? ['--root', root] : []),
    ...(children ? ['--children', children] : []),
    ...(flags.scale ? ['--scale', flags.scale] : []),
    ...(whole ? ['--whole'] : []),
    ...(counted ? [] : ['--no-counted']),
    ...(condition === undefined ? [] : ['--condition', shellWord(condition)]),
  ]
  return encodePng(treePicture(contents, background), {
    Software: `coppice ${VERSION}`,
    run: folder,
    step: String(contents.step),
    root: root.join(','),
    depth: String(depth),
    nodes: String(contents.layout.nodes.length),
    images: String(contents.layout.tree?.count ?? 'not counted'),
    command: words.join(' '),
  })
}

/** What a conditional network is told of the whole tree. */
async function told(run: FolderRun<'ddn'>, condition: string | undefined) {
  const source = { data: run.config.data, split: 'test' } as const
  const onNote = (note: string) => process.stderr.write(`${note}\n`)
  const ready = await conditionOf(run.model, { condition, count: 1, source }, null, { onNote })
  if (!ready) return undefined
  const label = ready.shown.words ? Number(ready.shown.words[0]) : null
  const words = label === null ? `${ready.shown.name}: ${condition}` : `class ${label}`
  return { words, values: ready.values, label }
}

function notShown(children: number, images: number | null): string {
  const some = `${grouped(children)} ${children === 1 ? 'child' : 'children'} of the node in the middle`
  return images === null ? some : `${some}, and ${grouped(images)} images below them`
}

/** `3,17`, and nothing for the root. */
function codesFrom(text: string): number[] {
  return text.trim() === '' ? [] : text.split(',').map(wholeFrom(0))
}

function countsFrom(text: string): number[] {
  const counts = text.split(',')
  if (counts.some(count => count.trim() === '')) throw new InvalidArgumentError('Give numbers, such as 40,8.')
  return counts.map(wholeFrom(1))
}

const list = (names: readonly string[]) => `${names.slice(0, -1).join(', ')} or ${names[names.length - 1]}`
