/** From a run to its tree: the paths of its data counted, the nodes laid out and painted. */

import { CodeTree } from '../codes/tree.ts'
import { subset } from '../data/dataset.ts'
import { loadDataset } from '../data/load.ts'
import { type CodedOptions, codedData, trainedOn } from '../train/coded-data.ts'
import type { CodedData } from '../train/codes-file.ts'
import type { FolderRun } from '../train/run.ts'
import { type Counted, passing, type TreeContents } from './tree-contents.ts'
import { NodePainter } from './tree-images.ts'
import { layoutTree, type TreeLayoutOptions } from './tree-layout.ts'

export interface GatherTreeOptions
  extends CodedOptions,
    Pick<TreeLayoutOptions, 'depth' | 'root' | 'children' | 'scale'> {
  /** How the run is called. */
  name: string
  /** Count the paths of the training images, and put the most used children first; default true. */
  counted?: boolean
  /** Whole images: see `PaintOptions`. */
  whole?: boolean
  /** Seek the training images nearest to every node, for a page. */
  nearest?: boolean
  /** What a conditional network is told of all images, in words and as values; and the class, where it is one. */
  condition?: { words: string; values: Float32Array; label: number | null }
}

export async function gatherTree(run: FolderRun<'ddn'>, options: GatherTreeOptions): Promise<TreeContents> {
  const {
    name,
    depth,
    root = [],
    children,
    scale,
    counted = true,
    whole = false,
    condition,
    onNote,
  } = options
  const { model, config, step } = run
  const K = model.layers.map(layer => layer.K)
  const sizes = model.layers.map(({ size }) => (whole ? config.network.size : size))
  // A tree cannot be counted under another condition than its own: of images, each has its own.
  const told = config.network.condition !== undefined && condition?.label == null
  if (counted && told) onNote?.('not counted: every training image is encoded under a condition of its own')
  const coded = counted && !told ? await codedData(run, options) : null
  const members = coded && membersOf(coded, condition?.label ?? null)
  const tree = coded ? new CodeTree(K, rowsOf(coded.train, K.length, members)) : undefined
  const layout = layoutTree({ K, sizes, depth, root, tree, children, scale })
  const painter = await NodePainter.open(
    config.network,
    whole ? K.length : root.length + depth,
    model.runtime,
  )
  try {
    const images = await painter.paint(layout, model.weights, { whole, condition: condition?.values })
    const found = options.nearest && coded && tree && (await countedImages(run, coded, members, onNote))
    return {
      ...images,
      run: name,
      step,
      data: config.data,
      K,
      whole,
      condition: condition?.words ?? null,
      passing: found ? passing(images, tree!, found) : null,
    }
  } finally {
    await painter.close()
  }
}

/** The images of one class; null: all of them. */
function membersOf({ trainLabels }: CodedData, label: number | null): Int32Array | null {
  if (label === null) return null
  if (!trainLabels) throw new Error('this network is told a class, and its data have no labels')
  return Int32Array.from(trainLabels.keys()).filter(i => trainLabels[i] === label)
}

function rowsOf(values: Int32Array, width: number, rows: Int32Array | null): Int32Array {
  if (!rows) return values
  const chosen = new Int32Array(rows.length * width)
  rows.forEach((row, i) => {
    chosen.set(values.subarray(row * width, (row + 1) * width), i * width)
  })
  return chosen
}

/** The counted images themselves, which a page does without rather than fail. */
async function countedImages(
  run: FolderRun<'ddn'>,
  { train, trainLabels }: CodedData,
  members: Int32Array | null,
  onNote: CodedOptions['onNote'],
): Promise<Counted> {
  const labels = trainLabels && rowsOf(trainLabels, 1, members)
  try {
    const { size, channels } = run.config.network
    const dataset = await loadDataset(run.config.data, { size, channels })
    const images = trainedOn(run, dataset).train
    if (images.count !== train.length / run.model.layers.length)
      throw new Error(`there are ${images.count} of them now`)
    return { images: members ? subset(images, members) : images, labels, classes: dataset.classes }
  } catch (error) {
    onNote?.(`no training images are shown: ${(error as Error).message}`)
    return { images: null, labels }
  }
}
