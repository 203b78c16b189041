// From a run and its data to clusters: the nodes of the tree at one depth, scored by labels beside k-means.

import { CodeTree } from '../codes/tree.ts'
import { type Dataset, type Images, spread, subset, toFloat } from '../data/dataset.ts'
import { kindOf } from '../data/files.ts'
import { loadDataset } from '../data/load.ts'
import type { DdnModel } from '../ddn/model.ts'
import { toldOf } from '../eval/told.ts'
import { type CodedOptions, codedData, codesOf, trainedOn } from '../train/coded-data.ts'
import type { FolderRun } from '../train/run.ts'
import { VERSION } from '../version.ts'
import type { ClusterContents, ClusterNode, LabelShare, ShownCluster } from './cluster-contents.ts'
import { scoresOf } from './cluster-scores.ts'
import { precise, whole } from './format.ts'
import { dataUris } from './pictures.ts'

export interface ClusterOptions {
  /** The run's path, as commands are to name it. */
  name: string
  /** Default: what the run was trained on. */
  data?: string
  split: 'train' | 'test'
  /** Choices that a node is named by. */
  depth: number
  /** Images, evenly spaced over the split; default: all. */
  count?: number
  /** Of k-means. */
  seed: number
  /** What makes the page again. */
  command: string
  coding?: CodedOptions
  onStatus?(text: string): void
  signal?: AbortSignal
}

/** Nodes in detail, and in the overview; fewer where images are large, for a page has to carry them. */
const SHOWN = { small: 64, large: 16 }
const OVERVIEW = { small: 1024, large: 128 }
/** Images of a node. */
const MEMBERS = 10
/** Labels with a colour of their own. */
const COLOURS = 10

/**
 * The nodes at one depth through which images pass, with their scores and pictures. Codes of the run's own data are those
 * that are kept beside it, and are made and kept where it has none yet, unless only some of the images are asked for.
 *
 * @throws where the tree is not so deep, or there are no images
 */
export async function gatherClusters(
  run: FolderRun<'ddn'>,
  options: ClusterOptions,
): Promise<ClusterContents> {
  const { name, split, depth, seed, command, onStatus, signal } = options
  const { model, config, step } = run
  const started = performance.now()
  const K = model.layers.map(layer => layer.K)
  if (!Number.isInteger(depth) || depth < 1 || depth > K.length)
    throw new Error(`invalid depth: ${depth}; the tree of ${name} is ${K.length} deep`)
  const data = options.data ?? config.data
  const own = data === config.data
  const { size, channels } = config.network
  const dataset = await loadDataset(data, { size, channels })
  const sides: Sides = own ? trainedOn(run, dataset) : dataset
  const splitImages = sides[split].count
  const indices = spread(splitImages, options.count)
  if (indices.length === 0) throw new Error(`${data} has no ${split} images to put into clusters`)
  const images = subset(sides[split], indices)
  const codes = await codesFor(run, images, { ...options, own, indices, splitImages })
  signal?.throwIfAborted()

  onStatus?.('Sorting images into nodes …')
  const tree = new CodeTree(K, codes)
  const groups = groupsOf(tree, depth)
  const { legend, others, makeUpOf } = labelsOf(images, dataset.classes)
  const small = size <= 64 ? 'small' : 'large'
  const means = meansOf(images, groups.slice(0, OVERVIEW[small]))
  const nodes = groups.map(
    ({ path, members }, i): ClusterNode => ({
      path,
      images: members.length,
      mean: means[i],
      makeUp: makeUpOf(members),
    }),
  )
  const drawn = await drawnAt(model, images, codes, groups.slice(0, SHOWN[small]), depth)
  const shown = drawn.map(
    (picture, node): ShownCluster => ({
      node,
      drawn: picture,
      mean: means[node],
      members: membersOf(images, groups[node].members, MEMBERS, dataset.classes, indices),
    }),
  )
  const { threads } = model.runtime
  const clusters = K.slice(0, depth).reduce((a, b) => a * b, 1)
  const scoring = { ...options, clusters, data, threads }
  const scored = await scoresOf(images, nodesOf(groups, images.count), sides.train, scoring)
  return {
    run: name,
    step,
    trained: config.data,
    data,
    split,
    images: images.count,
    splitImages,
    size,
    drawnSize: model.layers[depth - 1].size,
    toldClass: model.config.condition?.kind === 'class',
    depth,
    clusters,
    nodes,
    ...scored,
    legend,
    others,
    shown,
    notes: notesOf(model, images.count, scored.labelled, groups.length),
    seed,
    command,
    seconds: (performance.now() - started) / 1000,
    version: VERSION,
    written: new Date(),
  }
}

/** The node of every image, by its place among the groups. */
function nodesOf(groups: readonly Group[], count: number): Int32Array {
  const nodes = new Int32Array(count)
  groups.forEach(({ members }, group) => {
    for (const member of members) nodes[member] = group
  })
  return nodes
}

type Sides = Pick<Dataset, 'train' | 'test'>

/** A node and the images that pass through it, by their places among those that are looked at. */
interface Group {
  path: number[]
  members: Int32Array
}

