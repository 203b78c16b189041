/** What a DDN's report shows: samples drawn, test images rebuilt, choices varied, nodes counted. */

import { type Images, spread, toFloat } from '../data/dataset.ts'
import { classCount } from '../ddn/condition.ts'
import type { Conditional, DdnModel } from '../ddn/model.ts'
import { toldOf } from '../eval/told.ts'
import type { FolderRun } from '../train/run.ts'
import type { DdnContents, LayerSummary, Thumbnail } from './contents.ts'
import { bits as bitsText, shellWord } from './format.ts'
import { type Material, type Own, pathOf, recipeOf } from './material.ts'
import { dataUris, enlarge, interleave, meanSquaredError, type Stack, sheet } from './pictures.ts'
import { encodePng } from './png.ts'
import { interpolated, varied } from './variations.ts'

export async function gatherDdn(run: FolderRun<'ddn'>, { test, seed, history }: Material): Promise<Own> {
  const { model } = run
  const { evaluation } = history
  const samples = await drawSamples(model, seed, test)
  const rebuilt = test && (await rebuild(model, test))
  const contents: DdnContents = {
    model: 'ddn',
    layers: model.layers.map(({ index, size, K, width }): LayerSummary => {
      const usage = evaluation?.usage?.[index]
      const loss = evaluation?.losses?.[index]
      return { number: index + 1, size, K, width, loss, entropy: usage?.entropy, dead: usage?.dead }
    }),
    bits: model.bits,
    splits: history.copies,
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
    variations: await varied(
      model,
      (rebuilt ?? samples).codes.subarray(0, model.layers.length),
      seed,
      told(model, test, rebuilt ? rebuilt.indices.slice(0, 1) : [0]),
    ),
    interpolations: rebuilt && (await interpolated(model, rebuilt.codes, rebuilt.labels)),
  }
  const sheets = {
    'samples.png': encodePng(sheet(samples.images), {
      ...recipeOf(run),
      seed: String(seed),
      count: String(samples.images.count),
      codes: JSON.stringify(perImage(samples.codes, model.layers.length)),
      command: `coppice sample ${shellWord(pathOf(run))} --count ${samples.images.count} --seed ${seed}`,
    }),
    ...(rebuilt && {
      'reconstructions.png': encodePng(
        sheet(interleave(rebuilt.stacks), { columns: rebuilt.stacks.length }),
        {
          ...recipeOf(run),
          data: run.config.data,
          split: 'test',
          images: JSON.stringify(Array.from(rebuilt.indices)),
          layers: JSON.stringify(rebuilt.depths.map(layer => layer + 1)),
          codes: JSON.stringify(perImage(rebuilt.codes, model.layers.length)),
        },
      ),
    }),
  }
  return { contents, sheets }
}

/**
 * What a conditional network is told of some images: their labels, or the images to take it from. Without test images
 * it is told the classes in turn, or of an image that is empty.
 */
function told(model: DdnModel, test: Images | undefined, indices: ArrayLike<number>): Conditional {
  if (test) return toldOf(model, test, indices)
  const { condition } = model.config
  if (!condition) return {}
  if (condition.kind !== 'class')
    return { condition: { images: new Float32Array(indices.length * model.imageLength) } }
  return { condition: { labels: Array.from(indices, index => index % classCount(condition)) } }
}

async function drawSamples(model: DdnModel, seed: number, test: Images | undefined) {
  // Whole rows of four, six and eight; fewer where images are large, for a page has to carry them.
  const { size } = model.config
  const count = size <= 32 ? 64 : size <= 64 ? 48 : 24
  const codes = model.draw({ count, seed })
  const indices = Array.from({ length: count }, (_, i) => (test ? i % test.count : i))
  const levels = await levelsOf(model, codes, told(model, test, indices))
  return { codes, images: levels[levels.length - 1] }
}

/** The levels' images with their shapes. */
async function levelsOf(model: DdnModel, codes: Int32Array, condition: Conditional): Promise<Stack[]> {
  const { channels } = model.config
  const count = codes.length / model.layers.length
  const levels = await model.levels(codes, condition)
  return levels.map((data, layer) => ({ data, count, channels, size: model.layers[layer].size }))
}

/** Ten test images at up to ten depths, and the error after every layer over more of them. */
async function rebuild(model: DdnModel, test: Images) {
  const { size, channels } = model.config
  const indices = chooseShown(test, 10)
  const originals = { data: toFloat(test, indices), count: indices.length, channels, size }
  const condition = told(model, test, indices)
  const codes = await model.encode(originals.data, condition)
  const levels = await levelsOf(model, codes, condition)
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
  return { indices, codes, labels, depths, rows, stacks, ...(await errorsByLayer(model, test)) }
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
    const condition = told(model, test, some)
    const levels = await levelsOf(model, await model.encode(targets.data, condition), condition)
    levels.forEach((level, layer) => {
      errors[layer] += (meanSquaredError(enlarge(level, size), targets) * some.length) / indices.length
    })
  }
  return { errors, count: indices.length }
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

/** [N·L] → N lists of L. */
function perImage(codes: Int32Array, layers: number): number[][] {
  return Array.from({ length: codes.length / layers }, (_, n) =>
    Array.from(codes.subarray(n * layers, (n + 1) * layers)),
  )
}
