/** From a run to what its report shows: samples drawn, test images rebuilt, the log read. */

import { basename, relative } from 'node:path'
import { type Images, spread, toFloat } from '../data/dataset.ts'
import { loadDataset } from '../data/load.ts'
import { random } from '../data/rng.ts'
import type { DdnModel } from '../ddn/model.ts'
import type { FolderRun } from '../train/run.ts'
import { VERSION } from '../version.ts'
import type { LayerSummary, ReportContents, Thumbnail } from './contents.ts'
import { bits as bitsText } from './format.ts'
import { history } from './history.ts'
import { dataUris, enlarge, meanSquaredError, type Stack } from './pictures.ts'

export interface GatherOptions {
  /** Test images of the run's data, where they are at hand; else they are loaded. */
  test?: Images
  /** Of the samples; default 0. */
  seed?: number
}

/** What is shown, and the images behind it for the sheets. */
export interface Gathered {
  contents: ReportContents
  samples: { images: Stack; codes: Int32Array }
  /** The originals, then what every shown layer made of them, all at full size. */
  reconstructions?: { stacks: Stack[]; codes: Int32Array; indices: Int32Array }
}

export async function gather(run: FolderRun, options: GatherOptions = {}): Promise<Gathered> {
  const { config, model, step, images, seconds, progress } = run
  const { evaluation, ...curves } = history(run.log, step)
  const seed = options.seed ?? 0
  const samples = await drawSamples(model, seed)
  const { test, notes } = await testImages(run, options.test)
  const rebuilt = test && (await rebuild(model, test))
  const contents: ReportContents = {
    name: basename(run.dir),
    path: relative(process.cwd(), run.dir) || '.',
    data: config.data,
    size: config.network.size,
    channels: config.network.channels,
    layers: model.layers.map(({ index, size, K, width }): LayerSummary => {
      const usage = evaluation?.usage[index]
      const loss = evaluation?.losses[index]
      return { number: index + 1, size, K, width, loss, entropy: usage?.entropy, dead: usage?.dead }
    }),
    bits: model.bits,
    parameters: model.layout.size,
    seed: config.seed,
    training: { ...curves, steps: step, images, seconds, progress, testCount: evaluation?.count },
    samples: {
      seed,
      images: dataUris(samples.images).map((source, i) => ({ source, label: `sample ${i + 1}` })),
    },
    reconstructions: rebuilt && {
      depths: rebuilt.depths.map(layer => ({
        layer: layer + 1,
        size: model.layers[layer].size,
        bits: bitsUpTo(model, layer),
      })),
      rows: rebuilt.rows,
      errors: rebuilt.errors.map((mse, layer) => ({ bits: bitsUpTo(model, layer), mse })),
      count: rebuilt.count,
    },
    variations: await vary(
      model,
      rebuilt ? rebuilt.codes.slice(0, model.layers.length) : samples.codes,
      seed,
    ),
    longer:
      'steps' in config.budget
        ? `--steps ${2 * config.budget.steps}`
        : `--minutes ${2 * config.budget.minutes}`,
    config,
    versions: { Coppice: VERSION, Engine: run.made.engine, Node: process.versions.node, ...trainedBy(run) },
    written: new Date(),
    notes,
  }
  return { contents, samples, reconstructions: rebuilt }
}

async function drawSamples(model: DdnModel, seed: number) {
  // Whole rows of four, six and eight; fewer where images are large, for a page has to carry them.
  const { size } = model.config
  const codes = model.draw({ count: size <= 32 ? 64 : size <= 64 ? 48 : 24, seed })
  const levels = await levelsOf(model, codes)
  return { codes, images: levels[levels.length - 1] }
}

/** The levels' images with their shapes. */
async function levelsOf(model: DdnModel, codes: Int32Array): Promise<Stack[]> {
  const { channels } = model.config
  const count = codes.length / model.layers.length
  const levels = await model.levels(codes)
  return levels.map((data, layer) => ({ data, count, channels, size: model.layers[layer].size }))
}

/** A report does without the data rather than fail: they may have been moved since. */
async function testImages(
  run: FolderRun,
  given: Images | undefined,
): Promise<{ test?: Images; notes: string[] }> {
  const { size, channels } = run.config.network
  try {
    const test = given ?? (await loadDataset(run.config.data, { size, channels })).test
    if (test.count === 0) return { notes: ['There are no test images, so none is rebuilt here.'] }
    return { test, notes: [] }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { notes: [`No test images are rebuilt here, for the data could not be read: ${reason}`] }
  }
}