/** The codes [n, L] of the images looked at: those that are kept beside the model, or made. */
async function codesFor(
  run: FolderRun<'ddn'>,
  images: Images,
  {
    own,
    indices,
    split,
    splitImages,
    data,
    coding,
  }: Pick<ClusterOptions, 'split' | 'data' | 'coding'> & {
    own: boolean
    indices: Int32Array
    splitImages: number
  },
): Promise<Int32Array> {
  const L = run.model.layers.length
  const file = run.beside('codes.safetensors')
  // Of a few images there is no need to encode all that the file keeps.
  if (!own || (images.count < splitImages && (await kindOf(file)) !== 'file'))
    return codesOf(run.model, images, done => coding?.onProgress?.(done, images.count))
  const coded = (await codedData(run, coding))[split]
  if (coded.length !== splitImages * L)
    throw new Error(
      `${file} has codes of ${whole(coded.length / L)} ${split} images, and ${data ?? run.config.data} has ${whole(splitImages)} now; delete the file, and it is made anew`,
    )
  const codes = new Int32Array(indices.length * L)
  indices.forEach((index, i) => {
    codes.set(coded.subarray(index * L, (index + 1) * L), i * L)
  })
  return codes
}

/** The nodes of one depth that have members, the most populated first. */
function groupsOf(tree: CodeTree, depth: number): Group[] {
  let paths: number[][] = [[]]
  for (let l = 0; l < depth; l++)
    paths = paths.flatMap(path => tree.children(path).map(({ code }) => [...path, code]))
  return paths
    .map(path => ({ path, members: tree.members(path) }))
    .sort((a, b) => b.members.length - a.members.length || compare(a.path, b.path))
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((code, l) => code !== b[l])
  return at < 0 ? 0 : a[at] - b[at]
}

/** Names and colours of labels, and what a node is made up of. */
function labelsOf(images: Images, classes: readonly string[] | undefined) {
  const counts = countsOf(images.labels ?? [])
  const colours = [...counts].slice(0, COLOURS).map(([label]) => label)
  // In the order of the classes, which is the one that readers know.
  colours.sort((a, b) => a - b)
  const makeUpOf = (members: Int32Array): LabelShare[] =>
    Array.from(countsOf(Array.from(members, i => images.labels?.[i] ?? -1)), ([label, count]) => ({
      name: nameOf(label, classes),
      colour: colours.indexOf(label),
      images: count,
    }))
  const legend = colours.map(label => nameOf(label, classes))
  return { legend, others: counts.size > colours.length, makeUpOf }
}

/** How often every known label occurs, the most frequent first. */
function countsOf(labels: ArrayLike<number>): Map<number, number> {
  const counts = new Map<number, number>()
  for (let i = 0; i < labels.length; i++)
    if (labels[i] >= 0) counts.set(labels[i], (counts.get(labels[i]) ?? 0) + 1)
  return new Map([...counts].sort(([a, m], [b, n]) => n - m || a - b))
}

function nameOf(label: number, classes: readonly string[] | undefined): string {
  return classes?.[label] ?? String(label)
}

/** The mean image of every group. */
function meansOf(images: Images, groups: readonly Group[]): string[] {
  const { channels, size, pixels } = images
  const length = channels * size * size
  return groups.map(({ members }) => {
    const sums = new Float64Array(length)
    for (const member of members) for (let j = 0; j < length; j++) sums[j] += pixels[member * length + j]
    const mean = Float32Array.from(sums, sum => sum / members.length / 127.5 - 1)
    return dataUris({ data: mean, count: 1, channels, size })[0]
  })
}

/**
 * What the network draws at nodes, so many pixels as the layer has. A conditional network is told what the node's first
 * image tells it.
 */
async function drawnAt(
  model: DdnModel,
  images: Images,
  codes: Int32Array,
  groups: readonly Group[],
  depth: number,
): Promise<string[]> {
  const L = model.layers.length
  const firsts = groups.map(({ members }) => members[0])
  const paths = Int32Array.from(
    { length: firsts.length * L },
    (_, i) => codes[firsts[Math.floor(i / L)] * L + (i % L)],
  )
  const levels = await model.levels(paths, toldOf(model, images, firsts))
  const { size } = model.layers[depth - 1]
  return dataUris({ data: levels[depth - 1], count: firsts.length, channels: model.config.channels, size })
}

/** Some of a node's images, evenly spaced in the order of their further choices. */
function membersOf(
  images: Images,
  members: Int32Array,
  most: number,
  classes: readonly string[] | undefined,
  indices: Int32Array,
) {
  const { channels, size, labels } = images
  const some = Array.from(spread(members.length, most), i => members[i])
  return dataUris({ data: toFloat(images, some), count: some.length, channels, size }).map((source, i) => {
    const label = labels?.[some[i]] ?? -1
    return { source, label: `image ${indices[some[i]]}${label >= 0 ? `, ${nameOf(label, classes)}` : ''}` }
  })
}

/** What a reader must know to read the page aright. */
function notesOf(model: DdnModel, images: number, labelled: number, nodes: number): string[] {
  const { condition } = model.config
  const notes: string[] = []
  if (condition?.kind === 'class')
    notes.push(
      'The network is told the class of every image, and the same choice means another thing in each: its nodes are clusters within classes, not of all images. A node is drawn as told of its first image.',
    )
  else if (condition)
    notes.push(`The network is told ${toldIn[condition.kind]}. A node is drawn as told of its first image.`)
  if (labelled > 0 && labelled < images)
    notes.push(
      `${whole(images - labelled)} of ${whole(images)} images have no label; the scores leave them out.`,
    )
  if (labelled > 0 && images < FEW * nodes)
    notes.push(
      `A node has ${precise(images / nodes, 2)} images on average. Of clusters so small purity says little: where every image is one, it is 1.`,
    )
  return notes
}

/** Images of a node on average below which its purity is mostly luck. */
const FEW = 5

const toldIn = {
  grey: 'the greys of every image',
  edges: 'the edges of every image',
  'low-res': 'every image at a low resolution',
}
