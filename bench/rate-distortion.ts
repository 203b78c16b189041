// What so many bits keep of an image: the codec, greedy and by beam search, with and without a prior, cut after every
// layer; residual vector quantisation with the same stages; JPEG, WebP and AVIF. Held-out images.
//   npx tsx bench/rate-distortion.ts [RUN] [images] [PICTURE.png] [beam,beam…]

import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import sharp from 'sharp'
import { encodeImages } from '../src/codec/index.ts'
import { bitsOfPaths } from '../src/codes/prior.ts'
import { subset, toFloat } from '../src/data/dataset.ts'
import { loadDataset } from '../src/data/load.ts'
import { permutation, random } from '../src/data/rng.ts'
import {
  mseAt,
  type PictureCurves,
  pictureCurves,
  pictureFormats,
  type RatePoint,
} from '../src/eval/picture-codecs.ts'
import { psnr } from '../src/eval/reconstruction.ts'
import { fitRvq } from '../src/eval/rvq.ts'
import { resizePlanes } from '../src/guides/resample.ts'
import { type PriorName, priorOf } from '../src/train/priors.ts'
import { openRun } from '../src/train/run.ts'

const [name = 'digits', most = '1000', picture, widths = '1,4,16'] = process.argv.slice(2)
const run = await openRun(name)
const { size, channels } = run.config.network
const { layers } = run.model
const L = layers.length
const length = run.model.imageLength
const data = await loadDataset(run.config.data, { size, channels })
const count = Math.min(Number(most), data.test.count)
const first = Int32Array.from({ length: count }, (_, i) => i)
const images = toFloat(data.test, first)
const curves: { series: string; points: RatePoint[] }[] = []
const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length
const errorOf = (rebuilt: Float32Array) =>
  images.reduce((sum, x, i) => sum + (x - rebuilt[i]) ** 2, 0) / images.length

/** Bits of the first m codes, the mean over images, for every m. */
const cumulated = (bits: readonly number[]) =>
  bits.map((_, m) => bits.slice(0, m + 1).reduce((a, b) => a + b, 0))
const raw = cumulated(layers.map(({ K }) => Math.log2(K)))
const priors: PriorName[] = ['markov', 'transformer']

console.log(`${name}: the first ${count} test images of ${data.name}`)
console.log('\nBeam search: bits are those of the file without header')
console.log(`beam   seconds      mse     psnr   raw bits  ${priors.map(p => `${p} bits`).join('  ')}`)
for (const beam of widths.split(',').map(Number)) {
  const pictures = Array.from(first, i => ({
    width: size,
    height: size,
    data: images.subarray(i * length, (i + 1) * length),
  }))
  const started = performance.now()
  const encoded = await encodeImages(run.model, pictures, { beam })
  const seconds = (performance.now() - started) / 1000
  const codes = new Int32Array(count * L)
  encoded.codes.forEach((row, i) => {
    codes.set(row, i * L)
  })
  // The picture after every layer, at full size.
  const levels = await run.model.levels(codes)
  const losses = levels.map((level, l) => {
    const side = layers[l].size
    const each = channels * side * side
    const full = new Float32Array(images.length)
    for (let i = 0; i < count; i++)
      full.set(resizePlanes(level.subarray(i * each, (i + 1) * each), [side, side], [size, size]), i * length)
    return errorOf(full)
  })
  const points = (bits: readonly number[]) =>
    bits.map((value, m) => ({ bits: value, mse: losses[m], setting: `${m + 1} layers` }))
  const title = beam === 1 ? 'DDN, greedy' : `DDN, beam ${beam}`
  curves.push({ series: title, points: points(raw) })
  const sums: string[] = []
  for (const prior of priors) {
    const { layers: bits } = bitsOfPaths((await priorOf(run, prior)).prior, codes)
    const mine = cumulated(Array.from(bits, sum => sum / count))
    curves.push({ series: `${title}, ${prior}`, points: points(mine) })
    // What the coder writes, against the ideal.
    const written =
      beam === 1
        ? ` (written ${mean((await encodeImages(run.model, pictures, { prior: await priorOf(run, prior) })).bits).toFixed(1)})`
        : ''
    sums.push(`${mine[L - 1].toFixed(1)}${written}`)
  }
  const last = mean(encoded.mse)
  console.log(
    `${String(beam).padStart(4)}  ${seconds.toFixed(1).padStart(8)}  ${last.toFixed(5)}  ${psnr(last).toFixed(2)} dB  ${mean(encoded.bits).toFixed(1).padStart(8)}  ${sums.join('  ')}`,
  )
}