/** Ten test images at up to ten depths, and the error after every layer over more of them. */
async function rebuild(model: DdnModel, test: Images) {
  const { size, channels } = model.config
  const indices = chooseShown(test, 10)
  const originals = { data: toFloat(test, indices), count: indices.length, channels, size }
  const codes = await model.encode(originals.data)
  const levels = await levelsOf(model, codes)
  const depths = chooseDepths(model.layers.length, 10)
  const labels = Array.from(indices, index => nameOf(test, index))
  const columns = depths.map(layer => {
    const spent = bitsText(bitsUpTo(model, layer))
    return dataUris(levels[layer]).map(
      (source, i): Thumbnail => ({ source, label: `${labels[i]} from ${spent} bits` }),
    )
  })
  const rows = dataUris(originals).map((source, i) => ({
    original: { source, label: labels[i] },
    levels: columns.map(column => column[i]),
  }))
  const stacks = [originals, ...depths.map(layer => enlarge(levels[layer], size))]
  return { indices, codes, depths, rows, stacks, ...(await errorsByLayer(model, test)) }
}

async function errorsByLayer(model: DdnModel, test: Images): Promise<{ errors: number[]; count: number }> {
  const { size, channels } = model.config
  const errors = model.layers.map(() => 0)
  const indices = spread(test.count, size <= 64 ? 256 : 64)
  // Some at a time: all the layers' images of all of them together could fill the memory.
  const part = 32
  for (let from = 0; from < indices.length; from += part) {
    const some = indices.subarray(from, from + part)
    const targets = { data: toFloat(test, some), count: some.length, channels, size }
    const levels = await levelsOf(model, await model.encode(targets.data))
    levels.forEach((level, layer) => {
      errors[layer] += (meanSquaredError(enlarge(level, size), targets) * some.length) / indices.length
    })
  }
  return { errors, count: indices.length }
}

/** Ever more of one image's first codes kept, seven variations of each. The early ones decide most. */
async function vary(model: DdnModel, codes: Int32Array, seed: number): Promise<ReportContents['variations']> {
  const L = model.layers.length
  const wishes = [0.07, 0.2, 0.4, 0.7].map(share => Math.max(1, Math.round(share * L)))
  const prefixes = [...new Set(wishes)].filter(kept => kept < L)
  if (prefixes.length === 0) return undefined
  const each = 7
  const rng = random(seed, 'variations')
  const all = new Int32Array((1 + prefixes.length * each) * L)
  for (let i = 0; i < all.length; i++) {
    const image = Math.floor(i / L)
    const layer = i % L
    const kept = image === 0 ? L : prefixes[Math.floor((image - 1) / each)]
    all[i] = layer < kept ? codes[layer] : rng.int(model.layers[layer].K)
  }
  const levels = await levelsOf(model, all)
  const sources = dataUris(levels[L - 1])
  return {
    rows: prefixes.map((layers, row) => ({
      layers,
      bits: bitsUpTo(model, layers - 1),
      kept: {
        source: dataUris(first(levels[layers - 1]))[0],
        label: `what the first ${layers} choices draw`,
      },
      images: Array.from({ length: each }, (_, i) => ({
        source: sources[1 + row * each + i],
        label: `variation ${i + 1} with the first ${layers} choices kept`,
      })),
    })),
  }
}

/** The first image of a stack, alone. */
function first({ data, count, channels, size }: Stack): Stack {
  return { data: data.subarray(0, data.length / count), count: 1, channels, size }
}

/** Layers to show, always the first and the last, closer to each other where images change fastest: early. */
export function chooseDepths(layers: number, most: number): number[] {
  const count = Math.min(layers, most)
  const depths: number[] = []
  for (let i = 0; i < count; i++) {
    const wish = count > 1 ? Math.round((i / (count - 1)) ** 1.35 * (layers - 1)) : 0
    depths.push(Math.max(wish, (depths.at(-1) ?? -1) + 1))
  }
  return depths
}

/** Test images to show: one of every class where that fits, else spread evenly. */
export function chooseShown(test: Images, most: number): Int32Array {
  const classes = [...new Set(test.labels)].filter(label => label >= 0).sort((a, b) => a - b)
  if (classes.length < most / 2 || classes.length > most) return spread(test.count, most)
  return Int32Array.from(classes, label => test.labels!.indexOf(label))
}

function nameOf(test: Images, index: number): string {
  const label = test.labels?.[index] ?? -1
  return `test image ${index + 1}${label >= 0 ? ` (class ${label})` : ''}`
}

/** Bits of the choices up to a layer, itself included. */
function bitsUpTo(model: DdnModel, layer: number): number {
  return model.layers.slice(0, layer + 1).reduce((sum, { K }) => sum + Math.log2(K), 0)
}

/** Where the last session ran, if the log tells. */
function trainedBy({ log }: FolderRun): Record<string, string> {
  const start = log.findLast(entry => entry.type === 'start')
  if (!start) return {}
  return { Device: `${start.device}, ${start.threads} ${start.threads === 1 ? 'thread' : 'threads'}` }
}