const fitted = permutation(data.train.count, random(0, 'rvq')).subarray(0, 20000)
const rvq = await fitRvq(toFloat(data.train, fitted), { dimension: length, L, K: layers[0].K })
const rvqCodes = await rvq.encode(images)
curves.push({
  series: 'residual VQ',
  points: raw.map((bits, m) => ({
    bits,
    mse: errorOf(rvq.decode(rvqCodes, m + 1)),
    setting: `${m + 1} stages`,
  })),
})
await rvq.close()

const ways: Record<keyof PictureCurves, string> = {
  files: 'a file each',
  payloads: 'a file each, less that of one colour',
  sheet: 'all on one sheet',
}
for (const format of pictureFormats) {
  const sides = await pictureCurves(subset(data.test, first), format, { each: 20, sheet: 400 })
  for (const [way, title] of Object.entries(ways))
    curves.push({ series: `${format}, ${title}`, points: sides[way as keyof PictureCurves] })
}

// The last one is beyond this network: what others reach there stands beside what it has at its end.
const stops = [...[1, 2, 3, 5, 7, 10, L].filter(m => m <= L).map(m => raw[m - 1]), 256]
console.log('\nMSE at so many bits per image (–: no setting takes so few); lines between settings in log MSE')
const wide = Math.max(...curves.map(({ series }) => series.length))
console.log(`${''.padEnd(wide)}  ${stops.map(bits => bits.toFixed(0).padStart(7)).join(' ')}   from`)
for (const { series, points } of curves) {
  const cells = stops.map(bits => mseAt(points, bits)?.toFixed(4) ?? '–')
  console.log(
    `${series.padEnd(wide)}  ${cells.map(cell => cell.padStart(7)).join(' ')}   ${Math.min(...points.map(p => p.bits)).toFixed(0)} bits`,
  )
}

if (picture) {
  // Of the codec the plainest way and the best one, or the names of nine lines would cover each other.
  const widest = widths.split(',').at(-1)
  const drawn = ['DDN, greedy', `DDN, beam ${widest}, transformer`, 'residual VQ']
  const shown = curves.flatMap(({ series, points }) => {
    const peer = / (less|sheet)/.test(series)
    if (!peer && !drawn.includes(series)) return []
    const best = [...points]
      .sort((a, b) => a.bits - b.bits)
      .filter((p, i, all) => all.slice(0, i).every(q => q.mse > p.mse))
    return best.filter(p => p.bits <= 256).map(p => ({ ...p, series, peer }))
  })
  const { document } = parseHTML('<!doctype html><body></body>')
  const chart = Plot.plot({
    document: document as unknown as Document,
    width: 960,
    height: 620,
    marginRight: 230,
    style: { background: 'white', fontSize: '13px' },
    x: { label: 'bits per image →', domain: [0, 256] },
    y: { label: '↑ PSNR, dB', grid: true },
    marks: [
      ...[true, false].map(peer =>
        Plot.lineY(
          shown.filter(p => p.peer === peer),
          {
            x: 'bits',
            y: (p: RatePoint) => psnr(p.mse),
            stroke: 'series',
            strokeDasharray: peer ? '4 3' : undefined,
          },
        ),
      ),
      Plot.text(
        shown,
        Plot.selectLast({
          x: 'bits',
          y: (p: RatePoint) => psnr(p.mse),
          z: 'series',
          text: 'series',
          textAnchor: 'start',
          dx: 6,
        }),
      ),
    ],
    color: { scheme: 'Observable10' },
  })
  const svg = chart.localName === 'svg' ? chart : chart.querySelector('svg')!
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  await sharp(Buffer.from(svg.outerHTML)).flatten({ background: 'white' }).png().toFile(picture)
  console.log(`\n${picture}`)
}
await run.close()
